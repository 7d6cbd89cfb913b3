"""A report as Markdown, LaTeX (booktabs alone), CSV and HTML. Nothing is computed or rounded here.

All text from outside goes through escape.py; figures are the board's, in a hyphen's or a minus sign's dress.
"""

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path

import jinja2

from leaderboard import drawing, escape
from leaderboard.report import NO_WORSE, SHOWN, Line, Report, TaskTable

FORMATS = ("md", "latex", "csv", "html")
FILES = {"md": "report.md", "latex": "report.tex", "csv": "report.csv", "html": "report.html"}
MARKED = re.compile(rf"([+−]?[0-9.]+)([{SHOWN}{NO_WORSE}])")
LATEX_MARKS = {SHOWN: "*", NO_WORSE: r"\approx"}
COLUMNS = (
    "task", "title", "variant", "headline", "unit", "mean", "low", "high", "n", "items", "against", "difference",
    "difference_low", "difference_high", "p_corrected", "comparisons", "verdict", "mark", "test", "unparsed",
    "truncated", "error", "why_no_score",
)  # fmt: skip


def render(report: Report, form: str, figures: str = "") -> str:
    """`figures` is the folder of the drawings as seen from the file; empty: without drawings."""
    if form not in FORMATS:
        raise ValueError(f"no format {form!r}; there are: {', '.join(FORMATS)}")
    if form == "md":
        return _markdown(report, figures)
    if form == "latex":
        return _latex(report)
    return _csv(report) if form == "csv" else _html(report, figures)


def write(report: Report, forms: Sequence[str], out: Path) -> list[Path]:
    """The tables, and every drawing as SVG and PNG beside them. Files of other names stay as they are."""
    if out.exists() and not out.is_dir():
        raise ValueError(f"{out} is a file; name a folder with --out")
    (out / "figures").mkdir(parents=True, exist_ok=True)
    written = []
    for form in forms:
        written.append(out / FILES[form])
        written[-1].write_text(render(report, form, "figures"), encoding="utf-8")
    for plot in report.plots:
        path = out / "figures" / plot.name
        path.with_name(f"{plot.name}.svg").write_text(
            drawing.svg(plot.spec, plot.title, plot.about), encoding="utf-8"
        )
        path.with_name(f"{plot.name}.png").write_bytes(drawing.png(plot.spec))
        written += [path.with_name(f"{plot.name}.{kind}") for kind in ("svg", "png")]
    return written


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


def cells(table: TaskTable, one: Line) -> list[str]:
    parent = [] if table.against or not any(other.difference for other in table.lines) else [one.against]
    n = str(one.n) if one.n == one.items else f"{one.n} of {one.items}"
    mean = one.mean or one.why or "none"
    difference = f"{one.difference}{one.mark}" if one.difference else ""
    return [one.variant, mean, one.interval, difference, *parent, one.difference_interval, n]


def lefts(table: TaskTable) -> set[int]:
    """The columns of words; all others hold figures and stand to the right."""
    return {at for at, head in enumerate(heads(table)) if head in ("Variant", "to")}


def _markdown(report: Report, figures: str) -> str:
    parts = []
    for table in report.tables:
        lines = [[escape.markdown(text) for text in cells(table, one)] for one in table.lines]
        head = [escape.markdown(text) for text in heads(table)]
        rule = [":--" if at in lefts(table) else "--:" for at in range(len(head))]
        parts.append(f"### {escape.markdown(table.title)}")
        parts.append("\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *lines)))
        parts.append("\n".join(f"- {escape.markdown(note)}" for note in table.notes))
        parts += [
            f"![{escape.markdown(plot.title)}]({figures}/{plot.name}.svg)"
            for plot in report.plots
            if figures and plot.task == table.task
        ]
    return "\n\n".join([*parts, escape.markdown(report.source)]) + "\n"


def _latex(report: Report) -> str:
    parts = [r"% Needs \usepackage{booktabs}, and nothing else.", f"% {escape.line(report.source)}"]
    for table in report.tables:
        columns = "".join("l" if at in lefts(table) else "r" for at in range(len(heads(table))))
        body = [" & ".join(_latex_cell(text) for text in cells(table, one)) + r" \\" for one in table.lines]
        notes = " ".join(escape.latex(note) for note in (*table.notes, report.source))
        parts += [
            r"\begin{table}[htbp]",
            r"\centering\footnotesize\setlength{\tabcolsep}{5pt}",
            rf"\caption{{{escape.latex(table.title)}}}\medskip",
            rf"\begin{{tabular}}{{@{{}}{columns}@{{}}}}", r"\toprule",
            " & ".join(escape.latex(head) for head in heads(table)) + r" \\", r"\midrule", *body, r"\bottomrule",
            r"\end{tabular}", "", rf"\medskip\parbox{{\linewidth}}{{\footnotesize {notes}}}", r"\end{table}", "",
        ]  # fmt: skip
    return "\n".join(parts)


def _latex_cell(text: str) -> str:
    """A mark takes no room, so that figures stay aligned on their decimal point."""
    figure, mark = marked(text)
    return escape.latex(figure) + (rf"\rlap{{$^{{{LATEX_MARKS[mark]}}}$}}" if mark else "")


def marked(text: str) -> tuple[str, str]:
    """A difference and its mark; all other text as it is."""
    found = MARKED.fullmatch(text)
    return (found[1], found[2]) if found else (text, "")


def _csv(report: Report) -> str:
    """A line a cell, figures as a spreadsheet reads them; a text that looks like a formula gets an apostrophe."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(COLUMNS)
    for table in report.tables:
        for one in table.lines:
            words = [
                escape.cell(text)
                for text in (table.task, table.title, one.variant, table.headline, table.unit)
            ]
            writer.writerow(
                [
                    *words, *(_plain(text) for text in (one.mean, one.low, one.high)), one.n, one.items,
                    escape.cell(one.against),
                    *(_plain(text) for text in (one.difference, one.difference_low, one.difference_high)),
                    one.p, one.family or "", one.verdict, one.mark, escape.cell(one.test),
                    *(one.statuses[name] for name in ("unparsed", "truncated", "error")), escape.cell(one.why),
                ]
            )  # fmt: skip
    return written.getvalue()


def _plain(figure: str) -> str:
    return figure.replace("−", "-").removeprefix("+")


def _html(report: Report, figures: str) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True,
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
        finalize=lambda value: escape.line(value) if isinstance(value, str) else value,
    )  # fmt: skip
    environment.globals.update(heads=heads, cells=cells, lefts=lefts, marked=marked)
    return environment.get_template("report.html").render(report=report, figures=figures)
