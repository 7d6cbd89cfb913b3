"""How far the scores of two raters agree: every figure that docs/judges.md defines, by its name there.

Functions of weighted observations, so that one definition gives the figure and its resamples.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from proctor.common.stats.bootstrap import Figure, Floats, ratio

_CLOSE = 1e-9  # scores that differ by less are one score
_MOST_PAIRS = 1_500  # distinct pairs of scores up to which Kendall's tau is resampled


def _mean_of(part: Callable[[Floats, Floats], Any]) -> Figure:
    """The mean of what each pair of scores gives."""
    return lambda rows, w: ratio(w @ np.asarray(part(*rows.T), dtype=np.float64), w.sum(axis=1))


_mean_square = _mean_of(lambda x, y: (x - y) ** 2)


def pearson(rows: Floats, w: Floats) -> Floats:
    x, y = rows.T
    return _correlation(w, np.broadcast_to(x, w.shape), np.broadcast_to(y, w.shape))


def spearman(rows: Floats, w: Floats) -> Floats:
    """Pearson's of the mid-ranks; ties share the mean of their ranks."""
    x, y = rows.T
    return _correlation(w, _midranks(x, w), _midranks(y, w))


def kendall_tau_b(rows: Floats, w: Floats) -> Floats:
    x, y = rows.T
    pairs = _pairs(w.sum(axis=1))
    return ratio(_concordance(rows, w), np.sqrt((pairs - _ties(x, w)) * (pairs - _ties(y, w))))


def kendall_tau_c(rows: Floats, w: Floats) -> Floats:
    """Stuart's tau: 2 m (P - Q) / (n^2 (m - 1)), m the smaller number of distinct scores."""
    least = min(len(_levels(side)[0]) for side in rows.T)
    return ratio(2 * least * _concordance(rows, w), w.sum(axis=1) ** 2 * (least - 1))


def goodman_kruskal_gamma(rows: Floats, w: Floats) -> Floats:
    """(P - Q) / (P + Q): pairs of items that are tied on either side count nothing."""
    x, y = rows.T
    levels, at_y = _levels(y)
    of_both = (_levels(x)[1] * len(levels) + at_y).astype(np.float64)
    decided = _pairs(w.sum(axis=1)) - _ties(x, w) - _ties(y, w) + _ties(of_both, w)
    return ratio(_concordance(rows, w), decided)


def concordance_correlation(rows: Floats, w: Floats) -> Floats:
    """Lin's: 2 cov / (var x + var y + (mean x - mean y)^2), all over n."""
    x, y = rows.T
    n = w.sum(axis=1)
    together = w @ (x * y) / n - (w @ x / n) * (w @ y / n)
    apart = w @ ((x - y) ** 2) / n
    return ratio(2 * together, apart + 2 * together)


def macro(part: str, rows: Floats, w: Floats) -> Floats:
    """The plain mean over the levels in use of precision, recall or F1; a level never named has 0. y is the truth."""
    in_x, in_y = _in_levels(rows)
    named, true, both = w @ in_x.astype(float), w @ in_y.astype(float), w @ (in_x & in_y).astype(float)
    below = {"precision": named, "recall": true, "f1": (named + true) / 2}[part]
    means: Floats = np.where(below > 0, both / np.maximum(below, 1e-12), 0.0).mean(axis=1)
    return means


def matthews_correlation(rows: Floats, w: Floats) -> Floats:
    """Of any number of levels (Gorodkin 2004): the correlation of being in the same one."""
    in_x, in_y = _in_levels(rows)
    hit = (in_x & in_y).any(axis=1).astype(float)
    n, named, true = w.sum(axis=1), w @ in_x.astype(float), w @ in_y.astype(float)
    free = (n**2 - (named**2).sum(axis=1)) * (n**2 - (true**2).sum(axis=1))
    return ratio((w @ hit) * n - (named * true).sum(axis=1), np.sqrt(free))


def _kappa(distance: Callable[[Floats, Floats], Floats], rows: Floats, w: Floats) -> Floats:
    """1 - observed / expected disagreement, the latter from the two raters' own shares (Cohen 1960, 1968)."""
    x, y = rows.T
    (u, at_u), (v, at_v) = _levels(x), _levels(y)
    apart, observed = distance(u[:, None], v[None, :]), distance(x, y)
    expected = (((w @ np.eye(len(u))[at_u]) @ apart) * (w @ np.eye(len(v))[at_v])).sum(axis=1)
    return 1.0 - ratio((w @ observed) * w.sum(axis=1), expected)


