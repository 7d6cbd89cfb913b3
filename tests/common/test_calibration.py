"""Calibration against scikit-learn, by simulation in worlds where the truth is known, and at its ends."""

from math import log

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, roc_auc_score

from proctor.common.refusal import Refusal
from proctor.common.stats.calibration import (
    agreement,
    auroc,
    auroc_difference,
    calibration,
    risk_coverage,
)


def world(seed: int, n: int = 400, levels: int | None = None, power: float = 1.0):
    """Confidences, and answers that are right as often as confidence ** power."""
    rng = np.random.default_rng(seed)
    sure = rng.random(n) if levels is None else rng.integers(0, levels, n) / (levels - 1)
    return sure, (rng.random(n) < sure**power).astype(float)


@pytest.mark.parametrize("levels", [None, 4, 30])
def test_brier_and_auroc_are_those_of_scikit_learn(levels):
    for seed in range(20):
        sure, right = world(seed, 150, levels, 2.0)
        assert calibration(sure, right).brier == pytest.approx(brier_score_loss(right, sure), abs=1e-12)
        area = auroc(sure, right)
        assert area is not None
        assert area.value == pytest.approx(roc_auc_score(right, sure), abs=1e-12)


@pytest.mark.parametrize("levels", [None, 4, 30])
def test_the_parts_of_brier_add_up_and_bins_hold_every_answer_once(levels):
    sure, right = world(3, 230, levels, 2.0)
    found = calibration(sure, right)
    parts = found.reliability - found.resolution + found.uncertainty + found.within
    assert parts == pytest.approx(found.brier, abs=1e-12)
    assert sum(one.n for one in found.bins) == 230
    assert found.ece == pytest.approx(sum(b.n * abs(b.confidence - b.accuracy) for b in found.bins) / 230)
    assert all(b.low <= b.accuracy <= b.high for b in found.bins)
    if levels == 4:
        assert [b.confidence for b in found.bins] == pytest.approx([0, 1 / 3, 2 / 3, 1])
        assert found.within == pytest.approx(0, abs=1e-12), "values of their own leave nothing within a bin"


def test_ece_is_what_scikit_learns_curve_gives_of_as_many_answers_a_bin():
    from sklearn.calibration import calibration_curve

    sure, right = world(5, 400, None, 2.0)
    shares, means = calibration_curve(right, sure, n_bins=10, strategy="quantile")
    assert calibration(sure, right).ece == pytest.approx(float(np.abs(shares - means).mean()), abs=1e-9)


def test_a_calibrated_model_has_an_ece_by_chance_and_is_seldom_refuted():
    found = [calibration(*world(seed, 100)) for seed in range(200)]
    assert np.mean([one.ece for one in found]) == pytest.approx(
        np.mean([one.ece_by_chance for one in found]), rel=0.05
    )
    assert np.mean([one.is_refuted for one in found]) < 0.09
    assert found[0].ece_by_chance > 0.05, "at 100 answers, ten bins of a calibrated model are far off"


def test_copies_in_clusters_make_nothing_surer_and_nothing_more_refuted():
    sure, right = world(7, 400, None, 1.3)
    once = calibration(sure, right)
    copies = calibration(np.repeat(sure, 5), np.repeat(right, 5), np.repeat(np.arange(400), 5))
    assert (copies.ece, copies.ece_by_chance) == pytest.approx((once.ece, once.ece_by_chance))
    assert copies.p_calibrated == once.p_calibrated
    assert calibration(np.repeat(sure, 5), np.repeat(right, 5)).p_calibrated < once.p_calibrated
    for one, other in zip(copies.bins, once.bins, strict=True):
        assert one.high - one.low >= 0.9 * (other.high - other.low)


def test_a_confident_fool_is_refuted():
    sure, right = world(1, 300, None, 4.0)
    assert calibration(sure, right).is_refuted
    always = calibration(np.ones(50), np.r_[np.ones(30), np.zeros(20)])
    assert (always.brier, always.reliability, always.resolution) == pytest.approx((0.4, 0.16, 0.0))
    assert always.is_refuted


