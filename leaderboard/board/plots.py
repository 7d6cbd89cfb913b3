"""What a drawing of the board or of a report shows. The look is in charts.py."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from proctor.harness.record import RunRecord, TaskRecord
from proctor.leaderboard.board import charts
from proctor.leaderboard.board.charts import ChartPoint
from proctor.leaderboard.board.escape import line
from proctor.leaderboard.compare import formatting
from proctor.leaderboard.compare.ranking import Ranking, Score


@dataclass(frozen=True)
class Plot:
    """A drawing to be made: `name` is its file's, `title` and `about` are for those who do not see it."""

    task: str
    name: str
    title: str
    about: str
    spec: dict[str, Any]


def axis(task: TaskRecord) -> str:
    return line(f"{task.headline}, {formatting.unit(task)}")


def plot_title(task: TaskRecord) -> str:
    return f"{line(task.title)}: {axis(task)}"


def point(name: str, score: Score, task: TaskRecord, cost: float = 0.0) -> ChartPoint | None:
    """Shares are drawn in per cent."""
    estimate, factor = score.estimate, 1.0
    if estimate is None:
        return None
    if formatting.unit(task) == "%":
        factor = 100.0
    return ChartPoint(name, factor * estimate.mean, factor * estimate.low, factor * estimate.high, cost)


def scores(ranking: Ranking, task: str, order: Sequence[str]) -> Plot | None:
    """All variants of a task, each with its interval."""
    about, scores = ranking.tasks[task], ranking.scores(task)
    points, words = [], []
    for name in order:
        drawn = point(name, scores[name], about)
        if drawn:
            points.append(drawn)
            words.append(
                "{name} {score} ({interval})".format(name=name, **score_figures(scores[name], about))
            )
    if not points:
        return None
    return Plot(task, task, plot_title(about), "; ".join(words), charts.scores(points, axis(about)))


def loss(variant: str, run: RunRecord) -> Plot | None:
    """What the trainer reported."""
    steps = [(float(step), value) for step, value in run.loss]
    if len(steps) < 2:
        return None
    words = f"From {steps[0][1]:.3f} at step {steps[0][0]:g} to {steps[-1][1]:.3f} at step {steps[-1][0]:g}."
    return Plot("", f"{variant}-loss", f"Training loss of {variant}", words, charts.loss(steps))


def score_figures(score: Score, task: TaskRecord) -> dict[str, str]:
    estimate = score.estimate
    if estimate is None:
        return {}
    return {
        "score": formatting.score(estimate.mean, task),
        "interval": formatting.interval(estimate.low, estimate.high, task),
    }
