"""The difference of each pair of cells on the items that both have a score for: many pairs at once, none corrected yet.

Which items those are is in matched.py, a cell's own scores in items.py, the arithmetic in proctor.common.stats.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np

from proctor.common.refusal import Refusal
from proctor.common.stats import Difference, Kind, Table, compare_each
from proctor.common.stats.units import Floats, Scale
from proctor.harness import record
from proctor.leaderboard.compare.items import USUAL, Draws, ScoredItems, as_table, bounds_of, items_of
from proctor.leaderboard.compare.matched import SharedItems, lacks_of

Pair = tuple[record.Cell, record.Cell]


@dataclass(frozen=True)
class _Alike:
    """What pairs must have in common to be computed at once; the draws depend on nothing else."""

    task: str
    kind: Kind
    margin: float | None
    scale: Scale | None
    ids: tuple[str, ...]
    clusters: tuple[str, ...]

    @property
    def settings(self) -> tuple[Kind, float, Scale]:
        return self.kind, self.margin or 0.0, self.scale or (0.0, 0.0)

    @property
    def size(self) -> tuple[int, int]:
        return len(self.ids), len(set(self.clusters))


Found = tuple[Difference, tuple[int, int] | None]


def differences(
    pairs: Sequence[Pair], shared: Sequence[SharedItems], margin: float | None = None, draws: Draws = USUAL
) -> list[Found]:
    """Each pair's difference on the items that both have a score for, and on how many each scored higher.

    Pairs on the same items stand in one table. Tables share their draws where they have as many items: all pairs of a
    hundred variants cost little more than one, whatever is missing where.
    """
    alike: dict[_Alike, list[int]] = {}
    for at, ((a, b), items) in enumerate(zip(pairs, shared, strict=True)):
        wanted = margin if margin is not None else _margin_of(a, b)
        low, high = a.run.task.scale
        if wanted is not None and wanted >= high - low:
            raise Refusal(
                f"margin {wanted:g} is as wide as the scores of {a.task}, which go from {low:g} to {high:g}; "
                "give a part of that: 5 points in a hundred are 0.05"
            )
        # What only the range of the scores says of a scale is no bound on what was not seen.
        known = "scale" not in {*lacks_of(a), *lacks_of(b)}
        key = _Alike(a.task, items.kind, wanted, bounds_of(a) if known else None, items.ids, items.clusters)
        alike.setdefault(key, []).append(at)
    found: dict[int, Found] = {}
    ordered = sorted(alike, key=lambda key: (key.settings, key.size))
    for _, several in groupby(ordered, key=lambda key: key.settings):
        keys = list(several)
        tables = [_table(key, [pairs[at] for at in alike[key]]) for key in keys]
        compared = compare_each(
            [table for table, _ in tables], kind=keys[0].kind, family=len(pairs), seed=draws.seed,
            resamples=draws.resamples, margin=keys[0].margin, scale=keys[0].scale,
        )  # fmt: skip
        for key, (table, places), one in zip(keys, tables, compared, strict=True):
            for at, (i, j) in zip(alike[key], places, strict=True):
                higher = None if key.kind == "counts" else _higher(table.scores[i], table.scores[j])
                found[at] = one[i, j], higher
    return [found[at] for at in range(len(pairs))]


def _margin_of(a: record.Cell, b: record.Cell) -> float | None:
    """The suite's. Where two suites say two, the stricter: a pair has one margin from either side."""
    told = [margin for cell in (a, b) if (margin := cell.run.margin) is not None]
    return min(told, default=None)


def _table(key: _Alike, pairs: Sequence[Pair]) -> tuple[Table, list[tuple[int, int]]]:
    """The scores of all that stand in these pairs, and where each pair stands."""
    cells: dict[Path, ScoredItems] = {}
    for pair in pairs:
        cells |= {cell.folder: items_of(cell) for cell in pair}
    row_of = {folder: at for at, folder in enumerate(cells)}
    places = [(row_of[a.folder], row_of[b.folder]) for a, b in pairs]
    scores = np.stack([items.scores(key.ids) for items in cells.values()])
    return as_table(scores, key.ids, key.clusters, list(dict.fromkeys(places))), places


def _higher(a: Floats, b: Floats) -> tuple[int, int]:
    return int((a > b).sum()), int((a < b).sum())
