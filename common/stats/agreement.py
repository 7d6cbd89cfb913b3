"""How far the scores of two raters agree: every figure that docs/judges.md defines, by its name there.

Functions of weighted observations, so that one definition gives the figure and its resamples.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from proctor.common.stats.bootstrap import Floats, Statistic, ratio

_CLOSE = 1e-9  # scores that differ by less are one score
_MOST_PAIRS = 1_500  # distinct pairs of scores up to which Kendall's tau is resampled


@dataclass(frozen=True)
class ScorePairs:
    """The distinct pairs of scores (x, y) that two raters gave: what the weights count."""

    x: Floats
    y: Floats

    @property
    def size(self) -> int:
        return len(self.x)

    @property
    def rows(self) -> Floats:
        """As the figures among any number of raters read them."""
        return np.stack([self.x, self.y], axis=1)


Figure = Callable[[ScorePairs], Statistic]


def _mean_of(part: Callable[[Floats, Floats], Any]) -> Figure:
    """The mean of what each pair of scores gives."""

    def made(pairs: ScorePairs) -> Statistic:
        values = np.asarray(part(pairs.x, pairs.y), dtype=np.float64)
        return lambda w: ratio(w @ values, w.sum(axis=1))

    return made


_mean_square_error = _mean_of(lambda x, y: (x - y) ** 2)


def root_mean_square_error(pairs: ScorePairs) -> Statistic:
    mean_square = _mean_square_error(pairs)
    return lambda w: np.sqrt(mean_square(w))


def pearson(pairs: ScorePairs) -> Statistic:
    return lambda w: _correlation(w, *(np.broadcast_to(side, w.shape) for side in (pairs.x, pairs.y)))


def spearman(pairs: ScorePairs) -> Statistic:
    """Pearson's of the mid-ranks; ties share the mean of their ranks."""
    ranks = _midranks(pairs.x), _midranks(pairs.y)
    return lambda w: _correlation(w, ranks[0](w), ranks[1](w))


def kendall_tau_b(pairs: ScorePairs) -> Statistic:
    balance, ties = _concordance(pairs), (_ties(pairs.x), _ties(pairs.y))

    def tau(w: Floats) -> Floats:
        pairs = w.sum(axis=1) * (w.sum(axis=1) - 1) / 2
        return ratio(balance(w), np.sqrt((pairs - ties[0](w)) * (pairs - ties[1](w))))

    return tau


def kendall_tau_c(pairs: ScorePairs) -> Statistic:
    """Stuart's tau: 2 m (P - Q) / (n^2 (m - 1)), m the smaller number of distinct scores."""
    balance = _concordance(pairs)
    least = min(len(_levels(pairs.x)[0]), len(_levels(pairs.y)[0]))
    return lambda w: ratio(2 * least * balance(w), w.sum(axis=1) ** 2 * (least - 1))


def kendall_tau_a(pairs: ScorePairs) -> Statistic:
    """(P - Q) / N: a tie counts against, on either side."""
    balance = _concordance(pairs)
    return lambda w: ratio(balance(w), w.sum(axis=1) * (w.sum(axis=1) - 1) / 2)


def goodman_kruskal_gamma(pairs: ScorePairs) -> Statistic:
    """(P - Q) / (P + Q): pairs of items that are tied on either side count nothing."""
    balance = _concordance(pairs)
    (_, at_x), (levels, at_y) = _levels(pairs.x), _levels(pairs.y)
    ties = _ties(pairs.x), _ties(pairs.y), _ties((at_x * len(levels) + at_y).astype(np.float64))

    def gamma(w: Floats) -> Floats:
        pairs = w.sum(axis=1) * (w.sum(axis=1) - 1) / 2
        return ratio(balance(w), pairs - ties[0](w) - ties[1](w) + ties[2](w))

    return gamma


def concordance_correlation(pairs: ScorePairs) -> Statistic:
    """Lin's: 2 cov / (var x + var y + (mean x - mean y)^2), all over n."""

    def concordance(w: Floats) -> Floats:
        n = w.sum(axis=1)
        mean_x, mean_y = w @ pairs.x / n, w @ pairs.y / n
        together = w @ (pairs.x * pairs.y) / n - mean_x * mean_y
        apart = w @ ((pairs.x - pairs.y) ** 2) / n
        return ratio(2 * together, apart + 2 * together)

    return concordance


def macro(part: str) -> Figure:
    """The plain mean over the levels in use of precision, recall or F1; a level never named has 0. y is the truth."""

    def made(pairs: ScorePairs) -> Statistic:
        levels = _levels(np.concatenate([pairs.x, pairs.y]))[0]
        in_x, in_y = (np.abs(side[:, None] - levels) < _CLOSE for side in (pairs.x, pairs.y))

        def mean(w: Floats) -> Floats:
            named, true, both = (w @ there.astype(float) for there in (in_x, in_y, in_x & in_y))
            below = {"precision": named, "recall": true, "f1": (named + true) / 2}[part]
            means: Floats = np.where(below > 0, both / np.maximum(below, 1e-12), 0.0).mean(axis=1)
            return means

        return mean

    return made


