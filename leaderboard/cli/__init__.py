"""The commands, one file for each group of them, and what they share: options, and how a result is told.

Nothing heavy is imported before a command needs it, so that --help comes at once.
"""

import json
from collections.abc import Callable, Iterable
from http.server import HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from rich.table import Table
from typer import Argument, Option

from proctor.common import paths
from proctor.common.files import refuse_unwritable
from proctor.common.progress import Reporter
from proctor.common.terminal import Console, echo

if TYPE_CHECKING:
    from proctor.harness.config.variant import Variant
    from proctor.harness.engines.protocol import Engine

PROJECT = paths.project()
RESULTS, STORE, BOARD = PROJECT / "results", PROJECT / ".proctor", PROJECT / "board"


def _named(kind: str) -> Callable[[], list[str]]:
    """For the shell, which completes names."""
    return lambda: list(paths.names(kind))


Suite = Annotated[
    str, Argument(help="A suite's name, or the path of its YAML.", autocompletion=_named("suites"))
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
    Option("--only", help="Only this variant (may be given again).", autocompletion=_named("variants")),
]
Tasks = Annotated[list[str] | None, Option("--task", help="Only this task (may be given again).")]
Limit = Annotated[
    int | None, Option(min=1, help="So many samples of each task, instead of what the suite says.")
]
AsJson = Annotated[bool, Option("--json", help="As JSON, for a script.")]
DryRun = Annotated[bool, Option("--dry-run", help="Say what it would ask and cost, and ask nothing.")]


def writable_folder(path: Path | None) -> Path | None:
    """For an option that names a folder to be written at the end: refused now where that could not be done."""
    if path is not None:
        refuse_unwritable(path)
    return path


Board = Annotated[
    Path,
    Option(
        "--out",
        help="Where the board is put.",
        show_default="board/ of the project",
        callback=writable_folder,
    ),
]
PromptPack = Annotated[
    str, Option(help="The prompt pack that is asked in.", autocompletion=_named("prompts"))
]
Redo = Annotated[bool, Option("--redo", help="Replace cells of other responses.")]
Port = Annotated[int, Option(min=0, max=65535, help="0: a free one.")]
ServerOf = Annotated[str | None, Option(help="The address of an OpenAI-compatible server.")]
OfMatrix = Annotated[str | None, Option("--suite", help="The suite whose matrix makes the variant.")]
EngineName = Annotated[str | None, Option(help="hf, vllm, llamacpp, ...: opens the model here.")]


def near(path: Path) -> str:
    """As one would type it from here."""
    if path.is_relative_to(Path.cwd()):
        path = path.relative_to(Path.cwd())
    return str(path)


def print_json(value: object) -> None:
    echo(json.dumps(value, indent=1, ensure_ascii=False))


def tell(json_: bool, value: object, lines: Iterable[str]) -> None:
    """The value for a script, or the lines for people."""
    if json_:
        print_json(value)
        return
    for line in lines:
        echo(line)


def table(*columns: str) -> Table:
    """A table in which nothing is cut: what is too long goes on in the next line."""
    made = Table(title_justify="left", box=None)
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def reporter() -> Reporter:
    """Progress on standard error, so that what is printed can be piped."""
    return Reporter(Console(stderr=True))


def opener(store: Path, reporter: Reporter, role: str) -> "Callable[[Variant], Engine]":
    """Opens a variant's engine when it is asked for the first time."""
    from proctor.harness.weights import open_variant

    return lambda variant: open_variant(variant, store, reporter, role)


def serve_until_stopped(server: HTTPServer, last_words: Callable[[], str]) -> None:
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        echo(last_words())
    finally:
        server.server_close()
