"""All figures that verdicts on pairs, with or without labels, can give, each under one name, and those that they can't.

Knows verdicts; knows no file and no judge. Definitions stand in docs/judges.md.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from scipy.stats import binomtest

from proctor.common.agreement.agreement import cohen_kappa
from proctor.common.agreement.bootstrap import Bootstrap, Interval, Statistic, ratio
from proctor.common.refusal import Refusal
from proctor.judges.figures.pair_agreement import (
    FORMS,
    PREFERENCE,
    among_raters,
    cells,
    taken_as,
    with_labels,
)
from proctor.judges.figures.preferences import FIRST, ORDERS, Preferences, conservative
from proctor.judges.figures.reported import Report
from proctor.judges.figures.standings import of_people, ranked_alike
from proctor.judges.figures.strengths import strengths


def of_preferences(judged: Preferences, labels: Preferences | None, bootstrap: Bootstrap) -> Report:
    report = Report()
    _say_what_is_there(report, judged, labels)
    for rater in judged.raters:
        _orders(report, judged, rater, bootstrap)
        _winning(report, judged, rater, bootstrap)
        if labels is not None:
            with_labels(report, judged, rater, labels, bootstrap)
    among_raters(report, judged, "the raters", bootstrap)
    strengths(report, judged, bootstrap)
    if labels is None:
        report.lack("agreement", "between judge and label: no labels were given (--labels)")
        return report
    among_raters(report, labels, "the labels' raters", bootstrap)
    for people in of_people(labels, labels.plans):
        _winning(report, people, people.raters[0], bootstrap, ("single",))
    ranked_alike(report, judged, labels, bootstrap)
    return report


def _say_what_is_there(report: Report, judged: Preferences, labels: Preferences | None) -> None:
    report.notes += judged.notes
    if judged.unparsed:
        report.notes.append(
            f"{judged.unparsed} of {len(judged.verdicts)} verdicts are empty: missing, no tie"
        )
    halves = sum(
        sum((item, order, rater) in judged.verdicts for order in ORDERS) == 1
        for item in judged.items
        for rater in judged.raters
    )
    if halves:
        report.notes.append(f"{halves} pairs were judged in one order only")
    if labels is None:
        return
    report.notes += [f"labels: {note}" for note in labels.notes]
    if labels.unparsed:
        report.notes.append(f"{labels.unparsed} of {len(labels.verdicts)} labels are empty")
    shared = set(judged.items) & set(labels.items)
    if not shared:
        raise Refusal(
            f"no item_id stands in both files: the verdicts have {judged.items[0]!r}, the labels "
            f"{labels.items[0]!r}; the same pair needs the same id"
        )
    for kind, lone in (
        ("label", sorted(set(judged.items) - shared)),
        ("verdict", sorted(set(labels.items) - shared)),
    ):
        if lone:
            report.notes.append(
                f"{len(lone)} pairs have no {kind}: {', '.join(lone[:3])}{', ...' if len(lone) > 3 else ''}"
            )


def _shares(
    report: Report, whose: tuple[str, str, str], rows: Mapping[str, Sequence[float]], clusters: Sequence[str],
    figures: Mapping[str, tuple[str, str, str | None]], bootstrap: Bootstrap,
) -> None:  # fmt: skip
    """Each figure is the sum of one column over the sum of another (None: over the number of pairs)."""
    names = [*rows, ""]
    table = np.array([*rows.values(), [1.0] * len(clusters)], dtype=np.float64)
    groups = {name: at for at, name in enumerate(sorted(set(clusters)))}
    sums = np.zeros((len(groups), len(names)))
    np.add.at(sums, [groups[cluster] for cluster in clusters], table.T)
    statistics: dict[str, Statistic] = {}
    for name, (_, above, below) in figures.items():
        at = names.index(above), names.index(below or "")
        statistics[name] = lambda w, at=at: ratio(w[:, at[0]], w[:, at[1]])  # type: ignore[misc]
    found = bootstrap.each(statistics, sums)
    for name, (title, _, below) in figures.items():
        n = int(table[names.index(below or "")].sum())
        report.add(name, title, whose, found[name], n)


def _orders(report: Report, judged: Preferences, rater: str, bootstrap: Bootstrap) -> None:
    """Consistency over both orders, and what the place in the prompt does."""
    pairs = [
        (given["ab"], given["ba"], judged.cluster(item))
        for item in judged.items
        if all(order in (given := judged.given(item, rater)) for order in ORDERS)
    ]
    whose = PREFERENCE, rater, "itself in the other order"
    if pairs:
        rows: dict[str, list[float]] = {
            "same": [float(x == y) for x, y, _ in pairs],
            "flip": [float({x, y} == {"a", "b"}) for x, y, _ in pairs],
            "decided": [float("tie" not in (x, y)) for x, y, _ in pairs],
            "same_decided": [float(x == y != "tie") for x, y, _ in pairs],
            "first": [float((x, y) == ("a", "b")) for x, y, _ in pairs],
            "second": [float((x, y) == ("b", "a")) for x, y, _ in pairs],
            "half": [float((x == "tie") != (y == "tie")) for x, y, _ in pairs],
            "tie": [float(conservative(x, y) == "tie") for x, y, _ in pairs],
            "both_tie": [float(x == y == "tie") for x, y, _ in pairs],
            "to_first": [float(_points(x, "a") > _points(y, "a")) for x, y, _ in pairs],
            "to_second": [float(_points(x, "a") < _points(y, "a")) for x, y, _ in pairs],
        }
        _shares(report, whose, rows, [cluster for *_, cluster in pairs], _ORDER_FIGURES, bootstrap)
        two, counts = cells([(x, y) for x, y, _ in pairs], [cluster for *_, cluster in pairs])
        found = bootstrap.of(cohen_kappa(two), counts)
        report.add("consistency_kappa", "Cohen's kappa of the two orders", whose, found, len(pairs))
        first, second = (round(sum(rows[side])) for side in ("to_first", "to_second"))
        p = float(binomtest(first, first + second).pvalue) if first + second else None
        title = "p of as many turns toward either place (exact McNemar)"
        turned = Interval(p, note="no verdict turned with the order" if p is None else "")
        report.add("order_p", title, whose, turned, first + second)
    else:
        for name in (*_ORDER_FIGURES, "consistency_kappa", "order_p"):
            report.lack(name, f"{rater}: no pair has verdicts in both orders")
    single = [
        (order, verdict, judged.cluster(item))
        for item in judged.items
        for order, verdict in judged.given(item, rater).items()
    ]
    places: dict[str, list[float]] = {
        "first": [float(verdict == FIRST[order]) for order, verdict, _ in single],
        "decided": [float(verdict != "tie") for _, verdict, _ in single],
        "tie": [float(verdict == "tie") for _, verdict, _ in single],
        "half": [_points(verdict, FIRST[order]) for order, verdict, _ in single],
        "lead": [2 * _points(verdict, FIRST[order]) - 1 for order, verdict, _ in single],
    }
    if single:
        whose = PREFERENCE, rater, "the place in the prompt"
        _shares(report, whose, places, [cluster for *_, cluster in single], _PLACE_FIGURES, bootstrap)


_ORDER_FIGURES: dict[str, tuple[str, str, str | None]] = {
    "consistency": ("Same verdict in both orders", "same", None),
    "consistency_decided": ("Same plan, of pairs with a preference in both orders", "same_decided", "decided"),
    "consistent_preference_rate": ("Same plan preferred in both orders", "same_decided", None),
    "flip_rate": ("Opposite plans in the two orders", "flip", None),
    "always_first_rate": ("The plan shown first, in both orders", "first", None),
    "always_second_rate": ("The plan shown second, in both orders", "second", None),
    "toward_first_rate": ("The other order turned it, toward the plan shown first", "to_first", None),
    "toward_second_rate": ("The other order turned it, toward the plan shown second", "to_second", None),
    "tie_in_one_order_rate": ("A tie in one order, a preference in the other", "half", None),
    "tie_in_both_orders_rate": ("A tie in both orders", "both_tie", None),
    "conservative_tie_rate": ("Ties when a flip counts as a tie", "tie", None),
}  # fmt: skip
_PLACE_FIGURES: dict[str, tuple[str, str, str | None]] = {
    "first_place_rate": ("Prefers the plan shown first, of verdicts with a preference", "first", "decided"),
    "first_place_rate_all": ("Prefers the plan shown first, of all verdicts", "first", None),
    "first_place_rate_ties_half": ("Prefers the plan shown first, ties as half", "half", None),
    "first_place_lead": ("First place less second place, of all verdicts", "lead", None),
    "tie_rate": ("Ties among single verdicts", "tie", None),
}


def _points(verdict: str, plan: str) -> float:
    return 0.5 if verdict == "tie" else float(verdict == plan)


def _winning(
    report: Report, judged: Preferences, rater: str, bootstrap: Bootstrap, forms: Iterable[str] = FORMS
) -> None:
    """How often plan a wins, where a is one thing in all pairs (a variant, say)."""
    for form in forms:
        verdicts = [
            (verdict, judged.cluster(item))
            for item in judged.items
            for verdict in taken_as(judged.given(item, rater), form)
        ]
        if not verdicts:
            report.lack(f"win_rate_a_{form}", f"{rater}: no pair has {FORMS[form]}")
            continue
        rows = {
            "half": [_points(verdict, "a") for verdict, _ in verdicts],
            "wins": [float(verdict == "a") for verdict, _ in verdicts],
            "loses": [float(verdict == "b") for verdict, _ in verdicts],
            "ties": [float(verdict == "tie") for verdict, _ in verdicts],
            "decided": [float(verdict != "tie") for verdict, _ in verdicts],
        }
        figures: dict[str, tuple[str, str, str | None]] = {
            f"win_rate_a_{form}": (f"Plan a wins, ties as half ({FORMS[form]})", "half", None),
            f"win_rate_a_without_ties_{form}": (
                f"Plan a wins, without ties ({FORMS[form]})", "wins", "decided",
            ),
            f"share_a_{form}": (f"Verdicts for plan a ({FORMS[form]})", "wins", None),
            f"share_tie_{form}": (f"Ties ({FORMS[form]})", "ties", None),
            f"share_b_{form}": (f"Verdicts for plan b ({FORMS[form]})", "loses", None),
        }  # fmt: skip
        _shares(
            report,
            (PREFERENCE, rater, "plan b"),
            rows,
            [cluster for _, cluster in verdicts],
            figures,
            bootstrap,
        )
