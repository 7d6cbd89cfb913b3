"""Adjusted p against scipy and their definitions; letters and rank ranges by what they promise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from proctor.common.stats import (
    RankRange,
    benjamini_hochberg,
    holm,
    letters,
    rank_ranges,
    shown_matrix,
)


def test_adjusted_p_agree_with_scipy_and_their_definitions_on_many_families():
    rng = np.random.default_rng(1)
    for _ in range(100):
        p = rng.beta(0.5, 2.0, rng.integers(1, 60))
        p[rng.random(len(p)) < 0.3] = rng.choice(p)  # ties
        np.testing.assert_allclose(benjamini_hochberg(p), stats.false_discovery_control(p), rtol=1e-12)
        order = np.sort(p)
        steps = {x: max(min(1.0, (len(p) - k) * order[k]) for k in range(len(p)) if order[k] <= x) for x in p}
        np.testing.assert_allclose(holm(p), [steps[x] for x in p], rtol=1e-12)


def test_families_of_none_and_of_one_stay_as_they_are():
    for adjust in (holm, benjamini_hochberg):
        assert adjust([]).tolist() == []
        assert adjust([0.03]).tolist() == [0.03]


@pytest.mark.parametrize("p", [[0.1, float("nan")], [1.2], [-0.1], [[0.1]]])
def test_what_is_no_p_is_refused(p):
    for adjust in (holm, benjamini_hochberg):
        with pytest.raises(ValueError, match="between 0 and 1"):
            adjust(p)


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), max_size=30))
def test_adjusted_p_never_fall_below_the_raw_ones(p):
    assert (holm(p) >= np.array(p)).all()
    assert (holm(p) + 1e-15 >= benjamini_hochberg(p)).all()
    assert (holm(p) <= 1).all()


@st.composite
def relations(draw):
    size = draw(st.integers(1, 9))
    bits = draw(st.lists(st.booleans(), min_size=size * size, max_size=size * size))
    upper = np.triu(np.array(bits).reshape(size, size), 1)
    means = draw(st.lists(st.integers(0, 20), min_size=size, max_size=size))
    return means, upper | upper.T


@settings(max_examples=150, deadline=None)
@given(relations())
def test_two_variants_share_a_letter_just_when_no_difference_is_shown(relation):
    means, shown = relation
    found = letters(means, shown)
    for i in range(len(means)):
        for j in range(len(means)):
            if i != j:
                assert bool(set(found[i]) & set(found[j])) != bool(shown[i, j])
    used = {letter: {i for i, own in enumerate(found) if letter in own} for letter in set("".join(found))}
    assert not any(a < b for a in used.values() for b in used.values())  # no letter says what another says


def test_letters_run_from_the_best_mean_down():
    shown = np.array([[0, 0, 1], [0, 0, 0], [1, 0, 0]], dtype=bool)
    assert letters([0.9, 0.8, 0.7], shown) == ["a", "ab", "b"]
    assert letters([0.7, 0.8, 0.9], shown) == ["b", "ab", "a"]
    assert letters([0.5, 0.5], np.zeros((2, 2), bool)) == ["a", "a"]
    assert letters([], np.zeros((0, 0), bool)) == []


def test_letters_of_a_hundred_variants_come_at_once():
    means = np.linspace(0, 1, 100)
    found = letters(means, np.abs(means[:, None] - means) > 0.1)
    assert found[99] == "a"
    assert len(set(found)) > 50


def test_rank_ranges_lie_below_all_shown_better_and_above_all_shown_worse():
    shown = shown_matrix(4, [(0, 1), (0, 3), (1, 3)], [0.2, 0.001, 0.04])
    assert rank_ranges([4, 3, 2, 1], shown) == [
        RankRange(1, 3), RankRange(1, 3), RankRange(1, 4), RankRange(3, 4),
    ]  # fmt: skip


def test_a_matrix_that_is_not_one_is_refused():
    with pytest.raises(ValueError, match="symmetric"):
        letters([1, 2], [[0, 1], [0, 0]])
    with pytest.raises(ValueError, match="one row and column"):
        letters([1, 2, 3], [[0, 1], [1, 0]])
    with pytest.raises(ValueError, match="missing"):
        rank_ranges([1, float("nan")], [[0, 1], [1, 0]])
