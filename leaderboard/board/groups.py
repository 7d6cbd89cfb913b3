"""Scores by groups of items: by kind, and by what they share as a source. Means without tests: a hint, no finding."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from proctor.common.stats import micro_f1
from proctor.harness import record
from proctor.harness.record import ItemsByKind
from proctor.leaderboard.compare.items import ScoredItems, items_of

MOST = 60  # more groups than this are no overview


@dataclass(frozen=True)
class GroupRow:
    """One group: how many items are in it, and the figure of each variant; None where it has no score there."""

    name: str
    size: int
    means: tuple[float | None, ...]

    @property
    def mean(self) -> float:
        known = [mean for mean in self.means if mean is not None]
        return sum(known) / max(1, len(known))


def groups_of(cells: Mapping[str, record.Cell]) -> Iterator[tuple[str, list[GroupRow]]]:
    """Each kind that tells items apart, with a row for each of its values, the hardest first; "group" is by source."""
    scored = list(map(items_of, cells.values()))
    kinds: ItemsByKind = {}
    for cell in cells.values():
        kinds = cell.run.task.kinds | kinds  # the first cell's word counts
    for kind, values in kinds.items():
        named = {value.replace("_", " "): items for value, items in values.items()}
        rows = _rows(named, scored)
        if rows:
            yield kind.replace("_", " "), rows
    sources: dict[str, set[str]] = {}
    for items in scored:
        for item, source in zip(items.ids, items.clusters, strict=True):
            sources.setdefault(source, set()).add(item)
    rows = _rows(sources, scored)
    if rows and max(row.size for row in rows) > 1:
        yield "group", rows


def _rows(groups: Mapping[str, Iterable[str]], scored: list[ScoredItems]) -> list[GroupRow]:
    """Nothing where there are too few groups, or too many."""
    every = frozenset[str]().union(*(items.ids for items in scored))
    members_of = {}
    for name, members in groups.items():
        inside = every.intersection(members)
        if inside:
            members_of[name] = inside
    if not 2 <= len(members_of) <= MOST:
        return []
    rows = []
    for name, inside in members_of.items():
        rows.append(GroupRow(name, len(inside), tuple(_mean(items, inside) for items in scored)))
    return sorted(rows, key=lambda row: (row.mean, row.name))


def _mean(items: ScoredItems, inside: frozenset[str]) -> float | None:
    values = items.values[np.array([item in inside for item in items.ids], dtype=bool)]
    if not len(values):
        return None
    return float(micro_f1(values.sum(axis=0))) if values.ndim == 2 else float(np.mean(values))
