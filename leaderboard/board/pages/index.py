"""The first page: of each task the answer in a sentence and its picture; the ranking; which variant to publish."""

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

from proctor.common.paths import is_embedded
from proctor.common.stats import Verdict
from proctor.harness.record import VariantRecord
from proctor.leaderboard.board.escape import script
from proctor.leaderboard.compare import formatting
from proctor.leaderboard.compare.comparison import Comparison, leading_pair
from proctor.leaderboard.compare.costs import SIZE, SPEED, Costs, Measure, machine
from proctor.leaderboard.compare.figures import CellFigure, FigureColumn, columns_of
from proctor.leaderboard.compare.ranking import Ranking, RankingRow


def page(ranking: Ranking, costs: Costs) -> dict[str, Any]:
    variants = [row.resolved for row in ranking.rows]
    answers, first, speeds, commands = [], {}, {}, {}
    for task in ranking.tasks:
        answers.append(in_short(ranking, task))
        first[task] = leading(ranking, task)
        speeds[task] = _cost_column(ranking, costs, SPEED, [task])
    facets, facets_of, alike = [], {}, []
    for row in ranking.rows:
        commands[row.variant] = command(row)
        facets_of[row.variant] = {name: value_of(row.resolved) for name, (_, value_of) in FACETS.items()}
    for name, (words, value_of) in FACETS.items():
        values = sorted(set(map(value_of, variants)))
        if len(values) > 1:
            facets.append((name, words, values))
        elif values:
            alike.append((words, values[0]))
    return {
        "answers": answers,
        "leading": first,
        "sizes": _cost_column(ranking, costs, SIZE, list(ranking.tasks)),
        "speeds": speeds,
        "commands": commands,
        "front": _front(ranking, answers),
        # These are not to be taken for more than numbers of the embedded model.
        "notice": any(is_embedded(variant.base or "") for variant in variants),
        "facets": facets,
        "facets_of": facets_of,
        "alike": alike,
        "made": _made_from(ranking),
    }


def leading(ranking: Ranking, task: str) -> Comparison | None:
    """What is said first, of the differences to each parent or the baseline. Flagged rows are not spoken of."""
    scores = ranking.scores(task).values()
    return leading_pair(score.comparison for score in scores if score.comparison and not score.flag)


def command(row: RankingRow) -> str:
    """What makes a row again; empty where its results came from elsewhere, or no suite is known that names it."""
    commands = {}
    for score in row.scores.values():
        if score.run.origin or not score.run.suite:
            return ""
        commands[score.run.suite] = f"proctor run {score.run.suite} --only {row.variant}"
    return " && ".join(commands.values())


def _cost_column(
    ranking: Ranking, costs: Costs, measure: Measure, tasks: Sequence[str]
) -> FigureColumn | None:
    """A cost of every variant, from the first of these tasks for which it was measured; None without any."""
    known: dict[str, list[CellFigure]] = {}
    for row, task in product(ranking.rows, tasks):
        cost = costs.get((row.variant, task), {}).get(measure.name)
        if cost and row.variant not in known:
            known[row.variant] = [cost]
    return next(iter(columns_of(known)), None)


def _stage(variant: VariantRecord) -> str:
    """How far a variant has come: each stage stands on those before it."""
    if (variant.quantization or "none") != "none":
        return "quantised"
    if not variant.recipe:
        return "merged" if variant.merge_with else "base"
    return "merged" if variant.merge else "trained"


# What the rows can be filtered by.
FACETS: dict[str, tuple[str, Callable[[VariantRecord], str]]] = {
    "base": ("Base", lambda variant: variant.base or ""),
    "stage": ("Stage", _stage),
    "quantization": ("Quantisation", lambda variant: variant.quantization or "none"),
    "prompt": ("Prompt", lambda variant: variant.prompt or ""),
    "engine": ("Engine", lambda variant: variant.engine or ""),
}


