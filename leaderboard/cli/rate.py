"""Blind ratings by people, on a page of this machine."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from proctor.common.files import writable
from proctor.common.refusal import Refusal
from proctor.common.terminal import echo
from proctor.leaderboard.cli import RESULTS, Port, Results, near, serve_until_stopped

if TYPE_CHECKING:
    from proctor.judges.people.rate import Mode, RatedPlan


def rate(
    judge: Annotated[
        str, Argument(help="The judge whose rubric is rated by: its name, or its folder's path.")
    ],
    rater: Annotated[str, Option(help="Who rates; stands in every row.")],
    plans: Annotated[
        list[Path] | None,
        Option(help="Plans as JSONL with id, text and pupil or profile (may be given again)."),
    ] = None,
    variant: Annotated[
        list[str] | None, Option(help="A variant whose study plans are rated (may be given again).")
    ] = None,
    pairs: Annotated[
        bool, Option("--pairs", help="Two plans of a pupil side by side, in random order.")
    ] = False,
    items: Annotated[
        int | None, Option(min=1, help="Only so many pupils, drawn by lot but the same for all.")
    ] = None,
    out: Annotated[
        Path, Option(help="Where the labels are kept, written at every click.", callback=writable)
    ] = Path("labels.csv"),
    port: Port = 0,
    results: Results = RESULTS,
) -> None:
    """Rate plans by hand, blind: open the address, press the keys. Stop and go on at any time."""
    from proctor.judges.judge import Judge
    from proctor.judges.people.rate import RatingSheet, shown
    from proctor.judges.people.rate_server import RatingServer

    if not re.fullmatch(r"[\w.@ -]{1,60}", rater):
        raise Refusal(f"the rater is called {rater!r}", "it stands in a file", "use letters, digits, - and .")
    mode: Mode = "pairs" if pairs else "scores"
    loaded = Judge.load(judge)
    if loaded.kind == "pairwise" and not pairs:
        raise Refusal(f"judge {loaded.name!r} compares plans; add --pairs, or name a judge that scores")
    if loaded.subject != "plan" and (pairs or variant):
        raise Refusal(
            f"judge {loaded.name!r} is for questions", remedy="give --plans FILE with questions alone"
        )
    every = _plans(plans or [], variant or [], results, loaded.subject)
    sheet = RatingSheet(out, loaded, shown(_some(every, items), mode, rater), mode, rater)
    server = RatingServer(sheet, port)
    echo(f"{len(sheet.items)} to rate, {sheet.done} done; open {server.address} (Ctrl-C ends)")
    serve_until_stopped(server, lambda: f"{sheet.done} of {len(sheet.items)} rated; kept in {near(out)}")


def _plans(
    files: Sequence[Path], variants: Sequence[str], results: Path, subject: str = "plan"
) -> "list[RatedPlan]":
    """From files, of plans or questions, and from the study plans of variants; an id that comes twice is refused."""
    from proctor.harness.config.suite import repeated
    from proctor.harness.judging.trials import read_plans
    from proctor.judges.people.rate import RatedPlan
    from proctor.judges.prompt import profile_text

    if not files and not variants:
        raise Refusal("there is nothing to rate; give --plans FILE or --variant NAME")
    read = []
    for path in files:
        source = path.stem if len(files) > 1 else ""
        for plan in read_plans(path, subject):
            profile = profile_text(plan.item.profile)
            read.append(RatedPlan(plan.item.id, profile, plan.item.text, plan.pupil, source))
    for name in variants:
        read += _of_variant(name, results)
    twice = repeated([plan.id for plan in read])
    if twice:
        raise Refusal(f"the id {twice!r} stands for two plans; every plan needs its own")
    return [plan for plan in read if plan.text.strip()]


def _of_variant(name: str, results: Path) -> "list[RatedPlan]":
    from proctor.harness.judging.labelled import item_id
    from proctor.harness.judging.plans import study_plans_of
    from proctor.judges.people.rate import RatedPlan
    from proctor.tasks.study_plan.profile import as_doc, profiles

    texts = {profile.id: str(as_doc(profile)["profile"]) for profile in profiles()}
    rows = study_plans_of(results, name).rows(["sample_id", "epoch", "response"])
    several = bool(rows["epoch"].nunique() > 1)
    plans = []
    for row in rows.to_dict("records"):
        pupil, text = str(row["sample_id"]), row["response"]
        if pupil in texts and text:
            place = item_id(name, pupil, int(row["epoch"]), several)
            plans.append(RatedPlan(place, texts[pupil], str(text), pupil, name))
    return plans


def _some(plans: "list[RatedPlan]", items: int | None) -> "list[RatedPlan]":
    """All plans of so many pupils, the same ones for every rater."""
    import random

    pupils = sorted({plan.pupil for plan in plans})
    if items is None or items >= len(pupils):
        return plans
    chosen = set(random.Random(len(pupils)).sample(pupils, items))
    return [plan for plan in plans if plan.pupil in chosen]
