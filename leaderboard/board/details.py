"""What the pages about one thing say: a variant, a task, the lineage, two variants side by side.

Plain values ready to be shown, as in pages.py.
"""

from collections import Counter
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

import yaml

from proctor.leaderboard.board import asides, plots
from proctor.leaderboard.compare import lineage, measured, tables
from proctor.leaderboard.board.asides import NOTHING, Beside
from proctor.leaderboard.compare.groups import GroupRow
from proctor.leaderboard.compare.pairs import TaskPairs
from proctor.leaderboard.board.shown import (
    CellShown,
    Difference,
    cell,
    difference,
    letters,
    machine,
    points,
    rank_words,
    task_head,
)
from proctor.leaderboard.compare.tables import Ranking, Row

FIRST = (
    "about",
    "base",
    "recipe",
    "examples",
    "merge",
    "quantization",
    "engine",
    "endpoint",
    "prompt",
    "parent",
)
EXAMPLE_LENGTH = 4000
WHOLE = 12  # with more variants than this the matrix is of small cells, and a pair is read by choosing it
KINDS = {
    "binary": "Each answer is right (1) or wrong (0); the headline is the share of right answers.",
    "real": "Each answer gets a mark; the headline is the mean of the marks.",
    "counts": "Each answer names several things; the headline comes from what all answers together named "
    "rightly, named wrongly and missed.",
}


def variant(
    ranking: Ranking, row: Row, pairs: Mapping[str, TaskPairs], beside: Mapping[str, Beside]
) -> dict[str, Any]:
    resolved = lineage.resolved_of(ranking, row.variant)
    runs = [score.run for score in row.scores.values()]
    chain = [(name, lineage.resolved_of(ranking, name)) for name in lineage.ancestors(ranking, row.variant)]
    versions = {f"{name} {version}" for run in runs for name, version in run.get("versions", {}).items()}
    return {
        "name": row.variant,
        "about": row.about,
        "chain": [
            (name, lineage.step(before, after))
            for (name, after), before in zip(chain, [{}, *(one for _, one in chain)], strict=False)
        ],
        "children": lineage.children(ranking, row.variant),
        "exams": [
            _exam(ranking, row, task, pairs[task], beside.get(task, NOTHING))
            for task in ranking.tasks
        ],
        "yaml": as_yaml(resolved),
        "digest": str(resolved.get("digest", "")),
        "stages": runs[0].get("stages") or [],
        "again": f"proctor run {runs[0].get('suite', 'SUITE')} --only {row.variant}",
        "suite_known": "suite" in runs[0],
        "imported": sorted(
            {
                f"{origin.get('kind', 'file')}: {PurePath(str(name)).name}"
                for run in runs
                if (origin := run.get("origin"))
                for name in origin.get("files") or ["not told"]
            }
        ),
        "loss": next((plot for run in runs if (plot := plots.loss(row.variant, run))), None),
        "versions": sorted(versions),
        "machines": sorted({machine(run.get("hardware", {})) for run in runs}),
    }  # fmt: skip


def _exam(ranking: Ranking, row: Row, task: str, pairs: TaskPairs, beside: Beside) -> dict[str, Any]:
    score = row.scores.get(task)
    run = score.run if score else {}
    return {
        "head": task_head(ranking, task),
        "shown": cell(ranking, row, task, pairs),
        "figures": [asides.shown(one) for one in beside.figures],
        "costs": measured.listed(beside.costs),
        "lacks": list((run.get("origin") or {}).get("lacks") or ()),
        "definition": [
            (name.replace("_", " "), str(value)[:16])
            for name, value in run.get("definition", {}).items()
            if name in ("dataset", "prompt", "task_version", "judge") and value
        ],
    }


