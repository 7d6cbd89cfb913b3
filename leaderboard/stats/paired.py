"""The door to the statistics: one cell with its interval, two cells with their paired difference, all pairs
at once.

A row is one score. `items` names the item of each row: rows with the same name are epochs and are averaged
first, so the item stays the unit (0/1 scores with several epochs become real). `clusters` names the family,
document or profile that items share: intervals and tests are then by cluster. The difference is a - b, and
more is better. Missing scores are refused: the caller drops those pairs and counts them.

The order of the rows never matters. With `items` or `clusters` the draws belong to the sorted labels, so
compare_all and compare_paired give the same bytes; without, to the sorted scores.
"""

from collections.abc import Iterable
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike

from leaderboard.stats import engine
from leaderboard.stats.outcome import Difference, Estimate
from leaderboard.stats.units import Kind, Labels, Statistic, Units, as_numbers, gather, micro_f1


def compare_paired(
    a: ArrayLike,
    b: ArrayLike,
    *,
    kind: Kind,
    items: Labels = None,
    clusters: Labels = None,
    seed: int = 0,
    resamples: int = 10_000,
    alpha: float = 0.05,
    margin: float | None = None,
    mid_p: bool = False,
    percentile: bool = False,
    statistic: Statistic = micro_f1,
) -> Difference:
    """Compare two cells, aligned row by row: 'binary' 0/1, 'real' numbers, 'counts' (rows, 3) of tp, fp, fn.

    `statistic` turns summed counts (..., columns) into figures (...); `margin` adds the tests of 'no worse';
    `mid_p` and `percentile` choose mid-p McNemar and the percentile bootstrap over the defaults.
    """
    first, second = as_numbers(a), as_numbers(b)
    if first.shape != second.shape:
        raise ValueError(f"scores of shape {first.shape} against {second.shape}; align both by item first")
    return compare_all(
        np.stack([first, second]), kind=kind, items=items, clusters=clusters, seed=seed, resamples=resamples,
        alpha=alpha, margin=margin, mid_p=mid_p, percentile=percentile, statistic=statistic,
    )[0, 1]  # fmt: skip


def compare_all(
    scores: ArrayLike,
    *,
    kind: Kind,
    pairs: Iterable[tuple[int, int]] | None = None,
    items: Labels = None,
    clusters: Labels = None,
    seed: int = 0,
    resamples: int = 10_000,
    alpha: float = 0.05,
    margin: float | None = None,
    mid_p: bool = False,
    percentile: bool = False,
    statistic: Statistic = micro_f1,
) -> dict[tuple[int, int], Difference]:
    """Compare pairs of variants (all i < j unless named) of a (variants, rows[, columns]) array."""
    _check(resamples, alpha, margin)
    units = _enough(gather(scores, kind, items, clusters, statistic))
    variants = len(units.values)
    wanted = list(combinations(range(variants), 2)) if pairs is None else list(pairs)
    for i, j in wanted:
        if not (0 <= i < variants and 0 <= j < variants):
            raise ValueError(f"pair ({i}, {j}) names a variant that is not among the {variants}")
    if not wanted:
        return {}
    if units.kind == "binary":
        return engine.binary_pairs(units, wanted, seed, resamples, alpha, margin, mid_p)
    return engine.resampled_pairs(units, wanted, seed, resamples, alpha, margin, percentile)


def estimate(
    values: ArrayLike,
    *,
    kind: Kind,
    items: Labels = None,
    clusters: Labels = None,
    seed: int = 0,
    resamples: int = 10_000,
    alpha: float = 0.05,
    percentile: bool = False,
    statistic: Statistic = micro_f1,
) -> Estimate:
    """One cell with its interval: Wilson for 0/1, BCa bootstrap for the rest."""
    return estimate_all(
        as_numbers(values)[None], kind=kind, items=items, clusters=clusters, seed=seed, resamples=resamples,
        alpha=alpha, percentile=percentile, statistic=statistic,
    )[0]  # fmt: skip


def estimate_all(
    scores: ArrayLike,
    *,
    kind: Kind,
    items: Labels = None,
    clusters: Labels = None,
    seed: int = 0,
    resamples: int = 10_000,
    alpha: float = 0.05,
    percentile: bool = False,
    statistic: Statistic = micro_f1,
) -> list[Estimate]:
    """Every variant of a (variants, rows[, columns]) array with its interval; the draws are shared."""
    _check(resamples, alpha, None)
    units = _enough(gather(scores, kind, items, clusters, statistic))
    return engine.cells(units, seed, resamples, alpha, percentile)


def _enough(units: Units) -> Units:
    if units.groups == 1 and units.clustered:
        raise ValueError(f"all {units.n} items share one cluster; an interval needs at least 2 clusters")
    if units.n == 1 and units.kind != "binary":
        raise ValueError("there is one item; an interval of such scores needs at least 2")
    return units


def _check(resamples: int, alpha: float, margin: float | None) -> None:
    if resamples < 100:
        raise ValueError(f"{resamples} resamples are too few; use 100 or more, 10000 is usual")
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"alpha {alpha:g} is not between 0 and 1; 0.05 is usual")
    if margin is not None and not 0.0 < margin < float("inf"):
        raise ValueError(f"margin {margin:g} is not above 0; give the loss that is accepted, such as 0.02")
