"""Tables and figures for a paper or a README: report."""

from pathlib import Path
from typing import Annotated

from typer import Option

from proctor.common.refusal import Refusal
from proctor.common.terminal import echo
from proctor.leaderboard.cli import RESULTS, Only, Results, Tasks, near, writable_folder


def report(
    form: Annotated[
        list[str] | None,
        Option(
            "--format",
            help="md, latex, csv, html (one file to send) or github (one comment); may be given again; "
            "md, or all with --out.",
        ),
    ] = None,
    task: Tasks = None,
    baseline: Annotated[
        str | None, Option(help="The row that all others are compared with; left out: each one's parent.")
    ] = None,
    out: Annotated[
        Path | None,
        Option(help="A folder for the tables and for figures as SVG and PNG.", callback=writable_folder),
    ] = None,
    appendix: Annotated[
        bool, Option("--appendix", help="Also the figures beside each headline; with --out always.")
    ] = False,
    only: Only = None,
    results: Results = RESULTS,
) -> None:
    """Comparison tables: mean, difference, intervals, signs, n, and footnotes; the board's own digits."""
    from proctor.leaderboard.report import formats
    from proctor.leaderboard.report import report as reporting

    wanted = form or (list(formats.FORMATS) if out else ["md"])
    for name in wanted:
        if name not in formats.FORMATS:
            raise Refusal(f"no format {name!r}; there are: {', '.join(formats.FORMATS)}")
    changed = not set(wanted).isdisjoint(formats.WITH_CHANGED)
    made = reporting.make(results, _names(task), baseline, appendix or out is not None, changed, _names(only))
    if out is None:
        for name in wanted:
            for part in (formats.MAIN, formats.APPENDIX) if appendix else (formats.MAIN,):
                echo(formats.render(made, name, part=part), nl=False)
    else:
        for path in formats.write(made, wanted, out):
            echo(near(path))
        if "html" in wanted:
            page = out / f"{formats.MAIN}.{formats.ENDINGS['html']}"
            echo(f"The one file to send, with all drawings in it: {near(page)}")


def _names(given: list[str] | None) -> list[str]:
    """Given one by one, or with commas."""
    return list(filter(None, ",".join(given or ()).split(",")))
