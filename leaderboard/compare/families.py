"""What the rows show: differences between cells that were made the same way, corrected for their family, in words.

    compare_variants(Path("results/demo"), "tiny-q8", "tiny", ["concepts"])

All pairs of a task that the results hold are one family, and a pair takes its verdict from there wherever it stands.
Which items two cells share is in items.py, what a pair says in comparison.py, the arithmetic in proctor.common.stats.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain, combinations, starmap
from pathlib import Path
from typing import NamedTuple

import numpy as np

from proctor.common.refusal import Refusal
from proctor.common.side_by_side import processes, side_by_side
from proctor.common.stats import Difference, Kind, Table, compare_each
from proctor.common.stats.units import Scale
from proctor.harness import record
from proctor.leaderboard.compare.comparison import Comparison, Settings, TaskFamily, corrected
from proctor.leaderboard.compare.items import (
    Cells,
    SharedItems,
    as_table,
    bounds_of,
    items_of,
    planned_of,
    refuse_unlike,
    shared_items,
    why_not_comparable,
)

Pair = tuple[record.Cell, record.Cell]
USUAL = Settings()
MANY = 200  # pairs that are worth a process more


def family_of(cells: Cells, task: str, settings: Settings = USUAL) -> TaskFamily:
    """Of the pairs that cannot be compared the correction knows nothing."""
    comparable, refused = [], {}
    for a, b in pairs_of(cells, task):
        why = why_not_comparable(cells[a, task], cells[b, task])
        if why:
            refused[a, b] = why
        else:
            comparable.append((cells[a, task], cells[b, task]))
    comparisons = compare_pairs(comparable, settings)
    return TaskFamily({(pair.a, pair.b): pair for pair in comparisons}, refused)


def pairs_of(cells: Cells, task: str) -> list[tuple[str, str]]:
    """Each pair of the task's variants: child and parent, else smaller and larger, else later and earlier name."""
    parents: dict[str, tuple[str, ...]] = {}
    sizes: dict[str, int | None] = {}
    for (variant, task_of_cell), cell in cells.items():
        parents[variant] = cell.run.resolved.parents
        if task_of_cell == task:
            sizes[variant] = cell.run.costs.size_bytes
    return [_in_order(*names, parents, sizes) for names in combinations(sorted(sizes), 2)]


def _in_order(
    earlier: str, later: str, parents: Mapping[str, tuple[str, ...]], sizes: Mapping[str, int | None]
) -> tuple[str, str]:
    later_from_earlier = _descends(later, earlier, parents)
    if later_from_earlier != _descends(earlier, later, parents):
        later_is_first = later_from_earlier
    else:
        first, second = sizes[earlier], sizes[later]
        later_is_first = first is None or second is None or first >= second
    return (later, earlier) if later_is_first else (earlier, later)


