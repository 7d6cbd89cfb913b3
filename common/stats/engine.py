"""All wanted pairs of one task at once: which interval and which test a kind of score gets. Knows no files,
no names.

0/1 scores go by closed forms, everything else by Student's t or by what an unseen item could change: the wider one.
"""

from collections.abc import Sequence
from math import ceil, sqrt

import numpy as np
from scipy import special

from proctor.common.stats import binary, power
from proctor.common.stats.flips import Pair, draws_for, flip_tests
from proctor.common.stats.limits import lower_limit, tail_below
from proctor.common.stats.outcome import Chance, Difference, Estimate
from proctor.common.stats.units import Floats, Scale, Units, standard_error

Tails = tuple[float, float]  # one-sided p of 'a is worse by the margin or more', of 'a is better by it'
GAFFKE = "Gaffke, at least t"


def cells(units: Units, alpha: float, scale: Scale | None) -> list[Estimate]:
    """Each variant's statistic and interval."""
    estimates = []
    for variant, value in enumerate(map(float, units.values)):
        influence = _settled(units.influence[variant], units.noise(variant))
        se = standard_error(influence)
        if units.kind == "binary":
            method = "Wilson, effective items" if units.clustered else "Wilson"
            low, high = _wilson(units, value, se, alpha)
        else:
            method = GAFFKE
            values = value + influence
            ends = _scale(units, [variant], scale)
            if ends is None:
                low, high = _limits(values, value, se, alpha, _unseen(values, (min(values), max(values))))
            else:
                reach = _by_squares(units.weights(variant))  # a large cluster moves the mean further
                far = value - reach * (value - ends[0]), value + reach * (ends[1] - value)
                low, high = _limits(values, value, se, alpha, _unseen(values, far))
                low, high = max(low, ends[0]), min(high, ends[1])
        estimates.append(
            Estimate(units.kind, units.n, units.groups, value, se, low, high, _named(method, units))
        )
    return estimates


def _scale(units: Units, variants: list[int], scale: Scale | None) -> Scale | None:
    """Where scores can lie. Not told: from 0 to 1 if they all do, else nobody knows."""
    seen = units.scores[variants]
    if scale is None and (units.kind == "counts" or bool(((seen >= 0.0) & (seen <= 1.0)).all())):
        return 0.0, 1.0
    return scale


def _most(units: Units, variant: int, ends: Scale | None) -> float:
    """The most that another loses against this variant on one item: what this one holds where it holds most.

    The mean of its points above the end of the scale, weighted by their squares.
    """
    value, influence = float(units.values[variant]), units.influence[variant]
    if ends is None:
        return float(influence.max() - influence.min())
    least = min(ends[0], value + float(influence.min()))
    held = influence + (value - least) * units.weights(variant)
    return _by_squares(np.maximum(held, 0.0)) or ends[1] - ends[0]


def _by_squares(sizes: Floats) -> float:
    """Their mean, weighted by their squares: sizes that are next to nothing count for nothing."""
    largest = float(sizes.max())
    if largest <= 0.0:
        return 0.0
    shares = sizes / largest
    return largest * float(shares**2 @ shares) / float(shares @ shares)


def _unseen(values: Floats, ends: Scale) -> Scale:
    """Where an item that was not seen may lie, below and above the others.

    It lies as far from the median as the items do that were seen apart from it: the mean of their distances, weighted
    by their squares, so that items which hardly differ count for nothing. None seen apart: it lies at the end of the
    scale. Few seen apart, or a few far beyond the others: it goes part of the way there, by their number and kurtosis.
    Without this, 250 items of which 5 % lose 0.5 or 4 points are called no worse in 12 % of worlds instead of 2.5.
    """
    usual = float(np.median(values))
    apart = np.abs(values - usual)
    size = _by_squares(apart)
    if size == 0.0:
        return ends
    squares = (apart / float(apart.max())) ** 2
    differ = float(squares.sum()) ** 2 / float(squares @ squares)  # how many items make the spread
    kurtosis = len(values) / differ  # 3 for normal scores, which need next to nothing
    share = 1.0 - 0.1 ** ((kurtosis / 3.0) ** 2 / differ)
    room = np.maximum([usual - ends[0], ends[1] - usual], 0.0)
    below, above = (np.minimum(size, room) + np.maximum(room - size, 0.0) * share).tolist()
    return usual - below, usual + above


