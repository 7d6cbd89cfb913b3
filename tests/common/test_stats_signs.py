"""Tests by random signs, against scipy and complete enumeration."""

from itertools import combinations, product

import numpy as np
import pytest
from scipy import stats

from proctor.common.stats import Table, compare_all, compare_each, compare_paired, micro_f1
from proctor.common.stats.binary import mcnemar
from proctor.common.stats.flip_probability import halved_flip, inverted_flip, lattice_flip, saddlepoint_flip
from proctor.common.stats.flips import draws_for, flip_tests, signs
from proctor.common.stats.units import gather, standard_error


def enumerated(values):
    patterns = np.array(list(product((1, -1), repeat=len(values))))
    sums = np.abs(patterns @ np.asarray(values, dtype=float))
    return (sums >= abs(float(np.sum(values))) - 1e-9).mean()


def test_signs_are_even_and_independent():
    flips = np.concatenate(list(signs(70, 1, 20_000)))
    assert set(np.unique(flips)) == {-1.0, 1.0}
    assert np.abs(flips.mean(axis=0)).max() < 0.04
    assert np.abs(np.corrcoef(flips[:, :8].T) - np.eye(8)).max() < 0.04


def test_standard_error_is_that_of_the_mean_and_by_cluster_that_of_cluster_means():
    rng = np.random.default_rng(5)
    x = rng.normal(size=60)
    assert standard_error(gather(x[None], "real").influence[0]) == pytest.approx(stats.sem(x))
    by_cluster = gather(x[None], "real", clusters=np.repeat(np.arange(12), 5)).influence[0]
    assert standard_error(by_cluster) == pytest.approx(stats.sem(x.reshape(12, 5).mean(axis=1)))


def test_lattice_p_is_the_enumerated_one_on_thousands_of_small_cases():
    rng = np.random.default_rng(6)
    for case in range(400):
        values = rng.integers(-6, 7, rng.integers(1, 11)).astype(float)
        values = values[values != 0] * (1.0, 0.25, 1 / 3, 0.1)[case % 4]
        if len(values):
            assert lattice_flip(values) == pytest.approx(enumerated(values), rel=1e-9)


def test_lattice_p_is_exact_mcnemar_for_ones_down_to_the_smallest():
    for only_a, only_b in [(3, 9), (0, 30), (100, 160), (200, 600), (10, 900), (0, 1500)]:
        values = np.repeat([1.0, -1.0], [only_a, only_b])
        assert lattice_flip(values) == pytest.approx(float(mcnemar(only_a, only_b)), rel=1e-6, abs=1e-300)


def test_exact_sign_flip_agrees_with_scipys_permutation_test():
    rng = np.random.default_rng(9)
    for _ in range(40):
        n = int(rng.integers(2, 11))
        a, b = rng.normal(size=(2, n))
        theirs = stats.permutation_test(
            (a, b), lambda x, y, axis: np.abs((x - y).mean(axis=axis)), permutation_type="samples",
            alternative="greater", n_resamples=np.inf, vectorized=True,
        )  # fmt: skip
        ours = compare_paired(a, b, kind="real", resamples=100)
        assert ours.p == pytest.approx(theirs.pvalue, rel=1e-9)
        assert ours.test == "exact sign-flip"


def test_exact_randomisation_of_counts_swaps_every_way():
    rng = np.random.default_rng(10)
    for _ in range(25):
        a, b = rng.integers(0, 4, (2, 7, 3)).astype(float)
        observed = abs(float(micro_f1(a.sum(0)) - micro_f1(b.sum(0))))
        reached = 0
        for swap in product((False, True), repeat=7):
            keep = np.array(swap)[:, None]
            x, y = np.where(keep, b, a).sum(0), np.where(keep, a, b).sum(0)
            reached += abs(float(micro_f1(x) - micro_f1(y))) >= observed - 1e-12
        assert compare_paired(a, b, kind="counts", resamples=100).p == pytest.approx(reached / 2**7)


def test_drawn_p_is_near_the_exact_one_and_says_how_near():
    rng = np.random.default_rng(12)
    for seed in range(10):
        values = rng.integers(-3, 5, 40).astype(float)
        # Noise below any score makes the lattice too fine to count and too coarse to invert, so signs are drawn.
        noisy = values + rng.normal(0, 1e-4, 40)
        units = gather(np.stack([noisy, np.zeros(40)]), "real")
        [one] = flip_tests(units, [(0, 1)], seed, 20_000)
        assert (one.test, one.made) == ("sign-flip, 20,000 draws", "draws")
        assert one.error == pytest.approx(np.sqrt(one.p * (1 - one.p) / 20_000))
        # Ties of the lattice's p are broken by the noise.
        assert one.p == pytest.approx(lattice_flip(values[values != 0]), abs=0.09)


def test_drawn_p_is_never_zero():
    counts = np.random.default_rng(1).integers(0, 4, (2, 60, 3)).astype(float)
    units = gather(counts + np.array([[[9, 0, 0]], [[0, 9, 9]]]), "counts")
    [one] = flip_tests(units, [(0, 1)], 0, 999)
    assert (one.p, one.test) == (1 / 1000, "approximate randomisation, 999 draws")


