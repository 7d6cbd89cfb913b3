"""Scores against what they cost: a drawing and a table for each task."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from proctor.leaderboard.board import charts
from proctor.leaderboard.board.plots import Plot, axis, plot_title, point, score_figures
from proctor.leaderboard.board.shown import task_head
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


@dataclass(frozen=True)
class TradeoffTable:
    """What the drawings of one task show, in figures: a line a variant, a column a measure."""

    columns: tuple[str, ...]
    rows: tuple[tuple[dict[str, str], tuple[tuple[float | None, str, bool], ...]], ...]


def page(
    ranking: Ranking, costs: Mapping[str, Costs]
) -> list[tuple[dict[str, Any], list[Tradeoff], TradeoffTable]]:
    tasks = []
    for task in ranking.tasks:
        parts = tradeoffs(ranking, task, costs[task])
        tasks.append((task_head(ranking, task), parts, _table(ranking, task, parts)))
    return tasks


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


def _table(ranking: Ranking, task: str, parts: Sequence[Tradeoff]) -> TradeoffTable:
    about, scores = ranking.tasks[task], ranking.scores(task)
    means = {name: score.estimate.mean for name, score in scores.items() if score.estimate}
    names = sorted(set().union(*(part.costs for part in parts)), key=lambda name: (-means[name], name))
    columns = [measured.column(part.measure, [part.costs.get(name) for name in names]) for part in parts]
    rows = []
    for line, name in enumerate(names):
        cells = []
        for part, (_, column) in zip(parts, columns, strict=True):
            cost, words = column[line]
            cells.append((cost, words, name in part.frontier))
        figures = score_figures(scores[name], about) | {"name": name, "mean": repr(means[name])}
        rows.append((figures, tuple(cells)))
    return TradeoffTable(tuple(title for title, _ in columns), tuple(rows))
