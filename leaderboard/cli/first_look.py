"""A first look at a model, without a YAML: try."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from proctor.common.progress import Reporter
from proctor.common.refusal import Refusal
from proctor.common.terminal import Console, echo
from proctor.leaderboard import cli

if TYPE_CHECKING:
    from proctor.leaderboard.compare.items import Cells
    from proctor.leaderboard.compare.ranking import Ranking

ADDRESS = "a GGUF file, a folder, a hub id, http://HOST/v1#MODEL, or a variant's name"
Asked = Annotated[str | None, Option(help="What both are asked; if nothing is said, word_problems.")]
Data = Annotated[
    str | None, Option(help="Or items of your own: JSONL, JSON, CSV, TSV or parquet, an item a row.")
]
Margin = Annotated[float, Option(min=0, help="The loss that still counts as no worse: 0.02 is 2 points.")]


def try_(
    model: Annotated[str, Argument(help=f"What is tried: {ADDRESS}.")],
    against: Annotated[str | None, Option(help="Another model, the same way: is the first as good?")] = None,
    task: Asked = None,
    data: Data = None,
    limit: Annotated[int, Option(min=2, help="So many samples, drawn by seed.")] = 250,
    margin: Margin = 0.02,
    results: cli.Results = cli.RESULTS,
    store: cli.Store = cli.STORE,
    board: cli.Board = cli.BOARD,
) -> None:
    """Try a model, alone or against another: one sentence, a table, and a page. Writes the YAML of what it ran."""
    from proctor.harness import record
    from proctor.harness.config.first_look import write_trial
    from proctor.harness.run import run_suite
    from proctor.leaderboard import terminal
    from proctor.leaderboard.board import site
    from proctor.leaderboard.compare.items import load_cells
    from proctor.leaderboard.compare.ranking import ranking

    if task and data:
        raise Refusal("--task and --data", "both say what is asked", "leave one of them out")
    made = write_trial(model, against, task or "word_problems", limit, margin, data)
    for path in made.written:
        echo(f"wrote {cli.near(path)}")
    run_suite(str(made.suite), results, store, Reporter(Console()))
    index = site.build(results, board, made.against or made.model)
    # Verdicts are those of the board: of the family of all pairs that the results hold.
    cells = load_cells(results)
    ranked = ranking(cells, made.against or made.model, record.read_cards(results))
    echo(_sentence(cells, ranked, results, made.model, made.against, made.task) + "\n")
    mine = ranked.alone(list(filter(None, (made.model, made.against))))
    for line in terminal.ranking_lines(replace(mine, tasks={made.task: ranked.tasks[made.task]})):
        echo(line)
    echo(f"board: {cli.near(index)}")
    echo(f"to go on: copy {cli.near(made.suite)} to a name of your own, edit it, and run it")


def _sentence(
    cells: "Cells", ranked: "Ranking", results: Path, model: str, against: str | None, task: str
) -> str:
    from proctor.leaderboard.compare import formatting
    from proctor.leaderboard.compare.comparison import Settings
    from proctor.leaderboard.compare.families import compare_two

    about = cells[model, task].run.task
    if against is None:
        estimate = ranked.scores(task)[model].estimate
        if estimate is None:
            return f"{model} was asked too few samples of {task} for an estimate: raise --limit."
        bounds = formatting.interval(estimate.low, estimate.high, about)
        score = f"{formatting.score(estimate.mean, about)} ({about.headline}, {formatting.unit(about)})"
        return f"{model} scores {score} on {estimate.n} samples of {task}, 95 % interval {bounds}."
    (pair,) = compare_two(cells, results, model, against, [task], Settings())
    shown, bounds = formatting.difference(pair, about), formatting.difference_interval(pair, about)
    words = f"{model} against {against} on {pair.difference.n} samples of {task}: "
    words += formatting.verdict(pair, about)
    return f"{words}; difference {shown}, 95 % interval {bounds}{_size(cells, model, against, task)}."


def _size(cells: "Cells", model: str, against: str, task: str) -> str:
    size, other = (cells[name, task].run.costs.size_bytes for name in (model, against))
    if not size or not other or size == other:
        return ""
    if size < other:
        return f"; {other / size:.1f} times smaller"
    return f"; {size / other:.1f} times larger"
