"""All that a board shows of one cell's rows. They are read once, and let go.

parts_of(cell, task).figures
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from proctor.common.side_by_side import side_by_side
from proctor.harness import record
from proctor.leaderboard.board.pages import judge, samples
from proctor.leaderboard.compare import items, same_responses
from proctor.leaderboard.compare.confidence import Confidences, confidences_of
from proctor.leaderboard.compare.costs import costs_of
from proctor.leaderboard.compare.figures import CellFigure, figures_of
from proctor.leaderboard.compare.items import Cells, ScoredItems
from proctor.leaderboard.compare.ranking import tasks_of

Key = tuple[str, str]  # variant and task


@dataclass(frozen=True)
class CellParts:
    """`files` hold the responses, `shown` of them, with `marks` to choose from; `first` is the first item's."""

    items: ScoredItems
    flag: str
    outcomes: dict[str, int]
    sure: dict[str, Confidences]
    figures: list[CellFigure]
    costs: dict[str, CellFigure]
    unscored: Counter[str]
    files: list[tuple[str, str]]
    shown: int
    marks: list[str]
    first: Mapping[str, Any] | None


def parts_of(cell: record.Cell, task: record.TaskRecord) -> CellParts:
    rows = cell.rows()
    shown = samples.rows_of(rows, task)
    return CellParts(
        items.items_of(cell, rows),
        same_responses.why_flagged(cell, rows),
        cell.outcomes,
        confidences_of(cell, rows),
        figures_of(cell, rows),
        costs_of(cell, rows),
        judge.unscored(rows),
        list(samples.files(f"{cell.variant}/{cell.task}", shown)),
        len(shown),
        samples.scores_to_choose(shown, task),
        shown[0] if shown else None,
    )


def parts_of_all(cells: Cells) -> dict[Key, CellParts]:
    """Of all cells, on as many cores as there are; what they say of a cell is known here from then on."""
    tasks = tasks_of(list(cells.values()))
    parts = side_by_side([partial(parts_of, cell, tasks[cell.task]) for cell in cells.values()])
    for cell, own in zip(cells.values(), parts, strict=True):
        items.know(cell, own.items)
        same_responses.know(cell, own.flag)
        cell.know(own.outcomes)
    return dict(zip(cells, parts, strict=True))