def _descends(variant: str, ancestor: str, parents: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether it came from the other, over any number of steps; results may hold a circle of parents."""
    seen: set[str] = set()
    waiting = [*parents.get(variant, ())]
    while waiting:
        parent = waiting.pop()
        if parent == ancestor:
            return True
        if parent not in seen:
            seen.add(parent)
            waiting += parents.get(parent, ())
    return False


def compare_pairs(pairs: Sequence[Pair], settings: Settings = USUAL) -> list[Comparison]:
    """Each pair on the same task, as one family; it was asked already whether they can be compared."""
    shared = list(starmap(shared_items, pairs))
    parts, jobs = 1, []
    # 0/1 scores take next to no time.
    if len(pairs) >= MANY and any(items.kind != "binary" for items in shared):
        parts = processes()
    for part in range(parts):
        own = slice(part * len(pairs) // parts, (part + 1) * len(pairs) // parts)
        jobs.append(partial(_differences, pairs[own], shared[own], settings, len(pairs)))
    differences = chain.from_iterable(side_by_side(jobs))
    alone = []
    for (a, b), items, (difference, higher) in zip(pairs, shared, differences, strict=True):
        lacks = tuple(dict.fromkeys([*a.run.lacks, *b.run.lacks]))
        alone.append(
            Comparison(
                a.variant, b.variant, a.task, a.run.task.headline, difference,
                left_out_why=items.left_out, lacks=lacks, higher=higher,
            )
        )  # fmt: skip
    return corrected(alone, settings.correction)


class _Scoring(NamedTuple):
    """What pairs must have in common to be tested in one call."""

    kind: Kind
    margin: float | None
    scale: Scale | None


class _OneTable(NamedTuple):
    """What they must have in common besides to stand in one table."""

    task: str
    ids: tuple[str, ...]
    clusters: tuple[str, ...]
    planned: int | None


def _differences(
    pairs: Sequence[Pair], shared: Sequence[SharedItems], settings: Settings, family: int
) -> list[tuple[Difference, tuple[int, int] | None]]:
    """Each pair's difference on the items that both have a score for, and on how many each scored higher. The pairs are
    some of a `family`.

    Pairs on the same items stand in one table. Tables share their draws where they have as many items: all pairs of a
    hundred variants cost little more than one, whatever is missing where.
    """
    places: dict[_Scoring, dict[_OneTable, list[int]]] = {}
    for place, (pair, items) in enumerate(zip(pairs, shared, strict=True)):
        alike = places.setdefault(_scoring(pair, items.kind, settings.margin), {})
        key = _OneTable(pair[0].task, items.ids, items.clusters, planned_of(*pair))
        alike.setdefault(key, []).append(place)
    result = {}
    for scoring, by_items in places.items():
        keys = sorted(by_items, key=lambda key: (len(key.ids), len(set(key.clusters))))
        tables = [_table(key, [pairs[place] for place in by_items[key]]) for key in keys]
        compared = compare_each(
            [table for table, _ in tables], kind=scoring.kind, family=family, seed=settings.seed,
            resamples=settings.resamples, margin=scoring.margin, scale=scoring.scale,
        )  # fmt: skip
        for key, (table, rows), differences in zip(keys, tables, compared, strict=True):
            for place, (i, j) in zip(by_items[key], rows, strict=True):
                higher = None
                if scoring.kind != "counts":
                    a, b = table.scores[i], table.scores[j]
                    higher = int((a > b).sum()), int((a < b).sum())
                result[place] = differences[i, j], higher
    return [result[place] for place in range(len(pairs))]


def _scoring(pair: Pair, kind: Kind, margin: float | None) -> _Scoring:
    a, b = pair
    if margin is None:
        # The suite's. Where two suites say two, the stricter: a pair has one margin from either side.
        margin = min((cell.run.margin for cell in pair if cell.run.margin is not None), default=None)
    low, high = a.run.task.scale
    if margin is not None and margin >= high - low:
        raise Refusal(
            f"margin {margin:g} is as wide as the scores of {a.task}, which go from {low:g} to {high:g}; "
            "give a part of that: 5 points in a hundred are 0.05"
        )
    # What only the range of the scores says of a scale is no bound on what was not seen.
    told = "scale" not in (*a.run.lacks, *b.run.lacks)
    return _Scoring(kind, margin, bounds_of(a.run.task) if told else None)


def _table(key: _OneTable, pairs: Sequence[Pair]) -> tuple[Table, list[tuple[int, int]]]:
    """The scores of all that stand in these pairs, and in which rows each pair stands."""
    cells = {cell.folder: items_of(cell) for cell in chain.from_iterable(pairs)}
    row_of = {folder: row for row, folder in enumerate(cells)}
    rows = [(row_of[a.folder], row_of[b.folder]) for a, b in pairs]
    scores = np.stack([items.scores(key.ids) for items in cells.values()])
    weights = next(iter(cells.values())).weights_of(key.ids)  # the documents' own: the same for all
    table = as_table(scores, key.ids, key.clusters, list(dict.fromkeys(rows)), weights)
    return replace(table, planned=key.planned), rows


def families_of(cells: Cells, tasks: Iterable[str], settings: Settings = USUAL) -> dict[str, TaskFamily]:
    """Of these tasks, or of all that the cells have."""
    wanted = dict.fromkeys(tasks) or sorted({task for _, task in cells})
    return {task: family_of(cells, task, settings) for task in wanted}


def compare_two(
    cells: Cells, results: Path, a: str, b: str, tasks: Iterable[str], settings: Settings,
    families: Mapping[str, TaskFamily] | None = None,
) -> list[Comparison]:  # fmt: skip
    """The same of cells that were read already, from `results`, and with `families` that were made already."""
    a, b = variant_called(cells, a, results), variant_called(cells, b, results)
    if a == b:
        raise Refusal(f"{a!r} cannot be compared with itself; name two variants")
    wanted = list(dict.fromkeys(tasks))
    if not wanted:
        wanted = sorted({task for variant, task in cells if variant == a and (b, task) in cells})
    if not wanted:
        raise Refusal(f"{a!r} and {b!r} have no task in common ({results})")
    for task in wanted:
        for name in (a, b):
            if (name, task) not in cells:
                raise Refusal(f"{name!r} has no results for {task!r}; run or import it first ({results})")
    alike, comparisons = [], []
    for task in wanted:
        if not why_not_comparable(cells[a, task], cells[b, task]):
            alike.append(task)
    for task in wanted:
        refuse_unlike(cells[a, task], cells[b, task], alike)
        family = families[task] if families else family_of(cells, task, settings)
        comparison = family.asked(a, b)
        assert comparison is not None  # refuse_unlike was asked
        comparisons.append(comparison)
    return comparisons


def variant_called(cells: Cells, name: str, results: Path) -> str:
    """The variant of this name, or the imported one that its source calls so."""
    variants = {variant: variant for variant, _ in cells}
    called = {cell.run.origin.called: cell.variant for cell in cells.values() if cell.run.origin}
    if name in variants or name in called:
        return variants.get(name) or called[name]
    names = ", ".join(sorted(variants)) or "none"
    raise Refusal(f"no results of {name!r}; there are: {names} ({results})")
