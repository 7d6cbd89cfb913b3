"""Labels of pairs as verdicts of their own: what people prefer how often, and whether judge and people rank alike.

Knows verdicts, labels and strengths; knows no file and no judge. Definitions stand in docs/judges.md.
"""

from collections.abc import Mapping

import numpy as np

from proctor.common.agreement.agreement import Two, kendall_tau_b, pearson, spearman
from proctor.common.agreement.bootstrap import Bootstrap, Floats, Interval
from proctor.judges.figures.pair_agreement import PREFERENCE, labels_of, references
from proctor.judges.figures.preferences import NO_ORDER, Preferences
from proctor.judges.figures.reported import EVERY, Report
from proctor.judges.figures.strengths import ALL_OTHERS, strengths

_LEAST_PLANS = 3
_RANKED = {
    "pearson": ("Pearson's r", pearson),
    "spearman": ("Spearman's rho", spearman),
    "kendall_tau_b": ("Kendall's tau-b", kendall_tau_b),
}


def as_verdicts(labels: Preferences, reference: str, plans: Mapping[str, tuple[str, str]]) -> Preferences:
    """What the reference says of each pair, as one rater's verdicts without an order."""
    verdicts: dict[tuple[str, str, str], str | None] = {}
    clusters, named = {}, {}
    for item in labels.items:
        for number, verdict in enumerate(labels_of(labels, item, reference)):
            name = f"{item} #{number}" if reference == EVERY else item
            verdicts[name, NO_ORDER, reference] = verdict
            clusters[name] = labels.cluster(item)
            if item in plans:
                named[name] = plans[item]
    return Preferences(verdicts, clusters, named)


def of_people(labels: Preferences, plans: Mapping[str, tuple[str, str]]) -> list[Preferences]:
    """Every reference by itself; those that settle no pair are left out."""
    found = [as_verdicts(labels, reference, plans) for reference in references(labels)]
    return [one for one in found if one.verdicts]


def ranked_alike(report: Report, judged: Preferences, labels: Preferences, bootstrap: Bootstrap) -> None:
    """Win rates and strengths of plans by their labels, and how far the judge's win rates go with them."""
    plans = {**judged.plans, **labels.plans}
    everybody = as_verdicts(labels, references(labels)[-1], plans)
    whose = everybody.raters[0] if everybody.verdicts else ""
    if not plans or len(everybody.plans) < len(everybody.verdicts):
        report.lack("systems", "not every labelled pair says whose plans it compares (plan_a and plan_b)")
        return
    strengths(report, everybody, bootstrap, forms=("single",))
    theirs = _win_rates(report, "single", whose)
    for rater in judged.raters:
        for form in ("conservative", "single"):
            ours = _win_rates(report, form, rater)
            names = sorted(set(ours) & set(theirs))
            if len(names) < _LEAST_PLANS:
                report.lack(f"systems_{form}", f"{rater}: {len(names)} plans are named, at least 3 needed")
                continue
            x, y = (np.array([side[name] for name in names]) for side in (ours, theirs))
            _correlations(report, form, (PREFERENCE, rater, whose), x, y)


def _win_rates(report: Report, form: str, rater: str) -> dict[str, float]:
    return {
        one.dimension: one.value
        for one in report.figures
        if (one.name, one.judge, one.against) == (f"win_rate_{form}", rater, ALL_OTHERS)
    }


def _correlations(report: Report, form: str, whose: tuple[str, str, str], x: Floats, y: Floats) -> None:
    for name, (title, make) in _RANKED.items():
        value = float(make(Two(x, y))(np.ones((1, len(x))))[0])
        found = Interval(value) if np.isfinite(value) else Interval(None, note="all win rates are equal")
        report.add(f"systems_{name}_{form}", f"{title} of the plans' win rates", whose, found, len(x))
