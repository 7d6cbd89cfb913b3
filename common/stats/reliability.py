"""How far any number of raters agree: Krippendorff's alpha, Fleiss' kappa and intraclass correlations.

Functions of weighted rows of scores (nan: not rated). docs/judges.md defines each, with its source.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from proctor.common.stats.bootstrap import Figure, Floats, ratio


def _alpha(distance: Callable[[Floats, Floats], Floats], rows: Floats, w: Floats) -> Floats:
    """1 - observed / expected disagreement over all scores that have a partner in their item."""
    levels, counts, sizes = _counted(rows)
    apart = distance(levels[:, None], levels[None, :])
    within = ((counts @ apart) * counts).sum(axis=1) / np.maximum(sizes - 1, 1)
    margins = w @ counts
    expected = ((margins @ apart) * margins).sum(axis=1)
    return 1.0 - ratio((w @ within) * (margins.sum(axis=1) - 1), expected)


alpha_nominal = partial(_alpha, lambda a, b: (a != b).astype(float))
alpha_interval = partial(_alpha, lambda a, b: (a - b) ** 2)


def alpha_ratio(rows: Floats, w: Floats) -> Floats:
    """For scores from a true nought upwards; not defined where one is below it."""
    if np.nanmin(rows, initial=0.0) < 0:
        return np.full(len(w), np.nan)
    return _alpha(lambda a, b: ((a - b) / np.where(a + b > 0, a + b, 1.0)) ** 2, rows, w)


def alpha_ordinal(rows: Floats, w: Floats) -> Floats:
    """The distance of two levels is the square of the scores that lie between them, their own counted half.

    That is the square of the difference of their mid-ranks, so sums of ranks and of their squares are enough.
    """
    _, counts, sizes = _counted(rows)
    share = 1.0 / np.maximum(sizes - 1, 1)
    margins = w @ counts
    n = margins.sum(axis=1)
    ranks = np.cumsum(margins, axis=1) - margins / 2
    sums, squares = ranks @ counts.T, (ranks**2) @ counts.T
    observed = (w * share * (sizes * squares - sums**2)).sum(axis=1)
    expected = n * (margins * ranks**2).sum(axis=1) - (margins * ranks).sum(axis=1) ** 2
    return 1.0 - ratio(observed * (n - 1), expected)


def _chance_corrected(chance_of: Callable[[Floats], Floats], rows: Floats, w: Floats) -> Floats:
    """For items with as many scores each, whoever gave them. `chance_of` the shares of the levels in use."""
    _, counts, _ = _counted(rows)
    raters, n = rows.shape[1], w.sum(axis=1)
    same = (counts * (counts - 1)).sum(axis=1) / (raters * (raters - 1))
    chance = chance_of((w @ counts) / (n * raters)[:, None])
    return ratio(w @ same / n - chance, 1.0 - chance)


fleiss_kappa = partial(_chance_corrected, lambda shares: (shares**2).sum(axis=1))
randolph_kappa = partial(_chance_corrected, lambda shares: np.full(len(shares), 1.0 / shares.shape[1]))
gwet_ac1 = partial(
    _chance_corrected,
    lambda shares: ratio((shares * (1 - shares)).sum(axis=1), np.array(shares.shape[1] - 1.0)),
)


def all_agree(rows: Floats, w: Floats) -> Floats:
    """Share of items that got one score from all."""
    same = (rows.max(axis=1) - rows.min(axis=1) < 1e-9).astype(float)
    return ratio(w @ same, w.sum(axis=1))


def most_agree(rows: Floats, w: Floats) -> Floats:
    """Share of items where more than half gave the same score."""
    _, counts, _ = _counted(rows)
    most = (2 * counts.max(axis=1) > rows.shape[1]).astype(float)
    return ratio(w @ most, w.sum(axis=1))


def pairs_agree(rows: Floats, w: Floats) -> Floats:
    """Share of pairs of scores, over all items, that are the same."""
    _, counts, sizes = _counted(rows)
    return ratio(w @ (counts * (counts - 1)).sum(axis=1), w @ (sizes * (sizes - 1)))


def kendall_w(rows: Floats, w: Floats) -> Floats:
    """Kendall's coefficient of concordance with the correction for ties: ranks of the items, rater by rater."""
    raters, n = rows.shape[1], w.sum(axis=1)
    sums, ties = np.zeros(w.shape), np.zeros(len(w))
    for column in rows.T:
        levels, at = np.unique(np.round(column, 9), return_inverse=True)
        side = np.eye(len(levels))[at.reshape(-1)]
        counts = w @ side
        sums += (np.cumsum(counts, axis=1) - counts / 2 + 0.5) @ side.T
        ties += (counts**3 - counts).sum(axis=1)
    spread = (w * sums**2).sum(axis=1) - (w * sums).sum(axis=1) ** 2 / n
    return ratio(12 * spread, raters**2 * (n**3 - n) - raters * ties)


