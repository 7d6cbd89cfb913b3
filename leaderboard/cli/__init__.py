"""The commands, one file for each group of them, and the options that they share.

Nothing heavy is imported before a command needs it, so that --help comes at once.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

from proctor.common import paths

if TYPE_CHECKING:
    from rich.table import Table

PROJECT = paths.project()
RESULTS, STORE, BOARD = PROJECT / "results", PROJECT / ".proctor", PROJECT / "board"

Suite = Annotated[
    str,
    Argument(help="A suite's name, or the path of its YAML.", autocompletion=lambda: paths.names("suites")),
]
Results = Annotated[Path, Option(help="Where cells are kept.", show_default="results/ of the project")]
Store = Annotated[
    Path,
    Option(
        help="Where artifacts and responses are kept.",
        envvar="PROCTOR_STORE",
        show_default=".proctor/ of the project",
    ),
]
Only = Annotated[
    list[str] | None,
    Option(
        "--only",
        help="Only this variant (may be given again).",
        autocompletion=lambda: paths.names("variants"),
    ),
]
Tasks = Annotated[list[str] | None, Option("--task", help="Only this task (may be given again).")]
Limit = Annotated[
    int | None, Option(min=1, help="So many samples of each task, instead of what the suite says.")
]
AsJson = Annotated[bool, Option("--json", help="As JSON, for a script.")]
DryRun = Annotated[bool, Option("--dry-run", help="Say what it would ask and cost, and ask nothing.")]
Board = Annotated[Path, Option("--out", help="Where the board is put.", show_default="board/ of the project")]


def near(path: Path) -> str:
    """As one would type it from here."""
    if path.is_relative_to(Path.cwd()):
        path = path.relative_to(Path.cwd())
    return str(path)


def print_json(value: object) -> None:
    typer.echo(json.dumps(value, indent=1, ensure_ascii=False))


def table(*columns: str, title: str | None = None) -> "Table":
    """A table in which nothing is cut: what is too long goes on in the next line."""
    from rich.table import Table

    made = Table(title=title, title_justify="left", box=None)
    for column in columns:
        made.add_column(column, overflow="fold")
    return made
