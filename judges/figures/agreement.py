"""How far marks agree: every figure between two raters, and those among any number of them.

Pure functions of weighted observations, so that one definition gives the figure and its resamples. Each is written down
with its source in docs/judges.md. Knows no file, no judge and no names of raters.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from judges.figures.resampled import Floats, Statistic, ratio

_CLOSE = 1e-9  # marks that differ by less are one mark
_MOST_PAIRS = 1_500  # distinct pairs of marks up to which Kendall's tau is resampled


@dataclass(frozen=True)
class Two:
    """The distinct pairs of marks (x, y) that two raters gave: what the weights count."""

    x: Floats
    y: Floats

    @property
    def size(self) -> int:
        return len(self.x)


def _share(two: Two, hit: Floats) -> Statistic:
    return lambda w: ratio(w @ hit, w.sum(axis=1))


def exact_agreement(two: Two) -> Statistic:
    return _share(two, (np.abs(two.x - two.y) < _CLOSE).astype(float))


def within_one(two: Two) -> Statistic:
    return _share(two, (np.abs(two.x - two.y) < 1 + _CLOSE).astype(float))


def mean_difference(two: Two) -> Statistic:
    return _share(two, two.x - two.y)


def mean_absolute_error(two: Two) -> Statistic:
    return _share(two, np.abs(two.x - two.y))


def root_mean_square_error(two: Two) -> Statistic:
    mean_square = _share(two, (two.x - two.y) ** 2)
    return lambda w: np.sqrt(mean_square(w))


def pearson(two: Two) -> Statistic:
    return lambda w: _correlation(w, *(np.broadcast_to(side, w.shape) for side in (two.x, two.y)))


def spearman(two: Two) -> Statistic:
    """Pearson's of the mid-ranks; ties share the mean of their ranks."""
    ranks = _midranks(two.x), _midranks(two.y)
    return lambda w: _correlation(w, ranks[0](w), ranks[1](w))


def kendall_tau_b(two: Two) -> Statistic:
    balance, ties = _concordance(two), (_ties(two.x), _ties(two.y))

    def tau(w: Floats) -> Floats:
        pairs = w.sum(axis=1) * (w.sum(axis=1) - 1) / 2
        return ratio(balance(w), np.sqrt((pairs - ties[0](w)) * (pairs - ties[1](w))))

    return tau


def kendall_tau_c(two: Two) -> Statistic:
    """Stuart's tau: 2 m (P - Q) / (n^2 (m - 1)), m the smaller number of distinct marks."""
    balance = _concordance(two)
    least = min(len(_levels(two.x)[0]), len(_levels(two.y)[0]))
    return lambda w: ratio(2 * least * balance(w), w.sum(axis=1) ** 2 * (least - 1))


def cohen_kappa(two: Two) -> Statistic:
    return _kappa(two, lambda a, b: (np.abs(a - b) > _CLOSE).astype(float))


def linear_weighted_kappa(two: Two) -> Statistic:
    return _kappa(two, lambda a, b: np.abs(a - b))


def quadratic_weighted_kappa(two: Two) -> Statistic:
    return _kappa(two, lambda a, b: (a - b) ** 2)


def linear_kappa_by_position(two: Two) -> Statistic:
    return linear_weighted_kappa(_positions(two))


def quadratic_kappa_by_position(two: Two) -> Statistic:
    """The distance is that of places among the levels in use, not of the marks: 1, 2, 5 are 0, 1, 2."""
    return quadratic_weighted_kappa(_positions(two))


