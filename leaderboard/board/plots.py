"""What the drawings of the board and of the reports show: trade-offs, learning curves, scores with intervals.

Takes figures from the ranking and words from tables.py; the look is in charts.py.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue

from proctor.harness.record import RunRecord, TaskRecord
from proctor.leaderboard.board import charts
from proctor.leaderboard.board.charts import Measured
from proctor.leaderboard.board.escape import line
from proctor.leaderboard.board.shown import task_head
from proctor.leaderboard.compare import measured, tables
from proctor.leaderboard.compare.measured import Measure
from proctor.leaderboard.compare.tables import Ranking, Score

# What must be equal for two variants to be points of one curve: all that makes a variant but its examples.
CURVE = ("base", "recipe", "merge", "quantization", "engine", "endpoint", "prompt", "sampling")

Costs = Mapping[tuple[str, str], Mapping[str, float]]


def axis(exam: TaskRecord) -> str:
    return line(f"{exam.headline}, {tables.unit(exam)}")


def factor(exam: TaskRecord) -> float:
    """Shares are shown in per cent."""
    return 100.0 if tables.unit(exam) == "%" else 1.0


def point(name: str, score: Score, exam: TaskRecord, cost: float = 0.0) -> Measured | None:
    one, times = score.estimate, factor(exam)
    return Measured(name, times * one.mean, times * one.low, times * one.high, cost) if one else None


@dataclass(frozen=True)
class Plot:
    """A drawing to be made: `name` is its file's, `title` and `about` are for those who do not see it."""

    task: str
    name: str
    title: str
    about: str
    spec: dict[str, Any]


@dataclass(frozen=True)
class Tradeoff:
    """Without a plot, these variants ran on different machines, and their costs cannot be laid side by side."""

    measure: Measure
    plot: Plot | None
    costs: Mapping[str, float]
    frontier: frozenset[str]


@dataclass(frozen=True)
class TradeoffTable:
    """What the drawings of one exam show, in figures: a line a variant, a column a measure."""

    columns: tuple[str, ...]
    rows: tuple[tuple[dict[str, str], tuple[tuple[float | None, str, bool], ...]], ...]


@dataclass(frozen=True)
class Curve:
    head: dict[str, Any]
    plot: Plot
    series: tuple[tuple[str, tuple[dict[str, str], ...]], ...]


def scores(ranking: Ranking, task: str, order: Sequence[str]) -> Plot | None:
    exam = ranking.tasks[task]
    of = _scores(ranking, task)
    found = [one for name in order if (one := point(name, of[name], exam))]
    words = f"{line(str(exam.title))}: {axis(exam)}"
    about = "; ".join(f"{one.name} {_words(of[one.name], exam)}" for one in found)
    return Plot(task, task, words, about, charts.scores(found, axis(exam))) if found else None


def tradeoff(ranking: Ranking, task: str, costs: Costs) -> list[Tradeoff]:
    """For each measure that two variants or more have a drawing."""
    return [part for one in measured.DRAWN if (part := _tradeoff(ranking, task, costs, one))]


def _tradeoff(ranking: Ranking, task: str, costs: Costs, measure: Measure) -> Tradeoff | None:
    exam = ranking.tasks[task]
    cost = {v: c[measure.name] for (v, t), c in costs.items() if t == task and measure.name in c}
    of = {name: one for name, one in _scores(ranking, task).items() if name in cost}
    found = [p for name, one in of.items() if (p := point(name, one, exam, cost[name] * measure.scale))]
    if len(found) < 2:
        return None
    there = {one.name: cost[one.name] for one in found}
    if measure.here and measured.several_machines([of[name].run for name in there]):
        return Tradeoff(measure, None, there, frozenset())
    found.sort(key=lambda one: (-one.mean, one.name))
    across = f"{measure.title.lower()}, {measure.unit}"
    plot = Plot(
        task,
        f"{task}-{measure.name.replace('_', '-')}",
        f"{line(str(exam.title))}: {axis(exam)}, against {across}",
        "Vertical lines are 95 % intervals, filled points are on the frontier: no other is as good and as cheap.",
        charts.tradeoff(found, axis(exam), across, measure.more_is_better),
    )
    return Tradeoff(measure, plot, there, frozenset(charts.frontier(found, measure.more_is_better)))


