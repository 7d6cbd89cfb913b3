"""The board from small results: what it says, that it is safe, and that it is the same twice.

A browser looks at it in e2e/.
"""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from board_results import rows_of, small_results, write

from leaderboard import site

HOSTILE = (
    "<script>alert('x')</script>",
    '"><img src=x onerror=alert(1)>',
    "</script><script>alert(2)</script> {{ 7 * 7 }} {% raw %} javascript:alert(3)",
    "turned \u202e round \u2066 and \u2028 split",
    "null \x00 and escape \x1b[31m",
    "x" * 100_000,
    r"\begin{table} | **bold** | $x$ & <!-- ]]>",
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
    assert len(pages) == 1 + 7 + 3 + 3 + 3  # index; cells, tasks, variants; lineage, trade-off, flips
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
    assert "Marked by a checklist of rules" in text_of(board, "tasks/study_plan.html")


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
    assert row["response"] == site.visible(text)
    for name in (
        "index.html",
        "variants/odd.html",
        "tasks/word_problems.html",
        "samples/odd/word_problems.html",
    ):
        page = (odd / name).read_text(encoding="utf-8")
        assert not site.UNSEEN.search(page.replace("\n", "")), name
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


def test_a_task_without_any_score_says_so(tmp_path: Path) -> None:
    failed = [
        replace(row, status="error", score=None, metrics={}) for row in rows_of("broken", "word_problems")
    ]
    write(tmp_path / "results", failed)
    board = site.build(tmp_path / "results", tmp_path / "out", "broken").parent
    assert "No variant has enough scored answers" in text_of(board, "index.html")
    assert "12 errors" in text_of(board, "index.html")
    assert "No figure for the exam: no score" in text_of(board, "samples/broken/word_problems.html")


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
    assert site.visible("שלום, ½ naïve 🙂\n\ttab") == "שלום, ½ naïve 🙂\n\ttab"
    assert site.visible("a\u202eb\x00c\ud800") == "a⟨U+202E⟩b⟨U+0000⟩c⟨U+D800⟩"


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
