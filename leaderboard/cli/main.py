"""The door: every command by its name, and what becomes of a mistake. The commands stand in harness/commands."""

import errno
import os
import sys
from collections.abc import Callable
from typing import Any

import typer

from proctor.common.refusal import Refusal
from proctor.leaderboard.cli import (
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

Misused: Any = typer.BadParameter.__mro__[1]  # click's UsageError, which typer keeps to itself
STOPPED = 130  # what typer makes of Ctrl-C

# Every command and group of commands; leaderboard/cli/ says what each does. Add a line here.
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


# The disk or the place, and not a fault of ours.
FULL = (errno.ENOSPC, errno.EDQUOT)
UNUSABLE = (
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.ENAMETOOLONG,
    errno.EEXIST,
)


def main() -> None:
    """Exit 0 when done, 2 with one line for a mistake that the user can mend; a bug keeps its traceback."""

    try:
        code = app(standalone_mode=False, prog_name="proctor") or 0
    except Refusal as refused:
        code = _told(str(refused))
    except Misused as misused:
        if type(misused).__name__ == "NoArgsIsHelpError":  # nothing was asked for: the help is the answer
            misused.show()
            sys.exit(2)
        place = misused.ctx.command_path if misused.ctx else "proctor"
        code = _told(f"{misused.format_message().rstrip('.')}; see {place} --help")
    except OSError as failed:
        where = f" ({failed.filename})" if failed.filename else ""
        if failed.errno in FULL:
            code = _told(
                "the disk is full; nothing half-written counts, and finished batches are kept; "
                f"free some space and run again{where}"
            )
        elif failed.errno in UNUSABLE:
            code = _told(f"cannot be used: {failed.strerror}; give another place, or mend its rights{where}")
        else:
            raise
    except KeyboardInterrupt:
        code = STOPPED
    if code == STOPPED:
        _told("stopped; run the same command again to go on")
    sys.exit(code)


def _told(line: str) -> int:
    typer.echo(f"proctor: {' '.join(line.split())}", err=True)
    return 2
