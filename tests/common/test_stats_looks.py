"""Looks before all items are there: p and intervals hold at any number of them. By enumeration, and in worlds."""

from itertools import product

import numpy as np
import pytest

from proctor.common.refusal import Refusal
from proctor.common.stats import compare_paired, estimate
from proctor.common.stats.binary import mcnemar
from proctor.common.stats.looks import chance_at_end, level_of, p_at_any_look, planned_items
from proctor.common.stats.power import paired_binary_items
from tests.bench.looks import CASES_LOOKED_AT, Errors, binary_errors, case_errors, outside, replay, steps

SHARED = {"kind": "binary", "margin": 0.05}


def draw(seed, n, gap=0.1):
    rng = np.random.default_rng(seed)
    return (rng.random(n) < 0.5 + gap) * 1.0, (rng.random(n) < 0.5) * 1.0


def test_no_walk_of_ten_steps_is_decided_wrongly_more_often_than_alpha():
    walks = np.array(list(product((0, 1), repeat=10)))
    p = mcnemar(walks.cumsum(axis=1), (1 - walks).cumsum(axis=1))
    for alpha in (0.01, 0.05, 0.2, 0.5):
        levels = np.array([level_of(seen / 10, alpha) for seen in range(1, 11)])
        assert (p <= levels).any(axis=1).mean() <= alpha
    assert (p <= levels).any(axis=1).mean() > 0.1  # of one half: the rule does decide


@pytest.mark.parametrize("seen", [40, 150, 399, 400])
def test_the_interval_leaves_out_nothing_exactly_when_the_difference_is_shown(seen):
    for seed in range(0, 40, 4):
        a, b = draw(seed, 400, 0.05 + seed / 100)
        d = compare_paired(a[:seen], b[:seen], planned=400, **SHARED)
        level = level_of(seen / 400, 0.05)
        assert (d.p <= d.alpha) == (compare_paired(a[:seen], b[:seen], **SHARED).p <= level)
        fixed = compare_paired(a[:seen], b[:seen], alpha=level, **SHARED)
        assert (d.low, d.high, d.alpha, d.planned) == (fixed.low, fixed.high, 0.05, 400)
        assert (d.p_no_worse <= 0.025) == (fixed.p_no_worse <= level / 2)


def test_a_look_at_all_items_costs_the_double_p():
    a, b = draw(3, 300)
    whole, looked = compare_paired(a, b, **SHARED), compare_paired(a, b, planned=300, **SHARED)
    assert looked.p == pytest.approx(2 * whole.p)
    assert looked.p_no_worse == pytest.approx(2 * whole.p_no_worse)
    assert looked.low < whole.low < whole.high < looked.high
    assert looked.test == f"{whole.test}, at any look"
    assert (looked.smallest_effect, looked.items_needed) == (None, None)


def test_the_fewer_items_were_seen_the_more_a_look_asks_for():
    levels = [level_of(share, 0.05) for share in (0.01, 0.1, 0.25, 0.5, 1.0)]
    assert levels == sorted(levels)
    assert levels[0] > 0.0
    assert levels[-1] == pytest.approx(0.025)
    p = [p_at_any_look(0.001, share) for share in (0.1, 0.25, 0.5, 1.0)]
    assert p == sorted(p, reverse=True)
    assert (p_at_any_look(0.0, 0.1), p_at_any_look(1.0, 0.1)) == (0.0, 1.0)


def test_seen_from_the_other_side_it_is_the_same_look():
    a, b = draw(5, 120)
    here, there = (compare_paired(*pair, planned=300, **SHARED) for pair in ((a, b), (b, a)))
    assert here.turned() == there


def test_copies_without_any_difference_are_no_worse_only_after_many_items():
    """A loss of 5 % leaves no trace in 60 items in 5 % of draws: these show nothing, however they agree."""
    same = np.ones(400)
    assert compare_paired(same[:60], same[:60], planned=400, **SHARED).p_no_worse > 0.025
    assert compare_paired(same[:300], same[:300], planned=400, **SHARED).p_no_worse < 0.025


