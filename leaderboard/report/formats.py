"""A report as Markdown, LaTeX (booktabs alone), CSV, HTML and a comment on GitHub. Nothing is computed or rounded here.

All text from outside goes through escape.py; figures are the board's, in a hyphen's or a minus sign's dress.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, product
from pathlib import Path

from markupsafe import Markup

from proctor.common.files import csv_text
from proctor.common.refusal import Refusal
from proctor.harness.record import TaskRecord
from proctor.leaderboard.board import charts, escape
from proctor.leaderboard.board.charts import Plot
from proctor.leaderboard.board.html import TEMPLATES, environment
from proctor.leaderboard.compare import formatting
from proctor.leaderboard.compare.comparison import Comparison
from proctor.leaderboard.report.github import render_github
from proctor.leaderboard.report.tables import OTHER_WITHIN, SHOWN, WITHIN, ComparisonReport, TaskTable

FORMATS = ("md", "latex", "csv", "html", "github")
WITH_CHANGED = ("html", "github")  # which show the answers that changed
MAIN, APPENDIX = "report", "appendix"  # the files' names
ENDINGS = {"md": "md", "latex": "tex", "csv": "csv", "html": "html", "github": "github.md"}
STYLE = TEMPLATES / "static" / "board.css"
PAGE = 40  # rows of a LaTeX table
MARKED = re.compile(rf"([+−]?[0-9.]+)([{SHOWN}{WITHIN}{OTHER_WITHIN}])")
LATEX_MARKS = {SHOWN: "*", WITHIN: r"\approx", OTHER_WITHIN: r"\dagger"}
COLUMNS = (
    "task", "title", "variant", "headline", "unit", "mean", "low", "high", "standard_error", "n", "items",
    "against", "difference", "difference_low", "difference_high", "difference_standard_error", "p", "p_corrected",
    "comparisons", "verdict", "mark", "test", "unparsed",
    "truncated", "error", "why_no_score", "flag", "warning",
)  # fmt: skip
APPENDIX_COLUMNS = ("task", "title", "variant", "figure", "value", "unit", "low", "high", "n", "note")
BEST = (
    "Bold: shown to be better than each other variant on that task (Holm). No bold: no test shows a best one. "
    "Intervals and differences stand in the table of each task."
)
NOTES = (
    "Intervals, and what each figure rests on, stand in this appendix as CSV and on the board's pages of the variants.",
    "No test was made of these. Costs were measured while the task was answered; those of several machines do not "
    "compare.",
)


@dataclass(frozen=True)
class ReportSheet:
    """A table as words: `lefts` are its columns of words, all others hold figures and stand to the right."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()
    plots: Sequence[Plot] = ()
    label: str = ""  # by which a paper refers to it
    bold: Collection[tuple[str, int]] = ()  # cells, by the first word of their row and their column

    @property
    def lefts(self) -> set[int]:
        return {place for place, head in enumerate(self.head) if head in ("Variant", "to", "Figure")}

    def sides(self, left: str, right: str) -> list[str]:
        """Of each column, on which side it stands."""
        return [left if place in self.lefts else right for place in range(len(self.head))]


def render(report: ComparisonReport, form: str, figures: str = "", part: str = MAIN) -> str:
    """`figures` is the folder of the drawings as seen from the file; empty: without drawings."""
    if form not in FORMATS:
        raise Refusal(f"no format {form!r}; there are: {', '.join(FORMATS)}")
    if form == "github":
        return render_github(report) if part == MAIN else ""
    if form == "csv" and part == MAIN:
        return _csv(report)
    if form == "csv":
        return _appendix_csv(report)
    sheets = list(_tables(report)) if part == MAIN else list(_appendices(report))
    if form == "md":
        return _markdown(report, sheets, figures)
    if form == "latex":
        return _latex(report, sheets)
    if part != MAIN:
        report = replace(report, tables=(), changed=())
    templates = environment(escape.line)
    # Of a prompt or an answer all lines are shown.
    templates.globals |= {"marked": marked, "whole": lambda text: Markup("{}").format(escape.visible(text))}
    return templates.get_template("report.html").render(
        title=part.capitalize(),
        style=Markup(STYLE.read_text(encoding="utf-8")),
        tables=report.tables,
        sheets=sheets,
        source=report.source,
        changed=report.changed,
    )


