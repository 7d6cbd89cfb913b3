"""How plans stand that have names (plan_a, plan_b): who wins how often, how strong each is, and whether judge and
people rank them alike.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from proctor.common.stats.agreement import ScorePairs, kendall_tau_b, pearson, spearman
from proctor.common.stats.bootstrap import Floats, Interval, Statistic, ratio
from proctor.common.stats.preferences import bradley_terry, unbounded
from proctor.judges.figures.preferences import FORMS, Preferences, references, taken_as
from proctor.judges.figures.report import FigureReport, Whose

ALL_OTHERS = "all others"
_POINTS = {"a": 1.0, "tie": 0.5, "b": 0.0}
_BOTH_FORMS = ("conservative", "single")
_LEAST_PLANS = 3
_RANKED = {
    "pearson": ("Pearson's r", pearson),
    "spearman": ("Spearman's rho", spearman),
    "kendall_tau_b": ("Kendall's tau-b", kendall_tau_b),
}


def strengths(report: FigureReport, judged: Preferences, forms: Iterable[str] = _BOTH_FORMS) -> None:
    """For every rater: win rates of every plan and of every two, and strengths on the log scale with mean 0."""
    if not judged.plans:
        for name in ("win_rate", "bradley_terry"):
            report.lack(name, "the verdicts don't say whose plans they compare (columns plan_a and plan_b)")
        return
    names = sorted({name for pair in judged.plans.values() for name in pair})
    for rater in judged.raters:
        for form in forms:
            points = _points(judged, rater, form, names)
            if len(points):
                _win_rates(report, rater, form, names, points)
                _bradley_terry(report, rater, form, names, points)
            else:
                report.lack(f"bradley_terry_{form}", f"{rater}: no pair has {FORMS[form]}")


def _points(judged: Preferences, rater: str, form: str, names: list[str]) -> Floats:
    """(clusters, plans, plans): the points that each plan took from each other one; a tie is half a point for both."""
    place = {name: at for at, name in enumerate(names)}
    points: dict[str, Floats] = {}
    for item in judged.items:
        a, b = (place[name] for name in judged.plans[item])
        for verdict in taken_as(judged.given(item, rater), form):
            table = points.setdefault(judged.cluster(item), np.zeros((len(names), len(names))))
            table[a, b] += _POINTS[verdict]
            table[b, a] += 1 - _POINTS[verdict]
    return np.array([points[cluster] for cluster in sorted(points)])


def _win_rates(report: FigureReport, rater: str, form: str, names: list[str], points: Floats) -> None:
    size, flat = len(names), points.reshape(len(points), -1)
    games = points.sum(axis=0) + points.sum(axis=0).T
    title = f"Wins, ties as half ({FORMS[form]})"

    def rate(i: int, others: Sequence[int]) -> Statistic:
        won, lost = [i * size + j for j in others], [j * size + i for j in others]
        return lambda w: ratio(w[:, won].sum(axis=1), w[:, won].sum(axis=1) + w[:, lost].sum(axis=1))

    for i, name in enumerate(names):
        against = {ALL_OTHERS: [j for j in range(size) if j != i]}
        against |= {other: [j] for j, other in enumerate(names) if j != i and games[i, j] > 0}
        intervals = report.bootstrap.each({other: rate(i, places) for other, places in against.items()}, flat)
        for other, interval in intervals.items():
            n = round(float(games[i, against[other]].sum()))
            report.add(f"win_rate_{form}", title, Whose(name, rater, other), interval, n)


def _bradley_terry(report: FigureReport, rater: str, form: str, names: list[str], points: Floats) -> None:
    size = len(names)
    label = f"bradley_terry_{form}"
    if stuck := unbounded(points.sum(axis=0)):
        report.lack(label, f"{rater}: {_why_unbounded(stuck, names)}")
        return
    latest: dict[int, Floats] = {}  # all plans ask for the same fit, one after the other

    def strength(place: int) -> Statistic:
        def of(w: Floats) -> Floats:
            key = hash(w.tobytes())
            if key not in latest:
                latest.clear()
                latest[key] = bradley_terry(w.reshape(-1, size, size))
            return latest[key][:, place]

        return of

    statistics = {name: strength(place) for place, name in enumerate(names)}
    intervals = report.bootstrap.each(statistics, points.reshape(len(points), -1))
    title = f"Bradley-Terry strength, log scale, mean 0 ({FORMS[form]})"
    for place, name in enumerate(names):
        n = round(float(points[:, place, :].sum() + points[:, :, place].sum()))
        report.add(label, title, Whose(name, rater, ALL_OTHERS), intervals[name], n)


def _why_unbounded(stuck: list[int], names: list[str]) -> str:
    plans = ", ".join(names[place] for place in stuck[:3]) + (", ..." if len(stuck) > 3 else "")
    took = "took no point from any plan outside" if len(stuck) < len(names) else "are not all compared"
    return f"{plans} {took}, so no finite strengths fit"


def ranked_alike(report: FigureReport, judged: Preferences, labels: Preferences) -> None:
    """Win rates and strengths of plans by their labels, and how far the judge's win rates go with them."""
    reference = references(labels)[-1]
    everybody = labels.as_one(reference, {**judged.plans, **labels.plans})
    if not everybody.plans or len(everybody.plans) < len(everybody.verdicts):
        report.lack("systems", "not every labelled pair says whose plans it compares (plan_a and plan_b)")
        return
    strengths(report, everybody, ["single"])
    theirs = _rates_by_plan(report, "single", reference)
    for rater in judged.raters:
        for form in _BOTH_FORMS:
            ours = _rates_by_plan(report, form, rater)
            names = sorted(set(ours) & set(theirs))
            if len(names) < _LEAST_PLANS:
                report.lack(f"systems_{form}", f"{rater}: {len(names)} plans are named, at least 3 needed")
                continue
            x, y = np.array([ours[name] for name in names]), np.array([theirs[name] for name in names])
            for name, (title, make) in _RANKED.items():
                value = float(make(ScorePairs(x, y))(np.ones((1, len(x))))[0])
                interval = Interval(None, note="all win rates are equal")
                if np.isfinite(value):
                    interval = Interval(value)
                whose = Whose("preference", rater, reference)
                report.add(
                    f"systems_{name}_{form}", f"{title} of the plans' win rates", whose, interval, len(x)
                )


def _rates_by_plan(report: FigureReport, form: str, rater: str) -> dict[str, float]:
    wanted = (f"win_rate_{form}", rater, ALL_OTHERS)
    return {
        one.dimension: one.value for one in report.figures if (one.name, one.judge, one.against) == wanted
    }
