"""Comparison tables for a paper or a README: the board's own figures, with footnotes that say how they came about.

    report = make(Path("results/demo"), ["concepts"], baseline="tiny")
    formats.render(report, "md")

Decides what a table says; every figure comes rounded from compare/formatting.py, as on the board.
"""

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from proctor.common.refusal import Refusal
from proctor.common.stats import Verdict
from proctor.harness.record import TaskRecord
from proctor.leaderboard import counted
from proctor.leaderboard.board import plots
from proctor.leaderboard.board.pages import curves, judge, tradeoff
from proctor.leaderboard.board.plots import Plot
from proctor.leaderboard.board.shown import (
    COUNTED,
    FigureShown,
    costs_shown,
    difference_shown,
    figures_shown,
    hidden,
    scored_by,
    when,
)
from proctor.leaderboard.compare import formatting, measured, trust
from proctor.leaderboard.compare.compare import variant_called
from proctor.leaderboard.compare.comparison import Comparison
from proctor.leaderboard.compare.figures import figures_of
from proctor.leaderboard.compare.items import Cells, load_cells
from proctor.leaderboard.compare.ranking import Ranking, Score, ranking
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
    known = sorted({task for _, task in cells})
    for task in tasks:
        if task not in known:
            raise Refusal(f"no results on {task!r}; there are: {', '.join(known)} ({results})")
    ranked = judge.with_warnings(ranking(cells), trust.cards(results))
    wanted = list(dict.fromkeys(tasks)) or list(ranked.tasks)
    tables = tuple(_table(ranked, task, baseline) for task in wanted)
    appendix = []
    if with_appendix:
        for table in tables:
            appendix.append(_appendix(ranked, table))
    return ComparisonReport(tables, _source(cells, wanted), tuple(_plots(ranked, wanted)), tuple(appendix))


def _appendix(ranked: Ranking, table: TaskTable) -> Appendix:
    figures: dict[str, dict[str, FigureShown]] = {}
    scores = ranked.scores(table.task)
    for line in table.lines:
        cell = scores[line.variant].cell
        rows = cell.rows()
        own = {figure.name: figure for figure in figures_shown(figures_of(cell, rows))}
        for cost in costs_shown(measured.costs_of(cell, rows)):
            own[f"cost {cost.name}"] = cost
        figures[line.variant] = own
    return Appendix(table.task, table.title, tuple(figures), figures)


def _table(ranked: Ranking, task: str, baseline: str | None) -> TaskTable:
    about, pairs, scores = ranked.tasks[task], ranked.pairs[task], ranked.scores(task)
    if baseline is not None:
        compared = pairs.against(baseline)
    else:
        compared = {name: score.comparison for name, score in scores.items() if score.comparison}
    lines = []
    for name in dict.fromkeys([*pairs.order, *scores]):
        lines.append(_line(name, scores[name], about, compared.get(name)))
    against = baseline or ""
    parents = {line.against for line in lines if line.against}
    if baseline is None and len(parents) == 1:
        against = parents.pop()
    comparisons = list(compared.values())
    notes = [*_how(list(scores.values()), comparisons, about), scored_by(about)]
    warning = ranked.warnings.get(task)
    if warning:
        notes.append(trust.named(warning))
    notes += _missing(ranked, task, comparisons)
    unit = formatting.unit(about)
    return TaskTable(task, about.title, about.headline, unit, against, tuple(lines), tuple(notes))


def _line(name: str, score: Score, task: TaskRecord, compared: Comparison | None) -> ReportLine:
    outcomes, estimate = score.cell.outcomes, score.estimate
    line = ReportLine(
        variant=name,
        items=score.run.definition.items or 0,
        statuses={status: outcomes.get(status, 0) for status in COUNTED},
        why=score.why_none,
        flag=score.flag,
    )
    if estimate:
        line = replace(
            line,
            items=line.items or estimate.n,
            mean=formatting.score(estimate.mean, task),
            interval=formatting.interval(estimate.low, estimate.high, task),
            low=formatting.score(estimate.low, task),
            high=formatting.score(estimate.high, task),
            error=formatting.standard_error(estimate.se, task),
            n=estimate.n,
        )
    if compared:
        line = _with_difference(line, compared, task)
    return line


