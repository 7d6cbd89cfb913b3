"""The door: every command by its name, and what becomes of a mistake. The commands stand in harness/commands."""

import errno
import os
import sys
from collections.abc import Callable

import typer

from harness.commands import (
    board,
    exams,
    export,
    judge,
    labels,
    rate,
    refine,
    report,
    statistics,
    suite,
    trust,
)

# No model, data set or telemetry is looked for outside unless the user asks for a hub id that is not here.
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

# Every command and group of commands; harness/commands/ says what each does. Add a line here.
COMMANDS: tuple[Callable[..., None], ...] = (
    suite.run,
    suite.plan,
    suite.add,
    suite.doctor,
    statistics.compare,
    statistics.plan_size,
    statistics.import_,
    report.report,
    exams.score,
    exams.label,
)
GROUPS: dict[str, tuple[str, tuple[Callable[..., None], ...]]] = {
    "board": ("The static site.", (board.build, board.serve, board.publish)),
    "judge": (
        "Who marks free text, and how far to trust it.",
        (judge.mark, judge.pairs, trust.trust, labels.plan_labels, labels.correct, rate.rate, refine.refine),
    ),
    "export": ("Hand a variant on.", (export.ollama, export.gguf)),
}

app = typer.Typer(
    name="proctor",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Examines small language models, and says which differences are shown.",
)


def _name(command: Callable[..., None]) -> str:
    return command.__name__.strip("_").replace("_", "-")


for command in COMMANDS:
    app.command(_name(command))(command)
for name, (about, members) in GROUPS.items():
    group = typer.Typer(no_args_is_help=True, help=about)
    for command in members:
        group.command(_name(command))(command)
    app.add_typer(group, name=name)


def main() -> None:
    """Exit 0 when done, 2 with one line for a mistake that the user can mend; a bug keeps its traceback."""
    from harness.errors import UserError

    try:
        app()
    except UserError as refused:
        typer.echo(f"proctor: {refused}", err=True)
        sys.exit(2)
    except OSError as failed:
        if failed.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        where = f" ({failed.filename})" if failed.filename else ""
        typer.echo(
            "proctor: the disk is full; nothing half-written counts, and finished batches are kept; "
            f"free some space and run again{where}", err=True,
        )  # fmt: skip
        sys.exit(2)
    except KeyboardInterrupt:
        typer.echo("proctor: stopped; run the same command again to go on", err=True)
        sys.exit(130)
