"""Tests by random signs: swap a and b within a unit and see how often the gap grows as large. No intervals
here.

For means this is the sign-flip permutation test of the differences, for statistics of summed counts the
approximate randomisation test. Exact where that is cheap; else by signs that all pairs share, and where hardly any of
them reach the gap, by a saddlepoint: after correction for many pairs, 1 / (draws + 1) would never be shown.
"""

from fractions import Fraction
from math import exp, gcd, lcm, log, sqrt

import numpy as np
from scipy import fft, special

from leaderboard.stats.resample import signed_sums, too_many
from leaderboard.stats.units import Floats, Integers, Statistic, Units

ENUMERATED = 16  # up to so many units that differ, all sign patterns of counts are tried
HALVED = 24  # the same for means, whose patterns are counted by halves
FEW = 10  # fewer draws than this that reach the gap say only that p is small
DRAWS_PER_PAIR = 40  # so that the smallest p of counts, times the pairs, is below any usual alpha
LATTICE = 2**15  # cells of the exact distribution (reach x distinct values) that are worth computing

Pair = tuple[int, int]


def flip_tests(units: Units, pairs: list[Pair], seed: int, resamples: int) -> list[tuple[float, str]]:
    """Two-sided p and the name of the test for each pair."""
    counts = units.kind == "counts"
    name = "approximate randomisation" if counts else "sign-flip"
    draws = max(resamples, DRAWS_PER_PAIR * len(pairs)) if counts else resamples
    many = too_many(units, draws)
    tests: dict[Pair, tuple[float, str]] = {}
    for i, j in pairs:
        p = _exact(units, i, j)
        if p is not None:
            tests[i, j] = p, f"exact {name}"
        elif many and counts:
            tests[i, j] = _limit(units, i, j), f"{name}, normal limit"
        elif many:
            tests[i, j] = saddlepoint_flip(_moves(units, i, j)), f"{name}, saddlepoint"
    left = [pair for pair in pairs if pair not in tests]
    for (i, j), reached in zip(left, _reached(units, left, seed, draws), strict=True):
        if reached < FEW and not counts:
            p, how = saddlepoint_flip(_moves(units, i, j)), f"saddlepoint (under {FEW} of {draws:,} draws)"
        else:
            # The observed signs are one of the patterns, so p is never 0 (Phipson & Smyth 2010).
            p, how = (reached + 1) / (draws + 1), f"{draws:,} draws"
        tests[i, j] = p, f"{name}, {how}"
    return [tests[pair] for pair in pairs]


def _moves(units: Units, i: int, j: int) -> Floats:
    """What each unit adds to the difference of the sums."""
    return np.asarray(units.totals[i, :, 0] - units.totals[j, :, 0], dtype=np.float64)


def _exact(units: Units, i: int, j: int) -> float | None:
    """Exact two-sided p, or None where it would cost too much (Fisher 1935)."""
    first, second = units.totals[i], units.totals[j]
    apart = first - second
    moved = apart[np.abs(apart).max(axis=1) > units.noise(i, j)]
    if len(moved) == 0:
        return 1.0
    if units.kind != "counts":
        if bool((moved[:, 0] > 0).all() or (moved[:, 0] < 0).all()):
            return float(2.0 ** (1.0 - len(moved)))  # of all patterns two reach it
        gap = abs(float(moved[:, 0].sum()))
        p = lattice_flip(moved[:, 0])
        if p is not None or len(moved) > HALVED:
            return p
        return halved_flip(moved[:, 0], gap - units.n * _slack(gap / units.n, units, i, j))
    if len(moved) > ENUMERATED:
        return None
    patterns = _all_signs(len(moved))
    gaps = _gaps(units.statistic, first.sum(axis=0), second.sum(axis=0), patterns @ moved)
    return float((gaps >= gaps[0] - _slack(float(gaps[0]), units, i, j)).mean())


def _all_signs(count: int) -> Floats:
    """All sign patterns up to a change of every sign, which leaves the gap as it is; the first is +1."""
    patterns = np.arange(2 ** (count - 1))
    return np.asarray(1.0 - 2.0 * ((patterns[:, None] >> np.arange(count)) & 1), dtype=np.float64)


def _gaps(statistic: Statistic, whole_a: Floats, whole_b: Floats, signed: Floats) -> Floats:
    """|f(a) - f(b)| after swapping where the sign is -1, from the signed sums of a - b (Noreen 1989)."""
    half, turn = (whole_a + whole_b) / 2, signed / 2
    return np.asarray(np.abs(statistic(half + turn) - statistic(half - turn)), dtype=np.float64)


def _slack(gap: float, units: Units, i: int, j: int) -> float:
    """How much less than the observed gap still counts as a tie: rounding, no more."""
    return 1e-9 * gap + 1e-14 * max(abs(float(units.values[i])), abs(float(units.values[j])))


def _reached(units: Units, pairs: list[Pair], seed: int, draws: int) -> list[int]:
    """How many drawn sign patterns make the gap at least as large as it was seen."""
    if not pairs:
        return []
    whole = units.totals.sum(axis=1)
    reached = np.zeros(len(pairs), dtype=np.int64)
    bars = []
    for i, j in pairs:
        gap = float(_gaps(units.statistic, whole[i], whole[j], whole[i] - whole[j]))
        bars.append(gap - _slack(gap, units, i, j))
    n = units.n
    for signed in signed_sums(units, seed, draws):
        for k, (i, j) in enumerate(pairs):
            if units.kind == "counts":
                gaps = _gaps(units.statistic, whole[i], whole[j], (signed[i] - signed[j]).T)
            else:
                gaps = np.abs(signed[i, 0] - signed[j, 0]) / n
            reached[k] += np.count_nonzero(gaps >= bars[k])
    return [int(count) for count in reached]


