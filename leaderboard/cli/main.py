"""The door: every command by its name, and what becomes of a mistake."""

import errno
import os
import sys
import traceback
from collections.abc import Callable
from typing import Annotated, Any

import typer
from typer import Option

from proctor import __version__
from proctor.common.refusal import Refusal
from proctor.common.terminal import echo
from proctor.leaderboard.cli import (
    board,
    chat,
    collect,
    compare,
    doctor,
    export,
    first_look,
    judge,
    labels,
    project,
    rate,
    refine,
    report,
    responses,
    run,
    share,
    tasks,
    trust,
    watch,
)

# No model, data set or telemetry is looked for outside unless the user asks for a hub id that is not here.
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

Misused: Any = typer.BadParameter.__mro__[1]  # click's UsageError, which typer keeps to itself
STOPPED = 130  # what typer makes of Ctrl-C

# Every command and group of commands; leaderboard/cli/ says what each does. Add a line here.
COMMANDS: tuple[Callable[..., None], ...] = (
    project.init,
    first_look.try_,
    run.run,
    run.plan,
    watch.watch,
    project.list_,
    project.add,
    chat.chat,
    compare.compare,
    compare.plan_size,
    report.report,
    responses.score,
    responses.import_,
    responses.label,
    doctor.doctor,
    project.schema,
)
GROUPS: dict[str, tuple[str, tuple[Callable[..., None], ...]]] = {
    "board": ("The static site.", (board.build, board.serve, board.publish)),
    "judge": (
        "Who scores free text, and how far to trust it.",
        (judge.score, judge.pairs, trust.trust, labels.plan_labels, labels.correct, rate.rate, refine.refine),
    ),
    "collect": (
        "Training sets of questions, out of exams or written on texts.",
        (collect.pdf, collect.articles),
    ),
    "tasks": ("What is asked: the tasks that there are, and new ones of your own.", (tasks.show, tasks.new)),
    "export": (
        "Hand a variant on, or its results.",
        (export.ollama, export.gguf, export.space, share.hub, share.eee),
    ),
}
# Names of options and commands that changed, and are still understood.
EARLIER = {"tasks": "task", "estimate": "dry-run", "to": "out", "mark": "score"}


app = typer.Typer(
    name="proctor",
    no_args_is_help=True,
    context_settings={"token_normalize_func": lambda name: EARLIER.get(name, name)},
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        echo(f"proctor {__version__}")
        raise typer.Exit


@app.callback()
def _proctor(
    version: Annotated[
        bool, Option("--version", is_eager=True, callback=_print_version, help="Say which Proctor this is.")
    ] = False,
) -> None:
    """Examines small language models, and says which differences are shown."""


def _name(command: Callable[..., None]) -> str:
    return command.__name__.strip("_").replace("_", "-")


for command in COMMANDS:
    # What `list` lists is no option: `tasks` is no earlier name there.
    settings = {"token_normalize_func": str} if command is project.list_ else None
    app.command(_name(command), context_settings=settings)(command)
for name, (about, members) in GROUPS.items():
    group = typer.Typer(no_args_is_help=True, help=about)
    if name == "tasks":  # which lists them where no command is named
        group = typer.Typer(invoke_without_command=True, callback=tasks.tasks, help=about)
    for command in members:
        group.command(_name(command))(command)
    app.add_typer(group, name=name)


# The disk or the place, and not a fault of ours.
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
UNUSABLE = (
    errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.EEXIST,
    errno.ELOOP, errno.ENXIO,
)  # fmt: skip


def main() -> None:
    """Exit 0 when done, 2 with one line for a mistake that the user can mend; a bug keeps its traceback."""
    sys.excepthook = lambda kind, bug, trace: echo(
        "".join(traceback.format_exception(bug)), err=True, nl=False
    )
    try:
        code = app(standalone_mode=False, prog_name="proctor") or 0
    except Refusal as refused:
        code = _refused(str(refused))
    except Misused as misused:
        if type(misused).__name__ == "NoArgsIsHelpError":  # nothing was asked for: the help is the answer
            misused.show()
            sys.exit(2)
        place = misused.ctx.command_path if misused.ctx else "proctor"
        code = _refused(f"{misused.format_message().rstrip('.')}; see {place} --help")
    except OSError as failed:
        where = f" ({failed.filename})" if failed.filename else ""
        if failed.errno in FULL:
            code = _refused(
                "the disk is full, or files may not grow so large; nothing half-written counts, and finished "
                f"batches are kept; free some space and run again{where}"
            )
        elif failed.errno in UNUSABLE:
            code = _refused(
                f"cannot be used: {failed.strerror}; give another place, or mend its rights{where}"
            )
        else:
            raise
    except KeyboardInterrupt:
        code = STOPPED
    if code == STOPPED:
        _refused("stopped; run the same command again to go on")
    sys.exit(code)


def _refused(line: str) -> int:
    echo(f"proctor: {' '.join(line.split())}", err=True)
    return 2
