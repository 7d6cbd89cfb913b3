"""Scores, differences and figures as every page shows them: in words, and as places on a bar.

    cell_shown(ranked, ranked.rows[0], "concepts").score.mean          # "44.2"

Every figure comes rounded from compare/formatting.py.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from proctor.harness.record import TaskRecord
from proctor.leaderboard import counted
from proctor.leaderboard.compare import formatting, measured
from proctor.leaderboard.compare.comparison import Comparison
from proctor.leaderboard.compare.figures import CellFigure
from proctor.leaderboard.compare.measured import MEASURES, Measure
from proctor.leaderboard.compare.ranking import Ranking, RankingRow, Score, TaskPairs

COUNTED = {"unparsed": "unparsed", "truncated": "truncated", "error": "errors"}


@dataclass(frozen=True)
class Bar:
    """Where mean and interval lie on the task's scale, in per cent of the bar."""

    low: str
    width: str
    mean: str


@dataclass(frozen=True)
class DifferenceShown:
    """A comparison in words. `key` names the verdict for the style sheet, which adds colour to words only."""

    value: float
    shown: str
    interval: str
    verdict: str
    key: str
    against: str
    p: str
    left_out: str
    task: str


@dataclass(frozen=True)
class ScoreShown:
    value: float
    mean: str
    interval: str
    bar: Bar
    items: str
    letters: str
    ranks: str


@dataclass(frozen=True)
class FigureShown:
    """A figure beside the headline, or a cost; `low` and `high` are empty where no interval is meant."""

    name: str
    title: str
    sort: str
    value: str
    unit: str = ""
    low: str = ""
    high: str = ""
    n: str = ""
    note: str = ""
    part: bool = False  # one of those that a judge's score is made of

    @property
    def interval(self) -> str:
        return f"{self.low} to {self.high}" if self.low else ""


@dataclass(frozen=True)
class CellShown:
    """One variant on one task. Without a score nothing was scored; `why_none`: why there is no difference."""

    variant: str
    task: str
    score: ScoreShown | None
    difference: DifferenceShown | None
    why_none: str
    why_no_score: str
    hidden: list[tuple[str, str]]  # status, words: what a bare number would hide
    flag: str
    own_data: bool


def task_heads(ranking: Ranking) -> list[dict[str, Any]]:
    return [task_head(ranking, task) for task in ranking.tasks]


def task_head(ranking: Ranking, task: str) -> dict[str, Any]:
    about = ranking.tasks[task]
    return {
        "name": task,
        "title": about.title,
        "headline": about.headline,
        "unit": formatting.unit(about),
        "judge": scored_by(about),
        "judge_page": ranking.judge_pages.get(task, ""),
        "warning": ranking.warnings.get(task, ""),
    }


def scored_by(task: TaskRecord) -> str:
    """Who scored, in words that do not promise more than it is."""
    if task.scored_by == "rules":
        return "Scored by rules."
    if task.judge_kind == "checklist":
        return "Scored by a checklist of rules; no model and no teacher has judged these responses."
    words = f"Scored by the judge “{task.scored_by}”"
    if task.grader:
        words += f", asking {task.grader}"
    if task.self_grading:
        words += ". The model scored its own responses, as the suite allows"
    return words + "."


def cells_shown(ranking: Ranking, row: RankingRow) -> list[CellShown | None]:
    """Of every task of the ranking."""
    return [cell_shown(ranking, row, task) for task in ranking.tasks]


def cell_shown(ranking: Ranking, row: RankingRow, task: str) -> CellShown | None:
    score = row.scores.get(task)
    if score is None:
        return None
    difference = None
    if score.comparison:
        difference = difference_shown(score.comparison, ranking.tasks[task])
    return CellShown(
        variant=row.variant,
        task=task,
        score=score_shown(score, ranking.tasks[task], ranking.pairs[task]),
        difference=difference,
        why_none=_why_no_difference(ranking, row, task),
        why_no_score=score.why_none,
        hidden=hidden(score.cell.outcomes),
        flag=score.flag,
        own_data=score.run.task.own_data,
    )


def hidden(outcomes: dict[str, int]) -> list[tuple[str, str]]:
    """What became of the rows that are not simply ok: the status, and the number in words."""
    words = []
    for status in dict.fromkeys((*COUNTED, *outcomes)):
        n = outcomes.get(status, 0)
        word = COUNTED.get(status, status)
        if n == 1 and status == "error":
            word = "error"
        if n and status != "ok":
            words.append((status, f"{n} {word}"))
    return words


