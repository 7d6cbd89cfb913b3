"""What labels are good for: how many are needed, and a mean score put right by some."""

from collections.abc import Iterator
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from rich.markup import escape
from typer import Argument, Option

from proctor.common import counted
from proctor.common.refusal import Refusal
from proctor.common.terminal import Console
from proctor.leaderboard.cli import RESULTS, AsJson, Results, print_json, table, tell
from proctor.leaderboard.cli.trust import Labels, Ratings, Resamples, Seed

if TYPE_CHECKING:
    from proctor.common.stats.correction import LabelsNeeded

Width = Annotated[float, Option(help="How wide the 95 % interval of the mean score may be, end to end.")]
Spread = Annotated[float | None, Option(help="Standard deviation of labels, in place of files.")]
Correlation = Annotated[float | None, Option(help="Correlation of judge and labels, in place of files.")]
LabelsOfSome = Annotated[
    Path, Option(help="Labels of some of their plans, as judge rate writes them: item_id VARIANT/PUPIL.")
]


def plan_labels(
    width: Width,
    ratings: Ratings = None,
    labels: Labels = None,
    sd: Spread = None,
    correlation: Correlation = None,
    items: Annotated[int | None, Option(min=4, help="How many items the judge can score.")] = None,
    json_: AsJson = False,
) -> None:
    """How many labels are needed for an interval of the wanted width, with the judge's help and without."""
    from dataclasses import asdict

    from proctor.common.stats.correction import labels_needed

    if ratings and labels:
        pilot_sd, pilot_correlation, pilot_items = _pilot(ratings, labels)
        sd = sd or pilot_sd
        if correlation is None:
            correlation = pilot_correlation
        items = items or pilot_items
    if sd is None or correlation is None or items is None:
        raise Refusal(
            "nothing says how labels spread and how they go with the judge",
            remedy="give --ratings and --labels of a pilot, or --sd, --correlation and --items",
        )
    needed = labels_needed(width, sd, correlation, items)
    tell(json_, asdict(needed), _lines(needed))


def _lines(needed: "LabelsNeeded") -> Iterator[str]:
    yield f"Labels spread by {needed.sd:.3f} and go with the judge's scores by r = {needed.correlation:.3f}."
    for what, number in (("with the judge", needed.with_judge), ("with labels alone", needed.without_judge)):
        answer = counted(number, "label") if number else f"not to be had with {needed.items} items"
        yield f"For an interval {needed.width:g} wide, {what}: {answer}"


def _pilot(ratings: Path, labels: Path) -> tuple[float, float, int]:
    """Spread, correlation and number of items of files that hold some of both, of the scores overall."""
    from proctor.common.stats.correction import pilot
    from proctor.judges.figures.ratings import read_ratings, together

    sides = []
    for path, rater in ((ratings, "judge"), (labels, "label")):
        read = read_ratings(path, rater)
        means = together(read.table("overall", read.items, read.raters), "mean").tolist()
        sides.append({item: mean for item, mean in zip(read.items, means, strict=True) if not isnan(mean)})
    return *pilot(*sides), len(sides[0])


def correct(
    variant: Annotated[list[str], Argument(help="Variants whose study plans a judge has scored.")],
    labels: LabelsOfSome,
    task: Annotated[str, Option(help="The task.")] = "study_plan",
    results: Results = RESULTS,
    resamples: Resamples = 2_000,
    seed: Seed = 2026,
    json_: AsJson = False,
) -> None:
    """The mean score of a variant, put right by labels of some of its plans (prediction-powered)."""
    from proctor.harness.judging.labelled import corrected

    estimates = []
    for name in variant:
        estimates += corrected(results, name, task, labels, resamples, seed)
    if json_:
        print_json(estimates)
        return
    made = table("variant", "dimension", "estimate", "value", "95 % interval", "n", "")
    for row in estimates:
        interval = "" if row["low"] is None else f"{row['low']:.3f} to {row['high']:.3f}"
        names = (row["variant"], row["dimension"], row["title"])
        made.add_row(*map(escape, names), f"{row['value']:.3f}", interval, str(row["n"]), escape(row["note"]))
    Console().print(made)
