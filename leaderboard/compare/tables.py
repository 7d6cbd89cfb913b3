"""The ranking as plain values, and how figures are written. Terminal, board and report show the same values.

Every figure is rounded here and nowhere else, so that terminal, board and report say the same digits.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import fsum, inf, isfinite
from typing import TYPE_CHECKING

from proctor.common.stats import Estimate, Verdict
from proctor.harness import record
from proctor.harness.record import RunRecord, TaskRecord
from proctor.leaderboard.compare.compare import Comparison
from proctor.leaderboard.compare.flagged import why_flagged
from proctor.leaderboard.compare.items import Cells, estimate_cell, items_of, too_few
from proctor.leaderboard.compare.pairs import TaskPairs, all_pairs

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Score:
    """One cell as shown: `comparison` is against the parent, or against the baseline where there is no parent.

    `statuses` are the cell's outcomes: a row can be both unparsed and truncated.
    """

    task: str
    estimate: Estimate | None
    rows: int
    statuses: dict[str, int]
    comparison: Comparison | None
    run: RunRecord
    why_none: str = ""  # why there is no estimate, where there is none
    flag: str = ""  # why its responses seem not to depend on the items

    @property
    def notes(self) -> str:
        """What a bare number would hide: rows that were not scored, or scored 0 because nothing could be read."""
        hidden = [f"{n} {name}" for name, n in self.statuses.items() if n and name != "ok"]
        return ", ".join([*remarks(self.flag, self.run), *hidden])


@dataclass(frozen=True)
class RankingRow:
    variant: str
    about: str
    parent: str | None
    scores: dict[str, Score]


@dataclass(frozen=True)
class Ranking:
    baseline: str | None
    tasks: dict[str, TaskRecord]
    rows: tuple[RankingRow, ...]
    pairs: Mapping[str, TaskPairs]
    # Of a task: whose page tells of its judge, and what that judge's trust card warns of.
    judge_pages: Mapping[str, str] = field(default_factory=dict)
    warnings: Mapping[str, str] = field(default_factory=dict)


def ranking(cells: Cells, baseline: str | None = None) -> Ranking:
    """All variants, the best first by the mean of what they have on the first task.

    Tasks come in Proctor's own order, foreign ones after them by name.
    """
    of_task: dict[str, list[record.Cell]] = {}
    for (_, task), cell in cells.items():
        of_task.setdefault(task, []).append(cell)
    task_list = {task: task_of(mine) for task, mine in of_task.items()}
    tasks = dict(sorted(task_list.items(), key=lambda one: (_place(one[1], len(task_list)), one[0])))
    names = dict.fromkeys(variant for variant, _ in cells)
    rows = []
    for name in names:
        own = {task: cells[name, task] for task in tasks if (name, task) in cells}
        resolved = next(iter(own.values())).run.resolved
        scores = {task: _score(cell) for task, cell in own.items()}
        rows.append(RankingRow(name, resolved.about, resolved.parent, scores))
    rows.sort(key=lambda row: _order(row, list(tasks)))
    pairs = {task: all_pairs(cells, _means(rows, task), task) for task in tasks}
    return Ranking(baseline, tasks, tuple(_compared(row, pairs, baseline) for row in rows), pairs)


def _place(task: TaskRecord, last: int) -> int:
    return last if task.place is None else task.place


def remarks(flag: str, run: RunRecord) -> list[str]:
    """What must be known of a row before its figure is read."""
    words = []
    if flag:
        words.append(f"flagged: {flag}")
    if run.task.own_data:
        words.append("own data")
    came_in = next((stage.weights for stage in run.stages if stage.weights), None)
    whole = ("none", "f16", None)
    if came_in not in (None, "F32", "F16", "BF16") and run.resolved.quantization not in whole:
        words.append(f"quantised again: the base came as {came_in}")
    return words


def task_of(cells: Sequence[record.Cell]) -> TaskRecord:
    """What the cells of one task say of their task; of imported ones, one of 0s and 1s may sit among real scores.
    The title of the published items comes before that of a user's own.
    """
    cells = sorted(cells, key=lambda cell: cell.run.task.own_data)
    return next((c.run.task for c in cells if c.run.task.kind != "binary"), cells[0].run.task)


def _score(cell: record.Cell) -> Score:
    items = items_of(cell)
    why_none = too_few(items.kind, items.clusters)
    one = None if why_none else estimate_cell(cell)
    return Score(cell.task, one, cell.run.rows, cell.outcomes, None, cell.run, why_none, why_flagged(cell))


def _order(row: RankingRow, tasks: list[str]) -> tuple[float, ...]:
    """Task by task, the highest first. A missing score comes last and never lends its place to the next."""
    keys = []
    for task in tasks:
        score = row.scores.get(task)
        keys.append(-score.estimate.mean if score and score.estimate else inf)
    return tuple(keys)


def _means(rows: Sequence[RankingRow], task: str) -> dict[str, float]:
    scores = {row.variant: row.scores[task].estimate for row in rows if task in row.scores}
    return {variant: one.mean for variant, one in scores.items() if one}


def _compared(row: RankingRow, pairs: Mapping[str, TaskPairs], baseline: str | None) -> RankingRow:
    """The variant against its parent, or the baseline."""
    scores = {}
    for task, score in row.scores.items():
        against = score.run.resolved.parent or baseline
        comparison = pairs[task].family.seen(row.variant, against) if against else None
        scores[task] = replace(score, comparison=comparison)
    return replace(row, scores=scores)


def shown(value: float, task: TaskRecord, signed: bool = False) -> str:
    """A score in its own unit: per cent for shares, marks on their scale otherwise."""
    low, high = task.scale
    if (low, high) == (0.0, 1.0):
        return percent(value, signed)
    sign = "+" if signed else ""
    digits = 2 if high - low >= 2 else 4  # 1 to 5 and wider; preferences between 1 and 2 need more
    return dressed(f"{value:{sign}.{digits}f}")


def percent(share: float, signed: bool = False) -> str:
    sign = "+" if signed else ""
    return dressed(f"{100 * share:{sign}.1f}")


def dressed(figure: str) -> str:
    """A rounded figure with a real minus sign. What was rounded to nothing has no sign: there is no −0.0."""
    return figure.replace("-", "−") if figure.strip("+-0.") else figure.lstrip("+-")


def verdict(one: Comparison, task: TaskRecord, named: bool = False) -> str:
    """In words, with the other's name or without; 'no worse' never stands without the loss that it accepts."""
    said_of, other = "", one.b
    if one.said_of_b:
        said_of, other = f"{one.b} ", one.a
    than = ""
    if named:
        than = f" against {other}" if one.verdict == Verdict.NOT_SHOWN else f" than {other}"
    if one.verdict == Verdict.NO_WORSE and one.difference.margin is not None:
        return f"{said_of}no worse{than} (within {margin(one.difference.margin, task)})"
    return one.verdict + than


