"""Looking on: watch, and what `run --watch` begins beside a run."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated

from typer import Argument

from proctor.common.terminal import echo
from proctor.leaderboard.cli import BOARD, RESULTS, Board, Port, serve_until_stopped

SERVER = "proctor.leaderboard.watch.server"
Watched = Annotated[Path, Argument(help="Where cells are kept.", show_default="results/ of the project")]


def watch(results: Watched = RESULTS, board: Board = BOARD, port: Port = 8000) -> None:
    """Serve a page of a run that goes on, here or in another terminal: progress, provisional means, and the board."""
    from proctor.leaderboard.watch.server import open_watch

    server = open_watch(results, board, port)
    echo(f"{server.address} (Ctrl+C ends it)")
    serve_until_stopped(server, str)


@contextmanager
def watched(results: Path, board: Path, say: Callable[[str], None]) -> Iterator[None]:
    """The page is there while the block runs, and after it until Ctrl+C. A run goes on without it where it fails."""
    results.mkdir(parents=True, exist_ok=True)
    words, pipe = [sys.executable, "-m", SERVER, str(results), str(board)], subprocess.PIPE
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
