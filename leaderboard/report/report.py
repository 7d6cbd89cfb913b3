"""Comparison tables for a paper or a README: the board's own figures, with footnotes that say how they came about.

Decides what a table says. How it is written (Markdown, LaTeX, CSV, HTML) is in formats.py; every figure comes rounded
from tables.py, through shown.py, as on the board.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from proctor.common.refusal import Refusal
from proctor.common.stats import Verdict
from proctor.harness import record
from proctor.harness.record import TaskRecord
from proctor.leaderboard.board import plots
from proctor.leaderboard.board.beside import beside_headline
from proctor.leaderboard.board.pages import curves, judge, tradeoff
from proctor.leaderboard.board.plots import Plot
from proctor.leaderboard.board.shown import COUNTED, difference, hidden, judged, when
from proctor.leaderboard.compare import measured, tables
from proctor.leaderboard.compare.compare import Comparison, variant_called
from proctor.leaderboard.compare.items import load_cells
from proctor.leaderboard.compare.matched import lacks_of
from proctor.leaderboard.compare.pairs import TaskPairs
from proctor.leaderboard.compare.tables import Ranking, Score
from proctor.leaderboard.report import appendix
from proctor.leaderboard.report.appendix import TaskAside

SHOWN, WITHIN, OTHER_WITHIN = "*", "≈", "†"


@dataclass(frozen=True)
class ReportLine:
    """One variant on one task. Empty figures: there is none, and `why` says why."""

    variant: str
    items: int
    statuses: Mapping[str, int]
    why: str
    flag: str
    mean: str = ""
    interval: str = ""
    low: str = ""
    high: str = ""
    error: str = ""
    n: int = 0
    difference: str = ""
    difference_interval: str = ""
    difference_low: str = ""
    difference_high: str = ""
    difference_error: str = ""
    against: str = ""
    mark: str = ""
    verdict: str = ""
    p: float | None = None
    p_corrected: float | None = None
    test: str = ""
    family: int = 0


@dataclass(frozen=True)
class TaskTable:
    """`against` is what all differences are to; empty where each is to the variant's own parent."""

    task: str
    title: str
    headline: str
    unit: str
    against: str
    lines: tuple[ReportLine, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class ComparisonReport:
    """`appendix` is empty where none was asked for."""

    tables: tuple[TaskTable, ...]
    source: str
    plots: tuple[Plot, ...]
    appendix: tuple[TaskAside, ...]


def make(
    results: Path, tasks: Sequence[str] = (), baseline: str | None = None, with_appendix: bool = False
) -> ComparisonReport:
    """Differences are to the baseline; without one, each variant's to its parent, as on the board's first page."""
    cells = load_cells(results)
    if not cells:
        raise Refusal(
            f"no results to report; run a suite first, or name their folder with --results ({results})"
        )
    if baseline is not None:
        baseline = variant_called(cells, baseline, results)
    there = {task for _, task in cells}
    for task in tasks:
        if task not in there:
            raise Refusal(f"no results on {task!r}; there are: {', '.join(sorted(there))} ({results})")
    ranking = judge.with_warnings(tables.ranking(cells), judge.cards(results))
    wanted = list(dict.fromkeys(tasks)) or list(ranking.tasks)
    pairs = {task: ranking.pairs[task] for task in wanted}
    found = tuple(_table(ranking, task, pairs[task], baseline) for task in wanted)
    behind = tuple(_appendix(cells, ranking, one) for one in found) if with_appendix else ()
    return ComparisonReport(found, _source(cells, wanted), _plots(cells, ranking, pairs), behind)


def _appendix(cells: Mapping[tuple[str, str], record.Cell], ranking: Ranking, table: TaskTable) -> TaskAside:
    mine = {line.variant: cells[line.variant, table.task] for line in table.lines}
    beside = {variant: beside_headline(cell, cell.rows()) for variant, cell in mine.items()}
    return appendix.of(table.task, ranking.tasks[table.task], beside)


def _table(ranking: Ranking, task: str, pairs: TaskPairs, baseline: str | None) -> TaskTable:
    about = ranking.tasks[task]
    scores = {row.variant: row.scores[task] for row in ranking.rows if task in row.scores}
    if baseline is not None:
        compared = pairs.against(baseline)
    else:
        compared = {name: one.comparison for name, one in scores.items() if one.comparison}
    ordered = [*pairs.order, *(name for name in scores if name not in pairs.order)]
    lines = tuple(_line(name, scores[name], about, compared.get(name)) for name in ordered)
    parents = {one.against for one in lines if one.against}
    against = baseline or ""
    if baseline is None and len(parents) == 1:
        against = parents.pop()
    notes = [
        *_how(scores.values(), compared.values(), about, ranking.warnings.get(task, "")),
        *_missing(ranking, task, scores, compared.values()),
    ]
    return TaskTable(task, about.title, about.headline, tables.unit(about), against, lines, tuple(notes))


def _line(name: str, score: Score, task: TaskRecord, compared: Comparison | None) -> ReportLine:
    line = ReportLine(
        variant=name,
        items=items_in(score),
        statuses={status: score.statuses.get(status, 0) for status in COUNTED},
        why=score.why_none,
        flag=score.flag,
    )
    estimate = score.estimate
    if estimate:
        line = replace(
            line,
            mean=tables.shown(estimate.mean, task),
            interval=tables.interval(estimate.low, estimate.high, task),
            low=tables.shown(estimate.low, task),
            high=tables.shown(estimate.high, task),
            error=tables.error(estimate.se, task),
            n=estimate.n,
        )
    return _with_difference(line, compared, task) if compared else line


def _with_difference(line: ReportLine, compared: Comparison, task: TaskRecord) -> ReportLine:
    d, words = compared.difference, difference(compared, task)
    return replace(
        line,
        difference=words.shown,
        difference_interval=words.interval,
        difference_low=tables.shown(d.low, task, True),
        difference_high=tables.shown(d.high, task, True),
        difference_error=tables.error(d.se, task),
        against=compared.b,
        mark=_mark(compared),
        verdict=words.verdict,
        p=d.p,
        p_corrected=compared.adjusted_p,
        test=d.test,
        family=compared.family,
    )


def _mark(one: Comparison) -> str:
    if one.verdict == Verdict.NOT_SHOWN:
        return ""
    if one.verdict != Verdict.NO_WORSE:
        return SHOWN
    return OTHER_WITHIN if one.said_of_b else WITHIN


def items_in(score: Score) -> int:
    """How many items the task has for this cell, whether they were scored or not."""
    if score.run.definition.items:
        return score.run.definition.items
    return score.estimate.n if score.estimate else 0


def _how(scores: Iterable[Score], found: Iterable[Comparison], task: TaskRecord, warning: str) -> list[str]:
    """Which intervals, which test, which correction, what each mark means."""
    scores, found = list(scores), list(found)
    means = "; ".join(sorted({one.estimate.method for one in scores if one.estimate}))
    notes = []
    if means:
        notes.append(f"Means with 95 % intervals ({means}).")
    if found:
        ways = "; ".join(sorted({one.difference.interval for one in found}))
        tests = "; ".join(sorted({one.difference.test for one in found}))
        notes.append(
            f"Differences are paired by item, with 95 % intervals ({ways}, not corrected); test: {tests}; "
            f"p corrected by Holm's method over all pairs of the task ({found[0].family})."
        )
        margin = tables.margins(found, task)
        within = f" {WITHIN} no worse (within {margin}): a larger loss is ruled out." if margin else ""
        if others := sorted({one.b for one in found if one.said_of_b}):
            within += f" {OTHER_WITHIN} {', '.join(others)} is no worse (within {margin}) than this one."
        notes.append(
            f"{SHOWN} shown: corrected p of at most {found[0].difference.alpha:g}.{within} No mark: not shown."
        )
    notes.append(judged(task))
    if warning:
        notes.append(f"Warning about the scores: {warning}")
    return notes


def _missing(
    ranking: Ranking, task: str, scores: Mapping[str, Score], found: Iterable[Comparison]
) -> list[str]:
    """What a table of numbers would hide: rows without a score, items left out, variants that did not run."""
    counted = [
        f"{name}: {', '.join(words for _, words in told)}"
        for name, score in scores.items()
        if (told := hidden(score.statuses))
    ]
    left = [
        f"{one.a} to {one.b}: {one.left_out} item{'' if one.left_out == 1 else 's'}"
        for one in found
        if one.left_out
    ]
    flagged = [f"{name}: {score.flag}" for name, score in scores.items() if score.flag]
    own = [name for name, score in scores.items() if score.run.task.own_data]
    absent = [row.variant for row in ranking.rows if task not in row.scores]
    imported = [
        f"{name}: no {', no '.join(lacks)}" for name, score in scores.items() if (lacks := score.run.lacks)
    ]
    parts = (
        ("Flagged", flagged), ("Own data, not the published items", own),
        ("Answers that are not ok", counted), ("Items left out of a difference", left), ("Not run", absent),
        ("Imported, and not told by the source", imported),
    )  # fmt: skip
    return [f"{words}: {'; '.join(what)}." for words, what in parts if what]


def _source(cells: Mapping[tuple[str, str], record.Cell], tasks: Sequence[str]) -> str:
    mine = {name: cell for name, cell in sorted(cells.items()) if name[1] in tasks}
    checksum = sha256("\n".join(cell.run.samples_sha256 for cell in mine.values()).encode()).hexdigest()
    finished = max((cell.run.finished for cell in mine.values() if cell.run.finished), default="")
    told_when = f", the last finished {when(finished)}" if finished else ""
    imported = sum(bool(lacks_of(cell)) for cell in mine.values())
    told = f", {imported} of them imported" if imported else ""
    return f"Made from {len(mine)} cells{told}{told_when}; checksum of their rows {checksum[:16]}."


def _plots(
    cells: Mapping[tuple[str, str], record.Cell], ranking: Ranking, pairs: Mapping[str, TaskPairs]
) -> tuple[Plot, ...]:
    timing = ["sample_id", "epoch", "tokens_out", "seconds"]
    costs = {
        name: measured.values(cell.run, tables.speed(cell.rows(timing)))
        for name, cell in cells.items()
        if name[1] in pairs
    }
    means = [plots.scores(ranking, task, one.order) for task, one in pairs.items()]
    against_costs, learning = [], []
    for task in pairs:
        against_costs += [part.plot for part in tradeoff.tradeoff(ranking, task, costs)]
        curve = curves.curve(ranking, task)
        if curve:
            learning.append(curve.plot)
    return tuple(plot for plot in (*means, *against_costs, *learning) if plot)
