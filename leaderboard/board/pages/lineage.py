"""Every variant under the one that it came from, with the difference that each step made; a merge stands once, under
the first of its parents that has results here, with its difference to each.

    [node.step for node in tree(ranked)]          # ["base some/base, run by hf", "trained with maths", ...]
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from proctor.harness.record import MergeRecord, VariantRecord
from proctor.leaderboard.compare import formatting
from proctor.leaderboard.compare.comparison import Comparison
from proctor.leaderboard.compare.ranking import Ranking

MOST_STEPS = 16  # rows of a waterfall, which is seen at once


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


@dataclass(frozen=True)
class Step:
    """A row of a waterfall, its places in per cent of the width. From where the bar goes and where it ends: from the
    parent's mean to its own, over the paired items; `low` and `high` are the difference's interval, put at its start.
    Of a variant that is compared with nothing it is the mean with its own interval.
    """

    node: Node
    pair: Comparison | None
    start: float
    end: float
    low: float
    high: float


@dataclass(frozen=True)
class Waterfall:
    """`ticks` are the axis' places and figures; `left_out` how many variants with a score are not drawn."""

    steps: list[Step]
    ticks: list[tuple[float, str]]
    left_out: int

    @property
    def signs(self) -> Counter[str]:
        """How many steps have each verdict, by its sign."""
        return Counter(formatting.sign(step.pair) for step in self.steps if step.pair)


def waterfall(ranking: Ranking, task: str) -> Waterfall:
    """What each step gained or lost on a task: the best variants in the order of the tree."""
    scores, order, about = ranking.scores(task), ranking.pairs[task].order, ranking.tasks[task]
    rows: list[tuple[Node, Comparison | None, tuple[float, float, float, float]]] = []
    for node in tree(ranking):
        if node.variant not in order[:MOST_STEPS]:
            continue
        estimate, pair = scores[node.variant].estimate, scores[node.variant].comparison
        if pair:
            d = pair.difference
            rows.append((node, pair, (d.mean_b, d.mean_a, d.mean_b + d.low, d.mean_b + d.high)))
        elif estimate:
            rows.append((node, None, (estimate.mean, estimate.mean, estimate.low, estimate.high)))
    if not rows:
        return Waterfall([], [], 0)
    values: list[float] = []
    for _, _, places in rows:
        values += places
    least, most = min(values), max(values)
    pad = 0.04 * (most - least) or 0.05 * (abs(most) or 1.0)
    least, most = least - pad, most + pad

    def place(value: float) -> float:
        return 100 * (value - least) / (most - least)

    steps, ticks = [], []
    for node, pair, places in rows:
        steps.append(Step(node, pair, *map(place, places)))
    for value in round_values(max(least, about.scale[0]), min(most, about.scale[1])):
        ticks.append((place(value), formatting.tick(value, about)))
    return Waterfall(steps, ticks, len(order) - len(steps))


def round_values(low: float, high: float) -> Sequence[float]:
    """Two to five round values between these, for an axis; none where there is no room between them."""
    if high <= low:
        return []
    step = 10.0 ** floor(log10((high - low) / 2))
    if (high - low) / step > 10:
        step *= 5
    elif (high - low) / step > 5:
        step *= 2
    return [step * at for at in range(ceil(low / step), floor(high / step) + 1)]


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
