"""Scores by groups of items: by what they share as a source, and by kind. Means without tests: a hint, no finding."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from proctor.common.stats import micro_f1
from proctor.harness import record
from proctor.harness.record import ItemsByKind, TaskRecord
from proctor.leaderboard.compare import formatting
from proctor.leaderboard.compare.items import ScoredItems, items_of

MOST = 60  # more groups than this are no overview


@dataclass(frozen=True)
class GroupRow:
    """One group: the items in it, and for each variant its figure and the length of its bar in per cent."""

    name: str
    size: int
    figures: tuple[tuple[str, str, float] | None, ...]
    mean: float


def by_group(cells: Mapping[str, record.Cell], about: TaskRecord) -> list[GroupRow]:
    """By source, the hardest group first. Nothing where every item is a group of its own, or all are one."""
    scored = list(map(items_of, cells.values()))
    members: dict[str, set[str]] = {}
    for items in scored:
        for item, group in zip(items.ids, items.clusters, strict=True):
            members.setdefault(group, set()).add(item)
    if not 2 <= len(members) <= MOST or max(map(len, members.values())) == 1:
        return []
    rows = []
    for group, inside in members.items():
        means = [_mean(items, items.clusters, {group}) for items in scored]
        rows.append(_row(group, len(inside), means, about))
    return _hardest_first(rows)


def by_kind(cells: Mapping[str, record.Cell], about: TaskRecord) -> Iterator[tuple[str, list[GroupRow]]]:
    """Each kind that tells items apart, with a row for each of its values, the hardest first."""
    scored = list(map(items_of, cells.values()))
    all_items = set().union(*(items.ids for items in scored))
    kinds: ItemsByKind = {}
    for cell in cells.values():
        kinds = cell.run.task.kinds | kinds  # the first cell's word counts
    for kind, values in kinds.items():
        rows = []
        for value, named in values.items():
            size = len(all_items.intersection(named))
            if size:
                means = [_mean(items, items.ids, set(named)) for items in scored]
                rows.append(_row(value.replace("_", " "), size, means, about))
        if 2 <= len(rows) <= MOST:
            yield kind.replace("_", " "), _hardest_first(rows)


def _mean(items: ScoredItems, labels: Sequence[str], wanted: set[str]) -> float | None:
    """The figure of the items with a wanted label; None where there is none."""
    values = items.values[np.array([label in wanted for label in labels], dtype=bool)]
    if not len(values):
        return None
    return float(micro_f1(values.sum(axis=0))) if values.ndim == 2 else float(np.mean(values))


def _row(name: str, size: int, means: list[float | None], about: TaskRecord) -> GroupRow:
    figures: list[tuple[str, str, float] | None] = []
    known = []
    for mean in means:
        if mean is None:
            figures.append(None)
        else:
            bar = formatting.percent_of_scale(mean, about)
            figures.append((formatting.score(mean, about), f"{bar:.2f}", mean))
            known.append(mean)
    return GroupRow(name, size, tuple(figures), sum(known) / max(1, len(known)))


def _hardest_first(rows: list[GroupRow]) -> list[GroupRow]:
    return sorted(rows, key=lambda row: (row.mean, row.name))
