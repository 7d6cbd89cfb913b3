"""All figures that a file of ratings can give, with labels or without, each by its name in docs/judges.md.

report = of_ratings(read_ratings(path), read_ratings(labels, "label"), Bootstrap())
report.figures[0]       # name, title, dimension, judge, against, value, low, high, n, note
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations, compress

import numpy as np

from proctor.common.refusal import Refusal
from proctor.common.stats.agreement import BETWEEN_TWO, BY_LEVEL
from proctor.common.stats.bootstrap import Bootstrap, Figure, Floats, Interval, distinct, ratio
from proctor.common.stats.correction import LEAST_LABELS, prediction_powered
from proctor.common.stats.reliability import AMONG, AMONG_ALL
from proctor.judges.figures.ratings import FORMS, OVERALL, POOLED, Ratings, together
from proctor.judges.figures.report import (
    EACH_OTHER,
    EVERY,
    Computation,
    FigureReport,
    PairFigure,
    Whose,
    paired,
)  # fmt: skip

_EVERY_LEVEL = tuple(BETWEEN_TWO)
# A mean stands between the levels, a rounded one on them: each is asked for what it can say.
_OF_A_MEAN = tuple(name for name in BETWEEN_TWO if name not in BY_LEVEL)
_ALPHAS = {name: PairFigure(*figure) for name, figure in AMONG_ALL.items()}
# Without those that depend on who comes first: they have no mean over pairs of raters.
_EVEN = tuple(
    name for name in BETWEEN_TWO if name not in ("mean_difference", "macro_precision", "macro_recall")
)


@dataclass(frozen=True)
class RatingTable:
    """One dimension: the clusters of its items, and everybody's scores of them (nan: none)."""

    dimension: str
    clusters: list[str]
    judge: Mapping[str, Floats]
    labels: Mapping[str, Floats]

    def clusters_of(self, chosen: np.ndarray) -> list[str]:
        return list(compress(self.clusters, chosen))


def of_ratings(ratings: Ratings, labels: Ratings | None, bootstrap: Bootstrap) -> FigureReport:
    report = FigureReport(bootstrap)
    _note_what_is_there(report, ratings, labels)
    for table in _tables(ratings, labels):
        _among(report, table, table.judge, "the raters")
        if labels is not None:
            _among(report, table, table.labels, "the labels' raters")
            _judge_to_labels(report, table)
        if table.dimension != POOLED:
            _means(report, table)
    if labels is None:
        for name in BETWEEN_TWO:
            report.lack(name, "between judge and label: no labels were given (--labels)")
    if len(ratings.raters) < 2:
        why = f"among the raters: there is one only ({ratings.raters[0]})"
        for name in AMONG:
            report.lack(name, why)
        for name in _EVEN:
            report.lack(f"mean_pairwise_{name}", why)
    return report


def _note_what_is_there(report: FigureReport, ratings: Ratings, labels: Ratings | None) -> None:
    report.notes += ratings.notes
    if ratings.missing:
        report.notes.append(f"{ratings.missing} of {len(ratings.scores)} ratings are empty: missing, not 0")
    if labels is None:
        return
    report.notes += [f"labels: {note}" for note in labels.notes]
    report.note_files(ratings.items, labels.items, "ratings", "item")
    dimensions, others = set(ratings.dimensions), set(labels.dimensions)
    if not dimensions & others and OVERALL not in dimensions | others:
        raise Refusal(
            "no dimension stands in both files",
            f"the ratings have {', '.join(ratings.dimensions)}, the labels {', '.join(labels.dimensions)}",
        )
    for kind, alone in (("labels", dimensions - others), ("ratings", others - dimensions)):
        if alone:
            report.notes.append(f"dimensions without {kind}: {', '.join(sorted(alone))}")


def _tables(ratings: Ratings, labels: Ratings | None) -> Iterator[RatingTable]:
    """A table for each dimension, then one for all together and one for every score by itself."""
    known = labels or Ratings({})
    items = sorted({*ratings.items, *known.items})
    clusters = [ratings.clusters.get(item) or known.cluster(item) for item in items]

    def of(dimension: str) -> RatingTable:
        return RatingTable(
            dimension, clusters, ratings.columns(dimension, items), known.columns(dimension, items)
        )

    tables = [of(dimension) for dimension in ratings.dimensions]
    yield from tables
    if OVERALL in ratings.dimensions:
        return
    if len(tables) > 1 or OVERALL in known.dimensions:
        yield of(OVERALL)
    if len(tables) > 1:
        judge, label = _stacked([one.judge for one in tables]), _stacked([one.labels for one in tables])
        yield RatingTable(POOLED, clusters * len(tables), judge, label)


