"""The board from small results: what it says, that it is safe, and that it is the same twice.

A browser looks at it in e2e/.
"""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from proctor.leaderboard.board import escape, site
from proctor.leaderboard.compare import formatting
from tests.support.board_pages import HOSTILE, Links, data_of, files_of, text_of
from tests.support.board_results import (
    EXAMS,
    change,
    rows_of,
    write,
)


def test_statuses_are_never_hidden(board: Path) -> None:
    index = text_of(board, "index.html")
    assert "1 unparsed" in index
    assert "1 truncated" in index
    assert "1 error" in index
    assert "not run" in index  # tiny-q4 has not sat two of the exams
    assert "11 of 12 items scored" in index


def test_a_truncated_answer_without_a_number_is_listed_as_unparsed_and_as_truncated(tmp_path: Path) -> None:
    rows = rows_of("cut", "word_problems")
    rows[0] = replace(rows[0], status="unparsed", answer="", truncated=True)
    rows[1] = replace(rows[1], truncated=True)
    write(tmp_path / "results", rows)
    board = site.build(tmp_path / "results", tmp_path / "board").parent
    assert "1 unparsed , 2 truncated" in text_of(board, "index.html")
    assert "12 responses: 11 ok, 1 unparsed, 0 error; 2 of all were truncated" in text_of(board, "index.html")
    assert "any ok (11) unparsed (1) truncated (2)" in text_of(board, "samples/cut/word_problems.html")
    light = (board / "data/cut/word_problems/rows.js").read_text()
    assert '"status":["unparsed, truncated","ok, truncated","ok",' in light


def test_every_answer_can_be_read_with_all_that_made_its_mark(board: Path) -> None:
    rows = data_of(board, "tiny-lora/word_problems")
    assert [row["sample_id"] for row in rows] == [f"item-{i:03}" for i in range(12)]
    assert rows[0]["mark"] == "no score"
    assert rows[0]["status"] == "error"
    assert rows[2]["mark"] == "wrong"
    assert rows[4]["mark"] == "right"
    assert rows[4]["response"] == "Answer of tiny-lora to 4"
    assert data_of(board, "tiny/study_plan")[0]["mark"] == "4.25 of 5"


def test_a_difference_is_called_what_the_test_says(board: Path) -> None:
    index = text_of(board, "index.html")
    assert re.search(r"better|worse|not shown", index)
    assert "to tiny-lora" in index
    assert "baseline" in index


def test_the_lineage_says_what_each_step_was(board: Path) -> None:
    lineage = text_of(board, "lineage.html")
    assert "trained with all-exams" in lineage
    assert "quantised to q4_k_m" in lineage


def test_the_lineage_hides_no_status(board: Path) -> None:
    assert "1 unparsed" in text_of(board, "lineage.html")


def test_a_variant_says_how_it_was_made_and_how_to_make_it_again(board: Path) -> None:
    page = text_of(board, "variants/tiny-q4.html")
    assert "--only tiny-q4" in page
    assert "quantization: q4_k_m" in page
    assert "f" * 64 in page
    assert "torch 2.13.0" in page


def test_a_variant_says_what_its_base_brings_along_and_that_its_sampling_is_not_taken(tmp_path: Path) -> None:
    write(tmp_path / "results", rows_of("odd", "word_problems"))
    sampling = {"temperature": 0.6, "top_p": 0.9}
    base = {
        "ends": ["<|im_end|>"],
        "sampling": sampling,
        "template": "{% for <b>",
        "template_digest": "ab" * 32,
    }
    change(tmp_path / "results", "odd", "word_problems", base_settings=base)
    folder = site.build(tmp_path / "results", tmp_path / "out").parent
    page = " ".join(text_of(folder, "variants/odd.html").split())
    assert "A turn ends with &lt;|im_end|&gt;" in page
    assert "temperature 0.6, top_p 0.9; Proctor takes what the variant's file says" in page
    assert "abababababababab , begins {% for &lt;b&gt;" in page
    change(tmp_path / "results", "odd", "word_problems", base_settings={"ends": [], "sampling": {}})
    site.build(tmp_path / "results", tmp_path / "out")
    page = " ".join(text_of(folder, "variants/odd.html").split())
    assert "A turn ends with it does not say" in page
    assert "Sampling it advises none; Proctor" in page
    assert "Chat template none" in page


def test_a_checklist_is_not_called_a_judge(board: Path) -> None:
    assert "Scored by a checklist of rules" in text_of(board, "tasks/study_plan.html")


