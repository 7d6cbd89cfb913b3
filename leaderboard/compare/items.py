"""A cell's scores, an item each, and the estimate made of them: what comparisons and tables start from.

Reads results through proctor.harness.record, each state of a cell once. Knows one cell at a time; no pairs, no pages.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from proctor.common.refusal import Refusal
from proctor.common.stats import Estimate, Kind, Table, estimate_each
from proctor.harness import record
from proctor.harness.record import TaskRecord

if TYPE_CHECKING:
    import pandas as pd

Cells = Mapping[tuple[str, str], record.Cell]  # by variant and task
COLUMNS = ["sample_id", "epoch", "cluster", "doc_hash", "score"]
_read: dict[tuple[Path, str], "ScoredItems"] = {}


@dataclass(frozen=True)
class Draws:
    """How random numbers are drawn; board and report use these, so that all say the same digits."""

    seed: int = 0
    resamples: int = 10_000


USUAL = Draws()


@dataclass(frozen=True)
class ScoredItems:
    """A cell's scores, an item each: epochs are averaged within their item, items without any score are left out.

    `hashes` tell the documents ('' where unknown); an item without a source of its own stands for itself in `clusters`.
    """

    ids: tuple[str, ...]
    values: NDArray[np.float64]
    clusters: tuple[str, ...]
    kind: Kind
    every: frozenset[str]
    hashes: tuple[str, ...] = ()

    @cached_property
    def scored(self) -> frozenset[str]:
        return frozenset(self.ids)

    @cached_property
    def row_of(self) -> dict[str, int]:
        return {item: row for row, item in enumerate(self.ids)}

    def scores(self, ids: tuple[str, ...]) -> NDArray[np.float64]:
        """Those of these items, in this order."""
        return self.values if ids == self.ids else self.values[list(map(self.row_of.__getitem__, ids))]


def as_table(
    scores: NDArray[np.float64],
    ids: tuple[str, ...],
    clusters: tuple[str, ...],
    pairs: list[tuple[int, int]] | None = None,
) -> Table:
    """For the statistics; ids come sorted, so that their places serve as well and need not be sorted again."""
    return Table(scores, np.arange(len(ids)), None if clusters == ids else clusters, pairs)


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


def items_of(cell: record.Cell) -> ScoredItems:
    """Read once for each state of the rows: a board asks for the same cell in dozens of pairs."""
    key = (cell.folder, cell.run.samples_sha256)
    if key not in _read:
        _read[key] = _items(cell)
    return _read[key]


def _items(cell: record.Cell) -> ScoredItems:
    kind: Kind = cell.run.task.kind
    rows = cell.rows([*COLUMNS, "metrics"] if kind == "counts" else COLUMNS)
    scored = rows[rows["score"].notna()]
    every = frozenset(rows["sample_id"].tolist())
    if len(scored) == 0:
        return ScoredItems((), np.zeros(0), (), kind, every)
    names = ["tp", "fp", "fn"] if kind == "counts" else ["score"]
    if kind == "counts":
        scored = scored.assign(**{name: [m[name] for m in scored["metrics"]] for name in names})
    bad = int((~np.isfinite(scored[names].to_numpy(dtype=float))).any(axis=1).sum())
    if bad:
        raise Refusal(
            f"{cell.variant} x {cell.task}: {bad} scores are infinite; make it again ({cell.folder})"
        )
    by_item = _one_row_an_item(scored, names)
    values: NDArray[np.float64] = by_item[names].to_numpy(dtype=float)
    if kind != "counts":
        values = np.ascontiguousarray(values[:, 0])
    if kind == "binary" and not np.isin(values, (0.0, 1.0)).all():
        kind = "real"  # several epochs of a 0/1 score: a share of right answers for each item
    texts = (tuple(by_item[name].tolist()) for name in ("sample_id", "cluster", "doc_hash"))
    ids, clusters, hashes = texts
    return ScoredItems(ids, values, clusters, kind, every, hashes)


def _one_row_an_item(scored: "pd.DataFrame", names: list[str]) -> "pd.DataFrame":
    """Sorted by item. Cells come sorted by item and epoch, so a mean is always added up in the same order."""
    if not scored["sample_id"].duplicated().any():
        return scored
    how = dict.fromkeys(("cluster", "doc_hash"), "first") | dict.fromkeys(names, "mean")
    return scored.groupby("sample_id", sort=True, as_index=False).agg(how)


def estimate_cell(cell: record.Cell) -> Estimate | None:
    """The headline with its interval, which never leaves the task's scale; None when no interval can be given."""
    return estimate_cells([cell])[0]


def estimate_cells(cells: Sequence[record.Cell]) -> list[Estimate | None]:
    """The same for many cells."""
    found: list[Estimate | None] = []
    for cell in cells:
        items = items_of(cell)
        if too_few(items.kind, items.clusters):
            found.append(None)
            continue
        table = as_table(items.values[None], items.ids, items.clusters)
        low, high = bounds_of(cell)
        lacks = cell.run.lacks
        known = "scale" not in lacks or (low, high) == (0.0, 1.0)
        ((one,),) = estimate_each([table], kind=items.kind, scale=(low, high) if known else None)
        # Student's t knows no scale. A scale that was only guessed from the scores bounds nothing.
        found.append(replace(one, low=max(one.low, low), high=min(one.high, high)) if known else one)
    return found


def bounds_of(cell: record.Cell) -> tuple[float, float]:
    """Where scores can lie: on the task's scale, or at 0, which is what a response scores that cannot be read."""
    low, high = scale_of(cell.run.task)
    return min(low, 0.0), high


def scale_of(task: TaskRecord) -> tuple[float, float]:
    low, high = task.scale
    return float(low), float(high)


def too_few(kind: str, clusters: tuple[str, ...] | list[str]) -> str:
    """Why scored items allow no interval; empty when they do. Their number, not their scores, decides."""
    if not clusters:
        return "no score"
    if len(clusters) == 1 and kind != "binary":
        return "one scored item allows no interval"
    if len(clusters) > 1 and len(set(clusters)) == 1:
        return "all scored items share one source, which allows no interval"
    return ""
