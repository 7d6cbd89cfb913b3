"""All wanted pairs of one task at once: which interval and which test a kind of score gets. Knows no files,
no names.

0/1 scores go by closed forms. Everything else shares its draws: one product of weights and totals resamples
all variants, and a pair costs a subtraction.
"""

from math import ceil, sqrt

import numpy as np
from scipy import special

from leaderboard.stats import binary, power
from leaderboard.stats.flips import Pair, draws_for, flip_tests
from leaderboard.stats.outcome import Chance, Difference, Estimate
from leaderboard.stats.resample import Bootstrap, bootstrap, standard_error, too_many
from leaderboard.stats.units import Floats, Units

Tails = tuple[float, float]  # one-sided p of 'a is worse by the margin or more', of 'a is better by it'


def cells(units: Units, seed: int, resamples: int, alpha: float, percentile: bool) -> list[Estimate]:
    """Each variant's statistic and interval."""
    errors = [standard_error(row) for row in units.influence]
    values = [float(value) for value in units.values]
    if units.kind == "binary":
        method = "Wilson, effective items" if units.clustered else "Wilson"
        limits = [_wilson(units, value, se, alpha) for value, se in zip(values, errors, strict=True)]
    elif too_many(units, resamples):
        method, reach = "t interval", binary.critical(alpha, units.groups)
        limits = [(value - reach * se, value + reach * se) for value, se in zip(values, errors, strict=True)]
    else:
        method, drawn = _bootstrap_name(percentile), bootstrap(units, seed, resamples)
        limits = [
            Bootstrap.of(value, drawn[i], _settled(units.influence[i], units.noise(i)), percentile).interval(
                alpha
            )
            for i, value in enumerate(values)
        ]
    return [
        Estimate(units.kind, units.n, units.groups, value, se, low, high, _named(method, units))
        for value, se, (low, high) in zip(values, errors, limits, strict=True)
    ]


def _wilson(units: Units, share: float, se: float, alpha: float) -> tuple[float, float]:
    worth, z = float(units.n), binary.critical(alpha)
    if units.clustered:
        worth = float(binary.effective_n(se**2, share * (1 - share) / (units.n - 1), units.n, units.groups))
        z = binary.critical(alpha, units.groups)
    low, high = binary.wilson(share * worth, worth, z)
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
    first, second = (right.sum(axis=1)[list(side)] for side in zip(*pairs, strict=True))
    only_a, only_b = first - both, second - both
    errors = np.array([standard_error(units.influence[i] - units.influence[j]) for i, j in pairs])
    worth, method = np.full(len(pairs), float(n)), "Tango"
    if units.clustered:
        plain = ((only_a + only_b) / n - ((only_a - only_b) / n) ** 2) / (n - 1)
        worth, method = binary.effective_n(errors**2, plain, n, units.groups), "Tango, effective items"
        tests = flip_tests(units, pairs, seed, resamples)
    else:
        name, test = ("mid-p", binary.mcnemar_midp) if mid_p else ("exact", binary.mcnemar)
        tests = [Chance(float(p), f"{name} McNemar", "exact", 0.0) for p in test(only_a, only_b)]
    shrunk = (only_a * worth / n, only_b * worth / n, worth)
    low, high = binary.tango(*shrunk, binary.critical(alpha, units.groups if units.clustered else None))
    tails = [None] * len(pairs) if margin is None else _score_tails(units, shrunk, margin)
    found = {}
    for k, pair in enumerate(pairs):
        wins, losses = int(only_a[k]), int(only_b[k])
        gap, discordance, items = (wins - losses) / n, (wins + losses) / n, float(worth[k])
        needed = ceil(n / items * power.paired_binary_items(gap, discordance, alpha)) if gap else None
        found[pair] = _difference(
            units, pair, gap, float(errors[k]), (float(low[k]), float(high[k]), method), tests[k], tails[k],
            discordant=(wins, losses), alpha=alpha, margin=margin, needed=needed,
            effect=power.paired_binary_effect(items, discordance, alpha),
        )  # fmt: skip
    return found


