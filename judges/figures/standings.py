"""How plans stand that have names (plan_a, plan_b): who wins how often, how strong each is, and whether judge and
people rank them alike.
"""

from collections.abc import Sequence
from itertools import compress
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from proctor.common.stats.agreement import kendall_tau_b, pearson, spearman
from proctor.common.stats.bootstrap import Floats, Interval, Statistic, ratio
from proctor.common.stats.preferences import bradley_terry, unbounded
from proctor.judges.figures.preferences import FORMS, Preferences, labels_of, references, taken_as
from proctor.judges.figures.report import FigureReport, Whose, some

ALL_OTHERS = "all others"
_BOTH_FORMS = ("conservative", "single")
_LEAST_PLANS = 3
_RANKED = {
    "pearson": ("Pearson's r", pearson),
    "spearman": ("Spearman's rho", spearman),
    "kendall_tau_b": ("Kendall's tau-b", kendall_tau_b),
}


def strengths(report: FigureReport, judged: Preferences) -> None:
    """For every rater: win rates of every plan and of every two, and strengths on the log scale with mean 0."""
    if not judged.plans:
        for name in ("win_rate", "bradley_terry"):
            report.lack(name, "the verdicts don't say whose plans they compare (columns plan_a and plan_b)")
        return
    items = judged.items
    clusters = list(map(judged.cluster, items))
    plans = [judged.plans[item] for item in items]
    for rater in judged.raters:
        table = judged.table(rater, items)
        for form in _BOTH_FORMS:
            _strengths(report, rater, form, plans, taken_as(table, form), clusters)


def _strengths(
    report: FigureReport, rater: str, form: str, plans: Sequence[tuple[str, str]], verdicts: Floats,
    clusters: Sequence[str],
) -> None:  # fmt: skip
    """`plans` are those of each item, `verdicts` items x verdicts."""
    names = np.unique(plans).tolist()
    points = _points(names, plans, verdicts, clusters)
    if len(points):
        _win_rates(report, rater, form, names, points)
        _bradley_terry(report, rater, form, names, points)
    else:
        report.lack(f"bradley_terry_{form}", f"{rater}: no pair has {FORMS[form]}")


def _points(
    names: list[str], plans: Sequence[tuple[str, str]], verdicts: Floats, clusters: Sequence[str]
) -> Floats:
    """(clusters, plans, plans): the points that each plan took from each other one; a tie is half a point for both."""
    points: dict[str, Floats] = {}
    for (a, b), row, cluster in zip(plans, verdicts, clusters, strict=True):
        won = (row[~np.isnan(row)] + 1) / 2
        if len(won):
            table = points.setdefault(cluster, np.zeros((len(names), len(names))))
            table[names.index(a), names.index(b)] += won.sum()
            table[names.index(b), names.index(a)] += (1 - won).sum()
    return np.array([points[cluster] for cluster in sorted(points)])


def _win_rates(report: FigureReport, rater: str, form: str, names: list[str], points: Floats) -> None:
    whole = points.sum(axis=0)
    games = whole + whole.T
    title = f"Wins, ties as half ({FORMS[form]})"
    everybody = np.arange(len(names))
    for plan, name in enumerate(names):
        against = {ALL_OTHERS: everybody[everybody != plan]}
        for other in everybody[games[plan] > 0]:
            against[names[other]] = np.array([other])
        statistics = {other: _win_rate(len(names), plan, places) for other, places in against.items()}
        intervals = report.bootstrap.each(statistics, points.reshape(len(points), -1))
        for other, interval in intervals.items():
            n = round(float(games[plan, against[other]].sum()))
            report.add(f"win_rate_{form}", title, Whose(name, rater, other), interval, n)


def _win_rate(size: int, plan: int, others: NDArray[np.intp]) -> Statistic:
    """A plan's share of the points against the others; weights are points as `_points` has them, flat."""

    def rate(w: Floats) -> Floats:
        points = w.reshape(-1, size, size)
        won, lost = points[:, plan, others].sum(axis=1), points[:, others, plan].sum(axis=1)
        return ratio(won, won + lost)

    return rate


def _bradley_terry(report: FigureReport, rater: str, form: str, names: list[str], points: Floats) -> None:
    size = len(names)
    label = f"bradley_terry_{form}"
    stuck = unbounded(points.sum(axis=0))
    if stuck:
        took = "took no point from any plan outside"
        if len(stuck) == len(names):
            took = "are not all compared"
        plans = some([names[plan] for plan in stuck])
        report.lack(label, f"{rater}: {plans} {took}, so no finite strengths fit")
        return
    latest: dict[int, Floats] = {}  # all plans ask for the same fit, one after the other

    def strength(plan: int) -> Statistic:
        def of(w: Floats) -> Floats:
            key = hash(w.tobytes())
            if key not in latest:
                latest.clear()
                latest[key] = bradley_terry(w.reshape(-1, size, size))
            return latest[key][:, plan]

        return of

    statistics = {name: strength(plan) for plan, name in enumerate(names)}
    intervals = report.bootstrap.each(statistics, points.reshape(len(points), -1))
    title = f"Bradley-Terry strength, log scale, mean 0 ({FORMS[form]})"
    for plan, name in enumerate(names):
        n = round(float(points[:, plan, :].sum() + points[:, :, plan].sum()))
        report.add(label, title, Whose(name, rater, ALL_OTHERS), intervals[name], n)


def ranked_alike(report: FigureReport, judged: Preferences, labels: Preferences) -> None:
    """Win rates and strengths of plans by their labels, and how far the judge's win rates go with them."""
    reference = references(labels)[-1]
    plans_of = {**judged.plans, **labels.plans}
    verdicts = labels_of(labels, labels.items, reference)
    settled = np.count_nonzero(~np.isnan(verdicts), axis=1) > 0
    items = list(compress(labels.items, settled))
    if not items or not plans_of.keys() >= set(items):
        report.lack("systems", "not every labelled pair says whose plans it compares (plan_a and plan_b)")
        return
    plans = [plans_of[item] for item in items]
    clusters = list(map(labels.cluster, items))
    _strengths(report, reference, "single", plans, verdicts[settled], clusters)
    theirs = _rates_by_plan(report, "single", reference)
    for rater in judged.raters:
        for form in _BOTH_FORMS:
            ours = _rates_by_plan(report, form, rater)
            names = sorted(set(ours) & set(theirs))
            if len(names) < _LEAST_PLANS:
                report.lack(f"systems_{form}", f"{rater}: {len(names)} plans are named, at least 3 needed")
                continue
            rows = np.array([itemgetter(*names)(ours), itemgetter(*names)(theirs)]).T
            for name, (title, figure) in _RANKED.items():
                value = float(figure(rows, np.ones((1, len(rows))))[0])
                interval = Interval(None, note="all win rates are equal")
                if np.isfinite(value):
                    interval = Interval(value)
                title = f"{title} of the plans' win rates"
                whose = Whose("preference", rater, reference)
                report.add(f"systems_{name}_{form}", title, whose, interval, len(rows))


def _rates_by_plan(report: FigureReport, form: str, rater: str) -> dict[str, float]:
    wanted = (f"win_rate_{form}", rater, ALL_OTHERS)
    rates = {}
    for figure in report.figures:
        if (figure.name, figure.judge, figure.against) == wanted:
            rates[figure.dimension] = figure.value
    return rates