def _stacked(sides: Sequence[Mapping[str, Floats]]) -> dict[str, Floats]:
    """Each rater's scores of all dimensions, one dimension after the other."""
    return {rater: np.concatenate([side[rater] for side in sides]) for rater in sides[0]}


def _side_by_side(side: Mapping[str, Floats]) -> Floats:
    """Items x raters."""
    return np.stack(list(side.values()), axis=1)


def _with_forms(side: Mapping[str, Floats], who: str) -> dict[str, tuple[Floats, str]]:
    """Every rater, and where there are several what they say together: name -> (scores, form or '')."""
    series = {rater: (scores, "") for rater, scores in side.items()}
    if len(side) > 1:
        for form in FORMS:
            series[f"{form} of {who}"] = together(_side_by_side(side), form), form
    return series


def _names_for(*forms: str) -> tuple[str, ...]:
    """The figures that can be given; between levels there is no kappa."""
    if "mean" in forms:
        return _OF_A_MEAN
    return _EVERY_LEVEL


def _judge_to_labels(report: FigureReport, table: RatingTable) -> None:
    if np.isnan([*table.labels.values()]).all():
        return
    several = len(table.labels) > 1
    crowd = report.is_crowd(len(table.labels), "the labels' raters")
    for judge, (x, form) in _with_forms(table.judge, "raters").items():
        for label, (y, other) in _with_forms(table.labels, "labels").items():
            if not (crowd and label in table.labels):
                _two(report, table, (judge, x), (label, y), _names_for(form, other))
        if several:
            every = EVERY, _side_by_side(table.labels)
            _two(report, table, (judge, x), every, _names_for(form))
        if several and not crowd:
            whose = Whose(table.dimension, judge, "each label's rater, mean of them")
            _mean_of_pairs(report, table, [(x, y) for y in table.labels.values()], whose, _names_for(form))


def _among(report: FigureReport, table: RatingTable, side: Mapping[str, Floats], who: str) -> None:
    if len(side) < 2:
        return
    whose = Whose(table.dimension, who, EACH_OTHER)
    if not report.is_crowd(len(side), who):
        for two in combinations(side.items(), 2):
            _two(report, table, *two, _EVERY_LEVEL)
        _mean_of_pairs(report, table, list(combinations(side.values(), 2)), whose, _EVEN)
        _leave_one_out(report, table, side, who)
    why = f"{table.dimension}, {who}: no item has the scores that it needs"
    report.measure_raters(whose, _side_by_side(side), table.clusters, why)


def _leave_one_out(report: FigureReport, table: RatingTable, side: Mapping[str, Floats], who: str) -> None:
    """Each rater against the mean of the others: what a judge that is as good as they are would reach."""
    if len(side) < 3:
        return
    against = "mean of the other raters"
    scores = _side_by_side(side)
    pairs = []
    for place, (rater, own) in enumerate(side.items()):
        others = together(np.delete(scores, place, axis=1), "mean")
        pairs.append((own, others))
        _two(report, table, (rater, own), (against, others), _OF_A_MEAN)
    _mean_of_pairs(report, table, pairs, Whose(table.dimension, who, against), _OF_A_MEAN)


def _two(
    report: FigureReport, table: RatingTable, judge: tuple[str, Floats], label: tuple[str, Floats],
    names: Sequence[str],
) -> None:  # fmt: skip
    figures = {name: PairFigure(*BETWEEN_TWO[name]) for name in names} | _ALPHAS
    whose = Whose(table.dimension, judge[0], label[0])
    why = f"{table.dimension}, {judge[0]} against {label[0]}: no item has both scores"
    report.hold(whose, paired(judge[1], label[1], table.clusters), figures, ("agreement", why))


