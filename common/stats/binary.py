"""Closed forms for 0/1 scores, one cell or a pair, for scalars and arrays alike. Knows nothing of
resampling.

In a pair, `only_a` counts the items that a alone got right, `only_b` those that b alone got right. All
counts may be broken numbers, as they are when a cluster counts for fewer items than it holds (see
`effective_n`).
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from proctor.common.refusal import Refusal
from proctor.common.stats.units import Floats


def critical(alpha: float, groups: int | None = None) -> float:
    """Two-sided critical value: normal, or Student's t on groups - 1 degrees of freedom."""
    return -quantile(alpha / 2.0, groups)


def quantile(tail: float, groups: int | None = None) -> float:
    """Quantile of the normal distribution, or of Student's t on groups - 1 degrees of freedom."""
    return float(special.ndtri(tail) if groups is None else special.stdtrit(groups - 1, tail))


def tail(z: float, groups: int | None = None) -> float:
    """The chance beyond z: the other way round."""
    return float(special.ndtr(-z) if groups is None else special.stdtr(groups - 1, -z))


def wilson(right: ArrayLike, n: ArrayLike, z: float) -> tuple[Floats, Floats]:
    """Wilson's score interval for a proportion (Wilson 1927)."""
    right, n = np.asarray(right, dtype=np.float64), np.asarray(n, dtype=np.float64)
    share = right / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    # At 0 and at n the limit is exactly the estimate; rounding must not push it past.
    low = np.where(right <= 0, 0.0, np.maximum(middle - half, 0.0))
    high = np.where(right >= n, 1.0, np.minimum(middle + half, 1.0))
    return np.minimum(low, share), np.maximum(high, share)


def tango_z(only_a: ArrayLike, only_b: ArrayLike, n: ArrayLike, difference: ArrayLike) -> Floats:
    """Score statistic for a paired difference of proportions against a given one (Tango 1998)."""
    a, b, n, d = (np.asarray(x, dtype=np.float64) for x in (only_a, only_b, n, difference))
    with np.errstate(divide="ignore", invalid="ignore"):
        gap, spread = _score_parts(a, b, n, d)
        z = gap / spread
    sure = np.where(gap == 0, 0.0, np.where(gap > 0, np.inf, -np.inf))
    return np.asarray(np.where(spread > 0, z, sure), dtype=np.float64)


def _score_parts(a: Floats, b: Floats, n: Floats, d: Floats) -> tuple[Floats, Floats]:
    """How far the difference lies from d, and its standard error where d is true."""
    linear = (2 * n - a + b) * d - (a + b)
    root = np.sqrt(np.maximum(linear * linear + 8 * n * b * d * (1 - d), 0.0))
    # The restricted estimate of P(only b); the second form of the root avoids cancelling when linear > 0.
    stable = np.where(linear > 0, 2 * b * d * (1 - d) / (linear + root), (root - linear) / (4 * n))
    share = np.minimum(np.maximum(stable, np.maximum(0.0, -d)), 1.0)
    return a - b - n * d, np.sqrt(n * np.maximum(2 * share + d * (1 - d), 0.0))


def tango(only_a: ArrayLike, only_b: ArrayLike, n: ArrayLike, z: ArrayLike) -> tuple[Floats, Floats]:
    """Tango's score interval for the paired difference (only_a - only_b) / n, by bisection (Tango 1998)."""
    a, b, n, z = np.broadcast_arrays(*(np.asarray(x, dtype=np.float64) for x in (only_a, only_b, n, z)))
    # The upper limit is the mirrored lower limit, so swapping a and b mirrors the interval to the last bit.
    low, mirrored = _tango_low(np.stack([a, b]), np.stack([b, a]), np.stack([n, n]), np.stack([z, z]))
    return low, -mirrored


def _tango_low(a: Floats, b: Floats, n: Floats, z: Floats) -> Floats:
    low, high = np.full(a.shape, -1.0), (a - b) / n
    with np.errstate(divide="ignore", invalid="ignore"):
        for _ in range(60):
            middle = (low + high) / 2
            gap, spread = _score_parts(a, b, n, middle)
            outside = gap > z * spread
            low, high = np.where(outside, middle, low), np.where(outside, high, middle)
    return np.asarray(np.where((a - b) / n <= -1.0, -1.0, low), dtype=np.float64)


def mcnemar(only_a: ArrayLike, only_b: ArrayLike) -> Floats:
    """Exact two-sided McNemar test: binomial on the discordant pairs (McNemar 1947; Liddell 1983)."""
    fewer, both = _discordant(only_a, only_b)
    return np.asarray(
        np.minimum(1.0, 2.0 * special.bdtr(fewer, both.astype(np.int64), 0.5)), dtype=np.float64
    )


def mcnemar_midp(only_a: ArrayLike, only_b: ArrayLike) -> Floats:
    """Mid-p McNemar test: the observed table counts half (Fagerland, Lydersen & Laake 2013)."""
    fewer, both = _discordant(only_a, only_b)
    ways = special.gammaln(both + 1) - special.gammaln(fewer + 1) - special.gammaln(both - fewer + 1)
    point = np.exp(ways - both * np.log(2.0))
    p = 2.0 * special.bdtr(fewer, both.astype(np.int64), 0.5) - point
    # An even split is the middle of a symmetric distribution: its mid-p is exactly 1.
    return np.asarray(np.where(2 * fewer == both, 1.0, np.minimum(1.0, p)), dtype=np.float64)


def _discordant(only_a: ArrayLike, only_b: ArrayLike) -> tuple[Floats, Floats]:
    a, b = np.asarray(only_a, dtype=np.float64), np.asarray(only_b, dtype=np.float64)
    if bool((a < 0).any() or (b < 0).any() or (a % 1 != 0).any() or (b % 1 != 0).any()):
        raise Refusal("discordant counts must be whole numbers of 0 or more")
    return np.minimum(a, b), a + b


def effective_n(variance: ArrayLike, plain: ArrayLike, n: int, groups: float) -> Floats:
    """Items that clustered ones are worth: n over the design effect, at most n (Korn & Graubard 1998).

    `variance` is the clustered variance of the estimate, `plain` what it would be without clusters. When all
    items agree neither says anything, and each cluster counts as one item (see `Units.even_groups`).
    """
    variance, plain = np.asarray(variance, dtype=np.float64), np.asarray(plain, dtype=np.float64)
    worth = np.divide(n * plain, variance, out=np.full(np.shape(plain), float(n)), where=variance > 0)
    return np.asarray(np.where(plain > 0, np.minimum(worth, float(n)), float(groups)), dtype=np.float64)
