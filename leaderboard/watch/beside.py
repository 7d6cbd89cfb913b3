"""A page beside a run: `proctor run SUITE --watch`."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

SERVER = "proctor.leaderboard.cli.watch"


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
