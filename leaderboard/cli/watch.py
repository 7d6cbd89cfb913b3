"""Looking on: watch. `python -m proctor.leaderboard.cli.watch RESULTS BOARD` does it beside a run, and ends with it."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
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


@contextmanager
def watched(results: Path, board: Path, say: Callable[[str], None]) -> Iterator[None]:
    """The page is there while the block runs, and after it until Ctrl+C. A run goes on without it where it fails."""
    results.mkdir(parents=True, exist_ok=True)
    words, pipe = [sys.executable, "-m", __name__, str(results), str(board)], subprocess.PIPE
    server = subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True)
    assert server.stdout
    with server:
        try:
            address = server.stdout.readline().strip()
            say(f"watch it: {address}" if address else "the page of this run cannot be served")
            yield
            if address:
                say(f"the board: {address}board/ (Ctrl+C ends it)")
            with suppress(KeyboardInterrupt):
                server.wait()
        finally:
            server.kill()


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
