"""Scores by kind of item: of problem, of document, by a profile's traits. Means without tests: a hint, no finding.

Which items are of which kind stands in run.json. What items share as their source is in groups.py. Knows no page.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from proctor.common.stats import micro_f1
from proctor.harness import record
from proctor.harness.record import ItemsByKind, TaskRecord
from proctor.leaderboard.board.shown import place_on
from proctor.leaderboard.compare import tables
from proctor.leaderboard.compare.groups import MOST, GroupRow
from proctor.leaderboard.compare.items import Items, items_of


def by_kind(cells: Mapping[str, record.Cell], exam: TaskRecord) -> Iterator[tuple[str, list[GroupRow]]]:
    """Each kind that tells items apart, with a row for each of its values, the hardest first."""
    scored = [items_of(cell) for cell in cells.values()]
    told: ItemsByKind = {}
    for cell in cells.values():
        for kind, values in cell.run.task.kinds.items():
            told.setdefault(kind, values)
    for kind, values in told.items():
        found = (_row(value, set(items), scored, exam) for value, items in values.items())
        rows = sorted((row for row in found if row), key=lambda row: (row.mean, row.name))
        if 2 <= len(rows) <= MOST:
            yield kind.replace("_", " "), rows


def _row(name: str, wanted: set[str], scored: Sequence[Items], exam: TaskRecord) -> GroupRow | None:
    means = [_mean(items, wanted) for items in scored]
    known = [mean for mean in means if mean is not None]
    if not known:
        return None
    figures = tuple(
        None if mean is None else (tables.shown(mean, exam), f"{place_on(mean, exam):.2f}", mean)
        for mean in means
    )
    size = len(wanted & {item for items in scored for item in items.ids})
    return GroupRow(name.replace("_", " "), size, figures, sum(known) / len(known))


def _mean(items: Items, wanted: set[str]) -> float | None:
    chosen = items.values[[i for i, item in enumerate(items.ids) if item in wanted]]
    if not len(chosen):
        return None
    return float(micro_f1(chosen.sum(axis=0))) if chosen.ndim == 2 else float(np.mean(chosen))