def _mean_of_pairs(
    report: FigureReport, table: RatingTable, pairs: Sequence[tuple[Floats, Floats]], whose: Whose,
    names: Sequence[str],
) -> None:  # fmt: skip
    """The plain mean of a figure over pairs of raters, each pair on the items that both scored."""
    parts, blocks, items = [], [], np.zeros(len(table.clusters), dtype=bool)
    groups = sorted(set(table.clusters))
    for x, y in pairs:
        items |= ~np.isnan(x + y)
        both = paired(x, y, table.clusters)
        if len(both.x):
            rows, counts = distinct(np.stack([both.x, both.y], axis=1), both.clusters, groups)
            parts.append(rows)
            blocks.append(counts)
    if not parts:
        return
    counts = np.concatenate(blocks, axis=1)
    ends = np.cumsum(list(map(len, parts)))[:-1]

    def mean_of(figure: Figure, w: Floats) -> Floats:
        with np.errstate(invalid="ignore", divide="ignore"):
            mean: Floats = np.mean(list(map(figure, parts, np.split(w, ends, axis=1))), axis=0)
        return mean

    measures = {}
    for name in names:
        title, figure = BETWEEN_TWO[name]
        title = f"{title}, mean of {len(parts)} pairs"
        measures[f"mean_pairwise_{name}"] = Computation(title, partial(mean_of, figure), int(items.sum()))
    report.measure(whose, measures, counts[counts.sum(axis=1) > 0])


def _means(report: FigureReport, table: RatingTable) -> None:
    """For every rater and their mean: the judge's mean, the labels' mean, and both together."""
    raters = dict(table.judge)
    if len(raters) > 1:
        raters["mean of raters"] = together(_side_by_side(raters), "mean")
    for rater, scores in raters.items():
        _mean(report, table, rater, scores, "judge")
        if table.labels:
            _corrected(report, table, rater, scores)
        else:
            report.lack("corrected_mean", "no labels were given (--labels)")
    for rater, scores in table.labels.items():
        _mean(report, table, rater, scores, "label")


def _mean(report: FigureReport, table: RatingTable, rater: str, scores: Floats, side: str) -> None:
    """The mean of somebody's scores, and their standard deviation over n - 1."""
    there = ~np.isnan(scores)
    if not there.any():
        return
    middle = float(scores[there].mean())
    centred = scores[there] - middle
    clusters, codes = np.unique(table.clusters_of(there), return_inverse=True)
    sums = np.zeros(
        (len(clusters), 3)
    )  # of each cluster: how many scores, their sum and that of their squares
    np.add.at(sums, codes, np.stack([np.ones_like(centred), centred, centred * centred], axis=1))

    def mean(w: Floats) -> Floats:
        return middle + ratio(w[:, 1], w[:, 0])

    def deviation(w: Floats) -> Floats:
        n, total, squares = w.T
        return np.asarray(np.sqrt(np.maximum(ratio(squares - total**2 / n, n - 1), 0.0)), dtype=np.float64)

    n = int(there.sum())
    measures = {
        f"{side}_mean": Computation(f"Mean of the {side}'s scores", mean, n),
        f"{side}_sd": Computation(f"Standard deviation of the {side}'s scores", deviation, n),
    }
    report.measure(Whose(table.dimension, rater, "no label"), measures, sums)


def _corrected(report: FigureReport, table: RatingTable, rater: str, scores: Floats) -> None:
    labels = together(_side_by_side(table.labels), "mean")
    both = ~np.isnan(scores + labels)
    alone = ~np.isnan(scores) & ~both
    n, others = int(both.sum()), int(alone.sum())
    whose = Whose(table.dimension, rater, "mean of labels")
    if not others:
        report.lack("corrected_mean", f"{table.dimension}, {rater}: every item has a label")
        return
    if n < LEAST_LABELS:
        why = f"{n} labelled items, at least {LEAST_LABELS} needed"
        report.lack("corrected_mean", f"{table.dimension}, {rater}: {why}")
        return
    grouped = None
    if len(set(table.clusters)) < len(table.clusters):
        grouped = table.clusters_of(both), table.clusters_of(alone)
    for name, title, weight, size in (
        ("corrected_mean", "Prediction-powered mean, tuned (PPI++)", None, n + others),
        ("corrected_mean_weight_1", "Prediction-powered mean, weight 1 (PPI)", 1.0, n + others),
        ("labels_mean", "Mean of the labelled items alone", 0.0, n),
    ):
        mean = prediction_powered(
            labels[both], scores[both], scores[alone], weight, report.bootstrap.alpha, grouped
        )
        note = f"{n} labels, {others} items without, weight {mean.weight:.3f}"
        interval = Interval(mean.value, mean.low, mean.high)
        report.add(name, title, whose, interval, size, note)
