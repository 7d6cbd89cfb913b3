"""Who came from whom, and what each step was: base, trained, merged, quantised, asked another way.

Read from the variants' own records, for those that have results:

    [node.step for node in tree(ranked)]          # ["base some/base, run by hf", "trained with maths", ...]
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from proctor.harness.record import VariantRecord
from proctor.leaderboard.compare.ranking import Ranking


@dataclass(frozen=True)
class Node:
    """A variant in its tree. `orphan` names a parent that has no results here."""

    variant: str
    depth: int
    step: str
    orphan: str


def placed_under(ranking: Ranking) -> dict[str, str | None]:
    """Of each variant the first of its parents with results, else its first parent: a merge has several."""
    resolved = {row.variant: row.resolved for row in ranking.rows}
    under: dict[str, str | None] = {}
    for name, variant in resolved.items():
        known = [parent for parent in variant.parents if parent in resolved]
        under[name] = next(iter([*known, *variant.parents]), None)
    return under


def chain(ranking: Ranking, variant: str) -> list[tuple[str, str]]:
    """From the first ancestor that has results down to the variant itself, each with its step. A circle of parents
    ends where it closes.
    """
    resolved = {row.variant: row.resolved for row in ranking.rows}
    under = placed_under(ranking)
    names = [variant]
    parent = under[variant]
    while parent in resolved and parent not in names:
        names.insert(0, parent)
        parent = under[parent]
    steps, before = [], None
    for name in names:
        steps.append((name, step(before, resolved[name])))
        before = resolved[name]
    return steps


def children(ranking: Ranking, variant: str) -> list[str]:
    return [row.variant for row in ranking.rows if variant in row.resolved.parents]


def tree(ranking: Ranking) -> list[Node]:
    """Every variant once, parents before their children, the best sibling first."""
    resolved = {row.variant: row.resolved for row in ranking.rows}
    parents = placed_under(ranking)
    nodes: dict[str, Node] = {}

    def add(name: str, depth: int) -> None:
        parent = parents[name]
        before, orphan = None, ""
        if parent and parent not in resolved:
            orphan = parent
        elif parent and depth:
            before = resolved[parent]
        nodes[name] = Node(name, depth, step(before, resolved[name]), orphan)
        for child in children(ranking, name):
            if child not in nodes and parents[child] == name:
                add(child, depth + 1)

    for name, parent in parents.items():
        if parent not in resolved:
            add(name, 0)
    # What is left stands in a circle of parents, which a suite refuses but results may hold.
    for name in resolved:
        if name not in nodes:
            add(name, 0)
    return list(nodes.values())


def step(earlier: VariantRecord | None, now: VariantRecord) -> str:
    """What was done to get from one variant to the next, in words; to get to the first one, from nothing."""
    before = earlier or VariantRecord()
    words = []
    if now.base != before.base:
        words.append(f"base {now.base}")
    if now.recipe != before.recipe:
        words.append(f"trained with {now.recipe}" if now.recipe else "without training")
    if now.examples != before.examples:
        words.append(f"on {now.examples or 'all'} examples")
    if now.merge != before.merge:
        words.append("adapter merged into the weights" if now.merge else "adapter not merged")
    if now.merge_with and now.merge_with != before.merge_with:
        words.append(f"merged with {_merge(now.merge_with)}")
    quantization = now.quantization or "none"
    if quantization != (before.quantization or "none"):
        words.append("not quantised" if quantization == "none" else f"quantised to {quantization}")
    if now.engine != before.engine:
        words.append(f"run by {now.engine}")
    if now.endpoint and now.endpoint != before.endpoint:
        words.append(f"at {now.endpoint}")
    if now.prompt != before.prompt:
        words.append(f"prompt {now.prompt}")
    old_sampling = before.sampling or {}
    for name, value in (now.sampling or {}).items():
        if earlier and value != old_sampling.get(name):
            words.append(f"{name} {value}")
    return ", ".join(words) or "nothing that its definition names"


def _merge(spec: Mapping[str, Any]) -> str:
    """`smollm2-full: linear, weight 0.25`."""
    settings = [spec["method"]]
    for name in ("weight", "weights", "density", "base"):
        if spec.get(name) is not None:
            settings.append(f"{name} {spec[name]}")
    return f"{' and '.join(spec['models'])}: {', '.join(settings)}"
