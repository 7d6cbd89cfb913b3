"""The board: board build."""

from typing import Annotated

import typer
from rich.console import Console

from harness.commands import BOARD, RESULTS, Board, Results, near


def build(
    results: Results = RESULTS,
    out: Board = BOARD,
    baseline: Annotated[str | None, typer.Option(help="The row that all others are compared with.")] = None,
) -> None:
    """Build the board from the results."""
    from harness.errors import refusals
    from leaderboard import site

    with refusals(results):
        index = site.build(results, out, baseline)
    Console().print(f"board: {near(index)}", soft_wrap=True, highlight=False, markup=False)
