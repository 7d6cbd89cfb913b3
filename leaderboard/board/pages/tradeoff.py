"""Scores against what they cost: a drawing and a table for each task."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from proctor.leaderboard.board import charts
from proctor.leaderboard.board.escape import line
from proctor.leaderboard.board.plots import Plot, axis, point, score_figures, scores_of
from proctor.leaderboard.board.shown import task_head
from proctor.leaderboard.compare import measured
from proctor.leaderboard.compare.measured import Measure
from proctor.leaderboard.compare.tables import Ranking

Costs = Mapping[tuple[str, str], Mapping[str, float]]  # by variant and task


@dataclass(frozen=True)
class Tradeoff:
    """Without a plot, these variants ran on different machines, and their costs cannot be laid side by side."""

    measure: Measure
    plot: Plot | None
    costs: Mapping[str, float]
    frontier: frozenset[str]


@dataclass(frozen=True)
class TradeoffTable:
    """What the drawings of one task show, in figures: a line a variant, a column a measure."""

    columns: tuple[str, ...]
    rows: tuple[tuple[dict[str, str], tuple[tuple[float | None, str, bool], ...]], ...]


def page(ranking: Ranking, costs: Costs) -> list[tuple[dict[str, Any], list[Tradeoff], TradeoffTable]]:
    found = []
    for name in ranking.tasks:
        parts = tradeoff(ranking, name, costs)
        found.append((task_head(ranking, name), parts, tradeoff_table(ranking, name, parts)))
    return found


def tradeoff(ranking: Ranking, task: str, costs: Costs) -> list[Tradeoff]:
    """For each measure that two variants or more have a drawing."""
    return [part for one in measured.DRAWN if (part := _tradeoff(ranking, task, costs, one))]


def _tradeoff(ranking: Ranking, task: str, costs: Costs, measure: Measure) -> Tradeoff | None:
    about = ranking.tasks[task]
    cost = {v: c[measure.name] for (v, t), c in costs.items() if t == task and measure.name in c}
    of = {name: one for name, one in scores_of(ranking, task).items() if name in cost}
    found = [p for name, one in of.items() if (p := point(name, one, about, cost[name] * measure.scale))]
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
        f"{line(str(about.title))}: {axis(about)}, against {across}",
        "Vertical lines are 95 % intervals, filled points are on the frontier: no other is as good and as cheap.",
        charts.tradeoff(found, axis(about), across, measure.more_is_better),
    )
    return Tradeoff(measure, plot, there, frozenset(charts.frontier(found, measure.more_is_better)))


def tradeoff_table(ranking: Ranking, task: str, parts: Sequence[Tradeoff]) -> TradeoffTable:
    about, of = ranking.tasks[task], scores_of(ranking, task)
    means = {name: one.estimate.mean for name, one in of.items() if one.estimate}
    names = sorted(set().union(*(part.costs for part in parts)), key=lambda name: (-means[name], name))
    columns = [measured.column(part.measure, [part.costs.get(name) for name in names]) for part in parts]
    rows = []
    for at, name in enumerate(names):
        figures = score_figures(of[name], about) | {"name": name, "mean": repr(means[name])}
        cells = [
            (*column[at], name in part.frontier) for (_, column), part in zip(columns, parts, strict=True)
        ]
        rows.append((figures, tuple(cells)))
    return TradeoffTable(tuple(title for title, _ in columns), tuple(rows))
