"""Every figure of agreement against scipy, scikit-learn, statsmodels, and worked examples from the literature."""

import itertools
import math
from functools import partial

import numpy as np
import pytest
import scipy.stats
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats import inter_rater

from proctor.common.stats.agreement import BETWEEN_TWO
from proctor.common.stats.bootstrap import Bootstrap
from proctor.common.stats.reliability import AMONG, AMONG_ALL, rated_items

NONE = math.nan
# Krippendorff (2011), "Computing Krippendorff's Alpha-Reliability", section C: four observers, twelve units.
KRIPPENDORFF = np.array([
    [1, 2, 3, 3, 2, 1, 4, 1, 2, NONE, NONE, NONE],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NONE, 3],
    [NONE, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NONE],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NONE],
]).T  # fmt: skip
# Shrout and Fleiss (1979), table 2: four judges, six targets.
SHROUT = np.array([
    [9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7],
], dtype=float)  # fmt: skip


def among(name, rows):
    return float(AMONG[name][1](rows, np.ones((1, len(rows))))[0])


def between(name, x, y):
    rows = np.stack([x, y], axis=1).astype(float)
    return float(BETWEEN_TWO[name][1](rows, np.ones((1, len(rows))))[0])


def between_two(name, x, y):
    return partial(BETWEEN_TWO[name][1], np.stack([x, y], axis=1))


