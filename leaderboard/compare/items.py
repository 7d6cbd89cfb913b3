"""A cell's scores, an item each, the estimate made of them, and which items two cells share.

    cells = load_cells(results)
    estimate_cell(cells["tiny", "concepts"]).mean
    why_not_comparable(cells["tiny", "concepts"], cells["tiny-q8", "concepts"])      # "" where nothing forbids it

Cells that Proctor made tell everything that a safe comparison needs; imported ones may lack some of it. What both
tell must be equal; what one of them lacks is handed on, to be said beside the figures.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import compress
from pathlib import Path

import numpy as np
import pandas as pd

from proctor.common.refusal import Refusal
from proctor.common.stats import Estimate, Kind, Scale, Table, estimate_each
from proctor.common.stats.units import Floats
from proctor.harness import record

Cells = Mapping[tuple[str, str], record.Cell]  # by variant and task
# Two cells may be compared only when these are equal: the same items, scored the same way. In words, and what an
# imported cell calls such a field when its source did not tell it.
MUST_AGREE = {
    "task_version": ("the task's version", "task version"),
    "dataset": ("the items", "dataset hash"),
    "judge": ("the judge", "judge"),
    "metric": ("the metric", "metric"),
    "extractor": ("the second reader", "second reader"),
    "solver": ("the solver", "solver"),
}
# And these too, where one was asked here and the other by a stock command; nothing excuses a difference.
ASKED_ALIKE = {"prompt": ("the prompt", ""), "shots": ("the shots", "")}
DOCUMENTS = "document hash"
APART = "suites that ask or score otherwise are kept apart by --results OTHER"
COLUMNS = ["sample_id", "epoch", "cluster", "doc_hash", "score"]
_read: dict[tuple[Path, str], "ScoredItems"] = {}


@dataclass(frozen=True)
class ScoredItems:
    """A cell's scores, an item each: epochs are averaged within their item, items without any score are left out.

    `hashes` tell the documents ('' where unknown); an item without a source of its own stands for itself in `clusters`.
    """

    ids: tuple[str, ...]
    values: Floats
    clusters: tuple[str, ...]
    kind: Kind
    every: frozenset[str]
    hashes: tuple[str, ...] = ()
    weights: tuple[float, ...] | None = None  # where samples do not count alike: the words of a text, say

    @cached_property
    def scored(self) -> frozenset[str]:
        return frozenset(self.ids)

    @cached_property
    def row_of(self) -> dict[str, int]:
        return {item: row for row, item in enumerate(self.ids)}

    def scores(self, ids: tuple[str, ...]) -> Floats:
        """Those of these items, in this order."""
        if ids == self.ids:
            return self.values
        return self.values[[self.row_of[item] for item in ids]]

    def weights_of(self, ids: tuple[str, ...]) -> Floats | None:
        if self.weights is None:
            return None
        return np.array([self.weights[self.row_of[item]] for item in ids])

    @property
    def too_few(self) -> str:
        """Why they allow no interval; empty when they do. Their number, not their scores, decides."""
        return too_few(self.kind, self.clusters)


@dataclass(frozen=True)
class SharedItems:
    """The items with a score from both, sorted, and the others by the reason why they are left out."""

    kind: Kind
    ids: tuple[str, ...]
    clusters: tuple[str, ...]
    left_out: dict[str, int]


def as_table(
    scores: Floats,
    ids: tuple[str, ...],
    clusters: tuple[str, ...],
    pairs: list[tuple[int, int]] | None = None,
    weights: Floats | None = None,
) -> Table:
    """For the statistics; ids come sorted, so that their places serve as well and need not be sorted again."""
    return Table(scores, np.arange(len(ids)), clusters if clusters != ids else None, pairs, weights)


def load_cells(results: Path) -> Cells:
    """All cells, by variant and task. Reads every byte of them: ask once, and hand them on."""
    return whole_cells(record.cells(results))


def whole_cells(there: Sequence[record.Cell]) -> Cells:
    """The same of cells that were read already. A damaged one stops everything: a board without it would look whole."""
    cells = {}
    for cell in there:
        if cell.problem:
            raise Refusal(f"{cell.problem}; a table without it would look whole; make it again with --redo")
        cells[cell.variant, cell.task] = cell
    return cells


def items_of(cell: record.Cell, rows: pd.DataFrame | None = None) -> ScoredItems:
    """Made once for each state of the rows, which are read where they are not given: a board asks for the same cell in
    dozens of pairs."""
    key = (cell.folder, cell.run.samples_sha256)
    if key not in _read:
        _read[key] = _items(cell, rows)
    return _read[key]


def know(cell: record.Cell, items: ScoredItems) -> None:
    """What another process read."""
    _read[cell.folder, cell.run.samples_sha256] = items


def _items(cell: record.Cell, rows: pd.DataFrame | None) -> ScoredItems:
    task, columns = cell.run.task, COLUMNS
    if task.kind == "counts" or task.weighted:
        columns = [*COLUMNS, "metrics"]
    return items_of_rows(cell.rows(columns) if rows is None else rows, task, cell.folder)


def items_of_rows(rows: pd.DataFrame, task: record.TaskRecord, folder: Path) -> ScoredItems:
    """The same of rows sorted by item and epoch, which need not be all that the cell in this folder will have."""
    kind: Kind = task.kind
    names = ["tp", "fp", "fn"] if kind == "counts" else ["score"]
    scored = rows[rows["score"].notna()]
    every = frozenset(rows["sample_id"].tolist())
    if len(scored) == 0:
        return ScoredItems((), np.zeros(0), (), kind, every)
    if kind == "counts":
        for name in names:
            scored = scored.assign(**{name: [row[name] for row in scored["metrics"]]})
    bad = int((~np.isfinite(scored[names].to_numpy(dtype=float))).any(axis=1).sum())
    if bad:
        raise Refusal(
            f"{folder.parent.name} x {folder.name}: {bad} scores are infinite; make it again ({folder})"
        )
    by_item = _one_row_an_item(scored, names)
    values: Floats = by_item[names].to_numpy(dtype=float)
    if kind != "counts":
        values = np.ascontiguousarray(values[:, 0])
    if kind == "binary" and not np.isin(values, (0.0, 1.0)).all():
        kind = "real"  # several epochs of a 0/1 score: a share of right answers for each item
    ids, clusters = tuple(by_item["sample_id"]), tuple(by_item["cluster"])
    weights = None
    if task.weighted:
        by_id = dict(zip(scored["sample_id"], scored["metrics"], strict=True))
        weights = tuple(float(by_id[item]["weight"]) for item in ids)
    return ScoredItems(ids, values, clusters, kind, every, tuple(by_item["doc_hash"]), weights)


def _one_row_an_item(scored: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Sorted by item. Cells come sorted by item and epoch, so a mean is always added up in the same order."""
    if not scored["sample_id"].duplicated().any():
        return scored
    how = dict.fromkeys(("cluster", "doc_hash"), "first") | dict.fromkeys(names, "mean")
    return scored.groupby("sample_id", sort=True, as_index=False).agg(how)


