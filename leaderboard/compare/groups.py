"""Scores by group of items: family, source document, profile. Means without tests: a hint, no finding.

Reads cells; knows no page.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from proctor.common.stats import micro_f1
from proctor.harness import record
from proctor.harness.record import TaskRecord
from proctor.leaderboard.board.shown import place_on
from proctor.leaderboard.compare import tables
from proctor.leaderboard.compare.items import Items, items_of

MOST = 60  # more groups than this are no overview


@dataclass(frozen=True)
class GroupRow:
    """One group: the items in it, and for each variant its figure and the length of its bar in per cent."""

    name: str
    size: int
    figures: tuple[tuple[str, str, float] | None, ...]
    mean: float


def by_group(cells: Mapping[str, record.Cell], exam: TaskRecord) -> list[GroupRow]:
    """The hardest group first. Nothing where every item is a group of its own, or all are one."""
    scored = {name: items_of(cell) for name, cell in cells.items()}
    sizes: dict[str, set[str]] = {}
    for items in scored.values():
        for item, group in zip(items.ids, items.clusters, strict=True):
            sizes.setdefault(group, set()).add(item)
    if not 2 <= len(sizes) <= MOST or all(len(found) == 1 for found in sizes.values()):
        return []
    rows = []
    for group, found in sizes.items():
        values = [_mean(items, group) for items in scored.values()]
        known = [value for value in values if value is not None]
        figures = tuple(
            None if value is None else (tables.shown(value, exam), f"{place_on(value, exam):.2f}", value)
            for value in values
        )
        rows.append(GroupRow(group, len(found), figures, sum(known) / len(known)))
    return sorted(rows, key=lambda row: (row.mean, row.name))


def _mean(items: Items, group: str) -> float | None:
    chosen = items.values[[i for i, one in enumerate(items.clusters) if one == group]]
    if not len(chosen):
        return None
    return float(micro_f1(chosen.sum(axis=0))) if chosen.ndim == 2 else float(np.mean(chosen))
