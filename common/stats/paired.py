"""The door to the statistics: one cell with its interval, two cells with their paired difference, all pairs
at once.

A row is one score. `items` names the item of each row: rows with the same name are epochs and are averaged
first, so the item stays the unit (0/1 scores with several epochs become real). `clusters` names the family,
document or profile that items share: intervals and tests are then by cluster. The difference is a - b, and
more is better. Missing scores are refused: the caller drops those pairs and counts them.

The order of the rows never matters. With `items` or `clusters` the draws belong to the sorted labels, so
compare_all and compare_paired give the same bytes; without, to the sorted scores.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby
from typing import TypedDict, Unpack

import numpy as np
from numpy.typing import ArrayLike

from proctor.common.refusal import Refusal
from proctor.common.stats import engine
from proctor.common.stats.flips import Pair
from proctor.common.stats.looks import at_any_look, level_of, share_seen
from proctor.common.stats.outcome import Difference, Estimate
from proctor.common.stats.units import (
    Floats,
    Kind,
    Labels,
    Scale,
    Statistic,
    Units,
    as_numbers,
    gather,
    micro_f1,
    side_by_side,
)

TOGETHER = 256  # variants whose signed sums are drawn at once: with 10,000 draws they take 20 MB


@dataclass(frozen=True)
class Table:
    """Variants with scores for the same rows, (variants, rows[, columns]), and the pairs wanted; None: all of them."""

    scores: Floats
    items: Labels = None
    clusters: Labels = None
    pairs: Sequence[Pair] | None = None
    weights: Floats | None = None  # of the rows, each an item by its label
    planned: int | None = None  # items, where one looks before all of them are there (looks.py)

    def units(self, kind: Kind, statistic: Statistic) -> Units:
        return _enough(gather(self.scores, kind, self.items, self.clusters, statistic, self.weights))


class CompareOptions(TypedDict, total=False):
    """What `compare_each` explains, all of it with a default."""

    seed: int
    resamples: int
    alpha: float
    margin: float | None
    mid_p: bool
    scale: Scale | None
    statistic: Statistic


def compare_paired(
    a: ArrayLike, b: ArrayLike, *, kind: Kind, items: Labels = None, clusters: Labels = None,
    planned: int | None = None, **options: Unpack[CompareOptions],
) -> Difference:  # fmt: skip
    """Compare two cells, aligned row by row: 'binary' 0/1, 'real' numbers, 'counts' (rows, 3) of tp, fp, fn.

    `planned`: of how many items these are the first, in an order that was drawn. Look as often as you like.

    >>> compare_paired([1, 1, 1, 0], [0, 0, 1, 0], kind="binary").difference
    0.5
    """
    first, second = as_numbers(a), as_numbers(b)
    if first.shape != second.shape:
        raise Refusal(f"scores of shape {first.shape} against {second.shape}; align both by item first")
    both = np.stack([first, second])
    compared = compare_all(both, kind=kind, items=items, clusters=clusters, planned=planned, **options)
    return compared[0, 1]


def compare_all(
    scores: ArrayLike, *, kind: Kind, pairs: Iterable[Pair] | None = None, items: Labels = None,
    clusters: Labels = None, planned: int | None = None, **options: Unpack[CompareOptions],
) -> dict[Pair, Difference]:  # fmt: skip
    """Compare pairs of variants (all i < j unless named) of a (variants, rows[, columns]) array."""
    wanted = None if pairs is None else list(pairs)
    table = Table(as_numbers(scores), items, clusters, wanted, planned=planned)
    (differences,) = compare_each([table], kind=kind, **options)
    return differences


def compare_each(
    tables: Iterable[Table],
    *,
    kind: Kind,
    family: int = 0,
    seed: int = 0,
    resamples: int = 10_000,
    alpha: float = 0.05,
    margin: float | None = None,
    mid_p: bool = False,
    scale: Scale | None = None,
    statistic: Statistic = micro_f1,
) -> Iterator[dict[Pair, Difference]]:
    """The same for many tables, one answer each, in their order: for pairs that have their items to themselves.

    `margin` adds the tests of 'no worse'; `mid_p` chooses mid-p McNemar; `statistic` turns summed counts
    (..., columns) into figures (...). `scale` is the least and the greatest score that there can be: it says how much
    an item that was not seen could lose. Left out, scores that all lie from 0 to 1 are taken to end there.

    Every pair gets what it would get alone. Neighbours with as many items share their draws, so hand them over by
    size. `family` counts the pairs of all tables; counts are drawn more often for many.
    """
    _check(resamples, alpha, margin, scale)
    for batch in _batches(tables, kind, statistic):
        units, start = side_by_side([units for units, _ in batch]), 0
        places: list[dict[Pair, Pair]] = []  # a table's pairs, and where they stand side by side
        for own, table in batch:
            places.append({(i, j): (i + start, j + start) for i, j in _wanted(own, table)})
            start += len(own.values)
        wanted = [at for mine in places for at in mine.values()]
        planned, level = batch[0][1].planned, _level(units, batch[0][1].planned, alpha)
        if not wanted:
            differences: dict[Pair, Difference] = {}
        elif units.kind == "binary":
            differences = engine.binary_pairs(units, wanted, seed, resamples, level, margin, mid_p)
        else:
            ends, of = _on_scale(units, scale), max(family, len(wanted))
            differences = engine.real_pairs(units, wanted, seed, resamples, level, margin, ends, of)
        if planned is not None:
            differences = {at: at_any_look(found, planned, alpha) for at, found in differences.items()}
        yield from ({pair: differences[at] for pair, at in mine.items()} for mine in places)


def estimate(
    values: ArrayLike,
    *,
    kind: Kind,
    items: Labels = None,
    clusters: Labels = None,
    alpha: float = 0.05,
    scale: Scale | None = None,
    statistic: Statistic = micro_f1,
    planned: int | None = None,
) -> Estimate:
    """One cell with its interval: Wilson for 0/1, Gaffke or Student's t for the rest, whichever is wider.

    >>> estimate([1.0] * 20, kind="real").low < 0.9
    True
    """
    table = Table(as_numbers(values)[None], items, clusters, planned=planned)
    ((single,),) = estimate_each([table], kind=kind, alpha=alpha, scale=scale, statistic=statistic)
    return single


def estimate_each(
    tables: Iterable[Table],
    *,
    kind: Kind,
    alpha: float = 0.05,
    scale: Scale | None = None,
    statistic: Statistic = micro_f1,
) -> Iterator[list[Estimate]]:
    """Every variant of every table with its interval."""
    _check(alpha=alpha, scale=scale)
    for table in tables:
        units = table.units(kind, statistic)
        yield engine.cells(units, _level(units, table.planned, alpha), _on_scale(units, scale))


def _level(units: Units, planned: int | None, alpha: float) -> float:
    return alpha if planned is None else level_of(share_seen(units.n, planned), alpha)


def _batches(
    tables: Iterable[Table], kind: Kind, statistic: Statistic
) -> Iterator[list[tuple[Units, Table]]]:
    """Neighbours of the same shape, so many at once as memory allows."""
    gathered = ((one.units(kind, statistic), one) for one in tables)
    for _, alike in groupby(gathered, key=lambda one: (*_shape(one[0]), one[1].planned)):
        batch: list[tuple[Units, Table]] = []
        for one in alike:
            batch.append(one)
            if sum(len(units.values) for units, _ in batch) >= TOGETHER:
                yield batch
                batch = []
        if batch:
            yield batch


def _shape(units: Units) -> tuple[Kind, int, int, int]:
    return units.kind, units.n, units.groups, units.totals.shape[2]


def _wanted(units: Units, table: Table) -> Sequence[Pair]:
    variants = len(units.values)
    if table.pairs is None:
        return list(combinations(range(variants), 2))
    for i, j in table.pairs:
        if not (0 <= i < variants and 0 <= j < variants):
            raise Refusal(f"pair ({i}, {j}) names a variant that is not among the {variants}")
    return table.pairs


def _enough(units: Units) -> Units:
    if units.groups == 1 and units.clustered:
        raise Refusal(f"all {units.n} items share one cluster; an interval needs at least 2 clusters")
    if units.n == 1 and units.kind != "binary":
        raise Refusal("there is one item; an interval of such scores needs at least 2")
    return units


def _on_scale(units: Units, scale: Scale | None) -> Scale | None:
    if scale is None or units.kind == "counts":
        return scale
    outside = int(((units.scores < scale[0]) | (units.scores > scale[1])).sum())
    if outside:
        raise Refusal(
            f"{outside} scores lie outside the scale {scale[0]:g} to {scale[1]:g}; give the right one"
        )
    return scale


def _check(
    resamples: int = 10_000, alpha: float = 0.05, margin: float | None = None, scale: Scale | None = None
) -> None:
    if resamples < 100:
        raise Refusal(f"{resamples} resamples are too few; use 100 or more, 10000 is usual")
    if not 0.0 < alpha < 1.0:
        raise Refusal(f"alpha {alpha:g} is not between 0 and 1; 0.05 is usual")
    if margin is not None and not 0.0 < margin < float("inf"):
        raise Refusal(f"margin {margin:g} is not above 0; give the loss that is accepted, such as 0.02")
    if scale is None:
        return
    if not -1e280 < scale[0] < scale[1] < 1e280:
        raise Refusal(
            f"the scale {scale[0]:g} to {scale[1]:g} has no width; give its least and greatest score"
        )
    if margin is not None and margin >= scale[1] - scale[0]:
        raise Refusal(
            f"margin {margin:g} is as wide as the scale {scale[0]:g} to {scale[1]:g}; give a part of that"
        )
