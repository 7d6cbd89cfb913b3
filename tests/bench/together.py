"""How often the figures over all tasks are right, and the verdict of several tasks is wrong, where the truth is known.

    python -m tests.bench.together [--times 2000]

The second table asks for a decision, better on the primary and no worse on two guards, in worlds where it is false.
"""

import argparse

import numpy as np

from proctor.common.stats import Difference, Verdict, compare_paired
from proctor.common.stats.macro import Part, over_all
from proctor.harness.record import DecideRecord
from proctor.leaderboard.compare.comparison import Comparison, Settings, TaskFamily, corrected
from proctor.leaderboard.compare.together import claims_of

SHARES, MARGIN = (0.0, 1.0), 0.08
RULE = DecideRecord(primary="p", guard=("g1", "g2"))


def right_and_wrong(
    dice: np.random.Generator, n: int, gap: float, apart: float, clusters: int = 0
) -> Difference:
    """0/1 scores of which a share `apart` differs, a above b by `gap` in the mean. Clusters lean one way as a whole."""
    lean = np.zeros(n)
    labels = None
    if clusters:
        labels = np.arange(n) % clusters
        lean = dice.choice([-1.0, 1.0], clusters)[labels] * min(apart - abs(gap), 0.5 * apart) / 2
    draw, other = dice.random(n), dice.random(n) < 0.5
    a_alone = draw < (apart + gap) / 2 + lean
    b_alone = ~a_alone & (draw < apart)
    a, b = np.where(a_alone | b_alone, a_alone, other), np.where(a_alone | b_alone, b_alone, other)
    return compare_paired(a, b, kind="binary", clusters=labels, margin=MARGIN, scale=SHARES)


def rubric(dice: np.random.Generator, n: int, gap: float, rare: float = 0.5) -> Difference:
    """Means of a rubric's dimensions from 0 to 1; a share `rare` differs."""
    b = dice.integers(4, 13, n) / 16
    moved = dice.random(n) < rare
    steps = np.where(moved, dice.integers(-2, 3, n) / 16, 0.0)
    return compare_paired(b + steps + gap, b, kind="real", margin=MARGIN, scale=(-0.5, 1.5))


def macro_worlds(dice: np.random.Generator, gap: float) -> dict[str, list[Part]]:
    """By its name, one draw of each world; the truth over all tasks is `gap`."""
    worlds = {
        "0/1, 250, 100 and 24 items": [right_and_wrong(dice, n, gap, 0.3) for n in (250, 100, 24)],
        "0/1, 200 items each, 4 % differ": [
            right_and_wrong(dice, 200, gap / 2, max(0.04, abs(gap))) for _ in range(2)
        ]
        + [right_and_wrong(dice, 200, 2 * gap, max(0.04, 2 * abs(gap)))],
        "0/1 in 30 clusters, marks of 24 and 60": [
            right_and_wrong(dice, 150, gap, 0.3, 30), rubric(dice, 24, gap), rubric(dice, 60, gap)
        ],
        "marks of 24, 1 in 10 differs, and 0/1": [rubric(dice, 24, gap, 0.1), right_and_wrong(dice, 250, gap, 0.2)],
        "two tasks, gains of opposite sign": [
            right_and_wrong(dice, 150, gap + 0.1, 0.3), right_and_wrong(dice, 150, gap - 0.1, 0.3)
        ],
    }  # fmt: skip
    parts = {
        name: [Part(each, SHARES, at) for at, each in enumerate(tasks)] for name, tasks in worlds.items()
    }
    once = right_and_wrong(dice, 250, gap, 0.3)
    parts["the same 250 problems in two languages"] = [Part(once, SHARES, 0), Part(once, SHARES, 0)]
    return parts


def macro_table(times: int, seed: int = 1) -> dict[str, tuple[float, float, float]]:
    """Of each world: the share of intervals that hold 0, of tests at 5 % that cry wolf, of false 'no worse'."""
    dice, counts = np.random.default_rng(seed), {}
    for _ in range(times):
        for name, parts in macro_worlds(dice, 0.0).items():
            found = over_all(parts)
            assert found.low < found.difference < found.high
            counts.setdefault(name, np.zeros(3))[:2] += [found.low <= 0.0 <= found.high, found.p <= 0.05]
        for name, parts in macro_worlds(dice, -MARGIN).items():
            p = over_all(parts).p_no_worse
            assert p is not None
            counts[name][2] += p <= 0.025
    return {name: tuple((100 * count / times).tolist()) for name, count in counts.items()}


# By its name: what is true of the primary and of each guard, for every variant that is asked. The claim is false.
EDGES: dict[str, list[tuple[float, float, float]]] = {
    "primary at zero, both guards at the margin": [(0.0, -MARGIN, -MARGIN)],
    "primary at zero, guards as good": [(0.0, 0.05, 0.05)],
    "primary better by 20 points, one guard at the margin": [(0.2, -MARGIN, 0.05)],
    "primary better by 20 points, both guards at the margin": [(0.2, -MARGIN, -MARGIN)],
    "three variants, wrong in three parts": [(0.0, 0.05, 0.05), (0.2, -MARGIN, 0.05), (0.2, 0.05, -MARGIN)],
}


def decided(dice: np.random.Generator, truths: list[tuple[float, float, float]]) -> bool:
    """Whether any of the claims is made. Each variant is compared with the baseline alone, on items of its own."""
    families = {}
    for place, task in enumerate((RULE.primary, *RULE.guard)):
        pairs = []
        for number, truth in enumerate(truths):
            difference = right_and_wrong(dice, 300, truth[place], 0.3)
            pairs.append(Comparison(f"v{number}", "base", task, "", difference, 1.0, 1, Verdict.NOT_SHOWN, 0))
        families[task] = TaskFamily({(pair.a, pair.b): pair for pair in corrected(pairs)}, {})
    claims = claims_of(families, RULE, Settings())
    for pair, (_, adjusted) in claims.items():
        verdicts = [families[task].comparisons[pair].verdict for task in (RULE.primary, *RULE.guard)]
        guards_hold = {*verdicts[1:]} <= {Verdict.BETTER, Verdict.NO_WORSE}
        if adjusted <= 0.05 and verdicts[0] == Verdict.BETTER and guards_hold:
            return True
    return False


def decision_table(times: int, seed: int = 1) -> dict[str, float]:
    """Of each world, in what share of draws a false decision is taken, in per cent."""
    dice = np.random.default_rng(seed)
    return {
        name: 100 * sum(decided(dice, truths) for _ in range(times)) / times for name, truths in EDGES.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--times", type=int, default=2000)
    times = parser.parse_args().times
    print("| world | interval | test at 5 % | no worse at 2.5 % |\n| --- | ---: | ---: | ---: |")
    for name, figures in macro_table(times).items():
        print(f"| {name} | {' | '.join(f'{figure:.1f}' for figure in figures)} |")
    print("\n| a decision that is false | taken |\n| --- | ---: |")
    for name, share in decision_table(times).items():
        print(f"| {name} | {share:.2f} |")


if __name__ == "__main__":
    main()
