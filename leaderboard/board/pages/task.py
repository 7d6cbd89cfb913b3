"""One task: how it is scored, all variants on it, every pair, groups of items, and what the responses cost."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from proctor.harness.record import OverlapRecord, TaskRecord
from proctor.leaderboard.board.groups import GroupRow
from proctor.leaderboard.board.shown import (
    DifferenceShown,
    FigureShown,
    cell_shown,
    costs_shown,
    difference_shown,
    figure_table,
    points,
    rank_words,
    task_head,
)
from proctor.leaderboard.compare import formatting
from proctor.leaderboard.compare.ranking import Ranking, RankingRow, TaskPairs

EXAMPLE_LENGTH = 4000
EXAMPLE = ("sample_id", "prompt", "response", "answer", "target", "mark", "explanation")
WHOLE = 12  # with more variants than this the matrix is of small cells, and a pair is read by choosing it
KINDS = {
    "binary": "Each response is right (1) or wrong (0); the headline is the share of right ones.",
    "real": "Each response gets a score; the headline is the mean of the scores.",
    "counts": "Each response names several things; the headline comes from what all responses together named "
    "rightly, named wrongly and missed.",
}


def page(
    ranking: Ranking,
    name: str,
    example: Mapping[str, Any] | None,
    groups: list[tuple[str, list[GroupRow]]],
    figures: Mapping[str, Sequence[FigureShown]],
    costs: Mapping[str, Mapping[str, float]],
) -> dict[str, Any]:
    """`figures` and `costs` of each variant that has results on the task; `example` is a row of the best."""
    task, pairs = ranking.tasks[name], ranking.pairs[name]
    rows = [row for row in ranking.rows if name in row.scores]
    rows.sort(key=lambda row: _place(pairs, row.variant))
    runs = {row.variant: row.scores[name].run for row in rows}
    definition = runs[rows[0].variant].definition
    comparisons = pairs.family.comparisons.values()
    scale = ""
    if task.scale_stated:
        scale = f"{task.scale[0]:g} to {task.scale[1]:g}"
    parts = {}
    for variant in runs:
        parts[variant] = [figure for figure in figures[variant] if figure.part]
    return task_head(ranking, name) | {
        "kind": KINDS.get(task.kind, ""),
        "binary": task.kind == "binary",
        "framework": {"lm_eval": "lm-eval", "inspect": "Inspect"}.get(task.framework, task.framework),
        "size": definition.items,
        "dataset": (definition.dataset or "")[:16],
        "versions": sorted({str(run.definition.task_version) for run in runs.values()}),
        "scale": scale,
        "margin": formatting.margins(comparisons, task),
        "effect": _smallest_effects(pairs, task),
        "cells": [cell_shown(ranking, row, name) for row in rows],
        "absent": [row.variant for row in ranking.rows if name not in row.scores],
        "example": _example(example),
        "matrix": matrix(pairs, task),
        "groups": groups,
        "order": pairs.order,
        "costs": figure_table({variant: costs_shown(costs[variant]) for variant in runs}),
        "figures": figure_table({variant: figures[variant] for variant in runs}),
        "parts": figure_table(parts),
        "overlap": _overlap(rows, name),
        "imported": [(variant, run.lacks) for variant, run in runs.items() if run.lacks],
    }


def _place(pairs: TaskPairs, variant: str) -> int:
    return pairs.order.index(variant) if variant in pairs.order else len(pairs.order)


def _smallest_effects(pairs: TaskPairs, task: TaskRecord) -> tuple[str, str] | None:
    """The least and the most that a pair can show."""
    effects = []
    for comparison in pairs.family.comparisons.values():
        if comparison.difference.smallest_effect is not None:
            effects.append(comparison.difference.smallest_effect)
    return (points(min(effects), task), points(max(effects), task)) if effects else None


def _example(row: Mapping[str, Any] | None) -> dict[str, str] | None:
    if row is None:
        return None
    texts = {}
    for name in EXAMPLE:
        texts[name] = str(row[name])
        if len(texts[name]) > EXAMPLE_LENGTH:
            texts[name] = texts[name][:EXAMPLE_LENGTH] + " …"
    return texts


def matrix(pairs: TaskPairs, task: TaskRecord) -> dict[str, Any] | None:
    """Row minus column, for every pair once: a row is the one that may take the column's place."""
    shown: dict[tuple[str, str], DifferenceShown | str] = dict(pairs.family.refused)
    for pair, comparison in pairs.family.comparisons.items():
        shown[pair] = difference_shown(comparison, task)
    rows: Counter[str] = Counter()
    columns: Counter[str] = Counter()
    for row, column in shown:
        if row in pairs.order and column in pairs.order:
            rows[row] += 1
            columns[column] += 1
    if not rows:
        return None
    # Where no circle prevents it, all cells then lie below the diagonal.
    names = sorted(pairs.order, key=lambda name: rows[name])
    across = list(filter(columns.get, names))
    lines = []
    for row in filter(rows.get, names):
        lines.append((row, [shown.get((row, column)) for column in across]))
    return {
        "columns": across,
        "lines": lines,
        "family": len(pairs.family.comparisons),
        "ranks": rank_words(pairs),
        "letters": pairs.letters,
        "compact": len(pairs.order) > WHOLE,
    }


def _overlap(rows: Sequence[RankingRow], task: str) -> list[tuple[str, str, list[str]]]:
    """What of the task's items stands in training data: the set, the findings, and the variants they hold for."""
    variants: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        for overlap in row.scores[task].run.overlap:
            variants.setdefault((overlap.set, _overlap_in_words(overlap)), []).append(row.variant)
    return [(name, words, names) for (name, words), names in variants.items()]


def _overlap_in_words(overlap: OverlapRecord) -> str:
    parts = []
    if overlap.chats is not None:
        parts.append(f"chats: {overlap.chats}")
    if overlap.items is not None:
        parts.append(f"items: {overlap.items}")
    if overlap.whole is not None:
        parts.append(f"{overlap.whole} of them stand there word for word")
    for n, share in overlap.shares:
        parts.append(f"{formatting.percent(share)} % of the items share {n} words in a row")
    return "; ".join(parts)
