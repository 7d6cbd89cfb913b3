"""How far any number of raters agree: Krippendorff's alpha, Fleiss' kappa and intraclass correlations.

Functions of weighted rows of scores (nan: not rated). docs/judges.md defines each, with its source.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from proctor.common.stats.bootstrap import Floats, Statistic, ratio

_Among = Callable[[Floats], Statistic]


def alpha_nominal(rows: Floats) -> Statistic:
    return _alpha(rows, lambda a, b: (a != b).astype(float))


def alpha_interval(rows: Floats) -> Statistic:
    return _alpha(rows, lambda a, b: (a - b) ** 2)


def _alpha(rows: Floats, distance: Callable[[Floats, Floats], Floats]) -> Statistic:
    """1 - observed / expected disagreement over all scores that have a partner in their item."""
    levels, counts, sizes = _counted(rows)
    apart = distance(levels[:, None], levels[None, :])
    within = ((counts @ apart) * counts).sum(axis=1) / np.maximum(sizes - 1, 1)

    def alpha(w: Floats) -> Floats:
        margins = w @ counts
        n = margins.sum(axis=1)
        expected = ((margins @ apart) * margins).sum(axis=1)
        return 1.0 - ratio((w @ within) * (n - 1), expected)

    return alpha


def alpha_ratio(rows: Floats) -> Statistic:
    """For scores from a true nought upwards; not defined where one is below it."""
    if np.nanmin(rows, initial=0.0) < 0:
        return lambda w: np.full(len(w), np.nan)
    return _alpha(rows, lambda a, b: ((a - b) / np.where(a + b > 0, a + b, 1.0)) ** 2)


def alpha_ordinal(rows: Floats) -> Statistic:
    """The distance of two levels is the square of the scores that lie between them, their own counted half.

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
    """For items with as many scores each, whoever gave them; the caller leaves the others out."""
    return _chance_corrected(rows, lambda shares, levels: (shares**2).sum(axis=1))


def randolph_kappa(rows: Floats) -> Statistic:
    """Fleiss' kappa with chance 1 / levels in use."""
    return _chance_corrected(rows, lambda shares, levels: np.full(len(shares), 1.0 / levels))


def gwet_ac1(rows: Floats) -> Statistic:
    """Fleiss' kappa with chance sum share (1 - share) / (levels in use - 1)."""
    return _chance_corrected(
        rows,
        lambda shares, levels: ratio((shares * (1 - shares)).sum(axis=1), np.full(len(shares), levels - 1.0)),
    )


def _chance_corrected(rows: Floats, chance_of: Callable[[Floats, int], Floats]) -> Statistic:
    levels, counts, _ = _counted(rows)
    raters = rows.shape[1]
    same = (counts * (counts - 1)).sum(axis=1) / (raters * (raters - 1))

    def kappa(w: Floats) -> Floats:
        n = w.sum(axis=1)
        chance = chance_of((w @ counts) / (n * raters)[:, None], len(levels))
        return ratio(w @ same / n - chance, 1.0 - chance)

    return kappa


def all_agree(rows: Floats) -> Statistic:
    """Share of items that got one score from all."""
    same = (rows.max(axis=1) - rows.min(axis=1) < 1e-9).astype(float)
    return lambda w: ratio(w @ same, w.sum(axis=1))


def most_agree(rows: Floats) -> Statistic:
    """Share of items where more than half gave the same score."""
    _, counts, _ = _counted(rows)
    most = (2 * counts.max(axis=1) > rows.shape[1]).astype(float)
    return lambda w: ratio(w @ most, w.sum(axis=1))


def pairs_agree(rows: Floats) -> Statistic:
    """Share of pairs of scores, over all items, that are the same."""
    _, counts, sizes = _counted(rows)
    same, pairs = (counts * (counts - 1)).sum(axis=1), sizes * (sizes - 1)
    return lambda w: ratio(w @ same, w @ pairs)


def kendall_w(rows: Floats) -> Statistic:
    """Kendall's coefficient of concordance with the correction for ties: ranks of the items, rater by rater."""
    raters, sides = rows.shape[1], []
    for column in rows.T:
        levels, at = np.unique(np.round(column, 9), return_inverse=True)
        sides.append(np.eye(len(levels))[at.reshape(-1)])

    def concordance(w: Floats) -> Floats:
        n, sums, ties = w.sum(axis=1), np.zeros(w.shape), np.zeros(len(w))
        for side in sides:
            counts = w @ side
            sums += (np.cumsum(counts, axis=1) - counts / 2 + 0.5) @ side.T
            ties += (counts**3 - counts).sum(axis=1)
        spread = (w * sums**2).sum(axis=1) - (w * sums).sum(axis=1) ** 2 / n
        return ratio(12 * spread, raters**2 * (n**3 - n) - raters * ties)

    return concordance


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


