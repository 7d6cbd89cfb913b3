"""The mean score, put right by some labels: prediction-powered estimates (Angelopoulos et al. 2023), and labels needed.

The judge scores all items, people some of them; the labelled ones say by how much the judge is off, the others bring
their number.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, inf, isfinite, sqrt

import numpy as np
from scipy import special

from proctor.common.refusal import Refusal
from proctor.common.stats.bootstrap import Floats

LEAST_LABELS = 3


@dataclass(frozen=True)
class CorrectedMean:
    """`weight` is how far the judge is listened to: 0 the labels alone, 1 the judge as if it were right on average."""

    value: float
    low: float
    high: float
    se: float
    weight: float
    labelled: int
    unlabelled: int


def prediction_powered(
    labels: Floats, judged: Floats, unlabelled: Floats, weight: float | None = None, alpha: float = 0.05,
    clusters: tuple[Sequence[str], Sequence[str]] | None = None,
) -> CorrectedMean:  # fmt: skip
    """weight * mean(unlabelled) + mean(labels - weight * judged); no weight: the one with the least variance (PPI++).

    `labels` and `judged` are scores of the same items. The standard error is that of the two means, from their
    influence by item, or by cluster where items hang together; the interval has t quantiles of labelled units - 1.
    """
    n, others = len(labels), len(unlabelled)
    if weight is None:
        weight = best_weight(labels, judged, unlabelled)
    rest = labels - weight * judged
    value = weight * float(unlabelled.mean()) + float(rest.mean())
    inside, outside = (rest - rest.mean()) / n, weight * (unlabelled - unlabelled.mean()) / others
    if clusters is None:
        variance = float((inside**2).sum()) * n / (n - 1)
        variance += float((outside**2).sum()) * others / max(others - 1, 1)
        units = n
    else:
        by_cluster: dict[str, float] = {}
        named = [*clusters[0], *clusters[1]]
        for cluster, part in zip(named, np.concatenate([inside, outside]), strict=True):
            by_cluster[cluster] = by_cluster.get(cluster, 0.0) + float(part)
        units, groups = len(set(clusters[0])), len(by_cluster)
        variance = sum(by_cluster[name] ** 2 for name in sorted(by_cluster)) * groups / (groups - 1)
    se = sqrt(variance)
    reach = float(special.stdtrit(max(units - 1, 1), 1 - alpha / 2)) * se
    return CorrectedMean(value, value - reach, value + reach, se, weight, n, others)


def best_weight(labels: Floats, judged: Floats, unlabelled: Floats) -> float:
    """cov(labels, judged) / ((1 + n/N) var(judged of all)), between 0 and 1 (Angelopoulos, Duchi, Zrnic 2023).

    The covariance is over n, the variance over n + N - 1.
    """
    spread = float(np.concatenate([judged, unlabelled]).var(ddof=1))
    if spread < 1e-12:
        return 0.0
    along = float(np.cov(labels, judged, ddof=0)[0, 1])
    return min(1.0, max(0.0, along / ((1 + len(labels) / len(unlabelled)) * spread)))


@dataclass(frozen=True)
class LabelsNeeded:
    """Labels for an interval of the wanted width: with the judge's help, and without it. None: no number will do."""

    width: float
    with_judge: int | None
    without_judge: int
    sd: float
    correlation: float
    items: int


def labels_needed(
    width: float, sd: float, correlation: float, items: int, alpha: float = 0.05
) -> LabelsNeeded:
    """How many of `items` to label at random so that the interval of the mean is at most `width` wide.

    Variance with n labels and N = items - n: sd^2 / n * (1 - r^2 N / (n + N)), that of the tuned estimate.
    """
    if not (width > 0 and isfinite(width)):
        raise Refusal(f"the width is {width}; it must be a number above 0")
    if not (sd > 0 and isfinite(sd) and -1 <= correlation <= 1):
        raise Refusal(f"sd {sd} and correlation {correlation}: the sd is above 0, the correlation in -1..1")
    helpful = max(0.0, correlation)

    def wide(n: int, r: float, total: float) -> float:
        unlabelled = max(total - n, 0.0)
        share = 1.0 if total == inf else unlabelled / (n + unlabelled)
        return 2 * float(special.stdtrit(n - 1, 1 - alpha / 2)) * sd * sqrt((1 - r * r * share) / n)

    with_judge = _least(lambda n: wide(n, helpful, items) <= width, LEAST_LABELS, items)
    alone = _least(lambda n: wide(n, 0.0, inf) <= width, LEAST_LABELS, ceil((8 * sd / width) ** 2) + 100)
    return LabelsNeeded(width, with_judge, alone or 0, sd, correlation, items)


def _least(holds: Callable[[int], bool], first: int, last: int) -> int | None:
    """The smallest number for which it holds; it holds for all above."""
    if last < first or not holds(last):
        return None
    low, high = first, last
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low


def pilot(judged: Mapping[str, float], labels: Mapping[str, float]) -> tuple[float, float]:
    """Standard deviation of the labels and their correlation with the judge, from items that have both."""
    items = sorted(set(judged) & set(labels))
    if len(items) < LEAST_LABELS:
        raise Refusal(f"{len(items)} items have a score and a label; at least {LEAST_LABELS} are needed")
    x, y = (np.array([side[item] for item in items]) for side in (judged, labels))
    sd = float(y.std(ddof=1))
    if sd < 1e-12:
        raise Refusal("all labels are the same score; no spread can be learned from them; give --sd")
    return sd, float(np.corrcoef(x, y)[0, 1]) if x.std() > 1e-12 else 0.0
