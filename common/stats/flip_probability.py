"""P(|sum of s_i v_i| >= |sum of v_i|) over random signs s: how often chance makes a gap as large. Four ways, each with
its own reach; which one is taken is for flips.py to say. Knows plain numbers.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import exp, lcm, log, pi, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy import special
from scipy.optimize import brentq

from proctor.common.stats.units import Floats, Integers

LATTICE = 2**15  # cells of the exact distribution (reach x distinct values) that are worth computing
TERMS = 2**18  # frequencies x values of the inverted integral that are worth computing
SURE = 5e-3  # an inverted p that may be off by more of itself than this is none
SMALL = 1e-10  # a characteristic function below this has ended, if it does not come back
_BLOCK = 16  # frequencies at once
_CHUNK = 512  # values at once: what fits the cache
_SOON = 64  # so many are mostly enough to see that a wave has ended
_FOLDS = 16  # values are filled up to a multiple of it
_PARTS = 10**5  # the finest lattice that is looked for


def halved_flip(values: Floats, bar: float) -> float:
    """P(|sum| >= bar), exact: the sums of two halves, one of them sorted (Horowitz & Sahni 1974)."""
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


def lattice_flip(values: Floats, most: int = LATTICE) -> float | None:
    """Exact for values on a coarse lattice, else None.

    The distribution is a product of characteristic functions (Pagano & Tritchler 1983); tilting it first, so
    that its mean is the observed sum, keeps all digits of a small p (exponential shift: Nagarajan, Jones &
    Keich 2005).
    """
    found = _on_lattice(np.abs(values), most)
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
    tilt = brentq(lambda tilt: float((times * sizes) @ special.expit(tilt * sizes)) - at, 0.0, 64.0)
    chance = special.expit(tilt * sizes)
    length = reach + 1
    turns = (np.arange(length // 2 + 1)[:, None] * sizes) % length
    wave = np.exp(-2j * np.pi / length * turns)
    mass = np.fft.irfft(np.prod((1.0 - chance + chance * wave) ** times, axis=1), length)[at:]
    scale = float(times @ (np.logaddexp(0.0, tilt * sizes) - log(2.0))) - tilt * at
    tail = float(np.maximum(mass, 0.0) @ np.exp(-tilt * np.arange(len(mass))))
    return min(1.0, 2.0 * exp(scale) * tail)


def _on_lattice(values: Floats, most: int) -> tuple[Integers, Integers] | None:
    """Distinct values as whole multiples of a common step, and how often each occurs; None where that is too much."""
    parts = _parts(values / float(values.max()))
    if parts is None:
        return None
    whole, times = np.unique(
        np.rint(values / float(values.max()) * parts).astype(np.int64), return_counts=True
    )
    sizes = whole // np.gcd.reduce(whole)
    if int(sizes @ times) * len(sizes) > most:
        return None
    return sizes, times.astype(np.int64)


def _parts(sizes: Floats) -> int | None:
    """Into how many steps 1 must be parted for all sizes to be whole multiples of one; None if into too many."""
    return _parts_of(sizes.tobytes())


@lru_cache(maxsize=1)  # the exact way asks first, then inversion
def _parts_of(content: bytes) -> int | None:
    sizes, parts = np.frombuffer(content), 1
    rest = np.unique(sizes.round(10))
    while len(rest):
        rest = rest[np.abs(rest * parts - np.rint(rest * parts)) > 1e-9 * parts]
        if len(rest):
            parts = lcm(parts, Fraction(float(rest[0])).limit_denominator(_PARTS).denominator)
            rest = rest[1:]
        if parts > _PARTS:
            return None
    if float(np.abs(sizes * parts - np.rint(sizes * parts)).max()) > 1e-9 * parts:
        return None
    return parts


@dataclass(frozen=True)
class _Sum:
    """The sum of randomly signed sizes, all of them above 0 and the largest 1, with the bar that it is held against."""

    sizes: Floats
    bar: float

    @classmethod
    def of(cls, values: Floats) -> "_Sum":
        sizes = np.abs(values)
        largest = float(sizes.max())
        return cls(sizes / largest, abs(float(values.sum())) / largest)

    def saddle(self) -> float:
        """The tilt under which the bar is the mean, from below: Newton's steps on a concave curve never pass it."""
        tilt = 0.0
        for _ in range(200):
            lean = np.tanh(tilt * self.sizes)
            rest, slope = self.bar - float(self.sizes @ lean), float(self.sizes**2 @ (1.0 - lean**2))
            if slope <= 0.0:
                break
            step = rest / slope
            tilt += step
            if step <= 1e-14 * tilt or tilt > 1e9:
                break
        return tilt

    def log_scale(self, tilt: float) -> float:
        """Logarithm of E exp(tilt (sum - bar)), a bound of P(sum >= bar) (Chernoff 1952)."""
        turn = tilt * self.sizes
        return float((np.logaddexp(turn, -turn) - log(2.0)).sum()) - tilt * self.bar


def saddlepoint_flip(values: Floats) -> float:
    """For many values, by saddlepoint (Robinson 1982).

    In the form r* = r + log(u / r) / r, whose relative error stays small however small p is (Barndorff-Nielsen 1986).
    """
    sum_ = _Sum.of(values)
    tilt = sum_.saddle()
    r = sqrt(max(-2.0 * sum_.log_scale(tilt), 0.0))
    if r < 1e-3:  # at the middle r and u are both 0 and their ratio is 1
        return float(2.0 * special.ndtr(-r))
    turn = np.minimum(tilt * sum_.sizes, 300.0)
    u = tilt * sqrt(float(((sum_.sizes / np.cosh(turn)) ** 2).sum()))
    return min(1.0, float(2.0 * special.ndtr(-(r + log(u / r) / r))))


