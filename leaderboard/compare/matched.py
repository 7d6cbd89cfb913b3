"""Whether two cells may be compared, on which items, and what that leaves out and why. Computes no statistics.

Cells that Proctor made tell everything that a safe comparison needs; imported ones may lack some of it. What both
tell must be equal; what one of them lacks is handed on, to be said beside the figures.
"""

from dataclasses import dataclass
from itertools import compress

from proctor.common.refusal import Refusal
from proctor.common.stats import Kind
from proctor.harness import record
from proctor.leaderboard.compare.items import ScoredItems, items_of, scale_of, too_few

# Two cells may be compared only when these are equal: the same items, scored the same way.
MUST_AGREE = {
    "task_version": "the task's version", "dataset": "the items", "judge": "the judge", "metric": "the metric",
    "extractor": "the second reader",
}  # fmt: skip
# And these too, where one was asked here and the other by a stock command.
ASKED_ALIKE = {"prompt": "the prompt", "shots": "the shots"}
# What an imported cell calls such a field when its source did not tell it.
LACKED = {
    "task_version": "task version", "dataset": "dataset hash", "judge": "judge", "metric": "metric",
    "extractor": "second reader",
}  # fmt: skip
DOCUMENTS = "document hash"


@dataclass(frozen=True)
class SharedItems:
    """The items with a score from both, sorted, and the others by the reason why they are left out."""

    kind: Kind
    ids: tuple[str, ...]
    clusters: tuple[str, ...]
    left_out: dict[str, int]

    @property
    def missing(self) -> int:
        return sum(self.left_out.values())


def lacks_of(cell: record.Cell) -> tuple[str, ...]:
    """What the source of an imported cell did not tell; nothing for a cell that Proctor made."""
    return cell.run.lacks


def unlike(a: record.Cell, b: record.Cell) -> str:
    """Why two cells cannot be compared; empty when they can. Asked first: one refusal would stop all."""
    if differ := _made_differently(a, b):
        return "they differ in " + " and ".join(differ)
    mine, other = items_of(a), items_of(b)
    if "counts" in (mine.kind, other.kind) and mine.kind != other.kind:
        return "one has counts for each item, the other a score"
    both = matched(a, b)
    if not both.ids:
        return "no item has a score from both" + _example(mine, other)
    return _other_documents(a, b) or _other_clusters(mine, other) or too_few(both.kind, both.clusters)


def refuse_unlike(a: record.Cell, b: record.Cell) -> None:
    """The same as a refusal, with what would mend it."""
    if why := unlike(a, b):
        remedy = (
            "; run both with the same suite, or import both the same way" if _made_differently(a, b) else ""
        )
        raise Refusal(f"{a.variant} and {b.variant} cannot be compared on {a.task}: {why}{remedy}")


def matched(a: record.Cell, b: record.Cell) -> SharedItems:
    """The items that both have a score for. Where one cell alone knows which items share a source, its word counts."""
    mine, other = items_of(a), items_of(b)
    kind: Kind = "real" if "real" in (mine.kind, other.kind) else mine.kind
    teller = mine if mine.clusters != mine.ids else other
    if mine.ids == other.ids:
        ids, clusters = mine.ids, teller.clusters
    else:
        shared = list(map((other if teller is mine else mine).scored.__contains__, teller.ids))
        ids = tuple(compress(teller.ids, shared))
        clusters = ids if teller.clusters == teller.ids else tuple(compress(teller.clusters, shared))
    return SharedItems(kind, ids, clusters, _left_out(a, b, mine, other))


def _left_out(a: record.Cell, b: record.Cell, mine: ScoredItems, other: ScoredItems) -> dict[str, int]:
    if mine.ids == other.ids and len(mine.ids) == len(mine.every) == len(other.every):
        return {}
    if a.variant > b.variant:
        return _left_out(b, a, other, mine)  # in the same order from either side
    only_a, only_b = mine.every - other.every, other.every - mine.every
    silent_a, silent_b = mine.every - mine.scored - only_a, other.every - other.scored - only_b
    counted = {
        f"not in {a.variant}": len(only_b),
        f"not in {b.variant}": len(only_a),
        f"no score for {a.variant}": len(silent_a - silent_b),
        f"no score for {b.variant}": len(silent_b - silent_a),
        "no score for either": len(silent_a & silent_b),
    }
    return {why: n for why, n in counted.items() if n}


def _made_differently(a: record.Cell, b: record.Cell) -> list[str]:
    """Each field that differs, with both values."""
    run_a, run_b = a.run.definition, b.run.definition
    fields = dict(MUST_AGREE)
    one_is_imported = (a.run.origin is None) != (b.run.origin is None)
    if one_is_imported and run_a.prompt is not None and run_b.prompt is not None:
        # Our own task under another command: a slip in that command is no difference between two variants.
        fields |= ASKED_ALIKE
    differ = []
    for field, words in fields.items():
        unknown = any(LACKED.get(field) in lacks_of(cell) for cell in (a, b))
        if getattr(run_a, field) != getattr(run_b, field) and not unknown:
            was, now = (_value(cell, field) for cell in (a, b))
            differ.append(f"{words} ({was} and {now})")
    scales = [scale_of(cell.run.task) for cell in (a, b) if "scale" not in lacks_of(cell)]
    if len(set(scales)) > 1:
        (low_a, high_a), (low_b, high_b) = scales
        differ.append(f"the scale of the scores ({low_a:g} to {high_a:g} and {low_b:g} to {high_b:g})")
    return differ


def _value(cell: record.Cell, field: str) -> str:
    """A field of the definition as one would say it."""
    value = getattr(cell.run.definition, field)
    if field == "dataset":
        items = f"{cell.run.definition.items} items"
        return f"{items}, hash {str(value)[:8]}" if value else f"{items} without a hash"
    if field == "metric" and value is None:
        return str(cell.run.task.headline)
    if field == "prompt":
        return str(cell.run.resolved.prompt)
    text = str(value)
    return text[:12] + "…" if len(text) > 24 and " " not in text else text


def _other_documents(a: record.Cell, b: record.Cell) -> str:
    """Why the same id stands for different documents, where both cells tell which they were."""
    known = a.run.definition.dataset
    if known is not None and known == b.run.definition.dataset:
        return ""
    if any(DOCUMENTS in lacks_of(cell) for cell in (a, b)):
        return ""
    mine, other = items_of(a), items_of(b)
    if mine.ids == other.ids and mine.hashes == other.hashes:
        return ""
    there = dict(zip(other.ids, other.hashes, strict=True))
    both = [(item, own) for item, own in zip(mine.ids, mine.hashes, strict=True) if item in there]
    wrong = [item for item, own in both if own and there[item] and own != there[item]]
    found = f"{len(wrong)} of {len(both)} items are other documents under the same id"
    return f"{found}, such as {wrong[0]!r}" if wrong else ""


def _other_clusters(mine: ScoredItems, other: ScoredItems) -> str:
    """Why the items are grouped in two ways, where both cells group them."""
    if mine.clusters == mine.ids or other.clusters == other.ids:
        return ""
    if mine.ids == other.ids and mine.clusters == other.clusters:
        return ""
    there = dict(zip(other.ids, other.clusters, strict=True))
    wrong = [item for item, own in zip(mine.ids, mine.clusters, strict=True) if there.get(item, own) != own]
    return f"{len(wrong)} items stand in another cluster, such as {wrong[0]!r}" if wrong else ""


def _example(mine: ScoredItems, other: ScoredItems) -> str:
    if not mine.every or not other.every or mine.every & other.every:
        return ""
    return f"; their ids look like {min(mine.every)!r} and {min(other.every)!r}"
