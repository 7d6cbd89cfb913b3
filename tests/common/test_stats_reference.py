"""The reference tests beside a verdict against scipy and statsmodels, and standard errors against leaving units out."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar

from proctor.common.stats import compare_paired, micro_f1
from proctor.common.stats.reference import mcnemars, references
from proctor.common.stats.units import gather, standard_error


def test_mcnemars_four_forms_agree_with_statsmodels_on_hundreds_of_tables():
    rng = np.random.default_rng(21)
    for only_a, only_b in rng.integers(0, 60, (300, 2)).tolist():
        ours = mcnemars(only_a, only_b)
        if only_a + only_b == 0:
            assert ours["mcnemar_chi2"] == {"statistic": None, "df": 1, "p": None}
            continue
        table = [[5, only_a], [only_b, 7]]
        plain = statsmodels_mcnemar(table, exact=False, correction=False)
        assert ours["mcnemar_chi2"]["statistic"] == pytest.approx(plain.statistic)
        assert ours["mcnemar_chi2"]["p"] == pytest.approx(plain.pvalue, rel=1e-9)
        eased = ours["mcnemar_chi2_corrected"]
        if (
            only_a == only_b
        ):  # an even split needs no correction: 0, as in R, where statsmodels corrects past it
            assert (eased["statistic"], eased["p"]) == (0.0, 1.0)
            continue
        theirs = statsmodels_mcnemar(table, exact=False, correction=True)
        assert eased["statistic"] == pytest.approx(theirs.statistic)
        assert eased["p"] == pytest.approx(theirs.pvalue, rel=1e-9)


def test_the_paired_t_test_agrees_with_scipy_on_many_pairs():
    rng = np.random.default_rng(22)
    for n in rng.integers(2, 60, 60).tolist():
        a, b = rng.normal(size=(2, n)) * rng.choice([1e-3, 1.0, 50.0])
        found = references(compare_paired(a, b, kind="real", resamples=100))["paired_t"]
        theirs = stats.ttest_rel(a, b)
        interval = theirs.confidence_interval()
        assert found["df"] == n - 1
        assert found["statistic"] == pytest.approx(theirs.statistic, rel=1e-7)
        assert found["p"] == pytest.approx(theirs.pvalue, rel=1e-6)
        assert (found["low"], found["high"]) == pytest.approx((interval.low, interval.high), rel=1e-6)


def test_without_spread_there_is_no_t_and_only_0_and_1_have_mcnemars():
    same = references(compare_paired([1.0, 2.0], [1.0, 2.0], kind="real", resamples=100))
    assert same == {"paired_t": {"statistic": None, "df": 1, "p": None, "low": None, "high": None}}
    assert len(references(compare_paired([1, 0], [0, 0], kind="binary"))) == 5


def left_out(totals, figure):
    """The jackknife in full: the figure without each unit in turn, and the spread of what that changes."""
    groups = len(totals)
    without = np.array([figure(np.delete(totals, i, axis=0)) for i in range(groups)])
    return np.sqrt((groups - 1) / groups * ((without - without.mean()) ** 2).sum())


@pytest.mark.parametrize("seed", range(20))
def test_standard_errors_of_uneven_clusters_and_of_f1_are_those_of_leaving_units_out(seed):
    rng = np.random.default_rng(seed)
    labels = np.sort(rng.integers(0, 12, 70))
    x = rng.normal(size=70) + labels / 4
    sums = np.array([[x[labels == c].sum(), (labels == c).sum()] for c in np.unique(labels)])
    ours = standard_error(gather(x[None], "real", clusters=labels).influence[0])
    assert ours == pytest.approx(left_out(sums, lambda kept: kept[:, 0].sum() / kept[:, 1].sum()))
    counts = rng.integers(0, 6, (70, 3)).astype(float)
    totals = np.array([counts[labels == c].sum(axis=0) for c in np.unique(labels)])
    ours = standard_error(gather(counts[None], "counts", clusters=labels).influence[0])
    assert ours == pytest.approx(left_out(totals, lambda kept: float(micro_f1(kept.sum(axis=0)))))


def test_mean_and_standard_error_are_exact_to_the_last_printed_digits():
    rng = np.random.default_rng(23)
    for _ in range(40):
        a, b = rng.random((2, int(rng.integers(20, 900))))
        found = compare_paired(a, b, kind="real", resamples=100)
        assert found.mean_a == pytest.approx(a.mean(), rel=1e-14)
        assert found.difference == pytest.approx((a - b).mean(), rel=1e-12, abs=1e-15)
        assert found.se == pytest.approx(stats.sem(a - b), rel=1e-10)
