"""How sure, and how right: whether confidences are earned, and whether they tell right from wrong.

    calibration(confidence, right)          # Brier score with its parts, ECE with what chance makes of it, bins
    auroc(confidence, right, clusters)      # with an interval by cluster
    auroc_difference(a, b, clusters)        # of two variants on the same items
    risk_coverage(confidence, right)        # accuracy of the surest answers
    agreement(["7", "7", "8", None])        # of several answers to one item: modal share, entropy, whose answer it is

A confidence is a probability from 0 to 1, but for `auroc` and `risk_coverage` any number that grows with it will do.
`right` is 0 or 1. Rows with equal confidence are never told apart: no figure depends on the order of the rows.
"""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import log, sqrt

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from proctor.common.refusal import Refusal
from proctor.common.stats.binary import critical, tail
from proctor.common.stats.paired import estimate
from proctor.common.stats.units import Floats, Labels, standard_error

BINS = 10
DRAWS, SEED = 2_000, 0  # of what chance makes of the ECE of a calibrated model
NEAREST, FARTHEST = 0.01, 40.0  # standard errors between which p is looked for: below it is 1, beyond it 0


@dataclass(frozen=True)
class Bin:
    """Answers of like confidence: how many, how sure on the mean, and the share that is right with its interval."""

    n: int
    confidence: float
    accuracy: float
    low: float
    high: float


@dataclass(frozen=True)
class Calibration:
    """`brier` = reliability - resolution + uncertainty + within (Murphy 1973; the last for bins: Stephenson 2008).

    `ece_by_chance` is the mean ECE of a perfectly calibrated model with these confidences at this n, `p_calibrated` how
    often such a model has an ECE as large as this one. Answers of one cluster are then drawn as one: dependence as
    strong as it can be, so that copies of an answer refute nothing.
    """

    n: int
    accuracy: float
    confidence: float
    brier: float
    reliability: float
    resolution: float
    uncertainty: float
    within: float
    ece: float
    ece_by_chance: float
    p_calibrated: float
    bins: tuple[Bin, ...]

    @property
    def is_refuted(self) -> bool:
        """Whether chance alone hardly leaves confidences so far from the shares that are right."""
        return self.p_calibrated <= 0.05


def calibration(confidence: ArrayLike, right: ArrayLike, clusters: Labels = None) -> Calibration:
    """With ten bins of as many answers, fewer where there are few values or fewer than ten answers a bin."""
    sure, correct = _checked(confidence, right)
    if sure.min() < 0 or sure.max() > 1:
        raise Refusal("a confidence lies outside 0 to 1", remedy="give probabilities, or use auroc")
    codes = _bins(sure)
    counts = np.bincount(codes).astype(np.float64)
    means, shares = (np.bincount(codes, weights=values) / counts for values in (sure, correct))
    accuracy, weights = float(correct.mean()), counts / len(sure)
    brier = float(((sure - correct) ** 2).mean())
    reliability = float(weights @ (means - shares) ** 2)
    resolution = float(weights @ (shares - accuracy) ** 2)
    uncertainty = accuracy * (1 - accuracy)
    ece = float(weights @ np.abs(means - shares))
    labels = np.arange(len(sure)) if clusters is None else np.asarray(clusters)
    groups, group = np.unique(labels, return_inverse=True)
    drawn = np.random.default_rng(SEED).random((DRAWS, len(groups)))[:, group] < sure
    by_chance = np.zeros(DRAWS)
    for code, (mean, weight) in enumerate(zip(means, weights, strict=True)):
        by_chance += weight * np.abs(drawn[:, codes == code].mean(axis=1) - mean)
    return Calibration(
        n=len(sure),
        accuracy=accuracy,
        confidence=float(sure.mean()),
        brier=brier,
        reliability=reliability,
        resolution=resolution,
        uncertainty=uncertainty,
        within=brier - (reliability - resolution + uncertainty),
        ece=ece,
        ece_by_chance=float(by_chance.mean()),
        p_calibrated=float(1 + (by_chance >= ece - 1e-12).sum()) / (1 + DRAWS),
        bins=tuple(
            _bin(sure[codes == code], correct[codes == code], labels[codes == code])
            for code in range(len(counts))
        ),
    )


def _bin(sure: Floats, correct: Floats, clusters: Labels) -> Bin:
    low, high = 0.0, 1.0  # of a single cluster nothing is known
    if len(sure) == 1 or len(set(np.asarray(clusters).tolist())) > 1:
        share = estimate(correct, kind="binary", clusters=clusters)
        low, high = share.low, share.high
    return Bin(len(sure), float(sure.mean()), float(correct.mean()), low, high)