def write(report: ComparisonReport, forms: Sequence[str], out: Path) -> list[Path]:
    """The tables, and every drawing as SVG and PNG beside them. Files of other names stay as they are."""
    if out.exists() and not out.is_dir():
        raise Refusal(f"{out} is a file; name a folder with --out")
    (out / "figures").mkdir(parents=True, exist_ok=True)
    wanted = list(product((MAIN,), dict.fromkeys(forms)))
    if report.appendix:
        forms = [form for form in forms if form != "github"]
        # The appendix sends its readers to the CSV for intervals: it is always there.
        wanted += product((APPENDIX,), dict.fromkeys((*forms, "csv")))
    written = []
    for part, form in wanted:
        written.append(out / f"{part}.{ENDINGS[form]}")
        written[-1].write_text(render(report, form, "figures", part), encoding="utf-8")
    for plot in report.plots:
        written += [out / "figures" / f"{plot.name}.svg", out / "figures" / f"{plot.name}.png"]
        written[-2].write_text(plot.drawing, encoding="utf-8")
        written[-1].write_bytes(charts.png(plot.drawing))
    return written


def _tables(report: ComparisonReport) -> Iterator[ReportSheet]:
    if len(report.tables) > 1:
        yield _all_tasks(report.tables)
    for table in report.tables:
        plots = [plot for plot in report.plots if plot.task == table.task]
        yield ReportSheet(table.about.title, table.head, table.rows, table.notes, plots, f"tab:{table.task}")


def _all_tasks(tables: Sequence[TaskTable]) -> ReportSheet:
    heads = [
        f"{table.about.title}, {table.about.headline}, {formatting.unit(table.about)}" for table in tables
    ]
    rows: dict[str, list[str]] = {}
    for column, table in enumerate(tables):
        for line in table.lines:
            row = rows.setdefault(line.variant, [line.variant] + [""] * len(tables))
            row[column + 1] = table.row(line)[1]
    bold = {(table.best, column) for column, table in enumerate(tables, start=1)}
    return ReportSheet(
        "All tasks", ["Variant", *heads], list(rows.values()), [BEST], (), "tab:all-tasks", bold
    )


def _appendices(report: ComparisonReport) -> Iterator[ReportSheet]:
    for appendix in report.appendix:
        panels = appendix.panels()
        for n, variants in enumerate(panels, start=1):
            title = f"{appendix.about.title}: beside the headline"
            if len(panels) > 1:
                title += f", part {n} of {len(panels)}"
            label = f"tab:{appendix.task}-appendix-{n}"
            yield ReportSheet(title, ["Figure", *variants], appendix.lines(variants), NOTES, (), label)


def _markdown(report: ComparisonReport, sheets: Sequence[ReportSheet], figures: str) -> str:
    parts = []
    for sheet in sheets:
        rule = " | ".join(sheet.sides(":--", "--:"))
        rows = [
            _markdown_row(sheet.head),
            f"| {rule} |",
            *(_markdown_row(row, sheet.bold) for row in sheet.rows),
        ]
        notes = [f"- {escape.markdown(note)}" for note in sheet.notes]
        parts += [f"### {escape.markdown(sheet.title)}", "\n".join(rows), "\n".join(notes)]
        if figures:
            for plot in sheet.plots:
                parts.append(f"![{escape.markdown(plot.title)}]({figures}/{plot.name}.svg)")
    return "\n\n".join([*parts, escape.markdown(report.source)]) + "\n"


def _markdown_row(row: Sequence[str], bold: Collection[tuple[str, int]] = ()) -> str:
    cells = list(map(escape.markdown, row))
    for column, text in enumerate(cells):
        if (row[0], column) in bold:
            cells[column] = f"**{text}**"
    return f"| {' | '.join(cells)} |"


def _latex(report: ComparisonReport, sheets: Sequence[ReportSheet]) -> str:
    parts = [r"% Needs \usepackage{booktabs}, and nothing else.", f"% {escape.line(report.source)}"]
    for sheet in chain.from_iterable(map(_pages, sheets)):
        columns = "".join(sheet.sides("l", "r"))
        notes = " ".join(map(escape.latex, (*sheet.notes, report.source)))
        parts += [
            r"\begin{table}[htbp]",
            r"\centering\footnotesize\setlength{\tabcolsep}{5pt}",
            rf"\caption{{{escape.latex(sheet.title)}}}\label{{{sheet.label}}}\medskip",
            rf"\makebox[\linewidth]{{\begin{{tabular}}{{@{{}}{columns}@{{}}}}", r"\toprule",
            " & ".join(map(escape.latex, sheet.head)) + r" \\", r"\midrule",
            *(_latex_row(row, sheet.bold) for row in sheet.rows), r"\bottomrule",
            r"\end{tabular}}", "", rf"\medskip\parbox{{\linewidth}}{{\footnotesize {notes}}}", r"\end{table}", "",
        ]  # fmt: skip
    return "\n".join(parts)


