"""Coverage of every interval, size of every test, and speed against scipy in loops. Run: python
tests/bench/stats.py

Draws worlds in which the truth is known, many times, and counts how often the interval holds it and how
often the test cries wolf. Prints a table; exits 1 when a figure leaves its bounds. `--times N` draws N
worlds in each row.
"""

import argparse
import resource
import sys
import time
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy import stats

from proctor.common.stats import Table, compare_all, compare_each, compare_paired, estimate
from tests.bench.worlds import CASES, LOSS, WIDE, Case

# fmt: on


@dataclass(frozen=True)
class Rates:
    cell: float  # share of single-cell intervals that hold the truth
    pair: float  # share of paired intervals that hold 0
    size: float  # share of tests at or below 0.05
    margin: float | None  # share of 'no worse' at 0.025 where the loss is exactly the margin


def simulate(case: Case, times: int, resamples: int, seed: int = 7) -> Rates:
    rng = np.random.default_rng(seed)
    cell = pair = size = margin = 0
    tested = case.lossy is not None or (case.kind == "real" and case.scale is None)
    shared = {"kind": case.kind, "resamples": resamples, "scale": case.scale, "mid_p": case.mid_p}
    for world in range(times):
        a, b, clusters = case.draw(rng)
        one = estimate(a, kind=case.kind, clusters=clusters, scale=case.scale)
        two = compare_paired(a, b, clusters=clusters, seed=world, **shared)
        cell += one.low <= case.truth <= one.high
        pair += two.low <= 0.0 <= two.high
        size += two.p <= 0.05
        if tested:
            a, b, clusters = case.lossy(rng) if case.lossy else (a - LOSS, b, clusters)
            scale = WIDE if case.kind == "real" and case.scale is None else case.scale
            lost = compare_paired(
                a, b, clusters=clusters, seed=world, margin=case.margin, **shared | {"scale": scale}
            )
            margin += lost.p_no_worse <= 0.025
    return Rates(cell / times, pair / times, size / times, margin / times if tested else None)


def outside(case: Case, rates: Rates, times: int, luck: float = 1e-4) -> list[str]:
    """Which figures leave their bounds by more than luck explains (binomial tails).

    Intervals may hold the truth in 93.5 to 97.5 % of worlds and not 95 %: a dozen skewed scores are a little short.
    Where next to nothing differs they may hold it always. Tests must not cry wolf more often than the row says,
    nor call a loss as large as the margin 'no worse' more often than in 2.5 %.
    """
    most, fewest = (1.0, 0.0) if case.conservative else (0.985, 0.03)
    bounds = [("cell", rates.cell, case.least, most), ("pair", rates.pair, case.least, most)]
    bounds.append(("size", rates.size, fewest, case.cry))
    if rates.margin is not None:
        bounds.append(("margin", rates.margin, 0.0, case.too_kind))
    wrong = []
    for name, rate, low, high in bounds:
        count = round(rate * times)
        if stats.binom.cdf(count, times, low) < luck or stats.binom.sf(count - 1, times, high) < luck:
            wrong.append(f"{name} {rate:.3f}")
    return wrong


def speed(kind: str, resamples: int = 10_000, loops: int = 2) -> tuple[float, float, float]:
    """Seconds for all pairs of 100 variants x 1,319 items: ours, scipy's tests and bootstraps in loops."""
    rng = np.random.default_rng(1)
    scores = rng.random((100, 1319))
    if kind == "binary":
        scores = (scores < rng.uniform(0.4, 0.8, (100, 1))).astype(float)
    start = time.perf_counter()
    pairs = len(compare_all(scores, kind=kind, items=np.arange(1319), resamples=resamples))
    ours = time.perf_counter() - start

    def mean(x: np.ndarray, axis: int = -1) -> np.ndarray:
        return np.mean(x, axis=axis)

    tests = intervals = 0.0
    for loop in range(loops):
        apart = scores[loop] - scores[loop + 1]
        start = time.perf_counter()
        stats.permutation_test(
            (apart,), mean, permutation_type="samples", vectorized=True, n_resamples=resamples, batch=1000
        )
        tests += time.perf_counter() - start
        start = time.perf_counter()
        stats.bootstrap((apart,), mean, vectorized=True, n_resamples=resamples, batch=1000, method="BCa")
        intervals += time.perf_counter() - start
    return ours, tests / loops * pairs, intervals / loops * pairs


def ragged(kind: str, variants: int, items: int) -> tuple[float, float]:
    """Seconds for all pairs of complete rows, and of rows in each of which up to eight other items are missing."""
    rng = np.random.default_rng(2)
    scores = rng.random((variants, items))
    if kind == "binary":
        scores = (scores < rng.uniform(0.4, 0.8, (variants, 1))).astype(float)
    start = time.perf_counter()
    compare_all(scores, kind=kind, items=np.arange(items))
    complete = time.perf_counter() - start
    gone = [set(rng.choice(items, rng.integers(1, 9), replace=False).tolist()) for _ in range(variants)]
    start = time.perf_counter()
    tables = []
    for i, j in combinations(range(variants), 2):
        kept = np.array([item for item in range(items) if item not in gone[i] and item not in gone[j]])
        tables.append(Table(scores[np.ix_([i, j], kept)], kept))
    tables.sort(key=lambda table: table.scores.shape[1])
    assert len(list(compare_each(tables, kind=kind, family=len(tables)))) == len(tables)
    return complete, time.perf_counter() - start


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=2000, help="worlds in each row")
    parser.add_argument("--resamples", type=int, default=1999)
    options = parser.parse_args()
    failed = False
    print(
        f"{'world':52} {'cell':>7} {'pair':>7} {'size':>7} {'margin':>7}"
        f"   ({options.times} worlds, nominal 0.95 0.95 0.05 0.025)"
    )
    for case in CASES:
        rates = simulate(case, options.times, options.resamples)
        wrong = outside(case, rates, options.times)
        failed = failed or bool(wrong)
        note = "  OUTSIDE: " + ", ".join(wrong) if wrong else ""
        margin = "" if rates.margin is None else f"{rates.margin:.3f}"
        print(
            f"{case.name:52} {rates.cell:7.3f} {rates.pair:7.3f} {rates.size:7.3f} {margin:>7}{note}",
            flush=True,
        )
    for kind in ("binary", "real"):
        ours, tests, intervals = speed(kind)
        print(
            f"\nall pairs of 100 variants x 1,319 {kind} items, 10,000 resamples: {ours:.1f} s"
            f"\n  scipy.stats.permutation_test in a loop: {tests:,.0f} s, {tests / ours:,.0f} times as long"
            f"\n  scipy.stats.bootstrap in a loop: {intervals:,.0f} s, {intervals / ours:,.0f} times as long",
            flush=True,
        )
        failed = failed or tests + intervals < 100 * ours
    for kind, variants, items in (("real", 57, 805), ("binary", 100, 1319)):
        complete, apart = ragged(kind, variants, items)
        print(
            f"\nall pairs of {variants} variants x {items:,} {kind} items: {complete:.1f} s, "
            f"with other items missing from each: {apart:.1f} s"
        )
        failed = failed or apart > 10 * complete + 5
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"\nmost memory, scipy's loops included: {peak:.2f} GiB")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
