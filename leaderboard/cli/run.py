"""Running a suite: run, plan."""

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from typer import Option

from proctor.common.progress import JsonReporter, Reporter
from proctor.common.refusal import Refusal, located
from proctor.common.terminal import Console, echo
from proctor.leaderboard.cli import (
    BOARD,
    RESULTS,
    STORE,
    AsJson,
    Board,
    Limit,
    Only,
    Results,
    Store,
    Suite,
    Tasks,
    near,
    print_json,
)
from proctor.leaderboard.cli.watch import watched
from proctor.leaderboard.trackers import Tracker, refuse_absent, run_of, send

if TYPE_CHECKING:
    from proctor.harness.plan.plan import Plan
    from proctor.harness.session import Spread

Until = Annotated[
    Literal["decided"] | None,
    Option(
        help="Ask in blocks, no variant further than until its pairs are decided. A run without it goes on."
    ),
]


def run(
    suite: Suite = "demo",
    only: Only = None,
    task: Tasks = None,
    limit: Limit = None,
    redo: Annotated[
        bool,
        Option(
            "--redo",
            help="Make cells again whose definition changed or that are damaged; ask again what did not fit. Kept "
            "responses are only scored again: to ask anew, delete the cell's folder in the results and `answered` "
            "and `responses` in the store.",
        ),
    ] = False,
    dry_run: Annotated[
        bool, Option("--dry-run", help="Only say what it would do, and what training would take.")
    ] = False,
    until: Until = None,
    gpus: Annotated[
        str | None, Option(help="Sessions side by side on GPUs of this machine: 'all', or how many.")
    ] = None,
    on: Annotated[str | None, Option(help="Sessions over a Ray cluster: ray, or ray://HOST:PORT.")] = None,
    watch: Annotated[
        bool,
        Option("--watch", help="Serve a page of it on this machine: progress, provisional means, the board."),
    ] = False,
    quiet: Annotated[
        bool, Option("--quiet", help="Say nothing but the ranking and where the board is.")
    ] = False,
    json_lines: Annotated[
        bool, Option("--json-lines", help="Say everything as JSON, an object a line, for a machine.")
    ] = False,
    log_to: Annotated[
        Tracker | None, Option(help="Hand scores, losses and artifacts' digests to this tracker at the end.")
    ] = None,
    results: Results = RESULTS,
    store: Store = STORE,
    board: Board = BOARD,
) -> None:
    """Run a suite: build weights, ask, score, compare, and build the board. Goes on where it was stopped."""
    from proctor.harness.config import suite as suites
    from proctor.harness.run import run_suite, run_until_decided, silent_cells
    from proctor.harness.show import foresee, foreseen_as_tables, plan_as_tables
    from proctor.leaderboard.board import RANKING, site
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
        if isinstance(reporter, JsonReporter):
            _tell_scores(plan, reporter)
            reporter.tell("board", path=str(index))
        else:
            # All that the results hold, as the board shows it: the correction for the family must be the same.
            echo(index.with_name(RANKING).read_text(encoding="utf-8"), nl=False)
            echo(f"board: {near(index)}")
        if log_to:
            _log(log_to, plan, near(index))
    silent = silent_cells(plan)
    if silent:
        why = f"every response or verdict failed in {', '.join(silent)}"
        echo(f"proctor: {why}; mend why (its rows say), and run again", err=True)
        raise typer.Exit(1)


def _reporter(quiet: bool, json_lines: bool) -> Reporter:
    if quiet and json_lines:
        raise Refusal(
            "--quiet and --json-lines", "one says little and the other all", "leave one of them out"
        )
    return JsonReporter() if json_lines else Reporter(Console(quiet=quiet))


def _log(tracker: Tracker, plan: "Plan", board: str) -> None:
    """A run of the tracker for each variant. What goes wrong there is a line, and no end of the run."""
    from proctor.leaderboard.compare.items import load_cells

    cells, runs = load_cells(plan.results), []
    for each in plan.variants:
        mine = [cells[cell.variant, cell.task] for cell in each.cells]
        runs.append(run_of(mine, plan.store, board))
    why = send(tracker, runs)
    if why:
        echo(f"proctor: nothing was logged to {tracker}, or not all: {why}", err=True)


def _tell_scores(plan: "Plan", reporter: JsonReporter) -> None:
    from proctor.leaderboard.compare.items import estimate_cell, load_cells

    cells = load_cells(plan.results)
    for each in plan.cells:
        estimate = estimate_cell(cells[each.variant, each.task])
        if estimate:
            figures = {"mean": estimate.mean, "low": estimate.low, "high": estimate.high, "n": estimate.n}
            reporter.tell("score", variant=each.variant, task=each.task, **figures)


def plan(
    suite: Suite = "demo",
    only: Only = None,
    task: Tasks = None,
    limit: Limit = None,
    results: Results = RESULTS,
    store: Store = STORE,
    json_: AsJson = False,
) -> None:
    """What a run would do: stages to build, cells to fill, what is kept and why the rest is not."""
    from proctor.harness.show import plan_as_dict, plan_as_tables

    made = _planned(suite, only, task, limit, results, store)
    if json_:
        print_json(plan_as_dict(made))
        return
    for part in plan_as_tables(made):
        Console().print(part)


def _planned(suite: str, only: Only, task: Tasks, limit: int | None, results: Path, store: Path) -> "Plan":
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
