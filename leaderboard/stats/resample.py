"""Resampling of units: bootstrap intervals and random signs. Knows nothing of closed forms and of words.

Every random number comes from the seed and the purpose, never from the data, so that all variants of a
comparison share the same draws and one matrix product serves them all.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from math import nan, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from leaderboard.stats.binary import critical, quantile
from leaderboard.stats.units import Floats, Units

Small = NDArray[np.signedinteger[Any]]

DRAWS = 2**28  # above so many draws normal theory is as good, and resampling would take minutes
KEPT = 2**25  # draws up to so many are kept: pairs that leave out different items ask for the same ones
_CHUNK = 2**19


def too_many(units: Units, resamples: int) -> bool:
    """Whether resampling would draw more than DRAWS numbers; normal theory then holds to many digits."""
    return units.groups * resamples > DRAWS


def weights(groups: int, seed: int, resamples: int) -> Iterator[Floats]:
    """Chunks of bootstrap weights: how often each unit was drawn, one row a resample (Efron 1979)."""
    kept = _kept_weights(groups, seed, resamples) if groups * resamples <= KEPT else None
    for chunk in _chunks(kept, groups) if kept is not None else _weights(groups, seed, resamples):
        yield chunk.astype(np.float64)


def signs(groups: int, seed: int, resamples: int) -> Iterator[Floats]:
    """Chunks of random +1 and -1, one row a resample."""
    kept = _kept_signs(groups, seed, resamples) if groups * resamples <= KEPT else None
    for chunk in _chunks(kept, groups) if kept is not None else _signs(groups, seed, resamples):
        yield chunk.astype(np.float64)


def _weights(groups: int, seed: int, resamples: int) -> Iterator[Small]:
    generator = np.random.default_rng([seed, 2])
    rows = max(1, _CHUNK // groups)
    for start in range(0, resamples, rows):
        size = min(rows, resamples - start)
        drawn = generator.integers(0, groups, size=(size, groups))
        drawn += np.arange(size)[:, None] * groups
        yield np.bincount(drawn.ravel(), minlength=size * groups).reshape(size, groups)


def _signs(groups: int, seed: int, resamples: int) -> Iterator[Small]:
    generator = np.random.default_rng([seed, 1])
    words = -(-groups // 64)
    rows = max(1, _CHUNK // (words * 64))
    for start in range(0, resamples, rows):
        size = (min(rows, resamples - start), words)
        drawn = generator.integers(0, 2**64, size=size, dtype=np.uint64).astype("<u8")
        bits = np.unpackbits(drawn.view(np.uint8), axis=1)[:, :groups]
        yield 2 * bits.astype(np.int8) - 1


@lru_cache(maxsize=2)
def _kept_weights(groups: int, seed: int, resamples: int) -> Small:
    return np.concatenate([chunk.astype(np.int32) for chunk in _weights(groups, seed, resamples)])


@lru_cache(maxsize=2)
def _kept_signs(groups: int, seed: int, resamples: int) -> Small:
    return np.concatenate(list(_signs(groups, seed, resamples)))


def _chunks(kept: Small, groups: int) -> Iterator[Small]:
    rows = max(1, _CHUNK // groups)
    for start in range(0, len(kept), rows):
        yield kept[start : start + rows]


def bootstrap(units: Units, seed: int, resamples: int) -> Floats:
    """The statistic of every variant in every resample of the units: (variants, resamples)."""
    # Without clusters all resamples hold as many items, so their number need not be added up.
    plain = units.kind != "counts" and not units.clustered
    flat, shape = _flat(units.totals[..., :1] if plain else units.totals)
    figures = np.empty((len(units.values), resamples))
    done = 0
    for chunk in weights(units.groups, seed, resamples):
        sums = (chunk @ flat).reshape(shape)
        figures[:, done : done + len(chunk)] = (sums[..., 0] / units.n if plain else units.statistic(sums)).T
        done += len(chunk)
    return figures


def signed_sums(units: Units, seed: int, draws: int) -> Iterator[Floats]:
    """Totals of every variant, added up under random signs: chunks of (variants, columns, draws)."""
    flat, shape = _flat(units.totals if units.kind == "counts" else units.totals[..., :1])
    for chunk in signs(units.groups, seed, draws):
        yield np.ascontiguousarray((chunk @ flat).reshape(shape).transpose(1, 2, 0))


def _flat(totals: Floats) -> tuple[Floats, tuple[int, int, int]]:
    variants, groups, columns = totals.shape
    return totals.transpose(1, 0, 2).reshape(groups, variants * columns), (-1, variants, columns)


@dataclass(frozen=True)
class Bootstrap:
    """The bootstrap distribution of one figure; BCa (Efron 1987) or percentile, which is BCa with all at 0.

    For a dozen or two of units BCa is short where most differences are 0 or their tails are heavy: there Student's t
    holds (1908), which in turn is short for skewed scores, where BCa holds. So a limit is the outer one of both. The
    interval holds the estimate, whatever the resamples say.
    """

    estimate: float
    replicates: Floats  # sorted
    bias: float
    acceleration: float
    groups: int
    error: float | None  # standard error for t; None: the bootstrap alone
    flat: bool  # no resample differs

    @classmethod
    def of(
        cls, estimate: float, drawn: Floats, influence: Floats, percentile: bool = False, student: bool = True
    ) -> "Bootstrap":
        """From resampled figures and the units' influence on the figure (for the acceleration and for t)."""
        ordered, groups = np.sort(drawn), len(influence)
        scale = max(abs(float(ordered[0])), abs(float(ordered[-1])), abs(estimate))
        spread = float(ordered[-1] - ordered[0])
        flat = spread <= (1e-12 if influence.any() else 1e-9) * scale
        if percentile:
            return cls(estimate, ordered, 0.0, 0.0, groups, None, flat)
        # Resamples that equal the estimate count half, and rounding must not decide which do.
        below = _count(ordered, estimate, 1e-12 * scale)
        squares = float((influence**2).sum())
        acceleration = float((influence**3).sum()) / (6.0 * squares**1.5) if squares > 0 else 0.0
        error = standard_error(influence) if student and not flat else None
        return cls(estimate, ordered, _normal(below, len(ordered)), acceleration, groups, error, flat)

    def interval(self, alpha: float) -> tuple[float, float]:
        """Limits at 1 - alpha; both are the estimate where no resample differs from it."""
        if self.flat:
            return self.estimate, self.estimate
        reach = critical(alpha, self.groups) * self.error if self.error else 0.0
        low, high = self._at(alpha / 2), self._at(1.0 - alpha / 2)
        return min(low, self.estimate - reach), max(high, self.estimate + reach)

    def p_below(self, bound: float) -> float:
        """One-sided p of 'the truth is at or below bound': the tail at which the lower limit falls on it."""
        if self.flat:
            return 0.0 if self.estimate > bound else 1.0
        shift = _normal(_count(self.replicates, bound, 0.0), len(self.replicates)) - self.bias
        stretch = 1.0 + self.acceleration * shift
        # Beyond the pole of the correction there is no tail left.
        p = float(special.ndtr(shift / stretch - self.bias)) if stretch > 0.0 else float(shift >= 0)
        return (
            max(p, float(special.stdtr(self.groups - 1, (bound - self.estimate) / self.error)))
            if self.error
            else p
        )

    def p_above(self, bound: float) -> float:
        """One-sided p of 'the truth is at or above bound'."""
        mirrored = -self.replicates[::-1]
        turned = replace(
            self,
            estimate=-self.estimate,
            replicates=mirrored,
            bias=-self.bias,
            acceleration=-self.acceleration,
        )
        return turned.p_below(-bound)

    def _at(self, tail: float) -> float:
        """The replicate at the corrected tail, between neighbours by straight lines."""
        reach = self.bias + quantile(tail)
        stretch = 1.0 - self.acceleration * reach
        # Beyond the pole of the correction the limit is the outermost replicate.
        share = float(special.ndtr(self.bias + reach / stretch)) if stretch > 0 else float(reach > 0)
        place = share * (len(self.replicates) - 1)
        left = min(int(place), len(self.replicates) - 2)
        low, high = float(self.replicates[left]), float(self.replicates[left + 1])
        return low + (high - low) * (place - left)


def _count(ordered: Floats, value: float, slack: float) -> float:
    """How many lie below the value; those that equal it count half."""
    left = int(np.searchsorted(ordered, value - slack, "left"))
    return (left + int(np.searchsorted(ordered, value + slack, "right"))) / 2


def _normal(count: float, total: int) -> float:
    return float(special.ndtri(min(max(count, 0.5), total - 0.5) / total))


def standard_error(influence: Floats) -> float:
    """Jackknife standard error (Tukey 1958): sd / sqrt(n) for a mean of items, cluster-robust by cluster."""
    groups = len(influence)
    return sqrt(float((influence**2).sum()) / (groups * (groups - 1))) if groups > 1 else nan
