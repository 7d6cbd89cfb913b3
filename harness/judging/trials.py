"""Puts a judge on trial: its plans, labels and grader are found, the card is made."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from proctor.common.paths import PACKAGE
from proctor.common.progress import Reporter
from proctor.common.refusal import Refusal
from proctor.common.stats.bootstrap import Bootstrap
from proctor.harness.config.variant import Variant
from proctor.harness.engines.protocol import Engine
from proctor.harness.judging import plans
from proctor.harness.judging.grader import opened
from proctor.harness.plan.grading import grader_for, grader_variant, local_of, with_weights
from proctor.harness.plan.plan import made_of
from proctor.judges import pairwise, scoring
from proctor.judges.cost import CostEstimate
from proctor.judges.figures.ratings import Ratings, read_ratings, read_rows
from proctor.judges.figures.report import FigureReport
from proctor.judges.judge import Judge, folder_of
from proctor.judges.panel import AnySpec, members
from proctor.judges.prompt import profile_text
from proctor.judges.trust.card import card
from proctor.judges.trust.rehearsal import rehearse
from proctor.judges.trust.trial import LabelledPlan, Trial, refuse_without_verdicts
from proctor.judges.verdict import Item, JudgeVerdict

PLANS = PACKAGE / "judges" / "trust" / "labelled_plans.jsonl"


@dataclass(frozen=True)
class Wanted:
    judge: str
    plans: Path | None
    labels: Path | None
    grader: AnySpec | None
    results: Path
    store: Path
    resamples: int
    seed: int


def estimate_card(wanted: Wanted) -> CostEstimate:
    """The most that the trust card can ask and cost; nobody is asked."""
    judge, spec, tried, labels = _chosen(wanted)
    return rehearse(judge, tried, labels, spec, wanted.store / "verdicts")


def try_judge(wanted: Wanted, reporter: Reporter) -> dict[str, Any]:
    """The trust card of a judge."""
    judge, spec, tried, labels = _chosen(wanted)
    made = datetime.now(UTC).isoformat(timespec="seconds")
    bootstrap = Bootstrap(wanted.resamples, wanted.seed)
    cache = wanted.store / "verdicts"

    def engine(variant: Variant) -> Engine:
        from proctor.harness.weights import open_variant  # only a grader of our own needs what builds weights

        return open_variant(variant, wanted.store, reporter, "grader")

    with opened(spec, engine, None, wanted.store) as grader:
        by = scoring.method_of(grader)

        def score(one: Judge, items: Sequence[Item]) -> list[JudgeVerdict]:
            if not one.asks:
                return scoring.score_all(one, items)
            wanted_here = len(items) * one.repeats * len(members(spec))
            with reporter.answering(f"try {one.name}", wanted_here, "verdicts") as told:
                verdicts = scoring.score_all(one, items, grader, cache, told)
                # In here, so that no line counts verdicts of which there is not one.
                refuse_without_verdicts([verdict.problem for verdict in verdicts], "plans could be scored")
            return verdicts

        def compare(pairs: Sequence[pairwise.Pair]) -> list[pairwise.PairVerdict]:
            return pairwise.compare_all(judge, pairs, grader, cache)

        return card(Trial(judge, score, compare, FigureReport(bootstrap)), tried, labels, by, made)


def _chosen(wanted: Wanted) -> tuple[Judge, AnySpec | None, list[LabelledPlan], Ratings | None]:
    """The judge, whom it asks, the plans that it is tried on and their labels, all checked."""
    judge = Judge.load(wanted.judge)
    spec = grader_for(judge, wanted.grader)
    ours = {each.model: made_of(grader_variant(each.model), wanted.store) for each in local_of(spec)}
    tried = read_plans(wanted.plans or _beside(wanted.judge))
    return judge, with_weights(spec, ours), tried, _labels(judge, wanted, tried)


def _beside(name: str) -> Path:
    own = folder_of(name) / "labelled_plans.jsonl"
    return own if own.is_file() else PLANS


def _labels(judge: Judge, wanted: Wanted, tried: Sequence[LabelledPlan]) -> Ratings | None:
    """The labels that were given, else labels.csv beside the judge; those of its dimensions."""
    path = wanted.labels or folder_of(wanted.judge) / "labels.csv"
    if not wanted.labels and not path.is_file() and judge.kind == "pairwise":
        path = folder_of("study_plan") / "labels.csv"  # which plan is better follows from the marks of both
    if not wanted.labels and not path.is_file():
        return None
    labels = read_ratings(path, "label")
    ids = {plan.item.id for plan in tried}
    mine = {key: mark for key, mark in labels.scores.items() if key[0] in ids}
    if mine:
        return Ratings(mine, labels.clusters, labels.notes, judge.above_weakest)
    if wanted.labels:
        raise Refusal(f"no label is for one of the {len(ids)} plans; the ids must be the same ({path})")
    return None


def read_plans(path: Path) -> list[LabelledPlan]:
    """Plans as `proctor judge score` reads them, each with its pupil: who a plan is for when two plans are compared."""
    pupils, names = {}, {}
    items = plans.read_plans(path)
    for item, (_, row) in zip(items, read_rows(path, needed=()), strict=True):
        pupils[item.id] = str(row.get("pupil") or profile_text(item.profile))
        names[item.id] = str((item.facts or {}).get("name") or row.get("name") or "")
    return [LabelledPlan(item, names[item.id], pupils[item.id]) for item in items]
