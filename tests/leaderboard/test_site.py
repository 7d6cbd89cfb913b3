"""The board from small results: what it says, that it is safe, and that it is the same twice.

A browser looks at it in e2e/.
"""

import cProfile
import json
import pstats
import re
import subprocess
import sys
import time
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from proctor.common.refusal import Refusal
from proctor.finetune.build import plan_stages
from proctor.finetune.recipe import Recipe
from proctor.harness import record
from proctor.harness.plan.training import learnt
from proctor.leaderboard import terminal
from proctor.leaderboard.board import RANKING, escape, site
from proctor.leaderboard.cli.board import build as build_command
from proctor.leaderboard.compare import formatting
from proctor.leaderboard.compare.items import load_cells
from proctor.leaderboard.compare.ranking import ranking
from tests.support.board_results import (
    CARD,
    EXAMS,
    change,
    rich_results,
    rows_of,
    small_results,
    wide_results,
    write,
)

HOSTILE = (
    "<script>alert('x')</script>",
    '"><img src=x onerror=alert(1)>',
    "</script><script>alert(2)</script> {{ 7 * 7 }} {% raw %} javascript:alert(3)",
    "turned \u202e round \u2066 and \u2028 split",
    "null \x00 and escape \x1b[31m",
    "x" * 100_000,
    r"\begin{table} | **bold** | $x$ & <!-- ]]>",
    "soft\u00ad hyphens, \u3164 fillers and \U000e0041\U000e0042 tags",
    r"*[1] \input{/etc/passwd} 100% -- --- ;=cmd|' /C calc'!A0 ; @SUM(A1)",
)


def files_of(board: Path) -> dict[str, bytes]:
    return {
        path.relative_to(board).as_posix(): path.read_bytes()
        for path in sorted(board.rglob("*"))
        if path.is_file()
    }


def text_of(board: Path, name: str) -> str:
    """A page's words without its tags."""
    page = (board / name).read_text(encoding="utf-8")
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


def data_of(board: Path, key: str) -> list[dict[str, Any]]:
    """What a browser would get of a cell's answers."""
    parts = sorted((board / "data" / key).glob("[0-9]*.js"), key=lambda path: int(path.stem))
    found = []
    for path in parts:
        text = path.read_text(encoding="ascii")
        assert text.startswith("proctor.part(")
        found += json.loads(text[text.index(",") + 1 : text.rindex(")")])
    return found


class Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.found += [value or "" for name, value in attrs if name in ("href", "src")]


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("board")
    return site.build(small_results(place / "results"), place / "out", "tiny").parent


def test_the_same_results_give_the_same_bytes(board: Path, tmp_path: Path) -> None:
    site.build(small_results(tmp_path / "elsewhere"), tmp_path / "again", "tiny")
    assert files_of(tmp_path / "again") == files_of(board)


def test_every_relative_link_leads_to_a_file(board: Path) -> None:
    pages = sorted(board.rglob("*.html"))
    assert (
        len(pages) == 1 + 7 + 3 + 3 + 3 + 1
    )  # index; cells, tasks, variants; lineage, trade-off, flips; judge
    for page in pages:
        reader = Links()
        reader.feed(page.read_text(encoding="utf-8"))
        for link in reader.found:
            if link == "data:," or link.startswith("#"):
                continue
            assert not link.startswith("/"), f"{page}: {link} works at the root of a host only"
            assert (page.parent / link.split("#")[0]).resolve().is_file(), f"{page}: {link}"


def test_no_file_names_another_host(board: Path) -> None:
    for name, content in files_of(board).items():
        assert not re.search(rb"https?:|//[a-z]|@import|url\(", content), name


def test_nothing_of_this_machine_stands_in_the_board(board: Path) -> None:
    for name, content in files_of(board).items():
        assert str(board).encode() not in content, name
        assert not re.search(rb"object at 0x|<built-in", content), name


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
    assert re.findall(r'<td class="num right" data-sort="([^"]*)"', ranking) == ["4.875", "1.0"]
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
    told = page[page.index("In short") : page.index("What this was made from")]
    assert (
        "To publish: nothing separates the first from bob and cleo , whose scores are exactly the same"
        in told
    )
    assert "To publish: the first" not in told


def test_where_one_score_is_the_best_the_first_is_the_one_to_publish(tmp_path: Path) -> None:
    for name, ability in (("ann", 3), ("bob", 2)):
        write(tmp_path / "r", rows_of(name, "study_plan", 8, ability))
    page = text_of(site.build(tmp_path / "r", tmp_path / "board").parent, "index.html")
    assert "To publish: the first" in page
    assert "nothing separates" not in page


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