cohen_kappa = partial(_kappa, lambda a, b: (np.abs(a - b) > _CLOSE).astype(float))

BETWEEN_TWO: dict[str, tuple[str, Figure]] = {
    "exact_agreement": ("Exact agreement", _mean_of(lambda x, y: np.abs(x - y) < _CLOSE)),
    "within_one": ("Agreement within one", _mean_of(lambda x, y: np.abs(x - y) < 1 + _CLOSE)),
    "mean_difference": ("Mean difference (judge less label)", _mean_of(np.subtract)),
    "mean_absolute_error": ("Mean absolute error", _mean_of(lambda x, y: np.abs(x - y))),
    "root_mean_square_error": ("Root mean square error", lambda rows, w: np.sqrt(_mean_square(rows, w))),
    "cohen_kappa": ("Cohen's kappa, unweighted", cohen_kappa),
    "linear_weighted_kappa": ("Cohen's kappa, linear weights", partial(_kappa, lambda a, b: np.abs(a - b))),
    "quadratic_weighted_kappa": (
        "Cohen's kappa, quadratic weights",
        partial(_kappa, lambda a, b: (a - b) ** 2),
    ),
    "pearson": ("Pearson's r", pearson),
    "spearman": ("Spearman's rho", spearman),
    "kendall_tau_b": ("Kendall's tau-b", kendall_tau_b),
    "kendall_tau_c": ("Kendall's tau-c", kendall_tau_c),
    "kendall_tau_a": ("Kendall's tau-a", lambda rows, w: ratio(_concordance(rows, w), _pairs(w.sum(axis=1)))),
    "goodman_kruskal_gamma": ("Goodman and Kruskal's gamma", goodman_kruskal_gamma),
    "concordance_correlation": ("Lin's concordance correlation", concordance_correlation),
    "macro_precision": ("Precision, mean of the levels", partial(macro, "precision")),
    "macro_recall": ("Recall, mean of the levels", partial(macro, "recall")),
    "macro_f1": ("F1, mean of the levels", partial(macro, "f1")),
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


def _in_levels(rows: Floats) -> tuple[np.ndarray, np.ndarray]:
    """For the scores of either rater, which of both raters' levels each is."""
    x, y = rows.T
    levels = _levels(np.concatenate([x, y]))[0]
    return np.abs(x[:, None] - levels) < _CLOSE, np.abs(y[:, None] - levels) < _CLOSE


def _margins(values: Floats, w: Floats) -> Floats:
    """How often each level stands, a row of weights at a time."""
    levels, at = _levels(values)
    if len(levels) * len(at) > 2**22:
        return np.stack([np.bincount(at, row, len(levels)) for row in w])
    return np.asarray(w @ np.eye(len(levels))[at], dtype=np.float64)


def _midranks(values: Floats, w: Floats) -> Floats:
    counts = _margins(values, w)
    middle: Floats = (np.cumsum(counts, axis=1) - counts / 2 + 0.5)[:, _levels(values)[1]]
    return middle


def _ties(values: Floats, w: Floats) -> Floats:
    return np.asarray(_pairs(_margins(values, w)).sum(axis=1), dtype=np.float64)


def _pairs(counts: Floats) -> Floats:
    return counts * (counts - 1) / 2


def _concordance(rows: Floats, w: Floats) -> Floats:
    """Concordant less discordant pairs of items. Of very many distinct pairs of scores there is the figure alone."""
    x, y = rows.T
    if len(rows) <= _MOST_PAIRS:
        signs = np.sign(x[:, None] - x) * np.sign(y[:, None] - y)
        return np.asarray(((w @ signs) * w).sum(axis=1) / 2, dtype=np.float64)
    if len(w) > 1:
        return np.full(len(w), np.nan)
    total = 0.0
    for at in range(len(rows)):
        signs = np.sign(x[at] - x[:at]) * np.sign(y[at] - y[:at])
        total += float(w[0, at] * (signs @ w[0, :at]))
    return np.array([total])
