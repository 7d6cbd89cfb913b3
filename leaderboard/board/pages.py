"""What the ranking and the pages of answers say, as plain values ready to be shown.

Must not know how a page looks (templates/) or where its file lies on disk (site.py).
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from proctor.leaderboard.compare import tables
from proctor.leaderboard.compare.compare import NO_WORSE, Comparison
from proctor.leaderboard.compare.pairs import NONE, TaskPairs
from proctor.leaderboard.board.shown import cell, difference, machine, score_shown, task_head, when
from proctor.leaderboard.compare.tables import Ranking, Row

EMBEDDED = "finetune/tiny"


def nav(ranking: Ranking, curves: bool = False, judges: Sequence[str] = ()) -> list[tuple[str, str]]:
    """Only pages that there are: with one variant there is nothing to lay side by side."""
    several = [("lineage.html", "Lineage"), ("tradeoff.html", "Trade-off"), ("flips.html", "Flips")]
    exams = [(f"tasks/{task}.html", str(exam["title"])) for task, exam in ranking.tasks.items()]
    return [
        ("index.html", "Ranking"),
        *(several if len(ranking.rows) > 1 else []),
        *([("curves.html", "Curves")] if curves else []),
        *exams,
        *((f"judges/{judge}.html", f"Judge: {judge}") for judge in judges),
    ]


def index(ranking: Ranking, pairs: Mapping[str, TaskPairs]) -> dict[str, Any]:
    answers = [in_short(ranking, task, pairs[task]) for task in ranking.tasks]
    return {
        "tasks": [task_head(ranking, task) for task in ranking.tasks],
        "answers": answers,
        "front": _front(ranking, answers),
        "rows": [_index_row(row, ranking, pairs) for row in ranking.rows],
        "notice": notice(ranking),
        "facets": [one for one in facets(ranking) if len(one[2]) > 1],
        "alike": [(words, values[0]) for _, words, values in facets(ranking) if len(values) == 1],
        "baseline": ranking.baseline,
        "baseline_missing": ranking.baseline is not None
        and ranking.baseline not in {r.variant for r in ranking.rows},
        "made": made_from(ranking),
    }


def notice(ranking: Ranking) -> bool:
    """Whether these are numbers of the embedded model, which are not to be taken for more."""
    bases = {score.run["resolved"].get("base") for row in ranking.rows for score in row.scores.values()}
    return EMBEDDED in bases


def _index_row(row: Row, ranking: Ranking, pairs: Mapping[str, TaskPairs]) -> dict[str, Any]:
    resolved = next(iter(row.scores.values())).run["resolved"]
    return {
        "variant": row.variant,
        "about": row.about,
        "parent": row.parent,
        "is_baseline": row.variant == ranking.baseline,
        "facets": {name: told(resolved) for name, (_, told) in FACETS.items()},
        "cells": [cell(ranking, row, task, pairs[task]) for task in ranking.tasks],
    }


def stage(resolved: Mapping[str, Any]) -> str:
    """How far a variant has come: each stage stands on those before it."""
    if (resolved.get("quantization") or "none") != "none":
        return "quantised"
    if not resolved.get("recipe"):
        return "base"
    return "merged" if resolved.get("merge") else "trained"


FACETS: dict[str, tuple[str, Callable[[Mapping[str, Any]], str]]] = {
    "base": ("Base", lambda resolved: str(resolved.get("base") or "")),
    "stage": ("Stage", stage),
    "quantization": ("Quantisation", lambda resolved: str(resolved.get("quantization") or "none")),
    "prompt": ("Prompt", lambda resolved: str(resolved.get("prompt") or "")),
    "engine": ("Engine", lambda resolved: str(resolved.get("engine") or "")),
}


def facets(ranking: Ranking) -> list[tuple[str, str, list[str]]]:
    """What the rows can be filtered by, with the values that there are."""
    told = [next(iter(row.scores.values())).run["resolved"] for row in ranking.rows]
    return [(name, words, sorted({value(one) for one in told})) for name, (words, value) in FACETS.items()]


def against(ranking: Ranking, pairs: Mapping[str, TaskPairs], baseline: Row) -> dict[str, Any]:
    """Each variant's difference to this one; '' tells why there is none."""
    told: dict[str, Any] = {}
    for task in baseline.scores:
        found = pairs[task].against(baseline.variant)
        told[task] = {name: _against(one, ranking.tasks[task]) for name, one in found.items()}
    return told | {"": {task: _refused(pairs[task], baseline.variant) for task in baseline.scores}}


