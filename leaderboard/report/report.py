"""Comparison tables for a paper or a README: the board's own figures, with footnotes that say how they came about.

    report = make(Path("results/demo"), ["concepts"], baseline="tiny")
    formats.render(report, "md")

Decides what a table says; every figure comes rounded from compare/formatting.py, as on the board.
"""

from collections.abc import Collection, Iterator, Sequence
from hashlib import sha256
from pathlib import Path

from proctor.common import counted
from proctor.common.refusal import Refusal
from proctor.harness import record
from proctor.harness.record import TaskRecord
from proctor.leaderboard.board import plots
from proctor.leaderboard.board.charts import Plot
from proctor.leaderboard.board.pages import curves, tradeoff
from proctor.leaderboard.compare import formatting, judge_warnings
from proctor.leaderboard.compare.comparison import Comparison
from proctor.leaderboard.compare.costs import costs_of
from proctor.leaderboard.compare.families import variant_called
from proctor.leaderboard.compare.figures import figures_of
from proctor.leaderboard.compare.items import Cells, load_cells
from proctor.leaderboard.compare.ranking import Ranking, Score, ranking
from proctor.leaderboard.compare.reasoning import reasoning_figures
from proctor.leaderboard.report.changed import ChangedAnswers, changed_answers
from proctor.leaderboard.report.tables import (
    OTHER_WITHIN,
    SHOWN,
    WITHIN,
    Appendix,
    ComparisonReport,
    ReportLine,
    TaskTable,
)


def make(
    results: Path, tasks: Sequence[str] = (), baseline: str | None = None, with_appendix: bool = False,
    with_changed: bool = False, only: Sequence[str] = (),
) -> ComparisonReport:  # fmt: skip
    """Differences are to the baseline; without one, each variant's to its parent, as on the board's first page.

    `with_changed`: also the answers that changed, of every difference. `only`: rows of these variants and the
    baseline; what is said of them is what is said among all.
    """
    cells = load_cells(results)
    if not cells:
        raise Refusal(
            f"no results to report; run a suite first, or name their folder with --results ({results})"
        )
    if baseline is not None:
        baseline = variant_called(cells, baseline, results)
    known = sorted({task for _, task in cells})
    for task in tasks:
        if task not in known:
            raise Refusal(f"no results on {task!r}; there are: {', '.join(known)} ({results})")
    ranked = ranking(cells, cards=record.read_cards(results))
    wanted = list(dict.fromkeys(tasks)) or list(ranked.tasks)
    shown = {variant_called(cells, name, results) for name in only}
    if shown and baseline:
        shown.add(baseline)
    tables: tuple[TaskTable, ...] = ()
    for task in wanted:
        table = _table(ranked, task, baseline, shown)
        if table.lines:
            tables += (table,)
    appendix = tuple(map(_appendix, tables)) if with_appendix else ()
    changed: list[ChangedAnswers] = []
    if with_changed:
        for table in tables:
            changed += _changed(cells, table)
    if shown:
        ranked = ranked.alone(shown)
    drawings = tuple(_plots(ranked, tables))
    return ComparisonReport(tables, _source(cells, wanted), drawings, appendix, tuple(changed))


def _changed(cells: Cells, table: TaskTable) -> Iterator[ChangedAnswers]:
    for pair in filter(None, (line.pair for line in table.lines)):
        answers = changed_answers(cells[pair.a, table.task], cells[pair.b, table.task])
        if answers:
            yield ChangedAnswers(pair, table.about, answers)


def _appendix(table: TaskTable) -> Appendix:
    figures = {}
    for line in table.lines:
        cell = line.score.cell
        rows = cell.rows()
        figures[line.variant] = [
            *figures_of(cell, rows),
            *reasoning_figures(rows),
            *costs_of(cell, rows).values(),
        ]
    return Appendix(table.task, table.about, figures)


def _table(ranked: Ranking, task: str, baseline: str | None, shown: Collection[str]) -> TaskTable:
    about, pairs, scores = ranked.tasks[task], ranked.pairs[task], ranked.scores(task)
    lines = []
    for name in dict.fromkeys([*pairs.order, *scores]):
        if shown and name not in shown:
            continue
        pair = pairs.family.seen(name, baseline) if baseline is not None else scores[name].comparison
        other = baseline or scores[name].run.resolved.parent or ""
        why = "" if pair else pairs.family.why_not(name, other)
        beside = scores.get(pair.b) if pair else None
        lines.append(ReportLine(name, scores[name], pair, beside, why and f"{name} with {other}: {why}"))
    compared = [line.pair for line in lines if line.pair]
    against = baseline or ""
    parents = {pair.b for pair in compared}
    if baseline is None and len(parents) == 1:
        against = parents.pop()
    notes = [*_how(list(scores.values()), compared, about), formatting.scored_by(about)]
    warning = ranked.warnings.get(task, "")
    if warning:
        notes.append(judge_warnings.named(warning))
    notes += _missing(ranked, task, lines, shown)
    best = [name for name, ranks in pairs.ranks.items() if ranks.worst == 1 and not scores[name].flag]
    return TaskTable(task, about, against, tuple(lines), tuple(notes), "".join(best), warning)


