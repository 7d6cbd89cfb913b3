"""The commands, one file for each group of them, and the options that they share.

Nothing heavy is imported before a command needs it, so that --help comes at once.
"""

import json
from pathlib import Path
from typing import Annotated

import typer

from proctor.common.paths import project

PROJECT = project()
RESULTS, STORE, BOARD = PROJECT / "results", PROJECT / ".proctor", PROJECT / "board"

Results = Annotated[Path, typer.Option(help="Where cells are kept.")]
Store = Annotated[Path, typer.Option(help="Where artifacts and answers are kept.", envvar="PROCTOR_STORE")]
Only = Annotated[list[str] | None, typer.Option("--only", help="Only this variant (may be given again).")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON, for a script.")]
Board = Annotated[Path, typer.Option("--out", help="Where the board is put.")]


def near(path: Path) -> str:
    """As one would type it from here."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def print_json(value: object) -> None:
    typer.echo(json.dumps(value, indent=1, ensure_ascii=False))