def _with_difference(line: ReportLine, compared: Comparison, task: TaskRecord) -> ReportLine:
    d, words = compared.difference, difference_shown(compared, task)
    return replace(
        line,
        difference=words.shown,
        difference_interval=words.interval,
        difference_low=formatting.score(d.low, task, True),
        difference_high=formatting.score(d.high, task, True),
        difference_error=formatting.standard_error(d.se, task),
        against=compared.b,
        mark=_mark(compared),
        verdict=words.verdict,
        p=d.p,
        p_corrected=compared.adjusted_p,
        test=d.test,
        family=compared.family,
    )


def _mark(comparison: Comparison) -> str:
    if comparison.verdict == Verdict.NOT_SHOWN:
        return ""
    if comparison.verdict != Verdict.NO_WORSE:
        return SHOWN
    return OTHER_WITHIN if comparison.said_of_b else WITHIN


def _how(scores: Sequence[Score], compared: Sequence[Comparison], task: TaskRecord) -> list[str]:
    """Which intervals, which test, which correction, what each mark means."""
    notes = []
    means, ways, tests, others = set(), set(), set(), set()
    for score in scores:
        if score.estimate:
            means.add(score.estimate.method)
    for comparison in compared:
        ways.add(comparison.difference.interval)
        tests.add(comparison.difference.test)
        if comparison.said_of_b:
            others.add(comparison.b)
    if means:
        notes.append(f"Means with 95 % intervals ({'; '.join(sorted(means))}).")
    if not compared:
        return notes
    first = compared[0]
    notes.append(
        f"Differences are paired by item, with 95 % intervals ({'; '.join(sorted(ways))}, not corrected); test: "
        f"{'; '.join(sorted(tests))}; p corrected by Holm's method over all pairs of the task ({first.family})."
    )
    marks = f"{SHOWN} shown: corrected p of at most {first.difference.alpha:g}."
    margin = formatting.margins(compared, task)
    if margin:
        marks += f" {WITHIN} no worse (within {margin}): a larger loss is ruled out."
    if others:
        marks += f" {OTHER_WITHIN} {', '.join(sorted(others))} is no worse (within {margin}) than this one."
    return [*notes, f"{marks} No mark: not shown."]


def _missing(ranked: Ranking, task: str, compared: Sequence[Comparison]) -> list[str]:
    """What a table of numbers would hide: rows without a score, items left out, variants that did not run."""
    parts: dict[str, list[str]] = {
        "Flagged": [], "Own data, not the published items": [], "Answers that are not ok": [],
        "Items left out of a difference": [], "Not run": [], "Imported, and not told by the source": [],
    }  # fmt: skip
    for row in ranked.rows:
        score, name = row.scores.get(task), row.variant
        if score is None:
            parts["Not run"].append(name)
            continue
        if score.flag:
            parts["Flagged"].append(f"{name}: {score.flag}")
        if score.run.task.own_data:
            parts["Own data, not the published items"].append(name)
        not_ok = ", ".join(words for _, words in hidden(score.cell.outcomes))
        if not_ok:
            parts["Answers that are not ok"].append(f"{name}: {not_ok}")
        if score.run.lacks:
            parts["Imported, and not told by the source"].append(
                f"{name}: no {', no '.join(score.run.lacks)}"
            )
    for pair in compared:
        if pair.left_out:
            words = f"{pair.a} to {pair.b}: {counted(pair.left_out, 'item')}"
            parts["Items left out of a difference"].append(words)
    return [f"{title}: {'; '.join(what)}." for title, what in parts.items() if what]


def _source(cells: Cells, tasks: Sequence[str]) -> str:
    checksums, imported, finished = [], 0, ""
    for (_, task), cell in sorted(cells.items()):
        if task in tasks:
            checksums.append(cell.run.samples_sha256)
            imported += bool(cell.run.lacks)
            finished = max(finished, cell.run.finished or "")
    words = f"Made from {len(checksums)} cells"
    if imported:
        words += f", {imported} of them imported"
    if finished:
        words += f", the last finished {when(finished)}"
    checksum = sha256("\n".join(checksums).encode()).hexdigest()
    return f"{words}; checksum of their rows {checksum[:16]}."


def _plots(ranked: Ranking, tasks: Sequence[str]) -> list[Plot]:
    means, against_costs, learning = [], [], []
    for task in tasks:
        means.append(plots.scores(ranked, task, ranked.pairs[task].order))
        costs = {name: measured.costs_of(score.cell) for name, score in ranked.scores(task).items()}
        for part in tradeoff.tradeoffs(ranked, task, costs):
            against_costs.append(part.plot)
        curve = curves.curve(ranked, task)
        if curve:
            learning.append(curve.plot)
    return list(filter(None, [*means, *against_costs, *learning]))
