"""Scores and differences as every page shows them: words, figures, places on a bar.

Every figure comes rounded from tables.py. Must not know how a page looks.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from proctor.harness.record import TaskRecord
from proctor.leaderboard.compare import tables
from proctor.leaderboard.compare.compare import Comparison
from proctor.leaderboard.compare.pairs import TaskPairs
from proctor.leaderboard.compare.tables import Ranking, RankingRow, Score

MOST_LETTERS = 8
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
    task: str
    value: float
    mean: str
    interval: str
    bar: Bar
    items: str
    letters: str
    ranks: str


@dataclass(frozen=True)
class CellShown:
    """One variant on one task. Without a score nothing was scored; `why_none`: why there is no difference."""

    variant: str
    task: str
    score: ScoreShown | None
    difference: DifferenceShown | None
    why_none: str
    why_no_score: str
    hidden: tuple[tuple[str, str], ...]  # status, words: what a bare number would hide
    flag: str
    own_data: bool


def task_head(ranking: Ranking, task: str) -> dict[str, Any]:
    about = ranking.tasks[task]
    return {
        "name": task,
        "title": about.title,
        "headline": about.headline,
        "unit": tables.unit(about),
        "judge": judged(about),
        "judge_page": ranking.judge_pages.get(task, ""),
        "warning": ranking.warnings.get(task, ""),
        "compared": any(row.scores[task].comparison for row in ranking.rows if task in row.scores),
    }


def judged(task: TaskRecord) -> str:
    """Who scored, in words that do not promise more than it is."""
    by = task.scored_by
    if by == "rules":
        return "Scored by rules."
    if task.judge_kind == "checklist":
        return "Scored by a checklist of rules; no model and no teacher has judged these responses."
    grader = f", asking {task.grader}" if task.grader else ""
    own = " The model scored its own responses, as the suite allows." if task.self_grading else ""
    return f"Scored by the judge “{by}”{grader}.{own}"


def cell(ranking: Ranking, row: RankingRow, task: str, pairs: TaskPairs) -> CellShown | None:
    score = row.scores.get(task)
    if score is None:
        return None
    about = ranking.tasks[task]
    return CellShown(
        variant=row.variant,
        task=task,
        score=score_shown(row.variant, task, score, about, pairs),
        difference=difference(score.comparison, about) if score.comparison else None,
        why_none=_why_none(ranking, row, task),
        why_no_score=score.why_none,
        hidden=hidden(score.statuses),
        flag=score.flag,
        own_data=score.run.task.own_data,
    )


def hidden(statuses: dict[str, int]) -> tuple[tuple[str, str], ...]:
    words = []
    for status in dict.fromkeys((*COUNTED, *statuses)):
        if (n := statuses.get(status, 0)) and status != "ok":
            word = COUNTED.get(status, status)
            words.append((status, f"{n} {'error' if word == 'errors' and n == 1 else word}"))
    return tuple(words)


def score_shown(
    variant: str, task: str, score: Score, about: TaskRecord, pairs: TaskPairs
) -> ScoreShown | None:
    one = score.estimate
    if one is None:
        return None
    items = score.run.definition.items or one.n
    ranks = pairs.ranks.get(variant)
    return ScoreShown(
        task=task,
        value=one.mean,
        mean=tables.shown(one.mean, about),
        interval=tables.interval(one.low, one.high, about),
        bar=_bar(one.low, one.mean, one.high, about),
        items=f"{one.n} items" if one.n == items else f"{one.n} of {items} items scored",
        letters=letters(pairs).get(variant, ""),
        ranks="" if ranks is None else rank_words(ranks.best, ranks.worst),
    )


def letters(pairs: TaskPairs) -> Mapping[str, str]:
    """None where so many groups overlap that their letters would say nothing; rank ranges still do."""
    return pairs.letters if max(map(len, pairs.letters.values()), default=0) <= MOST_LETTERS else {}


def rank_words(best: int, worst: int) -> str:
    return f"rank {best}" if best == worst else f"rank {best} to {worst}"


def _bar(low: float, mean: float, high: float, task: TaskRecord) -> Bar:
    left, right = place_on(low, task), place_on(high, task)
    return Bar(f"{left:.2f}", f"{right - left:.2f}", f"{place_on(mean, task):.2f}")


def place_on(value: float, task: TaskRecord) -> float:
    """Where a score lies on the task's scale, in per cent."""
    bottom, top = (float(end) for end in task.scale)
    return 100 * min(1.0, max(0.0, (value - bottom) / (top - bottom)))


def difference(found: Comparison, task: TaskRecord) -> DifferenceShown:
    d = found.difference
    return DifferenceShown(
        value=d.difference,
        shown=tables.shown(d.difference, task, signed=True),
        interval=tables.interval(d.low, d.high, task, signed=True),
        verdict=tables.verdict(found, task),
        key=found.verdict.name.lower().replace("_", "-"),
        against=found.b,
        p=tables.probability(found.adjusted_p),
        left_out=_left_out(found.left_out),
        task=found.task,
    )


def _left_out(n: int) -> str:
    if not n:
        return ""
    return "1 item left out" if n == 1 else f"{n} items left out"


def _why_none(ranking: Ranking, row: RankingRow, task: str) -> str:
    against = row.scores[task].run.resolved.parent or ranking.baseline
    if row.variant == ranking.baseline and row.parent is None:
        return "baseline"
    if against is None:
        return "no parent and no baseline to compare with"
    other = next((r for r in ranking.rows if r.variant == against), None)
    if other is None or task not in other.scores:
        return f"{against} has no results here"
    if row.scores[task].estimate is None or other.scores[task].estimate is None:
        return "nothing to compare"
    return f"cannot be compared with {against}, which was made another way"


def points(value: float, task: TaskRecord) -> str:
    """A difference without its sign, in the unit of the score."""
    return f"{tables.shown(value, task)} {'points' if tables.unit(task) == '%' else 'marks'}"


def when(told: str) -> str:
    """A time as people read it; what is none stays as it is."""
    try:
        there = datetime.fromisoformat(told)
    except ValueError:
        return told
    return f"{there.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if there.tzinfo else told
