"""The results that are kept in the repository: whole, free of anything private, and the same board from them twice."""

from pathlib import Path

import pytest

import proctor
from proctor.harness import record
from proctor.leaderboard.board import private
from proctor.leaderboard.report import formats, report
from tests.support.board_pages import Links
from tests.support.boards import demo_board

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "results" / "demo"


@pytest.fixture(scope="module")
def results() -> Path:
    assert record.cells(RESULTS)
    return RESULTS


@pytest.fixture(scope="module")
def board() -> Path:
    return demo_board()


def test_every_cell_is_whole(results: Path) -> None:
    for cell in record.cells(results):
        assert cell.problem == ""
        assert len(cell.rows()) == cell.run.rows
        assert sum(cell.run.statuses.values()) == cell.run.rows


@pytest.mark.parametrize("task", ["word_problems", "concepts"])
def test_each_answer_is_what_is_read_from_its_response_today(results: Path, task: str) -> None:
    for cell in record.cells(results):
        if cell.task == task:
            rows = cell.rows()
            read = proctor.score(task, dict(zip(rows["sample_id"], rows["response"], strict=True)))
            both = rows.merge(read, on="sample_id", suffixes=("", "_now"))
            assert len(both) == len(rows)
            assert both[both["answer"] != both["answer_now"]].empty, cell.variant
            assert (both["score"] - both["score_now"]).abs().max() < 1e-12, cell.variant


def test_its_links_lead_to_files(board: Path) -> None:
    for page in board.rglob("*.html"):
        reader = Links()
        reader.feed(page.read_text(encoding="utf-8"))
        for link in reader.found:
            if link != "data:," and not link.startswith("#"):
                assert (page.parent / link.split("#")[0]).resolve().is_file(), f"{page}: {link}"


def test_nothing_private_is_in_it(board: Path) -> None:
    assert private.in_words(private.search(board)) == []


def test_a_report_is_made_of_them(results: Path) -> None:
    made = report.make(results, (), "tiny")
    for form in formats.FORMATS:
        assert "tiny" in formats.render(made, form)
