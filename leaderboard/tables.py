"""The ranking and the comparisons as plain values, and as tables for a terminal. The board shows the same values.

Every figure is rounded here and nowhere else, so that terminal, board and report say the same digits.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum, inf, isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table

from harness import record
from leaderboard.compare import MUST_AGREE, Comparison, compare_cells, estimate_cell, items_of, load_cells
from leaderboard.stats import Estimate

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Score:
    """One cell as shown: `comparison` is against the parent, or against the baseline where there is no parent."""

    task: str
    estimate: Estimate | None
    rows: int
    statuses: dict[str, int]
    comparison: Comparison | None
    run: dict[str, Any]
    why_none: str = ""  # why there is no estimate, where there is none

    @property
    def notes(self) -> str:
        """What a bare number would hide: rows that were not scored, or scored 0 because nothing could be read."""
        hidden = {name: n for name, n in self.statuses.items() if n and name != "ok"}
        return ", ".join(f"{n} {name}" for name, n in hidden.items())


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


def ranking(results: Path, variants: Sequence[str] = (), baseline: str | None = None) -> Ranking:
    """All cells of these variants (or of all), the best first by the mean of what they have on the first task."""
    cells = load_cells(results)
    names = [
        name for name in (variants or dict.fromkeys(v for v, _ in cells)) if any(v == name for v, _ in cells)
    ]
    tasks = {task: cell.run["exam"] for (_, task), cell in sorted(cells.items()) if cell.variant in names}
    compared = {task: _compared(cells, names, task, baseline) for task in tasks}
    rows = []
    for name in names:
        mine = {task: cells[name, task] for task in tasks if (name, task) in cells}
        resolved = next(iter(mine.values())).run["resolved"]
        scores = {task: _score(cell, compared[task].get(name)) for task, cell in mine.items()}
        rows.append(Row(name, resolved.get("about", ""), resolved.get("parent"), scores))
    return Ranking(baseline, tasks, tuple(sorted(rows, key=lambda row: _order(row, list(tasks)))))


def _score(cell: record.Cell, comparison: Comparison | None) -> Score:
    items = items_of(cell)
    why_none = too_few(items.kind, items.clusters)
    one = None if why_none else estimate_cell(cell)
    return Score(cell.task, one, cell.run["rows"], cell.run["statuses"], comparison, cell.run, why_none)


def _order(row: Row, tasks: list[str]) -> tuple[float, ...]:
    """Exam by exam, the highest first. A missing score comes last and never lends its place to the next."""
    means = [row.scores[t].estimate if t in row.scores else None for t in tasks]
    return tuple(-one.mean if one else inf for one in means)


def _compared(
    cells: dict[tuple[str, str], record.Cell], names: Sequence[str], task: str, baseline: str | None
) -> dict[str, Comparison]:
    """Each variant against its parent, or the baseline: one family for each task, by which Holm corrects."""
    pairs = []
    for name in names:
        cell = cells.get((name, task))
        against = (cell.run["resolved"].get("parent") or baseline) if cell else None
        other = cells.get((against, task)) if against else None
        if cell and other and against != name and not unlike(cell, other):
            pairs.append((cell, other))
    return {comparison.a: comparison for comparison in compare_cells(pairs)} if pairs else {}


def unlike(a: record.Cell, b: record.Cell) -> str:
    """Why two cells cannot be compared; empty when they can. Asked first: one refusal would stop all."""
    run_a, run_b = a.run["definition"], b.run["definition"]
    differ = [words for field, words in MUST_AGREE.items() if run_a.get(field) != run_b.get(field)]
    if differ:
        return "they differ in " + " and ".join(differ)
    mine, other = items_of(a), items_of(b)
    there = set(other.ids)
    both = [cluster for item, cluster in zip(mine.ids, mine.clusters, strict=True) if item in there]
    kind = mine.kind if mine.kind == other.kind else "real"
    return too_few(kind, both) if both else "no item has a score from both"


def too_few(kind: str, clusters: Sequence[str]) -> str:
    """Why scored items allow no interval; empty when they do. Their number, not their scores, decides."""
    if not clusters:
        return "no score"
    if len(clusters) == 1 and kind != "binary":
        return "one scored item allows no interval"
    if len(clusters) > 1 and len(set(clusters)) == 1:
        return "all scored items share one source, which allows no interval"
    return ""


def shown(value: float, exam: dict[str, Any], signed: bool = False) -> str:
    """A score in its own unit: per cent for shares, marks on their scale otherwise."""
    low, high = exam["scale"]
    share = (low, high) == (0.0, 1.0)
    digits = f"{100 * value:{'+' if signed else ''}.1f}" if share else f"{value:{'+' if signed else ''}.2f}"
    return digits.replace("-", "−")


def interval(low: float, high: float, exam: dict[str, Any], signed: bool = False) -> str:
    return f"{shown(low, exam, signed)} to {shown(high, exam, signed)}"


def unit(exam: dict[str, Any]) -> str:
    low, high = exam["scale"]
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
    return (f"{value:.0f}" if value == int(value) or abs(value) >= 100 else f"{value:.3g}").replace("-", "−")


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


def as_rich(ranking: Ranking) -> Group:
    """A table for each exam, so that a row keeps on one line of a narrow terminal."""
    return Group(*(_exam_as_rich(ranking, task, exam) for task, exam in ranking.tasks.items()))


def _exam_as_rich(ranking: Ranking, task: str, exam: dict[str, Any]) -> Table:
    table = Table(
        title=f"{exam['title']}: {exam['headline']}, {unit(exam)}", title_justify="left", box=SIMPLE_HEAD,
        caption="paired differences; p after Holm", caption_justify="left", padding=(0, 1, 0, 0),
    )  # fmt: skip
    for column in ("variant", "score", "95 % interval", "difference", "to", "verdict", "not ok"):
        right = column in ("score", "95 % interval", "difference")
        table.add_column(column, justify="right" if right else "left", overflow="fold")
    have = [row for row in ranking.rows if task in row.scores and row.scores[task].estimate]
    have.sort(key=lambda row: -mean if (mean := getattr(row.scores[task].estimate, "mean", None)) else 0.0)
    for row in [*have, *(row for row in ranking.rows if row not in have)]:
        table.add_row(row.variant, *_rich_score(row.scores.get(task), exam))
    return table


def _rich_score(score: Score | None, exam: dict[str, Any]) -> tuple[str, ...]:
    if score is None:
        return ("not run",)
    if score.estimate is None:
        return "none", "", "", "", score.why_none, score.notes
    value = shown(score.estimate.mean, exam)
    bounds = interval(score.estimate.low, score.estimate.high, exam)
    found = score.comparison
    if found is None:
        return value, bounds, "", "", "", score.notes
    verdict = found.verdict.removesuffix(" (within margin)")
    return value, bounds, shown(found.difference.difference, exam, True), found.b, verdict, score.notes


def comparisons_as_rich(found: Sequence[Comparison]) -> Table:
    table = Table(title=f"{found[0].a} against {found[0].b}", title_justify="left")
    for column in ("task", "n", "difference", "95 % interval", "p", "p (Holm)", "verdict", "left out"):
        table.add_column(column, justify="left" if column in ("task", "verdict") else "right")
    for one in found:
        d = one.difference
        table.add_row(
            one.task,
            str(d.n),
            f"{d.difference:+.4f}",
            f"{d.low:+.4f} to {d.high:+.4f}",
            f"{d.p:.4g}",
            f"{one.adjusted_p:.4g}",
            one.verdict,
            str(one.left_out),
        )
    return table
