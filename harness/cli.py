"""The door: every command by its name, and what becomes of a mistake. The commands stand in harness/commands."""

import errno
import os
import sys

import typer

from harness.commands import board, statistics, suite

# No model, data set or telemetry is looked for outside unless the user asks for a hub id that is not here.
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

app = typer.Typer(
    name="proctor",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Examines small language models, and says which differences are shown.",
)
for command in (suite.run, suite.plan, suite.add, suite.doctor, statistics.compare):
    app.command()(command)

board_app = typer.Typer(no_args_is_help=True, help="The static site.")
board_app.command()(board.build)
app.add_typer(board_app, name="board")


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
