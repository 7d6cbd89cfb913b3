"""How many items it takes to show an effect against a baseline, from what was seen on its task.

    plan_size(Path("results/demo"), "tiny", "word_problems", effect=0.05).guesses[-1].items

The arithmetic is proctor.common.stats.power.
"""

from dataclasses import asdict, dataclass, replace
from math import ceil, sqrt
from pathlib import Path
from statistics import median
from typing import Any

from proctor.common.refusal import Refusal
from proctor.common.stats import Difference
from proctor.common.stats.looks import planned_items
from proctor.common.stats.power import (
    paired_binary_effect,
    paired_binary_items,
    paired_real_effect,
    paired_real_items,
)
from proctor.harness import record
from proctor.leaderboard.compare.families import compare_pairs
from proctor.leaderboard.compare.items import estimate_cell, items_of, load_cells, why_not_comparable

UNRELATED = "two that have nothing in common"


@dataclass(frozen=True)
class Guess:
    """One assumption about how a new variant will differ from the baseline, and what it means."""

    name: str
    assumed: str
    discordance: float | None  # share of items on which exactly one is right; None for other scores
    sd: float | None  # of the differences per item; None for 0/1 scores
    design: float  # how many items one is worth less because of clusters
    items: int
    smallest: float | None  # effect that the baseline's own items show
    planned: int | None = None  # items of a run until decided that shows the effect with the same power
    expected: int | None = None  # and how many of them it asks in the mean


@dataclass(frozen=True)
class SizePlan:
    """What is to be shown with which power, and how many items that takes by each guess, the unrelated one last."""

    cell: record.Cell
    kind: str
    n: int
    mean: float
    effect: float
    power: float
    guesses: list[Guess]

    def by_discordance(self, name: str, discordance: float, design: float) -> None:
        items = ceil(design * paired_binary_items(self.effect, discordance, power=self.power))
        smallest = paired_binary_effect(max(1.0, self.n / design), discordance, power=self.power)
        assumed = f"{100 * discordance:.1f} % discordant"
        if discordance < self.effect:  # a difference of so many points is at least as many discordant items
            assumed += f", so at least {100 * self.effect:g} %"
        self.guesses.append(Guess(name, assumed, discordance, None, design, items, smallest))

    def by_spread(self, name: str, sd: float, cluster_size: float) -> None:
        """By clusters where there are some: of `cluster_size` items each, `sd` of their differences."""
        items = ceil(cluster_size * paired_real_items(self.effect, sd, power=self.power))
        smallest = paired_real_effect(max(2, round(self.n / cluster_size)), sd, power=self.power)
        self.guesses.append(Guess(name, f"s.d. {sd:.3g}", None, sd, cluster_size, items, smallest))

    def as_seen(self, name: str, d: Difference) -> None:
        if d.only_a is None or d.only_b is None:
            self.by_spread(name, d.se * sqrt(d.clusters), d.n / d.clusters)
            return
        discordance, design = (d.only_a + d.only_b) / d.n, 1.0
        if d.clusters != d.n:
            # The design effect: clustered variance of the difference over the plain one, at least 1 (Kish 1965).
            plain = (discordance - d.difference**2) / (d.n - 1)
            design = max(1.0, d.se**2 / plain) if plain > 0 else d.n / d.clusters
        self.by_discordance(name, discordance, design)


def plan_size(
    results: Path, baseline: str, task: str, effect: float, power: float = 0.8, sequential: bool = False
) -> SizePlan:
    """From every variant that can be compared with the baseline, and from two that have nothing in common.

    `sequential` adds what a run until decided has to plan, and what it asks of that.
    """
    cells = load_cells(results)
    if (baseline, task) not in cells:
        names = ", ".join(map(" x ".join, cells)) or "none"
        raise Refusal(f"no results of {baseline!r} for {task!r}; there are: {names} ({results})")
    cell = cells[baseline, task]
    items, estimate = items_of(cell), estimate_cell(cell)
    if estimate is None:
        raise Refusal(f"{baseline} x {task}: {items.too_few}")
    plan = SizePlan(cell, items.kind, estimate.n, estimate.mean, effect, power, [])
    others = [other for other in cells.values() if other.task == task and other.variant != baseline]
    pairs = [(other, cell) for other in others if not why_not_comparable(other, cell)]
    for comparison in compare_pairs(pairs):
        plan.as_seen(comparison.a, comparison.difference)
    if items.kind == "binary":
        plan.by_discordance(UNRELATED, _independent(estimate.mean, effect), 1.0)
    else:
        spread = estimate.se * sqrt(estimate.clusters)
        plan.by_spread(UNRELATED, sqrt(2.0) * spread, estimate.n / estimate.clusters)
    if sequential:
        for place, guess in enumerate(plan.guesses):
            planned, expected = map(ceil, planned_items(guess.items, power=power))
            plan.guesses[place] = replace(guess, planned=planned, expected=expected)
    return plan


def _independent(share: float, effect: float) -> float:
    """Discordance of two whose answers have nothing to do with each other, one of them better by the effect."""
    other = share - effect if share + effect > 1.0 else share + effect
    if not 0.0 < effect <= 1.0 or not 0.0 <= other <= 1.0:
        raise Refusal(f"effect {effect:g} cannot be: the baseline is right on {share:.3g} of the items")
    return share * (1.0 - other) + other * (1.0 - share)


def as_json(plan: SizePlan) -> dict[str, Any]:
    """`items` is the median over the variants that were seen, or what is needed if nothing is known."""
    unrelated = plan.guesses[-1].items
    seen = [guess.items for guess in plan.guesses[:-1]] or [unrelated]
    return {
        "variant": plan.cell.variant, "task": plan.cell.task, "kind": plan.kind, "n": plan.n, "mean": plan.mean,
        "effect": plan.effect, "power": plan.power, "alpha": 0.05, "items": ceil(median(seen)),
        "items_if_unrelated": unrelated, "guesses": list(map(asdict, plan.guesses)),
    }  # fmt: skip
