"""What results mean: compare, plan-size."""

from itertools import chain
from pathlib import Path
from typing import Annotated, Literal

import typer
from typer import Argument, Option

from proctor.common.refusal import Refusal
from proctor.common.terminal import echo
from proctor.leaderboard import cli

Margin = Annotated[
    float | None,
    Option(
        help="The loss that still counts as no worse, in the unit of the scores: 0.05 is 5 points in a hundred."
    ),
]
Correction = Annotated[
    Literal["holm", "bh", "none"],
    Option(help="Over all pairs of a task: Holm, Benjamini-Hochberg; none: each alone."),
]
FailOn = Annotated[
    Literal["worse", "not-no-worse", "not-decided"] | None,
    Option(
        help="Exit 1 when A is worse than B; is not shown to be no worse; does not take B's place by 'decide:'."
    ),
]
Effect = Annotated[
    float,
    Option(
        help="The smallest difference that matters, in the unit of the scores: 0.02 is 2 points in a hundred."
    ),
]


def compare(
    a: Annotated[str | None, Argument(help="A variant; without names, all pairs.")] = None,
    b: Annotated[str | None, Argument(help="The variant that it is compared with.")] = None,
    task: cli.Tasks = None,
    margin: Margin = None,
    correction: Correction = "holm",
    fail_on: FailOn = None,
    seed: Annotated[int, Option(help="Of the resamples.", min=0)] = 0,
    resamples: Annotated[int, Option(help="How many are drawn.")] = 10_000,
    plot: Annotated[bool, Option("--plot", help="Draw each difference with its interval.")] = False,
    png: Annotated[Path | None, Option(help="Draw them into this file; of several tasks, one each.")] = None,
    results: cli.Results = cli.RESULTS,
    json_: cli.AsJson = False,
) -> None:
    """Is A better than B? Paired by sample: difference, interval, p, and the verdict in words."""
    from proctor.leaderboard import forest, terminal
    from proctor.leaderboard.compare import overview
    from proctor.leaderboard.compare.comparison import Settings

    settings = Settings(margin, correction, seed, resamples)
    if (a is None) != (b is None):
        raise Refusal("compare takes two variants, or none for all pairs", remedy="proctor compare A B")
    if a is not None and b is not None:
        compared = overview.compare_named(results, a, b, task or (), settings)
        lines = terminal.two_variants(compared)
    elif fail_on:
        raise Refusal(
            "--fail-on needs two variants", "it says what A must not be", "proctor compare A B --fail-on ..."
        )
    else:
        compared = overview.compare_all(results, task or (), settings)
        lines = terminal.every_pair(compared)
    if plot:
        lines = chain(lines, forest.lines(compared))
    failed = overview.failing(compared, fail_on) if fail_on else []
    cli.tell(json_, overview.as_json(compared), lines)
    for picture in forest.write_pngs(compared, png) if png else []:
        echo(f"picture: {picture}", err=True)
    if failed:
        echo(f"proctor: {fail_on}: {', '.join(failed)}", err=True)
        raise typer.Exit(1)


def plan_size(
    effect: Effect,
    baseline: Annotated[str, Option(help="The variant that a new one will be compared with.")],
    task: Annotated[str, Option(help="The task.")],
    power: Annotated[float, Option(help="The chance to show the effect if it is there.")] = 0.8,
    sequential: Annotated[
        bool,
        Option("--sequential", help="Also for a run until decided: how many to plan, how many are asked."),
    ] = False,
    results: cli.Results = cli.RESULTS,
    json_: cli.AsJson = False,
) -> None:
    """How many items are needed to show an effect against a baseline, and what its own items can show."""
    from proctor.leaderboard import terminal
    from proctor.leaderboard.compare import plan_size as sizes

    plan = sizes.plan_size(results, baseline, task, effect, power, sequential)
    cli.tell(json_, sizes.as_json(plan), terminal.size_lines(plan))
