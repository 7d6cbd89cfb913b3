"""The trust card of a judge: agreement, length, noise, planted damage, injections. Here of judges that score.

Every check is a question put to the judge with plans whose order of merit is known.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import compress
from math import floor
from typing import Any

import numpy as np

from proctor.common.refusal import Refusal
from proctor.common.stats.agreement import spearman
from proctor.common.stats.bootstrap import Floats, distinct
from proctor.judges.figures.rating_figures import of_ratings
from proctor.judges.figures.ratings import OVERALL, POOLED, Ratings
from proctor.judges.figures.report import EACH_OTHER, AgreementFigure, FigureReport, Whose
from proctor.judges.rules.text import length
from proctor.judges.trust.planting import damage, withstand
from proctor.judges.trust.trial import (
    LabelledPlan,
    Scored,
    Trial,
    check_unparsed,
    finished_card,
    mean_labels,
    overall,
    overalls,
    plans_of,
)

Scores = dict[tuple[str, str, str], float]  # by plan, rater and dimension

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
    what = trial.subject.name
    if not plans:
        raise Refusal(f"there are no {what}s to try the judge on")
    verdicts = trial.verdicts([plan.item for plan in plans])
    scored = [pair for pair in zip(plans, verdicts, strict=True) if pair[1].scores]
    if not scored:
        problems = [verdict.problem for verdict in verdicts if verdict.problem] or [f"no {what} has a word"]
        raise Refusal(f"not one of {len(plans)} {what}s could be scored: {problems[0]}")
    _agreement(trial, scored, labels, by)
    _length(trial, scored, labels)
    noise = _repeatability(trial, scored)
    damage(trial, scored, labels)
    withstand(trial, scored, noise)
    check_unparsed(trial)
    trial.report.lack("swapped_order", f"scores one {what} at a time, so there is no order to swap")
    return finished_card(trial, len(plans), labels, by, made)


def _agreement(trial: Trial, scored: Sequence[Scored], labels: Ratings | None, by: str) -> None:
    """With the labels, or their mean where several people gave them; and among a panel's graders."""
    scores: Scores = {}
    members: Scores = {}
    for plan, verdict in scored:
        for name, score in verdict.scores.items():
            scores[plan.item.id, by, name] = score
        for member in verdict.members:
            for name, score in member.scores.items():
                members[plan.item.id, member.method, name] = score
    exact = _figures(trial, scored, scores, labels)
    on_levels = {key: float(floor(score + 0.5)) for key, score in scores.items()}
    against = ["mean of labels", "rounded mean of labels"]
    if labels is not None and len(labels.raters) == 1:
        against += labels.raters
    for figure in exact.figures:
        if figure.name in _BY_NUMBER and _is_shown(figure, by, against):
            trial.report.figures.append(figure)
    if on_levels == scores:
        rounded, note = exact, ""
    else:
        rounded, note = _figures(trial, scored, on_levels, labels), "scores rounded to levels"
    for figure in rounded.figures:
        if figure.name in BY_LEVEL and _is_shown(figure, by, against):
            if not note:
                trial.report.figures.append(figure)
            elif figure.dimension != OVERALL:  # a mean of dimensions stands between the levels again
                trial.report.figures.append(replace(figure, note=note))
    among = exact.figures
    if members:
        among = [*among, *_figures(trial, scored, members, None).figures]
    for figure in among:
        if figure.against == EACH_OTHER and figure.name in _AMONG and figure.dimension != POOLED:
            trial.report.figures.append(figure)
    trial.report.notes += exact.notes
    if labels is None:
        trial.report.lack("agreement", "there are no reference labels (labels.csv beside judge.yaml)")


def _figures(trial: Trial, scored: Sequence[Scored], scores: Scores, labels: Ratings | None) -> FigureReport:
    clusters = {plan.item.id: plan.pupil for plan, _ in scored}
    ratings = Ratings(scores, clusters, above_weakest=trial.judge.above_weakest)
    return of_ratings(ratings, labels, trial.report.bootstrap)


def _is_shown(figure: AgreementFigure, by: str, against: Sequence[str]) -> bool:
    return figure.judge == by and figure.against in against and figure.dimension != POOLED


def _length(trial: Trial, scored: Sequence[Scored], labels: Ratings | None) -> None:
    """How far the score goes with the number of words, and how far the labels of the same plans do."""
    scores = overalls(scored)
    _correlate(trial, "length_correlation", "Spearman's rho of score and length", scored, scores, "the judge")
    if labels is not None:
        means = mean_labels(labels, plans_of(scored))
        if not np.isnan(means).all():
            name, title = "length_correlation_of_labels", "Spearman's rho of label and length"
            _correlate(trial, name, title, scored, means, "the labels")


def _correlate(
    trial: Trial, name: str, title: str, scored: Sequence[Scored], scores: Floats, who: str
) -> None:
    sizes = np.array([float(length(plan.item.text)) for plan in plans_of(scored)])
    pupils = [plan.pupil for plan in plans_of(scored)]
    there = ~np.isnan(scores)
    rows, counts = distinct(np.stack([sizes[there], scores[there]], axis=1), list(compress(pupils, there)))
    interval = trial.report.bootstrap.of(partial(spearman, rows), counts)
    trial.report.add(name, title, Whose(OVERALL, who, "the number of words"), interval, int(there.sum()))


def _repeatability(trial: Trial, scored: Sequence[Scored]) -> float:
    """Scores the same plans again; gives what a score may move by itself: nothing, or a level in one dimension."""
    what = trial.subject.name
    chosen = [plan.item for plan, _ in scored][:: max(1, len(scored) // _REPEATED)][:_REPEATED]
    times = 2
    if trial.judge.asks:
        times = READINGS
        readings = [verdict.repeats for verdict in trial.verdicts(chosen, READINGS)]
    else:
        readings = list(zip(trial.verdicts(chosen), trial.verdicts(chosen), strict=True))
    series = []
    for verdicts in readings:
        scores = [overall(verdict) for verdict in verdicts if verdict.scores]
        if len(scores) > 1:
            series.append(np.array(scores))
    if not series:
        trial.report.lack("repeatability", f"no {what} got two readings")
        return 0.0
    variances = np.array([np.var(scores, ddof=1) for scores in series])
    same = int(sum(np.ptp(scores) < 1e-9 for scores in series))
    detail = (
        f"{same} {what}s scored the very same {times} times; "
        f"standard deviation within a {what} {np.sqrt(np.mean(variances)):.3f}"
    )
    held = int((np.sqrt(variances) <= 0.5).sum())
    title, expected = "The same score when asked again", "a standard deviation of at most 0.5"
    trial.check("repeatability", title, "noise", held, len(series), expected, detail)
    if same == len(series):
        return 0.0
    return 1.0 / len(trial.judge.dimensions)
