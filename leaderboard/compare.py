"""What the rows show: estimates for cells, and differences between cells that were made the same way.

Pairs rows by sample, refuses what cannot be compared, corrects for the family, and says the verdict in words. Reads
results through harness.record; the arithmetic is in leaderboard.stats.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import record
from leaderboard.stats import Difference, Estimate, Kind, compare_paired, estimate, holm, verdict

# Two cells may be compared only when these are equal: the same questions, marked the same way.
MUST_AGREE = {"task_version": "the task's version", "dataset": "the items", "judge": "the judge"}
SEED = 0
_read: dict[tuple[Path, str], "Items"] = {}


@dataclass(frozen=True)
class Items:
    """A cell's scores, an item each: epochs are averaged within their item, items without any score are left out."""

    ids: tuple[str, ...]
    values: NDArray[np.float64]
    clusters: tuple[str, ...]
    kind: Kind
    every: frozenset[str]


@dataclass(frozen=True)
class Comparison:
    """A against B on one task. `adjusted_p` is after Holm over `family` comparisons."""

    a: str
    b: str
    task: str
    headline: str
    difference: Difference
    adjusted_p: float
    family: int
    verdict: str
    left_out: int

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def load_cells(results: Path) -> dict[tuple[str, str], record.Cell]:
    """All readable cells. A damaged one stops everything: a board without it would look whole."""
    found = {}
    for cell in record.cells(results):
        if cell.problem:
            raise ValueError(
                f"{cell.problem}; a table without it would look whole; make it again with --redo"
            )
        found[cell.variant, cell.task] = cell
    return found


def items_of(cell: record.Cell) -> Items:
    """Read once for each state of the rows: a board asks for the same cell in dozens of pairs."""
    key = (cell.folder, cell.run["samples_sha256"])
    if key not in _read:
        _read[key] = _items(cell)
    return _read[key]


def _items(cell: record.Cell) -> Items:
    rows = cell.rows()
    scored = rows[rows["score"].notna()]
    kind: Kind = cell.run["exam"]["kind"]
    every = frozenset(rows["sample_id"])
    if len(scored) == 0:
        return Items((), np.zeros(0), (), kind, every)
    values: NDArray[np.float64]
    if kind == "counts":
        counted = scored.assign(**{name: [m[name] for m in scored["metrics"]] for name in ("tp", "fp", "fn")})
        by_item = counted.groupby("sample_id", sort=True)
        values = by_item[["tp", "fp", "fn"]].mean().to_numpy(dtype=float)
    else:
        by_item = scored.groupby("sample_id", sort=True)
        values = by_item["score"].mean().to_numpy(dtype=float)
        if kind == "binary" and not np.isin(values, (0.0, 1.0)).all():
            kind = "real"  # several epochs of a 0/1 score: a share of right answers for each item
    clusters = by_item["cluster"].first()
    return Items(tuple(clusters.index), values, tuple(clusters), kind, every)


def estimate_cell(cell: record.Cell) -> Estimate | None:
    """The headline with its interval; None when not one item has a score."""
    items = items_of(cell)
    if not items.ids:
        return None
    return estimate(items.values, kind=items.kind, items=items.ids, clusters=items.clusters, seed=SEED)


def compare_cells(
    pairs: Sequence[tuple[record.Cell, record.Cell]], margin: float | None = None
) -> list[Comparison]:
    """Each pair on the same task, as one family. The margin is the suite's unless one is given."""
    found = [_paired(a, b, margin if margin is not None else a.run.get("margin")) for a, b in pairs]
    adjusted = holm(np.array([difference.p for difference, _ in found]))
    return [
        Comparison(
            a=a.variant,
            b=b.variant,
            task=a.task,
            headline=a.run["exam"]["headline"],
            difference=difference,
            adjusted_p=float(p),
            family=len(found),
            verdict=verdict(difference, float(p)),
            left_out=left_out,
        )
        for (a, b), (difference, left_out), p in zip(pairs, found, adjusted, strict=True)
    ]


def compare_variants(
    results: Path, a: str, b: str, tasks: Iterable[str] = (), margin: float | None = None
) -> list[Comparison]:
    """A against B on every task that both have, or on the tasks named."""
    cells = load_cells(results)
    for name in (a, b):
        if not any(variant == name for variant, _ in cells):
            there = ", ".join(sorted({variant for variant, _ in cells})) or "none"
            raise ValueError(f"no results of {name!r}; there are: {there} ({results})")
    wanted = list(tasks) or sorted(
        {task for v, task in cells if v == a} & {task for v, task in cells if v == b}
    )
    for task in wanted:
        for name in (a, b):
            if (name, task) not in cells:
                raise ValueError(f"{name!r} has no results for {task!r}; run it first ({results})")
    if not wanted:
        raise ValueError(f"{a!r} and {b!r} have no task in common ({results})")
    return compare_cells([(cells[a, task], cells[b, task]) for task in wanted], margin)


def _paired(a: record.Cell, b: record.Cell, margin: float | None) -> tuple[Difference, int]:
    """The difference on the items that both have a score for, and how many items that leaves out."""
    _refuse_unlike(a, b)
    mine, other = items_of(a), items_of(b)
    at = {item: row for row, item in enumerate(other.ids)}
    both = [(row, at[item]) for row, item in enumerate(mine.ids) if item in at]
    if not both:
        raise ValueError(
            f"{a.variant} and {b.variant} share no scored item of {a.task}; nothing can be paired"
        )
    rows, others = (np.array(side) for side in zip(*both, strict=True))
    difference = compare_paired(
        mine.values[rows],
        other.values[others],
        kind="real" if "real" in (mine.kind, other.kind) else mine.kind,
        items=[mine.ids[row] for row in rows],
        clusters=[mine.clusters[row] for row in rows],
        seed=SEED,
        margin=margin,
    )
    return difference, len(mine.every | other.every) - len(both)


def _refuse_unlike(a: record.Cell, b: record.Cell) -> None:
    for field, words in MUST_AGREE.items():
        was, other = (cell.run["definition"].get(field) for cell in (a, b))
        if was != other:
            raise ValueError(
                f"{a.variant} and {b.variant} cannot be compared on {a.task}: {words} differ ({was} and {other}); "
                "run both with the same suite"
            )