def _limit(units: Units, i: int, j: int) -> float:
    """Limit of p for very many units of counts: z by the variance under random signs (Lehmann 1975)."""
    moves = (units.influence[i] - units.influence[j]) / units.groups
    gap = float(units.values[i] - units.values[j])
    spread = float(np.sqrt((moves**2).sum()))
    return float(2.0 * special.ndtr(-abs(gap) / spread)) if spread > 0 else 1.0


def halved_flip(values: Floats, bar: float) -> float:
    """P(|sum of s_i v_i| >= bar), exact: the sums of two halves, one of them sorted (Horowitz & Sahni 1974)."""
    if bar <= 0.0:
        return 1.0
    half = len(values) // 2
    first, second = (_all_sums(part) for part in (values[:half], values[half:]))
    above = len(second) - np.searchsorted(np.sort(second), bar - first, "left")
    return min(1.0, float(2 * above.sum()) / 2.0 ** len(values))


def _all_sums(values: Floats) -> Floats:
    sums = np.zeros(1)
    for value in values:
        sums = np.concatenate([sums - value, sums + value])
    return sums


def saddlepoint_flip(values: Floats) -> float:
    """P(|sum of s_i v_i| >= |sum of v_i|) for many units, by saddlepoint (Robinson 1982).

    In the form r* = r + log(u / r) / r, whose relative error stays small however small p is (Barndorff-Nielsen 1986).
    """
    sizes = np.abs(values) / float(np.abs(values).max())
    bar = abs(float(values.sum())) / float(np.abs(values).max())
    low, high = 0.0, 1.0
    while high < 1e9 and float(sizes @ np.tanh(high * sizes)) < bar:
        high *= 2.0
    for _ in range(80):
        middle = (low + high) / 2
        below = float(sizes @ np.tanh(middle * sizes)) < bar
        low, high = (middle, high) if below else (low, middle)
    turn = low * sizes
    r = sqrt(max(2.0 * (low * bar - float((np.logaddexp(turn, -turn) - log(2.0)).sum())), 0.0))
    if r < 1e-3:  # at the middle r and u are both 0 and their ratio is 1
        return float(2.0 * special.ndtr(-r))
    u = low * sqrt(float(((sizes / np.cosh(np.minimum(turn, 300.0))) ** 2).sum()))
    return min(1.0, float(2.0 * special.ndtr(-(r + log(u / r) / r))))


def lattice_flip(values: Floats) -> float | None:
    """Exact P(|sum of s_i v_i| >= |sum of v_i|) over random signs for values on a lattice, else None.

    The distribution is a product of characteristic functions (Pagano & Tritchler 1983); tilting it first, so
    that its mean is the observed sum, keeps all digits of a small p (exponential shift: Nagarajan, Jones &
    Keich 2005).
    """
    found = _on_lattice(np.abs(values))
    if found is None:
        return None
    sizes, times = found
    reach = int(sizes @ times)
    signed = round(float(values.sum()) / float(np.abs(values).sum()) * reach)
    if signed == 0:
        return 1.0
    at = (reach + abs(signed)) // 2  # the sum of the values with sign +1
    if at == reach:
        return float(2.0 ** (1.0 - int(times.sum())))
    tilt = _tilt(sizes, times, at)
    chance = special.expit(tilt * sizes)
    length = fft.next_fast_len(reach + 1, real=True)
    turns = (np.arange(length // 2 + 1)[:, None] * sizes) % length
    wave = np.exp(-2j * np.pi / length * turns)
    mass = fft.irfft(np.prod((1.0 - chance + chance * wave) ** times, axis=1), length)[at : reach + 1]
    scale = float(times @ (np.logaddexp(0.0, tilt * sizes) - log(2.0))) - tilt * at
    tail = float(np.maximum(mass, 0.0) @ np.exp(-tilt * np.arange(len(mass))))
    return min(1.0, 2.0 * exp(scale) * tail)


def _on_lattice(values: Floats) -> tuple[Integers, Integers] | None:
    """Distinct values as whole multiples of a common step, and how often each occurs."""
    apart, times = np.unique(np.round(values / float(values.max()), 10), return_counts=True)
    if len(apart) > 128:
        return None
    ratios = [Fraction(float(x)).limit_denominator(10_000) for x in apart]
    if any(abs(float(r) - float(x)) > 1e-9 for r, x in zip(ratios, apart, strict=True)):
        return None
    common = lcm(*(r.denominator for r in ratios))
    if common > 10**6:
        return None
    whole = [int(r * common) for r in ratios]
    sizes = np.array(whole, dtype=np.int64) // gcd(*whole)
    return (sizes, times.astype(np.int64)) if int(sizes @ times) * len(sizes) <= LATTICE else None


def _tilt(sizes: Integers, times: Integers, at: int) -> float:
    """The tilt under which the observed sum is the mean, by bisection; it need not be precise."""
    low, high = 0.0, 64.0
    for _ in range(40):
        middle = (low + high) / 2
        if float((times * sizes) @ special.expit(middle * sizes)) < at:
            low = middle
        else:
            high = middle
    return low
