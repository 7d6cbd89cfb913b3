"""How far marks agree: every figure between two raters, and those among any number of them.

Pure functions of weighted observations, so that one definition gives the figure and its resamples. Each is written down
with its source in docs/judges.md. Knows no file, no judge and no names of raters.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from proctor.common.agreement.bootstrap import Floats, Statistic, ratio

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


def kendall_tau_a(two: Two) -> Statistic:
    """(P - Q) / N: a tie counts against, on either side."""
    balance = _concordance(two)
    return lambda w: ratio(balance(w), w.sum(axis=1) * (w.sum(axis=1) - 1) / 2)


def goodman_kruskal_gamma(two: Two) -> Statistic:
    """(P - Q) / (P + Q): pairs of items that are tied on either side count nothing."""
    balance = _concordance(two)
    ties = _ties(two.x), _ties(two.y), _ties(_both(two))

    def gamma(w: Floats) -> Floats:
        pairs = w.sum(axis=1) * (w.sum(axis=1) - 1) / 2
        return ratio(balance(w), pairs - ties[0](w) - ties[1](w) + ties[2](w))

    return gamma


def concordance_correlation(two: Two) -> Statistic:
    """Lin's: 2 cov / (var x + var y + (mean x - mean y)^2), all over n."""

    def found(w: Floats) -> Floats:
        n = w.sum(axis=1)
        mean_x, mean_y = w @ two.x / n, w @ two.y / n
        together = w @ (two.x * two.y) / n - mean_x * mean_y
        apart = w @ ((two.x - two.y) ** 2) / n
        return ratio(2 * together, apart + 2 * together)

    return found


def macro(part: str) -> Callable[[Two], Statistic]:
    """The plain mean over the levels in use of precision, recall or F1; a level never named has 0. y is the truth."""

    def made(two: Two) -> Statistic:
        levels = _levels(np.concatenate([two.x, two.y]))[0]
        in_x, in_y = (np.abs(side[:, None] - levels) < _CLOSE for side in (two.x, two.y))

        def mean(w: Floats) -> Floats:
            said, true, both = (w @ one.astype(float) for one in (in_x, in_y, in_x & in_y))
            below = {"precision": said, "recall": true, "f1": (said + true) / 2}[part]
            found: Floats = np.where(below > 0, both / np.maximum(below, 1e-12), 0.0).mean(axis=1)
            return found

        return mean

    return made


def matthews_correlation(two: Two) -> Statistic:
    """Of any number of levels (Gorodkin 2004): the correlation of being in the same one."""
    levels = _levels(np.concatenate([two.x, two.y]))[0]
    in_x, in_y = (np.abs(side[:, None] - levels) < _CLOSE for side in (two.x, two.y))
    hit = (in_x & in_y).any(axis=1).astype(float)

    def found(w: Floats) -> Floats:
        n, said, true = w.sum(axis=1), w @ in_x.astype(float), w @ in_y.astype(float)
        free = (n**2 - (said**2).sum(axis=1)) * (n**2 - (true**2).sum(axis=1))
        return ratio((w @ hit) * n - (said * true).sum(axis=1), np.sqrt(free))

    return found


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
    "kendall_tau_a": ("Kendall's tau-a", kendall_tau_a),
    "goodman_kruskal_gamma": ("Goodman and Kruskal's gamma", goodman_kruskal_gamma),
    "concordance_correlation": ("Lin's concordance correlation", concordance_correlation),
    "macro_precision": ("Precision, mean of the levels", macro("precision")),
    "macro_recall": ("Recall, mean of the levels", macro("recall")),
    "macro_f1": ("F1, mean of the levels", macro("f1")),
    "matthews_correlation": ("Matthews' correlation of levels", matthews_correlation),
}
# Those that ask for marks on the scale's levels: a mean of raters is rounded before it comes to them.
BY_LEVEL = (
    "exact_agreement",
    "cohen_kappa",
    "linear_weighted_kappa",
    "quadratic_weighted_kappa",
    "linear_kappa_by_position",
    "quadratic_kappa_by_position",
    "macro_precision",
    "macro_recall",
    "macro_f1",
    "matthews_correlation",
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


def _both(two: Two) -> Floats:
    """A number for each distinct pair of marks."""
    (_, at_x), (levels, at_y) = _levels(two.x), _levels(two.y)
    found: Floats = (at_x * len(levels) + at_y).astype(np.float64)
    return found


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
