"""Who came from whom, and what each step was: base, trained, merged, quantised, asked another way.

Reads what the results say of their variants; knows no score and no page.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from proctor.leaderboard.compare.tables import Ranking


@dataclass(frozen=True)
class Node:
    """A variant in its tree. `orphan` names a parent that has no results here."""

    variant: str
    depth: int
    step: str
    orphan: str


def resolved_of(ranking: Ranking, variant: str) -> dict[str, Any]:
    row = next(row for row in ranking.rows if row.variant == variant)
    return dict(next(iter(row.scores.values())).run["resolved"])


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
        known = parent in parents
        words = step(resolved[parent] if parent and known and depth else {}, resolved[name])
        yield Node(name, depth, words, parent if parent and not known else "")
        for child in children(ranking, name):
            if child not in seen:
                yield from under(child, depth + 1)

    found = [node for name in parents if parents[name] not in parents for node in under(name, 0)]
    for (
        name
    ) in parents:  # what is left stands in a cycle of parents, which a suite refuses but results may hold
        if name not in seen:
            found += under(name, 0)
    return found


def step(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """What was done to get from one variant to the next, in words. An empty `before` is nothing at all."""
    words = []

    def changed(field: str, nothing: Any = None) -> bool:
        return bool((after.get(field) or nothing) != (before.get(field) or nothing))

    if changed("base"):
        words.append(f"base {after.get('base')}")
    if changed("recipe"):
        words.append(f"trained with {after['recipe']}" if after.get("recipe") else "without training")
    if changed("examples"):
        words.append(f"on {after['examples']} examples" if after.get("examples") else "on all examples")
    if changed("merge", False):
        words.append("adapter merged into the weights" if after.get("merge") else "adapter not merged")
    if changed("quantization", "none"):
        kind = after.get("quantization") or "none"
        words.append("not quantised" if kind == "none" else f"quantised to {kind}")
    if changed("engine"):
        words.append(f"run by {after.get('engine')}")
    if changed("endpoint") and after.get("endpoint"):
        words.append(f"at {after['endpoint']}")
    if changed("prompt"):
        words.append(f"prompt {after.get('prompt')}")
    if before and changed("sampling"):
        earlier, now = before.get("sampling") or {}, after.get("sampling") or {}
        words += [f"{name} {now.get(name)}" for name in now if now.get(name) != earlier.get(name)]
    return ", ".join(words) or "nothing that its definition names"