def _icc(form: int, together: bool, rows: Floats, w: Floats) -> Floats:
    """From the mean squares between items, within items, between raters and left over."""
    centred, k = rows - rows.mean(), rows.shape[1]
    totals, squares = centred.sum(axis=1), (centred**2).sum(axis=1)
    n, by_rater = w.sum(axis=1), w @ centred
    middle = by_rater.sum(axis=1) ** 2 / (n * k)
    between = w @ (totals**2) / k - middle
    columns = (by_rater**2).sum(axis=1) / n - middle
    whole = w @ squares - middle
    items = between / np.maximum(n - 1, 1)
    rest = (whole - between - columns) / np.maximum((n - 1) * (k - 1), 1)
    noise, shift = rest, np.zeros_like(rest)
    if form == 1:
        noise = (whole - between) / (n * (k - 1))
    elif form == 2:
        shift = (columns / (k - 1) - rest) / n
    below = items + shift
    if not together:
        below = items + (k - 1) * noise + k * shift
    return ratio(items - noise, below)


# Defined for items with two scores or more.
AMONG_ALL: dict[str, tuple[str, Figure]] = {
    "alpha_nominal": ("Krippendorff's alpha, nominal", alpha_nominal),
    "alpha_ordinal": ("Krippendorff's alpha, ordinal", alpha_ordinal),
    "alpha_interval": ("Krippendorff's alpha, interval", alpha_interval),
    "alpha_ratio": ("Krippendorff's alpha, ratio", alpha_ratio),
}
# The same, but said of many raters only: of two they are agreement itself.
AMONG_ANY: dict[str, tuple[str, Figure]] = {"pairs_agree": ("Two raters agree", pairs_agree)}
# Defined for items with as many scores each; who gave them does not matter.
AMONG_EQUAL: dict[str, tuple[str, Figure]] = {
    "fleiss_kappa": ("Fleiss' kappa", fleiss_kappa),
    "randolph_kappa": ("Randolph's free-marginal kappa", randolph_kappa),
    "gwet_ac1": ("Gwet's AC1", gwet_ac1),
    "all_agree": ("All raters agree", all_agree),
    "most_agree": ("More than half of the raters agree", most_agree),
    "icc_1": ("ICC(1,1)", partial(_icc, 1, False)),
    "icc_1_k": ("ICC(1,k)", partial(_icc, 1, True)),
}
# Defined for items that every rater scored.
AMONG_COMPLETE: dict[str, tuple[str, Figure]] = {
    "kendall_w": ("Kendall's W", kendall_w),
    "icc_2": ("ICC(2,1)", partial(_icc, 2, False)),
    "icc_3": ("ICC(3,1)", partial(_icc, 3, False)),
    "icc_2_k": ("ICC(2,k)", partial(_icc, 2, True)),
    "icc_3_k": ("ICC(3,k)", partial(_icc, 3, True)),
}
AMONG = AMONG_ALL | AMONG_ANY | AMONG_EQUAL | AMONG_COMPLETE


@dataclass(frozen=True)
class RatedItems:
    """The items that a group of figures is defined for: their rows, which of all they are, and what was left out."""

    figures: Mapping[str, tuple[str, Figure]]
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
