"""What `proctor compare` says: two variants, or all pairs of all variants, as plain values with names that stay.

    compared = compare_all(Path("results/demo"), tasks=["concepts"])
    as_json(compared)["comparisons"][0]["verdict"]

Nothing is rounded here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any

from proctor.common.refusal import Refusal
from proctor.common.stats import Verdict
from proctor.common.stats.reference import references
from proctor.harness import record
from proctor.leaderboard.compare.comparison import Comparison, Settings
from proctor.leaderboard.compare.families import USUAL, compare_two, families_of
from proctor.leaderboard.compare.items import items_of, load_cells
from proctor.leaderboard.compare.judge_warnings import warnings_of
from proctor.leaderboard.compare.ranking import (
    Score,
    TaskPairs,
    best_first,
    pairs_in_order,
    score_of,
    tasks_of,
)
from proctor.leaderboard.compare.together import Decision, together_of


@dataclass(frozen=True)
class Overview:
    """`comparisons` are of two variants on each task, or of all pairs; corrected are always all pairs of a task.
    `pairs` by task, where all were asked for; `warnings` by task, where its judge's trust card warns. `over_all`: the
    same pairs over all tasks, where they share several.
    """

    scores: list[Score]
    comparisons: list[Comparison]
    pairs: dict[str, TaskPairs] = field(default_factory=dict)
    warnings: dict[str, str] = field(default_factory=dict)
    over_all: list[Comparison] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)


def compare_named(
    results: Path, a: str, b: str, tasks: Sequence[str] = (), settings: Settings = USUAL
) -> Overview:
    """A against B on every task that both have, or on those named."""
    cells = load_cells(results)
    known = {task for _, task in cells}
    families = families_of(cells, known.intersection(tasks), settings)
    comparisons = compare_two(cells, results, a, b, tasks, settings, families)
    together = together_of(cells, families, settings)
    a, b = comparisons[0].a, comparisons[0].b
    over_all = together.over_all.asked(a, b)
    scores = []
    for pair in comparisons:
        scores += [score_of(cells[pair.a, pair.task]), score_of(cells[pair.b, pair.task])]
    warnings, together_pairs = _warnings(scores, results), [over_all] if over_all else []
    return Overview(scores, comparisons, {}, warnings, together_pairs, together.decisions(a, b))


def compare_all(results: Path, tasks: Sequence[str] = (), settings: Settings = USUAL) -> Overview:
    """All pairs on every task or on those named, each from its side; of those that cannot be compared it says why."""
    cells = load_cells(results)
    known = list(dict.fromkeys(task for _, task in cells))
    for task in tasks:
        if task not in known:
            raise Refusal(f"no results for {task!r}; there are: {', '.join(known) or 'none'} ({results})")
    overview, families = Overview([], []), families_of(cells, tasks, settings)
    for task in dict.fromkeys(tasks) or known:
        scores = [score_of(cell) for cell in cells.values() if cell.task == task]
        scores.sort(key=lambda score: (best_first(score), score.cell.variant))
        family = families[task]
        overview.scores.extend(scores)
        overview.comparisons.extend(family.comparisons.values())
        overview.pairs[task] = pairs_in_order({score.cell.variant: score for score in scores}, family)
    if not any(pairs.family.comparisons or pairs.family.refused for pairs in overview.pairs.values()):
        raise Refusal(
            "there are no two variants with results for one task; run a suite, or look at ours with "
            f"--results results/demo ({results})"
        )
    together = together_of(cells, families, settings)
    overview.over_all.extend(together.over_all.comparisons.values())
    for rule in together.rules:
        for a, b in families[rule.primary].comparisons:  # from its side, unless the other is the better one
            forth, back = together.decision(a, b, rule), together.decision(b, a, rule)
            overview.decisions.append(back if back.taken else forth)
    overview.warnings.update(_warnings(overview.scores, results))
    return overview


def _warnings(scores: Sequence[Score], results: Path) -> dict[str, str]:
    return warnings_of(tasks_of([score.cell for score in scores]), record.read_cards(results))


def failing(overview: Overview, what: str) -> list[str]:
    """The tasks on which a gate closes: A is worse, or is not shown to be at least no worse."""
    if what == "not-decided":
        if not overview.decisions:
            raise Refusal("no suite of these results says 'decide:', or not for these tasks")
        return [decision.why for decision in overview.decisions if not decision.taken]
    failed, without = [], []
    for pair in overview.comparisons:
        if pair.verdict == Verdict.WORSE or (what != "worse" and pair.verdict == Verdict.NOT_SHOWN):
            failed.append(pair.task)
        if pair.difference.margin is None:
            without.append(pair.task)
    if what != "worse" and without:
        raise Refusal(
            f"no margin for {', '.join(without)}; 'no worse' needs one: --margin 0.02, or in the suite"
        )
    return failed


def as_json(overview: Overview) -> dict[str, Any]:
    """For --json: every figure with all its digits, null where there is none. docs/statistics.md says the names."""
    refused = []
    for task, pairs in overview.pairs.items():
        for (a, b), why in pairs.family.refused.items():
            refused.append({"a": a, "b": b, "task": task, "why": why})
    return {
        "cells": list(map(_cell_as_json, overview.scores)),
        "comparisons": list(map(_comparison_as_json, overview.comparisons)),
        "refused": refused,
        "over_all_tasks": list(map(_comparison_as_json, overview.over_all)),
        "decisions": list(map(_decision_as_json, overview.decisions)),
        "warnings": overview.warnings,
    }


def _decision_as_json(decision: Decision) -> dict[str, Any]:
    rule = {"primary": decision.rule.primary, "guard": list(decision.rule.guard)}
    about = {name: getattr(decision, name) for name in ("a", "b", "taken", "why", "p", "family")}
    return about | {"p_adjusted": decision.adjusted_p, "decide": rule}


def _cell_as_json(score: Score) -> dict[str, Any]:
    cell, items, estimate = score.cell, items_of(score.cell), score.estimate
    called, n = cell.variant, len(items.ids)
    if cell.run.origin and cell.run.origin.called:
        called = cell.run.origin.called
    figures: dict[str, Any] = {"clusters": len(set(items.clusters))}
    figures |= dict.fromkeys(("mean", "standard_error", "low", "high"))
    if estimate:
        figures = {
            "clusters": estimate.clusters, "mean": estimate.mean, "standard_error": _finite(estimate.se),
            "low": estimate.low, "high": estimate.high,
        }  # fmt: skip
    return {
        "variant": cell.variant, "called": called, "task": cell.task,
        "headline": cell.run.task.headline, "kind": items.kind, "n": n, "unscored": len(items.every) - n, **figures,
        "confidence": 0.95, "interval": estimate.method if estimate else None, "why_none": score.why_none,
        "flag": score.flag, "own_data": cell.run.task.own_data, "lacks": list(cell.run.lacks),
        "planned": cell.run.items_planned,
    }  # fmt: skip


def _comparison_as_json(pair: Comparison) -> dict[str, Any]:
    d = pair.difference
    both, neither = pair.both_and_neither or (None, None)
    a_higher = b_higher = equal = None
    also = {}
    if d.planned is None:  # else they would be tests of a fixed number of items
        also = references(d)
    if pair.higher:
        a_higher, b_higher = pair.higher
        equal = d.n - a_higher - b_higher
    return {
        "a": pair.a, "b": pair.b, "task": pair.task, "headline": pair.headline, "verdict": pair.verdict,
        "kind": d.kind, "n_paired": d.n, "clusters": d.clusters,
        "left_out": pair.left_out, "left_out_why": dict(pair.left_out_why),
        "mean_a": d.mean_a, "mean_b": d.mean_b, "difference": d.difference,
        "standard_error": _finite(d.se), "low": d.low, "high": d.high,
        "confidence": 1.0 - d.alpha, "interval": d.interval,
        "p": d.p, "test": d.test, "p_made": d.p_made, "p_error": d.p_error,
        "p_adjusted": pair.adjusted_p, "correction": pair.correction, "family": pair.family,
        "only_a": d.only_a, "only_b": d.only_b, "both": both, "neither": neither,
        "a_higher": a_higher, "b_higher": b_higher, "equal": equal,
        "margin": d.margin, "p_no_worse": d.p_no_worse, "p_no_worse_adjusted": pair.adjusted_p_no_worse,
        "p_no_better": d.p_no_better, "p_equivalent": d.p_equivalent,
        "smallest_effect": d.smallest_effect, "items_needed": d.items_needed,
        "lacks": list(pair.lacks), "planned": d.planned, "also": also,
    }  # fmt: skip


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None
