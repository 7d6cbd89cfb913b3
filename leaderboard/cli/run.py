"""Running a suite: run, plan."""

from contextlib import nullcontext
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from typer import Option

from proctor.common.progress import JsonReporter, Reporter
from proctor.common.refusal import Refusal, located
from proctor.common.terminal import Console, echo
from proctor.leaderboard import cli
from proctor.leaderboard.trackers import Tracker, refuse_absent, run_of, send
from proctor.leaderboard.watch.beside import watched

if TYPE_CHECKING:
    from proctor.harness.plan.plan import Plan
    from proctor.harness.record import Cell
    from proctor.harness.session import Spread

Until = Annotated[
    Literal["decided"] | None,
    Option(
        help="Ask in blocks, no variant further than until its pairs are decided. A run without it goes on."
    ),
]
AskedAgain = Annotated[
    bool,
    Option(
        "--redo",
        help="Make cells again whose definition changed or that are damaged; ask again what did not fit. Kept "
        "responses are only scored again: to ask anew, delete the cell's folder in the results and `answered` "
        "and `responses` in the store.",
    ),
]
Foreseen = Annotated[
    bool, Option("--dry-run", help="Only say what it would do, and what training would take.")
]
Gpus = Annotated[
    str | None, Option(help="Sessions side by side on GPUs of this machine: 'all', or how many.")
]
On = Annotated[str | None, Option(help="Sessions over a Ray cluster: ray, or ray://HOST:PORT.")]
Watched = Annotated[
    bool,
    Option("--watch", help="Serve a page of it on this machine: progress, provisional means, the board."),
]
Quiet = Annotated[bool, Option("--quiet", help="Say nothing but the ranking and where the board is.")]
JsonLines = Annotated[
    bool, Option("--json-lines", help="Say everything as JSON, an object a line, for a machine.")
]
LogTo = Annotated[
    Tracker | None, Option(help="Hand scores, losses and artifacts' digests to this tracker at the end.")
]


def run(
    suite: cli.Suite = "demo",
    only: cli.Only = None,
    task: cli.Tasks = None,
    limit: cli.Limit = None,
    redo: AskedAgain = False,
    dry_run: Foreseen = False,
    until: Until = None,
    gpus: Gpus = None,
    on: On = None,
    watch: Watched = False,
    quiet: Quiet = False,
    json_lines: JsonLines = False,
    log_to: LogTo = None,
    results: cli.Results = cli.RESULTS,
    store: cli.Store = cli.STORE,
    board: cli.Board = cli.BOARD,
) -> None:
    """Run a suite: build weights, ask, score, compare, and build the board. Goes on where it was stopped."""
    from proctor.harness.config import suite as suites
    from proctor.harness.run import run_suite, run_until_decided
    from proctor.harness.show import foresee, foreseen_as_tables, plan_as_tables
    from proctor.leaderboard.board import site
    from proctor.leaderboard.board.folder import board_files
    from proctor.leaderboard.compare.open_pairs import open_cells

    if dry_run:
        made = _planned(suite, only, task, limit, results, store)
        for part in (*plan_as_tables(made), *foreseen_as_tables(foresee(made))):
            Console().print(part)
        return
    reporter = _reporter(quiet, json_lines)
    if log_to:
        refuse_absent(log_to)
    board_files(board)  # refuses a folder of other files now, and not after the run
    spread = _spread(gpus, on)
    asked = suites.Suite.load(suite).narrowed(task or (), limit)
    rest = only or (), redo, spread, on is None
    with watched(results, board, reporter.say if json_lines else echo) if watch else nullcontext():
        if until:
            plan = run_until_decided(asked, results, store, reporter, open_cells, *rest)
        else:
            plan = run_suite(asked, results, store, reporter, *rest)
        with located(results):
            index = site.build(results, board, plan.suite.baseline)
        _tell_result(plan, index, reporter)
        if log_to:
            _log(log_to, plan, cli.near(index))
        silent = _tell_silent(plan)
    if silent:
        raise typer.Exit(1)


def _tell_result(plan: "Plan", index: Path, reporter: Reporter) -> None:
    from proctor.leaderboard.board import RANKING

    if not isinstance(reporter, JsonReporter):
        # All that the results hold, as the board shows it: the correction for the family must be the same.
        echo(index.with_name(RANKING).read_text(encoding="utf-8"), nl=False)
        echo(f"board: {cli.near(index)}")
        return
    from proctor.leaderboard.compare.items import estimate_cell

    for cell in chain.from_iterable(_cells_of(plan)):
        estimate = estimate_cell(cell)
        if estimate:
            figures = {"mean": estimate.mean, "low": estimate.low, "high": estimate.high, "n": estimate.n}
            reporter.tell("score", variant=cell.variant, task=cell.task, **figures)
    reporter.tell("board", path=str(index))


def _tell_silent(plan: "Plan") -> list[str]:
    from proctor.harness.run import silent_cells

    silent = silent_cells(plan)
    if silent:
        why = f"every response or verdict failed in {', '.join(silent)}"
        echo(f"proctor: {why}; mend why (its rows say), and run again", err=True)
    return silent


def _log(tracker: Tracker, plan: "Plan", board: str) -> None:
    """A run of the tracker for each variant. What goes wrong there is a line, and no end of the run."""
    why = send(tracker, [run_of(cells, plan.store, board) for cells in _cells_of(plan)])
    if why:
        echo(f"proctor: nothing was logged to {tracker}, or not all: {why}", err=True)


def _cells_of(plan: "Plan") -> list[list["Cell"]]:
    from proctor.leaderboard.compare.items import load_cells

    cells, by_variant = load_cells(plan.results), []
    for each in plan.variants:
        mine = [cells[cell.variant, cell.task] for cell in each.cells if (cell.variant, cell.task) in cells]
        if mine:
            by_variant.append(mine)
    return by_variant


def _reporter(quiet: bool, json_lines: bool) -> Reporter:
    if quiet and json_lines:
        raise Refusal(
            "--quiet and --json-lines", "one says little and the other all", "leave one of them out"
        )
    return JsonReporter() if json_lines else Reporter(Console(quiet=quiet))


def plan(
    suite: cli.Suite = "demo",
    only: cli.Only = None,
    task: cli.Tasks = None,
    limit: cli.Limit = None,
    results: cli.Results = cli.RESULTS,
    store: cli.Store = cli.STORE,
    json_: cli.AsJson = False,
) -> None:
    """What a run would do: stages to build, cells to fill, what is kept and why the rest is not."""
    from proctor.harness.show import plan_as_dict, plan_as_tables

    made = _planned(suite, only, task, limit, results, store)
    if json_:
        cli.print_json(plan_as_dict(made))
        return
    for part in plan_as_tables(made):
        Console().print(part)


def _planned(
    suite: str, only: cli.Only, task: cli.Tasks, limit: int | None, results: Path, store: Path
) -> "Plan":
    from proctor.harness.config import suite as suites
    from proctor.harness.plan.plan import make_plan

    asked = suites.Suite.load(suite).narrowed(task or (), limit)
    return make_plan(asked, results, store, only or ())


def _spread(gpus: str | None, on: str | None) -> "Spread | None":
    if not gpus and not on:
        return None
    from proctor.harness import parallel as spread

    if gpus and on:
        raise Refusal("--gpus and --on", "a cluster gives out its own GPUs", "leave one of them out")
    return spread.here(gpus) if gpus else spread.cluster(on or "")
