"""All figures that verdicts on pairs can give, with labels or without, each by its name in docs/judges.md.

report = of_preferences(read_preferences(path), read_preferences(labels, "label", labels=True), Bootstrap())
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import combinations, compress
from typing import Any

import numpy as np
from scipy.stats import binomtest

from proctor.common.stats.agreement import cohen_kappa, macro, matthews_correlation
from proctor.common.stats.bootstrap import Bootstrap, Figure, Floats, Interval, ratio
from proctor.common.stats.reliability import AMONG
from proctor.judges.figures.preferences import (
    FORMS,
    MAJORITY,
    ORDERS,
    Preferences,
    labels_of,
    references,
    taken_as,
)
from proctor.judges.figures.report import EACH_OTHER, FigureReport, PairFigure, Pairs, Part, Whose, paired
from proctor.judges.figures.standings import ranked_alike, strengths

PREFERENCE = "preference"  # the one dimension of a verdict on a pair


def _alone(x: Floats, clusters: Sequence[str]) -> Pairs:
    """Verdicts that are held to nothing."""
    return paired(x, np.zeros(len(x)), clusters)


def of_preferences(judged: Preferences, labels: Preferences | None, bootstrap: Bootstrap) -> FigureReport:
    report = FigureReport(bootstrap)
    _note_what_is_there(report, judged, labels)
    items = judged.items
    clusters = list(map(judged.cluster, items))
    for rater in judged.raters:
        table = judged.table(rater, items)
        _orders(report, rater, table, clusters)
        places = _alone(table[:, :2] * [1, -1], clusters)  # in order ba the plan b is shown first
        report.hold(Whose(PREFERENCE, rater, "the place in the prompt"), places, _PLACES)
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
        verdicts = _alone(labels_of(labels, labels.items, reference), clusters)
        if len(verdicts.x):
            _winning(report, reference, "single", verdicts)
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
    report.note_files(judged.items, labels.items, "verdicts", "pair")


def _share(hit: Part, of: Part) -> Figure:
    def share(rows: Floats, w: Floats) -> Floats:
        asked = of(*rows.T).astype(float)
        return ratio(w @ (asked * hit(*rows.T)), w @ asked)

    return share


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


def _kappa_without_ties(rows: Floats, w: Floats) -> Floats:
    return cohen_kappa(rows, w * _both_decide(*rows.T).astype(float))


def _shares(figures: Mapping[str, tuple[str, Part, Part]]) -> dict[str, PairFigure]:
    """By name: the title, what counts as a hit, and of what."""
    return {name: PairFigure(title, _share(hit, of), of) for name, (title, hit, of) in figures.items()}


# x is the judge's verdict, y the label.
_AGREEMENT = {
    **_shares({
        "agreement": ("Agreement, ties as a verdict", _same, _all),
        "agreement_without_ties": ("Agreement, no tie on either side", _same, _both_decide),
        "agreement_without_label_ties": ("Agreement, label no tie, judge's tie wrong", _same, _second_decides),
        "agreement_ties_half": (
            "Agreement, label no tie, judge's tie half", lambda x, y: np.where(x == 0, 0.5, x == y), _second_decides,
        ),
    }),
    "kappa": PairFigure("Cohen's kappa of a, b and tie", cohen_kappa),
    "kappa_without_ties": PairFigure("Cohen's kappa, no tie on either side", _kappa_without_ties, _both_decide),
    "macro_precision": PairFigure("Precision, mean of a, b and tie", partial(macro, "precision")),
    "macro_recall": PairFigure("Recall, mean of a, b and tie", partial(macro, "recall")),
    "macro_f1": PairFigure("F1, mean of a, b and tie", partial(macro, "f1")),
    "matthews_correlation": PairFigure("Matthews' correlation of a, b and tie", matthews_correlation),
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
}) | {"consistency_kappa": PairFigure("Cohen's kappa of the two orders", cohen_kappa)}  # fmt: skip
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
# x is 1 where both verdicts are the label.
_BOTH_RIGHT = _shares({
    "agreement_in_both_orders": ("Agreement in both orders at once, of all pairs", lambda x, y: x > 0, _all),
})  # fmt: skip
# Of people who judged a few pairs each: a kappa would ask who of the two comes first.
_POOLED = {name: _AGREEMENT[name] for name in ("agreement", "agreement_without_ties")}
_BETWEEN = _POOLED | {name: _AGREEMENT[name] for name in ("kappa", "kappa_without_ties")}


def _orders(report: FigureReport, rater: str, table: Floats, clusters: Sequence[str]) -> None:
    """Consistency over both orders, and what the place in the prompt does."""
    both = paired(table[:, 0], table[:, 1], clusters)
    turns = both.x - both.y
    turns = turns[turns != 0]
    if not len(both.x):
        for name in (*_ORDERS, "order_p"):
            report.lack(name, f"{rater}: no pair has verdicts in both orders")
        return
    whose = Whose(PREFERENCE, rater, "itself in the other order")
    report.hold(whose, both, _ORDERS)
    turned = Interval(None, note="no verdict turned with the order")
    if len(turns):
        turned = Interval(float(binomtest(int((turns > 0).sum()), len(turns)).pvalue))
    report.add("order_p", "p of as many turns toward either place (exact McNemar)", whose, turned, len(turns))


def _winning(report: FigureReport, rater: str, form: str, verdicts: Pairs) -> None:
    lacking = f"win_rate_a_{form}", f"{rater}: no pair has {FORMS[form]}"
    whose = Whose(PREFERENCE, rater, "plan b")
    report.hold(whose, verdicts, _WINS, lacking, f"_{form}", f" ({FORMS[form]})")


def _to_labels(report: FigureReport, judged: Preferences, rater: str, labels: Preferences) -> None:
    items = judged.items
    table = judged.table(rater, items)
    clusters = [judged.clusters.get(item) or labels.cluster(item) for item in items]
    labelled = set(labels.items)
    for reference in references(labels):
        known = labels_of(labels, items, reference)
        whose, held = Whose(PREFERENCE, rater, reference), f"{rater} against {reference}"
        for form in FORMS:
            lacking = f"agreement_{form}", f"{held}: no labelled pair has {FORMS[form]}"
            both = paired(taken_as(table, form), known, clusters)
            report.hold(whose, both, _AGREEMENT, lacking, f"_{form}", f" ({FORMS[form]})")
        # Of all labelled pairs with both orders: those where both verdicts are the label.
        ab, ba = table[:, [0]], table[:, [1]]
        right = np.where((ab == known) & (ba == known), 1.0, -1.0)
        right[np.isnan(ab + ba + known)] = np.nan
        lacking = next(iter(_BOTH_RIGHT)), f"{held}: no labelled pair has verdicts in both orders"
        report.hold(whose, _alone(right, clusters), _BOTH_RIGHT, lacking)
        unsettled = set(compress(items, (~np.isnan(known)).sum(axis=1) == 0))
        left_out = len(labelled & unsettled)
        if reference == MAJORITY and left_out:
            report.notes.append(
                f"{left_out} pairs have no majority of labels and are left out where it is asked for"
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
            lacking = "agreement_between_raters", f"{raters[a]} and {raters[b]} judged no pair both"
            both = paired(settled[:, a], settled[:, b], clusters)
            report.hold(Whose(PREFERENCE, raters[a], raters[b]), both, _BETWEEN, lacking, "_between_raters")
    whose = Whose(PREFERENCE, who, EACH_OTHER)
    report.hold(whose, _every_two(settled, clusters), _POOLED, ending="_between_raters")
    why = f"among {who}: no pair has the verdicts that it needs"
    report.measure_raters(whose, settled, clusters, why, without=("icc", "alpha_ratio", "kendall"))


def _every_two(settled: Floats, clusters: Sequence[str]) -> Pairs:
    """Every two raters' verdicts on the same item, the rater who comes first by name on the left."""
    lefts, rights = np.triu_indices(settled.shape[1], 1)
    x, y = settled[:, lefts], settled[:, rights]
    there = ~np.isnan(x + y)
    items = np.nonzero(there)[0].tolist()
    return Pairs(x[there], y[there], [clusters[item] for item in items])
