"""The short form of tests/bench/stats.py: intervals hold the truth and tests keep their size, within chance."""

from functools import cache

import pytest
from scipy import stats

from tests.bench.stats import CASES, Rates, outside, simulate
from tests.bench.worlds import Case

SHORT = {"binary": 100, "real": 40, "counts": 50}


@cache
def rates_of(case: Case) -> Rates:
    return simulate(case, SHORT[case.kind], resamples=599, seed=1)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_intervals_hold_the_truth_and_tests_keep_their_size(case):
    """A kind of world alone, which shows what is grossly wrong with it."""
    assert outside(case, rates_of(case), SHORT[case.kind]) == []


@pytest.mark.parametrize("name", ["missed", "cried wolf", "too kind"])
def test_over_all_worlds_together_they_are_no_further_off(name):
    """What is a little wrong everywhere is seen where all worlds are counted whose figures are not conservative."""
    count = worlds = 0
    for case in CASES:
        rates, times = rates_of(case), SHORT[case.kind]
        rate = {"missed": 1.0 - rates.pair, "cried wolf": rates.size, "too kind": rates.margin}[name]
        as_asked = (case.conservative, case.least, case.cry, case.too_kind) == (False, 0.935, 0.05, 0.025)
        if rate is not None and as_asked:
            count, worlds = count + round(rate * times), worlds + times
    most = {"missed": 0.065, "cried wolf": 0.05, "too kind": 0.025}[name]
    assert worlds >= 320
    assert stats.binom.sf(count - 1, worlds, most) > 1e-4, f"{count} of {worlds}"
