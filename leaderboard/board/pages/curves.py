"""Learning curves: score against training examples, where a recipe was run at several sizes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from proctor.leaderboard.board import charts
from proctor.leaderboard.board.charts import ChartPoint, Plot
from proctor.leaderboard.board.escape import line
from proctor.leaderboard.board.plots import axis, plot_title, point
from proctor.leaderboard.compare.ranking import Ranking

# What must be equal for two variants to be points of one curve: all that makes a variant but its examples.
CURVE = ("base", "recipe", "merge", "merge_with", "quantization", "engine", "endpoint", "prompt", "sampling")


@dataclass(frozen=True)
class Curve:
    """`series`: by their names, the variants on them with fewer examples first."""

    task: str
    plot: Plot
    series: dict[str, list[ChartPoint]]


def curve(ranking: Ranking, task: str) -> Curve | None:
    """Score against training examples, where a recipe was run at two sizes or more."""
    about = ranking.tasks[task]
    fields: dict[str, dict[str, JsonValue]] = {}
    points: dict[str, list[ChartPoint]] = {}
    for name, score in ranking.scores(task).items():
        resolved = score.run.resolved
        if resolved.recipe and resolved.examples is not None and score.estimate:
            all_fields = resolved.as_json()
            own = {field: all_fields.get(field) for field in CURVE}
            key = json.dumps(own, sort_keys=True)
            fields[key] = own
            drawn = point(name, score.estimate, about, float(resolved.examples))
            points.setdefault(key, []).append(drawn)
    fields = {key: own for key, own in fields.items() if len({drawn.cost for drawn in points[key]}) > 1}
    if not fields:
        return None
    series = {}
    for key, name in _names(fields).items():
        series[name] = sorted(points[key], key=lambda drawn: (drawn.cost, drawn.name))
    plot = Plot(
        task,
        f"{task}-examples",
        f"{plot_title(about)}, against training examples",
        "Vertical lines are 95 % intervals.",
        charts.curves(list(series.items()), axis(about), "training examples"),
    )
    return Curve(task, plot, series)


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
