"""Puts a judge on trial: its plans, labels and grader are found, the card is made."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from proctor.common.progress import Reporter
from proctor.common.refusal import Refusal
from proctor.common.stats.bootstrap import Bootstrap
from proctor.harness.judging import plans as files
from proctor.harness.judging.grader import grader_of, opened
from proctor.judges import pairwise, scoring
from proctor.judges.cost import CostEstimate
from proctor.judges.figures.ratings import Ratings, read_ratings, read_rows
from proctor.judges.figures.report import FigureReport
from proctor.judges.judge import Judge, folder_of
from proctor.judges.panel import AnySpec, members
from proctor.judges.prompt import profile_text
from proctor.judges.trust.card import card
from proctor.judges.trust.damage import PLANS
from proctor.judges.trust.pairs_card import pair_card
from proctor.judges.trust.question_damage import QUESTIONS
from proctor.judges.trust.rehearsal import rehearse
from proctor.judges.trust.trial import LabelledPlan, Trial, refuse_without_verdicts
from proctor.judges.verdict import Item, JudgeVerdict, Pair, PairVerdict

SUBJECTS = {subject.name: subject for subject in (PLANS, QUESTIONS)}
# A judge, whom it asks, the plans that it is tried on, and their labels.
Tried = tuple[Judge, AnySpec | None, list[LabelledPlan], Ratings | None]


def prepared(
    name: str, plans: Path | None, labels: Path | None, grader: AnySpec | None, store: Path
) -> Tried:
    """All checked; plans and labels that are not named stand beside the judge."""
    judge = Judge.load(name)
    usual = SUBJECTS[judge.subject].labelled
    beside = folder_of(name) / usual.name
    if plans is None:
        plans = beside if beside.is_file() else usual
    tried = read_plans(plans, judge.subject)
    return judge, grader_of(judge, grader, store), tried, _labels(judge, folder_of(name), labels, tried)


def estimate_card(tried: Tried, store: Path) -> CostEstimate:
    """The most that the trust card can ask and cost; nobody is asked."""
    judge, spec, plans, labels = tried
    return rehearse(judge, SUBJECTS[judge.subject], plans, labels, spec, store / "verdicts")


def try_judge(tried: Tried, store: Path, bootstrap: Bootstrap, reporter: Reporter) -> dict[str, Any]:
    judge, spec, plans, labels = tried
    made, cache = datetime.now(UTC).isoformat(timespec="seconds"), store / "verdicts"

    with opened(spec, None, store, reporter) as grader:
        by = scoring.method_of(grader)

        def score(one: Judge, items: Sequence[Item]) -> list[JudgeVerdict]:
            if not one.asks:
                return scoring.score_all(one, items)
            wanted_here = len(items) * one.repeats * len(members(spec))
            with reporter.answering(f"try {one.name}", wanted_here, "verdicts") as told:
                verdicts = scoring.score_all(one, items, grader, cache, told)
                # In here, so that no line counts verdicts of which there is not one.
                refuse_without_verdicts(
                    [verdict.problem for verdict in verdicts], f"{one.subject}s could be scored"
                )
            return verdicts

        def compare(pairs: Sequence[Pair]) -> list[PairVerdict]:
            return pairwise.compare_all(judge, pairs, grader, cache)

        make = pair_card if judge.kind == "pairwise" else card
        trial = Trial(judge, SUBJECTS[judge.subject], score, compare, FigureReport(bootstrap))
        return make(trial, plans, labels, by, made)


def _labels(judge: Judge, folder: Path, named: Path | None, tried: Sequence[LabelledPlan]) -> Ratings | None:
    """The labels that were named, else labels.csv beside the judge; those of its dimensions."""
    path = named or folder / "labels.csv"
    if not named and not path.is_file():
        if judge.kind != "pairwise":
            return None
        path = folder_of("study_plan") / "labels.csv"  # which plan is better follows from the marks of both
    labels = read_ratings(path, "label")
    ids = {plan.item.id for plan in tried}
    mine = {key: mark for key, mark in labels.scores.items() if key[0] in ids}
    if mine:
        return Ratings(mine, labels.clusters, labels.notes, judge.above_weakest)
    if named:
        raise Refusal(
            f"no label is for one of the {len(ids)} {judge.subject}s; the ids must be the same ({path})"
        )
    return None


def read_plans(path: Path, subject: str = "plan") -> list[LabelledPlan]:
    """Plans as `proctor judge score` reads them, each with its pupil: who a plan is for when two plans are compared."""
    pupils, names = {}, {}
    items = files.read_items(path, subject)
    for item, (_, row) in zip(items, read_rows(path, needed=()), strict=True):
        pupils[item.id] = str(row.get("pupil") or profile_text(item.profile))
        names[item.id] = str((item.facts or {}).get("name") or row.get("name") or "")
    return [LabelledPlan(item, names[item.id], pupils[item.id]) for item in items]