def margin(value: float, task: TaskRecord) -> str:
    """As the suite gives it, and not rounded as a score is: a margin of a quarter point is not one of 0.2."""
    amount, name = value, "mark"
    if unit(task) == "%":
        amount, name = 100 * value, "point"
    return f"{amount:.6g} {name}" if amount == 1 else f"{amount:.6g} {name}s"


def margins(comparisons: Iterable[Comparison], task: TaskRecord) -> str:
    """That of these comparisons: one, unless they come from several suites; empty where there is none."""
    values = {one.difference.margin for one in comparisons if one.difference.margin is not None}
    return " or ".join(margin(value, task) for value in sorted(values))


def interval(low: float, high: float, task: TaskRecord, signed: bool = False) -> str:
    return f"{shown(low, task, signed)} to {shown(high, task, signed)}"


def unit(task: TaskRecord) -> str:
    low, high = task.scale
    if not task.scale_stated:  # by an imported file
        return "on no stated scale"
    return "%" if (low, high) == (0.0, 1.0) else f"of {high:g}"


def mark(score: float | None, task: TaskRecord) -> str:
    """One answer's mark in words: right and wrong where there is nothing in between."""
    if score is None:
        return "no score"
    if task.kind == "binary":
        return {0.0: "wrong", 1.0: "right"}.get(score, f"{shown(score, task)} {unit(task)}")
    return f"{shown(score, task)} {unit(task)}"


def plain(value: float | None) -> str:
    """A figure that is no headline: whole when it is whole, else three digits that count."""
    if value is None:
        return ""
    return dressed(f"{value:.0f}" if value == int(value) or abs(value) >= 100 else f"{value:.3g}")


def three(value: float) -> str:
    """Three digits that count, the last of them a zero if need be; a count is whole."""
    return dressed(f"{value:.0f}" if isinstance(value, int) or abs(value) >= 100 else f"{value:#.3g}")


def aligned(column: Sequence[str]) -> list[str]:
    """Figures that stand to the right of their column, with room behind the shorter ones: all points in one line."""
    most = max((len(figure.partition(".")[2]) for figure in column if "." in figure), default=-1)
    padded = []
    for figure in column:
        if not figure:
            padded.append("")
        elif "." in figure:
            padded.append(figure + "\u2007" * (most - len(figure.partition(".")[2])))
        elif most < 0:
            padded.append(figure)
        else:  # as wide as a point, then as the digits behind it
            padded.append(figure + "\u2008" + "\u2007" * most)
    return padded


def error(se: float, task: TaskRecord) -> str:
    """A standard error, with a digit more than the score; one item has none."""
    if not isfinite(se):
        return ""
    return f"{100 * se:.2f}" if unit(task) == "%" else f"{se:.3f}"


def probability(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def speed(rows: "pd.DataFrame") -> float | None:
    """Tokens answered in a second. From the rows and not the wall clock, which a resumed run stops early."""
    timed = rows[rows["tokens_out"].notna() & rows["seconds"].notna()]
    seconds = fsum(timed["seconds"])
    return float(timed["tokens_out"].sum()) / seconds if seconds > 0 else None
