"""Who wins how often, and Bradley-Terry strengths, from verdicts on pairs whose plans have names (plan_a, plan_b).

Knows verdicts and resampling; knows no file and no judge. Definitions stand in docs/judges.md.
"""

from collections.abc import Sequence

import numpy as np

from proctor.common.agreement.bootstrap import Bootstrap, Floats, Statistic, ratio
from proctor.judges.figures.pair_agreement import FORMS, taken_as
from proctor.judges.figures.preferences import Preferences
from proctor.judges.figures.reported import Report

_STEPS = 100
_POINTS = {"a": 1.0, "tie": 0.5, "b": 0.0}
ALL_OTHERS = "all others"
_ASKED = ("conservative", "single")  # the forms of FORMS that strengths are given for


def strengths(
    report: Report, judged: Preferences, bootstrap: Bootstrap, forms: Sequence[str] = _ASKED
) -> None:
    """For every rater: win rates of every plan and of every two, and strengths on the log scale with mean 0."""
    if not judged.plans:
        for name in ("win_rate", "bradley_terry"):
            report.lack(name, "the verdicts don't say whose plans they compare (columns plan_a and plan_b)")
        return
    names = sorted({name for pair in judged.plans.values() for name in pair})
    for rater in judged.raters:
        for form in forms:
            points = _points(judged, rater, form, names)
            if not len(points):
                report.lack(f"bradley_terry_{form}", f"{rater}: no pair has {FORMS[form]}")
                continue
            _win_rates(report, rater, form, names, points, bootstrap)
            _bradley_terry(report, rater, form, names, points, bootstrap)


def _points(judged: Preferences, rater: str, form: str, names: list[str]) -> Floats:
    """(clusters, plans, plans): the points that each plan took from each other one; a tie is half a point for both."""
    at = {name: place for place, name in enumerate(names)}
    found: dict[str, Floats] = {}
    for item in judged.items:
        a, b = (at[name] for name in judged.plans[item])
        for verdict in taken_as(judged.given(item, rater), form):
            table = found.setdefault(judged.cluster(item), np.zeros((len(names), len(names))))
            table[a, b] += _POINTS[verdict]
            table[b, a] += 1 - _POINTS[verdict]
    return np.array([found[cluster] for cluster in sorted(found)])


def _win_rates(
    report: Report, rater: str, form: str, names: list[str], points: Floats, bootstrap: Bootstrap
) -> None:
    size, flat = len(names), points.reshape(len(points), -1)
    whole = points.sum(axis=0)

    def rate(i: int, others: list[int]) -> Statistic:
        won, lost = [i * size + j for j in others], [j * size + i for j in others]
        return lambda w: ratio(w[:, won].sum(axis=1), w[:, won].sum(axis=1) + w[:, lost].sum(axis=1))

    for i, name in enumerate(names):
        against = {ALL_OTHERS: [j for j in range(size) if j != i]}
        against |= {other: [j] for j, other in enumerate(names) if j != i and whole[i, j] + whole[j, i] > 0}
        found = bootstrap.each({other: rate(i, places) for other, places in against.items()}, flat)
        for other, interval in found.items():
            n = round(float(sum(whole[i, j] + whole[j, i] for j in against[other])))
            title = f"Wins, ties as half ({FORMS[form]})"
            report.add(f"win_rate_{form}", title, (name, rater, other), interval, n)


def _bradley_terry(
    report: Report, rater: str, form: str, names: list[str], points: Floats, bootstrap: Bootstrap
) -> None:
    size = len(names)
    label = f"bradley_terry_{form}"
    if stuck := unbounded(points.sum(axis=0)):
        report.lack(label, f"{rater}: {_why(stuck, names)}")
        return
    cache: dict[int, Floats] = {}

    def strength(at: int) -> Statistic:
        def of(w: Floats) -> Floats:
            key = hash(w.tobytes())
            if key not in cache:
                cache.clear()
                cache[key] = fit(w.reshape(-1, size, size))
            return cache[key][:, at]

        return of

    found = bootstrap.each(
        {name: strength(i) for i, name in enumerate(names)}, points.reshape(len(points), -1)
    )
    for i, name in enumerate(names):
        n = round(float(points[:, i, :].sum() + points[:, :, i].sum()))
        title = f"Bradley-Terry strength, log scale, mean 0 ({FORMS[form]})"
        report.add(label, title, (name, rater, ALL_OTHERS), found[name], n)


def unbounded(points: Floats) -> list[int]:
    """The plans of a group that took no point from outside it: then no finite strengths fit (Ford 1957)."""
    reach = _reach(points[None])[0]
    if reach.all():
        return []
    beaten = [i for i in range(len(points)) if (reach[i] <= reach[:, i]).all()]
    return beaten or list(range(len(points)))


def _why(stuck: list[int], names: list[str]) -> str:
    said = ", ".join(names[i] for i in stuck[:3]) + (", ..." if len(stuck) > 3 else "")
    took = "took no point from any plan outside" if len(stuck) < len(names) else "are not all compared"
    return f"{said} {took}, so no finite strengths fit"


def _reach(points: Floats) -> np.ndarray:
    """(rows, i, j): whether a chain of won points leads from i to j."""
    size = points.shape[1]
    reach = (points > 0) | np.eye(size, dtype=bool)
    for _ in range(max(1, int(np.ceil(np.log2(max(size, 2)))))):
        reach = np.matmul(reach.astype(np.float32), reach.astype(np.float32)) > 0
    return reach


def fit(points: Floats) -> Floats:
    """Maximum likelihood strengths of every row of points (rows, plans, plans), mean 0; nan where none is finite.

    Newton's steps on the concave log-likelihood sum of points_ij log(1 / (1 + exp(s_j - s_i))), halved until they
    no longer overshoot.
    """
    rows, size, _ = points.shape
    games, won = points + points.transpose(0, 2, 1), points.sum(axis=2)
    bounded = _reach(points).all(axis=(1, 2))
    found = np.zeros((rows, size))
    free = np.flatnonzero(bounded)
    for _ in range(_STEPS):
        if not len(free):
            break
        s = found[free]
        chance = 1.0 / (1.0 + np.exp(s[:, None, :] - s[:, :, None]))
        slope = won[free] - (games[free] * chance).sum(axis=2)
        curve = games[free] * chance * (1.0 - chance)
        hessian = -curve
        hessian[:, np.arange(size), np.arange(size)] = curve.sum(axis=2)
        # The mean of all strengths is free; fixing it makes the matrix regular.
        step = np.linalg.solve(hessian + 1.0 / size, slope[:, :, None])[:, :, 0]
        largest = np.abs(step).max(axis=1, keepdims=True)
        found[free] = s + step / np.maximum(1.0, largest)
        free = free[largest[:, 0] > 1e-12]
    found -= found.mean(axis=1, keepdims=True)
    found[~bounded] = np.nan
    return found