def test_the_interval_of_auroc_holds_the_truth_with_and_without_clusters():
    rng, held, held_clusters = np.random.default_rng(0), 0, 0
    for _ in range(300):
        right = (rng.random(80) < 0.5).astype(float)
        area = auroc(rng.normal(size=80) + right, right)
        assert area is not None
        held += area.low <= 0.7602 <= area.high  # P(N(1, 2) > 0)
        shared, right = np.repeat(rng.normal(size=30), 6), np.tile([1.0, 0.0], 90)
        shifted = np.where(rng.random(180) < 0.5, right, 1 - right)
        clustered = auroc(shared * shifted + rng.normal(size=180), right, np.repeat(np.arange(30), 6))
        assert clustered is not None
        held_clusters += clustered.low <= 0.5 <= clustered.high
    assert 0.92 <= held / 300 <= 0.99
    assert 0.92 <= held_clusters / 300 <= 1.0


def test_the_interval_of_auroc_holds_the_truth_where_right_answers_are_sure_alike_and_wrong_ones_are_not():
    rng, held = np.random.default_rng(3), 0
    for _ in range(200):
        right = (rng.random(120) < 0.8).astype(float)
        area = auroc(np.where(right == 1, rng.normal(1.4284, 0.3, 120), rng.normal(0, 2, 120)), right)
        assert area is not None
        held += area.low <= 0.76 <= area.high  # P(N(1.4284, 4.09) > 0)
    assert held >= 0.9 * 200


def test_a_perfect_auroc_keeps_a_width_and_copies_in_clusters_are_no_evidence():
    one = auroc([0.9, 0.8, 0.2, 0.1], [1, 1, 0, 0])
    assert one is not None
    assert (one.value, one.high) == (1.0, 1.0)
    assert one.low < 0.7
    sure, right = world(2, 60, None, 2.0)
    plain = auroc(sure, right)
    copies = auroc(np.repeat(sure, 5), np.repeat(right, 5), np.repeat(np.arange(60), 5))
    assert plain is not None
    assert copies is not None
    assert copies.value == pytest.approx(plain.value)
    assert copies.high - copies.low == pytest.approx(plain.high - plain.low, rel=0.1)


def two_variants(rng, n: int, better: float, answers: float = 0.7):
    """Two variants on the same items, whose confidences and right answers hang together; the second's AUROC is .76."""
    right = (rng.random(n) < 0.5).astype(float)
    other = np.where(rng.random(n) < answers, right, rng.random(n) < 0.5).astype(float)
    shared = rng.normal(size=n)
    noise = (shared + rng.normal(size=(2, n))) / np.sqrt(2)
    return (better * right + noise[0], right), (other + noise[1], other)


def test_the_difference_of_two_aurocs_is_that_of_scikit_learns_and_turns_round():
    rng = np.random.default_rng(1)
    for n in (20, 60, 200):
        a, b = two_variants(rng, n, 2.0)
        found, back = auroc_difference(a, b), auroc_difference(b, a)
        assert found is not None
        assert back is not None
        areas = [roc_auc_score(right, sure) for sure, right in (a, b)]
        assert found.difference == pytest.approx(areas[0] - areas[1], abs=1e-12)
        turned = back.turned()
        assert (found.low, found.high, found.p) == pytest.approx(
            (turned.low, turned.high, turned.p), abs=1e-9
        )
        assert found.low <= found.difference <= found.high


def test_the_interval_of_a_difference_of_aurocs_holds_the_truth_and_p_ends_where_it_does():
    rng, held, refuted = np.random.default_rng(0), [0, 0], [0, 0]
    for _ in range(150):
        # Alike; and apart by P(N(2, 2) > 0) - P(N(1, 2) > 0), each answer standing there three times.
        alike = auroc_difference(*two_variants(rng, 60, 1.0))
        a, b = ([np.repeat(values, 3) for values in variant] for variant in two_variants(rng, 60, 2.0))
        apart = auroc_difference(a, b, np.repeat(np.arange(60), 3))
        for at, (found, truth) in enumerate(((alike, 0.0), (apart, 0.9214 - 0.7602))):
            assert found is not None
            held[at] += found.low <= truth <= found.high
            refuted[at] += found.p <= 0.05
            assert (found.p <= 0.05) == (found.low > 0 or found.high < 0)
    assert min(held) >= 0.92 * 150
    assert refuted[0] <= 0.08 * 150
    assert refuted[1] >= 0.6 * 150, "the test sees such a difference"


