"""What a drawing of the board or of a report shows. The look is in charts.py."""

from collections.abc import Sequence

from proctor.common.stats import Estimate
from proctor.harness.record import RunRecord, TaskRecord
from proctor.leaderboard.board import charts
from proctor.leaderboard.board.charts import ChartPoint, Plot
from proctor.leaderboard.board.escape import line
from proctor.leaderboard.compare import formatting
from proctor.leaderboard.compare.comparison import Comparison
from proctor.leaderboard.compare.ranking import Ranking


def axis(task: TaskRecord) -> str:
    return line(f"{task.headline}, {formatting.unit(task)}")


def plot_title(task: TaskRecord) -> str:
    return f"{line(task.title)}: {axis(task)}"


def point(name: str, estimate: Estimate, task: TaskRecord, cost: float = 0.0) -> ChartPoint:
    """Shares are drawn in per cent."""
    factor = 100.0 if formatting.unit(task) == "%" else 1.0
    return ChartPoint(name, factor * estimate.mean, factor * estimate.low, factor * estimate.high, cost)


def scores(ranking: Ranking, task: str) -> Plot | None:
    """All variants of a task, each with its interval."""
    about, scores = ranking.tasks[task], ranking.scores(task)
    points, words = [], []
    for name in ranking.pairs[task].order:
        estimate = scores[name].estimate
        if estimate:
            points.append(point(name, estimate, about))
            words.append(f"{name} {formatting.estimate(estimate, about)}")
    if not points:
        return None
    return Plot(
        task,
        task,
        plot_title(about),
        "; ".join(words),
        charts.scores(points, f"{axis(about)} (95 % interval)"),
    )


def differences(pairs: Sequence[Comparison], task: TaskRecord) -> Plot | None:
    """Of one task, each difference with its interval beside a line at none: overlapping bars of means hide them."""
    points, words = [], []
    factor = 100.0 if formatting.unit(task) == "%" else 1.0
    for pair in pairs:
        d, name = pair.difference, f"{pair.a} − {pair.b}"
        points.append(ChartPoint(name, factor * d.difference, factor * d.low, factor * d.high, 0.0))
        words.append(
            f"{name} {formatting.difference(pair, task)} ({formatting.difference_interval(pair, task)})"
        )
    if not points:
        return None
    across = f"{line(task.title)}: difference in {line(task.headline)}, points (95 % interval)"
    chart = charts.scores(points, across, line_at=0.0, rows_are="pair")
    return Plot(
        task.name, f"{task.name}-differences", f"{plot_title(task)}, differences", "; ".join(words), chart
    )


def loss(variant: str, run: RunRecord) -> Plot | None:
    steps = [(float(step), value) for step, value in run.loss]
    if len(steps) < 2:
        return None
    words = f"From {steps[0][1]:.3f} at step {steps[0][0]:g} to {steps[-1][1]:.3f} at step {steps[-1][0]:g}."
    return Plot("", f"{variant}-loss", f"Training loss of {variant}", words, charts.loss(steps))