def test_no_results_make_a_page_that_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    board = site.build(tmp_path / "results", tmp_path / "out").parent
    assert "There are no results yet" in text_of(board, "index.html")


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no such folder of results"):
        site.build(tmp_path / "nowhere", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_cells_that_lie_deeper_are_pointed_at(tmp_path: Path) -> None:
    write(tmp_path / "results" / "demo", rows_of("alone", "word_problems"))
    with pytest.raises(
        ValueError, match=r"there are some in .*results/demo; name that folder with --results"
    ):
        site.build(tmp_path / "results", tmp_path / "out")


def test_a_baseline_without_results_is_refused_at_the_door(tmp_path: Path) -> None:
    write(tmp_path / "results", rows_of("alone", "word_problems"))
    with pytest.raises(Refusal, match="no results of 'nobody'; there are: alone"):
        build_command(tmp_path / "results", tmp_path / "out", "nobody")
    assert not (tmp_path / "out").exists()


def test_the_ranking_as_text_is_what_the_terminal_tells(board: Path, tmp_path: Path) -> None:
    ranked = ranking(load_cells(small_results(tmp_path / "results")), "tiny")
    assert (board / RANKING).read_text(encoding="utf-8").splitlines() == list(terminal.ranking_lines(ranked))


def test_a_board_that_is_whole_is_known_without_computing(tmp_path: Path) -> None:
    write(tmp_path / "results", rows_of("alone", "word_problems"))
    site.build(tmp_path / "results", tmp_path / "out")
    script = (
        "import sys; from pathlib import Path; from proctor.leaderboard.board import site; "
        f"site.build(Path({str(tmp_path / 'results')!r}), Path({str(tmp_path / 'out')!r})); "
        "print({'numpy', 'pandas', 'scipy', 'pyarrow', 'jinja2', 'altair'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


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


def test_builds_of_one_board_at_the_same_time_all_end_well(tmp_path: Path) -> None:
    small_results(tmp_path / "results")
    script = (
        "import sys; from pathlib import Path; from proctor.leaderboard.board import site; "
        f"site.build(Path({str(tmp_path / 'results')!r}), Path({str(tmp_path / 'out')!r}), sys.argv[1] or None)"
    )
    baselines = ["", "tiny", "tiny-lora", ""]  # one after the other, each finds another board to replace
    running = [
        subprocess.Popen([sys.executable, "-c", script, baseline], stderr=subprocess.PIPE, text=True)
        for baseline in baselines
    ]
    for each in running:
        assert each.communicate(timeout=300)[1] == ""
        assert each.returncode == 0
    last = [
        files_of(site.build(tmp_path / "results", tmp_path / f"of-{at}", baseline or None).parent)
        for at, baseline in enumerate(baselines)
    ]
    assert files_of(tmp_path / "out") in last


def test_a_build_reads_each_cell_once_for_its_checksum(tmp_path: Path) -> None:
    small_results(tmp_path / "results")
    profile = cProfile.Profile()
    profile.runcall(build_command, tmp_path / "results", tmp_path / "out", "tiny")
    calls = {name: timing[0] for (_, _, name), timing in pstats.Stats(profile).stats.items()}
    assert calls["_checksum"] == len(list((tmp_path / "results").glob("*/*/run.json"))) == 7


def test_a_build_that_was_killed_leaves_nothing_in_the_next_one(tmp_path: Path) -> None:
    write(tmp_path / "results", rows_of("alone", "word_problems"))
    (tmp_path / "out" / "tasks").mkdir(parents=True)
    site.build(tmp_path / "results", tmp_path / "out" / "board")
    for name in (".index.html.1.2.part", "tasks/.word_problems.html.1.2.part", ".lock"):
        (tmp_path / "out" / "board" / name).write_text("half")
    before = files_of(site.build(tmp_path / "results", tmp_path / "out" / "other").parent)
    site.build(tmp_path / "results", tmp_path / "out" / "board", "alone")
    site.build(tmp_path / "results", tmp_path / "out" / "board")
    assert files_of(tmp_path / "out" / "board") == before


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


def test_the_embedded_model_is_announced_as_small(tmp_path: Path) -> None:
    write(tmp_path / "results", rows_of("tiny", "word_problems"), base="finetune/tiny")
    board = site.build(tmp_path / "results", tmp_path / "out").parent
    assert "Small-model numbers" in text_of(board, "index.html")


def test_what_an_earlier_board_left_goes_away_and_nothing_else(tmp_path: Path) -> None:
    results, out = small_results(tmp_path / "results"), tmp_path / "out"
    site.build(results, out)
    assert (out / "variants" / "tiny-q4.html").exists()
    (out / "CNAME").write_text("kept by hand")
    for path in sorted((results / "tiny-q4").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    site.build(results, out)
    assert not (out / "variants" / "tiny-q4.html").exists()
    assert not (out / "data" / "tiny-q4").exists()
    assert (out / "CNAME").read_text() == "kept by hand"


def test_a_folder_of_other_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("mine")
    write(tmp_path / "results", rows_of("alone", "word_problems"))
    with pytest.raises(ValueError, match="no board wrote"):
        site.build(tmp_path / "results", tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["thesis.txt"]


def test_a_changed_page_is_made_again_and_an_untouched_board_is_not(tmp_path: Path) -> None:
    write(tmp_path / "results", rows_of("alone", "word_problems"))
    index = site.build(tmp_path / "results", tmp_path / "out")
    before, page = index.stat().st_mtime_ns, index.read_bytes()
    site.build(tmp_path / "results", tmp_path / "out")
    assert index.stat().st_mtime_ns == before
    index.write_text("edited")
    site.build(tmp_path / "results", tmp_path / "out")
    assert index.read_bytes() == page


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
    notes.write_text(json.dumps(run))
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


def against(board: Path, baseline: str) -> dict[str, Any]:
    text = (board / "data" / "_against" / f"{baseline}.js").read_text(encoding="ascii")
    found: dict[str, Any] = json.loads(text[text.index(",") + 1 : text.rindex(")")])
    return found


@pytest.fixture(scope="module")
def rich(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("rich")
    return site.build(rich_results(place / "results"), place / "out", "tiny").parent


def test_the_judges_page_shows_its_card(rich: Path) -> None:
    page = text_of(rich, "judges/checklist.html")
    assert "Warning: It raised the marks of plans that told it to." in page
    assert "0.71 0.55 to 0.83 40" in page
    assert "40 by 2 raters: one, two" in page
    assert "Told to give 5 injection failed 9 of 20" in page
    assert "A week removed damage passed 18 of 20" in page
    assert "swapped order needs verdicts in both orders" in page
    assert "1 of 20" in page
    assert "Items 64" in page


def test_a_warning_of_the_judges_card_stands_wherever_its_scores_are(rich: Path) -> None:
    for name in (
        "index.html",
        "tasks/study_plan.html",
        "variants/tiny.html",
        "samples/tiny/study_plan.html",
        "tradeoff.html",
        "lineage.html",
        "flips.html",
    ):
        assert "It raised the marks of plans that told it to." in text_of(rich, name), name
    assert "It raised the marks" not in text_of(rich, "tasks/word_problems.html")
    assert "It raised the marks" not in text_of(rich, "variants/tiny-q4.html")


def test_missing_verdicts_are_counted_with_why(tmp_path: Path) -> None:
    rows = rows_of("a", "study_plan")
    none = {"status": "error", "score": None, "metrics": {}}
    rows[0] = replace(rows[0], **none, explanation="the grader said nothing\nat all")
    rows[1] = replace(rows[1], **none, explanation="the grader said nothing\nagain")
    rows[2] = replace(rows[2], **none, explanation="")
    write(tmp_path / "results", rows)
    board = site.build(tmp_path / "results", tmp_path / "out").parent
    page = text_of(board, "judges/checklist.html")
    assert "no trust card yet" in page
    assert "12 responses, 3 of them without a verdict: 2 the grader said nothing 1 no reason noted" in page


def test_a_damaged_card_warns_and_names_no_path(tmp_path: Path) -> None:
    write(tmp_path / "results", rows_of("a", "study_plan"))
    record.write_card(tmp_path / "results", CARD).write_text("{")
    board = site.build(tmp_path / "results", tmp_path / "out").parent
    for name in ("judges/checklist.html", "tasks/study_plan.html"):
        assert "trust card of this judge is damaged" in text_of(board, name)
        assert str(tmp_path) not in (board / name).read_text()


@pytest.mark.parametrize("text", [" ".join(one for one in HOSTILE if len(one) < 1000), "x" * 100_000])
def test_hostile_cards_and_runs_stay_text(text: str, tmp_path: Path, rich: Path) -> None:
    results = rich_results(tmp_path / "results")
    card = json.loads(json.dumps(CARD))
    card |= dict.fromkeys(("kind", "digest", "made", "by", "warning", "items"), text)
    card["labels"]["raters"] = [text]
    for part in ("figures", "checks", "missing"):
        card[part] = [dict.fromkeys(one, text) for one in card[part]]
    card["unparsed"] = {"n": text, "of": text}
    record.write_card(results, card)
    told = {"overlap": [{"set": text, text: text}], "origin": {"kind": "plain", "files": [], "lacks": [text]}}
    change(results, "tiny-q4", "word_problems", **told)
    rows = [
        replace(row, status="error", score=None, metrics={}, explanation=text)
        for row in rows_of("mute", "study_plan")
    ]
    write(results, rows)
    odd = site.build(results, tmp_path / "out", "tiny").parent
    for page in sorted(odd.rglob("*.html")):
        name = page.relative_to(odd).as_posix()
        words = page.read_text(encoding="utf-8")
        assert not escape.UNSEEN.search(words.replace("\n", "")), name
        reader = Links()
        reader.feed(words)
        assert not {"img", "iframe", "object", "embed", "form"} & set(reader.tags) - {"form"}, name
        assert reader.tags.count("script") <= 3, name
        assert not [
            link for link in reader.found if link.strip().lower().startswith(("javascript:", "http"))
        ], name
    page = Links()
    page.feed((odd / "judges" / "checklist.html").read_text(encoding="utf-8"))
    usual = Links()
    usual.feed((rich / "judges" / "checklist.html").read_text(encoding="utf-8"))
    assert set(page.tags) - set(usual.tags) <= {"ul", "details", "summary"}


def test_every_comparison_can_be_chosen_and_is_that_of_a_board_with_that_baseline(
    tmp_path: Path, rich: Path
) -> None:
    for variant in ("tiny", "tiny-lora", "tiny-q4"):
        for task, found in against(rich, variant).items():
            assert not task or variant not in found
    results = tmp_path / "results"
    for name, ability in (("a", 1), ("b", 2), ("c", 3)):
        write(results, rows_of(name, "word_problems", 40, ability))
    mine = against(site.build(results, tmp_path / "any").parent, "b")["word_problems"]
    page = text_of(site.build(results, tmp_path / "b", "b").parent, "tasks/word_problems.html")
    for name in ("a", "c"):
        _, shown, interval, verdict, _, p, left_out = mine[name]
        assert f"{shown} {verdict} {interval} to b, {p}" in page
        assert left_out == ""


def test_pairs_that_cannot_be_compared_say_why_there_too(tmp_path: Path) -> None:
    for name in ("old", "new"):
        write(tmp_path / "results", rows_of(name, "word_problems"))
    run = json.loads((tmp_path / "results" / "new" / "word_problems" / "run.json").read_text())
    change(tmp_path / "results", "new", "word_problems", definition=run["definition"] | {"task_version": "2"})
    board = site.build(tmp_path / "results", tmp_path / "out").parent
    assert against(board, "old")["word_problems"] == {}
    assert "task's version" in against(board, "old")[""]["word_problems"]["new"]
    assert "no ranks are given" in text_of(board, "tasks/word_problems.html")


def test_costs_are_shown_where_they_were_measured(rich: Path) -> None:
    page = text_of(rich, "tasks/word_problems.html")
    assert "Size of the weights, MB" in page
    assert "Peak memory, MB" in page
    assert "Time for an item, s" in page
    assert re.search(r"tiny 80\.0 0\.250 \S+ 700 ", page)  # the speed is of the rows, as run.json tells none
    assert "Energy" not in page
    assert "What a score costs" in text_of(rich, "tradeoff.html")
    page = text_of(rich, "tradeoff.html")
    assert "● stands on the frontier of its column" in page
    assert "tiny-2000 75.0 52.6 to 89.0 ● on the frontier: 80.0" in page
    assert (rich / "tradeoff.html").read_text().count('class="chart"') == 9  # three exams, three measures


def test_curves_are_drawn_where_a_recipe_was_run_at_several_sizes(rich: Path, board: Path) -> None:
    page = text_of(rich, "curves.html")
    assert "tiny-100 all-exams 100" in page
    assert "tiny-2000 all-exams 2,000" in page
    assert not (board / "curves.html").exists()
    assert "curves.html" not in (board / "index.html").read_text()


def test_the_loss_of_training_is_drawn(rich: Path, board: Path) -> None:
    assert "From 3.000 at step 0 to 0.150 at step 19." in text_of(rich, "variants/tiny-100.html")
    assert "Training loss" not in text_of(board, "variants/tiny.html")


def test_overlap_and_imports_are_told(rich: Path) -> None:
    page = text_of(rich, "tasks/word_problems.html")
    found = "chats: 2000; 0 of them stand there word for word; 9.8 % of the items share 8 words in a row; "
    assert f"all-exams train (2,000) {found}2.4 % of the items share 10 words in a row; 1.2 %" in page
    assert "tiny-q4 (prompt)" in page
    assert "imported without prompt" in text_of(rich, "variants/tiny-q4.html")


def test_an_imported_variant_claims_nothing_that_its_source_did_not_tell(tmp_path: Path) -> None:
    results = tmp_path / "results"
    for name in ("a", "b"):
        write(results, rows_of(name, "word_problems"))
        notes = results / name / "word_problems" / "run.json"
        run = json.loads(notes.read_text())
        for told in ("hardware", "versions", "margin", "stages"):
            del run[told]
        run["origin"] = {"kind": "lm-eval", "files": ["/home/ada/out/x.json"], "lacks": ["prompt"]}
        notes.write_text(json.dumps(run))
    board = site.build(results, tmp_path / "out").parent
    page = text_of(board, "variants/a.html")
    assert "cannot be made again here: lm-eval: x.json" in page
    assert "how its weights were made is not told" in page
    assert "proctor run" not in page
    assert "no GPU" not in page
    assert "/home/ada" not in page
    assert "ran on different machines" in text_of(board, "tradeoff.html")


def test_the_smallest_detectable_effect_is_told(rich: Path) -> None:
    assert "four times out of five" in text_of(rich, "tasks/word_problems.html")


def test_all_ties_make_a_board(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        write(tmp_path / "results", rows_of(name, "word_problems"))
    board = site.build(tmp_path / "results", tmp_path / "out", "a").parent
    index = text_of(board, "index.html")
    assert "rank 1 to 3, group a" in index
    assert "0.0 not shown" in index


def test_rows_can_be_filtered_by_what_they_are(rich: Path) -> None:
    page = (rich / "index.html").read_text(encoding="utf-8")
    for name in ("stage", "quantization"):
        assert f'<select name="{name}">' in page
    stages = re.findall(r'data-variant="([^"]*)"[^>]*data-stage="([^"]*)"', page)
    assert {"tiny": "base", "tiny-lora": "trained", "tiny-q4": "quantised"}.items() <= dict(stages).items()


def test_a_wide_board_is_quick_and_its_first_page_light(tmp_path: Path) -> None:
    """57 variants x 805 items take under 30 s on a quiet machine; a third of them leave room for a busy one."""
    results = wide_results(
        tmp_path / "results", 19, {"word_problems": 250, "concepts": 155, "study_plan": 64}
    )
    began = time.process_time()
    board = site.build(results, tmp_path / "out", "v00").parent
    assert time.process_time() - began < 15
    names = ["index.html", "static/board.css", "static/data.js", "static/table.js", "static/ranking.js"]
    assert sum((board / name).stat().st_size for name in names) < 400_000
    assert max(path.stat().st_size for path in board.rglob("*.js")) < 300_000
    assert (
        len(re.findall(r"<td", (board / "tasks" / "concepts.html").read_text().split('id="compact"')[1]))
        >= 19 * 9
    )
    assert (
        sum(len(against(board, "v00")[task]) for task in ("word_problems", "concepts", "study_plan"))
        == 3 * 18
    )


def test_a_kept_training_tells_its_loss(tmp_path: Path) -> None:
    recipe = Recipe.load("tiny-lora")
    (stage,) = plan_stages("finetune/tiny", recipe, {part.source: "d" for part in recipe.data}, False, "none")
    assert learnt([stage], tmp_path) == {}
    (tmp_path / stage.name).mkdir()
    log = [{"step": step, "loss": 3.0 / (step + 1), "learning_rate": 0.1} for step in range(1001)]
    (tmp_path / stage.name / "train.json").write_text(json.dumps({"log": log}))
    found = learnt([stage], tmp_path)["loss"]
    assert len(found) == 201
    assert found[0] == [0, 3.0]
    assert found[-1] == [1000, 3.0 / 1001]