def test_variants_that_are_alike_are_seldom_told_apart_by_a_few_right_answers():
    rng, refuted, tested = np.random.default_rng(4), 0, 0
    for _ in range(500):
        variants = [(rng.normal(size=25), (rng.random(25) < 0.1).astype(float)) for _ in range(2)]
        found = auroc_difference(*variants)
        if found is not None:
            refuted, tested = refuted + (found.p <= 0.05), tested + 1
    assert tested > 300
    assert refuted <= 0.07 * tested


def test_two_perfect_aurocs_and_two_of_one_cluster_show_no_difference():
    sure, right = [0.9, 0.8, 0.2, 0.1], [1, 1, 0, 0]
    perfect = auroc_difference((sure, right), (sure, right))
    assert perfect is not None
    assert (perfect.difference, perfect.p) == (0.0, 1.0)
    assert perfect.low < 0 < perfect.high, "four answers do not show that two are alike"
    flat = auroc_difference((sure, right), ([0.5] * 4, right))
    assert flat is not None
    assert flat.difference == 0.5
    assert flat.p > 0.05, "four answers show nothing, though none of them varies"
    one = auroc_difference((sure, right), ([0.5] * 4, right), ["a"] * 4)
    assert one is not None
    assert one.low < 0
    assert (one.high, one.p) == (1.0, 1.0)
    assert auroc_difference((sure, [1, 1, 1, 1]), (sure, right)) is None
    with pytest.raises(Refusal, match="align both"):
        auroc_difference((sure, right), (sure[1:], right[1:]))


def test_auroc_says_nothing_where_all_are_right_and_all_of_one_cluster():
    assert auroc([0.5, 0.6], [1, 1]) is None
    alone = auroc([0.9, 0.1, 0.8], [1, 0, 0], ["a", "a", "a"])
    assert alone is not None
    assert (alone.low, alone.high) == (0.0, 1.0)


def test_accuracy_of_the_surest_counts_ties_by_their_share_whatever_the_order():
    sure, right = [0.9, 0.5, 0.5, 0.5, 0.5], [1, 1, 0, 0, 1]
    curve = risk_coverage(sure, right)
    assert curve.coverage.tolist() == [0.2, 1.0]
    assert curve.accuracy.tolist() == pytest.approx([1.0, 0.6])
    assert curve.at(0.2) == 1.0
    assert curve.at(0.6) == pytest.approx((1 + 2 * 0.5) / 3)
    assert curve.at(1.0) == pytest.approx(0.6)
    assert curve.at(0.6) == risk_coverage(sure[::-1], right[::-1]).at(0.6)
    assert risk_coverage([0.3] * 4, [1, 0, 0, 0]).at(0.5) == 0.25


@pytest.mark.parametrize(
    ("answers", "share", "entropy", "modal"),
    [
        (["7"], 1.0, 0.0, 0),
        (["8", "7", "7", "7"], 0.75, 0.25 * log(4) + 0.75 * log(4 / 3), 1),
        (["8", "7"], 0.5, log(2), 0),
        ([None, None, "7"], 2 / 3, log(3) - 2 / 3 * log(2), 0),
        ([None, None], 1.0, 0.0, 0),
    ],
)
def test_answers_agree_as_far_as_they_are_equal_and_unparsed_is_a_class_of_its_own(
    answers, share, entropy, modal
):
    found = agreement(answers)
    assert (found.share, found.modal) == (pytest.approx(share), modal)
    assert found.entropy == pytest.approx(entropy)


@pytest.mark.parametrize(
    ("sure", "right", "why"),
    [
        ([], [], "no confidences"),
        ([0.5], [1, 0], "1 confidences for 2"),
        ([float("nan")], [1], "missing"),
        ([0.5], [0.5], "neither right nor wrong"),
        ([1.2], [1], "outside 0 to 1"),
    ],
)
def test_what_is_no_confidence_is_refused(sure, right, why):
    with pytest.raises(Refusal, match=why):
        calibration(sure, right)