def score_shown(score: Score, task: TaskRecord, pairs: TaskPairs) -> ScoreShown | None:
    estimate = score.estimate
    if estimate is None:
        return None
    items = f"{estimate.n} items"
    wanted = score.run.definition.items or estimate.n
    if estimate.n != wanted:
        items = f"{estimate.n} of {wanted} items scored"
    left, right = (
        formatting.percent_of_scale(estimate.low, task),
        formatting.percent_of_scale(estimate.high, task),
    )
    return ScoreShown(
        value=estimate.mean,
        mean=formatting.score(estimate.mean, task),
        interval=formatting.interval(estimate.low, estimate.high, task),
        bar=Bar(
            f"{left:.2f}", f"{right - left:.2f}", f"{formatting.percent_of_scale(estimate.mean, task):.2f}"
        ),
        items=items,
        letters=pairs.letters.get(score.cell.variant, ""),
        ranks=rank_words(pairs).get(score.cell.variant, ""),
    )


def rank_words(pairs: TaskPairs) -> dict[str, str]:
    """`rank 1 to 3`, of each variant that has one."""
    words = {}
    for name, rank in pairs.ranks.items():
        words[name] = f"rank {rank.best}"
        if rank.worst != rank.best:
            words[name] += f" to {rank.worst}"
    return words


def difference_shown(comparison: Comparison, task: TaskRecord) -> DifferenceShown:
    d, left_out = comparison.difference, ""
    if comparison.left_out:
        left_out = f"{counted(comparison.left_out, 'item')} left out"
    return DifferenceShown(
        value=d.difference,
        shown=formatting.score(d.difference, task, signed=True),
        interval=formatting.interval(d.low, d.high, task, signed=True),
        verdict=formatting.verdict(comparison, task),
        key=comparison.verdict.name.lower().replace("_", "-"),
        against=comparison.b,
        p=formatting.probability(comparison.adjusted_p),
        left_out=left_out,
        task=comparison.task,
    )


def figures_shown(figures: Iterable[CellFigure]) -> list[FigureShown]:
    shown = []
    for figure in figures:
        unit = ""
        write: Callable[[float], str] = formatting.three_digits
        if figure.share:
            unit, write = "%", formatting.percent
        low = high = n = ""
        if figure.low is not None and figure.high is not None:
            low, high = write(figure.low), write(figure.high)
        if figure.n:
            n = str(figure.n)
        value, sort = write(figure.value), repr(float(figure.value))
        shown.append(
            FigureShown(figure.name, figure.title, sort, value, unit, low, high, n, figure.note, figure.part)
        )
    return shown


def cost_shown(measure: Measure, cost: float) -> FigureShown:
    return FigureShown(measure.name, measure.title, repr(cost), *measured.in_unit(measure, cost))


def costs_shown(costs: Mapping[str, float]) -> list[FigureShown]:
    """Those that were measured."""
    return [cost_shown(measure, costs[measure.name]) for measure in MEASURES if measure.name in costs]


def figure_table(figures: Mapping[str, Sequence[FigureShown]]) -> dict[str, Any] | None:
    """A line a variant, a column a figure that any of them has. The unit stands in the head where all share it."""
    columns: dict[str, dict[str, FigureShown]] = {measure.name: {} for measure in MEASURES}
    for variant, own in figures.items():
        for figure in own:
            columns.setdefault(figure.name, {})[variant] = figure
    titles, cells = [], []
    for column in filter(None, columns.values()):
        title = next(iter(column.values())).title
        units = {figure.unit for figure in column.values()}
        if len(units) == 1:
            title = ", ".join(filter(None, (title, *units)))
            values = formatting.aligned([figure.value for figure in column.values()])
        else:
            values = [f"{figure.value} {figure.unit}" for figure in column.values()]
        for variant, value in zip(list(column), values, strict=True):
            column[variant] = replace(column[variant], value=value)
        titles.append(title)
        cells.append(column)
    if not titles:
        return None
    lines = [(variant, [column.get(variant) for column in cells]) for variant in figures]
    return {"columns": titles, "lines": lines}


def _why_no_difference(ranking: Ranking, row: RankingRow, task: str) -> str:
    parent = row.scores[task].run.resolved.parent
    if row.variant == ranking.baseline and row.resolved.parent is None:
        return "baseline"
    against = parent or ranking.baseline
    if against is None:
        return "no parent and no baseline to compare with"
    other = ranking.scores(task).get(against)
    if other is None:
        return f"{against} has no results here"
    if row.scores[task].estimate is None or other.estimate is None:
        return "nothing to compare"
    return f"cannot be compared with {against}, which was made another way"


def points(value: float, task: TaskRecord) -> str:
    """A difference without its sign, in the unit of the score."""
    name = "points" if formatting.unit(task) == "%" else "marks"
    return f"{formatting.score(value, task)} {name}"


def when(time: str) -> str:
    """A time as people read it; what is none stays as it is."""
    try:
        moment = datetime.fromisoformat(time)
    except ValueError:
        return time
    return time if moment.tzinfo is None else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
