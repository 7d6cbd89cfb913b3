"""From scores to the units that are drawn: items, or the clusters that hold them.

Several epochs of an item are averaged first, so the item stays the unit; where clusters group several
items, the cluster is the unit. Knows nothing of tests and intervals.

Order: units are sorted by cluster label, else by item id, else by what they hold, before anything is drawn,
so the order of the rows never matters.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil, fsum, log2, nan, sqrt
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from proctor.common.refusal import Refusal

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Scale = tuple[float, float]  # the least and the greatest score that there can be
Kind = Literal["binary", "real", "counts"]
Labels = Sequence[Any] | NDArray[Any] | None
Statistic = Callable[[Floats], Floats]


@dataclass(frozen=True)
class Units:
    """What all methods work on: one row of totals for each variant and unit."""

    kind: Kind  # 'binary' became 'real' where epochs were averaged
    scores: Floats  # (variants, items, columns), one row an item
    totals: Floats  # (variants, units, columns): what random signs add up
    influence: Floats  # (variants, units): by how much a unit moves the statistic, summing to 0
    values: Floats  # (variants,): the statistic itself
    statistic: Statistic

    @property
    def n(self) -> int:
        return int(self.scores.shape[1])

    @property
    def groups(self) -> int:
        return int(self.totals.shape[1])

    @cached_property
    def largest(self) -> Floats:
        """The largest total of each variant."""
        return np.asarray(np.abs(self.totals[..., 0]).max(axis=1), dtype=np.float64)

    def noise(self, *variants: int) -> float:
        """What is too small beside the scores of these variants to be more than rounding."""
        return 1e-13 * max(float(self.largest[variant]) for variant in variants)

    @property
    def clustered(self) -> bool:
        return self.groups < self.n

    def weights(self, variant: int) -> Floats:
        """How much each unit counts, 1 on average: a cluster by its items, a document by its counts."""
        sizes = self.totals[variant].sum(axis=1) if self.kind == "counts" else self.totals[variant, :, 1]
        return np.asarray(sizes / (sizes.mean() or 1.0), dtype=np.float64)

    def even_groups(self) -> float:
        """How many clusters of one size would count as much as these: one large cluster is one loss."""
        sizes = self.totals[0, :, 1]
        return float(sizes.sum() ** 2 / (sizes @ sizes))


def mean_of_sums(sums: Floats) -> Floats:
    """Mean from (sum, items)."""
    return np.asarray(sums[..., 0] / sums[..., 1], dtype=np.float64)


def micro_f1(sums: Floats) -> Floats:
    """Micro F1 = 2 tp / (2 tp + fp + fn) of summed tp, fp, fn; 0 when all are 0 (van Rijsbergen 1979)."""
    twice = 2.0 * sums[..., 0]
    below = twice + sums[..., 1] + sums[..., 2]
    return np.asarray(np.divide(twice, below, out=np.zeros_like(below), where=below > 0), dtype=np.float64)


def gather(
    scores: ArrayLike,
    kind: Kind,
    items: Labels = None,
    clusters: Labels = None,
    statistic: Statistic = micro_f1,
    weights: Floats | None = None,
) -> Units:
    """Check (variants, rows[, columns]) and bring it to units; `items` and `clusters` label the rows.

    `weights` of labelled items without epochs: the mean is then the weighted one, of words instead of texts, say.
    """
    table = _checked(scores, kind)
    variants, rows, columns = table.shape
    wide = np.ascontiguousarray(table.transpose(1, 0, 2)).reshape(rows, variants * columns)
    item_codes, cluster_codes = _codes(items, rows, "item ids"), _codes(clusters, rows, "cluster labels")
    if item_codes is not None:
        wide, cluster_codes = _average_epochs(wide, item_codes, cluster_codes)
        if len(wide) < rows and kind == "binary":
            kind = "real"
    n = len(wide)
    counted: Floats = np.ones(n)
    if weights is not None and item_codes is not None:
        counted = weights[np.argsort(item_codes)] / weights.mean()
    if item_codes is None and cluster_codes is None:
        wide = _by_content(wide, variants)
    sums: Floats = wide * counted[:, None]
    sizes = counted
    if cluster_codes is not None:
        sums, sizes = _group_sums(sums, cluster_codes), np.bincount(cluster_codes, counted).astype(np.float64)
    item_scores = wide.reshape(n, variants, columns).transpose(1, 0, 2)
    totals = _on_grid(sums.reshape(len(sizes), variants, columns).transpose(1, 0, 2))
    weighted = item_scores * counted[:, None]
    exact = np.array([[fsum(column) for column in variant.T] for variant in weighted])
    if kind != "counts":
        statistic = mean_of_sums
        held = np.broadcast_to(sizes[None, :, None], (variants, len(sizes), 1))
        totals = np.concatenate([totals, held], axis=2)
        exact = np.concatenate([exact, np.full((variants, 1), float(n))], axis=1)
    values = np.asarray(statistic(exact), dtype=np.float64)
    return Units(kind, item_scores, totals, _influence(totals, kind, statistic), values, statistic)


def side_by_side(several: Sequence[Units]) -> Units:
    """One for tables of the same kind with as many items and units, which then share their draws.

    Unit 7 of one table is not unit 7 of another. That matters only to pairs, which must stay within their table.
    """
    if len(several) == 1:
        return several[0]
    return replace(
        several[0],
        scores=np.concatenate([units.scores for units in several]),
        totals=np.concatenate([units.totals for units in several]),
        influence=np.concatenate([units.influence for units in several]),
        values=np.concatenate([units.values for units in several]),
    )


def as_numbers(scores: ArrayLike) -> Floats:
    """An array of numbers, or one line that says why not."""
    try:
        return np.asarray(scores, dtype=np.float64)
    except (TypeError, ValueError):
        raise Refusal(
            "scores are missing or not numbers in equally long lists; align both by item first"
        ) from None


def _checked(scores: ArrayLike, kind: Kind) -> Floats:
    table = as_numbers(scores)
    if kind not in ("binary", "real", "counts"):
        raise Refusal(f"kind {kind!r} is unknown; use 'binary', 'real' or 'counts'")
    if table.ndim != (3 if kind == "counts" else 2):
        shape = "(variants, rows, columns)" if kind == "counts" else "(variants, rows)"
        raise Refusal(f"scores of kind '{kind}' have {table.ndim} dimensions; {shape} is needed")
    if 0 in table.shape:
        raise Refusal("there are no scores; nothing can be compared")
    bad = int(table.size - np.isfinite(table).sum())
    if bad:
        raise Refusal(f"{bad} scores are missing or infinite; drop those items and count them first")
    if kind == "binary" and not bool(((table == 0) | (table == 1)).all()):
        raise Refusal("binary scores other than 0 and 1; use kind 'real'")
    if kind == "counts" and bool((table < 0).any()):
        raise Refusal("negative counts; tp, fp and fn are 0 or more")
    return table if kind == "counts" else table[:, :, None]


def _codes(labels: Labels, rows: int, what: str) -> Integers | None:
    if labels is None:
        return None
    codes = np.asarray(labels)
    if codes.shape != (rows,):
        raise Refusal(f"{len(labels)} {what} for {rows} rows; one for each row is needed")
    if codes.dtype == object:
        if any(label is None or label != label for label in codes):
            raise Refusal(f"some {what} are missing; give every row one")
        codes = codes.astype(str)
    if codes.dtype.kind == "f" and not bool(np.isfinite(codes).all()):
        raise Refusal(f"some {what} are missing; give every row one")
    return np.unique(codes, return_inverse=True)[1].astype(np.int64)


def _average_epochs(
    wide: Floats, item_codes: Integers, cluster_codes: Integers | None
) -> tuple[Floats, Integers | None]:
    """One row an item, in the order of the ids, and the cluster of each."""
    first = np.unique(item_codes, return_index=True)[1]
    if cluster_codes is not None:
        if bool((cluster_codes[first][item_codes] != cluster_codes).any()):
            raise Refusal("an item stands in two clusters; give all epochs of an item the same cluster")
        cluster_codes = cluster_codes[first]
    if len(first) == len(wide):
        return wide[first], cluster_codes
    return _group_sums(wide, item_codes) / np.bincount(item_codes)[:, None], cluster_codes


def _group_sums(wide: Floats, codes: Integers) -> Floats:
    """Sums by group. Each column is added up from its smallest value, so that neither the order of the rows
    nor the other columns can change a last bit."""
    starts = np.concatenate([[0], np.cumsum(np.bincount(codes))[:-1]])
    return np.stack([np.add.reduceat(x[np.lexsort((x, codes))], starts) for x in wide.T], axis=1)


def _by_content(wide: Floats, variants: int) -> Floats:
    """Rows without labels, in the order of what they hold."""
    ordered = wide[np.lexsort(wide.T[::-1])]
    if variants == 2:
        # The pairs (a, b) and (b, a) must draw the same items: the smaller of both orders is taken.
        half = wide.shape[1] // 2
        swapped = np.hstack([wide[:, half:], wide[:, :half]])
        other = np.lexsort(swapped.T[::-1])
        if swapped[other].tobytes() < ordered.tobytes():
            return np.asarray(wide[other], dtype=np.float64)
    return np.asarray(ordered, dtype=np.float64)


def _on_grid(sums: Floats) -> Floats:
    """Round to a grid so coarse that all signed sums of units are exact.

    Without it the last bits of a matrix product depend on the number of threads, and ties between a signed sum
    and the observed value are decided by rounding. The step is about 2**-52 of the largest value times the
    number of units.
    """
    # Each variant has its own grid: what it gets must not depend on which others are there.
    largest = np.abs(sums).max(axis=(1, 2))
    spare = ceil(log2(sums.shape[1] + 1)) - 52
    if bool((largest > 1e280).any() or ((largest > 0) & (largest < 1e-280)).any()):
        raise Refusal("scores are too large or too small to add up; give them in another unit")
    step = np.exp2(np.frexp(largest)[1] + spare)[:, None, None]
    return np.ascontiguousarray(np.round(sums / step) * step)


def _influence(totals: Floats, kind: Kind, statistic: Statistic) -> Floats:
    """The jackknife's influence of each unit: what leaving it out changes (Efron & Tibshirani 1993)."""
    groups = totals.shape[1]
    if groups == 1:
        return np.zeros(totals.shape[:2])
    whole = totals.sum(axis=1, keepdims=True)
    if kind != "counts":
        means = statistic(whole)
        rest = (whole - totals)[..., 1]
        change = (totals[..., 0] - means * totals[..., 1]) / rest
    else:
        change = -statistic(whole - totals)
    change = np.ascontiguousarray(change)
    return np.asarray((groups - 1) * (change - change.mean(axis=1, keepdims=True)), dtype=np.float64)


def standard_error(influence: Floats) -> float:
    """Jackknife standard error (Tukey 1958): sd / sqrt(n) for a mean of items, cluster-robust by cluster."""
    groups = len(influence)
    return sqrt(float((influence**2).sum()) / (groups * (groups - 1))) if groups > 1 else nan
