"""Figures of looks before all items are there: their errors, and how much is asked until pairs are decided.

    python -m tests.bench.looks --times 2000

Worlds of 0/1 scores are looked at after every item, those of tests/bench/worlds.py after every sixteenth. Then pairs of
the committed results, and twelve simulated systems, are replayed in the order of a run until decided, by the rule that
such a run follows. Prints tables; exits 1 when a figure leaves its bounds.
"""

import argparse
import sys
from collections import Counter
from dataclasses import dataclass
from itertools import combinations, product
from pathlib import Path

import numpy as np
from scipy import special, stats

from proctor.common.stats import Verdict, compare_paired
from proctor.common.stats.binary import mcnemar, tango_z
from proctor.common.stats.looks import level_of
from proctor.harness import record
from proctor.harness.run import LOOKS
from proctor.leaderboard.compare.comparison import Comparison, corrected
from proctor.leaderboard.compare.items import items_of
from proctor.leaderboard.compare.open_pairs import open_pairs
from tests.bench.worlds import CASES, Case

RESULTS = Path(__file__).parents[2] / "results"
ITEMS = 1319
MARGIN = 0.02
DISCORDANCES = (0.02, 0.1, 0.4)
CASES_LOOKED_AT = [
    case for case in CASES if case.name.startswith(("0/1, 200 items, a", "0/1, 40 cl", "0/1, 60 un", "real, 100",
                                                    "real, 20 un", "real, 64 items, 90", "F1, 100"))
]  # fmt: skip


@dataclass(frozen=True)
class Errors:
    """Shares of worlds: a difference that is not there was shown at some look; all intervals held the truth; a loss of
    the margin was called no worse at some look, None where that world was not drawn."""

    shown: float
    held: float
    no_worse: float | None


def steps(rng: np.random.Generator, times: int, n: int, discordance: float, gap: float) -> np.ndarray:
    """Of each world and item 1 where a alone is right, -1 where b alone is."""
    u = rng.random((times, n))
    won, lost = (discordance + gap) / 2, (discordance - gap) / 2
    return (u < won).astype(int) - ((u >= won) & (u < won + lost)).astype(int)


def binary_errors(n: int, discordance: float, times: int, seed: int = 7) -> Errors:
    """Looks after every item; the intervals around a gap of a fifth of the discordance."""
    rng = np.random.default_rng(seed)
    seen = np.arange(1, n + 1)
    level = np.array([level_of(k / n, 0.05) for k in seen])
    reach = -special.ndtri(level / 2)

    def counts(gap: float) -> tuple[np.ndarray, np.ndarray]:
        each = steps(rng, times, n, discordance, gap)
        return np.cumsum(each > 0, axis=1), np.cumsum(each < 0, axis=1)

    shown = (mcnemar(*counts(0.0)) <= level).any(axis=1)
    held = (np.abs(tango_z(*counts(discordance / 5), seen, discordance / 5)) <= reach).all(axis=1)
    no_worse = None
    if discordance >= MARGIN:
        no_worse = float((tango_z(*counts(-MARGIN), seen, -MARGIN) >= reach).any(axis=1).mean())
    return Errors(float(shown.mean()), float(held.mean()), no_worse)


def spread(rng: np.random.Generator, clusters: np.ndarray | None, n: int) -> np.ndarray:
    """The order in which items are asked: drawn, each cluster in proportion to its size (tasks/draw.py)."""
    shuffled = rng.permutation(n)
    if clusters is None:
        return shuffled
    sizes, before, places = Counter(clusters.tolist()), Counter(), []
    for item in shuffled:
        label = clusters[item]
        places.append(before[label] / sizes[label])
        before[label] += 1
    return shuffled[np.argsort(places, kind="stable")]