def _limits(values: Floats, middle: float, se: float, alpha: float, unseen: Scale) -> Scale:
    """The outer one of Student's limit and of the one with an unseen item on each side."""
    reach = binary.critical(alpha, len(values)) * se
    low, high = lower_limit(values, unseen[0], alpha / 2), -lower_limit(-values, -unseen[1], alpha / 2)
    return min(low, middle - reach), max(high, middle + reach)


def _wilson(units: Units, share: float, se: float, alpha: float) -> tuple[float, float]:
    worth = float(units.n)
    if units.clustered:
        worth = float(
            binary.effective_n(se**2, share * (1 - share) / (units.n - 1), units.n, units.even_groups())
        )
    low, high = binary.wilson(share * worth, worth, binary.critical(alpha, _groups(units)))
    return min(float(low), share), max(float(high), share)


def binary_pairs(
    units: Units,
    pairs: list[Pair],
    seed: int,
    resamples: int,
    alpha: float,
    margin: float | None,
    mid_p: bool,
) -> dict[Pair, Difference]:
    """Pairs of 0/1 scores: McNemar and Tango; by cluster sign-flip and Tango on effective items."""
    right, n = np.ascontiguousarray(units.scores[:, :, 0]), units.n
    both = np.array([right[i] @ right[j] for i, j in pairs])
    first, second = right.sum(axis=1)[np.array(pairs).T]
    only_a, only_b = first - both, second - both
    errors = np.array([standard_error(units.influence[i] - units.influence[j]) for i, j in pairs])
    worth, method = np.full(len(pairs), float(n)), "Tango"
    if units.clustered:
        plain = ((only_a + only_b) / n - ((only_a - only_b) / n) ** 2) / (n - 1)
        worth, method = binary.effective_n(errors**2, plain, n, units.even_groups()), "Tango, effective items"
        tests = flip_tests(units, pairs, seed, resamples)
    else:
        name, test = "exact", binary.mcnemar
        if mid_p:
            name, test = "mid-p", binary.mcnemar_midp
        tests = [Chance(float(p), f"{name} McNemar", "exact", 0.0) for p in test(only_a, only_b)]
    shrunk = (only_a * worth / n, only_b * worth / n, worth)
    low, high = binary.tango(*shrunk, binary.critical(alpha, _groups(units)))
    tails: Sequence[Tails | None] = [None] * len(pairs)
    if margin is not None:
        tails = _score_tails(units, shrunk, margin)
    differences = {}
    for k, pair in enumerate(pairs):
        wins, losses = int(only_a[k]), int(only_b[k])
        gap, discordance, items = (wins - losses) / n, (wins + losses) / n, float(worth[k])
        needed = None
        if gap:
            needed = ceil(n / items * power.paired_binary_items(gap, discordance, alpha))
        differences[pair] = _difference(
            units, pair, gap, float(errors[k]), (float(low[k]), float(high[k]), method), tests[k], tails[k],
            discordant=(wins, losses), alpha=alpha, margin=margin, needed=needed,
            effect=power.paired_binary_effect(items, discordance, alpha),
        )  # fmt: skip
    return differences


def _score_tails(units: Units, counts: tuple[Floats, Floats, Floats], margin: float) -> list[Tails]:
    """The score test that Tango's interval inverts: p and interval never disagree about the margin."""
    z = np.stack([-binary.tango_z(*counts, -margin), binary.tango_z(*counts, margin)])
    tails = special.ndtr(z)
    if units.clustered:
        tails = special.stdtr(units.groups - 1, z)
    return list(zip(*tails.tolist(), strict=True))


def _groups(units: Units) -> int | None:
    """How many clusters there are, where there are any: Student's t then takes the place of the normal."""
    if units.clustered:
        return units.groups
    return None