def as_yaml(resolved: Mapping[str, Any]) -> str:
    """The variant's file with every default written out; its name is the file's, so it stands outside."""
    told = {name: resolved[name] for name in FIRST if resolved.get(name) is not None}
    told |= {name: value for name, value in resolved.items() if name not in (*FIRST, "name", "digest")}
    if isinstance(told.get("sampling"), dict):
        told["sampling"] = {name: value for name, value in told["sampling"].items() if value is not None}
    return yaml.safe_dump(told, sort_keys=False, allow_unicode=True, width=100)


def task(
    ranking: Ranking,
    name: str,
    pairs: TaskPairs,
    example: Mapping[str, Any] | None,
    groups: list[tuple[str, list[GroupRow]]],
    beside: Mapping[str, Beside],
) -> dict[str, Any]:
    exam = ranking.tasks[name]
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
        "kind": KINDS.get(exam["kind"], ""),
        "binary": exam["kind"] == "binary",
        "framework": {"lm_eval": "lm-eval", "inspect": "Inspect"}.get(exam["framework"], exam["framework"]),
        "size": run["definition"].get("items"),
        "version": run["definition"].get("task_version"),
        "dataset": str(run["definition"].get("dataset") or "")[:16],
        "versions": sorted({str(row.scores[name].run["definition"].get("task_version")) for row in rows}),
        "scale": f"{exam['scale'][0]:g} to {exam['scale'][1]:g}" if exam.get("scale_stated", True) else "",
        "margin": tables.margins(pairs.family.told.values(), exam),
        "effect": (points(effects[0], exam), points(effects[-1], exam)) if effects else None,
        "cells": [cell(ranking, row, name, pairs) for row in rows],
        "absent": [row.variant for row in ranking.rows if name not in row.scores],
        "example": _example(example),
        "matrix": matrix(pairs, exam),
        "groups": groups,
        "order": pairs.order,
        "costs": asides.costs(rows, beside),
        "figures": asides.figures(rows, beside),
        "parts": asides.figures(rows, beside, parts=True),
        "overlap": asides.overlap(rows, name),
        "imported": [
            (row.variant, list(lacks))
            for row in rows
            if (lacks := (row.scores[name].run.get("origin") or {}).get("lacks"))
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


def matrix(pairs: TaskPairs, exam: dict[str, Any]) -> dict[str, Any] | None:
    """Row minus column, for every pair once: a row is the one that may take the column's place."""
    told: dict[tuple[str, str], Difference | str] = dict(pairs.family.refused)
    told |= {pair: difference(one, exam) for pair, one in pairs.family.told.items()}
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


def lineage_page(ranking: Ranking, pairs: Mapping[str, TaskPairs]) -> dict[str, Any]:
    rows = {row.variant: row for row in ranking.rows}

    def shown(name: str) -> list[CellShown | None]:
        return [cell(ranking, rows[name], task, pairs[task]) for task in ranking.tasks]

    return {
        "tasks": [task_head(ranking, task) for task in ranking.tasks],
        "nodes": [(node, rows[node.variant].parent, shown(node.variant)) for node in lineage.tree(ranking)],
    }


def flips(ranking: Ranking) -> dict[str, Any]:
    """Which cells there are to be laid side by side, and how their answers may differ."""
    return {
        "tasks": [
            {
                "name": task,
                "title": exam["title"],
                "binary": exam["kind"] == "binary",
                "variants": [row.variant for row in ranking.rows if task in row.scores],
            }
            for task, exam in ranking.tasks.items()
        ],
        "heads": [task_head(ranking, task) for task in ranking.tasks],
        "pair": _first_pair(ranking),
    }


def _first_pair(ranking: Ranking) -> dict[str, str]:
    """What the page opens with: the largest difference to a parent, where most answers have changed."""
    found = [score.comparison for row in ranking.rows for score in row.scores.values() if score.comparison]
    found.sort(key=lambda one: (one.adjusted_p, -abs(one.difference.difference), one.task, one.a))
    return (
        {"task": found[0].task, "a": found[0].a, "b": found[0].b} if found else {"task": "", "a": "", "b": ""}
    )
