"""What cannot be excluded when little or nothing differs: limits and tails against closed forms and draws."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from proctor.common.stats import (
    compare_all,
    compare_paired,
    estimate,
    verdict,
)
from proctor.common.stats.limits import lower_limit, tail_below


@pytest.mark.parametrize("n", [4, 8, 24, 64, 250, 1319])
@pytest.mark.parametrize("losses", [0, 1, 2, 7])
def test_losses_of_one_size_get_clopper_pearsons_limit(n, losses):
    values = np.r_[np.ones(n - losses), np.zeros(losses)] if losses < n else np.zeros(n)
    exact = stats.beta.ppf(0.025, n - losses, losses + 1) if losses < n else 0.0
    ours = lower_limit(values, 0.0, 0.025)
    assert ours == pytest.approx(exact, abs=0.004)
    assert ours <= exact + 1e-9  # the saddlepoint errs on the safe side
    for bound in (exact * 0.9, exact * 0.98):
        if bound > 0.0:
            exact_p = stats.beta.cdf(bound, n - losses, losses + 1)
            assert tail_below(values, 0.0, bound) == pytest.approx(exact_p, rel=0.05)


@pytest.mark.parametrize("n", [2, 8, 16])
def test_tails_are_those_of_a_million_drawn_weights(n):
    rng = np.random.default_rng(n)
    values = rng.exponential(size=n) - 1.0
    drawn = rng.exponential(size=(1_000_000, n + 1))
    means = drawn @ np.append(values, -3.0) / drawn.sum(axis=1)
    for tail in (0.001, 0.025, 0.2, 0.5, 0.8, 0.99):
        bound = float(np.quantile(means, tail))
        assert tail_below(values, -3.0, bound) == pytest.approx(tail, rel=0.06, abs=2e-4)
    assert lower_limit(values, -3.0, 0.025) == pytest.approx(float(np.quantile(means, 0.025)), abs=0.02)


VALUES = st.lists(st.floats(-4, 4), min_size=1, max_size=40)


@settings(max_examples=60, deadline=None)
@given(VALUES, st.floats(0, 4), st.floats(0.001, 0.35))
def test_the_limit_is_where_the_tail_says_and_never_above_the_mean(values, below, tail):
    seen = np.array(values)
    unseen = float(seen.min()) - below
    limit = lower_limit(seen, unseen, tail)
    assert unseen - 1e-9 <= limit <= seen.mean() + 1e-9
    if seen.max() - unseen > 1e-3:
        assert tail_below(seen, unseen, limit) == pytest.approx(tail, rel=1e-3)
        assert tail_below(seen, unseen, unseen - 1.0) == 0.0
        assert tail_below(seen, unseen, float(seen.max()) + 1.0) == 1.0


@pytest.mark.parametrize("n", [1, 6, 40])
def test_the_tail_has_no_jump_at_the_mean_of_all(n):
    middle = -1.0 / (n + 1)  # of n zeros and an unseen -1
    for bound in (middle - 1e-9, middle, middle + 1e-9, middle - 1e-4 / n, middle + 1e-4 / n):
        assert tail_below(np.zeros(n), -1.0, bound) == pytest.approx((1.0 + bound) ** n, abs=0.012)


def test_items_without_a_difference_are_no_proof_that_none_is_lost():
    two = compare_paired([0.7, 0.4], [0.7, 0.4], kind="real", margin=0.01)
    assert two.p_no_worse > 0.9
    assert verdict(two) == "not shown"
    # 24 marks, none of them lost: in 29 % of worlds so where 5 % lose 2 points, which is the margin.
    marks = np.tile([1.0, 3.0, 5.0], 8)
    found = compare_paired(marks, marks, kind="real", margin=0.1, scale=(1.0, 5.0))
    held = (2.0**3 + 4.0**3) / (2.0**2 + 4.0**2)  # what a lost item held above the end of the scale
    assert found.p_no_worse == pytest.approx((1 - 0.1 / held) ** 24, rel=0.02)
    assert verdict(found) == "not shown"
    # Enough of them are a proof.
    many = np.full(250, 0.5)
    assert compare_paired(many, many, kind="real", margin=0.02).p_no_worse == pytest.approx(
        0.96**250, rel=0.1
    )
    documents = np.tile([3.0, 1.0, 1.0], (24, 1))
    assert compare_paired(documents, documents, kind="counts", margin=0.05).p_no_worse > 0.15


def test_where_nothing_bounds_a_loss_it_is_not_shown():
    same = compare_paired([3.0] * 50, [3.0] * 50, kind="real", margin=0.5)
    assert (same.p_no_worse, verdict(same)) == (1.0, "not shown")
    told = compare_paired([3.0] * 50, [3.0] * 50, kind="real", margin=0.3, scale=(1.0, 5.0))
    assert told.p_no_worse == pytest.approx((1 - 0.3 / 2) ** 50, rel=0.05)  # a mark of 3 can lose 2
    lowest = compare_paired([1.0] * 8, [1.0] * 8, kind="real", margin=0.3, scale=(1.0, 5.0))
    assert verdict(lowest) == "not shown"  # nothing was held here; eight items say too little
    assert verdict(told) == "no worse (within margin)"
    # One score that is different by next to nothing makes no scale.
    nearly = [3.0] * 49 + [3.000001]
    assert compare_paired([3.0] * 50, nearly, kind="real", margin=0.1).p_no_worse == 1.0
    assert compare_paired([3.0] * 50, nearly, kind="real", margin=0.1, scale=(1.0, 5.0)).p_no_worse > 0.025


@pytest.mark.parametrize("unit", [1e-100, 1e-30, 1.0, 1e30, 1e99])
def test_any_unit_gives_the_same_figures(unit):
    rng = np.random.default_rng(6)
    a, b = rng.normal(size=(2, 30))
    plain = compare_paired(a, b, kind="real", margin=0.5, scale=(-4.0, 4.0))
    scaled = compare_paired(
        a * unit, b * unit, kind="real", margin=0.5 * unit, scale=(-4.0 * unit, 4.0 * unit)
    )
    assert (scaled.low / unit, scaled.high / unit) == pytest.approx((plain.low, plain.high), rel=1e-6)
    assert (scaled.p, scaled.p_no_worse) == pytest.approx((plain.p, plain.p_no_worse), rel=1e-6)


def test_a_difference_never_leaves_its_scale():
    for kind, a, b in (
        ("real", [1.0, 0.0], [0.0, 1.0]),
        ("counts", [[3, 0, 0], [0, 2, 9]], [[0, 3, 0], [1, 0, 0]]),
    ):
        found = compare_paired(a, b, kind=kind)
        assert -1.0 <= found.low <= found.difference <= found.high <= 1.0


def test_documents_on_which_both_agree_do_not_hide_that_others_are_lost():
    sizes = np.r_[np.full(10, 30.0), np.full(90, 2.0)]
    b = np.stack([sizes, 0 * sizes, np.ones(100)], axis=1)
    a = b.copy()
    a[10:20, 2] += a[10:20, 0]
    a[10:20, 0] = 0.0  # ten small documents are lost; one of the large ones would cost more than all of them
    found = compare_paired(a, b, kind="counts", margin=0.055)
    assert found.p_no_worse > 0.025


def test_the_ceiling_has_an_interval():
    full = estimate([1.0] * 20, kind="real")
    assert (full.low, full.high) == (pytest.approx(0.025 ** (1 / 20), abs=2e-3), 1.0)
    assert estimate([5.0] * 24, kind="real", scale=(1.0, 5.0)).low == pytest.approx(4.43, abs=0.01)
    assert estimate([0.0] * 20, kind="real").high == pytest.approx(1 - 0.025 ** (1 / 20), abs=2e-3)
    perfect = np.tile([4.0, 0.0, 0.0], (20, 1))
    assert estimate(perfect, kind="counts").low == pytest.approx(0.83, abs=0.01)
    clustered = estimate([1.0] * 60, kind="real", clusters=np.repeat(np.arange(20), 3))
    assert clustered.low == pytest.approx(full.low)


def test_the_margin_decides_p_and_no_floor_does():
    rng = np.random.default_rng(3)
    counts = np.stack([rng.integers(0, 4, 155), rng.integers(0, 3, 155), rng.integers(0, 4, 155)], axis=1)
    a, b = counts.astype(float), counts[rng.permutation(155)].astype(float)
    margins = (0.05, 0.1, 0.2, 0.4, 0.6)
    tails = [compare_paired(a, b, kind="counts", margin=margin).p_no_worse for margin in margins]
    assert tails == sorted(tails, reverse=True)
    assert tails[-1] < 1e-9


def test_dense_scores_get_little_more_than_students_interval():
    rng = np.random.default_rng(5)
    for n, most in ((24, 1.3), (64, 1.15), (250, 1.08)):
        wider = []
        for _ in range(20):
            a, b = np.clip(rng.normal(3.0, 0.7, (2, n)), 1.0, 5.0)
            found = compare_paired(a, b, kind="real", scale=(1.0, 5.0))
            low, high = stats.ttest_rel(a, b).confidence_interval()
            wider.append((found.high - found.low) / (high - low))
        assert 1.0 <= np.mean(wider) < most


def test_all_pairs_of_a_hundred_variants_take_seconds():
    scores = (np.random.default_rng(0).random((100, 1319)) < 0.5).astype(float)
    start = time.perf_counter()
    found = compare_all(scores, kind="binary", items=np.arange(1319), resamples=10_000)
    assert len(found) == 4950
    assert time.perf_counter() - start < 20  # about 1 s; the bound leaves room for a busy machine


def test_two_hundred_thousand_rows_are_answered():
    rng = np.random.default_rng(0)
    a, b = rng.random((2, 200_000))
    found = compare_paired(a, b, kind="real")
    assert found.p == pytest.approx(stats.ttest_rel(a, b).pvalue, abs=1e-6)
    right = compare_paired(a < 0.6, b < 0.6, kind="binary")
    assert right.only_a == int(((a < 0.6) & (b >= 0.6)).sum())


@pytest.mark.parametrize("kind", ["binary", "real"])
def test_one_large_cluster_is_one_loss_that_was_not_seen(kind):
    """Six clusters of 20 items, 54 of one: where a tenth of the large is lost, half of all samples show no loss."""
    labels = np.repeat(np.arange(60), [20] * 6 + [1] * 54)
    same = np.ones(len(labels)) * (0.9 if kind == "real" else 1.0)
    lost = 0.1 * 120 / 174
    compared = compare_paired(same, same, kind=kind, clusters=labels, margin=lost, scale=(0.0, 1.0))
    assert compared.p_no_worse is not None
    assert compared.p_no_worse > 0.1
    assert compared.low < -lost
    assert estimate(same, kind=kind, clusters=labels, scale=(0.0, 1.0)).low < same[0] - lost


def test_one_large_document_is_one_loss_that_was_not_seen():
    """Where one document in ten has five times as many concepts, and a tenth of these is lost."""
    sizes = np.repeat([10.0, 2.0], [25, 225])
    same = np.stack([sizes, 0 * sizes, 0 * sizes], axis=1)
    lost = 1 - 2 * 2.7 / (2 * 2.7 + 0.1)
    compared = compare_paired(same, same, kind="counts", margin=lost)
    assert compared.p_no_worse is not None
    assert compared.p_no_worse > 0.025


def test_no_interval_of_clusters_leaves_the_scale():
    single = estimate([1.0, 0.9, 0.2, 1.0, 1.0], kind="real", clusters=[1, 1, 2, 3, 3], scale=(0.0, 1.0))
    assert single.low >= 0.0
    assert single.high <= 1.0
