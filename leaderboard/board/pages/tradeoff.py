"""Scores against what they cost: a drawing and a table for each task."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from proctor.leaderboard.board import charts
from proctor.leaderboard.board.plots import Plot, axis, plot_title, point, score_figures
from proctor.leaderboard.board.shown import FigureShown, cost_shown, figure_table, task_head
from proctor.leaderboard.compare import measured
from proctor.leaderboard.compare.measured import Measure
from proctor.leaderboard.compare.ranking import Ranking

Costs = Mapping[str, Mapping[str, float]]  # by variant
NOT_DRAWN = ("seconds_per_item", "load_seconds")  # speed says as much


@dataclass(frozen=True)
class Tradeoff:
    """Without a plot, these variants ran on different machines, and their costs cannot be laid side by side."""

    measure: Measure
    plot: Plot | None
    costs: Mapping[str, float]
    frontier: frozenset[str]


def page(ranking: Ranking, costs: Mapping[str, Costs]) -> list[dict[str, Any]]:
    """Of each task its drawings, and a table of the figures in them, the best variant first."""
    return [_on_task(ranking, task, tradeoffs(ranking, task, costs[task])) for task in ranking.tasks]


def _on_task(ranking: Ranking, task: str, parts: list[Tradeoff]) -> dict[str, Any]:
    figures: dict[str, list[FigureShown]] = {}
    shown = {}
    for name, score in ranking.scores(task).items():
        own = [cost_shown(part.measure, part.costs[name]) for part in parts if name in part.costs]
        if own and score.estimate:
            figures[name] = own
            shown[name] = score_figures(score, ranking.tasks[task]) | {"mean": repr(score.estimate.mean)}
    best_first = sorted(figures, key=lambda name: (-float(shown[name]["mean"]), name))
    table = figure_table({name: figures[name] for name in best_first})
    return {"head": task_head(ranking, task), "parts": parts, "table": table, "scores": shown}


def tradeoffs(ranking: Ranking, task: str, costs: Costs) -> list[Tradeoff]:
    """One for each measure that two variants or more have; `costs` of every variant that answered the task."""
    found = []
    for measure in measured.MEASURES:
        if measure.name not in NOT_DRAWN:
            tradeoff = _tradeoff(ranking, task, costs, measure)
            if tradeoff:
                found.append(tradeoff)
    return found


def _tradeoff(ranking: Ranking, task: str, costs: Costs, measure: Measure) -> Tradeoff | None:
    about, scores = ranking.tasks[task], ranking.scores(task)
    points, known = [], {}
    for name, score in scores.items():
        cost = costs[name].get(measure.name)
        if cost is None:
            continue
        drawn = point(name, score, about, cost * measure.scale)
        if drawn:
            points.append(drawn)
            known[name] = cost
    if len(points) < 2:
        return None
    if measure.here and measured.several_machines([scores[name].run for name in known]):
        return Tradeoff(measure, None, known, frozenset())
    points.sort(key=lambda point: (-point.mean, point.name))
    across = f"{measure.title.lower()}, {measure.unit}"
    plot = Plot(
        task,
        f"{task}-{measure.name.replace('_', '-')}",
        f"{plot_title(about)}, against {across}",
        "Vertical lines are 95 % intervals, filled points are on the frontier: no other is as good and as cheap.",
        charts.tradeoff(points, axis(about), across, measure.more_is_better),
    )
    return Tradeoff(measure, plot, known, frozenset(charts.frontier(points, measure.more_is_better)))
