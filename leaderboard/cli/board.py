"""The board: board build, serve, publish."""

from pathlib import Path
from typing import Annotated

from typer import Option

from proctor.common.refusal import Refusal, located
from proctor.common.terminal import echo
from proctor.leaderboard import cli

Baseline = Annotated[str | None, Option(help="The row that all others are compared with.")]
Made = Annotated[Path, Option("--board", help="Where the board is.", show_default="board/ of the project")]
Allow = Annotated[
    list[str] | None, Option("--allow", help="A text that looks private and is not (may be given again).")
]


def build(results: cli.Results = cli.RESULTS, out: cli.Board = cli.BOARD, baseline: Baseline = None) -> None:
    """Build the board from the results."""
    from proctor.harness import record
    from proctor.leaderboard.board import site

    with located(results):
        there = record.variants(results)
        if there and baseline is not None and baseline not in there:
            raise Refusal(f"no results of {baseline!r}; there are: {', '.join(there)}")
        index = site.build(results, out, baseline)
    echo(f"board: {cli.near(index)}")


def serve(
    board: Made = cli.BOARD, port: Annotated[int, Option(help="0 takes any that is free.")] = 8000
) -> None:
    """Serve the built board to a browser on this machine. It opens from disk as well."""
    from proctor.leaderboard.board.serve import open_server

    server = open_server(board, port)
    echo(f"{server.address} (Ctrl+C ends it)")
    cli.serve_until_stopped(server, str)


def publish(
    out: Annotated[str, Option("--out", help="A folder (./public) or a branch (branch:gh-pages).")],
    board: Made = cli.BOARD,
    allow: Allow = None,
) -> None:
    """Make the built board ready for a static host, unless something private stands in it."""
    from proctor.leaderboard.board.publish import publish as put

    echo(put(board, out, allow or ()))
