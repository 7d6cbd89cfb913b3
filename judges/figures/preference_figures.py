"""All figures that verdicts on pairs can give, with labels or without, each by its name in docs/judges.md.

report = of_preferences(read_preferences(path), read_preferences(labels, "label", labels=True), Bootstrap())
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from scipy.stats import binomtest

from proctor.common.refusal import Refusal
from proctor.common.stats.agreement import ScorePairs, cohen_kappa, macro, matthews_correlation
from proctor.common.stats.bootstrap import Bootstrap, Floats, Interval, Statistic, distinct, ratio
from proctor.common.stats.reliability import AMONG, rated_items
from proctor.judges.figures.preferences import (
    FIRST,
    FORMS,
    MAJORITY,
    ORDERS,
    Preferences,
    labels_of,
    references,
    settled,
    taken_as,
)  # fmt: skip
from proctor.judges.figures.report import EACH_OTHER, Computation, FigureReport, Whose
from proctor.judges.figures.standings import ranked_alike, strengths

PREFERENCE = "preference"  # the one dimension of a verdict on a pair
_VERDICTS = ("a", "tie", "b")
_WORTH = {"a": 1.0, "tie": 0.0, "b": -1.0}

Vote = tuple[str, str, str]  # two verdicts that are held to each other, and their cluster
Part = Callable[[Floats, Floats], Any]  # which pairs of verdicts (1: a, 0: tie, -1: b) count, or how much


def of_preferences(judged: Preferences, labels: Preferences | None, bootstrap: Bootstrap) -> FigureReport:
    report = FigureReport(bootstrap)
    _note_what_is_there(report, judged, labels)
    for rater in judged.raters:
        _orders(report, judged, rater)
        _places(report, judged, rater)
        _winning(report, judged, rater, FORMS)
        if labels is not None:
            _to_labels(report, judged, rater, labels)
    _among_raters(report, judged, "the raters")
    strengths(report, judged)
    if labels is None:
        report.lack("agreement", "between judge and label: no labels were given (--labels)")
        return report
    _among_raters(report, labels, "the labels' raters")
    for reference in references(labels):
        people = labels.as_one(reference, labels.plans)
        if people.verdicts:
            _winning(report, people, reference, ["single"])
    ranked_alike(report, judged, labels)
    return report


def _note_what_is_there(report: FigureReport, judged: Preferences, labels: Preferences | None) -> None:
    report.notes += judged.notes
    if judged.unparsed:
        report.notes.append(
            f"{judged.unparsed} of {len(judged.verdicts)} verdicts are empty: missing, no tie"
        )
    halves = 0
    for item in judged.items:
        for rater in judged.raters:
            halves += sum((item, order, rater) in judged.verdicts for order in ORDERS) == 1
    if halves:
        report.notes.append(f"{halves} pairs were judged in one order only")
    if labels is None:
        return
    report.notes += [f"labels: {note}" for note in labels.notes]
    if labels.unparsed:
        report.notes.append(f"{labels.unparsed} of {len(labels.verdicts)} labels are empty")
    ours, theirs = set(judged.items), set(labels.items)
    if not ours & theirs:
        raise Refusal(
            "no item_id stands in both files",
            f"the verdicts have {min(ours)!r}, the labels {min(theirs)!r}",
            "the same pair needs the same id",
        )
    report.note_lone("label", "pairs", ours - theirs)
    report.note_lone("verdict", "pairs", theirs - ours)


def _cells(votes: Sequence[Vote]) -> tuple[ScorePairs, Floats]:
    """The pairs of verdicts that were given, of nine, and how often each stands in each cluster."""
    groups = {name: place for place, name in enumerate(sorted({cluster for *_, cluster in votes}))}
    counts = np.zeros((len(groups), 9))
    for x, y, cluster in votes:
        counts[groups[cluster], _VERDICTS.index(x) * 3 + _VERDICTS.index(y)] += 1
    used = counts.sum(axis=0) > 0
    worth = [_WORTH[verdict] for verdict in _VERDICTS]
    return ScorePairs(np.repeat(worth, 3)[used], np.tile(worth, 3)[used]), counts[:, used]


def _share(hit: Part, of: Part) -> Callable[[ScorePairs], Statistic]:
    def made(pairs: ScorePairs) -> Statistic:
        asked = of(pairs.x, pairs.y).astype(float)
        hits = asked * hit(pairs.x, pairs.y)
        return lambda w: ratio(w @ hits, w @ asked)

    return made


def _all(x: Floats, y: Floats) -> Any:
    return np.ones(len(x))


def _first_decides(x: Floats, y: Floats) -> Any:
    return x != 0


def _second_decides(x: Floats, y: Floats) -> Any:
    return y != 0


def _both_decide(x: Floats, y: Floats) -> Any:
    return (x != 0) & (y != 0)


def _same(x: Floats, y: Floats) -> Any:
    return x == y


def _kappa_without_ties(pairs: ScorePairs) -> Statistic:
    kappa, asked = cohen_kappa(pairs), _both_decide(pairs.x, pairs.y).astype(float)
    return lambda w: kappa(w * asked)


# By name: the title, how it is made of pairs of verdicts, and which of those it rests on.
PairFigures = Mapping[str, tuple[str, Callable[[ScorePairs], Statistic], Part]]


def _shares(figures: Mapping[str, tuple[str, Part, Part]]) -> PairFigures:
    return {name: (title, _share(hit, of), of) for name, (title, hit, of) in figures.items()}


# x is the judge's verdict, y the label.
_AGREEMENT: PairFigures = {
    **_shares({
        "agreement": ("Agreement, ties as a verdict", _same, _all),
        "agreement_without_ties": ("Agreement, no tie on either side", _same, _both_decide),
        "agreement_without_label_ties": ("Agreement, label no tie, judge's tie wrong", _same, _second_decides),
        "agreement_ties_half": (
            "Agreement, label no tie, judge's tie half", lambda x, y: np.where(x == 0, 0.5, x == y), _second_decides,
        ),
    }),
    "kappa": ("Cohen's kappa of a, b and tie", cohen_kappa, _all),
    "kappa_without_ties": ("Cohen's kappa, no tie on either side", _kappa_without_ties, _both_decide),
    "macro_precision": ("Precision, mean of a, b and tie", macro("precision"), _all),
    "macro_recall": ("Recall, mean of a, b and tie", macro("recall"), _all),
    "macro_f1": ("F1, mean of a, b and tie", macro("f1"), _all),
    "matthews_correlation": ("Matthews' correlation of a, b and tie", matthews_correlation, _all),
}  # fmt: skip
# x is the verdict with plan a first, y the one with plan b first.
_ORDERS = _shares({
    "consistency": ("Same verdict in both orders", _same, _all),
    "consistency_decided": ("Same plan, of pairs with a preference in both orders", _same, _both_decide),
    "consistent_preference_rate": ("Same plan preferred in both orders", lambda x, y: (x == y) & (x != 0), _all),
    "flip_rate": ("Opposite plans in the two orders", lambda x, y: x * y < 0, _all),
    "always_first_rate": ("The plan shown first, in both orders", lambda x, y: x - y == 2, _all),
    "always_second_rate": ("The plan shown second, in both orders", lambda x, y: x - y == -2, _all),
    "toward_first_rate": ("The other order turned it, toward the plan shown first", lambda x, y: x > y, _all),
    "toward_second_rate": ("The other order turned it, toward the plan shown second", lambda x, y: x < y, _all),
    "tie_in_one_order_rate": (
        "A tie in one order, a preference in the other", lambda x, y: (x == 0) != (y == 0), _all,
    ),
    "tie_in_both_orders_rate": ("A tie in both orders", lambda x, y: (x == 0) & (y == 0), _all),
    "conservative_tie_rate": ("Ties when a flip counts as a tie", lambda x, y: (x != y) | (x == 0), _all),
})  # fmt: skip
# x is the place of the plan that is preferred: 1 where it was shown first, -1 where second. y is not looked at.
_PLACES = _shares({
    "first_place_rate": (
        "Prefers the plan shown first, of verdicts with a preference", lambda x, y: x > 0, _first_decides,
    ),
    "first_place_rate_all": ("Prefers the plan shown first, of all verdicts", lambda x, y: x > 0, _all),
    "first_place_rate_ties_half": ("Prefers the plan shown first, ties as half", lambda x, y: (x + 1) / 2, _all),
    "first_place_lead": ("First place less second place, of all verdicts", lambda x, y: x, _all),
    "tie_rate": ("Ties among single verdicts", lambda x, y: x == 0, _all),
})  # fmt: skip
# x is the verdict, where a is one thing in all pairs (a variant, say). y is not looked at.
_WINS = _shares({
    "win_rate_a": ("Plan a wins, ties as half", lambda x, y: (x + 1) / 2, _all),
    "win_rate_a_without_ties": ("Plan a wins, without ties", lambda x, y: x > 0, _first_decides),
    "share_a": ("Verdicts for plan a", lambda x, y: x > 0, _all),
    "share_tie": ("Ties", lambda x, y: x == 0, _all),
    "share_b": ("Verdicts for plan b", lambda x, y: x < 0, _all),
})  # fmt: skip
# Of people who judged a few pairs each: a kappa would ask who of the two comes first.
_POOLED = {name: _AGREEMENT[name] for name in ("agreement", "agreement_without_ties")}
_BETWEEN = _POOLED | {name: _AGREEMENT[name] for name in ("kappa", "kappa_without_ties")}


def _measure(
    report: FigureReport, whose: Whose, votes: Sequence[Vote], figures: PairFigures,
    ending: str = "", beside: str = "",
) -> None:  # fmt: skip
    pairs, counts = _cells(votes)
    whole = counts.sum(axis=0)
    measures = {}
    for name, (title, make, of) in figures.items():
        n = int((whole * of(pairs.x, pairs.y)).sum())
        measures[name + ending] = Computation(title + beside, make(pairs), n)
    report.measure(whose, measures, counts)


def _orders(report: FigureReport, judged: Preferences, rater: str) -> None:
    """Consistency over both orders, and what the place in the prompt does."""
    votes = []
    for item in judged.items:
        verdicts = judged.given(item, rater)
        if all(order in verdicts for order in ORDERS):
            votes.append((verdicts["ab"], verdicts["ba"], judged.cluster(item)))
    kappa: PairFigures = {"consistency_kappa": ("Cohen's kappa of the two orders", cohen_kappa, _all)}
    if not votes:
        for name in (*_ORDERS, *kappa, "order_p"):
            report.lack(name, f"{rater}: no pair has verdicts in both orders")
        return
    whose = Whose(PREFERENCE, rater, "itself in the other order")
    _measure(report, whose, votes, {**_ORDERS, **kappa})
    turns = [_WORTH[x] - _WORTH[y] for x, y, _ in votes if x != y]
    turned = Interval(None, note="no verdict turned with the order")
    if turns:
        turned = Interval(float(binomtest(sum(turn > 0 for turn in turns), len(turns)).pvalue))
    report.add("order_p", "p of as many turns toward either place (exact McNemar)", whose, turned, len(turns))


def _places(report: FigureReport, judged: Preferences, rater: str) -> None:
    votes = []
    for item in judged.items:
        for order, verdict in judged.given(item, rater).items():
            place = "tie"
            if verdict != "tie":
                place = "a" if verdict == FIRST[order] else "b"
            votes.append((place, "tie", judged.cluster(item)))
    if votes:
        _measure(report, Whose(PREFERENCE, rater, "the place in the prompt"), votes, _PLACES)


def _winning(report: FigureReport, judged: Preferences, rater: str, forms: Iterable[str]) -> None:
    for form in forms:
        votes = []
        for item in judged.items:
            for verdict in taken_as(judged.given(item, rater), form):
                votes.append((verdict, "tie", judged.cluster(item)))
        if votes:
            whose = Whose(PREFERENCE, rater, "plan b")
            _measure(report, whose, votes, _WINS, f"_{form}", f" ({FORMS[form]})")
        else:
            report.lack(f"win_rate_a_{form}", f"{rater}: no pair has {FORMS[form]}")


def _to_labels(report: FigureReport, judged: Preferences, rater: str, labels: Preferences) -> None:
    clusters = {item: judged.clusters.get(item) or labels.cluster(item) for item in judged.items}
    for reference in references(labels):
        known = {item: labels_of(labels, item, reference) for item in judged.items}
        whose = Whose(PREFERENCE, rater, reference)
        for form in FORMS:
            votes = []
            for item in judged.items:
                for verdict in taken_as(judged.given(item, rater), form):
                    votes += [(verdict, label, clusters[item]) for label in known[item]]
            if votes:
                _measure(report, whose, votes, _AGREEMENT, f"_{form}", f" ({FORMS[form]})")
            else:
                why = f"{rater} against {reference}: no labelled pair has {FORMS[form]}"
                report.lack(f"agreement_{form}", why)
        _right_in_both_orders(report, judged, whose, known, clusters)
        left_out = sum(not known[item] for item in labels.items if item in known)
        if reference == MAJORITY and left_out:
            report.notes.append(
                f"{left_out} pairs have no majority of labels and are left out where it is asked for"
            )


def _right_in_both_orders(
    report: FigureReport, judged: Preferences, whose: Whose, known: Mapping[str, list[str]],
    clusters: Mapping[str, str],
) -> None:  # fmt: skip
    """Of all labelled pairs with both orders: those where both verdicts are the label."""
    votes = []
    for item in judged.items:
        verdicts = judged.given(item, whose.judge)
        if all(order in verdicts for order in ORDERS):
            for label in known[item]:
                right = verdicts["ab"] == verdicts["ba"] == label
                votes.append(("a" if right else "b", "tie", clusters[item]))
    name, title = "agreement_in_both_orders", "Agreement in both orders at once, of all pairs"
    if votes:
        _measure(report, whose, votes, _shares({name: (title, lambda x, y: x > 0, _all)}))
    else:
        report.lack(
            name, f"{whose.judge} against {whose.against}: no labelled pair has verdicts in both orders"
        )


def _among_raters(report: FigureReport, given: Preferences, who: str) -> None:
    """How far raters agree, each taken conservatively where it judged both orders."""
    if len(given.raters) < 2:
        for name in (*AMONG, "agreement_between_raters"):
            report.lack(name, f"among {who}: there is one only ({given.raters[0]})")
        return
    settled_by = {
        rater: [settled(given.given(item, rater)) for item in given.items] for rater in given.raters
    }
    clusters = [given.cluster(item) for item in given.items]
    if not report.is_crowd(len(settled_by), who):
        for a, b in combinations(settled_by, 2):
            rows = zip(settled_by[a], settled_by[b], clusters, strict=True)
            votes = [(x, y, cluster) for x, y, cluster in rows if x and y]
            if votes:
                _measure(report, Whose(PREFERENCE, a, b), votes, _BETWEEN, "_between_raters")
            else:
                report.lack("agreement_between_raters", f"{a} and {b} judged no pair both")
    pooled: list[Vote] = []
    for verdicts, cluster in zip(zip(*settled_by.values(), strict=True), clusters, strict=True):
        pooled += [(x, y, cluster) for x, y in combinations(filter(None, verdicts), 2)]
    whose = Whose(PREFERENCE, who, EACH_OTHER)
    if pooled:
        _measure(report, whose, pooled, _POOLED, "_between_raters")
    table = np.array([[_WORTH[v] if v else np.nan for v in column] for column in settled_by.values()]).T
    for group in rated_items(table):
        useful = [name for name in group.figures if not name.startswith(("icc", "alpha_ratio", "kendall"))]
        if not group.chosen.any():
            for name in useful:
                report.lack(name, f"among {who}: no pair has the verdicts that it needs")
            continue
        kept = [cluster for cluster, there in zip(clusters, group.chosen, strict=True) if there]
        distinct_rows, counts = distinct(group.rows, kept)
        measures = {}
        for name in useful:
            title, make = group.figures[name]
            measures[name] = Computation(title, make(distinct_rows), len(kept))
        report.measure(whose, measures, counts, group.note)
