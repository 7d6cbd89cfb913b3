"""Running a suite: run, plan, add, doctor."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from proctor.common.refusal import Refusal, located
from proctor.leaderboard.cli import (
    BOARD,
    RESULTS,
    STORE,
    AsJson,
    Board,
    Only,
    Results,
    Store,
    near,
    print_json,
)
from proctor.leaderboard.cli.exams import data_told

if TYPE_CHECKING:
    from proctor.harness.run import Spread


def run(
    suite: Annotated[str, typer.Argument(help="A suite's name, or the path of its YAML.")] = "demo",
    only: Only = None,
    redo: Annotated[
        bool,
        typer.Option(
            help="Make cells again whose definition changed or that are damaged; ask again what did not fit. Kept "
            "responses are only scored again: to ask anew, delete the cell's folder in the results and `answered` "
            "and `responses` in the store."
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what it would do, and what training would take.")
    ] = False,
    gpus: Annotated[
        str | None, typer.Option(help="Sittings side by side on GPUs of this machine: 'all', or how many.")
    ] = None,
    on: Annotated[
        str | None, typer.Option(help="Sittings over a Ray cluster: ray, or ray://HOST:PORT.")
    ] = None,
    results: Results = RESULTS,
    store: Store = STORE,
    board: Board = BOARD,
) -> None:
    """Run a suite: build weights, answer, mark, compare, and build the board. Goes on where it was stopped."""
    from proctor.common.progress import Reporter
    from proctor.harness.run import run_suite, silent_cells
    from proctor.leaderboard.board import site

    console = Console()
    if dry_run:
        _dry_run(suite, only, results, store, console)
        return
    spread = _spread(gpus, on)
    plan = run_suite(suite, results, store, Reporter(console), only or (), redo, spread, here=on is None)
    with located(results):
        index = site.build(results, board, plan.suite.baseline)
    # All that the results hold, as the board shows it: the correction for the family must be the same.
    typer.echo(index.with_name(site.RANKING).read_text(encoding="utf-8"), nl=False)
    console.print(f"board: {near(index)}", soft_wrap=True, highlight=False, markup=False)
    if silent := silent_cells(plan):
        where = ", ".join(silent)
        typer.echo(
            f"proctor: every answer or verdict failed in {where}; mend why (its rows say), and run again",
            err=True,
        )
        raise typer.Exit(1)


def _spread(gpus: str | None, on: str | None) -> "Spread | None":
    if not gpus and not on:
        return None
    from proctor.harness import parallel as spread

    if gpus and on:
        raise Refusal("--gpus and --on", "a cluster gives out its own GPUs", "leave one of them out")
    return spread.here(gpus) if gpus else spread.cluster(on or "")


def _dry_run(suite: str, only: Only, results: Path, store: Path, console: Console) -> None:
    from proctor.harness.config.suite import Suite
    from proctor.harness.plan.estimates import foresee
    from proctor.harness.plan.plan import make_plan
    from proctor.harness.show import foreseen_as_tables, plan_as_tables

    made = make_plan(Suite.load(suite), results, store, only or ())
    for part in (*plan_as_tables(made), *foreseen_as_tables(foresee(made))):
        console.print(part)


def plan(
    suite: Annotated[str, typer.Argument(help="A suite's name, or the path of its YAML.")] = "demo",
    only: Only = None,
    results: Results = RESULTS,
    store: Store = STORE,
    json_: AsJson = False,
) -> None:
    """What a run would do: stages to build, cells to fill, what is kept and why the rest is not."""
    from proctor.harness.config.suite import Suite
    from proctor.harness.plan.plan import make_plan
    from proctor.harness.show import plan_as_dict, plan_as_tables

    made = make_plan(Suite.load(suite), results, store, only or ())
    if json_:
        print_json(plan_as_dict(made))
    else:
        for part in plan_as_tables(made):
            Console().print(part)


def add(
    name: Annotated[str, typer.Argument(help="What the variant is called: its file and its row.")],
    base: Annotated[str, typer.Option(help="A hub id, a folder, or what the engine takes.")],
    recipe: Annotated[str | None, typer.Option(help="How it is trained.")] = None,
    merge: Annotated[bool, typer.Option("--merge", help="Merge the adapter into the weights.")] = False,
    quantization: Annotated[str | None, typer.Option(help="nf4, fp8, q8_0, q5_k_m, q4_k_m, ...")] = None,
    engine: Annotated[
        str | None, typer.Option(help="hf, vllm, llamacpp, openai, echo, or one of lm-eval's.")
    ] = None,
    endpoint: Annotated[str | None, typer.Option(help="The address of an OpenAI-compatible server.")] = None,
    prompt: Annotated[str | None, typer.Option(help="A prompt pack.")] = None,
    parent: Annotated[str | None, typer.Option(help="The row that it is compared with.")] = None,
    suite: Annotated[str, typer.Option(help="The suite that it joins.")] = "demo",
    results: Results = RESULTS,
    store: Store = STORE,
) -> None:
    """Add a variant: write its YAML, check it, add it to the suite, and say what running it will do."""
    from proctor.harness.config.add import add_variant
    from proctor.harness.show import plan_as_tables

    fields = {
        "base": base,
        "recipe": recipe,
        "merge": merge or None,
        "quantization": quantization,
        "engine": engine,
        "endpoint": endpoint,
        "prompt": prompt,
        "parent": parent,
    }
    given = {key: value for key, value in fields.items() if value is not None}
    path, made = add_variant(name, given, suite, store, results)
    console = Console()
    console.print(f"wrote {path}", soft_wrap=True, highlight=False, markup=False)
    for part in plan_as_tables(made):
        console.print(part)
    console.print(f"to run it: proctor run {suite} --only {name}", highlight=False, markup=False)


def doctor(
    what: Annotated[
        str, typer.Argument(help="'machine', or 'data': the exams and what stands in training sets.")
    ] = ("machine"),
    all_: Annotated[bool, typer.Option("--all", help="Of 'data': every training set of every exam.")] = False,
    store: Store = STORE,
    json_: AsJson = False,
) -> None:
    """What this machine can run, and for each thing that it can't, the one line that would change that."""
    if what != "machine":
        data_told(what, store, all_, json_)
        return
    from proctor.harness.doctor import examine_machine
    from proctor.harness.show import findings_as_table

    findings = examine_machine()
    if json_:
        print_json([vars(finding) for finding in findings])
    else:
        Console().print(findings_as_table(findings))