def _against(one: Comparison, exam: dict[str, Any]) -> list[Any]:
    d = difference(one, exam)
    return [d.value, d.shown, d.interval, d.verdict, d.key, d.p, d.left_out]


def _refused(pairs: TaskPairs, baseline: str) -> dict[str, str]:
    return {name: why for name in pairs.order if (why := pairs.family.why_not(name, baseline))}


def in_short(ranking: Ranking, task: str, pairs: TaskPairs) -> dict[str, Any]:
    """What a reader wants first: who is best, is that shown, and what could be published in its place. Rows whose
    responses do not depend on the item are named and left out.
    """
    head = task_head(ranking, task)
    scores = {row.variant: row.scores[task] for row in ranking.rows if task in row.scores}
    flagged = [(name, scores[name].flag) for name in pairs.order if scores[name].flag]
    head |= {"flagged": flagged, "absent": len(ranking.rows) - len(scores)}
    order = [name for name in pairs.order if not scores[name].flag]
    if not order:
        return head | {"best": None}
    best = order[0]
    against = {name: pairs.family.seen(name, best) for name in order[1:]}
    kinds: dict[str, list[str]] = {"behind": [], "no_worse": [], "open": [], "other": []}
    for name, found in against.items():
        if found is None:
            kinds["other"].append(name)
        elif found.verdict == NO_WORSE and not found.said_of_b:
            kinds["no_worse"].append(name)
        elif found.verdict == "worse":
            kinds["behind"].append(name)
        else:
            kinds["open"].append(name)
    exam = ranking.tasks[task]
    return head | kinds | {
        "best": best,
        "score": score_shown(best, task, scores[best], exam, pairs),
        "rivals": len(against),
        "tied": [name for name, found in against.items() if found and found.difference.difference == 0.0],
        "margin": tables.margins([found for found in against.values() if found], exam),
    }  # fmt: skip


def _front(ranking: Ranking, answers: Sequence[dict[str, Any]]) -> list[str] | None:
    """The variants that no exam's tests put behind its first; None where one exam alone says as much."""
    if len(answers) < 2 or len(ranking.rows) < 2 or any(one["best"] is None for one in answers):
        return None
    fronts = [{one["best"], *one["no_worse"], *one["open"]} for one in answers]
    return [row.variant for row in ranking.rows if all(row.variant in front for front in fronts)]


def made_from(ranking: Ranking) -> dict[str, Any]:
    """From what the board was made, as the results tell: not when or where it was built."""
    scores = [score for row in ranking.rows for score in row.scores.values()]
    runs = [score.run for score in scores]
    outcomes: Counter[str] = Counter()
    for score in scores:
        outcomes.update(score.statuses)
    versions: dict[str, set[str]] = {}
    for run in runs:
        for package, version in run.get("versions", {}).items():
            versions.setdefault(package, set()).add(str(version))
    return {
        "variants": len(ranking.rows),
        "tasks": len(ranking.tasks),
        "cells": len(runs),
        "rows": sum(run["rows"] for run in runs),
        "missing": len(ranking.rows) * len(ranking.tasks) - len(runs),
        "outcomes": outcomes,
        "versions": [(package, ", ".join(sorted(found))) for package, found in sorted(versions.items())],
        "machines": sorted({machine(run.get("hardware", {})) for run in runs}),
        "finished": when(max((str(run["finished"]) for run in runs if run.get("finished")), default="")),
    }


def samples(ranking: Ranking, variant: str, task: str, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    row = next(row for row in ranking.rows if row.variant == variant)
    score, exam = row.scores[task], ranking.tasks[task]
    marks = sorted({str(one["mark"]) for one in rows})
    return {
        "variant": variant,
        "task": task,
        "head": task_head(ranking, task),
        "shown": cell(ranking, row, task, NONE),
        "statuses": [(status, n) for status, n in score.statuses.items() if n],
        "marks": marks if exam["kind"] == "binary" and len(marks) <= 12 else [],
        "rows": len(rows),
        "kind": exam["kind"],
        "others": [
            (name, str(one["title"]))
            for name, one in ranking.tasks.items()
            if name != task and name in row.scores
        ],
    }