def drawn(seed, items, raters, levels, missing):
    """The same marks in every language and on every machine."""
    x, rows = seed, []
    for _ in range(items):
        row = []
        x = (x * 1103515245 + 12345) % 2**31
        base = x % levels
        for _ in range(raters):
            x = (x * 1103515245 + 12345) % 2**31
            mark = (base + (x // 65536) % 3 - 1) % levels
            x = (x * 1103515245 + 12345) % 2**31
            row.append(NONE if (x // 65536) % 100 < missing else float(mark + 1))
        rows.append(row)
    return np.array(rows)


@pytest.mark.parametrize(
    ("name", "printed"), [("alpha_nominal", 0.743), ("alpha_ordinal", 0.815), ("alpha_interval", 0.849)]
)
def test_alpha_of_krippendorffs_own_example_comes_out_as_printed(name, printed):
    assert round(among(name, KRIPPENDORFF), 3) == printed


@pytest.mark.parametrize(
    ("made", "values"),
    [  # computed with the krippendorff package, version 0.9.0
        ((7, 40, 3, 5, 15), [0.1444782405240993, 0.22035248345011815, 0.2145541696170815]),
        ((11, 60, 4, 7, 30), [0.2528420513945241, 0.5629059851391689, 0.5854600139160101]),
        ((5, 25, 2, 3, 0), [0.049696969696969795, -0.11066666666666669, -0.11066666666666647]),
    ],
)
def test_alpha_with_missing_marks_equals_the_reference_implementation(made, values):
    rows = drawn(*made)
    found = [among(name, rows) for name in ("alpha_nominal", "alpha_ordinal", "alpha_interval")]
    assert found == pytest.approx(values, abs=1e-12)


def test_figures_of_very_many_distinct_marks_equal_those_of_scipy_and_are_still_quick():
    generator = np.random.default_rng(2)
    x = generator.normal(size=1_600)
    y = x + generator.normal(size=1_600)
    assert between("kendall_tau_b", x, y) == pytest.approx(scipy.stats.kendalltau(x, y)[0], abs=1e-9)
    rows = np.round(np.stack([x, y, x - y], axis=1)[:400], 3)
    found = Bootstrap(resamples=200).of(partial(AMONG_ALL["alpha_ordinal"][1], rows), np.eye(400))
    assert found.low < found.value < found.high


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("icc_1", 0.17),
        ("icc_2", 0.29),
        ("icc_3", 0.71),
        ("icc_1_k", 0.44),
        ("icc_2_k", 0.62),
        ("icc_3_k", 0.91),
    ],
)
def test_intraclass_correlations_of_shrout_and_fleiss_come_out_as_printed(name, printed):
    assert round(among(name, SHROUT), 2) == printed


def test_fleiss_kappa_of_his_textbook_example_comes_out_as_printed():
    # Fleiss (1971): ten subjects, fourteen raters, five categories; kappa is .210.
    counts = [
        [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
    ]  # fmt: skip
    rows = np.array([np.repeat(np.arange(1, 6), row) for row in counts], dtype=float)
    assert round(among("fleiss_kappa", rows), 3) == 0.210
    assert among("fleiss_kappa", rows) == pytest.approx(inter_rater.fleiss_kappa(np.array(counts)))
    free = inter_rater.fleiss_kappa(np.array(counts), method="randolph")
    assert among("randolph_kappa", rows) == pytest.approx(free)


def by_definition(rows, level):
    """Krippendorff's alpha from its definition: pairs of marks within items against pairs of all marks."""
    units = [[mark for mark in row if not math.isnan(mark)] for row in rows]
    units = [unit for unit in units if len(unit) > 1]
    marks = [mark for unit in units for mark in unit]

    def apart(a, b):
        between = sum(min(a, b) <= mark <= max(a, b) for mark in marks)
        return {
            "alpha_nominal": float(a != b),
            "alpha_ordinal": (between - (marks.count(a) + marks.count(b)) / 2) ** 2,
            "alpha_interval": (a - b) ** 2,
            "alpha_ratio": ((a - b) / (a + b)) ** 2 if a + b else 0.0,
        }[level]

    observed = sum(apart(a, b) / (len(unit) - 1) for unit in units for a in unit for b in unit) / len(marks)
    expected = sum(apart(a, b) for a in marks for b in marks) / (len(marks) * (len(marks) - 1))
    return 1 - observed / expected


@pytest.mark.parametrize("level", AMONG_ALL)
@pytest.mark.parametrize("made", [(7, 14, 3, 5, 15), (3, 12, 4, 3, 40), (5, 20, 2, 4, 0)])
def test_alpha_of_every_level_is_what_its_definition_says(level, made):
    rows = drawn(*made)
    half = rows / 2 + 0.5
    for marks in (rows, half, rows - 1):
        assert among(level, marks) == pytest.approx(by_definition(marks, level), abs=1e-12)


def test_alpha_of_ratios_is_not_given_for_marks_below_nought():
    assert math.isnan(among("alpha_ratio", np.array([[-1.0, 1.0], [1.0, 1.0], [-1.0, -1.0]])))


def test_kendalls_w_is_that_of_friedmans_test_with_and_without_ties():
    for marks in (drawn(3, 30, 4, 5, 0), np.random.default_rng(4).normal(size=(20, 3))):
        items, raters = marks.shape
        friedman = scipy.stats.friedmanchisquare(*marks)[0]
        assert among("kendall_w", marks) == pytest.approx(friedman / (raters * (items - 1)))


def test_gwets_ac1_is_high_where_nearly_all_marks_are_one():
    x = np.array([1] * 118 + [1] * 5 + [2] * 2)
    y = np.array([1] * 118 + [2] * 5 + [2] * 2)
    agree, share = 120 / 125, (123 + 118) / 250
    chance = 2 * share * (1 - share)
    assert among("gwet_ac1", np.stack([x, y], axis=1).astype(float)) == pytest.approx(
        (agree - chance) / (1 - chance)
    )


def test_figures_that_do_not_ask_who_marked_take_items_with_as_many_marks():
    """Three of six people marked each item, another three each time, and one item has two marks only."""
    marks = drawn(3, 20, 3, 4, 0)
    table = np.full((21, 6), NONE)
    for at, row in enumerate(marks):
        table[at, [(at + step) % 6 for step in range(3)]] = row
    table[20, :2] = 1, 2
    any_, equal, complete = rated_items(table)
    assert [int(group.chosen.sum()) for group in (any_, equal, complete)] == [21, 20, 0]
    assert "of items with 3 scores; 1 others left out" in equal.note
    counts = inter_rater.aggregate_raters(marks)[0]
    found = float(equal.figures["fleiss_kappa"][1](equal.rows, np.ones((1, 20)))[0])
    assert found == pytest.approx(inter_rater.fleiss_kappa(counts))
    agree = float(any_.figures["pairs_agree"][1](any_.rows, np.ones((1, 21)))[0])
    same = sum(a == b for row in marks for a, b in itertools.combinations(row, 2))
    assert agree == pytest.approx(same / (20 * 3 + 1))


def test_cohens_kappa_of_his_own_example_comes_out_as_printed():
    # Cohen (1960), table 1: proportions of 200 cases; kappa is .492.
    table = np.array([[88, 14, 18], [10, 40, 10], [2, 6, 12]])
    x, y = (np.repeat(side.ravel(), table.ravel()) for side in np.indices(table.shape))
    assert round(between("cohen_kappa", x, y), 3) == 0.492


marks = st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=3, max_size=60)


@settings(max_examples=40, deadline=None)
@given(marks)
def test_figures_between_two_raters_equal_those_of_scipy_and_scikit_learn(pairs):
    x, y = np.array(pairs, dtype=float).T
    if len(set(x)) < 2 or len(set(y)) < 2:
        assert math.isnan(between("spearman", x, y))
        return
    levels = range(1, 6)
    kappas = {"cohen_kappa": None, "linear_weighted_kappa": "linear", "quadratic_weighted_kappa": "quadratic"}
    expected = {
        name: sklearn.metrics.cohen_kappa_score(x, y, weights=weights, labels=levels)
        for name, weights in kappas.items()
    }
    expected |= {
        "pearson": scipy.stats.pearsonr(x, y)[0],
        "spearman": scipy.stats.spearmanr(x, y)[0],
        "kendall_tau_b": scipy.stats.kendalltau(x, y)[0],
        "kendall_tau_c": scipy.stats.kendalltau(x, y, variant="c")[0],
        "exact_agreement": np.mean(x == y),
        "within_one": np.mean(abs(x - y) <= 1),
        "mean_difference": np.mean(x - y),
        "mean_absolute_error": sklearn.metrics.mean_absolute_error(x, y),
        "root_mean_square_error": sklearn.metrics.root_mean_squared_error(x, y),
    }
    by_level = sklearn.metrics.precision_recall_fscore_support(y, x, average="macro", zero_division=0)
    expected |= dict(zip(("macro_precision", "macro_recall", "macro_f1"), by_level, strict=False))
    expected["matthews_correlation"] = sklearn.metrics.matthews_corrcoef(y, x)
    signs = [np.sign(x[i] - x[j]) * np.sign(y[i] - y[j]) for i in range(len(x)) for j in range(i)]
    expected["kendall_tau_a"] = np.mean(signs)
    expected["goodman_kruskal_gamma"] = sum(signs) / sum(map(abs, signs)) if any(signs) else math.nan
    expected["concordance_correlation"] = (
        2 * np.cov(x, y, ddof=0)[0, 1] / (np.var(x) + np.var(y) + (np.mean(x) - np.mean(y)) ** 2)
    )
    assert set(expected) == set(BETWEEN_TWO)
    for name, value in expected.items():
        assert between(name, x, y) == pytest.approx(value, abs=1e-9, nan_ok=True), name


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 100), st.floats(-5, 5)), min_size=4, max_size=40))
def test_correlations_of_marks_between_levels_equal_those_of_scipy(pairs):
    x, y = np.round(np.array(pairs), 3).T
    if np.ptp(x) < 0.01 or np.ptp(y) < 0.01:
        return
    assert between("pearson", x, y) == pytest.approx(scipy.stats.pearsonr(x, y)[0], abs=1e-7)
    assert between("spearman", x, y) == pytest.approx(scipy.stats.spearmanr(x, y)[0], abs=1e-9)
    assert between("kendall_tau_b", x, y) == pytest.approx(scipy.stats.kendalltau(x, y)[0], abs=1e-9)