def test_the_dimensions_of_a_judge_stand_beside_its_mean(tmp_path: Path) -> None:
    marks = {"fluency": 4.875, "personalisation": 1.0, "checks_passed": 0.5}
    rows = [replace(row, judge="checklist", metrics=marks) for row in rows_of("tiny", "study_plan")]
    write(tmp_path / "results", rows)
    write(tmp_path / "results", rows_of("tiny", "concepts"))
    board = site.build(tmp_path / "results", tmp_path / "out").parent
    ranking = (
        (board / "tasks" / "study_plan.html").read_text().split('id="task-table"')[1].split("</table>")[0]
    )
    titles = re.findall(r"<th scope=\"col\"[^>]*>([^<]*)", ranking)
    assert titles[-2:] == ["Fluency", "Personalisation"]
    assert re.findall(r'<td class="num right" data-label="[^"]*" data-sort="([^"]*)"', ranking) == [
        "4.875",
        "1.0",
    ]
    other = (board / "tasks" / "concepts.html").read_text().split('id="task-table"')[1].split("</table>")[0]
    assert re.findall(r"<th scope=\"col\"[^>]*>([^<]*)", other)[-1] == "Difference"


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:12]))
def test_hostile_text_stays_text_everywhere(text: str, tmp_path: Path, board: Path) -> None:
    rows = rows_of("odd", "word_problems")
    rows[0] = replace(
        rows[0],
        prompt=text,
        response=text,
        answer=text,
        target=text,
        explanation=text,
        cluster=text,
        metrics={text: 1.0},
    )
    write(
        tmp_path / "results",
        rows,
        about=text,
        engine=text,
        prompt=text,
        quantization=text,
        recipe=text,
        base=text,
    )
    odd = site.build(tmp_path / "results", tmp_path / "out").parent
    (row,) = [row for row in data_of(odd, "odd/word_problems") if row["sample_id"] == "item-000"]
    assert row["response"] == escape.visible(text)
    for name in (
        "index.html",
        "variants/odd.html",
        "tasks/word_problems.html",
        "samples/odd/word_problems.html",
    ):
        page = (odd / name).read_text(encoding="utf-8")
        assert not escape.UNSEEN.search(page.replace("\n", "")), name
        reader, usual = Links(), Links()
        reader.feed(page)
        usual.feed((board / name.replace("odd", "tiny")).read_text(encoding="utf-8"))
        assert set(reader.tags) <= {*usual.tags, "p", "span"}, name
        assert reader.tags.count("script") == usual.tags.count("script"), name
    for name, content in files_of(odd / "data").items():
        assert content.isascii(), name
        assert b"<" not in content, name


def test_one_variant_on_one_task_makes_sense(tmp_path: Path) -> None:
    write(tmp_path / "results", rows_of("alone", "word_problems"))
    board = site.build(tmp_path / "results", tmp_path / "out").parent
    index = text_of(board, "index.html")
    assert "The only variant with a score" in index
    assert "no parent and no baseline" in index
    assert not (board / "flips.html").exists()
    assert "flips.html" not in (board / "index.html").read_text(encoding="utf-8")


def test_where_the_best_have_the_same_score_the_first_of_them_is_not_the_one_to_publish(
    tmp_path: Path,
) -> None:
    for name in ("ann", "bob", "cleo"):
        write(tmp_path / "r", rows_of(name, "study_plan", 40))
    write(tmp_path / "r", rows_of("dora", "study_plan", 40, 0))
    page = text_of(site.build(tmp_path / "r", tmp_path / "board").parent, "index.html")
    told = page[page.index("Which one to publish") : page.index("What this was made from")]
    assert (
        "To publish: nothing separates the first from bob and cleo , whose scores are exactly the same"
        in told
    )
    assert "To publish: the first" not in told


@pytest.mark.parametrize("items", [8, 400])
def test_the_first_is_the_one_to_publish_only_where_a_test_shows_it(tmp_path: Path, items: int) -> None:
    for name, ability in (("ann", 3), ("bob", 2)):
        write(tmp_path / "r", rows_of(name, "study_plan", items, ability))
    page = text_of(site.build(tmp_path / "r", tmp_path / "board").parent, "index.html")
    assert "nothing separates" not in page
    assert ("Shown to be better than the other. To publish: the first." in page) == (items == 400)
    no_test = "To publish: no test decides between the first and this one; choose by size, speed or another"
    assert (no_test in page) == (items == 8)
    assert page.count("To publish:") == 1


def test_the_first_or_one_that_may_stand_in_for_it_is_to_be_published(tmp_path: Path) -> None:
    for name, ability in (("ann", 3), ("bob", 3), ("dora", 0)):
        rows = rows_of(name, "word_problems", 400, ability)
        if name == "bob":
            rows[:3] = [replace(row, score=0.0) for row in rows[:3]]
        write(tmp_path / "r", rows)
    page = text_of(site.build(tmp_path / "r", tmp_path / "board").parent, "index.html")
    assert "To publish: the first, or one that may stand in for it where size or speed counts." in page