def estimate_cell(cell: record.Cell) -> Estimate | None:
    """The headline with its interval, which never leaves the task's scale; None when no interval can be given."""
    bounds: Scale | None = bounds_of(cell.run.task)
    if "scale" in cell.run.lacks and bounds != (0.0, 1.0):
        bounds = None  # one that was only guessed from the scores bounds nothing
    return estimate_items(items_of(cell), bounds, cell.run.items_planned)


def estimate_items(items: ScoredItems, bounds: Scale | None, planned: int | None = None) -> Estimate | None:
    if items.too_few:
        return None
    table = as_table(items.values[None], items.ids, items.clusters, weights=items.weights_of(items.ids))
    table = replace(table, planned=planned)
    ((estimate,),) = estimate_each([table], kind=items.kind, scale=bounds)
    if bounds is None:
        return estimate
    low, high = bounds  # Student's t knows no scale
    return replace(estimate, low=max(estimate.low, low), high=min(estimate.high, high))


def bounds_of(task: record.TaskRecord) -> tuple[float, float]:
    """Where scores can lie: on the task's scale, or at 0, which is what a response scores that cannot be read."""
    low, high = task.scale
    return min(low, 0.0), high


def too_few(kind: str, clusters: Sequence[str]) -> str:
    if not clusters:
        return "no score"
    if len(clusters) == 1 and kind != "binary":
        return "one scored item allows no interval"
    if len(clusters) > 1 and len(set(clusters)) == 1:
        return "all scored items share one source, which allows no interval"
    return ""