BETWEEN_TWO: dict[str, tuple[str, Callable[[Two], Statistic]]] = {
    "exact_agreement": ("Exact agreement", exact_agreement),
    "within_one": ("Agreement within one", within_one),
    "mean_difference": ("Mean difference (judge less label)", mean_difference),
    "mean_absolute_error": ("Mean absolute error", mean_absolute_error),
    "root_mean_square_error": ("Root mean square error", root_mean_square_error),
    "cohen_kappa": ("Cohen's kappa, unweighted", cohen_kappa),
    "linear_weighted_kappa": ("Cohen's kappa, linear weights", linear_weighted_kappa),
    "quadratic_weighted_kappa": ("Cohen's kappa, quadratic weights", quadratic_weighted_kappa),
    "linear_kappa_by_position": ("Linear kappa by place of the level", linear_kappa_by_position),
    "quadratic_kappa_by_position": ("Quadratic kappa by place of the level", quadratic_kappa_by_position),
    "pearson": ("Pearson's r", pearson),
    "spearman": ("Spearman's rho", spearman),
    "kendall_tau_b": ("Kendall's tau-b", kendall_tau_b),
    "kendall_tau_c": ("Kendall's tau-c", kendall_tau_c),
}
# Those that ask for marks on the scale's levels: a mean of raters is rounded before it comes to them.
BY_LEVEL = (
    "exact_agreement",
    "cohen_kappa",
    "linear_weighted_kappa",
    "quadratic_weighted_kappa",
    "linear_kappa_by_position",
    "quadratic_kappa_by_position",
)


def _positions(two: Two) -> Two:
    levels = _levels(np.concatenate([two.x, two.y]))[1].astype(float)
    return Two(levels[: two.size], levels[two.size :])


def _kappa(two: Two, distance: Callable[[Floats, Floats], Floats]) -> Statistic:
    """1 - observed / expected disagreement, the latter from the two raters' own shares (Cohen 1960, 1968)."""
    (u, at_u), (v, at_v) = _levels(two.x), _levels(two.y)
    in_u, in_v = np.eye(len(u))[at_u], np.eye(len(v))[at_v]
    apart, observed = distance(u[:, None], v[None, :]), distance(two.x, two.y)

    def kappa(w: Floats) -> Floats:
        n = w.sum(axis=1)
        expected = (((w @ in_u) @ apart) * (w @ in_v)).sum(axis=1)
        return 1.0 - ratio((w @ observed) * n, expected)

    return kappa


def _correlation(w: Floats, a: Floats, b: Floats) -> Floats:
    n = w.sum(axis=1, keepdims=True)
    a, b = (side - (w * side).sum(axis=1, keepdims=True) / n for side in (a, b))
    spread = (w * a * a).sum(axis=1) * (w * b * b).sum(axis=1)
    return np.clip(ratio((w * a * b).sum(axis=1), np.sqrt(spread)), -1.0, 1.0)


def _levels(values: Floats) -> tuple[Floats, np.ndarray]:
    """The distinct marks in rising order, and the place of each mark among them."""
    found, at = np.unique(np.round(values, 9), return_inverse=True)
    return found, at.reshape(-1)


def _margins(values: Floats) -> Callable[[Floats], Floats]:
    """How often each level stands, a row of weights at a time."""
    levels, at = _levels(values)
    if len(levels) * len(at) > 2**22:
        return lambda w: np.stack([np.bincount(at, row, len(levels)) for row in w])
    chosen = np.eye(len(levels))[at]
    return lambda w: w @ chosen


def _midranks(values: Floats) -> Callable[[Floats], Floats]:
    at, margins = _levels(values)[1], _margins(values)

    def ranks(w: Floats) -> Floats:
        counts = margins(w)
        middle: Floats = (np.cumsum(counts, axis=1) - counts / 2 + 0.5)[:, at]
        return middle

    return ranks


def _ties(values: Floats) -> Statistic:
    margins = _margins(values)
    return lambda w: (margins(w) * (margins(w) - 1) / 2).sum(axis=1)


def _concordance(two: Two) -> Statistic:
    """Concordant less discordant pairs of items. Of very many distinct pairs of marks there is the figure alone."""
    if two.size <= _MOST_PAIRS:
        signs = np.sign(two.x[:, None] - two.x) * np.sign(two.y[:, None] - two.y)
        return lambda w: ((w @ signs) * w).sum(axis=1) / 2

    def once(w: Floats) -> Floats:
        if len(w) > 1:
            return np.full(len(w), np.nan)
        total = 0.0
        for at in range(two.size):
            signs = np.sign(two.x[at] - two.x[:at]) * np.sign(two.y[at] - two.y[:at])
            total += float(w[0, at] * (signs @ w[0, :at]))
        return np.array([total])

    return once
