"""How many items it takes to show an effect against a baseline, from what was seen on its task.

Reads cells through items.py; the arithmetic is proctor.common.stats.power. Knows no terminal.
"""

from dataclasses import asdict, dataclass
from math import ceil, sqrt
from pathlib import Path
from statistics import median
from typing import Any

from proctor.common.refusal import Refusal
from proctor.common.stats import Difference
from proctor.common.stats.power import (
    paired_binary_effect,
    paired_binary_items,
    paired_real_effect,
    paired_real_items,
)
from proctor.harness import record
from proctor.leaderboard.compare.compare import Comparison, compare_pairs
from proctor.leaderboard.compare.items import estimate_cell, items_of, load_cells, too_few
from proctor.leaderboard.compare.matched import unlike


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


@dataclass(frozen=True)
class SizePlan:
    cell: record.Cell
    kind: str
    n: int
    mean: float
    effect: float
    power: float
    guesses: tuple[Guess, ...]


def plan_size(results: Path, baseline: str, task: str, effect: float, power: float = 0.8) -> SizePlan:
    """From every variant that can be compared with the baseline, and from two that have nothing in common."""
    cells = load_cells(results)
    if (baseline, task) not in cells:
        there = ", ".join(f"{v} x {t}" for v, t in cells) or "none"
        raise Refusal(f"no results of {baseline!r} for {task!r}; there are: {there} ({results})")
    cell = cells[baseline, task]
    items = items_of(cell)
    if why := too_few(items.kind, items.clusters):
        raise Refusal(f"{baseline} x {task}: {why}")
    estimate = estimate_cell(cell)
    assert estimate is not None  # too_few was asked
    others = [other for (name, of), other in cells.items() if of == task and name != baseline]
    found = compare_pairs([(other, cell) for other in others if not unlike(other, cell)])
    guesses = [_seen(one, effect, power, estimate.n) for one in found]
    apart = items.kind == "binary"
    spread = estimate.se * sqrt(estimate.clusters)
    guesses.append(
        _binary("two that have nothing in common", _independent(estimate.mean, effect), 1.0, effect, power, estimate.n)
        if apart
        else _real("two that have nothing in common", sqrt(2.0) * spread, estimate.n / estimate.clusters, effect, power,
                   estimate.n)
    )  # fmt: skip
    return SizePlan(cell, items.kind, estimate.n, estimate.mean, effect, power, tuple(guesses))


def _seen(one: Comparison, effect: float, power: float, n: int) -> Guess:
    d = one.difference
    if d.only_a is None or d.only_b is None:
        return _real(one.a, d.se * sqrt(d.clusters), d.n / d.clusters, effect, power, n)
    return _binary(one.a, (d.only_a + d.only_b) / d.n, _design(d), effect, power, n)


def _design(d: Difference) -> float:
    """The design effect: clustered variance of the difference over the plain one, at least 1 (Kish 1965)."""
    if d.clusters == d.n or d.only_a is None or d.only_b is None:
        return 1.0
    plain = ((d.only_a + d.only_b) / d.n - d.difference**2) / (d.n - 1)
    return max(1.0, d.se**2 / plain) if plain > 0 else d.n / d.clusters


def _binary(name: str, discordance: float, design: float, effect: float, power: float, n: int) -> Guess:
    items = ceil(design * paired_binary_items(effect, discordance, power=power))
    smallest = paired_binary_effect(max(1.0, n / design), discordance, power=power)
    return Guess(name, f"{100 * discordance:.1f} % discordant", discordance, None, design, items, smallest)


def _real(name: str, sd: float, share: float, effect: float, power: float, n: int) -> Guess:
    """By clusters where there are some: `share` items each, `sd` of their differences."""
    items = ceil(share * paired_real_items(effect, sd, power=power))
    smallest = paired_real_effect(max(2, round(n / share)), sd, power=power)
    return Guess(name, f"s.d. {sd:.3g}", None, sd, share, items, smallest)


def _independent(share: float, effect: float) -> float:
    """Discordance of two whose answers have nothing to do with each other, one of them better by the effect."""
    other = share + effect if share + effect <= 1.0 else share - effect
    if not 0.0 < effect <= 1.0 or not 0.0 <= other <= 1.0:
        raise Refusal(f"effect {effect:g} cannot be: the baseline is right on {share:.3g} of the items")
    return share * (1.0 - other) + other * (1.0 - share)


def as_dict(plan: SizePlan) -> dict[str, Any]:
    """`items` is the median over the variants that were seen, or what is needed if nothing is known."""
    seen = [one.items for one in plan.guesses[:-1]]
    return {
        "variant": plan.cell.variant,
        "task": plan.cell.task,
        "kind": plan.kind,
        "n": plan.n,
        "mean": plan.mean,
        "effect": plan.effect,
        "power": plan.power,
        "alpha": 0.05,
        "items": ceil(median(seen)) if seen else plan.guesses[-1].items,
        "items_if_unrelated": plan.guesses[-1].items,
        "guesses": [asdict(one) for one in plan.guesses],
    }