def test_many_pairs_of_counts_draw_more_so_that_the_smallest_p_survives_correction():
    assert draws_for("counts", 999, 435) == 17_400
    assert draws_for("real", 999, 435) == 999
    scores = np.random.default_rng(1).integers(0, 4, (10, 40, 3)).astype(float)
    tests = {one.test for one in compare_all(scores, kind="counts", resamples=999).values()}
    assert tests == {"approximate randomisation, 1,800 draws"}
    tables = [Table(scores[[i, j]]) for i, j in combinations(range(10), 2)]
    apart = list(compare_each(tables, kind="counts", resamples=999, family=45))
    assert {one[0, 1].test for one in apart} == tests


def test_counting_by_halves_agrees_with_trying_all_signs():
    rng = np.random.default_rng(14)
    for _ in range(100):
        values = rng.normal(size=rng.integers(1, 13)) + rng.choice([0.0, 1.0])
        gap = abs(float(values.sum()))
        assert halved_flip(values, gap * (1 - 1e-12)) == enumerated(values)
    assert halved_flip(values, 0.0) == 1.0


def hard_sums(rng):
    """Values and their exact p, from the middle far into the tail: 24 of any size, hundreds on a fine lattice."""
    for shift in (0.0, 0.1, 0.4, 0.8):
        values = rng.normal(shift, 1.0, 24)
        yield values, halved_flip(values, abs(float(values.sum())) * (1 - 1e-12))
    for count, digits in ((60, 1), (400, 1), (300, 2)):
        for shift in (0.0, 0.05, 0.15, 0.25, 0.4, 0.6):
            values = np.round(rng.normal(shift, 1.0, count), digits)
            values = values[values != 0] / (1.0, 3.0, 0.7)[count % 3]
            yield values, lattice_flip(values, 2**24)


def test_inversion_agrees_with_the_exact_p_from_the_middle_far_into_the_tail():
    for values, exact in hard_sums(np.random.default_rng(15)):
        found = inverted_flip(values)
        if found is None:
            assert len(values) == 24, "so few may never come to rest"
            continue
        p, unsure = found
        assert unsure <= 0.005 * p
        assert abs(p - exact) <= unsure + 1e-8 * exact


def test_inversion_of_any_values_is_the_limit_of_finer_and_finer_lattices():
    rng = np.random.default_rng(18)
    for n in (30, 60, 100):
        values = rng.normal(0.2, 1.0, n) * rng.exponential(size=n)
        p, _ = inverted_flip(values)
        rounded = lattice_flip(np.round(values, 3), 2**26)
        assert p == pytest.approx(rounded, rel=2e-3)


def test_an_inverted_p_is_no_further_off_than_it_says():
    rng = np.random.default_rng(19)
    inverted = 0
    for case in range(100):
        n = int(rng.integers(24, 29))
        values = rng.normal(rng.choice([0, 0.2, 0.5]), 1, n) * (rng.exponential(size=n) if case % 2 else 1.0)
        if found := inverted_flip(values):
            inverted += 1
            exact = halved_flip(values, abs(float(values.sum())) * (1 - 1e-12))
            assert abs(found[0] - exact) <= found[1] + 1e-8 * exact
    assert inverted > 30


def test_what_the_frequencies_leave_open_is_not_inverted():
    """Ones with one odd value: the sum stands on two combs, which no smooth tail describes."""
    assert inverted_flip(np.array([1.0] * 30 + [-1.0] * 20 + [np.sqrt(0.1)])) is None
    assert inverted_flip(np.array([1.0, -1.0, 2.0, -2.0] * 10)) == (1.0, 0.0)
    assert inverted_flip(np.arange(1.0, 31.0) * np.append(np.ones(29), -0.001 * np.pi)) is None


def test_saddlepoint_agrees_with_the_exact_p_far_into_the_tail():
    for values, exact in hard_sums(np.random.default_rng(15)):
        # The exact p counts the whole last step of the lattice, the saddlepoint half of it.
        assert saddlepoint_flip(values) == pytest.approx(exact, rel=0.08 if exact > 1e-5 else 0.2), exact
    assert saddlepoint_flip(np.array([1.0, -1.0, 2.0, -2.0])) == 1.0


def test_a_p_too_small_for_any_draws_comes_by_inversion_and_survives_correction():
    rng = np.random.default_rng(16)
    a, b = rng.normal(0.3, 1.0, 805), np.zeros(805)
    found = compare_paired(a, b, kind="real")
    assert (found.test, found.p_made) == ("sign-flip by inversion", "inversion")
    assert found.p == pytest.approx(stats.ttest_rel(a, b).pvalue, rel=0.5)
    assert found.p * 1596 < 1e-6
    assert found.p_error < 1e-6 * found.p


def test_gaps_that_all_point_one_way_have_the_exact_p_of_two_patterns():
    found = compare_paired(
        np.arange(1.0, 41.0) + np.random.default_rng(1).random(40), np.zeros(40), kind="real"
    )
    assert (found.p, found.test) == (2.0**-39, "exact sign-flip")


def test_very_many_units_go_by_their_limit_and_say_so():
    rng = np.random.default_rng(13)
    a, b = rng.normal(size=(2, 40_000))
    found = compare_paired(a, b, kind="real", margin=0.05)
    assert (found.test, found.p_error < 1e-8) == ("sign-flip by inversion", True)
    t = stats.ttest_rel(a, b)
    assert found.p == pytest.approx(t.pvalue, rel=1e-3)
    assert (found.low, found.high) == pytest.approx(tuple(t.confidence_interval()), rel=0.03)
