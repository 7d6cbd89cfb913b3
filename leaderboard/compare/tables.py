"""The ranking as plain values, and how figures are written. Terminal, board and report show the same values.

Every figure is rounded here and nowhere else, so that terminal, board and report say the same digits.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import fsum, inf, isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from proctor.common.stats import Estimate
from proctor.harness import record
from proctor.leaderboard.compare.compare import NO_WORSE, Comparison
from proctor.leaderboard.compare.flagged import why_flagged
from proctor.leaderboard.compare.items import estimate_cell, items_of, load_cells, too_few
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
    run: dict[str, Any]
    why_none: str = ""  # why there is no estimate, where there is none
    flag: str = ""  # why its responses seem not to depend on the items

    @property
    def notes(self) -> str:
        """What a bare number would hide: rows that were not scored, or scored 0 because nothing could be read."""
        hidden = [f"{n} {name}" for name, n in self.statuses.items() if n and name != "ok"]
        return ", ".join([*remarks(self.flag, self.run), *hidden])


@dataclass(frozen=True)
class Row:
    variant: str
    about: str
    parent: str | None
    scores: dict[str, Score]


@dataclass(frozen=True)
class Ranking:
    baseline: str | None
    tasks: dict[str, dict[str, Any]]  # name -> the exam as run.json tells it
    rows: tuple[Row, ...]
    pairs: Mapping[str, TaskPairs]


def ranking(
    results: Path, variants: Sequence[str] = (), baseline: str | None = None, order: Sequence[str] = ()
) -> Ranking:
    """All cells of these variants (or of all), the best first by the mean of what they have on the first task.

    Tasks come in the order that is given, the others after them in the order of the exams, foreign ones by name.
    """
    cells = load_cells(results)
    names = [
        name for name in (variants or dict.fromkeys(v for v, _ in cells)) if any(v == name for v, _ in cells)
    ]
    exams = {task: exam_of([cells[at] for at in cells if at[1] == task]) for task in {t for _, t in cells}}
    there = dict(sorted(exams.items(), key=lambda one: (one[1].get("place", len(exams)), one[0])))
    mine = {task for variant, task in cells if variant in names}
    tasks = {task: there[task] for task in dict.fromkeys((*order, *there)) if task in mine}
    rows = []
    for name in names:
        own = {task: cells[name, task] for task in tasks if (name, task) in cells}
        resolved = next(iter(own.values())).run["resolved"]
        scores = {task: _score(cell) for task, cell in own.items()}
        rows.append(Row(name, resolved.get("about", ""), resolved.get("parent"), scores))
    rows.sort(key=lambda row: _order(row, list(tasks)))
    pairs = {task: all_pairs(cells, _means(rows, task), task) for task in tasks}
    return Ranking(baseline, tasks, tuple(_compared(row, pairs, baseline) for row in rows), pairs)


def remarks(flag: str, run: dict[str, Any]) -> list[str]:
    """What must be known of a row before its figure is read."""
    own = ["own data"] if run["exam"].get("own_data") else []
    return [f"flagged: {flag}", *own] if flag else own


def exam_of(cells: Sequence[record.Cell]) -> dict[str, Any]:
    """What the cells of one task say of their exam; of imported ones, one of 0s and 1s may sit among real scores.
    The title of the published items comes before that of a user's own.
    """
    cells = sorted(cells, key=lambda cell: bool(cell.run["exam"].get("own_data")))
    return next((c.run["exam"] for c in cells if c.run["exam"]["kind"] != "binary"), cells[0].run["exam"])


def _score(cell: record.Cell) -> Score:
    items = items_of(cell)
    why_none = too_few(items.kind, items.clusters)
    one = None if why_none else estimate_cell(cell)
    return Score(cell.task, one, cell.run["rows"], cell.outcomes, None, cell.run, why_none, why_flagged(cell))


def _order(row: Row, tasks: list[str]) -> tuple[float, ...]:
    """Exam by exam, the highest first. A missing score comes last and never lends its place to the next."""
    means = [row.scores[t].estimate if t in row.scores else None for t in tasks]
    return tuple(-one.mean if one else inf for one in means)


def _means(rows: Sequence[Row], task: str) -> dict[str, float]:
    scores = {row.variant: row.scores[task].estimate for row in rows if task in row.scores}
    return {variant: one.mean for variant, one in scores.items() if one}


def _compared(row: Row, pairs: Mapping[str, TaskPairs], baseline: str | None) -> Row:
    """The variant against its parent, or the baseline."""
    scores = {}
    for task, score in row.scores.items():
        against = score.run["resolved"].get("parent") or baseline
        comparison = pairs[task].family.seen(row.variant, against) if against else None
        scores[task] = replace(score, comparison=comparison)
    return replace(row, scores=scores)


def shown(value: float, exam: dict[str, Any], signed: bool = False) -> str:
    """A score in its own unit: per cent for shares, marks on their scale otherwise."""
    low, high = exam["scale"]
    sign = "+" if signed else ""
    if (low, high) == (0.0, 1.0):
        return dressed(f"{100 * value:{sign}.1f}")
    digits = 2 if high - low >= 2 else 4  # 1 to 5 and wider; preferences between 1 and 2 need more
    return dressed(f"{value:{sign}.{digits}f}")


def dressed(figure: str) -> str:
    """A rounded figure with a real minus sign. What was rounded to nothing has no sign: there is no −0.0."""
    return figure.replace("-", "−") if figure.strip("+-0.") else figure.lstrip("+-")


def verdict(one: Comparison, exam: dict[str, Any], named: bool = False) -> str:
    """In words, with the other's name or without; 'no worse' never stands without the loss that it accepts."""
    said_of, other = (f"{one.b} ", one.a) if one.said_of_b else ("", one.b)
    than = f" {'against' if one.verdict == 'not shown' else 'than'} {other}" if named else ""
    if one.verdict == NO_WORSE and one.difference.margin is not None:
        return f"{said_of}no worse{than} (within {margin(one.difference.margin, exam)})"
    return one.verdict + than


