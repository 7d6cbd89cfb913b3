"""Intervals by resampling whole items, or whole clusters of items: BCa bootstrap (Efron 1987).

A figure is a function of weights: a row says how often each distinct observation counts. Ones give the figure itself,
bootstrap counts its spread, leaving one out its acceleration. Random numbers come from the seed and the number of
units alone, so the same rows in any order give the same limits.

    Bootstrap().of(lambda w: ratio(w @ scores, w.sum(axis=1)), np.eye(len(scores)))      # the mean, with its limits
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]
# Weights (rows, observations) -> a value a row, nan where there is none.
Statistic = Callable[[Floats], Floats]
# The same of observations and weights: partial(figure, observations) is a Statistic.
Figure = Callable[[Floats, Floats], Floats]

RESAMPLES = 2_000
SEED = 2026
LEAST_UNITS = 3  # below, an interval says nothing
_MOST_JACKKNIFED = 3_000  # above, the acceleration is as good as 0


def ratio(above: Floats, below: Floats) -> Floats:
    """above / below, nan where nothing stands below (or only what rounding left there)."""
    empty = np.abs(below) < 1e-12
    return np.where(empty, np.nan, above / np.where(empty, 1.0, below))


@dataclass(frozen=True)
class Interval:
    """`value` is None where the figure is not defined; the limits where they can't be had, and `note` says why."""

    value: float | None
    low: float | None = None
    high: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Bootstrap:
    """How figures get their limits. `resamples` 0: none are wanted."""

    resamples: int = RESAMPLES
    seed: int = SEED
    alpha: float = 0.05

    def of(self, statistic: Statistic, counts: Floats) -> Interval:
        return self.each({"": statistic}, counts)[""]

    def each(self, statistics: Mapping[str, Statistic], counts: Floats) -> dict[str, Interval]:
        """`counts` (units, observations): how many times each distinct observation stands in each unit."""
        units, whole = len(counts), counts.sum(axis=0, keepdims=True)
        known = {name: float(statistic(whole)[0]) for name, statistic in statistics.items()}
        wanted = {name: statistics[name] for name, value in known.items() if np.isfinite(value)}
        intervals = dict.fromkeys(statistics, Interval(None, note="not defined for these scores"))
        if not self.resamples or units < LEAST_UNITS:
            note = ""
            if self.resamples:
                note = f"no interval: {units} independent unit{'s' * (units != 1)}"
            return intervals | {name: Interval(known[name], note=note) for name in wanted}
        drawn = _in_parts(wanted, counts, draws(units, self.resamples, self.seed))
        without = {}
        if units <= _MOST_JACKKNIFED:
            without = _in_parts(wanted, whole - counts)
        for name in wanted:
            intervals[name] = self._settled(known[name], drawn[name], without.get(name))
        return intervals

    def _settled(self, value: float, drawn: Floats, without: Floats | None) -> Interval:
        known = np.sort(drawn[~np.isnan(drawn)])
        if len(known) < 0.9 * self.resamples:
            return Interval(value, note="no interval: not to be had in most resamples")
        note = ""
        if len(known) < self.resamples:
            note = f"{self.resamples - len(known)} resamples left out"
        low, high = self._limits(value, known, _acceleration(without))
        if not (np.isfinite(low) and np.isfinite(high)):
            note = "an open end: the resamples have no bound"
        return Interval(value, _bound(low), _bound(high), note)

    def _limits(self, value: float, known: Floats, acceleration: float) -> tuple[float, float]:
        slack = 1e-12 * max(1.0, abs(value))
        below = (np.count_nonzero(known < value - slack) + np.count_nonzero(known <= value + slack)) / 2
        bias = float(special.ndtri(min(max(below, 0.5), len(known) - 0.5) / len(known)))
        limits = []
        for tail in (self.alpha / 2, 1 - self.alpha / 2):
            reach = bias + float(special.ndtri(tail))
            stretch = 1.0 - acceleration * reach
            share = float(reach > 0)
            if stretch > 0:
                share = float(special.ndtr(bias + reach / stretch))
            place = share * (len(known) - 1)
            left = min(int(place), len(known) - 2)
            limit, above = float(known[left]), float(known[left + 1])
            if above > limit:  # both may be infinite
                limit += (above - limit) * (place - left)
            limits.append(limit)
        return min(limits[0], value), max(limits[1], value)


def _bound(limit: float) -> float | None:
    return limit if np.isfinite(limit) else None


def _in_parts(
    statistics: Mapping[str, Statistic], counts: Floats, drawn: Floats | None = None
) -> dict[str, Floats]:
    """Each figure in each resample; without draws the rows of counts are the resamples themselves."""
    rows = max(1, 2**22 // max(1, counts.shape[1]))
    parts: dict[str, list[Floats]] = {name: [] for name in statistics}
    resamples = counts
    if drawn is not None:
        resamples = drawn
    for start in range(0, len(resamples), rows):
        weights = resamples[start : start + rows]
        if drawn is not None:
            weights = weights @ counts
        for name, statistic in statistics.items():
            parts[name].append(statistic(weights))
    return {name: np.concatenate(chunks) for name, chunks in parts.items()}


def _acceleration(without: Floats | None) -> float:
    if without is None or not np.isfinite(without).all():
        return 0.0
    influence = without.mean() - without
    squares = float((influence**2).sum())
    if squares <= 1e-18:
        return 0.0
    return float((influence**3).sum() / (6.0 * squares**1.5))


@lru_cache(maxsize=16)
def draws(units: int, resamples: int, seed: int) -> Floats:
    """How often each unit is drawn in each resample (Efron 1979)."""
    generator = np.random.default_rng([seed, units])
    picked = generator.integers(0, units, size=(resamples, units))
    picked += np.arange(resamples)[:, None] * units
    counted = np.bincount(picked.ravel(), minlength=resamples * units)
    return counted.reshape(resamples, units).astype(np.float64)


def distinct(
    rows: Floats, clusters: Sequence[str], groups: Sequence[str] | None = None
) -> tuple[Floats, Floats]:
    """The distinct rows, and how often each stands in each cluster (in the order of their names)."""
    different, places = np.unique(np.round(rows, 9), axis=0, return_inverse=True)
    place = {name: number for number, name in enumerate(groups or sorted(set(clusters)))}
    counts = np.zeros((len(place), len(different)))
    where = np.array([place[cluster] for cluster in clusters], dtype=np.intp)
    np.add.at(counts, (where, places.reshape(-1)), 1.0)
    return different, counts
