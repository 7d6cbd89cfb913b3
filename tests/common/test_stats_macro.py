"""Over all tasks: the interval and the p of a mean of differences, and the error of a decision over several tasks."""

import numpy as np
import pytest
from scipy import stats

from proctor.common.stats import Table, compare_each, compare_paired
from proctor.common.stats.macro import Part, over_all
from tests.bench.together import decision_table, macro_table

SHARES = (0.0, 1.0)


def on_task(n=60, gain=6, loss=2, margin=0.05):
    a = np.r_[np.ones(gain), np.zeros(loss), np.arange(n - gain - loss) % 2]
    b = np.r_[np.zeros(gain), np.ones(loss), np.arange(n - gain - loss) % 2]
    return compare_paired(a, b, kind="binary", margin=margin)


def test_one_task_alone_keeps_its_interval_and_two_add_their_squares():
    one = on_task()
    alone, two = over_all([Part(one, SHARES, 0)]), over_all([Part(one, SHARES, 0), Part(one, SHARES, 1)])
    assert (alone.low, alone.high) == pytest.approx((one.low, one.high))
    assert two.difference == pytest.approx(one.difference)
    assert two.difference - two.low == pytest.approx((one.difference - one.low) / np.sqrt(2))
    assert two.se == pytest.approx(one.se / np.sqrt(2))
    assert (two.n, two.margin) == (120, 0.05)


def test_tasks_that_share_their_sources_are_no_more_evidence_than_one():
    one = on_task()
    twice = over_all([Part(one, SHARES, 0), Part(one, SHARES, 0)])
    assert (twice.low, twice.high, twice.se) == pytest.approx((one.low, one.high, one.se))


def test_a_scale_of_five_points_counts_as_much_as_one_of_shares():
    marks = compare_paired(
        [3.0, 4.0, 5.0, 3.5], [2.0, 3.0, 4.0, 2.5], kind="real", margin=0.5, scale=(0.0, 5.0)
    )
    both = over_all([Part(on_task(), SHARES, 0), Part(marks, (0.0, 5.0), 1)])
    assert both.difference == pytest.approx((4 / 60 + 1 / 5) / 2)
    assert both.margin == pytest.approx((0.05 + 0.1) / 2)
    assert both.mean_a == pytest.approx((on_task().mean_a + 3.875 / 5) / 2)


def test_p_and_interval_never_disagree():
    dice = np.random.default_rng(0)
    for _ in range(40):
        parts = []
        for at in range(3):
            one = on_task(int(dice.integers(30, 200)), *map(int, dice.integers(0, 14, 2)))
            parts.append(Part(one, SHARES, at))
        both = over_all(parts)
        assert (both.p <= 0.05) == (both.low >= 0 or both.high <= 0)
        assert (both.p_no_worse <= 0.025) == (both.low >= -both.margin)
        turned = over_all([Part(part.difference.turned(), SHARES, part.group) for part in parts])
        assert (turned.low, turned.high, turned.p) == pytest.approx((-both.high, -both.low, both.p))


def test_large_tasks_give_the_p_of_the_z_test_of_strata():
    parts = [Part(on_task(5000, 300, 260), SHARES, at) for at in range(2)]
    both = over_all(parts)
    assert both.p == pytest.approx(2 * stats.norm.sf(both.difference / both.se), rel=0.03)


def test_tasks_on_which_all_is_equal_leave_an_interval_and_show_nothing():
    same = over_all([Part(on_task(24, 0, 0), SHARES, at) for at in range(2)])
    assert same.low < 0 < same.high
    assert same.p == 1.0
    assert same.p_no_worse > 0.025


def test_the_smallest_effect_is_one_that_the_interval_could_show():
    """On a task where nothing was seen to differ, the standard error is zero, and what is not known is not."""
    parts = [Part(on_task(12, 1, 0), SHARES, 0), Part(on_task(10, 0, 0), SHARES, 1)]
    both = over_all(parts)
    assert both.smallest_effect > (both.high - both.low) / 2
    equal = over_all([Part(on_task(24, 0, 0), SHARES, at) for at in range(2)])
    assert equal.smallest_effect > equal.high


def test_without_a_margin_on_each_task_there_is_none_over_all():
    both = over_all([Part(on_task(), SHARES, 0), Part(on_task(margin=None), SHARES, 1)])
    assert (both.margin, both.p_no_worse, both.p_equivalent) == (None, None, None)


def test_intervals_hold_the_truth_and_tests_keep_their_error():
    for name, (holds, wolf, no_worse) in macro_table(20, seed=3).items():
        assert holds >= 85, name
        assert wolf <= 15, name
        assert no_worse <= 10, name


def test_false_decisions_are_rare_at_every_edge():
    for name, taken in decision_table(40, seed=3).items():
        assert taken <= 10, name


def test_an_item_of_weight_three_counts_as_a_cluster_of_three_equal_ones():
    dice = np.random.default_rng(5)
    words = dice.integers(1, 9, 30)
    scores = dice.normal(size=(2, 30)) - 3.0
    (weighted,) = compare_each(
        [Table(scores, np.arange(30), weights=words.astype(float))],
        kind="real",
        scale=(-20.0, 0.0),
        margin=0.5,
    )
    each = np.repeat(np.arange(30), words)
    (spread,) = compare_each(
        [Table(scores[:, each], np.arange(len(each)), each)], kind="real", scale=(-20.0, 0.0), margin=0.5
    )
    mine, theirs = weighted[0, 1], spread[0, 1]
    for name in ("mean_a", "mean_b", "difference", "se", "low", "high", "p", "p_no_worse"):
        assert getattr(mine, name) == pytest.approx(getattr(theirs, name)), name
    assert mine.mean_a == pytest.approx(float(scores[0] @ words / words.sum()))
