"""The trust card of a judge that scores one plan at a time: agreement, length, noise, planted damage, injections.

Every check is a question put to the judge with plans whose order of merit is known.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import floor
from typing import Any

import numpy as np

from proctor.common.refusal import Refusal
from proctor.common.stats.agreement import ScorePairs, spearman
from proctor.common.stats.bootstrap import Floats, distinct
from proctor.judges.figures.rating_figures import of_ratings
from proctor.judges.figures.ratings import OVERALL, POOLED, Ratings
from proctor.judges.figures.report import EACH_OTHER, Whose
from proctor.judges.rules.text import words
from proctor.judges.trust.planting import damage, withstand
from proctor.judges.trust.trial import LabelledPlan, Trial, TrustCheck, check_unparsed, finished_card, overall
from proctor.judges.verdict import JudgeVerdict

READINGS = 3  # of the same plan, for a judge that asks a model
_REPEATED = 8
# What a card says of agreement; everything else comes with --ratings.
_BY_NUMBER = (
    "within_one", "mean_difference", "mean_absolute_error", "pearson", "spearman", "kendall_tau_b", "alpha_ordinal",
    "alpha_interval",
)  # fmt: skip
BY_LEVEL = ("exact_agreement", "cohen_kappa", "linear_weighted_kappa", "quadratic_weighted_kappa")
_AMONG = ("alpha_nominal", "alpha_ordinal", "alpha_interval", "mean_pairwise_quadratic_weighted_kappa")


def card(
    trial: Trial, plans: Sequence[LabelledPlan], labels: Ratings | None, by: str, made: str
) -> dict[str, Any]:
    """The card as it is kept in results/_judges/<judge>/trust.json."""
    if not plans:
        raise Refusal("there are no plans to try the judge on")
    verdicts = trial.verdicts([plan.item for plan in plans])
    scored = [(plan, verdict) for plan, verdict in zip(plans, verdicts, strict=True) if verdict.scores]
    if not scored:
        why = next((verdict.problem for verdict in verdicts if verdict.problem), "no plan has a word")
        raise Refusal(f"not one of {len(plans)} plans could be scored: {why}")
    _agreement(trial, scored, labels, by)
    _length(trial, scored, labels)
    noise = _repeatability(trial, scored)
    damage(trial, scored, labels)
    withstand(trial, scored, noise)
    check_unparsed(trial)
    trial.report.lack("swapped_order", "scores one plan at a time, so there is no order to swap")
    return finished_card(trial, len(plans), labels, by, made)


def _agreement(
    trial: Trial, scored: Sequence[tuple[LabelledPlan, JudgeVerdict]], labels: Ratings | None, by: str
) -> None:
    """With the labels, or their mean where several people gave them; and among a panel's graders."""
    clusters = {plan.item.id: plan.pupil for plan, _ in scored}
    scores = {
        (plan.item.id, by, name): value for plan, verdict in scored for name, value in verdict.scores.items()
    }
    limit = trial.judge.above_weakest
    exact = of_ratings(Ratings(scores, clusters, above_weakest=limit), labels, trial.report.bootstrap)
    on_levels = {key: float(floor(score + 0.5)) for key, score in scores.items()}
    between = on_levels != scores
    rounded = (
        of_ratings(Ratings(on_levels, clusters, above_weakest=limit), labels, trial.report.bootstrap)
        if between
        else exact
    )
    held = ("mean of labels", "rounded mean of labels", *(labels.raters if labels else ()))
    if labels is not None and len(labels.raters) > 1:
        held = held[:2]
    for report, names in ((exact, _BY_NUMBER), (rounded, BY_LEVEL)):
        for figure in report.figures:
            apart = between and names is BY_LEVEL and figure.dimension == OVERALL
            wanted = figure.name in names and figure.judge == by and figure.against in held
            if wanted and not apart and figure.dimension != POOLED:
                note = "marks rounded to levels" if between and names is BY_LEVEL else figure.note
                trial.report.figures.append(replace(figure, note=note))
    among = [figure for figure in exact.figures if figure.against == EACH_OTHER]
    members = {
        (plan.item.id, member.method, name): value
        for plan, verdict in scored
        for member in verdict.members
        for name, value in member.scores.items()
    }
    if members:
        among += of_ratings(
            Ratings(members, clusters, above_weakest=limit), None, trial.report.bootstrap
        ).figures
    trial.report.figures += [
        figure
        for figure in among
        if figure.against == EACH_OTHER and figure.name in _AMONG and figure.dimension != POOLED
    ]
    trial.report.notes += exact.notes
    if labels is None:
        trial.report.lack("agreement", "there are no reference labels (labels.csv beside judge.yaml)")


def _length(
    trial: Trial, scored: Sequence[tuple[LabelledPlan, JudgeVerdict]], labels: Ratings | None
) -> None:
    """How far the score goes with the number of words, and how far the labels of the same plans do."""
    sizes = np.array([float(len(words(plan.item.text))) for plan, _ in scored])
    scores = np.array([overall(verdict) for _, verdict in scored])
    pupils = [plan.pupil for plan, _ in scored]

    def correlate(name: str, title: str, values: Floats, who: str) -> None:
        there = ~np.isnan(values)
        rows, counts = distinct(
            np.stack([sizes[there], values[there]], axis=1),
            [pupil for pupil, kept in zip(pupils, there, strict=True) if kept],
        )
        found = trial.report.bootstrap.of(spearman(ScorePairs(rows[:, 0], rows[:, 1])), counts)
        trial.report.add(name, title, Whose(OVERALL, who, "the number of words"), found, int(there.sum()))

    correlate("length_correlation", "Spearman's rho of mark and length", scores, "the judge")
    if labels is not None:
        items = [plan.item.id for plan, _ in scored]
        table = labels.table(OVERALL, items, labels.raters)
        with np.errstate(invalid="ignore"):
            means = np.array([np.nanmean(row) if not np.isnan(row).all() else np.nan for row in table])
        if (~np.isnan(means)).any():
            correlate("length_correlation_of_labels", "The same of the labels", means, "the labels")


def _repeatability(trial: Trial, scored: Sequence[tuple[LabelledPlan, JudgeVerdict]]) -> float:
    """Scores the same plans again; gives what a score may move by itself: nothing, or a level in one dimension."""
    chosen = [plan.item for plan, _ in scored][:: max(1, len(scored) // _REPEATED)][:_REPEATED]
    times = READINGS if trial.judge.asks else 2
    if trial.judge.asks:
        verdicts = trial.verdicts(chosen, READINGS)
        series = [[overall(one) for one in verdict.repeats if one.scores] for verdict in verdicts]
    else:
        rounds = [trial.verdicts(chosen) for _ in range(times)]
        series = [[overall(verdict) for verdict in each] for each in zip(*rounds, strict=True)]
    series = [each for each in series if len(each) > 1]
    if not series:
        trial.report.lack("repeatability", "no plan got two readings")
        return 0.0
    spread = float(np.sqrt(np.mean([np.var(each, ddof=1) for each in series])))
    same = sum(max(each) - min(each) < 1e-9 for each in series)
    within = sum(float(np.std(each, ddof=1)) <= 0.5 for each in series)
    trial.checks.append(
        TrustCheck(
            "repeatability",
            "The same mark when asked again",
            "noise",
            within,
            len(series),
            f"{same} of {len(series)} plans got the very same mark {times} times; "
            f"standard deviation within a plan {spread:.3f}; held: at most 0.5",
        )
    )
    return 0.0 if same == len(series) else 1.0 / len(trial.judge.dimensions)