def _score_tails(units: Units, counts: tuple[Floats, Floats, Floats], margin: float) -> list[Tails]:
    """The score test that Tango's interval inverts: p and interval never disagree about the margin."""
    z = -binary.tango_z(*counts, -margin), binary.tango_z(*counts, margin)
    worse, better = (special.stdtr(units.groups - 1, x) if units.clustered else special.ndtr(x) for x in z)
    return [(float(w), float(b)) for w, b in zip(worse, better, strict=True)]


def resampled_pairs(
    units: Units, pairs: list[Pair], seed: int, resamples: int, alpha: float, margin: float | None,
    percentile: bool, family: int,
) -> dict[Pair, Difference]:  # fmt: skip
    """Pairs of real scores or of counts: bootstrap, sign-flip or approximate randomisation."""
    drawn = None if too_many(units, resamples) else bootstrap(units, seed, resamples)
    tests = flip_tests(units, pairs, seed, draws_for(units.kind, resamples, family))
    found = {}
    for (i, j), test in zip(pairs, tests, strict=True):
        gap, influence = float(units.values[i] - units.values[j]), units.influence[i] - units.influence[j]
        if abs(gap) < 1e-14 * max(abs(float(units.values[i])), abs(float(units.values[j]))):
            gap = 0.0  # rounding of the two means, not a difference
        influence = _settled(influence, units.noise(i, j))
        se, tails = standard_error(influence), None
        if drawn is None:
            reach = binary.critical(alpha, units.groups) * se
            limits = gap - reach, gap + reach, "t interval"
            if margin is not None:
                tails = _t_tail(gap + margin, se, units.groups), _t_tail(margin - gap, se, units.groups)
        else:
            spread = Bootstrap.of(gap, drawn[i] - drawn[j], influence, percentile)
            limits = *spread.interval(alpha), _bootstrap_name(percentile)
            if margin is not None:
                tails = spread.p_below(-margin), spread.p_above(margin)
        sd, share = se * sqrt(units.groups), units.n / units.groups
        found[i, j] = _difference(
            units, (i, j), gap, se, limits, test, tails, discordant=(None, None), alpha=alpha, margin=margin,
            needed=ceil(share * power.paired_real_items(gap, sd, alpha)) if gap and sd else None,
            effect=power.paired_real_effect(units.groups, sd, alpha) if sd else None,
        )  # fmt: skip
    return found


def _difference(
    units: Units, pair: Pair, gap: float, se: float, limits: tuple[float, float, str],
    test: Chance, tails: Tails | None, *, discordant: tuple[int | None, int | None],
    alpha: float, margin: float | None, needed: int | None, effect: float | None,
) -> Difference:  # fmt: skip
    # The limits come by bisection or between replicates; they never leave out the estimate itself.
    low, high = min(limits[0], gap), max(limits[1], gap)
    mean_a, mean_b = (float(units.values[variant]) for variant in pair)
    p_no_worse, p_no_better = tails or (None, None)
    return Difference(
        units.kind, units.n, units.groups, mean_a, mean_b, gap, se, low, high,
        test.p, _named(test.test, units), test.made, test.error, _named(limits[2], units), *discordant,
        alpha, effect, needed, margin, p_no_worse, max(tails) if tails else None, p_no_better,
    )  # fmt: skip


def _settled(influence: Floats, noise: float) -> Floats:
    """Influences that are rounding alone become 0, so that equal differences have no spread."""
    return np.zeros_like(influence) if float(np.abs(influence).max()) <= noise else influence


def _t_tail(gap: float, se: float, groups: int) -> float:
    return float(special.stdtr(groups - 1, -gap / se)) if se > 0 else float(gap <= 0)


def _bootstrap_name(percentile: bool) -> str:
    return "percentile bootstrap" if percentile else "BCa bootstrap, at least t"


def _named(method: str, units: Units) -> str:
    return f"{method} by cluster" if units.clustered else method
