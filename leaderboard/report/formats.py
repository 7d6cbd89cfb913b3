"""A report as Markdown, LaTeX (booktabs alone), CSV and HTML. Nothing is computed or rounded here.

All text from outside goes through escape.py; figures are the board's, in a hyphen's or a minus sign's dress.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import jinja2

from proctor.common.refusal import Refusal
from proctor.leaderboard.board import charts, escape
from proctor.leaderboard.board.plots import Plot
from proctor.leaderboard.report import appendix
from proctor.leaderboard.report.report import (
    OTHER_WITHIN,
    SHOWN,
    WITHIN,
    ComparisonReport,
    ReportLine,
    TaskTable,
)

FORMATS = ("md", "latex", "csv", "html")
MAIN, APPENDIX = "report", "appendix"  # the files' names
ENDINGS = {"md": "md", "latex": "tex", "csv": "csv", "html": "html"}
PAGE = 40  # rows of a LaTeX table
MARKED = re.compile(rf"([+−]?[0-9.]+)([{SHOWN}{WITHIN}{OTHER_WITHIN}])")
LATEX_MARKS = {SHOWN: "*", WITHIN: r"\approx", OTHER_WITHIN: r"\dagger"}
COLUMNS = (
    "task", "title", "variant", "headline", "unit", "mean", "low", "high", "standard_error", "n", "items",
    "against", "difference", "difference_low", "difference_high", "difference_standard_error", "p", "p_corrected",
    "comparisons", "verdict", "mark", "test", "unparsed",
    "truncated", "error", "why_no_score", "flag",
)  # fmt: skip
ASIDE_COLUMNS = ("task", "title", "variant", "figure", "value", "unit", "low", "high", "n", "note")


@dataclass(frozen=True)
class ReportSheet:
    """A table as words: `lefts` are its columns of words, all others hold figures and stand to the right."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    lefts: set[int]
    notes: Sequence[str] = ()
    plots: Sequence[Plot] = ()


def render(report: ComparisonReport, form: str, figures: str = "", part: str = MAIN) -> str:
    """`figures` is the folder of the drawings as seen from the file; empty: without drawings."""
    if form not in FORMATS:
        raise Refusal(f"no format {form!r}; there are: {', '.join(FORMATS)}")
    if form == "csv":
        return _csv(report) if part == MAIN else _aside_csv(report)
    sheets = list(_tables(report) if part == MAIN else _asides(report))
    if form == "md":
        return _markdown(report, sheets, figures)
    return _latex(report, sheets) if form == "latex" else _html(report, sheets, part, figures)


def write(report: ComparisonReport, forms: Sequence[str], out: Path) -> list[Path]:
    """The tables, and every drawing as SVG and PNG beside them. Files of other names stay as they are."""
    if out.exists() and not out.is_dir():
        raise Refusal(f"{out} is a file; name a folder with --out")
    (out / "figures").mkdir(parents=True, exist_ok=True)
    written = []
    for part in (MAIN, APPENDIX) if report.appendix else (MAIN,):
        # The appendix sends its readers to the CSV for intervals: it is always there.
        for form in dict.fromkeys((*forms, *(["csv"] if part == APPENDIX else []))):
            written.append(out / f"{part}.{ENDINGS[form]}")
            written[-1].write_text(render(report, form, "figures", part), encoding="utf-8")
    for plot in report.plots:
        path = out / "figures" / plot.name
        path.with_name(f"{plot.name}.svg").write_text(
            charts.svg(plot.spec, plot.title, plot.about), encoding="utf-8"
        )
        path.with_name(f"{plot.name}.png").write_bytes(charts.png(plot.spec))
        written += [path.with_name(f"{plot.name}.{kind}") for kind in ("svg", "png")]
    return written


def _tables(report: ComparisonReport) -> Iterator[ReportSheet]:
    for table in report.tables:
        rows = [cells(table, one) for one in table.lines]
        plots = [plot for plot in report.plots if plot.task == table.task]
        yield ReportSheet(table.title, heads(table), rows, lefts(table), table.notes, plots)


def _asides(report: ComparisonReport) -> Iterator[ReportSheet]:
    for aside in (one for one in report.appendix if one.entries):
        panels = aside.panels()
        for n, names in enumerate(panels, start=1):
            part = f", part {n} of {len(panels)}" if len(panels) > 1 else ""
            title = f"{aside.title}: beside the headline{part}"
            yield ReportSheet(title, ["Figure", *names], aside.lines(names), {0}, appendix.NOTES)


def heads(table: TaskTable) -> list[str]:
    against = f"Difference to {table.against}" if table.against else "Difference"
    parent = [] if table.against or not any(one.difference for one in table.lines) else ["to"]
    return [
        "Variant",
        f"{table.headline}, {table.unit}",
        "95 % interval",
        against,
        *parent,
        "95 % interval",
        "n",
    ]


def cells(table: TaskTable, one: ReportLine) -> list[str]:
    parent = [] if table.against or not any(other.difference for other in table.lines) else [one.against]
    n = str(one.n) if one.n == one.items else f"{one.n} of {one.items}"
    mean = one.mean or one.why or "none"
    difference = f"{one.difference}{one.mark}" if one.difference else ""
    name = f"{one.variant} (flagged)" if one.flag else one.variant
    return [name, mean, one.interval, difference, *parent, one.difference_interval, n]


def lefts(table: TaskTable) -> set[int]:
    """The columns of words; all others hold figures and stand to the right."""
    return {at for at, head in enumerate(heads(table)) if head in ("Variant", "to")}


