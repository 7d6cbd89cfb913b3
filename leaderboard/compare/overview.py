"""What `proctor compare` tells: two variants, or all pairs of all variants, as plain values with names that stay.

Nothing is rounded here. Knows no terminal and no page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from proctor.common.refusal import Refusal
from proctor.common.stats import Estimate, Verdict
from proctor.common.stats.families import letters, rank_ranges, shown_matrix
from proctor.common.stats.reference import references
from proctor.harness import record
from proctor.leaderboard.compare.compare import (
    Comparison,
    Correction,
    compare_two,
    family_of,
    load_cells,
)
from proctor.leaderboard.compare.flagged import why_flagged
from proctor.leaderboard.compare.items import USUAL, Draws, estimate_cells, items_of, too_few
from proctor.leaderboard.compare.matched import lacks_of
from proctor.leaderboard.compare.tables import remarks


@dataclass(frozen=True)
class EstimatedCell:
    """One cell with its estimate; `why_none` says why there is none."""

    cell: record.Cell
    estimate: Estimate | None
    why_none: str

    @property
    def flag(self) -> str:
        return why_flagged(self.cell)

    @property
    def remarks(self) -> list[str]:
        return remarks(self.flag, self.cell.run)


@dataclass(frozen=True)
class Refused:
    a: str
    b: str
    task: str
    why: str


@dataclass(frozen=True)
class Overview:
    """`comparisons` are of two variants on each task, or of all pairs; corrected are always all pairs of a task."""

    cells: tuple[EstimatedCell, ...]
    comparisons: tuple[Comparison, ...]
    refused: tuple[Refused, ...]


def of_two(
    results: Path,
    a: str,
    b: str,
    tasks: Sequence[str],
    margin: float | None,
    correction: Correction,
    draws: Draws = USUAL,
) -> Overview:
    cells = load_cells(results)
    comparisons = compare_two(cells, results, a, b, tasks, margin, correction, draws)
    both = []
    for one in comparisons:
        both += [cells[one.a, one.task], cells[one.b, one.task]]
    return Overview(_shown(both), tuple(comparisons), ())


def of_all(
    results: Path, tasks: Sequence[str], margin: float | None, correction: Correction, draws: Draws = USUAL
) -> Overview:
    """All pairs on every task or on those named, each from its side. Pairs that cannot be compared are told."""
    cells = load_cells(results)
    there = dict.fromkeys(task for _, task in cells)
    if unknown := [task for task in tasks if task not in there]:
        raise Refusal(f"no results for {unknown[0]!r}; there are: {', '.join(there) or 'none'} ({results})")
    shown: list[EstimatedCell] = []
    comparisons: list[Comparison] = []
    refused: list[Refused] = []
    for task in dict.fromkeys(tasks) or there:
        mine = _shown([cell for (_, of), cell in cells.items() if of == task])
        shown += sorted(mine, key=_best_first)
        family = family_of(cells, task, margin, correction, draws)
        refused += [Refused(a, b, task, why) for (a, b), why in family.refused.items()]
        comparisons += family.told.values()
    if not comparisons and not refused:
        raise Refusal(
            "there are no two variants with results for one task; run a suite, or look at ours with "
            f"--results results/demo ({results})"
        )
    return Overview(tuple(shown), tuple(comparisons), tuple(refused))


def _shown(cells: Sequence[record.Cell]) -> tuple[EstimatedCell, ...]:
    estimates = estimate_cells(cells)
    return tuple(
        EstimatedCell(cell, one, "" if one else too_few(items_of(cell).kind, items_of(cell).clusters))
        for cell, one in zip(cells, estimates, strict=True)
    )


def _best_first(one: EstimatedCell) -> tuple[bool, float, str]:
    return one.estimate is None, -one.estimate.mean if one.estimate else 0.0, one.cell.variant


def standing(
    mine: Sequence[EstimatedCell], found: Sequence[Comparison]
) -> tuple[dict[str, str], dict[str, str]]:
    """Rank ranges and tie letters of one task's variants; none where not every pair could be compared."""
    names = [one.cell.variant for one in mine if one.estimate]
    means = [one.estimate.mean for one in mine if one.estimate]
    if len(found) != len(names) * (len(names) - 1) // 2 or not found:
        return {}, {}
    at = {name: i for i, name in enumerate(names)}
    apart = shown_matrix(len(names), [(at[c.a], at[c.b]) for c in found], [c.adjusted_p for c in found])
    ranks = [
        str(one.best) if one.best == one.worst else f"{one.best}-{one.worst}"
        for one in rank_ranges(means, apart)
    ]
    try:
        given = letters(means, apart)
    except ValueError:  # so many groups overlap that letters would say nothing
        given = [""] * len(names)
    few = max(map(len, given)) <= 8
    return dict(zip(names, ranks, strict=True)), dict(zip(names, given, strict=True)) if few else {}


