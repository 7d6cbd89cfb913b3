"""All figures that a file of ratings, with or without labels, can give, each under one name, and those that it can't.

Knows ratings and the definitions in agreement.py and reliability.py. Knows no file and no judge.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from proctor.common.agreement.agreement import BETWEEN_TWO, BY_LEVEL, Two
from proctor.common.agreement.bootstrap import Bootstrap, Floats, Statistic, distinct
from proctor.common.agreement.reliability import AMONG, AMONG_ALL, asked_of
from proctor.common.refusal import Refusal
from proctor.judges.figures.correction import corrected_means
from proctor.judges.figures.ratings import FORMS, OVERALL, POOLED, Ratings, together
from proctor.judges.figures.reported import EACH_OTHER, EVERY, Columns, Report

# They depend on who comes first: no mean over pairs of raters.
_ONE_SIDED = ("mean_difference", "macro_precision", "macro_recall")


def of_ratings(ratings: Ratings, labels: Ratings | None, bootstrap: Bootstrap) -> Report:
    report = Report()
    _say_what_is_there(report, ratings, labels)
    for columns in _all_columns(ratings, labels):
        _among(report, columns, columns.judge, "the raters", bootstrap)
        if labels is not None:
            _among(report, columns, columns.labels, "the labels' raters", bootstrap)
            _judge_to_labels(report, columns, bootstrap)
        corrected_means(report, columns, bootstrap)
    if labels is None:
        for name in BETWEEN_TWO:
            report.lack(name, "between judge and label: no labels were given (--labels)")
    if len(ratings.raters) < 2:
        for name in (*AMONG, *(f"mean_pairwise_{name}" for name in _even())):
            report.lack(name, f"among the raters: there is one only ({ratings.raters[0]})")
    return report


def _say_what_is_there(report: Report, ratings: Ratings, labels: Ratings | None) -> None:
    report.notes += ratings.notes
    if ratings.missing:
        report.notes.append(f"{ratings.missing} of {len(ratings.marks)} ratings are empty: missing, not 0")
    if labels is None:
        return
    report.notes += [f"labels: {note}" for note in labels.notes]
    judged, labelled = set(ratings.items), set(labels.items)
    if not judged & labelled:
        raise Refusal(
            f"no item_id stands in both files: the ratings have {min(judged)!r}, the labels {min(labelled)!r}; "
            "the same item needs the same id"
        )
    shared = [one for one in ratings.dimensions if one in labels.dimensions]
    if not shared and OVERALL not in (*ratings.dimensions, *labels.dimensions):
        raise Refusal(
            f"no dimension stands in both files: the ratings have {', '.join(ratings.dimensions)}, "
            f"the labels {', '.join(labels.dimensions)}"
        )
    for kind, lone in (("labels", judged - labelled), ("ratings", labelled - judged)):
        if lone:
            report.notes.append(f"{len(lone)} items have no {kind}: {_some(sorted(lone))}")
    for kind, has, other in (("labels", ratings, labels), ("ratings", labels, ratings)):
        alone = sorted(set(has.dimensions) - set(other.dimensions))
        if alone:
            report.notes.append(f"dimensions without {kind}: {', '.join(alone)}")


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")


def _all_columns(ratings: Ratings, labels: Ratings | None) -> Iterator[Columns]:
    items = sorted({*ratings.items, *(labels.items if labels else ())})
    clusters = tuple(
        ratings.clusters.get(item) or (labels.cluster(item) if labels else ratings.cluster(item))
        for item in items
    )
    found = []
    for dimension in ratings.dimensions:
        found.append(Columns(dimension, clusters, *_sides(ratings, labels, dimension, items)))
    yield from found
    if OVERALL not in ratings.dimensions:
        if len(found) > 1 or (labels is not None and OVERALL in labels.dimensions):
            yield Columns(OVERALL, clusters, *_sides(ratings, labels, OVERALL, items))
        if len(found) > 1:
            sides = [
                {
                    name: np.concatenate([getattr(one, side)[name] for one in found])
                    for name in getattr(found[0], side)
                }
                for side in ("judge", "labels")
            ]
            yield Columns(POOLED, clusters * len(found), *sides)


def _sides(
    ratings: Ratings, labels: Ratings | None, dimension: str, items: Sequence[str]
) -> tuple[dict[str, Floats], dict[str, Floats]]:
    sides: list[dict[str, Floats]] = []
    for one in (ratings, labels):
        table = one.table(dimension, items, one.raters) if one else np.empty((len(items), 0))
        sides.append({rater: table[:, at] for at, rater in enumerate(one.raters if one else ())})
    return sides[0], sides[1]


def _even() -> list[str]:
    return [name for name in BETWEEN_TWO if name not in _ONE_SIDED]


def _forms(side: Mapping[str, Floats], who: str) -> dict[str, tuple[Floats, str]]:
    """Every rater, and where there are several what they say together: name -> (marks, form or '')."""
    found = {rater: (marks, "") for rater, marks in side.items()}
    if len(side) > 1:
        table = np.stack(list(side.values()), axis=1)
        found |= {f"{form} of {who}": (together(table, form), form) for form in FORMS}
    return found


def _judge_to_labels(report: Report, columns: Columns, bootstrap: Bootstrap) -> None:
    if not any((~np.isnan(marks)).any() for marks in columns.labels.values()):
        return
    judges, against = _forms(columns.judge, "raters"), _forms(columns.labels, "labels")
    crowd = report.crowd(len(columns.labels), "the labels' raters")
    if crowd:
        against = {name: one for name, one in against.items() if name not in columns.labels}
    for judge, (x, form) in judges.items():
        for label, (y, other) in against.items():
            names = _fitting(form, other)
            _two(report, columns, (judge, x), (label, y), names, bootstrap)
        if len(columns.labels) > 1:
            times = len(columns.labels)
            each = replace(columns, clusters=columns.clusters * times)
            every = np.concatenate(list(columns.labels.values()))
            _two(report, each, (judge, np.tile(x, times)), (EVERY, every), _fitting(form), bootstrap)
        if len(columns.labels) > 1 and not crowd:
            pairs = [(x, y) for y in columns.labels.values()]
            whose = columns.dimension, judge, "each label's rater, mean of them"
            _mean_of_pairs(report, columns, pairs, whose, _fitting(form, ""), bootstrap)


def _fitting(*forms: str) -> list[str]:
    """A mean stands between the levels, a rounded one on them: each is asked for what it can say."""
    if "mean" in forms:
        return [name for name in BETWEEN_TWO if name not in BY_LEVEL]
    return list(BETWEEN_TWO)


def _among(
    report: Report, columns: Columns, side: Mapping[str, Floats], who: str, bootstrap: Bootstrap
) -> None:
    if len(side) < 2:
        return
    whose = columns.dimension, who, EACH_OTHER
    if not report.crowd(len(side), who):
        for a, b in combinations(side, 2):
            _two(report, columns, (a, side[a]), (b, side[b]), list(BETWEEN_TWO), bootstrap)
        pairs = [(side[a], side[b]) for a, b in combinations(side, 2)]
        _mean_of_pairs(report, columns, pairs, whose, _even(), bootstrap)
        _leave_one_out(report, columns, side, who, bootstrap)
    for asked in asked_of(np.stack(list(side.values()), axis=1)):
        n = int(asked.items.sum())
        if not n:
            for name in asked.figures:
                report.lack(name, f"{columns.dimension}, {who}: no item has the marks that it needs")
            continue
        rows, counts = distinct(asked.rows, _kept(columns.clusters, asked.items))
        found = bootstrap.each({name: make(rows) for name, (_, make) in asked.figures.items()}, counts)
        for name, (title, _) in asked.figures.items():
            report.add(name, title, whose, found[name], n, asked.note)


def _leave_one_out(
    report: Report, columns: Columns, side: Mapping[str, Floats], who: str, bootstrap: Bootstrap
) -> None:
    """Each rater against the mean of the others: what a judge that is as good as they are would reach."""
    if len(side) < 3:
        return
    table = np.stack(list(side.values()), axis=1)
    pairs = []
    for at, (rater, marks) in enumerate(side.items()):
        others = together(np.delete(table, at, axis=1), "mean")
        pairs.append((marks, others))
        _two(
            report, columns, (rater, marks), ("mean of the other raters", others), _fitting("mean"), bootstrap
        )
    whose = columns.dimension, who, "mean of the other raters"
    _mean_of_pairs(report, columns, pairs, whose, _fitting("mean"), bootstrap)


def _two(
    report: Report, columns: Columns, judge: tuple[str, Floats], label: tuple[str, Floats],
    names: Sequence[str], bootstrap: Bootstrap,
) -> None:  # fmt: skip
    kept = ~(np.isnan(judge[1]) | np.isnan(label[1]))
    whose, n = (columns.dimension, judge[0], label[0]), int(kept.sum())
    if not n:
        report.lack(
            "agreement", f"{columns.dimension}, {judge[0]} against {label[0]}: no item has both marks"
        )
        return
    rows, counts = distinct(np.stack([judge[1][kept], label[1][kept]], axis=1), _kept(columns.clusters, kept))
    two = Two(rows[:, 0], rows[:, 1])
    statistics = {name: BETWEEN_TWO[name][1](two) for name in names}
    statistics |= {name: make(rows) for name, (_, make) in AMONG_ALL.items()}
    found = bootstrap.each(statistics, counts)
    for name in statistics:
        report.add(name, (BETWEEN_TWO | AMONG_ALL)[name][0], whose, found[name], n)


def _mean_of_pairs(
    report: Report, columns: Columns, pairs: Sequence[tuple[Floats, Floats]], whose: tuple[str, str, str],
    names: Sequence[str], bootstrap: Bootstrap,
) -> None:  # fmt: skip
    """The plain mean of a figure over pairs of raters, each pair on the items that both marked."""
    twos, blocks, items = [], [], np.zeros(len(columns.clusters), dtype=bool)
    groups = tuple(sorted(set(columns.clusters)))
    for x, y in pairs:
        kept = ~(np.isnan(x) | np.isnan(y))
        items |= kept
        if not kept.any():
            continue
        rows, counts = distinct(np.stack([x[kept], y[kept]], axis=1), _kept(columns.clusters, kept), groups)
        twos.append(Two(rows[:, 0], rows[:, 1]))
        blocks.append(counts)
    if not twos:
        return
    counts = np.concatenate(blocks, axis=1)
    counts = counts[counts.sum(axis=1) > 0]
    ends = np.cumsum([two.size for two in twos])

    def mean_of(name: str) -> Statistic:
        made = [BETWEEN_TWO[name][1](two) for two in twos]

        def mean(w: Floats) -> Floats:
            parts = np.split(w, ends[:-1], axis=1)
            with np.errstate(invalid="ignore", divide="ignore"):
                stacked: Floats = np.mean([one(part) for one, part in zip(made, parts, strict=True)], axis=0)
            return stacked

        return mean

    found = bootstrap.each({name: mean_of(name) for name in names}, counts)
    for name in names:
        title = f"{BETWEEN_TWO[name][0]}, mean of {len(twos)} pairs"
        report.add(f"mean_pairwise_{name}", title, whose, found[name], int(items.sum()))


def _kept(clusters: Sequence[str], kept: np.ndarray) -> list[str]:
    return [cluster for cluster, there in zip(clusters, kept, strict=True) if there]
