"""The first page: the ranking, what it says in short, and what it was made from."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from proctor.common.stats import Verdict
from proctor.harness.record import TaskRecord, VariantRecord
from proctor.leaderboard.board.escape import script
from proctor.leaderboard.board.shown import cell, difference, score_shown, task_head, when
from proctor.leaderboard.compare import tables
from proctor.leaderboard.compare.compare import Comparison
from proctor.leaderboard.compare.measured import machine
from proctor.leaderboard.compare.pairs import TaskPairs
from proctor.leaderboard.compare.tables import Ranking, RankingRow, Score

EMBEDDED = "finetune/tiny"


def page(ranking: Ranking, pairs: Mapping[str, TaskPairs]) -> dict[str, Any]:
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
    return any(score.run.resolved.base == EMBEDDED for score in _scores(ranking))


def _scores(ranking: Ranking) -> list[Score]:
    scores: list[Score] = []
    for row in ranking.rows:
        scores += row.scores.values()
    return scores


def _index_row(row: RankingRow, ranking: Ranking, pairs: Mapping[str, TaskPairs]) -> dict[str, Any]:
    resolved = next(iter(row.scores.values())).run.resolved
    return {
        "variant": row.variant,
        "about": row.about,
        "parent": row.parent,
        "is_baseline": row.variant == ranking.baseline,
        "facets": {name: told(resolved) for name, (_, told) in FACETS.items()},
        "cells": [cell(ranking, row, task, pairs[task]) for task in ranking.tasks],
    }


def stage(resolved: VariantRecord) -> str:
    """How far a variant has come: each stage stands on those before it."""
    if (resolved.quantization or "none") != "none":
        return "quantised"
    if not resolved.recipe:
        return "merged" if resolved.merge_with else "base"
    return "merged" if resolved.merge else "trained"


FACETS: dict[str, tuple[str, Callable[[VariantRecord], str]]] = {
    "base": ("Base", lambda resolved: resolved.base or ""),
    "stage": ("Stage", stage),
    "quantization": ("Quantisation", lambda resolved: resolved.quantization or "none"),
    "prompt": ("Prompt", lambda resolved: resolved.prompt or ""),
    "engine": ("Engine", lambda resolved: resolved.engine or ""),
}


def facets(ranking: Ranking) -> list[tuple[str, str, list[str]]]:
    """What the rows can be filtered by, with the values that there are."""
    told = [next(iter(row.scores.values())).run.resolved for row in ranking.rows]
    return [(name, words, sorted({value(one) for one in told})) for name, (words, value) in FACETS.items()]


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
        elif found.verdict == Verdict.NO_WORSE and not found.said_of_b:
            kinds["no_worse"].append(name)
        elif found.verdict == Verdict.WORSE:
            kinds["behind"].append(name)
        else:
            kinds["open"].append(name)
    about = ranking.tasks[task]
    return head | kinds | {
        "best": best,
        "score": score_shown(best, task, scores[best], about, pairs),
        "rivals": len(against),
        "tied": [name for name, found in against.items() if found and found.difference.difference == 0.0],
        "margin": tables.margins([found for found in against.values() if found], about),
    }  # fmt: skip


def _front(ranking: Ranking, answers: Sequence[dict[str, Any]]) -> list[str] | None:
    """The variants that no task's tests put behind its first; None where one task alone says as much."""
    if len(answers) < 2 or len(ranking.rows) < 2 or any(one["best"] is None for one in answers):
        return None
    fronts = [{one["best"], *one["no_worse"], *one["open"]} for one in answers]
    return [row.variant for row in ranking.rows if all(row.variant in front for front in fronts)]


def made_from(ranking: Ranking) -> dict[str, Any]:
    """From what the board was made, as the results tell: not when or where it was built."""
    scores = _scores(ranking)
    runs = [score.run for score in scores]
    outcomes: Counter[str] = Counter()
    for score in scores:
        outcomes.update(score.statuses)
    versions: dict[str, set[str]] = {}
    for run in runs:
        for package, version in run.versions.items():
            versions.setdefault(package, set()).add(version)
    return {
        "variants": len(ranking.rows),
        "tasks": len(ranking.tasks),
        "cells": len(runs),
        "rows": sum(run.rows for run in runs),
        "missing": len(ranking.rows) * len(ranking.tasks) - len(runs),
        "outcomes": outcomes,
        "versions": [(package, ", ".join(sorted(found))) for package, found in sorted(versions.items())],
        "machines": sorted({machine(run.hardware) for run in runs}),
        "finished": when(max((run.finished for run in runs if run.finished), default="")),
    }


def against(ranking: Ranking, pairs: Mapping[str, TaskPairs], baseline: RankingRow) -> dict[str, Any]:
    """Each variant's difference to this one; '' tells why there is none."""
    told: dict[str, Any] = {}
    for task in baseline.scores:
        found = pairs[task].against(baseline.variant)
        told[task] = {name: _against(one, ranking.tasks[task]) for name, one in found.items()}
    return told | {"": {task: _refused(pairs[task], baseline.variant) for task in baseline.scores}}


def _against(one: Comparison, task: TaskRecord) -> list[Any]:
    d = difference(one, task)
    return [d.value, d.shown, d.interval, d.verdict, d.key, d.p, d.left_out]


def _refused(pairs: TaskPairs, baseline: str) -> dict[str, str]:
    return {name: why for name in pairs.order if (why := pairs.family.why_not(name, baseline))}


def against_file(baseline: str, differences: Any) -> tuple[str, str]:
    """All differences to one variant as a script: any can be chosen as the baseline."""
    return f"data/_against/{baseline}.js", f'proctor.part("_against/{baseline}",{script(differences)});\n'
