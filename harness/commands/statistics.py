"""What the results mean: compare."""

from typing import Annotated

import typer
from rich.console import Console

from harness.commands import RESULTS, AsJson, Results, print_json


def compare(
    a: Annotated[str, typer.Argument(help="A variant.")],
    b: Annotated[str, typer.Argument(help="The variant that it is compared with.")],
    task: Annotated[
        list[str] | None, typer.Option("--task", help="Only this task (may be given again).")
    ] = None,
    margin: Annotated[float | None, typer.Option(help="What still counts as no worse.")] = None,
    results: Results = RESULTS,
    json_: AsJson = False,
) -> None:
    """Is A better than B? Paired by sample: difference, interval, p, and the verdict in words."""
    from harness.errors import refusals
    from leaderboard import compare as comparing
    from leaderboard import tables

    with refusals():
        found = comparing.compare_variants(results, a, b, task or (), margin)
    if json_:
        print_json([comparison.as_dict() for comparison in found])
    else:
        Console().print(tables.comparisons_as_rich(found))
