"""The door to the statistics: the figures, the order of rows, bad input, margins, verdicts and speed."""

import re
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportions_ztest

from proctor.common.stats import (
    Table,
    compare_all,
    compare_each,
    compare_paired,
    estimate,
    estimate_each,
    verdict,
)
from proctor.common.stats.binary import critical, mcnemar, tango, wilson

QUICK = {"resamples": 500}


def draw(kind, n, seed=0, variants=2):
    rng = np.random.default_rng(seed)
    if kind == "binary":
        return (rng.random((variants, n)) < 0.6).astype(float)
    if kind == "real":
        return rng.normal(size=(variants, n))
    return rng.integers(0, 5, (variants, n, 3)).astype(float)


KINDS = pytest.mark.parametrize("kind", ["binary", "real", "counts"])


def test_the_predecessors_table_unpaired_and_paired():
    """63.5 % against 73.5 % of 200 items, 127 and 147 right: it depends on the discordant pairs."""
    unpaired = stats.fisher_exact([[127, 73], [147, 53]]).pvalue
    assert unpaired == pytest.approx(0.0410, abs=5e-4)
    # Net 20 items apart; the same 63.5 and 73.5 can come with 20 to 126 discordant pairs.
    ps = {only_a: float(mcnemar(only_a, only_a + 20)) for only_a in range(54)}
    assert ps[0] == pytest.approx(2 * 0.5**20)
    shown = [only_a for only_a, p in ps.items() if p <= 0.05]
    assert shown == list(range(38))  # up to 37 against 57: 94 discordant pairs
    assert ps[53] == pytest.approx(0.0902, abs=5e-4)
    # As two independent models at these shares would do it: shown, but only just.
    a = np.repeat([1, 1, 0, 0], [93, 34, 54, 19])
    b = np.repeat([1, 0, 1, 0], [93, 34, 54, 19])
    found = compare_paired(a, b, kind="binary")
    assert (found.mean_a, found.mean_b, found.difference) == (0.635, 0.735, -0.1)
    assert (found.only_a, found.only_b) == (34, 54)
    assert found.p == pytest.approx(0.0422, abs=5e-4)
    assert (found.low, found.high) == pytest.approx((-0.190, -0.0074), abs=2e-3)
    assert found.items_needed > 200 > 0
    assert verdict(found) == "worse"
    assert verdict(found, adjusted_p=0.13) == "not shown"


def test_the_worked_examples_in_the_docs_come_out():
    text = (Path(__file__).resolve().parent.parent.parent / "docs" / "statistics.md").read_text(
        encoding="utf-8"
    )
    rows = re.findall(r"^\| (\d+) \| (\d+) \| ([\d.]+) \| (.+) to (.+) \| (\d+) \|$", text, re.MULTILINE)
    assert len(rows) == 6
    for lost, won, p, low, high, items in rows:
        found = pair_of(127, int(lost), int(won), 200)
        digits = len(p.partition(".")[2])
        assert f"{found.p:.{digits}f}" == p
        assert (f"{-100 * found.high:.1f}".replace("-", "−"), f"{-100 * found.low:.1f}") == (low, high)
        assert found.items_needed == int(items)
    alone = " to ".join(f"{100 * float(one):.1f}" for one in wilson(127, 200, critical(0.05)))
    other = " to ".join(f"{100 * float(one):.1f}" for one in wilson(147, 200, critical(0.05)))
    assert f"known to {alone} %" in " ".join(text.split())
    assert f"the other to {other} %" in " ".join(text.split())
    unpaired = proportions_ztest([127, 147], [200, 200])[1], stats.fisher_exact([[127, 73], [147, 53]]).pvalue
    assert f"p = {unpaired[0]:.3f} (z) or {unpaired[1]:.3f} (Fisher)" in text
    assert f"(Holm: {3 * float(mcnemar(34, 54)):.2f})" in text
    kept = pair_of(892, 12, 15, 1319, margin=0.02)
    assert verdict(kept) == "no worse (within margin)"
    assert (round(100 * kept.low, 1), round(100 * kept.high, 1)) == (-1.1, 0.6)
    assert (f"{kept.p:.2f}", f"{kept.p_no_worse:.5f}") == ("0.70", "0.00013")
    assert kept.smallest_effect == pytest.approx(0.011, abs=5e-4)


