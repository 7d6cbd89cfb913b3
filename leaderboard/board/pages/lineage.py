"""Who came from whom, and what each step was: base, trained, merged, quantised, asked another way.

A merge of two models has two parents: it stands once, under the first of them that has results here, with its
difference to each.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from proctor.harness.record import VariantRecord
from proctor.leaderboard.board.shown import CellShown, DifferenceShown, cell, difference, task_head
from proctor.leaderboard.compare.pairs import TaskPairs
from proctor.leaderboard.compare.tables import Ranking, RankingRow


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
        "nodes": [
            (
                node,
                _placed_under(ranking)[node.variant],
                shown(node.variant),
                _to_others(ranking, rows[node.variant]),
            )
            for node in tree(ranking)
        ],
    }


def _to_others(ranking: Ranking, row: RankingRow) -> list[list[DifferenceShown]]:
    """For each task the differences to those parents that the cell itself is not compared with."""
    columns = []
    for task, about in ranking.tasks.items():
        score = row.scores.get(task)
        compared = score.comparison.b if score and score.comparison else None
        others = [name for name in resolved_of(ranking, row.variant).parents if name != compared]
        found = [ranking.pairs[task].family.seen(row.variant, name) for name in others]
        columns.append([difference(one, about) for one in found if one])
    return columns


def _placed_under(ranking: Ranking) -> dict[str, str | None]:
    """Of each variant its first parent with results, else its first parent."""
    names = {row.variant for row in ranking.rows}
    under: dict[str, str | None] = {}
    for row in ranking.rows:
        parents = resolved_of(ranking, row.variant).parents
        known = [name for name in parents if name in names]
        under[row.variant] = next(iter([*known, *parents]), None)
    return under


def resolved_of(ranking: Ranking, variant: str) -> VariantRecord:
    row = next(row for row in ranking.rows if row.variant == variant)
    return next(iter(row.scores.values())).run.resolved


def ancestors(ranking: Ranking, variant: str) -> list[str]:
    """From the first ancestor that has results down to the variant itself. A cycle ends where it closes."""
    parents = _placed_under(ranking)
    chain = [variant]
    while (parent := parents.get(chain[0])) and parent in parents and parent not in chain:
        chain.insert(0, parent)
    return chain


def children(ranking: Ranking, variant: str) -> list[str]:
    return [row.variant for row in ranking.rows if variant in resolved_of(ranking, row.variant).parents]


def tree(ranking: Ranking) -> list[Node]:
    """Every variant once, parents before their children, the best sibling first."""
    parents = _placed_under(ranking)
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
            if child not in seen and parents[child] == name:
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
    if earlier:
        sampling, old_sampling = now.sampling or {}, earlier.sampling or {}
        words += [f"{name} {value}" for name, value in sampling.items() if value != old_sampling.get(name)]
    return ", ".join(words) or "nothing that its definition names"


def _merge(spec: dict[str, Any]) -> str:
    """`smollm2-full: linear, weight 0.25`."""
    settings = [
        f"{name} {spec[name]}"
        for name in ("weight", "weights", "density", "base")
        if spec.get(name) is not None
    ]
    return f"{' and '.join(spec['models'])}: {', '.join([spec['method'], *settings])}"
