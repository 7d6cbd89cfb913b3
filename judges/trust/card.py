"""The trust card of a judge that marks one plan at a time: agreement, length, noise, planted damage, injections.

Every check is a question put to the judge with plans whose order of merit is known. Knows judges and labelled plans;
must not know exams, and writes no file.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import floor
from typing import Any

import numpy as np

from proctor.common.agreement.agreement import Two, spearman
from proctor.common.agreement.bootstrap import Floats, distinct
from proctor.common.refusal import Refusal
from proctor.judges.figures.marks import of_ratings
from proctor.judges.figures.ratings import OVERALL, POOLED, Ratings
from proctor.judges.figures.reported import EACH_OTHER
from proctor.judges.rules.text import words
from proctor.judges.trust.planting import damage, withstand
from proctor.judges.trust.trial import Check, Labelled, Trial, overall
from proctor.judges.verdict import Verdict

READINGS = 3  # of the same plan, for a judge that asks a model
_REPEATED, _UNREAD = 8, 0.05
# What a card says of agreement; everything else comes with --ratings.
_BY_NUMBER = (
    "within_one", "mean_difference", "mean_absolute_error", "pearson", "spearman", "kendall_tau_b", "alpha_ordinal",
    "alpha_interval",
)  # fmt: skip
BY_LEVEL = ("exact_agreement", "cohen_kappa", "linear_weighted_kappa", "quadratic_weighted_kappa")
_AMONG = ("alpha_nominal", "alpha_ordinal", "alpha_interval", "mean_pairwise_quadratic_weighted_kappa")


def card(
    trial: Trial, plans: Sequence[Labelled], labels: Ratings | None, by: str, made: str
) -> dict[str, Any]:
    """The card as it is kept in results/_judges/<judge>/trust.json."""
    if not plans:
        raise Refusal("there are no plans to try the judge on")
    verdicts = trial.marks([plan.item for plan in plans])
    scored = [(plan, verdict) for plan, verdict in zip(plans, verdicts, strict=True) if verdict.scores]
    if not scored:
        why = next((verdict.problem for verdict in verdicts if verdict.problem), "no plan has a word")
        raise Refusal(f"not one of {len(plans)} plans could be marked: {why}")
    _agreement(trial, scored, labels, by)
    _length(trial, scored, labels)
    noise = _repeatability(trial, scored)
    damage(trial, scored, labels)
    withstand(trial, scored, noise)
    unparsed(trial)
    trial.report.lack("swapped_order", "marks one plan at a time, so there is no order to swap")
    return finished(trial, len(plans), labels, by, made)


def finished(trial: Trial, items: int, labels: Ratings | None, by: str, made: str) -> dict[str, Any]:
    failed = [check for check in trial.checks if not check.passed]
    return {
        "judge": trial.judge.name,
        "kind": trial.judge.kind,
        "digest": trial.judge.digest,
        "made": made,
        "by": by,
        "items": items,
        "labels": None if labels is None else {"n": len(labels.items), "raters": labels.raters},
        "figures": [_flat(figure.as_dict()) for figure in trial.report.figures],
        "checks": [check.as_dict() for check in trial.checks],
        "missing": [{"name": one.name, "why": one.why} for one in trial.report.missing],
        "notes": list(trial.report.notes),
        "unparsed": {"n": trial.unread, "of": trial.asked},
        "warning": warning(failed),
    }


def warning(failed: Sequence[Check]) -> str:
    """One sentence, or nothing."""
    if not failed:
        return ""
    said = ", ".join(f"{check.title.lower()} ({check.held} of {check.of} held)" for check in failed[:4])
    more = f" and {len(failed) - 4} more" if len(failed) > 4 else ""
    return f"This judge failed {len(failed)} of its checks: {said}{more}; read its marks with care."


def _flat(figure: dict[str, Any]) -> dict[str, Any]:
    """A figure as cards have it: who is held against whom is said in the note."""
    judge, against = figure.pop("judge"), figure.pop("against")
    said = f"among {judge}" if against == EACH_OTHER else f"against {against}"
    figure["note"] = "; ".join(part for part in (said, figure["note"]) if part)
    return figure


def _agreement(
    trial: Trial, scored: Sequence[tuple[Labelled, Verdict]], labels: Ratings | None, by: str
) -> None:
    """With the labels, or their mean where several people gave them; and among a panel's graders."""
    clusters = {plan.item.id: plan.pupil for plan, _ in scored}
    marks = {
        (plan.item.id, by, name): value for plan, verdict in scored for name, value in verdict.scores.items()
    }
    limit = trial.judge.above_weakest
    exact = of_ratings(Ratings(marks, clusters, above_weakest=limit), labels, trial.bootstrap)
    on_levels = {key: float(floor(mark + 0.5)) for key, mark in marks.items()}
    between = on_levels != marks
    rounded = (
        of_ratings(Ratings(on_levels, clusters, above_weakest=limit), labels, trial.bootstrap)
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
        among += of_ratings(Ratings(members, clusters, above_weakest=limit), None, trial.bootstrap).figures
    trial.report.figures += [
        figure
        for figure in among
        if figure.against == EACH_OTHER and figure.name in _AMONG and figure.dimension != POOLED
    ]
    trial.report.notes += exact.notes
    if labels is None:
        trial.report.lack("agreement", "there are no reference labels (labels.csv beside judge.yaml)")


def _length(trial: Trial, scored: Sequence[tuple[Labelled, Verdict]], labels: Ratings | None) -> None:
    """How far the mark goes with the number of words, and how far the labels of the same plans do."""
    sizes = np.array([float(len(words(plan.item.text))) for plan, _ in scored])
    marks = np.array([overall(verdict) for _, verdict in scored])
    pupils = [plan.pupil for plan, _ in scored]

    def correlate(name: str, title: str, values: Floats, who: str) -> None:
        there = ~np.isnan(values)
        rows, counts = distinct(
            np.stack([sizes[there], values[there]], axis=1),
            [pupil for pupil, kept in zip(pupils, there, strict=True) if kept],
        )
        found = trial.bootstrap.of(spearman(Two(rows[:, 0], rows[:, 1])), counts)
        trial.report.add(name, title, (OVERALL, who, "the number of words"), found, int(there.sum()))

    correlate("length_correlation", "Spearman's rho of mark and length", marks, "the judge")
    if labels is not None:
        items = [plan.item.id for plan, _ in scored]
        table = labels.table(OVERALL, items, labels.raters)
        with np.errstate(invalid="ignore"):
            means = np.array([np.nanmean(row) if not np.isnan(row).all() else np.nan for row in table])
        if (~np.isnan(means)).any():
            correlate("length_correlation_of_labels", "The same of the labels", means, "the labels")


def _repeatability(trial: Trial, scored: Sequence[tuple[Labelled, Verdict]]) -> float:
    """Marks the same plans again; gives what a mark may move by itself: nothing, or a level in one dimension."""
    chosen = [plan.item for plan, _ in scored][:: max(1, len(scored) // _REPEATED)][:_REPEATED]
    times = READINGS if trial.judge.asks else 2
    if trial.judge.asks:
        verdicts = trial.marks(chosen, READINGS)
        series = [[overall(one) for one in verdict.repeats if one.scores] for verdict in verdicts]
    else:
        rounds = [trial.marks(chosen) for _ in range(times)]
        series = [[overall(verdict) for verdict in each] for each in zip(*rounds, strict=True)]
    series = [each for each in series if len(each) > 1]
    if not series:
        trial.report.lack("repeatability", "no plan got two readings")
        return 0.0
    spread = float(np.sqrt(np.mean([np.var(each, ddof=1) for each in series])))
    same = sum(max(each) - min(each) < 1e-9 for each in series)
    within = sum(float(np.std(each, ddof=1)) <= 0.5 for each in series)
    trial.checks.append(
        Check(
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


def unparsed(trial: Trial) -> None:
    read = trial.asked - trial.unread
    detail = f"{trial.unread} of {trial.asked} verdicts could not be had; those are missing, never 0"
    trial.checks.append(
        Check("parsed", "Verdicts that can be read", "noise", read, trial.asked, detail, 1 - _UNREAD)
    )