def case_errors(case: Case, times: int, seed: int = 7) -> Errors:
    rng = np.random.default_rng(seed)
    shown = held = no_worse = 0
    shared = {"kind": case.kind, "resamples": 599, "scale": case.scale}
    for world in range(times):
        for lossy in (False, True)[: 1 + (case.lossy is not None)]:
            a, b, clusters = case.lossy(rng) if lossy and case.lossy else case.draw(rng)
            order, n = spread(rng, clusters, len(a)), len(a)
            some_shown, all_held, some_no_worse = False, True, False
            for number in range(2, LOOKS + 1):
                kept = order[: n * number // LOOKS]
                if clusters is not None and len(set(clusters[kept])) < 2:
                    continue
                d = compare_paired(
                    a[kept], b[kept], clusters=None if clusters is None else clusters[kept], seed=world, planned=n,
                    margin=case.margin if lossy else None, **shared,
                )  # fmt: skip
                some_shown |= d.p <= 0.05
                all_held &= d.low <= 0.0 <= d.high
                some_no_worse |= lossy and d.p_no_worse <= 0.025
            if lossy:
                no_worse += some_no_worse
            else:
                shown, held = shown + some_shown, held + all_held
    return Errors(shown / times, held / times, no_worse / times if case.lossy else None)


def outside(errors: Errors, times: int, luck: float = 1e-4) -> list[str]:
    """Which figures leave 5 %, 95 % and 2.5 % by more than luck explains."""
    wrong = []
    for name, rate, most in (("shown", errors.shown, 0.05), ("missed", 1.0 - errors.held, 0.05),
                             ("no worse", errors.no_worse or 0.0, 0.025)):  # fmt: skip
        if stats.binom.sf(round(rate * times) - 1, times, most) < luck:
            wrong.append(f"{name} {rate:.3f}")
    return wrong


@dataclass(frozen=True)
class Replay:
    """Of one pair: the share of the items after which it was closed, its verdict then, and that of all items."""

    share: float
    verdict: Verdict
    full: Verdict


def compared(
    scores: np.ndarray, pairs: list[tuple[int, int]], margin: float | None, planned: int | None
) -> list[Comparison]:
    alone = []
    for i, j in pairs:
        d = compare_paired(scores[i], scores[j], kind="binary", planned=planned, margin=margin)
        alone.append(Comparison(str(i), str(j), "t", "accuracy", d))
    return corrected(alone)


def replay(scores: np.ndarray, pairs: list[tuple[int, int]], margin: float | None) -> list[Replay]:
    """A suite that asks for these pairs. `scores` of the variants come in the order in which items are asked."""
    n, seen, ends = scores.shape[1], 0, {}
    block = n // LOOKS
    full = compared(scores, pairs, margin, None)
    while len(ends) < len(pairs) and seen < n:
        seen = min(n, seen + block)
        family = compared(scores[:, :seen], pairs, margin, n)
        still_open = open_pairs(family)
        for place, pair in enumerate(family):
            if place not in ends and (seen == n or pair not in still_open):
                ends[place] = Replay(seen / n, pair.verdict, full[place].verdict)
    return [ends[place] for place in range(len(pairs))]


def committed_pairs(rng: np.random.Generator) -> list[Replay]:
    """Every two variants of SmolLM2 on GSM8K, each pair alone."""
    rows = {}
    for results in sorted(RESULTS.glob("smollm2*")):
        for cell in record.cells(results):
            if cell.task == "gsm8k" and len(items_of(cell).ids) == ITEMS:
                rows[cell.variant] = items_of(cell).values
    order = rng.permutation(ITEMS)
    replays = []
    for a, b in combinations(rows, 2):
        replays += replay(np.stack([rows[a], rows[b]])[:, order], [(0, 1)], MARGIN)
    return replays


def twelve_systems(rng: np.random.Generator) -> np.ndarray:
    """As systems of published GSM8K results: from 35 to 92 % right, on 10 to 40 % of items one of two alone."""
    difficulty = rng.normal(0.0, 1.6, ITEMS)
    rates = (0.35, 0.42, 0.50, 0.55, 0.57, 0.63, 0.69, 0.74, 0.78, 0.82, 0.87, 0.92)
    scores = []
    for rate in rates:
        skill = special.ndtri(rate) * np.sqrt(1.0 + 1.6**2)
        scores.append(rng.normal(size=ITEMS) < skill - difficulty)
    return np.array(scores, dtype=float)


def equal_systems(rng: np.random.Generator, discordance: float) -> np.ndarray:
    each = steps(rng, 1, ITEMS, discordance, 0.0)[0]
    both = rng.random(ITEMS) < 0.6
    return np.stack([np.where(each == 0, both, each > 0), np.where(each == 0, both, each < 0)]).astype(float)


def report(name: str, replays: list[Replay]) -> list[float]:
    """Prints a line; the shares."""
    shares = [each.share for each in replays]
    same = sum(each.verdict == each.full for each in replays)
    less = sum(each.verdict != each.full and each.verdict == Verdict.NOT_SHOWN for each in replays)
    print(
        f"{name:58} {len(replays):5} {100 * np.median(shares):6.1f} {100 * np.mean(shares):6.1f}"
        f" {same:5} {less:9} {len(replays) - same - less:6}", flush=True,
    )  # fmt: skip
    return shares


def differing(replays: list[Replay]) -> list[Replay]:
    return [each for each in replays if each.full in (Verdict.BETTER, Verdict.WORSE)]


def shares(rng: np.random.Generator, worlds: int) -> bool:
    print(f"\n{'':58} pairs median   mean  same not shown  other")
    failed = False
    committed = committed_pairs(rng)
    failed |= np.median(report("committed pairs that differ", differing(committed))) > 0.5
    report(
        "committed pairs that do not, margin 2 points",
        [x for x in committed if x not in differing(committed)],
    )
    every, alone, family = list(combinations(range(12), 2)), [], []
    for _ in range(max(1, worlds // 10)):
        scores = twelve_systems(rng)
        for pair in every:
            alone += replay(scores[list(pair)], [(0, 1)], None)
        family += replay(scores, every, None)
    failed |= np.median(report("twelve systems, each pair alone, that differ", differing(alone))) > 0.5
    failed |= (
        np.median(report("twelve systems, 66 pairs in one family, that differ", differing(family))) > 0.5
    )
    for discordance in (0.02, 0.04, 0.06, 0.1, 0.2, 0.3):
        equal = []
        for _ in range(worlds):
            equal += replay(equal_systems(rng, discordance), [(0, 1)], MARGIN)
        name = f"equal, {100 * discordance:g} % discordant, margin 2 points"
        failed |= np.median(report(name, equal)) > 0.75
    return bool(failed)


def told(name: str, errors: Errors, times: int) -> bool:
    """Prints a line; whether it fails."""
    wrong = outside(errors, times)
    note = "  OUTSIDE: " + ", ".join(wrong) if wrong else ""
    no_worse = "" if errors.no_worse is None else f"{errors.no_worse:.3f}"
    print(f"{name:58} {errors.shown:7.3f} {errors.held:7.3f} {no_worse:>9}{note}", flush=True)
    return bool(wrong)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=2000, help="worlds in each row of the errors")
    options = parser.parse_args()
    failed = False
    print(f"{'world':58} {'shown':>7} {'held':>7} {'no worse':>9}   (nominal 0.05 0.95 0.025)")
    for n, discordance in product((50, 200, ITEMS), DISCORDANCES):
        name = f"0/1, {n} items, {100 * discordance:g} % discordant, every item"
        failed |= told(name, binary_errors(n, discordance, options.times), options.times)
    for case in CASES_LOOKED_AT:
        times = max(1, options.times // 4)
        failed |= told(f"{case.name}, {LOOKS} looks", case_errors(case, times), times)
    return int(shares(np.random.default_rng(11), max(1, options.times // 20)) or failed)


if __name__ == "__main__":
    sys.exit(main())