def real_pairs(
    units: Units, pairs: list[Pair], seed: int, draws: int, alpha: float, margin: float | None,
    scale: Scale | None, family: int,
) -> dict[Pair, Difference]:  # fmt: skip
    """Pairs of real scores or of counts: sign-flip or approximate randomisation; limits and margin by Gaffke."""
    tests = flip_tests(units, pairs, seed, draws_for(units.kind, draws, family))
    differences = {}
    for (i, j), test in zip(pairs, tests, strict=True):
        gap, influence = float(units.values[i] - units.values[j]), units.influence[i] - units.influence[j]
        if abs(gap) < 1e-14 * max(abs(float(units.values[i])), abs(float(units.values[j]))):
            gap = 0.0  # rounding of the two means, not a difference
        influence = _settled(influence, units.noise(i, j))
        se, values = standard_error(influence), _changes(units, i, j, gap)
        ends = _scale(units, [i, j], scale)
        unseen = _unseen(values, (-_most(units, j, ends), _most(units, i, ends)))
        low, high = _limits(values, gap, se, alpha, unseen)
        if ends is not None:
            low, high = max(low, ends[0] - ends[1]), min(high, ends[1] - ends[0])
        tails = None
        if margin is not None and ends is None:
            tails = 1.0, 1.0  # nobody told how much an item that was not seen could lose
        elif margin is not None:
            tails = _tail(values, gap, se, margin, unseen[0]), _tail(-values, -gap, se, margin, -unseen[1])
        sd, share = se * sqrt(units.groups), units.n / units.groups
        needed = effect = None
        if sd and 0.5 ** (_differing(units, i, j) - 1) <= alpha:  # where fewer differ, no p could be as small
            effect = power.paired_real_effect(units.groups, sd, alpha)
        if sd and gap:
            needed = ceil(share * power.paired_real_items(gap, sd, alpha))
        differences[i, j] = _difference(
            units, (i, j), gap, se, (low, high, GAFFKE), test, tails, discordant=(None, None), alpha=alpha,
            margin=margin, needed=needed, effect=effect,
        )  # fmt: skip
    return differences


def _differing(units: Units, i: int, j: int) -> int:
    """How many units the two do not have alike, but for rounding."""
    apart = np.abs(units.totals[i] - units.totals[j]).max(axis=1)
    return int(np.count_nonzero(apart > 1e-12))


def _changes(units: Units, i: int, j: int, gap: float) -> Floats:
    """What each unit adds to the difference, all of them the same where both have the same: their mean is the gap.

    Not the influence: large documents on which both agree pull a difference of F1 towards 0, and would hide that a
    few were lost.
    """
    first, second = units.totals[i], units.totals[j]
    middle = (first + second).sum(axis=0) / 2
    if units.kind == "counts":
        steps = np.eye(len(middle)) * 1e-6 * max(float(middle.sum()), 1.0)
        slope = (units.statistic(middle + steps) - units.statistic(middle - steps)) / (2 * steps.diagonal())
        changes = (first - second) @ slope * units.groups
    else:
        changes = (first[:, 0] - second[:, 0]) * units.groups / middle[1]
    changes[np.abs(changes) <= units.noise(i, j)] = 0.0
    return np.asarray(changes + (gap - changes.mean()), dtype=np.float64)


def _tail(values: Floats, gap: float, se: float, margin: float, unseen: float) -> float:
    """One-sided p of 'worse by the margin or more': the tail at which the limit falls on it."""
    tail = tail_below(values, unseen, -margin)
    if se > 0.0:
        return max(tail, float(special.stdtr(len(values) - 1, -(gap + margin) / se)))
    return max(tail, 0.0)


def _difference(
    units: Units, pair: Pair, gap: float, se: float, limits: tuple[float, float, str],
    test: Chance, tails: Tails | None, *, discordant: tuple[int | None, int | None],
    alpha: float, margin: float | None, needed: int | None, effect: float | None,
) -> Difference:  # fmt: skip
    # The limits come by bisection or between replicates; they never leave out the estimate itself.
    low, high = min(limits[0], gap), max(limits[1], gap)
    mean_a, mean_b = (float(units.values[variant]) for variant in pair)
    p_no_worse = p_no_better = p_equivalent = None
    if tails:
        p_no_worse, p_no_better = tails
        p_equivalent = max(tails)
    return Difference(
        units.kind, units.n, units.groups, mean_a, mean_b, gap, se, low, high,
        test.p, _named(test.test, units), test.made, test.error, _named(limits[2], units), *discordant,
        alpha, effect, needed, margin, p_no_worse, p_equivalent, p_no_better,
    )  # fmt: skip


def _settled(influence: Floats, noise: float) -> Floats:
    """Influences that are rounding alone become 0, so that equal differences have no spread."""
    if float(np.abs(influence).max()) <= noise:
        return np.zeros_like(influence)
    return influence


def _named(method: str, units: Units) -> str:
    if units.clustered:
        return f"{method} by cluster"
    return method
