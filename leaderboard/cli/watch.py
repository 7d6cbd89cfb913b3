"""Looking on: watch. `python -m proctor.leaderboard.cli.watch RESULTS BOARD` does it beside a run, and ends with it."""

import os
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Annotated

from typer import Argument

from proctor.common.refusal import Refusal
from proctor.common.terminal import echo
from proctor.leaderboard import cli

WatchedResults = Annotated[
    Path, Argument(help="Where cells are kept.", show_default="results/ of the project")
]
PORT = 8000


def watch(results: WatchedResults = cli.RESULTS, board: cli.Board = cli.BOARD, port: cli.Port = PORT) -> None:
    """Serve a page of a run that goes on, here or in another terminal: progress, provisional means, and the board."""
    from proctor.leaderboard.board import site
    from proctor.leaderboard.watch.server import open_watch

    server = open_watch(results, board, port, site.build)
    echo(f"{server.address} (Ctrl+C ends it)")
    cli.serve_until_stopped(server, str)


def beside_a_run(results: Path, board: Path) -> None:
    """In a process of its own, so that the run feels nothing of it. When the run's process is gone, this ends."""
    from proctor.leaderboard.board import site
    from proctor.leaderboard.watch.server import open_watch

    os.nice(10)
    try:
        server = open_watch(results, board, PORT, site.build)
    except Refusal:
        server = open_watch(results, board, 0, site.build)
    echo(server.address)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with suppress(KeyboardInterrupt):
        sys.stdin.read()


if __name__ == "__main__":
    beside_a_run(*map(Path, sys.argv[1:]))
