"""One task: how it is scored, all variants on it, every pair, groups of items, and what the responses cost."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from proctor.harness.record import OverlapRecord, TaskRecord
from proctor.leaderboard.board.beside import Beside, format_figure
from proctor.leaderboard.board.groups import GroupRow
from proctor.leaderboard.board.shown import (
    DifferenceShown,
    cell,
    difference,
    letters,
    points,
    rank_words,
    task_head,
)
from proctor.leaderboard.compare import measured, tables
from proctor.leaderboard.compare.pairs import TaskPairs
from proctor.leaderboard.compare.tables import Ranking, RankingRow

EXAMPLE_LENGTH = 4000
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
    pairs: TaskPairs,
    example: Mapping[str, Any] | None,
    groups: list[tuple[str, list[GroupRow]]],
    beside: Mapping[str, Beside],
) -> dict[str, Any]:
    task = ranking.tasks[name]
    rows = [row for row in ranking.rows if name in row.scores]
    order = {variant: i for i, variant in enumerate(pairs.order)}
    rows.sort(key=lambda row: order.get(row.variant, len(order)))
    run = rows[0].scores[name].run
    effects = sorted(
        one.difference.smallest_effect
        for one in pairs.family.told.values()
        if one.difference.smallest_effect is not None
    )
    return task_head(ranking, name) | {
        "kind": KINDS.get(task.kind, ""),
        "binary": task.kind == "binary",
        "framework": {"lm_eval": "lm-eval", "inspect": "Inspect"}.get(task.framework, task.framework),
        "size": run.definition.items,
        "version": run.definition.task_version,
        "dataset": (run.definition.dataset or "")[:16],
        "versions": sorted({str(row.scores[name].run.definition.task_version) for row in rows}),
        "scale": f"{task.scale[0]:g} to {task.scale[1]:g}" if task.scale_stated else "",
        "margin": tables.margins(pairs.family.told.values(), task),
        "effect": (points(effects[0], task), points(effects[-1], task)) if effects else None,
        "cells": [cell(ranking, row, name, pairs) for row in rows],
        "absent": [row.variant for row in ranking.rows if name not in row.scores],
        "example": _example(example),
        "matrix": matrix(pairs, task),
        "groups": groups,
        "order": pairs.order,
        "costs": cost_table(rows, beside),
        "figures": figure_table(rows, beside),
        "parts": figure_table(rows, beside, parts=True),
        "overlap": overlap(rows, name),
        "imported": [
            (row.variant, list(lacks))
            for row in rows
            if (lacks := row.scores[name].run.lacks)
        ],
    }  # fmt: skip


def _example(row: Mapping[str, Any] | None) -> dict[str, str] | None:
    if row is None:
        return None
    cut = {
        name: str(row[name])
        for name in ("sample_id", "prompt", "response", "answer", "target", "mark", "explanation")
    }
    return {
        name: text if len(text) <= EXAMPLE_LENGTH else text[:EXAMPLE_LENGTH] + " …"
        for name, text in cut.items()
    }


def matrix(pairs: TaskPairs, task: TaskRecord) -> dict[str, Any] | None:
    """Row minus column, for every pair once: a row is the one that may take the column's place."""
    told: dict[tuple[str, str], DifferenceShown | str] = dict(pairs.family.refused)
    told |= {pair: difference(one, task) for pair, one in pairs.family.told.items()}
    rows, columns = (Counter(pair[side] for pair in told if set(pair) <= set(pairs.order)) for side in (0, 1))
    if not rows:
        return None
    # Where no circle prevents it, all cells then lie below the diagonal.
    names = sorted(pairs.order, key=lambda name: rows[name])
    across = [name for name in names if columns[name]]
    lines = [(row, [told.get((row, column)) for column in across]) for row in names if rows[row]]
    ranks = {name: rank_words(r.best, r.worst) for name, r in pairs.ranks.items()}
    return {
        "columns": across,
        "lines": lines,
        "family": len(pairs.family.told),
        "ranks": ranks,
        "letters": letters(pairs),
        "compact": len(pairs.order) > WHOLE,
    }


def figure_table(
    rows: Sequence[RankingRow], beside: Mapping[str, Beside], parts: bool = False
) -> dict[str, Any] | None:
    """Of one task: a line a variant, a column a figure that any of them has. `parts`: those alone that a judge's score
    is made of, which stand beside it.
    """
    titles: dict[str, str] = {}
    lines = []
    for row in rows:
        mine = {one.name: format_figure(one) for one in beside[row.variant].figures if one.part or not parts}
        titles |= {name: f"{one['title']}{', %' if one['unit'] else ''}" for name, one in mine.items()}
        lines.append((row.variant, mine))
    if not titles:
        return None
    for name in titles:
        column = [mine[name] for _, mine in lines if name in mine]
        for one, words in zip(column, tables.aligned([one["value"] for one in column]), strict=True):
            one["value"] = words
    return {
        "columns": list(titles.values()),
        "lines": [(variant, [mine.get(name) for name in titles]) for variant, mine in lines],
    }


def cost_table(rows: Sequence[RankingRow], beside: Mapping[str, Beside]) -> dict[str, Any] | None:
    """What the answers cost, a column for each thing that was measured at all."""
    known = {row.variant: beside[row.variant].costs for row in rows}
    there = [one for one in measured.ALL if any(one.name in mine for mine in known.values())]
    if not there:
        return None
    columns = [measured.column(one, [mine.get(one.name) for mine in known.values()]) for one in there]
    lines = zip(known, zip(*(cells for _, cells in columns), strict=True), strict=True)
    return {"columns": [title for title, _ in columns], "lines": list(lines)}


def overlap(rows: Sequence[RankingRow], task: str) -> list[tuple[str, str, list[str]]]:
    """What of the task's items stands in training data: the set, the findings, and the variants they hold for."""
    variants: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        for one in row.scores[task].run.overlap:
            variants.setdefault((one.set, _overlap_in_words(one)), []).append(row.variant)
    return [(name, words, of) for (name, words), of in variants.items()]


def _overlap_in_words(one: OverlapRecord) -> str:
    parts = []
    if one.chats is not None:
        parts.append(f"chats: {one.chats}")
    if one.items is not None:
        parts.append(f"items: {one.items}")
    if one.whole is not None:
        parts.append(f"{one.whole} of them stand there word for word")
    parts += [f"{tables.percent(share)} % of the items share {n} words in a row" for n, share in one.shares]
    return "; ".join(parts)
