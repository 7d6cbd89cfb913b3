"""How far any number of raters agree: Krippendorff's alpha, Fleiss' kappa and intraclass correlations.

Pure functions of weighted rows of marks (nan: not rated). Definitions and sources stand in docs/judges.md. Knows no
file, no judge and no names of raters.
"""

from collections.abc import Callable

import numpy as np

from judges.figures.resampled import Floats, Statistic, ratio

_Among = Callable[[Floats], Statistic]


def alpha_nominal(rows: Floats) -> Statistic:
    return _alpha(rows, lambda a, b: (a != b).astype(float))


def alpha_interval(rows: Floats) -> Statistic:
    return _alpha(rows, lambda a, b: (a - b) ** 2)


def _alpha(rows: Floats, distance: Callable[[Floats, Floats], Floats]) -> Statistic:
    """1 - observed / expected disagreement over all marks that have a partner in their item."""
    levels, counts, sizes = _counted(rows)
    apart = distance(levels[:, None], levels[None, :])
    within = ((counts @ apart) * counts).sum(axis=1) / np.maximum(sizes - 1, 1)

    def alpha(w: Floats) -> Floats:
        margins = w @ counts
        n = margins.sum(axis=1)
        expected = ((margins @ apart) * margins).sum(axis=1)
        return 1.0 - ratio((w @ within) * (n - 1), expected)

    return alpha


def alpha_ordinal(rows: Floats) -> Statistic:
    """The distance of two levels is the square of the marks that lie between them, their own counted half.

    That is the square of the difference of their mid-ranks, so sums of ranks and of their squares are enough.
    """
    _, counts, sizes = _counted(rows)
    share = 1.0 / np.maximum(sizes - 1, 1)

    def alpha(w: Floats) -> Floats:
        margins = w @ counts
        n = margins.sum(axis=1)
        ranks = np.cumsum(margins, axis=1) - margins / 2
        sums, squares = ranks @ counts.T, (ranks**2) @ counts.T
        observed = (w * share * (sizes * squares - sums**2)).sum(axis=1)
        expected = n * (margins * ranks**2).sum(axis=1) - (margins * ranks).sum(axis=1) ** 2
        return 1.0 - ratio(observed * (n - 1), expected)

    return alpha


def fleiss_kappa(rows: Floats) -> Statistic:
    """For items that all raters marked; the caller leaves the others out."""
    return _fleiss(rows, free=False)


def randolph_kappa(rows: Floats) -> Statistic:
    """Fleiss' kappa with chance 1 / levels in use."""
    return _fleiss(rows, free=True)


def _fleiss(rows: Floats, free: bool) -> Statistic:
    levels, counts, _ = _counted(rows)
    raters = rows.shape[1]
    same = (counts * (counts - 1)).sum(axis=1) / (raters * (raters - 1))

    def kappa(w: Floats) -> Floats:
        n = w.sum(axis=1)
        shares = (w @ counts) / (n * raters)[:, None]
        chance = np.full(len(w), 1.0 / len(levels)) if free else (shares**2).sum(axis=1)
        return ratio(w @ same / n - chance, 1.0 - chance)

    return kappa


def all_agree(rows: Floats) -> Statistic:
    """Share of items that all raters gave the same mark."""
    same = (rows.max(axis=1) - rows.min(axis=1) < 1e-9).astype(float)
    return lambda w: ratio(w @ same, w.sum(axis=1))


def pairs_agree(rows: Floats) -> Statistic:
    """Share of pairs of raters, over all items, that gave the same mark."""
    _, counts, _ = _counted(rows)
    raters = rows.shape[1]
    same = (counts * (counts - 1)).sum(axis=1) / (raters * (raters - 1))
    return lambda w: ratio(w @ same, w.sum(axis=1))


def _variances(rows: Floats) -> Callable[[Floats], tuple[Floats, Floats, Floats, Floats, Floats]]:
    """Mean squares between items, within items, between raters and left over, and the number of items."""
    centred = rows - rows.mean()
    raters = rows.shape[1]
    totals, squares = centred.sum(axis=1), (centred**2).sum(axis=1)

    def parts(w: Floats) -> tuple[Floats, Floats, Floats, Floats, Floats]:
        n = w.sum(axis=1)
        by_rater = w @ centred
        middle = by_rater.sum(axis=1) ** 2 / (n * raters)
        items = w @ (totals**2) / raters - middle
        columns = (by_rater**2).sum(axis=1) / n - middle
        whole = w @ squares - middle
        within = (whole - items) / (n * (raters - 1))
        rest = (whole - items - columns) / np.maximum((n - 1) * (raters - 1), 1)
        return items / np.maximum(n - 1, 1), within, columns / (raters - 1), rest, n

    return parts


def _icc(rows: Floats, form: int, together: bool) -> Statistic:
    parts, k = _variances(rows), rows.shape[1]

    def icc(w: Floats) -> Floats:
        items, within, columns, rest, n = parts(w)
        noise = {1: within, 2: rest, 3: rest}[form]
        shift = (columns - rest) / n if form == 2 else np.zeros_like(rest)
        below = items + shift if together else items + (k - 1) * noise + k * shift
        return ratio(items - noise, below)

    return icc


AMONG_ALL: dict[str, tuple[str, _Among]] = {
    "alpha_nominal": ("Krippendorff's alpha, nominal", alpha_nominal),
    "alpha_ordinal": ("Krippendorff's alpha, ordinal", alpha_ordinal),
    "alpha_interval": ("Krippendorff's alpha, interval", alpha_interval),
}
# These are defined for items that every rater marked.
AMONG_COMPLETE: dict[str, tuple[str, _Among]] = {
    "fleiss_kappa": ("Fleiss' kappa", fleiss_kappa),
    "randolph_kappa": ("Randolph's free-marginal kappa", randolph_kappa),
    "all_agree": ("All raters agree", all_agree),
    "pairs_agree": ("Two raters agree", pairs_agree),
    "icc_1": ("ICC(1,1)", lambda rows: _icc(rows, 1, False)),
    "icc_2": ("ICC(2,1)", lambda rows: _icc(rows, 2, False)),
    "icc_3": ("ICC(3,1)", lambda rows: _icc(rows, 3, False)),
    "icc_1_k": ("ICC(1,k)", lambda rows: _icc(rows, 1, True)),
    "icc_2_k": ("ICC(2,k)", lambda rows: _icc(rows, 2, True)),
    "icc_3_k": ("ICC(3,k)", lambda rows: _icc(rows, 3, True)),
}


def _counted(rows: Floats) -> tuple[Floats, Floats, Floats]:
    """The levels in use, how often each stands in each item, and how many marks an item has that count.

    An item with one mark has no partner for it and counts nothing."""
    kept = np.where((~np.isnan(rows)).sum(axis=1, keepdims=True) >= 2, np.round(rows, 9), np.nan)
    levels = np.unique(kept[~np.isnan(kept)])
    if not len(levels):
        return np.zeros(1), np.zeros((len(rows), 1)), np.zeros(len(rows))
    counts = np.stack([(kept == level).sum(axis=1) for level in levels], axis=1).astype(np.float64)
    return levels, counts, counts.sum(axis=1)
