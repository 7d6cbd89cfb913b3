"""The mean mark, put right by some labels: prediction-powered estimates (Angelopoulos et al. 2023), and labels needed.

The judge marks all items, people some of them; the labelled ones say by how much the judge is off, the others bring
their number. Pure functions of numbers. Knows no file and no judge.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, inf, isfinite, sqrt

import numpy as np
from scipy import special

from proctor.common.agreement.bootstrap import Bootstrap, Floats, Interval
from proctor.common.refusal import Refusal
from proctor.judges.figures.ratings import POOLED, together
from proctor.judges.figures.reported import Columns, Report

LEAST_LABELS = 3


@dataclass(frozen=True)
class Estimate:
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
) -> Estimate:  # fmt: skip
    """weight * mean(unlabelled) + mean(labels - weight * judged); no weight: the one with the least variance (PPI++).

    `labels` and `judged` are marks of the same items. The standard error is that of the two means, from their
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
    return Estimate(value, value - reach, value + reach, se, weight, n, others)


def best_weight(labels: Floats, judged: Floats, unlabelled: Floats) -> float:
    """cov(labels, judged) / ((1 + n/N) var(judged of all)), between 0 and 1 (Angelopoulos, Duchi, Zrnic 2023).

    The covariance is over n, the variance over n + N - 1.
    """
    spread = float(np.concatenate([judged, unlabelled]).var(ddof=1))
    if spread < 1e-12:
        return 0.0
    along = float(np.cov(labels, judged, ddof=0)[0, 1])
    return min(1.0, max(0.0, along / ((1 + len(labels) / len(unlabelled)) * spread)))


def corrected_means(report: Report, columns: Columns, bootstrap: Bootstrap) -> None:
    """Into the report, for every rater and their mean: the judge's mean, the labels' mean, and both together."""
    if columns.dimension == POOLED:
        return
    raters = dict(columns.judge)
    if len(raters) > 1:
        raters["mean of raters"] = together(np.stack(list(raters.values()), axis=1), "mean")
    for rater, marks in raters.items():
        _mean(report, columns, rater, marks, bootstrap, "judge")
        if columns.labels:
            _corrected(report, columns, rater, marks, bootstrap)
        else:
            report.lack("corrected_mean", "no labels were given (--labels)")
    for rater, marks in columns.labels.items():
        _mean(report, columns, rater, marks, bootstrap, "label")


def _mean(
    report: Report, columns: Columns, rater: str, marks: Floats, bootstrap: Bootstrap, side: str
) -> None:
    """The mean of somebody's marks, and their standard deviation over n - 1."""
    there = ~np.isnan(marks)
    if not there.any():
        return
    middle = float(marks[there].mean())
    groups: dict[str, Floats] = {}
    for cluster, mark in zip(np.array(columns.clusters)[there], marks[there] - middle, strict=True):
        groups.setdefault(str(cluster), np.zeros(3))[:] += (1.0, mark, mark * mark)
    sums = np.array([groups[cluster] for cluster in sorted(groups)])

    def deviation(w: Floats) -> Floats:
        n, total, squares = w.T
        found: Floats = np.sqrt(np.maximum(squares - total**2 / n, 0.0) / np.where(n > 1, n - 1, np.nan))
        return found

    found = bootstrap.each({"mean": lambda w: middle + w[:, 1] / w[:, 0], "sd": deviation}, sums)
    whose = columns.dimension, rater, "no label"
    for name, title in (("mean", "Mean"), ("sd", "Standard deviation")):
        report.add(f"{side}_{name}", f"{title} of the {side}'s marks", whose, found[name], int(there.sum()))


def _corrected(report: Report, columns: Columns, rater: str, marks: Floats, bootstrap: Bootstrap) -> None:
    labels = together(np.stack(list(columns.labels.values()), axis=1), "mean")
    both, alone = ~np.isnan(marks) & ~np.isnan(labels), ~np.isnan(marks) & np.isnan(labels)
    n, others = int(both.sum()), int(alone.sum())
    whose = columns.dimension, rater, "mean of labels"
    if n < LEAST_LABELS or not others:
        why = f"{n} labelled items, at least {LEAST_LABELS} needed" if others else "every item has a label"
        report.lack("corrected_mean", f"{columns.dimension}, {rater}: {why}")
        return
    clusters = np.array(columns.clusters)
    grouped = None
    if len(set(columns.clusters)) < len(columns.clusters):
        grouped = list(clusters[both]), list(clusters[alone])
    for name, title, weight in (
        ("corrected_mean", "Prediction-powered mean, tuned (PPI++)", None),
        ("corrected_mean_weight_1", "Prediction-powered mean, weight 1 (PPI)", 1.0),
        ("labels_mean", "Mean of the labelled items alone", 0.0),
    ):
        found = prediction_powered(labels[both], marks[both], marks[alone], weight, bootstrap.alpha, grouped)
        note = f"{n} labels, {others} items without, weight {found.weight:.3f}"
        interval = Interval(found.value, found.low, found.high)
        report.add(name, title, whose, interval, n if weight == 0.0 else n + others, note)


@dataclass(frozen=True)
class Needed:
    """Labels for an interval of the wanted width: with the judge's help, and without it. None: no number will do."""

    width: float
    with_judge: int | None
    without_judge: int
    sd: float
    correlation: float
    items: int


def labels_needed(width: float, sd: float, correlation: float, items: int, alpha: float = 0.05) -> Needed:
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
    return Needed(width, with_judge, alone or 0, sd, correlation, items)


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
        raise Refusal(f"{len(items)} items have a mark and a label; at least {LEAST_LABELS} are needed")
    x, y = (np.array([side[item] for item in items]) for side in (judged, labels))
    sd = float(y.std(ddof=1))
    if sd < 1e-12:
        raise Refusal("all labels are the same mark; no spread can be learned from them; give --sd")
    return sd, float(np.corrcoef(x, y)[0, 1]) if x.std() > 1e-12 else 0.0
