"""All figures that verdicts on pairs can give, with labels or without, each by its name in docs/judges.md.

report = of_preferences(read_preferences(path), read_preferences(labels, "label", labels=True), Bootstrap())
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations, compress
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import binomtest

from proctor.common.refusal import Refusal
from proctor.common.stats.agreement import ScorePairs, cohen_kappa, macro, matthews_correlation
from proctor.common.stats.bootstrap import Bootstrap, Floats, Interval, Statistic, distinct, ratio
from proctor.common.stats.reliability import AMONG
from proctor.judges.figures.preferences import (
    FORMS,
    MAJORITY,
    ORDERS,
    Preferences,
    labels_of,
    references,
    taken_as,
)  # fmt: skip
from proctor.judges.figures.report import EACH_OTHER, Computation, FigureReport, Whose
from proctor.judges.figures.standings import ranked_alike, strengths

PREFERENCE = "preference"  # the one dimension of a verdict on a pair

Part = Callable[[Floats, Floats], Any]  # which pairs of verdicts (1: a, 0: tie, -1: b) count, or how much


class Votes(NamedTuple):
    """Verdicts that are held to each other, and the cluster of each such pair."""

    x: Floats
    y: Floats
    clusters: Sequence[str]


def _votes(x: Floats, y: Floats, clusters: Sequence[str]) -> Votes:
    """Each verdict of an item (items x verdicts) beside each of its labels (items x labels), where both are there."""
    x, y = np.broadcast_arrays(x[:, :, None], y[:, None, :])
    there = ~np.isnan(x + y)
    items = np.nonzero(there)[0].tolist()
    return Votes(x[there], y[there], [clusters[item] for item in items])


def _alone(x: Floats, clusters: Sequence[str]) -> Votes:
    """Verdicts that are held to nothing."""
    return _votes(x, np.zeros((len(x), 1)), clusters)


def of_preferences(judged: Preferences, labels: Preferences | None, bootstrap: Bootstrap) -> FigureReport:
    report = FigureReport(bootstrap)
    _note_what_is_there(report, judged, labels)
    items = judged.items
    clusters = list(map(judged.cluster, items))
    for rater in judged.raters:
        table = judged.table(rater, items)
        _orders(report, rater, table, clusters)
        _places(report, rater, table, clusters)
        for form in FORMS:
            _winning(report, rater, form, _alone(taken_as(table, form), clusters))
        if labels is not None:
            _to_labels(report, judged, rater, labels)
    _among_raters(report, judged, "the raters")
    strengths(report, judged)
    if labels is None:
        report.lack("agreement", "between judge and label: no labels were given (--labels)")
        return report
    _among_raters(report, labels, "the labels' raters")
    clusters = list(map(labels.cluster, labels.items))
    for reference in references(labels):
        votes = _alone(labels_of(labels, labels.items, reference), clusters)
        if len(votes.x):
            _winning(report, reference, "single", votes)
    ranked_alike(report, judged, labels)
    return report


def _note_what_is_there(report: FigureReport, judged: Preferences, labels: Preferences | None) -> None:
    report.notes += judged.notes
    if judged.unparsed:
        report.notes.append(
            f"{judged.unparsed} of {len(judged.verdicts)} verdicts are empty: missing, no tie"
        )
    orders = Counter((item, rater) for item, order, rater in judged.verdicts if order in ORDERS)
    halves = list(orders.values()).count(1)
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
PairFigures = dict[str, tuple[str, Callable[[ScorePairs], Statistic], Part]]


def _shares(figures: Mapping[str, tuple[str, Part, Part]]) -> PairFigures:
    made = {}
    for name, (title, hit, of) in figures.items():
        made[name] = title, _share(hit, of), of
    return made


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
}) | {"consistency_kappa": ("Cohen's kappa of the two orders", cohen_kappa, _all)}  # fmt: skip
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
    report: FigureReport, whose: Whose, votes: Votes, figures: PairFigures, ending: str = "", beside: str = ""
) -> None:
    rows, counts = distinct(np.stack([votes.x, votes.y], axis=1), votes.clusters)
    pairs = ScorePairs(rows[:, 0], rows[:, 1])
    whole = counts.sum(axis=0)
    measures = {}
    for name, (title, make, of) in figures.items():
        n = int((whole * of(pairs.x, pairs.y)).sum())
        measures[name + ending] = Computation(title + beside, make(pairs), n)
    report.measure(whose, measures, counts)


def _orders(report: FigureReport, rater: str, table: Floats, clusters: Sequence[str]) -> None:
    """Consistency over both orders, and what the place in the prompt does."""
    votes = _votes(table[:, [0]], table[:, [1]], clusters)
    turns = votes.x - votes.y
    turns = turns[turns != 0]
    if not len(votes.x):
        for name in (*_ORDERS, "order_p"):
            report.lack(name, f"{rater}: no pair has verdicts in both orders")
        return
    whose = Whose(PREFERENCE, rater, "itself in the other order")
    _measure(report, whose, votes, _ORDERS)
    turned = Interval(None, note="no verdict turned with the order")
    if len(turns):
        turned = Interval(float(binomtest(int((turns > 0).sum()), len(turns)).pvalue))
    report.add("order_p", "p of as many turns toward either place (exact McNemar)", whose, turned, len(turns))


def _places(report: FigureReport, rater: str, table: Floats, clusters: Sequence[str]) -> None:
    votes = _alone(table[:, :2] * [1, -1], clusters)  # in order ba the plan b is shown first
    if len(votes.x):
        _measure(report, Whose(PREFERENCE, rater, "the place in the prompt"), votes, _PLACES)


def _winning(report: FigureReport, rater: str, form: str, votes: Votes) -> None:
    if len(votes.x):
        whose = Whose(PREFERENCE, rater, "plan b")
        _measure(report, whose, votes, _WINS, f"_{form}", f" ({FORMS[form]})")
    else:
        report.lack(f"win_rate_a_{form}", f"{rater}: no pair has {FORMS[form]}")


def _to_labels(report: FigureReport, judged: Preferences, rater: str, labels: Preferences) -> None:
    items = judged.items
    table = judged.table(rater, items)
    clusters = [judged.clusters.get(item) or labels.cluster(item) for item in items]
    labelled = set(labels.items)
    for reference in references(labels):
        known = labels_of(labels, items, reference)
        whose = Whose(PREFERENCE, rater, reference)
        for form in FORMS:
            votes = _votes(taken_as(table, form), known, clusters)
            if len(votes.x):
                _measure(report, whose, votes, _AGREEMENT, f"_{form}", f" ({FORMS[form]})")
            else:
                why = f"{rater} against {reference}: no labelled pair has {FORMS[form]}"
                report.lack(f"agreement_{form}", why)
        _right_in_both_orders(report, whose, table, known, clusters)
        unsettled = set(compress(items, (~np.isnan(known)).sum(axis=1) == 0))
        left_out = len(labelled & unsettled)
        if reference == MAJORITY and left_out:
            report.notes.append(
                f"{left_out} pairs have no majority of labels and are left out where it is asked for"
            )


def _right_in_both_orders(
    report: FigureReport, whose: Whose, table: Floats, known: Floats, clusters: Sequence[str]
) -> None:
    """Of all labelled pairs with both orders: those where both verdicts are the label."""
    ab, ba = table[:, [0]], table[:, [1]]
    right = np.where((ab == known) & (ba == known), 1.0, -1.0)
    votes = _alone(np.where(np.isnan(ab + ba + known), np.nan, right), clusters)
    name, title = "agreement_in_both_orders", "Agreement in both orders at once, of all pairs"
    if len(votes.x):
        _measure(report, whose, votes, _shares({name: (title, lambda x, y: x > 0, _all)}))
    else:
        report.lack(
            name, f"{whose.judge} against {whose.against}: no labelled pair has verdicts in both orders"
        )


def _among_raters(report: FigureReport, preferences: Preferences, who: str) -> None:
    """How far raters agree, each taken conservatively where it judged both orders."""
    raters, items = preferences.raters, preferences.items
    if len(raters) < 2:
        for name in (*AMONG, "agreement_between_raters"):
            report.lack(name, f"among {who}: there is one only ({raters[0]})")
        return
    settled = preferences.settled(items)
    clusters = list(map(preferences.cluster, items))
    if not report.is_crowd(len(raters), who):
        for a, b in combinations(range(len(raters)), 2):
            votes = _votes(settled[:, [a]], settled[:, [b]], clusters)
            if len(votes.x):
                whose = Whose(PREFERENCE, raters[a], raters[b])
                _measure(report, whose, votes, _BETWEEN, "_between_raters")
            else:
                report.lack("agreement_between_raters", f"{raters[a]} and {raters[b]} judged no pair both")
    whose = Whose(PREFERENCE, who, EACH_OTHER)
    pooled = _every_two(settled, clusters)
    if len(pooled.x):
        _measure(report, whose, pooled, _POOLED, "_between_raters")
    why = f"among {who}: no pair has the verdicts that it needs"
    report.measure_raters(whose, settled, clusters, why, without=("icc", "alpha_ratio", "kendall"))


def _every_two(settled: Floats, clusters: Sequence[str]) -> Votes:
    """Every two raters' verdicts on the same item, the rater who comes first by name on the left."""
    lefts, rights, places = [], [], []
    for verdicts, cluster in zip(settled, clusters, strict=True):
        there = verdicts[~np.isnan(verdicts)]
        left, right = np.triu_indices(len(there), 1)
        lefts.append(there[left])
        rights.append(there[right])
        places += [cluster] * len(left)
    return Votes(np.concatenate(lefts), np.concatenate(rights), places)