def matthews_correlation(pairs: ScorePairs) -> Statistic:
    """Of any number of levels (Gorodkin 2004): the correlation of being in the same one."""
    levels = _levels(np.concatenate([pairs.x, pairs.y]))[0]
    in_x, in_y = (np.abs(side[:, None] - levels) < _CLOSE for side in (pairs.x, pairs.y))
    hit = (in_x & in_y).any(axis=1).astype(float)

    def correlation(w: Floats) -> Floats:
        n, named, true = w.sum(axis=1), w @ in_x.astype(float), w @ in_y.astype(float)
        free = (n**2 - (named**2).sum(axis=1)) * (n**2 - (true**2).sum(axis=1))
        return ratio((w @ hit) * n - (named * true).sum(axis=1), np.sqrt(free))

    return correlation


def _kappa(distance: Callable[[Floats, Floats], Floats]) -> Figure:
    """1 - observed / expected disagreement, the latter from the two raters' own shares (Cohen 1960, 1968)."""

    def made(pairs: ScorePairs) -> Statistic:
        (u, at_u), (v, at_v) = _levels(pairs.x), _levels(pairs.y)
        in_u, in_v = np.eye(len(u))[at_u], np.eye(len(v))[at_v]
        apart, observed = distance(u[:, None], v[None, :]), distance(pairs.x, pairs.y)

        def kappa(w: Floats) -> Floats:
            expected = (((w @ in_u) @ apart) * (w @ in_v)).sum(axis=1)
            return 1.0 - ratio((w @ observed) * w.sum(axis=1), expected)

        return kappa

    return made


cohen_kappa = _kappa(lambda a, b: (np.abs(a - b) > _CLOSE).astype(float))

BETWEEN_TWO: dict[str, tuple[str, Figure]] = {
    "exact_agreement": ("Exact agreement", _mean_of(lambda x, y: np.abs(x - y) < _CLOSE)),
    "within_one": ("Agreement within one", _mean_of(lambda x, y: np.abs(x - y) < 1 + _CLOSE)),
    "mean_difference": ("Mean difference (judge less label)", _mean_of(np.subtract)),
    "mean_absolute_error": ("Mean absolute error", _mean_of(lambda x, y: np.abs(x - y))),
    "root_mean_square_error": ("Root mean square error", root_mean_square_error),
    "cohen_kappa": ("Cohen's kappa, unweighted", cohen_kappa),
    "linear_weighted_kappa": ("Cohen's kappa, linear weights", _kappa(lambda a, b: np.abs(a - b))),
    "quadratic_weighted_kappa": ("Cohen's kappa, quadratic weights", _kappa(lambda a, b: (a - b) ** 2)),
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
# Those that ask for scores on the scale's levels: a mean of raters is rounded before it comes to them.
BY_LEVEL = (
    "exact_agreement", "cohen_kappa", "linear_weighted_kappa", "quadratic_weighted_kappa", "macro_precision",
    "macro_recall", "macro_f1", "matthews_correlation",
)  # fmt: skip


def _correlation(w: Floats, a: Floats, b: Floats) -> Floats:
    n = w.sum(axis=1, keepdims=True)
    a, b = (side - (w * side).sum(axis=1, keepdims=True) / n for side in (a, b))
    spread = (w * a * a).sum(axis=1) * (w * b * b).sum(axis=1)
    return np.clip(ratio((w * a * b).sum(axis=1), np.sqrt(spread)), -1.0, 1.0)


def _levels(values: Floats) -> tuple[Floats, np.ndarray]:
    """The distinct scores in rising order, and the place of each score among them."""
    levels, places = np.unique(np.round(values, 9), return_inverse=True)
    return levels, places.reshape(-1)


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


def _concordance(pairs: ScorePairs) -> Statistic:
    """Concordant less discordant pairs of items. Of very many distinct pairs of scores there is the figure alone."""
    if pairs.size <= _MOST_PAIRS:
        signs = np.sign(pairs.x[:, None] - pairs.x) * np.sign(pairs.y[:, None] - pairs.y)
        return lambda w: ((w @ signs) * w).sum(axis=1) / 2

    def once(w: Floats) -> Floats:
        if len(w) > 1:
            return np.full(len(w), np.nan)
        total = 0.0
        for at in range(pairs.size):
            signs = np.sign(pairs.x[at] - pairs.x[:at]) * np.sign(pairs.y[at] - pairs.y[:at])
            total += float(w[0, at] * (signs @ w[0, :at]))
        return np.array([total])

    return once
