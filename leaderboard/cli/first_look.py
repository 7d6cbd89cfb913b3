"""A first look at a model, without a YAML: try."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from proctor.leaderboard.cli import BOARD, RESULTS, STORE, Board, Results, Store, near

if TYPE_CHECKING:
    from proctor.leaderboard.compare.items import Cells

ADDRESS = "a GGUF file, a folder, a hub id, http://HOST/v1#MODEL, or a variant's name"


def try_(
    model: Annotated[str, typer.Argument(help=f"What is tried: {ADDRESS}.")],
    against: Annotated[
        str | None, typer.Option(help="Another model, the same way: is the first as good?")
    ] = None,
    task: Annotated[
        str | None, typer.Option(help="What both are asked; if nothing is said, word_problems.")
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(help="Or items of your own: JSONL, JSON, CSV, TSV or parquet, an item a row."),
    ] = None,
    limit: Annotated[int, typer.Option(min=2, help="So many samples, drawn by seed.")] = 250,
    margin: Annotated[
        float, typer.Option(min=0, help="The loss that still counts as no worse: 0.02 is 2 points.")
    ] = 0.02,
    results: Results = RESULTS,
    store: Store = STORE,
    board: Board = BOARD,
) -> None:
    """Try a model, alone or against another: one sentence, a table, and a page. Writes the YAML of what it ran."""
    from rich.console import Console

    from proctor.common.progress import Reporter
    from proctor.common.refusal import Refusal
    from proctor.harness.config.first_look import write_trial
    from proctor.harness.run import run_suite
    from proctor.leaderboard import terminal
    from proctor.leaderboard.board import site
    from proctor.leaderboard.compare.items import load_cells
    from proctor.leaderboard.compare.ranking import ranking

    console = Console()
    if task and data:
        raise Refusal("--task and --data", "both say what is asked", "leave one of them out")
    made = write_trial(model, against, task or "word_problems", limit, margin, data)
    task = made.task
    for path in made.written:
        console.print(f"wrote {near(path)}", soft_wrap=True, highlight=False, markup=False)
    run_suite(str(made.suite), results, store, Reporter(console))
    index = site.build(results, board, made.against or made.model)
    # Verdicts are those of the board: of the family of all pairs that the results hold.
    cells = load_cells(results)
    ranked = ranking(cells, made.against or made.model)
    mine = tuple(row for row in ranked.rows if row.variant in (made.model, made.against))
    typer.echo(_sentence(cells, results, made.model, made.against, task) + "\n")
    for line in terminal.ranking_lines(replace(ranked, tasks={task: ranked.tasks[task]}, rows=mine)):
        typer.echo(line)
    again = f"to go on: copy {near(made.suite)} to a name of your own, edit it, and run it"
    console.print(f"board: {near(index)}\n{again}", soft_wrap=True, highlight=False, markup=False)


def _sentence(cells: "Cells", results: Path, model: str, against: str | None, task: str) -> str:
    from proctor.leaderboard.compare import formatting
    from proctor.leaderboard.compare.compare import compare_two
    from proctor.leaderboard.compare.comparison import Settings
    from proctor.leaderboard.compare.ranking import score_of

    about = cells[model, task].run.task
    if against is None:
        estimate = score_of(cells[model, task]).estimate
        if estimate is None:
            return f"{model} was asked too few samples of {task} for an estimate: raise --limit."
        bounds = formatting.interval(estimate.low, estimate.high, about)
        score = f"{formatting.score(estimate.mean, about)} ({about.headline}, {formatting.unit(about)})"
        return f"{model} scores {score} on {estimate.n} samples of {task}, 95 % interval {bounds}."
    (pair,) = compare_two(cells, results, model, against, [task], Settings())
    difference = pair.difference
    shown = formatting.score(difference.difference, about, True)
    bounds = formatting.interval(difference.low, difference.high, about, True)
    verdict = formatting.verdict(pair, about)
    words = f"{model} against {against} on {difference.n} samples of {task}: {verdict}"
    return f"{words}; difference {shown}, 95 % interval {bounds}{_size(cells, model, against, task)}."


def _size(cells: "Cells", model: str, against: str, task: str) -> str:
    size, other = (cells[name, task].run.costs.size_bytes for name in (model, against))
    if not size or not other or size == other:
        return ""
    if size < other:
        return f"; {other / size:.1f} times smaller"
    return f"; {size / other:.1f} times larger"
