"""0/1 scores: Wilson, McNemar and Tango against statsmodels, scipy and their own definitions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar
from statsmodels.stats.proportion import proportion_confint

from proctor.common.stats.binary import (
    critical,
    effective_n,
    mcnemar,
    mcnemar_midp,
    tango,
    tango_z,
    wilson,
)

Z = critical(0.05)


def random_tables(times, most=400, seed=3):
    """Counts (only a, only b, n) of paired 0/1 scores, many of them at an edge."""
    rng = np.random.default_rng(seed)
    n = rng.integers(1, most, times)
    shares = rng.dirichlet([0.4, 0.4, 1.0], times)
    return np.array([[*rng.multinomial(size, row)[:2], size] for size, row in zip(n, shares, strict=True)])


def test_wilson_agrees_with_statsmodels_and_scipy_on_every_count():
    for n in (1, 2, 7, 30, 90):
        for right in range(n + 1):
            for alpha in (0.1, 0.05, 0.01):
                ours = wilson(right, n, critical(alpha))
                assert ours == pytest.approx(proportion_confint(right, n, alpha, "wilson"), abs=1e-12)
                theirs = stats.binomtest(right, n).proportion_ci(1 - alpha, "wilson")
                assert ours == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_wilson_ends_exactly_at_zero_and_one():
    for n in range(1, 300):
        assert wilson(0, n, Z)[0] == 0.0
        assert wilson(n, n, Z)[1] == 1.0
        assert 0.0 < wilson(0, n, Z)[1] < 1.0


def test_wilson_covers_on_average_over_all_shares():
    n = 60
    low, high = wilson(np.arange(n + 1), n, Z)
    shares = np.linspace(0.02, 0.98, 500)
    holds = (low[:, None] <= shares) & (shares <= high[:, None])
    coverage = (stats.binom.pmf(np.arange(n + 1)[:, None], n, shares) * holds).sum(axis=0)
    assert coverage.mean() == pytest.approx(0.95, abs=0.005)
    assert coverage.min() > 0.89


def test_exact_mcnemar_agrees_with_statsmodels_on_hundreds_of_tables():
    tables = random_tables(600)
    for only_a, only_b, n in tables:
        theirs = statsmodels_mcnemar([[n - only_a - only_b, only_a], [only_b, 0]], exact=True).pvalue
        assert float(mcnemar(only_a, only_b)) == pytest.approx(min(theirs, 1.0), rel=1e-9, abs=1e-300)
    together = mcnemar(tables[:, 0], tables[:, 1])
    assert all(float(mcnemar(a, b)) == p for (a, b, _), p in zip(tables, together, strict=True))


def test_midp_mcnemar_is_half_the_point_less_than_the_binomial_test():
    for only_a, only_b, _ in random_tables(1500):
        both, fewer = only_a + only_b, min(only_a, only_b)
        expected = 2 * stats.binom.cdf(fewer, both, 0.5) - stats.binom.pmf(fewer, both, 0.5)
        expected = 1.0 if 2 * fewer == both else expected
        assert float(mcnemar_midp(only_a, only_b)) == pytest.approx(expected, rel=1e-9)


def test_mcnemar_without_discordant_pairs_shows_nothing():
    assert mcnemar(0, 0) == 1.0
    assert mcnemar_midp(0, 0) == 1.0


def test_mcnemar_refuses_what_is_not_a_count():
    for pair in ((-1, 2), (0.5, 2)):
        with pytest.raises(ValueError, match="whole numbers"):
            mcnemar(*pair)


def test_tango_score_is_the_one_of_the_restricted_likelihood():
    """The definition: maximise the likelihood under the given difference, then standardise."""
    for only_a, only_b, n in random_tables(150, most=120, seed=5):
        for difference in (-0.6, -0.1, 0.0, 0.05, 0.4):

            def loss(q, a=only_a, b=only_b, n=n, d=difference):
                return -(a * np.log(q + d) + b * np.log(q) + (n - a - b) * np.log(max(1 - 2 * q - d, 1e-300)))

            edges = max(0.0, -difference), (1 - difference) / 2
            found = optimize.minimize_scalar(
                lambda q, f=loss: f(q),
                bounds=(edges[0] + 1e-12, edges[1] - 1e-12),
                method="bounded",
                options={"xatol": 1e-13},
            )
            spread = np.sqrt(n * (2 * found.x + difference * (1 - difference)))
            expected = (only_a - only_b - n * difference) / spread
            assert float(tango_z(only_a, only_b, n, difference)) == pytest.approx(
                expected, rel=2e-4, abs=2e-4
            )


def test_tango_score_at_zero_is_mcnemars_z():
    for only_a, only_b, n in random_tables(300):
        if only_a + only_b:
            z = (only_a - only_b) / np.sqrt(only_a + only_b)
            assert float(tango_z(only_a, only_b, n, 0.0)) == pytest.approx(z, abs=1e-9)


def test_tango_limits_are_where_the_score_reaches_the_critical_value():
    only_a, only_b, n = random_tables(5000, seed=8).T
    low, high = tango(only_a, only_b, n, Z)
    estimate = (only_a - only_b) / n
    assert ((low >= -1.0) & (low <= estimate) & (estimate <= high) & (high <= 1.0)).all()
    inside = low > -1.0
    np.testing.assert_allclose(tango_z(only_a, only_b, n, low)[inside], Z, atol=1e-6)
    inside = high < 1.0
    np.testing.assert_allclose(tango_z(only_a, only_b, n, high)[inside], -Z, atol=1e-6)


def test_tango_without_discordant_pairs_still_has_a_width():
    """With no discordant pair the limits are Wilson's at zero, on both sides: z^2 / (n + z^2)."""
    for n in (1, 10, 200, 10_000):
        expected = Z**2 / (n + Z**2)
        assert [float(x) for x in tango(0, 0, n, Z)] == pytest.approx([-expected, expected], rel=1e-9)