def test_one_variant_alone_has_a_wider_interval_at_a_look():
    right = draw(1, 100)[0]
    whole, looked = estimate(right, kind="binary"), estimate(right, kind="binary", planned=400)
    assert looked.mean == whole.mean
    assert looked.low < whole.low < whole.high < looked.high


def test_marks_counts_and_clusters_are_looked_at_by_their_own_tests():
    rng = np.random.default_rng(1)
    marks, counts = rng.integers(1, 6, (2, 80)).astype(float), rng.integers(0, 4, (2, 80, 3)).astype(float)
    for scores, kind, scale in ((marks, "real", (1.0, 5.0)), (counts, "counts", None)):
        for clusters in (None, np.arange(80) // 4):
            shared = {"kind": kind, "scale": scale, "clusters": clusters, "margin": 0.5}
            whole, looked = compare_paired(*scores, **shared), compare_paired(*scores, planned=80, **shared)
            assert looked.p == pytest.approx(min(1.0, 2 * whole.p))
            assert looked.low <= whole.low <= whole.high <= looked.high


def test_fewer_items_planned_than_seen_are_refused():
    a, b = draw(1, 50)
    with pytest.raises(Refusal, match="50 items of 40 planned"):
        compare_paired(a, b, planned=40, **SHARED)


def test_the_chance_at_the_end_is_that_of_walks_that_go_on_so():
    rng = np.random.default_rng(4)
    lead, share, n = 1.2, 0.5, 4000
    rest = lead / share * (1 - share) + rng.normal(size=n) * (1 - share) ** 0.5
    p = 4 * (1 - 0.8849303)  # of a lead of 1.2
    assert chance_at_end(p, share) == pytest.approx((lead + rest >= 2.2414).mean(), abs=0.03)
    assert chance_at_end(0.03, 1.0) == 1.0
    assert chance_at_end(0.06, 1.0) == 0.0


def test_the_planned_items_keep_the_power_and_the_expected_ones_are_those_that_are_asked():
    discordance, effect = 0.2, 0.06
    planned, expected = planned_items(paired_binary_items(effect, discordance))
    n = round(planned)
    each = steps(np.random.default_rng(8), 1500, n, discordance, effect)
    levels = np.array([level_of(k / n, 0.05) for k in range(1, n + 1)])
    shown = mcnemar((each > 0).cumsum(axis=1), (each < 0).cumsum(axis=1)) <= levels
    ends = np.where(shown.any(axis=1), shown.argmax(axis=1) + 1, n)
    assert shown.any(axis=1).mean() == pytest.approx(0.8, abs=0.04)
    assert ends.mean() == pytest.approx(expected, rel=0.04)


@pytest.mark.parametrize(("n", "discordance"), [(50, 0.4), (200, 0.1), (400, 0.02)])
def test_looks_after_every_item_keep_to_their_errors(n, discordance):
    assert outside(binary_errors(n, discordance, 300, seed=1), 300) == []


def test_looks_at_clusters_and_marks_keep_to_their_errors():
    """Three kinds of worlds, counted together: twenty of one kind would show a gross error alone."""
    each = [case_errors(case, 20, seed=1) for case in CASES_LOOKED_AT[:5:2]]
    assert [outside(errors, 20) for errors in each] == [[], [], []]
    shown, held = (np.mean([getattr(errors, name) for errors in each]) for name in ("shown", "held"))
    assert outside(Errors(float(shown), float(held), None), 60) == []


def test_a_pair_that_differs_much_is_decided_early_and_as_by_all_items():
    a, b = draw(2, 640, 0.2)
    (ended,) = replay(np.stack([a, b]), [(0, 1)], None)
    assert ended.verdict == ended.full == "better"
    assert ended.share < 0.6
