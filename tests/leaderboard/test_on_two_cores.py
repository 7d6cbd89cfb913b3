"""What two processes make is what one makes, to the last digit: what a board shows, differences and scores."""

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from proctor.common import side_by_side
from proctor.common.files import as_json_lines
from proctor.harness import record
from proctor.harness.imports import score
from proctor.leaderboard.board import site
from proctor.leaderboard.board.cell_parts import parts_of_all
from proctor.leaderboard.compare import families, items, same_responses
from proctor.leaderboard.compare.comparison import Settings
from proctor.leaderboard.compare.items import items_of, load_cells
from proctor.leaderboard.compare.same_responses import why_flagged
from proctor.tasks import TASKS
from tests.support.board_results import rows_of, small_results, wide_results, write

Cores = Callable[[int], None]


@pytest.fixture
def cores(monkeypatch: pytest.MonkeyPatch) -> Cores:
    """So many from here on, with nothing known from before; no work is too little for them."""

    def take(count: int) -> None:
        for module in (side_by_side, families, score):
            monkeypatch.setattr(module, "processes", lambda: count)
        for module in (families, score):
            monkeypatch.setattr(module, "MANY", 2)
        items._read.clear()
        same_responses._known.clear()

    return take


@pytest.mark.parametrize("task", ["concepts", "study_plan"])
def test_differences_are_those_of_one(tmp_path: Path, cores: Cores, task: str) -> None:
    results = wide_results(tmp_path, 6, {task: 60})
    told = []
    for count in (1, 2):
        cores(count)
        family = families.family_of(load_cells(results), task, Settings(resamples=100))
        told.append({pair: repr(one) for pair, one in family.comparisons.items()})
    assert len(told[0]) == 15
    assert told[0] == told[1]


def known_of(cells: items.Cells) -> list[object]:
    return [(cell.outcomes, sorted(items_of(cell).every), why_flagged(cell)) for cell in cells.values()]


def test_what_a_board_shows_of_its_cells_is_that_of_one(tmp_path: Path, cores: Cores) -> None:
    results, told = small_results(tmp_path), []
    write(results, [replace(row, response="Canned.") for row in rows_of("canned", "study_plan", 40)])
    for count in (1, 2):
        cores(count)
        cells = load_cells(results)
        parts = parts_of_all(cells).values()
        # A set that came from another process has another order.
        shown = [replace(own, items=replace(own.items, every=frozenset())) for own in parts]
        told.append((repr(shown), known_of(cells)))
    cores(1)
    assert told[0] == told[1]
    assert told[0][1] == known_of(load_cells(results))
    assert "40 of 40 items" in told[0][0]


def test_scores_are_those_of_one(tmp_path: Path, cores: Cores) -> None:
    dice = random.Random(0)
    answers = [
        {"sample_id": doc["id"], "response": dice.choice([doc["answer"], "#### 1", "I do not know.", None])}
        for doc in TASKS["word_problems"].docs("test")
    ]
    file = tmp_path / "answers.jsonl"
    file.write_text(as_json_lines(answers), "utf-8")
    rows = []
    for count in (1, 2):
        cores(count)
        scored = score.score_file("word_problems", file, "x", tmp_path / str(count))
        rows.append(scored.cell.rows())
    assert 0.1 < rows[0]["score"].mean() < 0.6
    assert rows[0].equals(rows[1])


def test_a_cell_without_a_row_stops_no_board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vl_convert.vegalite_to_svg", lambda *_, **__: '<svg width="1" height="1"></svg>')
    for name in ("some", "none"):
        write(tmp_path / "results", rows_of(name, "word_problems"))
    cell = record.read(tmp_path / "results", "none", "word_problems")
    assert cell
    table = pq.read_table(cell.folder / "samples.parquet")
    record.write_table(tmp_path / "results", table.slice(0, 0), cell.run)
    board = site.build(tmp_path / "results", tmp_path / "board").parent
    assert (board / "samples" / "none" / "word_problems.html").is_file()