def inverted_flip(values: Floats) -> tuple[float, float] | None:
    """By inverting the characteristic function: p, and by how much it may be off; None where that says too little.

    Daniels' integral (1954) along a line at the saddle or above, where it hardly swings and a small p keeps its digits;
    by equal steps, whose error is bounded and negligible at this width. What may be off is what the frequencies left
    out could still add: nothing for dozens of values that share no step.
    """
    sum_ = _Sum.of(values)
    spread, count = sqrt(float(sum_.sizes @ sum_.sizes)), len(values)
    if sum_.bar <= 1e-12 * spread:
        return 1.0, 0.0
    saddle = sum_.saddle()
    tilt = max(saddle, 2.0 / spread)  # at 0 the kernel has its pole: the nearer, the smaller the steps
    step, height = 2.0 * pi / _period(sum_, tilt, sum_.log_scale(saddle), spread), sum_.log_scale(tilt)
    parts = _parts(sum_.sizes)
    grid = 0.0
    if parts:
        grid = 2.0 / parts
    most = min(max(TERMS // count, 2 * _BLOCK), 64 * _BLOCK)
    if grid and pi / grid < most * step:
        most = int(pi / grid / step)  # on a lattice all is said within one turn
    sizes = np.zeros(count + -count % _FOLDS)  # a size of 0 changes nothing, and a round number is quicker
    sizes[:count] = sum_.sizes
    lean, at, left, last = np.tanh(tilt * sizes), 1, 1.0, np.ones(1)
    total = 0.5 * float(_kernel(tilt, np.zeros(1), grid)[0].real)
    while at < most and left > SMALL:
        turns = step * np.arange(at, min(at + _BLOCK, most), dtype=np.float64)
        waves = _waves(turns, sizes, lean)
        total += float((waves * np.exp(-1j * turns * sum_.bar) * _kernel(tilt, turns, grid)).real.sum())
        at, last = at + len(turns), np.abs(waves)
        left = float(last[-2:].max())
    # For values that all but share a step the wave comes back further out, as wide as it started: look there too.
    rest, looks = left, 3
    if left > SMALL:
        rest, looks = float(last.max()), 8
    beyond = step * np.linspace(at, 8 * at, looks * _BLOCK)
    if grid:
        beyond = beyond[beyond < pi / grid]
    for some in np.array_split(beyond, max(len(beyond) // _BLOCK, 1)):
        if len(some):
            rest = max(rest, float(np.abs(_waves(some, sizes, lean, SMALL)).max()))
    # Frequencies left out add up as at random; 16 times that, for the largest need not be among those seen.
    p, unsure = 2.0 * exp(height) * step / pi * total, 2.0 * exp(height) * 16.0 * rest / (pi * sqrt(2.0 * at))
    if not unsure <= SURE * p:
        return None
    return min(1.0, max(p, 2.0 ** (1 - count))), unsure


def _period(sum_: _Sum, tilt: float, height: float, spread: float) -> float:
    """Steps of 2 pi over this add the tails a period away: below 1e-8 of this one (Chernoff 1952, Hoeffding 1963)."""
    below = (24.0 - height) / tilt
    rise, square = tilt - sum_.bar / spread**2, spread**2
    above = square * (rise + sqrt(rise**2 + 2.0 / square * (20.0 - height - sum_.bar**2 / (2.0 * square))))
    return max(below, min(above, float(sum_.sizes.sum()) - sum_.bar + 1.0))


def _kernel(tilt: float, turns: Floats, grid: float) -> NDArray[np.complex128]:
    """What makes a tail of a density, or of masses that stand a grid apart."""
    s = tilt + 1j * turns
    if not grid:
        return np.asarray(1.0 / s, dtype=np.complex128)
    return np.asarray(grid / -np.expm1(-grid * s), dtype=np.complex128)


def _waves(turns: Floats, sizes: Floats, lean: Floats, floor: float = 0.0) -> NDArray[np.complex128]:
    """The characteristic function of the tilted sum at frequencies of equal steps: powers are quicker than cosines.

    Where all are below the floor the rest of the values is left out, which could only make them smaller.
    """
    found = np.ones(len(turns), dtype=np.complex128)
    length = _CHUNK
    if floor:
        length = _SOON
    for start in range(0, len(sizes), length):
        some = sizes[start : start + length]
        waves = np.empty((len(turns), len(some)), dtype=np.complex128)
        waves[0] = np.exp(1j * turns[0] * some)
        turn = np.exp(1j * (turns[-1] - turns[0]) / max(len(turns) - 1, 1) * some)
        for k in range(1, len(turns)):
            np.multiply(waves[k - 1], turn, out=waves[k])
        waves.imag *= lean[start : start + length]
        while waves.shape[1] % 2 == 0:  # half by half, for a product one by one waits for each factor
            half = waves.shape[1] // 2
            waves = waves[:, :half] * waves[:, half:]
        found *= waves.prod(axis=1)
        if floor and float(np.abs(found).max()) < floor:
            break
    return found