def tradeoff_table(ranking: Ranking, task: str, parts: Sequence[Tradeoff]) -> TradeoffTable:
    exam, of = ranking.tasks[task], _scores(ranking, task)
    means = {name: one.estimate.mean for name, one in of.items() if one.estimate}
    names = sorted({name for part in parts for name in part.costs}, key=lambda name: (-means[name], name))
    columns = [measured.column(part.measure, [part.costs.get(name) for name in names]) for part in parts]
    rows = []
    for at, name in enumerate(names):
        figures = _figures(of[name], exam) | {"name": name, "mean": repr(means[name])}
        cells = [
            (*column[at], name in part.frontier) for (_, column), part in zip(columns, parts, strict=True)
        ]
        rows.append((figures, tuple(cells)))
    return TradeoffTable(tuple(title for title, _ in columns), tuple(rows))


def curve(ranking: Ranking, task: str) -> Curve | None:
    """Score against training examples, where a recipe was run at two sizes or more."""
    exam, of = ranking.tasks[task], _scores(ranking, task)
    told: dict[str, dict[str, JsonValue]] = {}
    members: dict[str, list[Measured]] = {}
    for name, score in of.items():
        resolved = score.run.resolved
        if not resolved.recipe or resolved.examples is None:
            continue
        one = point(name, score, exam, float(resolved.examples))
        if one:
            fields = resolved.as_json()
            key = json.dumps({field: fields.get(field) for field in CURVE}, sort_keys=True)
            members.setdefault(key, []).append(one)
            told[key] = fields
    members = {key: found for key, found in members.items() if len({one.cost for one in found}) > 1}
    if not members:
        return None
    names = _series({key: told[key] for key in members})
    series = [
        (names[key], sorted(found, key=lambda one: (one.cost, one.name))) for key, found in members.items()
    ]
    rows = tuple(
        (
            name,
            tuple(
                {"name": p.name, "examples": f"{p.cost:,.0f}", **_figures(of[p.name], exam)} for p in found
            ),
        )
        for name, found in series
    )
    plot = Plot(
        task,
        f"{task}-examples",
        f"{line(str(exam.title))}: {axis(exam)}, against training examples",
        "Vertical lines are 95 % intervals.",
        charts.curves(series, axis(exam), "training examples"),
    )
    return Curve(task_head(ranking, task), plot, rows)


def loss(variant: str, run: RunRecord) -> Plot | None:
    """What the trainer reported."""
    steps = [(float(step), value) for step, value in run.loss]
    if len(steps) < 2:
        return None
    words = f"From {steps[0][1]:.3f} at step {steps[0][0]:g} to {steps[-1][1]:.3f} at step {steps[-1][0]:g}."
    return Plot("", f"{variant}-loss", f"Training loss of {variant}", words, charts.loss(steps))


def _series(told: Mapping[str, dict[str, JsonValue]]) -> dict[str, str]:
    """The shortest words that tell the series apart: the recipe, and what else differs between them."""
    differ = [
        name
        for name in CURVE
        if len({json.dumps(one.get(name), sort_keys=True) for one in told.values()}) > 1
    ]
    return {
        key: line(", ".join(str(one[name]) for name in dict.fromkeys(["recipe", *differ]) if one.get(name)))
        for key, one in told.items()
    }


def _scores(ranking: Ranking, task: str) -> dict[str, Score]:
    return {row.variant: row.scores[task] for row in ranking.rows if task in row.scores}


def _words(score: Score, exam: TaskRecord) -> str:
    told = _figures(score, exam)
    return f"{told['score']} ({told['interval']})" if told else "no score"


def _figures(score: Score, exam: TaskRecord) -> dict[str, str]:
    one = score.estimate
    if one is None:
        return {}
    return {"score": tables.shown(one.mean, exam), "interval": tables.interval(one.low, one.high, exam)}
