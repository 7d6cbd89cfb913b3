"""Every variant under the one that it came from, with the difference that each step made; a merge stands once, under
the first of its parents that has results here, with its difference to each.

    [node.step for node in tree(ranked)]          # ["base some/base, run by hf", "trained with maths", ...]
"""

from collections.abc import Iterator
from dataclasses import dataclass

from proctor.harness.record import MergeRecord, VariantRecord
from proctor.leaderboard.compare.comparison import Comparison
from proctor.leaderboard.compare.ranking import Ranking


@dataclass(frozen=True)
class Node:
    """A variant in its tree, and what was done to get there. `parent` may have no results here."""

    variant: str
    depth: int
    parent: str | None
    step: str


def placed_under(ranking: Ranking) -> dict[str, str | None]:
    """Of each variant the first of its parents with results, else its first parent: a merge has several."""
    under = {}
    for row in ranking.rows:
        parents = row.resolved.parents
        known = [parent for parent in parents if ranking.row(parent)]
        under[row.variant] = next(iter([*known, *parents]), None)
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
        before = resolved.get(parents[name] or "") if depth else None
        nodes[name] = Node(name, depth, parents[name], step(before, resolved[name]))
        for child in children(ranking, name):
            if child not in nodes and parents[child] == name:
                add(child, depth + 1)

    # Those without a parent here first. What is left then stands in a circle, which results may hold.
    for name in sorted(resolved, key=lambda name: parents[name] in resolved):
        if name not in nodes:
            add(name, 0)
    return list(nodes.values())


def to_other_parents(ranking: Ranking, variant: str, task: str) -> Iterator[Comparison]:
    """The differences to those parents that the cell itself is not compared with."""
    score = ranking.scores(task).get(variant)
    if score is None:
        return
    for parent in score.run.resolved.parents:
        pair = ranking.pairs[task].family.seen(variant, parent)
        if pair and pair != score.comparison:
            yield pair


def _dequantised(variant: VariantRecord) -> bool:
    """Whether a base that came as a GGUF file is served, trained or quantised as other weights than it came with."""
    quantized = (variant.quantization or "none") != "none"
    as_it_is = variant.engine == "llamacpp" and not quantized and not variant.recipe
    return str(variant.base or "").lower().endswith(".gguf") and not as_it_is


def step(earlier: VariantRecord | None, now: VariantRecord) -> str:
    """What was done to get from one variant to the next, in words; to get to the first one, from nothing."""
    before = earlier or VariantRecord()
    words = []
    if now.base != before.base:
        words.append(f"base {now.base}")
    if _dequantised(now) and not _dequantised(before):
        words.append("dequantised")
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


def _merge(merge: MergeRecord) -> str:
    """`smollm2-full: linear, weight 0.25`."""
    fields = merge.as_json()
    settings = [str(fields["method"])]
    for name in ("weight", "weights", "density", "base"):
        if fields.get(name) is not None:
            settings.append(f"{name} {fields[name]}")
    return f"{' and '.join(merge.models)}: {', '.join(settings)}"