def _bins(sure: Floats) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Which bin each row is in. Equal confidences share one, so a bin may hold more than its part."""
    values, places = np.unique(sure, return_inverse=True)
    if len(values) <= BINS:
        return places.astype(np.int64)
    wanted = max(1, min(BINS, len(sure) // 10))
    # By the place of the last row with the value: a value goes into one bin as a whole.
    ends = np.cumsum(np.bincount(places))
    of_value = np.ceil(ends * wanted / len(sure)).astype(np.int64) - 1
    return np.unique(of_value, return_inverse=True)[1][places].astype(np.int64)


@dataclass(frozen=True)
class Auroc:
    """How often a right answer is the surer one of a right and a wrong one."""

    value: float
    low: float
    high: float


def auroc(
    confidence: ArrayLike, right: ArrayLike, clusters: Labels = None, alpha: float = 0.05
) -> Auroc | None:
    """None where all answers are right, or all are wrong. Newcombe's interval (2006, his method 5), on as many answers
    as DeLong's variance with clusters leaves (Obuchowski 1997): it has a width at 0 and at 1 too.
    """
    area = _area(confidence, right, clusters)
    if area is None:
        return None
    return Auroc(area.value, *area.limits(critical(alpha, area.groups)))


@dataclass(frozen=True)
class AurocDifference:
    """The first less the second, on the same answers' places."""

    difference: float
    low: float
    high: float
    p: float

    def turned(self) -> "AurocDifference":
        return AurocDifference(-self.difference, -self.high, -self.low, self.p)


def auroc_difference(
    a: tuple[ArrayLike, ArrayLike],
    b: tuple[ArrayLike, ArrayLike],
    clusters: Labels = None,
    alpha: float = 0.05,
) -> AurocDifference | None:
    """`a` and `b` are confidence and right of two variants, row by row for the same items. The interval is put
    together from both AUROCs' own and the correlation of their influences, by cluster (Zou & Donner 2008), so it has a
    width where both are perfect; p is where it would end at 0. Student's t, for the correlation is only as well known
    as the fewest right or wrong answers tell it.
    """
    first, second = _area(*a, clusters), _area(*b, clusters)
    if first is None or second is None:
        return None
    if len(first.influence) != len(second.influence):
        raise Refusal("two variants with other answers", remedy="align both by item")
    difference = first.value - second.value
    groups = min(len(first.influence), 2 * min(first.fewest, second.fewest) - 1)
    if groups == 1:  # of a single cluster, or a single wrong answer, nothing is known
        return AurocDifference(difference, -1.0, 1.0, 1.0)
    together = float(np.sqrt((first.influence**2).sum() * (second.influence**2).sum()))
    correlation = float(first.influence @ second.influence) / together if together > 0 else 0.0

    def limits(z: float) -> tuple[float, float]:
        (low_a, high_a), (low_b, high_b) = first.limits(z), second.limits(z)
        below = _joined(first.value - low_a, high_b - second.value, correlation)
        above = _joined(high_a - first.value, second.value - low_b, correlation)
        return max(-1.0, difference - below), min(1.0, difference + above)

    def nearest_to_zero(z: float) -> float:
        low, high = limits(z)
        return low if difference > 0 else -high

    low, high = limits(critical(alpha, groups))
    p = 1.0
    if nearest_to_zero(NEAREST) > 0:
        z = float(brentq(nearest_to_zero, NEAREST, FARTHEST)) if nearest_to_zero(FARTHEST) < 0 else FARTHEST
        p = 2 * tail(z, groups)
    return AurocDifference(difference, low, high, p)


def _joined(a: float, b: float, correlation: float) -> float:
    """How far a difference's limit lies from it, of the distances of both values' own limits."""
    return sqrt(max(0.0, a * a - 2 * correlation * a * b + b * b))


@dataclass(frozen=True)
class _Area:
    """An AUROC with the influence of each cluster, how many right and wrong answers it is worth, and how many clusters
    hold the rarer of both.
    """

    value: float
    influence: Floats
    m: float
    n: float
    groups: int | None
    fewest: int

    def limits(self, z: float) -> tuple[float, float]:
        if self.groups == 1:  # of a single cluster nothing is known
            return 0.0, 1.0
        return _newcombe(self.value, self.m, self.n, z)


