"""Tests by random signs: swap a and b within a unit and see how often the gap grows as large. No intervals
here.

For means this is the sign-flip permutation test of the differences, for statistics of summed counts the
approximate randomisation test. Exact where that is cheap, else for means by inversion, which needs no draws and is as
good to all digits that anyone prints; else by signs that all pairs share, and where hardly any of them reach the gap,
by a saddlepoint: after correction for many pairs, 1 / (draws + 1) would never be shown.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from proctor.common.stats.flip_probability import halved_flip, inverted_flip, lattice_flip, saddlepoint_flip
from proctor.common.stats.outcome import Chance
from proctor.common.stats.units import Floats, Kind, Statistic, Units

ENUMERATED = 16  # up to so many units that differ, all sign patterns of counts are tried
HALVED = 28  # the same for means, whose patterns are counted by halves
FEW = 10  # fewer draws than this that reach the gap say only that p is small
DRAWS_PER_PAIR = 40  # so that the smallest p of counts, times the pairs, is below any usual alpha
DRAWN = 2**28  # above so many signs normal theory holds to many digits, and drawing would take minutes
KEPT = 2**25  # signs up to so many are kept: pairs that leave out different items ask for the same ones
_CHUNK = 2**19

Pair = tuple[int, int]
_Small = NDArray[np.signedinteger[Any]]


def draws_for(kind: Kind, resamples: int, family: int) -> int:
    """How many sign patterns are drawn where the comparison is one of a family."""
    return max(resamples, DRAWS_PER_PAIR * family) if kind == "counts" else resamples


def flip_tests(units: Units, pairs: list[Pair], seed: int, draws: int) -> list[Chance]:
    """Two-sided p of each pair, and how it was made."""
    counts = units.kind == "counts"
    name = "approximate randomisation" if counts else "sign-flip"
    many = units.groups * draws > DRAWN
    tests: dict[Pair, Chance] = {}
    for i, j in pairs:
        p = _exact(units, i, j)
        if p is not None:
            tests[i, j] = Chance(p, f"exact {name}", "exact", 0.0)
        elif counts and many:
            tests[i, j] = Chance(_limit(units, i, j), f"{name}, normal limit", "normal limit")
        elif not counts and (inverted := inverted_flip(_moved(units, i, j))) is not None:
            tests[i, j] = Chance(inverted[0], f"{name} by inversion", "inversion", inverted[1])
        elif not counts and many:
            tests[i, j] = Chance(saddlepoint_flip(_moves(units, i, j)), f"{name}, saddlepoint", "saddlepoint")
    left = [pair for pair in pairs if pair not in tests]
    for (i, j), reached in zip(left, _reached(units, left, seed, draws), strict=True):
        if reached < FEW and not counts:
            how = f"{name}, saddlepoint (under {FEW} of {draws:,} draws)"
            tests[i, j] = Chance(saddlepoint_flip(_moves(units, i, j)), how, "saddlepoint")
        else:
            # The observed signs are one of the patterns, so p is never 0 (Phipson & Smyth 2010).
            p = (reached + 1) / (draws + 1)
            tests[i, j] = Chance(p, f"{name}, {draws:,} draws", "draws", sqrt(p * (1.0 - p) / draws))
    return [tests[pair] for pair in pairs]


def _moves(units: Units, i: int, j: int) -> Floats:
    """What each unit adds to the difference of the sums."""
    return np.asarray(units.totals[i, :, 0] - units.totals[j, :, 0], dtype=np.float64)


def _moved(units: Units, i: int, j: int) -> Floats:
    """The same without those that add nothing but rounding."""
    moves = _moves(units, i, j)
    return moves[np.abs(moves) > units.noise(i, j)]


def _exact(units: Units, i: int, j: int) -> float | None:
    """Exact two-sided p, or None where it would cost too much (Fisher 1935)."""
    if units.kind == "counts":
        return _exact_of_counts(units, i, j)
    moved = _moved(units, i, j)
    if len(moved) == 0:
        return 1.0
    if bool((moved > 0).all() or (moved < 0).all()):
        return float(2.0 ** (1.0 - len(moved)))  # of all patterns two reach it
    p = lattice_flip(moved)
    if p is not None or len(moved) > HALVED:
        return p
    gap = abs(float(moved.sum()))
    return halved_flip(moved, gap - units.n * _slack(gap / units.n, units, i, j))


def _exact_of_counts(units: Units, i: int, j: int) -> float | None:
    first, second = units.totals[i], units.totals[j]
    apart = first - second
    moved = apart[np.abs(apart).max(axis=1) > units.noise(i, j)]
    if len(moved) == 0:
        return 1.0
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
    counts = units.kind == "counts"
    totals = units.totals if counts else units.totals[..., :1]
    for chunk in signs(units.groups, seed, draws):
        # Every variant's totals under the drawn signs, (variants, columns, draws): one product serves all pairs.
        signed = np.ascontiguousarray(np.tensordot(chunk, totals, (1, 1)).transpose(1, 2, 0))
        for k, (i, j) in enumerate(pairs):
            if counts:
                gaps = _gaps(units.statistic, whole[i], whole[j], (signed[i] - signed[j]).T)
            else:
                gaps = np.abs(signed[i, 0] - signed[j, 0]) / units.n
            reached[k] += np.count_nonzero(gaps >= bars[k])
    return [int(count) for count in reached]


def _limit(units: Units, i: int, j: int) -> float:
    """Limit of p for very many units of counts: z by the variance under random signs (Lehmann 1975)."""
    moves = (units.influence[i] - units.influence[j]) / units.groups
    gap = float(units.values[i] - units.values[j])
    spread = float(np.sqrt((moves**2).sum()))
    return float(2.0 * special.ndtr(-abs(gap) / spread)) if spread > 0 else 1.0


def signs(groups: int, seed: int, resamples: int) -> Iterator[Floats]:
    """Chunks of random +1 and -1, one row a resample: from the seed, never from the data."""
    draw = _drawn
    if groups * resamples <= KEPT:
        draw = _kept
    for chunk in draw(groups, seed, resamples):
        yield chunk.astype(np.float64)


def _drawn(groups: int, seed: int, resamples: int) -> Iterable[_Small]:
    generator = np.random.default_rng([seed, 1])
    words = -(-groups // 64)
    rows = max(1, _CHUNK // (words * 64))
    for start in range(0, resamples, rows):
        size = (min(rows, resamples - start), words)
        drawn = generator.integers(0, 2**64, size=size, dtype=np.uint64).astype("<u8")
        bits = np.unpackbits(drawn.view(np.uint8), axis=1)[:, :groups]
        yield 2 * bits.astype(np.int8) - 1


@lru_cache(maxsize=2)
def _kept(groups: int, seed: int, resamples: int) -> Iterable[_Small]:
    return list(_drawn(groups, seed, resamples))