def margin(value: float, exam: dict[str, Any]) -> str:
    """As the suite gives it, and not rounded as a score is: a margin of a quarter point is not one of 0.2."""
    amount, name = (100 * value, "point") if unit(exam) == "%" else (value, "mark")
    return f"{amount:.6g} {name}{'' if amount == 1 else 's'}"


def margins(comparisons: Iterable[Comparison], exam: dict[str, Any]) -> str:
    """That of these comparisons: one, unless they come from several suites; empty where there is none."""
    values = {one.difference.margin for one in comparisons if one.difference.margin is not None}
    return " or ".join(margin(value, exam) for value in sorted(values))


def interval(low: float, high: float, exam: dict[str, Any], signed: bool = False) -> str:
    return f"{shown(low, exam, signed)} to {shown(high, exam, signed)}"


def unit(exam: dict[str, Any]) -> str:
    low, high = exam["scale"]
    if not exam.get("scale_stated", True):  # by an imported file
        return "on no stated scale"
    return "%" if (low, high) == (0.0, 1.0) else f"of {high:g}"


def mark(score: float | None, exam: dict[str, Any]) -> str:
    """One answer's mark in words: right and wrong where there is nothing in between."""
    if score is None:
        return "no score"
    if exam["kind"] == "binary":
        return {0.0: "wrong", 1.0: "right"}.get(score, f"{shown(score, exam)} {unit(exam)}")
    return f"{shown(score, exam)} {unit(exam)}"


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
    behind = [len(one.partition(".")[2]) if "." in one else -1 for one in column]
    most = max(behind, default=-1)
    return [
        one + ("\u2008" if have < 0 <= most else "") + "\u2007" * (most - max(have, 0)) if one else ""
        for one, have in zip(column, behind, strict=True)
    ]


def error(se: float, exam: dict[str, Any]) -> str:
    """A standard error, with a digit more than the score; one item has none."""
    if not isfinite(se):
        return ""
    return f"{100 * se:.2f}" if unit(exam) == "%" else f"{se:.3f}"


def probability(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def figures(rows: "pd.DataFrame") -> dict[str, str]:
    """What stands beside the headline: the mean of each figure over the answers that have it."""
    kept: dict[str, list[float]] = {}
    for row in rows["metrics"]:
        for name, value in (row or {}).items():
            if value is not None and isfinite(value):
                kept.setdefault(name, []).append(value)
    return {name: plain(fsum(values) / len(values)) for name, values in sorted(kept.items())}


def speed(rows: "pd.DataFrame") -> float | None:
    """Tokens answered in a second. From the rows and not the wall clock, which a resumed run stops early."""
    timed = rows[rows["tokens_out"].notna() & rows["seconds"].notna()]
    seconds = fsum(timed["seconds"])
    return float(timed["tokens_out"].sum()) / seconds if seconds > 0 else None