def pair_of(right, only_a, only_b, n, **options):
    """`right` of n items for a, of which b missed only_a; b got only_b more."""
    both = right - only_a
    counts = [both, only_a, only_b, n - both - only_a - only_b]
    a, b = np.repeat([1, 1, 0, 0], counts), np.repeat([1, 0, 1, 0], counts)
    return compare_paired(a, b, kind="binary", **options)


@KINDS
def test_swapping_the_two_turns_the_difference_round(kind):
    for seed in range(5):
        a, b = draw(kind, 40, seed)
        one, other = (compare_paired(x, y, kind=kind, margin=0.05, **QUICK) for x, y in ((a, b), (b, a)))
        assert other.difference == -one.difference
        assert (other.low, other.high) == pytest.approx((-one.high, -one.low), abs=1e-12)
        assert (other.p, other.p_equivalent) == pytest.approx((one.p, one.p_equivalent), abs=1e-12)
        assert (other.only_a, other.only_b) == (one.only_b, one.only_a)
        assert (other.smallest_effect, other.items_needed) == (one.smallest_effect, one.items_needed)


@KINDS
@pytest.mark.parametrize("labels", ["none", "items", "clusters", "both", "epochs"])
def test_the_order_of_the_rows_never_matters(kind, labels):
    a, b = draw(kind, 60, 3)
    names = {}
    if labels in ("items", "both"):
        names["items"] = [f"item-{i}" for i in range(60)]
    if labels in ("clusters", "both"):
        names["clusters"] = [f"source {i % 13}" for i in range(60)]
    if labels == "epochs":
        names = {"items": [f"item-{i // 3}" for i in range(60)], "clusters": [str(i // 9) for i in range(60)]}
    expected = compare_paired(a, b, kind=kind, **names, **QUICK)
    single = estimate(a, kind=kind, **names)
    for seed in range(4):
        order = np.random.default_rng(seed).permutation(60)
        mixed = {key: [value[i] for i in order] for key, value in names.items()}
        assert compare_paired(a[order], b[order], kind=kind, **mixed, **QUICK) == expected
        assert estimate(a[order], kind=kind, **mixed) == single


@KINDS
def test_all_pairs_give_the_same_bytes_as_each_pair_alone(kind):
    scores = draw(kind, 50, 1, variants=4)
    names = {"items": np.arange(50), "clusters": np.arange(50) // 4}
    together = compare_all(scores, kind=kind, margin=0.02, **names, **QUICK)
    assert list(together) == [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
    for (i, j), found in together.items():
        assert compare_paired(scores[i], scores[j], kind=kind, margin=0.02, **names, **QUICK) == found
    (estimates,) = estimate_each([Table(scores, **names)], kind=kind)
    assert [estimate(row, kind=kind, **names) for row in scores] == estimates
    assert compare_all(scores, kind=kind, pairs=[(2, 0)], **names, **QUICK)[2, 0].difference == -(
        together[0, 2].difference
    )


@KINDS
def test_pairs_with_items_of_their_own_share_draws_and_get_what_they_would_get_alone(kind):
    """Tables of two sizes, with clusters and without, one of them with three variants and chosen pairs."""
    tables = [
        Table(draw(kind, n, seed, variants=variants), np.arange(n), clusters and np.arange(n) // clusters, pairs)
        for seed, (n, variants, clusters, pairs) in enumerate(
            [(40, 2, None, None), (40, 3, None, [(2, 0), (1, 2)]), *[(40, 2, 4, None)] * 2, (41, 2, None, None)]
        )
    ]  # fmt: skip
    together = list(compare_each(tables, kind=kind, margin=0.02, **QUICK))
    assert [list(found) for found in together] == [[(0, 1)], [(2, 0), (1, 2)], [(0, 1)], [(0, 1)], [(0, 1)]]
    for table, found in zip(tables, together, strict=True):
        names = {"items": table.items, "clusters": table.clusters}
        for (i, j), one in found.items():
            assert (
                compare_paired(table.scores[i], table.scores[j], kind=kind, margin=0.02, **names, **QUICK)
                == one
            )
    for table, found in zip(tables, estimate_each(tables, kind=kind), strict=True):
        names = {"items": table.items, "clusters": table.clusters}
        assert [estimate(row, kind=kind, **names) for row in table.scores] == found


def test_another_seed_draws_other_signs_for_counts_and_nothing_else():
    a, b = draw("real", 80)
    assert compare_paired(a, b, kind="real", seed=1) == compare_paired(a, b, kind="real", seed=1)
    a, b = draw("counts", 80)
    one, other = (compare_paired(a, b, kind="counts", seed=seed) for seed in (1, 2))
    assert (one.low, one.high) == (other.low, other.high)
    assert one.p != other.p


def test_epochs_are_averaged_within_the_item_and_the_item_is_the_unit():
    scores = np.array([[1, 0, 1, 1, 0, 0], [0, 0, 1, 0, 0, 1.0]])
    items = ["x", "x", "y", "y", "z", "z"]
    found = compare_paired(*scores, kind="binary", items=items, **QUICK)
    means = scores.reshape(2, 3, 2).mean(axis=2)
    assert (found.kind, found.n, found.only_a) == ("real", 3, None)
    assert found == compare_paired(*means, kind="real", items=["x", "y", "z"], **QUICK)


def test_clusters_widen_what_copies_would_narrow():
    """Every item five times over is no more evidence than once."""
    a, b = draw("binary", 60, 5)
    once = compare_paired(a, b, kind="binary")
    copied = {"a": np.repeat(a, 5), "b": np.repeat(b, 5)}
    naive = compare_paired(**copied, kind="binary")
    clustered = compare_paired(**copied, kind="binary", clusters=np.repeat(np.arange(60), 5))
    assert naive.high - naive.low < 0.6 * (once.high - once.low)
    assert clustered.high - clustered.low == pytest.approx(once.high - once.low, rel=0.05)
    assert clustered.p == pytest.approx(once.p)  # sign-flip of whole clusters is McNemar on the items
    assert clustered.se == pytest.approx(once.se)


@pytest.mark.parametrize("kind", ["binary", "real"])
def test_copies_in_clusters_plan_as_the_items_that_they_copy(kind):
    """Five copies of each of 60 items: the same smallest effect, and five times as many rows for what is seen."""
    a, b = draw(kind, 60, 5)
    once = compare_paired(a, b, kind=kind)
    five = compare_paired(np.repeat(a, 5), np.repeat(b, 5), kind=kind, clusters=np.repeat(np.arange(60), 5))
    assert five.smallest_effect == pytest.approx(once.smallest_effect, rel=0.02)
    assert five.items_needed == pytest.approx(5 * once.items_needed, rel=0.02)


def test_clustered_shares_are_worth_items_over_the_design_effect_to_the_last_digit():
    a, b = draw("binary", 60, 5)
    labels = np.repeat(np.arange(60), 5)
    five, alone = (
        np.repeat(np.stack([a, b]), 5, axis=1),
        estimate(np.repeat(a, 5), kind="binary", clusters=labels),
    )
    # With copies the design effect is (n - 1) / (clusters - 1): variances divide by units - 1.
    worth, t = 300 * 59 / 299, stats.t.ppf(0.975, 59)
    assert (alone.low, alone.high) == pytest.approx(
        [float(x) for x in wilson(a.mean() * worth, worth, t)], rel=1e-12
    )
    pair = compare_paired(*five, kind="binary", clusters=labels)
    counts = [((a > b).mean()) * worth, ((a < b).mean()) * worth]
    assert (pair.low, pair.high) == pytest.approx([float(x) for x in tango(*counts, worth, t)], rel=1e-9)


def test_turned_round_all_figures_belong_to_the_other():
    for kind in ("binary", "real", "counts"):
        a, b = draw(kind, 40, 2)
        one, other = (compare_paired(x, y, kind=kind, margin=0.3, resamples=500) for x, y in ((a, b), (b, a)))
        turned, expected = asdict(one.turned()), asdict(other)
        assert {k: v for k, v in turned.items() if not isinstance(v, float)} == {
            k: v for k, v in expected.items() if not isinstance(v, float)
        }
        for name, value in expected.items():
            if isinstance(value, float):
                assert turned[name] == pytest.approx(value, abs=1e-9), name


def test_real_scores_agree_with_the_paired_t_test_where_that_holds():
    a, b = draw("real", 400, 8)
    found, t = compare_paired(a, b, kind="real"), stats.ttest_rel(a, b)
    assert found.p == pytest.approx(t.pvalue, abs=0.015)
    assert (found.low, found.high) == pytest.approx(tuple(t.confidence_interval()), abs=0.01)
    assert found.se == pytest.approx(stats.sem(a - b))


def test_any_statistic_of_summed_counts_can_be_compared():
    a, b = draw("counts", 30, 2)

    def precision(sums):
        return sums[..., 0] / (sums[..., 0] + sums[..., 1])

    found = compare_paired(a, b, kind="counts", statistic=precision, **QUICK)
    assert found.mean_a == pytest.approx(precision(a.sum(axis=0)))
    assert found.low < found.difference < found.high


@KINDS
def test_the_margin_agrees_with_the_interval(kind):
    for seed in range(12):
        a, b = draw(kind, 80, seed)
        found = compare_paired(a, b, kind=kind, margin=0.12)
        if abs(found.low + 0.12) > 0.002:
            assert (found.low > -0.12) == (found.p_no_worse < 0.025)
        if abs(found.low + 0.12) > 0.002 and abs(found.high - 0.12) > 0.002:
            assert (found.low > -0.12 and found.high < 0.12) == (found.p_equivalent < 0.025)


def test_the_four_verdicts():
    base = compare_paired(*draw("binary", 100, 1), kind="binary", margin=0.05)
    up = replace(base, difference=0.1, p=0.01, p_no_worse=1e-6)
    assert verdict(up) == "better"
    assert verdict(up, adjusted_p=0.2) == "no worse (within margin)"
    assert verdict(replace(up, margin=None, p_no_worse=None), adjusted_p=0.2) == "not shown"
    # One-sided: held against half of alpha, as the interval is.
    assert verdict(replace(up, p=0.5, p_no_worse=0.025)) == "no worse (within margin)"
    assert verdict(replace(up, p=0.5, p_no_worse=0.026)) == "not shown"
    down = replace(base, difference=-0.1, p=0.01, p_no_worse=0.9)
    assert verdict(down) == "worse"
    assert verdict(down, adjusted_p=0.2) == "not shown"
    assert verdict(replace(down, difference=-0.01, p_no_worse=0.001)) == "no worse (within margin)"
    assert verdict(replace(down, difference=-0.01, p_no_worse=0.001), adjusted_p_no_worse=0.3) == "worse"


@KINDS
def test_two_copies_differ_by_nothing(kind):
    a = draw(kind, 30)[0]
    found = compare_paired(a, a, kind=kind, margin=0.03, **QUICK)
    assert (found.difference, found.p, found.items_needed) == (0.0, 1.0, None)
    assert found.low <= 0.0 <= found.high
    # That no item differs does not mean that none can.
    assert 0.05 < found.high < (10.0 if kind == "real" else 0.2)
    assert found.p_no_worse > 0.025


def test_a_difference_that_is_the_same_everywhere_has_a_width():
    a = np.random.default_rng(1).random(30)
    found = compare_paired(a + 0.1, a, kind="real", scale=(0.0, 1.1), **QUICK)
    assert found.difference == pytest.approx(0.1)
    assert 0.0 < found.high - found.low < 0.5
    assert found.p == 2 * 0.5**30


def test_one_item_is_answered_where_it_can_be():
    found = compare_paired([1], [0], kind="binary")
    assert (found.n, found.difference, found.p) == (1, 1.0, 1.0)
    assert found.low < 0.0
    assert np.isnan(found.se)
    assert estimate([1], kind="binary").low == pytest.approx(0.2065, abs=1e-4)
    with pytest.raises(ValueError, match="one item"):
        compare_paired([1.0], [0.5], kind="real")
    with pytest.raises(ValueError, match="one item"):
        estimate([[1, 0, 0]], kind="counts")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"a": [1, float("nan")], "b": [0, 1]}, "1 scores are missing or infinite"),
        ({"a": [1, float("inf")], "b": [0, 1], "kind": "real"}, "missing or infinite"),
        ({"a": [1, None], "b": [0, 1]}, "missing or infinite"),
        ({"a": ["x", "y"], "b": [0, 1]}, "not numbers"),
        ({"a": [1, 0, 1], "b": [0, 1]}, "align both"),
        ({"a": [[1, 0], [1]], "b": [0, 1]}, "not numbers in equally long lists"),
        ({"a": [], "b": []}, "no scores"),
        ({"a": 1, "b": 0}, "dimensions"),
        ({"a": [1, 0.5], "b": [0, 1]}, "use kind 'real'"),
        ({"a": [1, 0], "b": [0, 1], "kind": "counts"}, "dimensions"),
        ({"a": [[1, -1, 0]], "b": [[1, 0, 0]], "kind": "counts"}, "negative counts"),
        ({"a": [1, 0], "b": [0, 1], "kind": "ordinal"}, "unknown"),
        ({"a": [1, 0], "b": [0, 1], "items": ["x"]}, "1 item ids for 2 rows"),
        ({"a": [1, 0], "b": [0, 1], "items": ["x", None]}, "item ids are missing"),
        ({"a": [1, 0], "b": [0, 1], "clusters": [1.0, float("nan")]}, "cluster labels are missing"),
        ({"a": [1, 0], "b": [0, 1], "clusters": ["x", "x"]}, "share one cluster"),
        ({"a": [1, 0], "b": [0, 1], "items": [1, 1], "clusters": [1, 2]}, "two clusters"),
        ({"a": [1, 0], "b": [0, 1], "resamples": 10}, "too few"),
        ({"a": [1, 0], "b": [0, 1], "alpha": 1.5}, "alpha"),
        ({"a": [1, 0], "b": [0, 1], "margin": 0.0}, "margin"),
        ({"a": [1, 5], "b": [2, 3], "kind": "real", "scale": (1.0, 4.0)}, "1 scores lie outside the scale"),
        ({"a": [1, 5], "b": [2, 3], "kind": "real", "scale": (5.0, 1.0)}, "no width"),
        (
            {"a": [1, 5], "b": [2, 3], "kind": "real", "scale": (1.0, 5.0), "margin": 4.0},
            "as wide as the scale",
        ),
        ({"a": [1e308, 0], "b": [0, 1e308], "kind": "real"}, "too large"),
    ],
)
def test_bad_input_is_refused_in_one_line(arguments, message):
    with pytest.raises(ValueError, match=message) as caught:
        compare_paired(**{"kind": "binary", **arguments})
    assert "\n" not in str(caught.value)


def test_a_pair_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="not among the 2"):
        compare_all(draw("binary", 5), kind="binary", pairs=[(0, 2)])
    assert compare_all(draw("binary", 5, variants=1), kind="binary") == {}


SCORES = st.lists(st.tuples(st.integers(-8, 8), st.integers(-8, 8)), min_size=2, max_size=25)


@settings(max_examples=50, deadline=None)
@given(SCORES, st.integers(-50, 50), st.sampled_from([1.0, 0.125, 3.0]))
def test_a_constant_and_a_unit_change_nothing_but_the_unit(pairs, constant, unit):
    a, b = np.array(pairs, dtype=float).T
    items, scale = np.arange(len(a)), (-8.0 * unit + constant, 8.0 * unit + constant)
    plain = compare_paired(a, b, kind="real", items=items, scale=(-8.0, 8.0))
    moved = compare_paired(a * unit + constant, b * unit + constant, kind="real", items=items, scale=scale)
    assert moved.p == pytest.approx(plain.p)
    assert moved.difference == pytest.approx(plain.difference * unit)
    assert (moved.low, moved.high) == pytest.approx((plain.low * unit, plain.high * unit), abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(SCORES, st.sampled_from(["real", "binary", "counts"]), st.booleans())
def test_whatever_comes_in_the_figures_hold_together(pairs, kind, clustered):
    a, b = np.array(pairs, dtype=float).T
    if kind == "binary":
        a, b = (a > 0) * 1.0, (b > 0) * 1.0
    if kind == "counts":
        a, b = (np.abs(np.stack([x, x // 2, x // 3], axis=1)) for x in (a, b))
    clusters = np.arange(len(a)) // 2 if clustered and len(a) > 2 else None
    found = compare_paired(a, b, kind=kind, clusters=clusters, margin=0.1, resamples=200)
    assert found.low <= found.difference <= found.high
    for p in (found.p, found.p_no_worse, found.p_equivalent):
        assert 0.0 <= p <= 1.0
    assert found.p_equivalent >= found.p_no_worse
    assert found.difference == pytest.approx(found.mean_a - found.mean_b, abs=1e-12)
    assert all(value == value for value in asdict(found).values() if isinstance(value, float))
    single = estimate(a, kind=kind, clusters=clusters)
    assert single.low <= single.mean <= single.high


@pytest.mark.parametrize(("apart", "shows"), [(1, False), (5, False), (6, True), (20, True)])
def test_no_effect_is_promised_where_too_few_items_differ_for_any_p(apart: int, shows: bool) -> None:
    scores = np.zeros((2, 20))
    scores[0, :apart] = np.linspace(0.2, 0.4, apart)
    found = compare_paired(scores[0], scores[1], kind="real")
    assert (found.smallest_effect is not None) is shows
    assert (found.p <= 0.05) is shows