def test_a_task_without_any_score_says_so(tmp_path: Path) -> None:
    failed = [
        replace(row, status="error", score=None, metrics={}) for row in rows_of("broken", "word_problems")
    ]
    write(tmp_path / "results", failed)
    board = site.build(tmp_path / "results", tmp_path / "out", "broken").parent
    assert "No variant has enough scored responses" in text_of(board, "index.html")
    assert "12 errors" in text_of(board, "index.html")
    assert "No figure for the task: no score" in text_of(board, "samples/broken/word_problems.html")


@pytest.mark.parametrize("task", ["word_problems", "concepts", "study_plan"])
@pytest.mark.parametrize("n", [1, 2])
def test_too_few_items_for_an_interval_still_make_a_board(task: str, n: int, tmp_path: Path) -> None:
    for name, parent in (("a", None), ("b", "a")):
        write(tmp_path / "results", rows_of(name, task, n), parent=parent)
    index = text_of(site.build(tmp_path / "results", tmp_path / "out", "a").parent, "index.html")
    assert "allows no interval" in index or (task, n) == ("word_problems", 1)


@pytest.mark.parametrize("value", [-0.0004, -0.0, 0.0, 0.0004])
def test_what_is_rounded_to_nothing_has_no_sign(value: float) -> None:
    share, mark = EXAMS["word_problems"], EXAMS["study_plan"]
    assert formatting.score(value, share, signed=True) == "0.0"
    assert formatting.score(value, mark, signed=True) == "0.00"
    assert formatting.score(-0.0006, share, signed=True) == "−0.1"
    assert formatting.plain(-0.0) == "0"


def test_figures_of_a_column_have_their_points_in_one_line() -> None:
    assert formatting.aligned(["619", "80.9", "", "3.28"]) == [
        "619\u2008\u2007\u2007",
        "80.9\u2007",
        "",
        "3.28",
    ]
    assert formatting.aligned(["619", "80"]) == ["619", "80"]


def test_a_parent_without_results_is_named(tmp_path: Path) -> None:
    write(tmp_path / "results", rows_of("child", "word_problems"), parent="gone")
    write(tmp_path / "results", rows_of("other", "word_problems"))
    board = site.build(tmp_path / "results", tmp_path / "out").parent
    assert "gone has no results here" in text_of(board, "index.html")
    assert "its parent gone has no results here" in text_of(board, "lineage.html")


def test_a_cycle_of_parents_does_not_hang_the_board(tmp_path: Path) -> None:
    write(tmp_path / "results", rows_of("a", "word_problems"), parent="b")
    write(tmp_path / "results", rows_of("b", "word_problems"), parent="a")
    board = site.build(tmp_path / "results", tmp_path / "out").parent
    assert text_of(board, "lineage.html").count("word") > 0


@pytest.mark.parametrize("base", ["finetune/tiny", "finetune/tiny/"])
def test_the_embedded_model_is_announced_as_small(tmp_path: Path, base: str) -> None:
    write(tmp_path / "results", rows_of("tiny", "word_problems"), base=base)
    board = site.build(tmp_path / "results", tmp_path / "out").parent
    assert "Small-model numbers" in text_of(board, "index.html")


def test_text_keeps_its_letters_and_shows_its_controls() -> None:
    assert escape.visible("שלום, ½ naïve 🙂\n\ttab") == "שלום, ½ naïve 🙂\n\ttab"
    assert escape.visible("a\u202eb\x00c\ud800") == "a⟨U+202E⟩b⟨U+0000⟩c⟨U+D800⟩"


def test_cells_made_another_way_are_shown_and_not_compared(tmp_path: Path) -> None:
    results = tmp_path / "results"
    write(results, rows_of("old", "word_problems"))
    write(results, rows_of("new", "word_problems"), parent="old")
    notes = results / "new" / "word_problems" / "run.json"
    run = json.loads(notes.read_text())
    run["definition"]["task_version"] = "2"
    notes.write_text(json.dumps(run | {"check": None}))
    board = site.build(results, tmp_path / "out", "old").parent
    assert "cannot be compared with old" in text_of(board, "index.html")
    assert "they differ in the task's version" in text_of(board, "tasks/word_problems.html").replace(
        "&#39;", "'"
    )


def test_a_variant_without_the_first_exam_does_not_lead_the_ranking(tmp_path: Path) -> None:
    results = tmp_path / "results"
    write(results, rows_of("whole", "concepts"))
    write(results, rows_of("whole", "study_plan"))
    write(results, rows_of("half", "study_plan"))
    board = site.build(results, tmp_path / "out").parent
    page = (board / "index.html").read_text()
    names = re.findall(r'<th scope="row"[^>]*data-sort="([^"]*)"', page)
    assert names == ["whole", "half"]


def test_all_ties_make_a_board(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        write(tmp_path / "results", rows_of(name, "word_problems"))
    board = site.build(tmp_path / "results", tmp_path / "out", "a").parent
    index = text_of(board, "index.html")
    assert "tied group a, places 1 to 3" in index
    assert "0.0 not shown" in index