def _markdown(report: ComparisonReport, sheets: Sequence[ReportSheet], figures: str) -> str:
    parts = []
    for sheet in sheets:
        rows = [[escape.markdown(text) for text in row] for row in (sheet.head, *sheet.rows)]
        rule = [":--" if at in sheet.lefts else "--:" for at in range(len(sheet.head))]
        parts.append(f"### {escape.markdown(sheet.title)}")
        parts.append("\n".join(f"| {' | '.join(row)} |" for row in (rows[0], rule, *rows[1:])))
        parts.append("\n".join(f"- {escape.markdown(note)}" for note in sheet.notes))
        parts += [
            f"![{escape.markdown(plot.title)}]({figures}/{plot.name}.svg)" for plot in sheet.plots if figures
        ]
    return "\n\n".join([*parts, escape.markdown(report.source)]) + "\n"


def _latex(report: ComparisonReport, sheets: Sequence[ReportSheet]) -> str:
    parts = [r"% Needs \usepackage{booktabs}, and nothing else.", f"% {escape.line(report.source)}"]
    for sheet in chain.from_iterable(map(_pages, sheets)):
        columns = "".join("l" if at in sheet.lefts else "r" for at in range(len(sheet.head)))
        notes = " ".join(escape.latex(note) for note in (*sheet.notes, report.source))
        parts += [
            r"\begin{table}[htbp]",
            r"\centering\footnotesize\setlength{\tabcolsep}{5pt}",
            rf"\caption{{{escape.latex(sheet.title)}}}\medskip",
            rf"\makebox[\linewidth]{{\begin{{tabular}}{{@{{}}{columns}@{{}}}}", r"\toprule",
            " & ".join(escape.latex(head) for head in sheet.head) + r" \\", r"\midrule",
            *(_latex_row(row) for row in sheet.rows), r"\bottomrule",
            r"\end{tabular}}", "", rf"\medskip\parbox{{\linewidth}}{{\footnotesize {notes}}}", r"\end{table}", "",
        ]  # fmt: skip
    return "\n".join(parts)


def _pages(sheet: ReportSheet) -> Iterator[ReportSheet]:
    """No table is longer than a page, which a float may not be; the notes stand under the last."""
    starts = range(0, len(sheet.rows), PAGE) or range(1)
    for n, start in enumerate(starts, start=1):
        last = n == len(starts)
        yield replace(
            sheet,
            title=f"{sheet.title}, page {n} of {len(starts)}" if len(starts) > 1 else sheet.title,
            rows=sheet.rows[start : start + PAGE],
            notes=sheet.notes if last else [f"The notes stand under page {len(starts)}."],
        )


def _latex_row(row: Sequence[str]) -> str:
    written = " & ".join(_latex_cell(text) for text in row)
    # The row before ends with a command that would take a star for its own.
    return ("{}" if written.startswith("*") else "") + written + r" \\"


def _latex_cell(text: str) -> str:
    """A mark takes no room, so that figures stay aligned on their decimal point."""
    figure, mark = marked(text)
    return escape.latex(figure) + (rf"\rlap{{$^{{{LATEX_MARKS[mark]}}}$}}" if mark else "")


def marked(text: str) -> tuple[str, str]:
    """A difference and its mark; all other text as it is."""
    found = MARKED.fullmatch(text)
    return (found[1], found[2]) if found else (text, "")


def _csv(report: ComparisonReport) -> str:
    """A line a cell, figures as a spreadsheet reads them; a text that looks like a formula gets an apostrophe."""
    lines = []
    for table in report.tables:
        for one in table.lines:
            words = (table.task, table.title, one.variant, table.headline, table.unit)
            lines.append(
                [
                    *(escape.cell(text) for text in words),
                    *(_plain(text) for text in (one.mean, one.low, one.high, one.error)), one.n, one.items,
                    escape.cell(one.against),
                    *(_plain(text) for text in (one.difference, one.difference_low, one.difference_high)),
                    one.difference_error, _digits(one.p), _digits(one.p_corrected),
                    one.family or "", one.verdict, one.mark, escape.cell(one.test),
                    *(one.statuses[name] for name in ("unparsed", "truncated", "error")), escape.cell(one.why),
                    one.flag,
                ]
            )  # fmt: skip
    return _written(COLUMNS, lines)


def _aside_csv(report: ComparisonReport) -> str:
    """A line a figure."""
    lines = []
    for aside in report.appendix:
        for one in aside.entries:
            words = [escape.cell(text) for text in (aside.task, aside.title, one.variant, one.figure)]
            figures = [_plain(one.value), one.unit, _plain(one.low), _plain(one.high), one.n]
            lines.append([*words, *figures, escape.cell(one.note)])
    return _written(ASIDE_COLUMNS, lines)


def _written(columns: Sequence[str], lines: Sequence[Sequence[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([columns, *lines])
    return text.getvalue()


def _plain(figure: str) -> str:
    return figure.replace("−", "-").removeprefix("+")


def _digits(p: float | None) -> str:
    """A number and no words: the smallest p is told by its power of ten."""
    return "" if p is None else f"{p:.6g}"


def _html(report: ComparisonReport, sheets: Sequence[ReportSheet], part: str, figures: str) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent.parent / "board" / "templates"), autoescape=True,
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
        finalize=lambda value: escape.line(value) if isinstance(value, str) else value,
    )  # fmt: skip
    environment.globals.update(marked=marked)
    return environment.get_template("report.html").render(
        title=part.capitalize(), sheets=sheets, source=report.source, figures=figures
    )
