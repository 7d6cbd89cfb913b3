"""What a drawing of the board or of a report shows. The look is in charts.py."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from proctor.harness.record import RunRecord, TaskRecord
from proctor.leaderboard.board import charts
from proctor.leaderboard.board.charts import ChartPoint
from proctor.leaderboard.board.escape import line
from proctor.leaderboard.compare import tables
from proctor.leaderboard.compare.tables import Ranking, Score


@dataclass(frozen=True)
class Plot:
    """A drawing to be made: `name` is its file's, `title` and `about` are for those who do not see it."""

    task: str
    name: str
    title: str
    about: str
    spec: dict[str, Any]


def axis(task: TaskRecord) -> str:
    return line(f"{task.headline}, {tables.unit(task)}")


def factor(task: TaskRecord) -> float:
    """Shares are shown in per cent."""
    return 100.0 if tables.unit(task) == "%" else 1.0


def point(name: str, score: Score, task: TaskRecord, cost: float = 0.0) -> ChartPoint | None:
    one, times = score.estimate, factor(task)
    return ChartPoint(name, times * one.mean, times * one.low, times * one.high, cost) if one else None


def scores(ranking: Ranking, task: str, order: Sequence[str]) -> Plot | None:
    task_facts = ranking.tasks[task]
    of = scores_of(ranking, task)
    found = [one for name in order if (one := point(name, of[name], task_facts))]
    words = f"{line(str(task_facts.title))}: {axis(task_facts)}"
    about = "; ".join(f"{one.name} {score_in_words(of[one.name], task_facts)}" for one in found)
    return Plot(task, task, words, about, charts.scores(found, axis(task_facts))) if found else None


def loss(variant: str, run: RunRecord) -> Plot | None:
    """What the trainer reported."""
    steps = [(float(step), value) for step, value in run.loss]
    if len(steps) < 2:
        return None
    words = f"From {steps[0][1]:.3f} at step {steps[0][0]:g} to {steps[-1][1]:.3f} at step {steps[-1][0]:g}."
    return Plot("", f"{variant}-loss", f"Training loss of {variant}", words, charts.loss(steps))


def scores_of(ranking: Ranking, task: str) -> dict[str, Score]:
    return {row.variant: row.scores[task] for row in ranking.rows if task in row.scores}


def score_in_words(score: Score, task: TaskRecord) -> str:
    told = score_figures(score, task)
    return f"{told['score']} ({told['interval']})" if told else "no score"


def score_figures(score: Score, task: TaskRecord) -> dict[str, str]:
    one = score.estimate
    if one is None:
        return {}
    return {"score": tables.shown(one.mean, task), "interval": tables.interval(one.low, one.high, task)}