def why_not_comparable(a: record.Cell, b: record.Cell) -> str:
    """Why two cells cannot be compared; empty when they can. Asked first: one refusal would stop all."""
    differ = _made_differently(a, b)
    if differ:
        return "they differ in " + " and ".join(differ)
    items_a, items_b = items_of(a), items_of(b)
    if "counts" in (items_a.kind, items_b.kind) and items_a.kind != items_b.kind:
        return "one has counts for each item, the other a score"
    shared = shared_items(a, b)
    if not shared.ids:
        return "no item has a score from both" + _example(items_a, items_b)
    return (
        _other_documents(a, b) or _other_clusters(items_a, items_b) or too_few(shared.kind, shared.clusters)
    )


def refuse_unlike(a: record.Cell, b: record.Cell, alike: Sequence[str] = ()) -> None:
    """The same as a refusal, with what would mend it; `alike` are the tasks on which the two can be compared."""
    why = why_not_comparable(a, b)
    if not why:
        return
    remedies = []
    if _made_differently(a, b):
        remedies += ["run both with the same suite, or import both the same way", APART]
    if alike:
        remedies.append(f"they can be compared with --task {' --task '.join(alike)}")
    raise Refusal(
        f"{a.variant} and {b.variant} cannot be compared on {a.task}: {why}", remedy="; ".join(remedies)
    )


def shared_items(a: record.Cell, b: record.Cell) -> SharedItems:
    """The items that both have a score for. Where one cell alone knows which items share a source, its word counts."""
    first, second = items_of(a), items_of(b)
    kind: Kind = "real" if second.kind == "real" else first.kind
    if first.clusters == first.ids:
        first, second = second, first
    ids, clusters = first.ids, first.clusters
    if first.ids != second.ids:
        in_both = [item in second.scored for item in first.ids]
        ids = clusters = tuple(compress(first.ids, in_both))
        if first.clusters != first.ids:
            clusters = tuple(compress(first.clusters, in_both))
    return SharedItems(kind, ids, clusters, _left_out(a, b))


def planned_of(a: record.Cell, b: record.Cell) -> int | None:
    """Of how many items those of a pair are the first, where one of the two was asked until decided."""
    return a.run.items_planned or b.run.items_planned


def _left_out(a: record.Cell, b: record.Cell) -> dict[str, int]:
    if a.variant > b.variant:
        a, b = b, a  # in the same order from either side
    mine, other = items_of(a), items_of(b)
    if planned_of(a, b):  # an item that one of them was not asked yet is not left out
        every = mine.every & other.every
        mine, other = replace(mine, every=every), replace(other, every=every)
    if mine.ids == other.ids and len(mine.ids) == len(mine.every) == len(other.every):
        return {}
    in_both = mine.every & other.every
    silent_a, silent_b = in_both - mine.scored, in_both - other.scored
    counts = {
        f"not in {a.variant}": len(other.every - mine.every),
        f"not in {b.variant}": len(mine.every - other.every),
        f"no score for {a.variant}": len(silent_a - silent_b),
        f"no score for {b.variant}": len(silent_b - silent_a),
        "no score for either": len(silent_a & silent_b),
    }
    return {why: n for why, n in counts.items() if n}