def test_tango_at_the_ends_stays_inside():
    for n in (1, 5, 50):
        low, high = (float(x) for x in tango(n, 0, n, Z))
        assert high == 1.0
        assert low < 1.0
        assert low > -1.0


@settings(deadline=None)
@given(st.integers(0, 300), st.integers(0, 300), st.integers(0, 300))
def test_swapping_mirrors_tango_to_the_last_bit(only_a, only_b, rest):
    n = only_a + only_b + rest + 1
    low, high = tango(only_a, only_b, n, Z)
    assert (float(low), float(high)) == tuple(-float(x) for x in tango(only_b, only_a, n, Z)[::-1])


def test_tango_covers_by_exact_enumeration():
    """Sum over all tables of 40 items, for several truths: coverage is near 0.95 and never far below."""
    n = 40
    only_a, only_b = (x.ravel() for x in np.meshgrid(np.arange(n + 1), np.arange(n + 1)))
    inside = only_a + only_b <= n
    only_a, only_b = only_a[inside], only_b[inside]
    low, high = tango(only_a, only_b, n, Z)
    coverages = []
    for p, q in [(0.1, 0.1), (0.2, 0.1), (0.3, 0.05), (0.05, 0.05), (0.4, 0.3), (0.25, 0.25), (0.02, 0.0)]:
        counts = np.stack([only_a, only_b, n - only_a - only_b], axis=1)
        chance = stats.multinomial.pmf(counts, n, [p, q, 1 - p - q])
        coverages.append(chance[(low <= p - q + 1e-12) & (p - q <= high + 1e-12)].sum())
    assert min(coverages) > 0.93
    assert np.mean(coverages) == pytest.approx(0.955, abs=0.015)


def test_effective_items_run_from_clusters_to_items():
    assert effective_n(0.002, 0.001, 100, 20) == pytest.approx(50.0)
    assert effective_n(0.0005, 0.001, 100, 20) == 100.0  # clusters that even each other out gain nothing
    assert effective_n(0.0, 0.0, 100, 20) == 20.0  # all agree: each cluster is one item
