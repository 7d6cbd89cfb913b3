"""The short form of tests/bench/stats.py: intervals hold the truth and tests keep their size, within chance."""

import pytest

from tests.bench.stats import CASES, outside, simulate

SHORT = {"binary": 200, "real": 80, "counts": 100}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_intervals_hold_the_truth_and_tests_keep_their_size(case):
    times = SHORT[case.kind]
    assert outside(case, simulate(case, times, resamples=599, seed=1), times) == []
