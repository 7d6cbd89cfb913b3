"""A little of `make fuzz` in every test run: the same inputs each time."""

import pytest
from hypothesis import HealthCheck, given, settings

from tests.fuzz.properties import PROPERTIES, of


@pytest.mark.parametrize("name", PROPERTIES)
def test_whatever_comes_in_is_read_soundly_or_refused_in_a_line(name: str) -> None:
    strategy, check = of(name)
    few = settings(
        max_examples=25 if name.endswith(".yaml") else 12,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    few(given(strategy)(check))()