def _pages(sheet: ReportSheet) -> Iterator[ReportSheet]:
    """No table is longer than a page, which a float may not be; the notes stand under the last."""
    starts = range(0, len(sheet.rows), PAGE)
    if len(starts) <= 1:
        yield sheet
        return
    for n, start in enumerate(starts, start=1):
        notes = sheet.notes
        if n < len(starts):
            notes = [f"The notes stand under page {len(starts)}."]
        title = f"{sheet.title}, page {n} of {len(starts)}"
        label = f"{sheet.label}-{n}"
        yield replace(sheet, title=title, rows=sheet.rows[start : start + PAGE], notes=notes, label=label)


def _latex_row(row: Sequence[str], bold: Collection[tuple[str, int]]) -> str:
    cells = list(map(_latex_cell, row))
    for column, text in enumerate(cells):
        if (row[0], column) in bold:
            cells[column] = rf"\textbf{{{text}}}"
    written = " & ".join(cells) + r" \\"
    if written.startswith("*"):  # which the command that ends the row before would take for its own
        return "{}" + written
    return written


def _latex_cell(text: str) -> str:
    """A mark takes no room, so that figures stay aligned on their decimal point."""
    figure, mark = marked(text)
    if not mark:
        return escape.latex(figure)
    return escape.latex(figure) + rf"\rlap{{$^{{{LATEX_MARKS[mark]}}}$}}"


def marked(text: str) -> tuple[str, str]:
    """A difference and its mark; all other text as it is."""
    parts = MARKED.fullmatch(text)
    return (parts[1], parts[2]) if parts else (text, "")


def _csv(report: ComparisonReport) -> str:
    """A line a cell, figures as a spreadsheet reads them; a text that looks like a formula gets an apostrophe."""
    rows: list[dict[str, object]] = []
    for table in report.tables:
        about = table.about
        for line in table.lines:
            outcomes = line.score.cell.outcomes
            row: dict[str, object] = {
                "task": escape.cell(table.task), "title": escape.cell(about.title),
                "variant": escape.cell(line.variant), "headline": escape.cell(about.headline),
                "unit": escape.cell(formatting.unit(about)), "n": line.n, "items": line.items, "mark": line.mark,
                "unparsed": outcomes.get("unparsed", 0), "truncated": outcomes.get("truncated", 0),
                "error": outcomes.get("error", 0), "why_no_score": escape.cell(line.score.why_none),
                "flag": line.score.flag, "warning": escape.cell(table.warning),
            }  # fmt: skip
            if line.score.estimate:
                e = line.score.estimate
                row |= {name: _number(getattr(e, name), about) for name in ("mean", "low", "high")}
                row["standard_error"] = formatting.standard_error(e.se, about)
            if line.pair:
                row |= _difference(line.pair, about)
            rows.append(row)
    return csv_text(COLUMNS, rows)


def _difference(pair: Comparison, about: TaskRecord) -> dict[str, object]:
    """The smallest p is told by its power of ten."""
    d = pair.difference
    return {
        "against": escape.cell(pair.b), "difference": _number(d.difference, about),
        "difference_low": _number(d.low, about), "difference_high": _number(d.high, about),
        "difference_standard_error": formatting.standard_error(d.se, about),
        "p": f"{d.p:.6g}", "p_corrected": f"{pair.adjusted_p:.6g}", "comparisons": pair.family,
        "verdict": formatting.verdict(pair, about), "test": escape.cell(d.test),
    }  # fmt: skip


def _appendix_csv(report: ComparisonReport) -> str:
    rows: list[dict[str, object]] = []
    for appendix in report.appendix:
        for variant, figures in appendix.figures.items():
            for figure in figures:
                value, unit = figure.shown
                words = (appendix.task, appendix.about.title, variant, figure.title)
                row = dict(zip(APPENDIX_COLUMNS, map(escape.cell, words), strict=False))
                low, high = map(_plain, figure.bounds)
                more = {"unit": unit, "low": low, "high": high, "n": figure.n or ""}
                rows.append({**row, **more, "value": _plain(value), "note": escape.cell(figure.note)})
    return csv_text(APPENDIX_COLUMNS, rows)


def _number(value: float, about: TaskRecord) -> str:
    return _plain(formatting.score(value, about))


def _plain(figure: str) -> str:
    return figure.replace("−", "-")
