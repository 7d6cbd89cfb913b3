"""Resampling of units: bootstrap intervals and random signs. Knows nothing of closed forms and of words.

Every random number comes from the seed and the purpose, never from the data, so that all variants of a
comparison share the same draws and one matrix product serves them all.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import nan, sqrt

import numpy as np
from scipy import special

from leaderboard.stats.binary import quantile
from leaderboard.stats.units import Floats, Units

DRAWS = 2**28  # above so many draws normal theory is as good, and resampling would take minutes
_CHUNK = 2**22


def too_many(units: Units, resamples: int) -> bool:
    """Whether resampling would draw more than DRAWS numbers; normal theory then holds to many digits."""
    return units.groups * resamples > DRAWS


def weights(groups: int, seed: int, resamples: int) -> Iterator[Floats]:
    """Chunks of bootstrap weights: how often each unit was drawn, one row a resample (Efron 1979)."""
    generator = np.random.default_rng([seed, 2])
    rows = max(1, _CHUNK // groups)
    for start in range(0, resamples, rows):
        size = min(rows, resamples - start)
        drawn = generator.integers(0, groups, size=(size, groups))
        drawn += np.arange(size)[:, None] * groups
        yield np.bincount(drawn.ravel(), minlength=size * groups).reshape(size, groups).astype(np.float64)


def signs(groups: int, seed: int, resamples: int) -> Iterator[Floats]:
    """Chunks of random +1 and -1, one row a resample."""
    generator = np.random.default_rng([seed, 1])
    words = -(-groups // 64)
    rows = max(1, _CHUNK // (words * 64))
    for start in range(0, resamples, rows):
        size = (min(rows, resamples - start), words)
        drawn = generator.integers(0, 2**64, size=size, dtype=np.uint64).astype("<u8")
        bits = np.unpackbits(drawn.view(np.uint8), axis=1)[:, :groups]
        yield bits.astype(np.float64) * 2.0 - 1.0


def bootstrap(units: Units, seed: int, resamples: int) -> Floats:
    """The statistic of every variant in every resample of the units: (variants, resamples)."""
    flat, shape = _flat(units)
    drawn = [units.statistic((w @ flat).reshape(shape)) for w in weights(units.groups, seed, resamples)]
    return np.ascontiguousarray(np.concatenate(drawn).T)


def signed_sums(units: Units, seed: int, resamples: int) -> Iterator[Floats]:
    """Totals of every variant, added up under random signs: chunks of (variants, columns, resamples)."""
    flat, shape = _flat(units)
    for chunk in signs(units.groups, seed, resamples):
        yield np.ascontiguousarray((chunk @ flat).reshape(shape).transpose(1, 2, 0))


def _flat(units: Units) -> tuple[Floats, tuple[int, int, int]]:
    variants, groups, columns = units.totals.shape
    return units.totals.transpose(1, 0, 2).reshape(groups, variants * columns), (-1, variants, columns)


@dataclass(frozen=True)
class Bootstrap:
    """The bootstrap distribution of one figure; BCa (Efron 1987) or percentile, which is BCa with all at 0.

    BCa is widened to t quantiles and to the jackknife's standard error, as plain bootstrap intervals are too
    short for few units (Hesterberg 2015). The interval holds the estimate, whatever the resamples say.
    """

    estimate: float
    replicates: Floats  # sorted
    bias: float
    acceleration: float
    groups: int | None  # None: not widened
    widening: float
    flat: bool  # no resample differs

    @classmethod
    def of(
        cls, estimate: float, drawn: Floats, influence: Floats, percentile: bool = False, widen: bool = True
    ) -> "Bootstrap":
        """From resampled figures and the units' influence on the figure (for the acceleration)."""
        ordered = np.sort(drawn)
        scale = max(abs(float(ordered[0])), abs(float(ordered[-1])), abs(estimate))
        spread = float(ordered[-1] - ordered[0])
        flat = spread <= (1e-12 if influence.any() else 1e-9) * scale
        if percentile:
            return cls(estimate, ordered, 0.0, 0.0, None, 1.0, flat)
        # Resamples that equal the estimate count half, and rounding must not decide which do.
        below = _count(ordered, estimate, 1e-12 * scale)
        squares = float((influence**2).sum())
        acceleration = float((influence**3).sum()) / (6.0 * squares**1.5) if squares > 0 else 0.0
        bias, groups, widening = _normal(below, len(ordered)), None, 1.0
        if widen and not flat:
            groups = len(influence)
            widening = max(1.0, standard_error(influence) / float(ordered.std()))
        return cls(estimate, ordered, bias, acceleration, groups, widening, flat)

    def interval(self, alpha: float) -> tuple[float, float]:
        """Limits at 1 - alpha; both are the estimate where no resample differs from it."""
        if self.flat:
            return self.estimate, self.estimate
        low, high = self._at(alpha / 2), self._at(1.0 - alpha / 2)
        return min(low, self.estimate), max(high, self.estimate)

    def p_below(self, bound: float) -> float:
        """One-sided p of 'the truth is at or below bound': the tail at which the lower limit falls on it."""
        if self.flat:
            return 0.0 if self.estimate > bound else 1.0
        shift = _normal(_count(self.replicates, bound, 0.0), len(self.replicates)) - self.bias
        stretch = 1.0 + self.acceleration * shift
        if stretch <= 0.0:
            return 0.0 if shift < 0 else 1.0
        z = shift / stretch - self.bias
        if self.groups is None:
            return float(special.ndtr(z))
        return float(special.stdtr(self.groups - 1, z / self.widening))

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
        reach = self.bias + quantile(tail, self.groups) * self.widening
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