def in_short(ranking: Ranking, task: str) -> dict[str, Any]:
    """What a reader wants first: who is best, is that shown, and what could be published in its place. Rows whose
    responses do not depend on the item are named and left out.
    """
    pairs, scores = ranking.pairs[task], ranking.scores(task)
    flagged = [(name, scores[name].flag) for name in pairs.order if scores[name].flag]
    order = [name for name in pairs.order if not scores[name].flag]
    answer: dict[str, Any] = {
        "task": task,
        "flagged": flagged,
        "absent": len(ranking.rows) - len(scores),
        "margins": formatting.margins(pairs.family.comparisons.values(), ranking.tasks[task]),
    }
    if not order:
        return answer | {"best": None}
    best, *rivals = order
    kinds: dict[str, list[str]] = {"behind": [], "no_worse": [], "open": [], "other": [], "tied": []}
    compared = []
    for name in rivals:
        comparison = pairs.family.seen(name, best)
        if comparison is None:
            kinds["other"].append(name)
            continue
        compared.append(comparison)
        if comparison.difference.difference == 0.0:
            kinds["tied"].append(name)
        if comparison.verdict == Verdict.NO_WORSE and not comparison.said_of_b:
            kinds["no_worse"].append(name)
        elif comparison.verdict == Verdict.WORSE:
            kinds["behind"].append(name)
        else:
            kinds["open"].append(name)
    margin = formatting.margins(compared, ranking.tasks[task])
    return answer | kinds | {"best": best, "rivals": len(rivals), "margin": margin}


def _front(ranking: Ranking, answers: Sequence[dict[str, Any]]) -> list[str] | None:
    """The variants that no task's tests put behind its first; None where one task alone says as much."""
    if len(answers) < 2 or len(ranking.rows) < 2:
        return None
    front = [row.variant for row in ranking.rows]
    for answer in answers:
        if answer["best"] is None:
            return None
        on_task = {answer["best"], *answer["no_worse"], *answer["open"]}
        front = [name for name in front if name in on_task]
    return front


def _made_from(ranking: Ranking) -> dict[str, Any]:
    """From what the board was made, as the results tell: not when or where it was built."""
    cells = [score.cell for score in ranking.every_score]
    outcomes: Counter[str] = Counter()
    versions: dict[str, set[str]] = {}
    for cell in cells:
        outcomes.update(cell.outcomes)
        for package, version in cell.run.versions.items():
            versions.setdefault(package, set()).add(version)
    return {
        "cells": len(cells),
        "rows": sum(cell.run.rows for cell in cells),
        "missing": len(ranking.rows) * len(ranking.tasks) - len(cells),
        "outcomes": outcomes,
        "versions": [(package, ", ".join(sorted(versions[package]))) for package in sorted(versions)],
        "machines": sorted({machine(cell.run.hardware) for cell in cells}),
        "finished": max((cell.run.finished or "" for cell in cells), default=""),
    }


def against_file(ranking: Ranking, baseline: RankingRow) -> tuple[str, str]:
    """All differences to one variant as a script, so that any can be chosen as the baseline; '' says why there is
    none.
    """
    differences: dict[str, Any] = {"": {}}
    for task in baseline.scores:
        about, pairs = ranking.tasks[task], ranking.pairs[task]
        differences[""][task], differences[task] = {}, {}
        for name in pairs.order:
            why = pairs.family.why_not(name, baseline.variant)
            if why:
                differences[""][task][name] = why
        for name, comparison in pairs.against(baseline.variant).items():
            differences[task][name] = [
                comparison.difference.difference,
                formatting.difference(comparison, about),
                formatting.difference_interval(comparison, about),
                formatting.verdict(comparison, about),
                formatting.key(comparison),
                formatting.probability(comparison.adjusted_p),
                formatting.left_out(comparison),
            ]
    name = f"_against/{baseline.variant}"
    return f"data/{name}.js", f'proctor.part("{name}",{script(differences)});\n'
