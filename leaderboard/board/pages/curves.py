"""Learning curves: score against training examples, where a recipe was run at several sizes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue

from proctor.leaderboard.board import charts
from proctor.leaderboard.board.charts import ChartPoint
from proctor.leaderboard.board.escape import line
from proctor.leaderboard.board.plots import Plot, axis, plot_title, point, score_figures
from proctor.leaderboard.board.shown import task_head
from proctor.leaderboard.compare.ranking import Ranking

# What must be equal for two variants to be points of one curve: all that makes a variant but its examples.
CURVE = ("base", "recipe", "merge", "merge_with", "quantization", "engine", "endpoint", "prompt", "sampling")


@dataclass(frozen=True)
class Curve:
    head: dict[str, Any]
    plot: Plot
    series: list[tuple[str, list[dict[str, str]]]]


def curve(ranking: Ranking, task: str) -> Curve | None:
    """Score against training examples, where a recipe was run at two sizes or more."""
    about, scores = ranking.tasks[task], ranking.scores(task)
    fields: dict[str, dict[str, JsonValue]] = {}
    points: dict[str, list[ChartPoint]] = {}
    for name, score in scores.items():
        resolved = score.run.resolved
        if not resolved.recipe or resolved.examples is None:
            continue
        drawn = point(name, score, about, float(resolved.examples))
        if drawn:
            all_fields = resolved.as_json()
            own = {field: all_fields.get(field) for field in CURVE}
            key = json.dumps(own, sort_keys=True)
            points.setdefault(key, []).append(drawn)
            fields[key] = own
    for key, of_series in list(points.items()):
        if len({drawn.cost for drawn in of_series}) < 2:
            del points[key], fields[key]
    if not points:
        return None
    names = _names(fields)
    series, rows = [], []
    for key, of_series in points.items():
        of_series.sort(key=lambda drawn: (drawn.cost, drawn.name))
        series.append((names[key], of_series))
        figures = []
        for drawn in of_series:
            shown = score_figures(scores[drawn.name], about)
            figures.append({"name": drawn.name, "examples": f"{drawn.cost:,.0f}", **shown})
        rows.append((names[key], figures))
    plot = Plot(
        task,
        f"{task}-examples",
        f"{plot_title(about)}, against training examples",
        "Vertical lines are 95 % intervals.",
        charts.curves(series, axis(about), "training examples"),
    )
    return Curve(task_head(ranking, task), plot, rows)


def _names(series: Mapping[str, dict[str, JsonValue]]) -> dict[str, str]:
    """The shortest words that tell the series apart: the recipe, and what else differs between them."""
    telling = ["recipe"]
    for field in CURVE:
        values = {json.dumps(fields[field], sort_keys=True) for fields in series.values()}
        if len(values) > 1 and field != "recipe":
            telling.append(field)
    names = {}
    for key, fields in series.items():
        names[key] = line(", ".join(str(fields[field]) for field in telling if fields[field]))
    return names