def test_weights_count_an_observation_as_often_as_they_say():
    x, y = drawn(9, 30, 2, 5, 0).T
    weights = np.arange(30) % 4
    two = np.stack([x, y], axis=1)
    again = np.repeat(x, weights), np.repeat(y, weights)
    for name, (_, figure) in BETWEEN_TWO.items():
        weighted = float(figure(two, weights[None].astype(float))[0])
        assert weighted == pytest.approx(between(name, *again), abs=1e-12), name
    rows = drawn(9, 30, 3, 5, 0)
    for name, (_, figure) in AMONG.items():
        weighted = float(figure(rows, weights[None].astype(float))[0])
        assert weighted == pytest.approx(among(name, np.repeat(rows, weights, axis=0)), abs=1e-12), name


def test_two_raters_with_one_mark_each_have_no_kappa_rather_than_one():
    assert math.isnan(between("cohen_kappa", [3, 3, 3], [3, 3, 3]))
    assert math.isnan(among("alpha_ordinal", np.full((4, 2), 3.0)))


def test_an_interval_holds_its_figure_and_widens_with_fewer_items():
    widths = []
    for items in (20, 80, 320):
        x, y = drawn(4, items, 2, 5, 0).T
        found = Bootstrap().of(between_two("exact_agreement", x, y), np.eye(items))
        assert found.low <= found.value <= found.high
        widths.append(found.high - found.low)
    assert widths[0] > widths[1] > widths[2]


def test_nineteen_of_twenty_intervals_hold_the_truth():
    generator = np.random.default_rng(5)
    held = 0
    for _ in range(200):
        x, y = generator.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], size=60).T
        found = Bootstrap(resamples=500).of(between_two("pearson", x, y), np.eye(60))
        held += found.low <= 0.6 <= found.high
    assert 180 <= held <= 198


def test_clusters_make_an_interval_wider_when_their_items_are_alike():
    x = np.repeat([1.0, 2.0, 3.0, 4.0, 5.0, 1.0, 3.0, 5.0], 8)
    y = np.repeat([1.0, 3.0, 3.0, 5.0, 5.0, 2.0, 3.0, 4.0], 8)
    statistic = between_two("exact_agreement", x, y)
    alone = Bootstrap().of(statistic, np.eye(64))
    whole = Bootstrap().of(statistic, np.kron(np.eye(8), np.ones(8)))
    assert whole.high - whole.low > 2 * (alone.high - alone.low)