def _how(scores: Sequence[Score], compared: Sequence[Comparison], task: TaskRecord) -> list[str]:
    """Which intervals, which test, which correction, what each mark means."""
    notes = []
    means = {score.estimate.method for score in scores if score.estimate}
    if means:
        notes.append(f"Means with 95 % intervals ({'; '.join(sorted(means))}).")
    if not compared:
        return notes
    first = compared[0]
    ways = sorted({pair.difference.interval for pair in compared})
    tests = sorted({pair.difference.test for pair in compared})
    notes.append(
        f"Differences are paired by item, with 95 % intervals ({'; '.join(ways)}, not corrected); test: "
        f"{'; '.join(tests)}; p corrected by Holm's method over all pairs of the task ({first.family})."
    )
    marks = f"{SHOWN} shown: corrected p of at most {first.difference.alpha:g}."
    margin = formatting.margins(compared, task)
    if margin:
        marks += f" {WITHIN} no worse (within {margin}): a larger loss is ruled out."
    others = sorted({pair.b for pair in compared if pair.said_of_b})
    if others:
        marks += f" {OTHER_WITHIN} {', '.join(others)} is no worse (within {margin}) than this one."
    return [*notes, f"{marks} No mark: not shown."]


def _missing(ranked: Ranking, task: str, lines: Sequence[ReportLine], shown: Collection[str]) -> list[str]:
    """What a table of numbers would hide: rows without a score, items left out, variants that did not run."""
    parts: dict[str, list[str]] = {
        "Flagged": [], "Own data, not the published items": [], "Answers that are not ok": [],
        "Items left out of a difference": [], "Not all items were asked": [], "Not run": [],
        "Imported, and not told by the source": [], "Not compared": [],
    }  # fmt: skip
    others = {line.pair.b for line in lines if line.pair}
    parents = {line.score.run.resolved.parent for line in lines}
    for row in ranked.rows:
        score, name = row.scores.get(task), row.variant
        if shown and name not in shown:
            if score and score.flag and name in others:
                parts["Flagged"].append(f"{name}: {score.flag}")
            if score is None and name in parents:
                parts["Not run"].append(name)
            continue
        if score is None:
            parts["Not run"].append(name)
            continue
        if score.flag:
            parts["Flagged"].append(f"{name}: {score.flag}")
        if score.run.task.own_data:
            parts["Own data, not the published items"].append(name)
        if score.not_ok:
            not_ok = ", ".join(words for _, words in score.not_ok)
            parts["Answers that are not ok"].append(f"{name}: {not_ok}")
        parts["Not all items were asked"] += [f"{name}: {words}" for words in score.until]
        if score.run.lacks:
            lacks = f"{name}: no {', no '.join(score.run.lacks)}"
            parts["Imported, and not told by the source"].append(lacks)
    parts["Not compared"] = [line.why_not for line in lines if line.why_not]
    for line in lines:
        if line.pair and line.pair.left_out:
            words = f"{line.pair.a} to {line.pair.b}: {counted(line.pair.left_out, 'item')}"
            parts["Items left out of a difference"].append(words)
    return [f"{title}: {'; '.join(what)}." for title, what in parts.items() if what]


def _source(cells: Cells, tasks: Sequence[str]) -> str:
    runs = [cell.run for (_, task), cell in sorted(cells.items()) if task in tasks]
    imported = sum(bool(run.lacks) for run in runs)
    finished = max(run.finished or "" for run in runs)
    words = f"Made from {len(runs)} cells"
    if imported:
        words += f", {imported} of them imported"
    if finished:
        words += f", the last finished {formatting.when(finished)}"
    checksum = sha256("\n".join(run.samples_sha256 for run in runs).encode()).hexdigest()
    return f"{words}; checksum of their rows {checksum[:16]}."


def _plots(ranked: Ranking, tables: Sequence[TaskTable]) -> list[Plot]:
    tasks = [table.task for table in tables]
    means = [plots.scores(ranked, task) for task in tasks]
    pairs = [[line.pair for line in table.lines if line.pair] for table in tables]
    forests = [
        plots.differences(of_task, ranked.tasks[task]) for task, of_task in zip(tasks, pairs, strict=True)
    ]
    against_costs: list[Plot | None] = []
    learning: list[Plot | None] = []
    for task in tasks:
        costs = {(name, task): costs_of(score.cell) for name, score in ranked.scores(task).items()}
        against_costs += [part.plot for part in tradeoff.tradeoffs(ranked, task, costs)]
        curve = curves.curve(ranked, task)
        learning.append(curve.plot if curve else None)
    return list(filter(None, [*means, *forests, *against_costs, *learning]))