# Defined for items with two scores or more.
AMONG_ALL: dict[str, tuple[str, _Among]] = {
    "alpha_nominal": ("Krippendorff's alpha, nominal", alpha_nominal),
    "alpha_ordinal": ("Krippendorff's alpha, ordinal", alpha_ordinal),
    "alpha_interval": ("Krippendorff's alpha, interval", alpha_interval),
    "alpha_ratio": ("Krippendorff's alpha, ratio", alpha_ratio),
}
# The same, but said of many raters only: of two they are agreement itself.
AMONG_ANY: dict[str, tuple[str, _Among]] = {"pairs_agree": ("Two raters agree", pairs_agree)}
# Defined for items with as many scores each; who gave them does not matter.
AMONG_EQUAL: dict[str, tuple[str, _Among]] = {
    "fleiss_kappa": ("Fleiss' kappa", fleiss_kappa),
    "randolph_kappa": ("Randolph's free-marginal kappa", randolph_kappa),
    "gwet_ac1": ("Gwet's AC1", gwet_ac1),
    "all_agree": ("All raters agree", all_agree),
    "most_agree": ("More than half of the raters agree", most_agree),
    "icc_1": ("ICC(1,1)", lambda rows: _icc(rows, 1, False)),
    "icc_1_k": ("ICC(1,k)", lambda rows: _icc(rows, 1, True)),
}
# Defined for items that every rater scored.
AMONG_COMPLETE: dict[str, tuple[str, _Among]] = {
    "kendall_w": ("Kendall's W", kendall_w),
    "icc_2": ("ICC(2,1)", lambda rows: _icc(rows, 2, False)),
    "icc_3": ("ICC(3,1)", lambda rows: _icc(rows, 3, False)),
    "icc_2_k": ("ICC(2,k)", lambda rows: _icc(rows, 2, True)),
    "icc_3_k": ("ICC(3,k)", lambda rows: _icc(rows, 3, True)),
}
AMONG = AMONG_ALL | AMONG_ANY | AMONG_EQUAL | AMONG_COMPLETE


@dataclass(frozen=True)
class RatedItems:
    """The items that a group of figures is defined for: their rows, which of all they are, and what was left out."""

    figures: Mapping[str, tuple[str, _Among]]
    rows: Floats
    chosen: np.ndarray
    note: str


def rated_items(table: Floats) -> list[RatedItems]:
    """Items x raters (nan: not rated), as each group of figures wants them."""
    rated = (~np.isnan(table)).sum(axis=1)
    numbers, times = np.unique(rated[rated >= 2], return_counts=True)
    # The number of scores that most items have; with several such numbers the largest.
    size = int(numbers[times == times.max()].max()) if len(numbers) else 0
    packed = np.sort(table, axis=1)[:, : max(size, 1)]  # nan comes last
    enough, equal = "of items with enough raters", f"of items with {size} scores"
    groups = (
        (AMONG_ALL | AMONG_ANY, rated >= 2, table, enough),
        (AMONG_EQUAL, (rated == size) & (rated >= 2), packed, equal),
        (AMONG_COMPLETE, rated == table.shape[1], table, enough),
    )
    items = []
    for figures, chosen, rows, which in groups:
        left_out = int(((rated > 0) & ~chosen).sum())
        note = f"{which}; {left_out} others left out" if left_out else ""
        items.append(RatedItems(figures, rows[chosen], chosen, note))
    return items


def _counted(rows: Floats) -> tuple[Floats, Floats, Floats]:
    """The levels in use, how often each stands in each item, and how many scores an item has that count.

    An item with one score has no partner for it and counts nothing."""
    kept = np.where((~np.isnan(rows)).sum(axis=1, keepdims=True) >= 2, np.round(rows, 9), np.nan)
    levels = np.unique(kept[~np.isnan(kept)])
    if not len(levels):
        return np.zeros(1), np.zeros((len(rows), 1)), np.zeros(len(rows))
    counts = np.stack([(kept == level).sum(axis=1) for level in levels], axis=1).astype(np.float64)
    return levels, counts, counts.sum(axis=1)
