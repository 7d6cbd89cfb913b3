"""Agreement of verdicts on pairs: judge with labels, and raters with each other, with and without ties.

Pure functions of weighted votes. Definitions stand in docs/judges.md. Knows no file and no judge.
"""

from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np

from proctor.common.agreement.agreement import Two, cohen_kappa, macro, matthews_correlation
from proctor.common.agreement.bootstrap import Bootstrap, Floats, Statistic, distinct, ratio
from proctor.common.agreement.reliability import AMONG, asked_of
from proctor.judges.figures.preferences import (
    NO_ORDER,
    ORDERS,
    Preferences,
    conservative,
    majority,
    settled,
    summed,
)
from proctor.judges.figures.reported import EACH_OTHER, EVERY, MOST_NAMED, Report

PREFERENCE = "preference"  # the one dimension of a verdict on a pair
PLACE = {"a": 1.0, "tie": 0.0, "b": -1.0}

# What a judge's two verdicts on a pair can be taken as, and the words for it.
FORMS: dict[str, str] = {
    "ab": "verdicts with plan a first",
    "ba": "verdicts with plan b first",
    "single": "every verdict by itself",
    "conservative": "both orders, a flip is a tie",
    "summed": "both orders added up",
    "consistent": "only pairs with the same verdict in both orders",
}
# What several raters of labels can be taken as, besides each of them by itself.
MAJORITY, OR_TIE = "majority of labels", "majority of labels, else a tie"

Vote = tuple[str, str, str]  # verdict, label, cluster


def taken_as(given: dict[str, str], form: str) -> list[str]:
    """The verdicts that one rater's words on a pair come to, in one of FORMS; none where they can't."""
    if form in ORDERS:
        return [given[form]] if form in given else []
    if form == "single":
        return [given[order] for order in (*ORDERS, NO_ORDER) if order in given]
    if not all(order in given for order in ORDERS):
        return []
    ab, ba = given["ab"], given["ba"]
    if form == "consistent":
        return [ab] if ab == ba else []
    return [conservative(ab, ba) if form == "conservative" else summed(ab, ba)]


def with_labels(
    report: Report, judged: Preferences, rater: str, labels: Preferences, bootstrap: Bootstrap
) -> None:
    clusters = {item: judged.clusters.get(item) or labels.cluster(item) for item in judged.items}
    for reference in references(labels):
        whose = PREFERENCE, rater, reference
        answers = {item: labels_of(labels, item, reference) for item in judged.items}
        for form in FORMS:
            votes = [
                (verdict, label, clusters[item])
                for item in judged.items
                for verdict in taken_as(judged.given(item, rater), form)
                for label in answers[item]
            ]
            if votes:
                _votes(report, form, whose, votes, bootstrap)
            else:
                report.lack(
                    f"agreement_{form}", f"{rater} against {reference}: no labelled pair has {FORMS[form]}"
                )
        _consistent_and_right(report, judged, whose, answers, clusters, bootstrap)
        left = sum(not answers[item] for item in labels.items if item in answers)
        if reference == MAJORITY and left:
            report.notes.append(
                f"{left} pairs have no majority of labels and are left out where it is asked for"
            )


def references(labels: Preferences) -> list[str]:
    """Whom a judge is held to: each rater of labels, and what several say together."""
    named = labels.raters if len(labels.raters) <= MOST_NAMED else []
    return [*named, *([MAJORITY, OR_TIE, EVERY] if len(labels.raters) > 1 else [])]


def labels_of(labels: Preferences, item: str, reference: str) -> list[str]:
    """The reference's label of a pair; none where it settles nothing, several where each counts."""
    if reference in labels.raters:
        verdict = settled(labels.given(item, reference))
        return [verdict] if verdict else []
    votes = [verdict for rater in labels.raters if (verdict := settled(labels.given(item, rater)))]
    if reference == EVERY or not votes:
        return votes
    most = majority(votes) or ("tie" if reference == OR_TIE else None)
    return [most] if most else []


def _consistent_and_right(
    report: Report, judged: Preferences, whose: tuple[str, str, str], answers: dict[str, list[str]],
    clusters: dict[str, str], bootstrap: Bootstrap,
) -> None:  # fmt: skip
    """Of all labelled pairs with both orders: those where both verdicts are the label."""
    rows = [
        (given["ab"] == given["ba"] == label, clusters[item])
        for item in judged.items
        if all(order in (given := judged.given(item, whose[1])) for order in ORDERS)
        for label in answers[item]
    ]
    name = "agreement_in_both_orders"
    if not rows:
        report.lack(name, f"{whose[1]} against {whose[2]}: no labelled pair has verdicts in both orders")
        return
    groups = sorted({cluster for _, cluster in rows})
    counts = np.zeros((len(groups), 2))
    for right, cluster in rows:
        counts[groups.index(cluster), int(right)] += 1
    found = bootstrap.of(lambda w: ratio(w[:, 1], w.sum(axis=1)), counts)
    report.add(name, "Agreement in both orders at once, of all pairs", whose, found, len(rows))


def _votes(
    report: Report, form: str, whose: tuple[str, str, str], votes: Sequence[Vote], bootstrap: Bootstrap
) -> None:
    two, counts = cells([(x, y) for x, y, _ in votes], [cluster for *_, cluster in votes])
    statistics = {name: make(two) for name, (_, make, _) in _FIGURES.items()}
    found = bootstrap.each(statistics, counts)
    whole = counts.sum(axis=0)
    for name, (title, _, asked) in _FIGURES.items():
        n = int((whole * asked(two)).sum())
        report.add(f"{name}_{form}", f"{title} ({FORMS[form]})", whose, found[name], n)


