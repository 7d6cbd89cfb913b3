"""Planning against exact power and statsmodels; pass@k and maj@k against all ways to draw."""

from itertools import combinations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import TTestPower

from proctor.common.stats import compare_paired, maj_at_k, pass_at_k
from proctor.common.stats.binary import mcnemar
from proctor.common.stats.power import (
    paired_binary_effect,
    paired_binary_items,
    paired_real_effect,
    paired_real_items,
)


def exact_power(n, effect, discordance, alpha=0.05):
    """Of exact McNemar: binomial discordant pairs, binomial split (Suissa & Shuster 1991)."""
    pairs = np.arange(
        int(stats.binom.ppf(1e-12, n, discordance)), int(stats.binom.ppf(1 - 1e-12, n, discordance)) + 1
    )
    # The largest count of the rarer side that is still rejected; -1 where no split is.
    most = stats.binom.ppf(alpha / 2, pairs, 0.5)
    most = np.where(stats.binom.cdf(most, pairs, 0.5) > alpha / 2, most - 1, most)
    split = (1 + effect / discordance) / 2
    reject = stats.binom.cdf(most, pairs, split) + stats.binom.cdf(most, pairs, 1 - split)
    return float(stats.binom.pmf(pairs, n, discordance) @ reject)


def test_exact_power_is_the_sum_over_all_tables():
    n, effect, discordance, expected = 25, 0.2, 0.4, 0.0
    for a in range(n + 1):
        for b in range(n + 1 - a):
            if mcnemar(a, b) <= 0.05:
                expected += stats.multinomial.pmf([a, b, n - a - b], n, [0.3, 0.1, 0.6])
    assert exact_power(n, effect, discordance) == pytest.approx(expected, rel=1e-9)


def test_the_smallest_effect_has_the_power_it_promises():
    for n in (40, 100, 200, 500, 1319, 5000):
        for discordance in (0.03, 0.1, 0.25, 0.5):
            effect = paired_binary_effect(n, discordance)
            assert effect is not None
            power = exact_power(n, effect, max(discordance, effect))
            assert power == pytest.approx(0.8, abs=0.03), (n, discordance)


def test_items_and_smallest_effect_are_each_others_inverse():
    for n in (30, 200, 1319, 20_000):
        for discordance in (0.0, 0.05, 0.3, 1.0):
            effect = paired_binary_effect(n, discordance)
            if effect is not None:
                assert paired_binary_items(effect, discordance) == n
        effect = paired_real_effect(n, 0.7)
        assert paired_real_items(effect, 0.7) == pytest.approx(n, abs=2)


def test_too_few_items_can_show_nothing():
    """The exact test of five discordant pairs has p = 1/16 at best."""
    assert paired_binary_effect(5, 0.5) is None
    assert paired_binary_items(1.0, 1.0) == 6
    assert compare_paired([1] * 5, [0] * 5, kind="binary").smallest_effect is None


def test_items_for_means_agree_with_statsmodels():
    for effect in (0.05, 0.2, 0.5, 1.0):
        for power in (0.7, 0.8, 0.95):
            theirs = TTestPower().solve_power(effect_size=effect, alpha=0.05, power=power)
            assert paired_real_items(effect, 1.0, power=power) == pytest.approx(np.ceil(theirs), abs=1)
            ours = paired_real_effect(200, 1.0, power=power)
            assert ours == pytest.approx(
                TTestPower().solve_power(nobs=200, alpha=0.05, power=power), rel=2e-3
            )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: paired_binary_items(0.0, 0.1), "effect 0"),
        (lambda: paired_binary_items(1.5, 0.1), r"not in \(0, 1\]"),
        (lambda: paired_binary_items(0.1, 1.1), "discordance"),
        (lambda: paired_binary_items(0.1, 0.1, alpha=0.0), "alpha"),
        (lambda: paired_binary_items(0.1, 0.1, power=0.01), "power"),
        (lambda: paired_binary_effect(0, 0.1), "items"),
        (lambda: paired_real_items(0.0, 1.0), "effect of 0"),
        (lambda: paired_real_items(0.1, float("nan")), "standard deviation"),
        (lambda: paired_real_effect(1, 1.0), "at least 2"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused_in_one_line(call, message):
    with pytest.raises(ValueError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_pass_at_k_counts_the_ways_to_draw():
    for n in (1, 4, 7):
        for right in range(n + 1):
            for k in range(1, n + 1):
                ways = [min(draw) < right for draw in combinations(range(n), k)]
                assert float(pass_at_k(right, n, k)) == pytest.approx(np.mean(ways))


def test_pass_at_k_is_unbiased():
    n, p, k = 12, 0.3, 3
    counts = np.arange(n + 1)
    chance = stats.binom.pmf(counts, n, p)
    assert chance @ pass_at_k(counts, n, k) == pytest.approx(1 - (1 - p) ** k)


def test_maj_at_k_counts_the_ways_to_draw():
    rng = np.random.default_rng(3)
    for _ in range(60):
        right, wrong = int(rng.integers(0, 5)), rng.integers(1, 4, rng.integers(0, 4)).tolist()
        answers = [0] * right + [i + 1 for i, count in enumerate(wrong) for _ in range(count)]
        for k in range(1, len(answers) + 1):
            shares = []
            for draw in combinations(answers, k):
                votes = np.bincount(draw, minlength=len(wrong) + 1)
                top = np.flatnonzero(votes == votes.max())
                shares.append((0 in top) / len(top))
            assert maj_at_k(right, wrong, k) == pytest.approx(np.mean(shares))


def test_epochs_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="at least 5"):
        pass_at_k(1, 4, 5)
    with pytest.raises(ValueError, match="whole numbers"):
        pass_at_k(5, 4, 2)
    with pytest.raises(ValueError, match="k is 0"):
        maj_at_k(1, [1], 0)
    with pytest.raises(ValueError, match="less than once"):
        maj_at_k(3, [0], 2)
