"""Who came from whom, and what each step was: base, trained, merged, quantised, asked another way."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from proctor.harness.record import VariantRecord
from proctor.leaderboard.board.shown import CellShown, cell, task_head
from proctor.leaderboard.compare.pairs import TaskPairs
from proctor.leaderboard.compare.tables import Ranking


@dataclass(frozen=True)
class Node:
    """A variant in its tree. `orphan` names a parent that has no results here."""

    variant: str
    depth: int
    step: str
    orphan: str


def page(ranking: Ranking, pairs: Mapping[str, TaskPairs]) -> dict[str, Any]:
    rows = {row.variant: row for row in ranking.rows}

    def shown(name: str) -> list[CellShown | None]:
        return [cell(ranking, rows[name], task, pairs[task]) for task in ranking.tasks]

    return {
        "tasks": [task_head(ranking, task) for task in ranking.tasks],
        "nodes": [(node, rows[node.variant].parent, shown(node.variant)) for node in tree(ranking)],
    }


def resolved_of(ranking: Ranking, variant: str) -> VariantRecord:
    row = next(row for row in ranking.rows if row.variant == variant)
    return next(iter(row.scores.values())).run.resolved


def ancestors(ranking: Ranking, variant: str) -> list[str]:
    """From the first ancestor that has results down to the variant itself. A cycle ends where it closes."""
    parents = {row.variant: row.parent for row in ranking.rows}
    chain = [variant]
    while (parent := parents.get(chain[0])) and parent in parents and parent not in chain:
        chain.insert(0, parent)
    return chain


def children(ranking: Ranking, variant: str) -> list[str]:
    return [row.variant for row in ranking.rows if row.parent == variant]


def tree(ranking: Ranking) -> list[Node]:
    """Every variant once, parents before their children, the best sibling first."""
    parents = {row.variant: row.parent for row in ranking.rows}
    resolved = {name: resolved_of(ranking, name) for name in parents}
    seen: set[str] = set()

    def under(name: str, depth: int) -> Iterator[Node]:
        seen.add(name)
        parent = parents[name]
        before, orphan = None, ""
        if parent and parent not in parents:
            orphan = parent
        elif parent and depth:
            before = resolved[parent]
        yield Node(name, depth, step(before, resolved[name]), orphan)
        for child in children(ranking, name):
            if child not in seen:
                yield from under(child, depth + 1)

    nodes: list[Node] = []
    for name, parent in parents.items():
        if parent not in parents:
            nodes += under(name, 0)
    # What is left stands in a circle of parents, which a suite refuses but results may hold.
    for name in parents:
        if name not in seen:
            nodes += under(name, 0)
    return nodes


def step(earlier: VariantRecord | None, now: VariantRecord) -> str:
    """What was done to get from one variant to the next, in words; to get to the first one, from nothing."""
    before = earlier or VariantRecord()
    words = []
    if now.base != before.base:
        words.append(f"base {now.base}")
    if now.recipe != before.recipe:
        words.append(f"trained with {now.recipe}" if now.recipe else "without training")
    if now.examples != before.examples:
        words.append(f"on {now.examples} examples" if now.examples else "on all examples")
    if now.merge != before.merge:
        words.append("adapter merged into the weights" if now.merge else "adapter not merged")
    quantization = now.quantization or "none"
    if quantization != (before.quantization or "none"):
        words.append("not quantised" if quantization == "none" else f"quantised to {quantization}")
    if now.engine != before.engine:
        words.append(f"run by {now.engine}")
    if now.endpoint and now.endpoint != before.endpoint:
        words.append(f"at {now.endpoint}")
    if now.prompt != before.prompt:
        words.append(f"prompt {now.prompt}")
    if earlier:
        sampling, old_sampling = now.sampling or {}, earlier.sampling or {}
        words += [f"{name} {value}" for name, value in sampling.items() if value != old_sampling.get(name)]
    return ", ".join(words) or "nothing that its definition names"