def _area(confidence: ArrayLike, right: ArrayLike, clusters: Labels) -> _Area | None:
    sure, correct = _checked(confidence, right)
    m, n = int(correct.sum()), int(len(correct) - correct.sum())
    if not m or not n:
        return None
    good, bad = sure[correct == 1], sure[correct == 0]
    # Of each right answer the share of wrong ones below it, and the other way round; ties count half.
    above, below = _below(good, bad), _below(bad, good)
    value = float(above.mean())
    influence = np.empty(len(sure))
    influence[correct == 1] = (above - value) * len(sure) / m
    influence[correct == 0] = (1 - below - value) * len(sure) / n
    labels = np.arange(len(sure)) if clusters is None else np.asarray(clusters)
    codes = np.unique(labels, return_inverse=True)[1]
    totals = np.bincount(codes, weights=influence).astype(np.float64)
    groups = len(totals)
    worth = groups / len(sure)
    plain, robust = standard_error(influence) ** 2, standard_error(totals * groups / len(sure)) ** 2
    if robust > 0:  # not where all are told apart, nor where none is
        worth = min(plain, robust, _variance(value, m, n)) / robust
    fewest = min(len(np.unique(codes[correct == answer])) for answer in (0, 1))
    return _Area(value, totals, m * worth, n * worth, None if clusters is None else groups, fewest)


def _below(values: Floats, others: Floats) -> Floats:
    ordered = np.sort(others)
    places = np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right")
    return np.asarray(places / (2 * len(others)), dtype=np.float64)


def _newcombe(value: float, m: float, n: float, z: float) -> tuple[float, float]:
    """All areas from which the one seen is no further than z of their own standard errors."""

    def distance(area: float) -> float:
        return abs(value - area) - z * sqrt(max(_variance(area, m, n), 0.0))

    low, high = 0.0, 1.0
    if value > 0:
        low = float(brentq(distance, 0.0, min(value, 1 - 1e-9)))  # at 1 itself the standard error is 0
    if value < 1:
        high = float(brentq(distance, max(value, 1e-9), 1.0))
    return low, high


def _variance(area: float, m: float, n: float) -> float:
    """Of an AUROC, where right and wrong answers vary alike (Hanley & McNeil 1982, m and n for their mean)."""
    mean = (m + n) / 2 - 1
    return area * (1 - area) * (1 + mean * (1 - area) / (2 - area) + mean * area / (1 + area)) / (m * n)


@dataclass(frozen=True)
class RiskCoverage:
    """`coverage` and `accuracy` where a group of equal confidences ends, the surest first."""

    coverage: Floats
    accuracy: Floats

    def at(self, coverage: float) -> float:
        """Accuracy of the surest answers that make up this share; of equals, the share that is right counts."""
        right = np.interp(
            coverage,
            np.concatenate([[0.0], self.coverage]),
            np.concatenate([[0.0], self.coverage * self.accuracy]),
        )
        return float(right) / coverage


def risk_coverage(confidence: ArrayLike, right: ArrayLike) -> RiskCoverage:
    """
    >>> risk_coverage([0.9, 0.8, 0.7, 0.6], [1, 1, 0, 0]).at(0.5)
    1.0
    """
    sure, correct = _checked(confidence, right)
    values, places = np.unique(-sure, return_inverse=True)
    counts = np.cumsum(np.bincount(places, minlength=len(values))).astype(np.float64)
    sums = np.cumsum(np.bincount(places, weights=correct, minlength=len(values)))
    return RiskCoverage(counts / len(sure), sums / counts)


@dataclass(frozen=True)
class AnswerAgreement:
    """Of several answers to one item. `modal` is the index of the first answer that is like most."""

    share: float
    entropy: float
    modal: int


def agreement(answers: Sequence[Hashable | None]) -> AnswerAgreement:
    """Answers that are equal mean the same; None, no answer that could be read, is a class of its own. Entropy in nats.

    >>> agreement(["7", "7", "8", None]).share
    0.5
    """
    if not answers:
        raise Refusal("no answers to compare")
    counts = Counter(answers)
    most = max(counts.values())
    shares = [count / len(answers) for count in counts.values()]
    entropy = max(0.0, -sum(share * log(share) for share in sorted(shares)))
    modal = next(index for index, answer in enumerate(answers) if counts[answer] == most)
    return AnswerAgreement(most / len(answers), entropy, modal)


def _checked(confidence: ArrayLike, right: ArrayLike) -> tuple[Floats, Floats]:
    sure, correct = (np.asarray(values, dtype=np.float64) for values in (confidence, right))
    if sure.shape != correct.shape or sure.ndim != 1:
        raise Refusal(f"{sure.size} confidences for {correct.size} answers", remedy="align both by item")
    if not len(sure):
        raise Refusal("there are no confidences")
    if not bool(np.isfinite(sure).all()) or not bool(((correct == 0) | (correct == 1)).all()):
        raise Refusal(
            "a confidence is missing, or an answer neither right nor wrong", remedy="leave those out"
        )
    return sure, correct
