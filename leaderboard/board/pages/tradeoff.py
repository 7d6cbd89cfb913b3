"""Scores against what they cost: a drawing for each task and measure, and a table of the figures in them."""

from collections.abc import Mapping
from dataclasses import dataclass

from proctor.leaderboard.board import charts
from proctor.leaderboard.board.charts import Plot
from proctor.leaderboard.board.plots import axis, plot_title, point
from proctor.leaderboard.compare.costs import MEASURES, Costs, Measure, several_machines
from proctor.leaderboard.compare.figures import CellFigure, FigureColumn, columns_of
from proctor.leaderboard.compare.ranking import Ranking

NOT_DRAWN = ("seconds_per_item", "load_seconds")  # speed says as much


@dataclass(frozen=True)
class Tradeoff:
    """Without a plot, these variants ran on different machines, and their costs cannot be laid side by side."""

    measure: Measure
    plot: Plot | None
    costs: FigureColumn
    frontier: set[str]


def tradeoffs(ranking: Ranking, task: str, costs: Costs) -> list[Tradeoff]:
    """One for each measure that two variants or more have."""
    found = []
    for measure in MEASURES:
        known = {}
        for name, score in ranking.scores(task).items():
            if score.estimate and measure.name in costs[name, task]:
                known[name] = costs[name, task][measure.name]
        if measure.name not in NOT_DRAWN and len(known) > 1:
            found.append(_tradeoff(ranking, task, known, measure))
    return found


def _tradeoff(ranking: Ranking, task: str, known: Mapping[str, CellFigure], measure: Measure) -> Tradeoff:
    about, scores = ranking.tasks[task], ranking.scores(task)
    (column,) = columns_of({name: [cost] for name, cost in known.items()})
    if measure.here and several_machines([scores[name].run for name in known]):
        return Tradeoff(measure, None, column, set())
    points = []
    for name, cost in known.items():
        estimate = scores[name].estimate
        if estimate:
            points.append(point(name, estimate, about, cost.value))
    points.sort(key=lambda point: (-point.mean, point.name))
    across = f"{measure.title.lower()}, {measure.unit}"
    plot = Plot(
        task,
        f"{task}-{measure.name.replace('_', '-')}",
        f"{plot_title(about)}, against {across}",
        "Vertical lines are 95 % intervals, filled points are on the frontier: no other is as good and as cheap.",
        charts.tradeoff(points, axis(about), across, measure.more_is_better),
    )
    return Tradeoff(measure, plot, column, charts.frontier(points, measure.more_is_better))