def _made_differently(a: record.Cell, b: record.Cell) -> list[str]:
    run_a, run_b = a.run, b.run
    lacks = {*run_a.lacks, *run_b.lacks}
    fields = dict(MUST_AGREE)
    prompts_known = run_a.definition.prompt is not None and run_b.definition.prompt is not None
    if (run_a.origin is None) != (run_b.origin is None) and prompts_known:
        # Our own task under another command: a slip in that command is no difference between two variants.
        fields |= ASKED_ALIKE
    differ = []
    for field, (words, name) in fields.items():
        same = _told(run_a, field) == _told(run_b, field)
        if not same and name not in lacks:
            differ.append(f"{words} ({_both_in_words(a, b, field)})")
    (low_a, high_a), (low_b, high_b) = run_a.task.scale, run_b.task.scale
    if (low_a, high_a) != (low_b, high_b) and "scale" not in lacks:
        differ.append(f"the scale of the scores ({low_a:g} to {high_a:g} and {low_b:g} to {high_b:g})")
    return differ


def _told(run: record.RunRecord, field: str) -> object:
    """Items that a run until decided has not asked yet are its items too."""
    if field == "dataset":
        return run.all_items
    return getattr(run.definition, field)


def _both_in_words(a: record.Cell, b: record.Cell, field: str) -> str:
    """Never a digest, which tells nobody what differs."""
    mine, other = _in_words(a, field), _in_words(b, field)
    if mine == other:
        return f"{mine} for both, but not the same"
    return f"{a.variant}: {mine}; {b.variant}: {other}"


def _in_words(cell: record.Cell, field: str) -> str:
    definition, task = cell.run.definition, cell.run.task
    if field == "dataset":
        every, drawn = cell.run.items_planned, ""
        if definition.draw:
            every, drawn = definition.draw.of, f" (drawn by seed {definition.draw.seed})"
        if every:
            drawn = f" of {every} items{drawn}"
        return f"{definition.items}{drawn or ' items'}"
    if field == "metric" and definition.metric is None:
        return task.headline
    if field == "judge":
        return " asking ".join(filter(None, (task.scored_by, task.grader)))
    if field in ("prompt", "shots"):
        return str(cell.run.resolved.prompt)
    value = getattr(definition, field)
    if isinstance(value, dict):  # a model that reads or solves, by its name
        return str(value.get("fallback") or value.get("model"))
    return str(value or "none")


def _other_documents(a: record.Cell, b: record.Cell) -> str:
    """Why the same id stands for different documents, where both cells tell which they were."""
    known = a.run.definition.dataset
    if known is not None and known == b.run.definition.dataset:
        return ""
    if DOCUMENTS in (*a.run.lacks, *b.run.lacks):
        return ""
    items_a, items_b = items_of(a), items_of(b)
    hashes = dict(zip(items_b.ids, items_b.hashes, strict=True))
    wrong = []
    for item, own in zip(items_a.ids, items_a.hashes, strict=True):
        if own and hashes.get(item) and own != hashes[item]:
            wrong.append(item)
    if not wrong:
        return ""
    both = len(items_a.scored & items_b.scored)
    return f"{len(wrong)} of {both} items are other documents under the same id, such as {wrong[0]!r}"


def _other_clusters(items_a: ScoredItems, items_b: ScoredItems) -> str:
    """Why the items are grouped in two ways, where both cells group them."""
    if items_a.clusters == items_a.ids or items_b.clusters == items_b.ids:
        return ""
    if (items_a.ids, items_a.clusters) == (items_b.ids, items_b.clusters):
        return ""
    clusters = dict(zip(items_b.ids, items_b.clusters, strict=True))
    own = zip(items_a.ids, items_a.clusters, strict=True)
    wrong = [item for item, cluster in own if clusters.get(item, cluster) != cluster]
    return f"{len(wrong)} items stand in another cluster, such as {wrong[0]!r}" if wrong else ""


def _example(items_a: ScoredItems, items_b: ScoredItems) -> str:
    if not items_a.every or not items_b.every or items_a.every & items_b.every:
        return ""
    return f"; their ids look like {min(items_a.every)!r} and {min(items_b.every)!r}"
