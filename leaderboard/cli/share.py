"""Handing results on: export hub, export eee."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from proctor.common.terminal import echo
from proctor.leaderboard import cli

Name = Annotated[str, Argument(help="A variant that has results.")]
Out = Annotated[
    Path | None,
    Option("--out", help="A folder of exports/ in the project unless given.", callback=cli.writable_folder),
]


def hub(name: Name, out: Out = None, results: cli.Results = cli.RESULTS) -> None:
    """Results in the Hub's forms: a model card with model-index, .eval_results, a data set of rows. Uploads nothing."""
    from proctor.leaderboard.report import formats, report
    from proctor.leaderboard.report.hub import export_hub

    folder = out or cli.PROJECT / "exports" / f"{name}-hub"
    made = report.make(results, only=[name])
    for line in export_hub(made, formats.render(made, "md"), folder):
        echo(f"look at this before you upload it: {line}")
    echo(f"exported to {cli.near(folder)}")


def eee(
    name: Name,
    org: Annotated[str, Option(help="Whose model it is: the first half of its id, ORG/NAME.")] = "local",
    out: Out = None,
    results: cli.Results = cli.RESULTS,
) -> None:
    """Results in the form of Every Eval Ever: a JSON a task with its uncertainty, and a line a response."""
    from proctor.leaderboard.report import report
    from proctor.leaderboard.report.eee import export_eee

    folder = out or cli.PROJECT / "exports" / f"{name}-eee"
    for path in export_eee(report.make(results, only=[name]).scores, folder, org):
        echo(cli.near(path))