def failing(overview: Overview, what: str) -> list[str]:
    """The tasks on which a gate closes: A is worse, or is not shown to be at least no worse."""
    if what == "worse":
        return [one.task for one in overview.comparisons if one.verdict == Verdict.WORSE]
    if without := [one.task for one in overview.comparisons if one.difference.margin is None]:
        raise Refusal(
            f"no margin for {', '.join(without)}; 'no worse' needs one: --margin 0.02, or in the suite"
        )
    return [one.task for one in overview.comparisons if one.verdict in (Verdict.WORSE, Verdict.NOT_SHOWN)]


def as_dict(overview: Overview) -> dict[str, Any]:
    """For --json: every figure with all its digits, null where there is none. docs/statistics.md tells the names."""
    return {
        "cells": [_cell_as_dict(one) for one in overview.cells],
        "comparisons": [comparison_as_dict(one) for one in overview.comparisons],
        "refused": [{"a": one.a, "b": one.b, "task": one.task, "why": one.why} for one in overview.refused],
    }


def _cell_as_dict(shown: EstimatedCell) -> dict[str, Any]:
    cell, one, items = shown.cell, shown.estimate, items_of(shown.cell)
    return {
        "variant": cell.variant,
        "called": (cell.run.origin and cell.run.origin.called) or cell.variant,
        "task": cell.task,
        "headline": cell.run.task.headline,
        "kind": items.kind,
        "n": len(items.ids),
        "unscored": len(items.every) - len(items.ids),
        "clusters": one.clusters if one else len(set(items.clusters)),
        "mean": one.mean if one else None,
        "standard_error": _finite(one.se) if one else None,
        "low": one.low if one else None,
        "high": one.high if one else None,
        "confidence": 0.95,
        "interval": one.method if one else None,
        "why_none": shown.why_none,
        "flag": shown.flag,
        "own_data": cell.run.task.own_data,
        "lacks": list(lacks_of(cell)),
    }


def comparison_as_dict(one: Comparison) -> dict[str, Any]:
    d = one.difference
    both = None if d.only_a is None else round(d.mean_a * d.n) - d.only_a
    neither = (
        None if d.only_a is None or d.only_b is None or both is None else d.n - both - d.only_a - d.only_b
    )
    return {
        "a": one.a,
        "b": one.b,
        "task": one.task,
        "headline": one.headline,
        "verdict": one.verdict,
        "kind": d.kind,
        "n_paired": d.n,
        "clusters": d.clusters,
        "left_out": one.left_out,
        "left_out_why": dict(one.left_out_why),
        "mean_a": d.mean_a,
        "mean_b": d.mean_b,
        "difference": d.difference,
        "standard_error": _finite(d.se),
        "low": d.low,
        "high": d.high,
        "confidence": 1.0 - d.alpha,
        "interval": d.interval,
        "p": d.p,
        "test": d.test,
        "p_made": d.p_made,
        "p_error": d.p_error,
        "p_adjusted": one.adjusted_p,
        "correction": one.correction,
        "family": one.family,
        "only_a": d.only_a,
        "only_b": d.only_b,
        "both": both,
        "neither": neither,
        "a_higher": one.higher[0] if one.higher else None,
        "b_higher": one.higher[1] if one.higher else None,
        "equal": d.n - sum(one.higher) if one.higher else None,
        "margin": d.margin,
        "p_no_worse": d.p_no_worse,
        "p_no_worse_adjusted": one.adjusted_p_no_worse,
        "p_no_better": d.p_no_better,
        "p_equivalent": d.p_equivalent,
        "smallest_effect": d.smallest_effect,
        "items_needed": d.items_needed,
        "lacks": list(one.lacks),
        "also": references(d),
    }


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None
