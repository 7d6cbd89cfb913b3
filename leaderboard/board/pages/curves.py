"""Learning curves: score against training examples, where a recipe was run at several sizes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue

from proctor.leaderboard.board import charts
from proctor.leaderboard.board.charts import ChartPoint
from proctor.leaderboard.board.escape import line
from proctor.leaderboard.board.plots import Plot, axis, point, score_figures, scores_of
from proctor.leaderboard.board.shown import task_head
from proctor.leaderboard.compare.tables import Ranking

# What must be equal for two variants to be points of one curve: all that makes a variant but its examples.
CURVE = ("base", "recipe", "merge", "merge_with", "quantization", "engine", "endpoint", "prompt", "sampling")


@dataclass(frozen=True)
class Curve:
    head: dict[str, Any]
    plot: Plot
    series: tuple[tuple[str, tuple[dict[str, str], ...]], ...]


def curve(ranking: Ranking, task: str) -> Curve | None:
    """Score against training examples, where a recipe was run at two sizes or more."""
    about, of = ranking.tasks[task], scores_of(ranking, task)
    told: dict[str, dict[str, JsonValue]] = {}
    members: dict[str, list[ChartPoint]] = {}
    for name, score in of.items():
        resolved = score.run.resolved
        if not resolved.recipe or resolved.examples is None:
            continue
        one = point(name, score, about, float(resolved.examples))
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
                {"name": p.name, "examples": f"{p.cost:,.0f}", **score_figures(of[p.name], about)}
                for p in found
            ),
        )
        for name, found in series
    )
    plot = Plot(
        task,
        f"{task}-examples",
        f"{line(str(about.title))}: {axis(about)}, against training examples",
        "Vertical lines are 95 % intervals.",
        charts.curves(series, axis(about), "training examples"),
    )
    return Curve(task_head(ranking, task), plot, rows)


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
