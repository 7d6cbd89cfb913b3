"""The door: commands, their options, and what they print. It may open every room, each only when it is asked for.

Nothing heavy is imported before a command needs it, so that --help comes at once.
"""

import errno
import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

# No model, data set or telemetry is looked for outside unless the user asks for a hub id that is not here.
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

ROOT = Path(__file__).resolve().parent.parent

app = typer.Typer(
    name="proctor",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Examines small language models, and says which differences are shown.",
)
board_app = typer.Typer(no_args_is_help=True, help="The static site.")
app.add_typer(board_app, name="board")

Results = Annotated[Path, typer.Option(help="Where cells are kept.")]
Store = Annotated[Path, typer.Option(help="Where artifacts and answers are kept.", envvar="PROCTOR_STORE")]
Only = Annotated[list[str] | None, typer.Option("--only", help="Only this variant (may be given again).")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON, for a script.")]
Board = Annotated[Path, typer.Option("--out", help="Where the board is put.")]

RESULTS, STORE, BOARD = ROOT / "results", ROOT / ".proctor", ROOT / "board"


@app.command()
def run(
    suite: Annotated[str, typer.Argument(help="A suite's name, or the path of its YAML.")] = "demo",
    only: Only = None,
    redo: Annotated[
        bool, typer.Option(help="Make cells again whose definition changed or that are damaged.")
    ] = False,
    results: Results = RESULTS,
    store: Store = STORE,
    board: Board = BOARD,
) -> None:
    """Run a suite: build weights, answer, mark, compare, and build the board. Goes on where it was stopped."""
    from harness.errors import refusals
    from harness.progress import Reporter
    from harness.run import run_suite
    from leaderboard import site, tables

    console = Console()
    plan = run_suite(suite, results, store, Reporter(console), only or (), redo)
    with refusals(results):
        # All that the results hold, as the board shows it: the correction for the family must be the same.
        console.print(tables.as_rich(tables.ranking(results, (), plan.suite.baseline)))
        index = site.build(results, board, plan.suite.baseline)
    console.print(f"board: {near(index)}", soft_wrap=True, highlight=False, markup=False)


@app.command()
def plan(
    suite: Annotated[str, typer.Argument(help="A suite's name, or the path of its YAML.")] = "demo",
    only: Only = None,
    results: Results = RESULTS,
    store: Store = STORE,
    json_: AsJson = False,
) -> None:
    """What a run would do: stages to build, cells to fill, what is kept and why the rest is not."""
    from harness.plan import make_plan
    from harness.show import plan_as_dict, plan_as_tables
    from harness.suite import Suite

    made = make_plan(Suite.load(suite), results, store, only or ())
    if json_:
        _print_json(plan_as_dict(made))
    else:
        for part in plan_as_tables(made):
            Console().print(part)


@app.command()
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
    from harness.add import add_variant
    from harness.show import plan_as_tables

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


@app.command()
def doctor(json_: AsJson = False) -> None:
    """What this machine can run, and for each thing that it can't, the one line that would change that."""
    from harness.doctor import examine_machine
    from harness.show import findings_as_table

    findings = examine_machine()
    if json_:
        _print_json([vars(finding) for finding in findings])
    else:
        Console().print(findings_as_table(findings))


@app.command()
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
        _print_json([comparison.as_dict() for comparison in found])
    else:
        Console().print(tables.comparisons_as_rich(found))


@board_app.command("build")
def board_build(
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


def near(path: Path) -> str:
    """As one would type it from here."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def _print_json(value: object) -> None:
    import json

    typer.echo(json.dumps(value, indent=1, ensure_ascii=False))


def main() -> None:
    """Exit 0 when done, 2 with one line for a mistake that the user can mend; a bug keeps its traceback."""
    from harness.errors import UserError

    try:
        app()
    except UserError as refused:
        typer.echo(f"proctor: {refused}", err=True)
        sys.exit(2)
    except OSError as failed:
        if failed.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        where = f" ({failed.filename})" if failed.filename else ""
        typer.echo(
            "proctor: the disk is full; nothing half-written counts, and finished batches are kept; "
            f"free some space and run again{where}", err=True,
        )  # fmt: skip
        sys.exit(2)
    except KeyboardInterrupt:
        typer.echo("proctor: stopped; run the same command again to go on", err=True)
        sys.exit(130)