def _all(two: Two) -> Floats:
    return np.ones(two.size)


def _no_ties(two: Two) -> Floats:
    there: Floats = ((two.x != 0) & (two.y != 0)).astype(np.float64)
    return there


def _no_label_ties(two: Two) -> Floats:
    there: Floats = (two.y != 0).astype(np.float64)
    return there


def _share(asked: Callable[[Two], Floats], tie_worth: float = 0.0) -> Callable[[Two], Statistic]:
    def made(two: Two) -> Statistic:
        kept = asked(two)
        hit = kept * np.where(two.x == two.y, 1.0, np.where(two.x == 0, tie_worth, 0.0))
        return lambda w: ratio(w @ hit, w @ kept)

    return made


def _kappa_without_ties(two: Two) -> Statistic:
    kappa, kept = cohen_kappa(two), _no_ties(two)
    return lambda w: kappa(w * kept)


_FIGURES: dict[str, tuple[str, Callable[[Two], Statistic], Callable[[Two], Floats]]] = {
    "agreement": ("Agreement, ties as a verdict", _share(_all), _all),
    "agreement_without_ties": ("Agreement, no tie on either side", _share(_no_ties), _no_ties),
    "agreement_without_label_ties": (
        "Agreement, label no tie, judge's tie wrong", _share(_no_label_ties), _no_label_ties,
    ),
    "agreement_ties_half": (
        "Agreement, label no tie, judge's tie half", _share(_no_label_ties, 0.5), _no_label_ties,
    ),
    "kappa": ("Cohen's kappa of a, b and tie", cohen_kappa, _all),
    "kappa_without_ties": ("Cohen's kappa, no tie on either side", _kappa_without_ties, _no_ties),
    "macro_precision": ("Precision, mean of a, b and tie", macro("precision"), _all),
    "macro_recall": ("Recall, mean of a, b and tie", macro("recall"), _all),
    "macro_f1": ("F1, mean of a, b and tie", macro("f1"), _all),
    "matthews_correlation": ("Matthews' correlation of a, b and tie", matthews_correlation, _all),
}  # fmt: skip


_POOLED = ("agreement", "agreement_without_ties")  # kappas would ask who of the two comes first


def among_raters(report: Report, given: Preferences, who: str, bootstrap: Bootstrap) -> None:
    """How far raters agree, each taken conservatively where it judged both orders."""
    if len(given.raters) < 2:
        for name in (*AMONG, "agreement_between_raters"):
            report.lack(name, f"among {who}: there is one only ({given.raters[0]})")
        return
    said = {rater: [settled(given.given(item, rater)) for item in given.items] for rater in given.raters}
    clusters = [given.cluster(item) for item in given.items]
    for a, b in combinations(said, 2) if not report.crowd(len(said), who) else ():
        votes = [(x, y, cluster) for x, y, cluster in zip(said[a], said[b], clusters, strict=True) if x and y]
        if votes:
            _between(report, (PREFERENCE, a, b), votes, (*_POOLED, "kappa", "kappa_without_ties"), bootstrap)
        else:
            report.lack("agreement_between_raters", f"{a} and {b} judged no pair both")
    pooled = [
        (x, y, cluster)
        for *votes, cluster in zip(*said.values(), clusters, strict=True)
        for x, y in combinations([one for one in votes if one], 2)
    ]
    if pooled:
        _between(report, (PREFERENCE, who, EACH_OTHER), pooled, _POOLED, bootstrap)
    table = np.array([[PLACE[v] if v else np.nan for v in column] for column in said.values()]).T
    for asked in asked_of(table):
        useful = [name for name in asked.figures if not name.startswith(("icc", "alpha_ratio", "kendall"))]
        if not asked.items.any():
            for name in useful:
                report.lack(name, f"among {who}: no pair has the verdicts that it needs")
            continue
        chosen = [c for c, there in zip(clusters, asked.items, strict=True) if there]
        rows, counts = distinct(asked.rows, chosen)
        found = bootstrap.each({name: asked.figures[name][1](rows) for name in useful}, counts)
        for name in useful:
            whose = PREFERENCE, who, EACH_OTHER
            report.add(name, asked.figures[name][0], whose, found[name], len(chosen), asked.note)


def _between(
    report: Report,
    whose: tuple[str, str, str],
    votes: Sequence[Vote],
    names: Sequence[str],
    bootstrap: Bootstrap,
) -> None:
    two, counts = cells([(x, y) for x, y, _ in votes], [cluster for *_, cluster in votes])
    found = bootstrap.each({name: _FIGURES[name][1](two) for name in names}, counts)
    for name in names:
        n = int((counts.sum(axis=0) * _FIGURES[name][2](two)).sum())
        report.add(f"{name}_between_raters", _FIGURES[name][0], whose, found[name], n)


def cells(votes: Sequence[tuple[str, str]], clusters: Sequence[str]) -> tuple[Two, Floats]:
    """All nine pairs of verdicts, and how often each stands in each cluster."""
    places = list(PLACE)
    groups = {name: at for at, name in enumerate(sorted(set(clusters)))}
    counts = np.zeros((len(groups), 9))
    for (x, y), cluster in zip(votes, clusters, strict=True):
        counts[groups[cluster], places.index(x) * 3 + places.index(y)] += 1
    used = counts.sum(axis=0) > 0
    x = np.repeat([PLACE[place] for place in places], 3)[used]
    y = np.tile([PLACE[place] for place in places], 3)[used]
    return Two(x, y), counts[:, used]
