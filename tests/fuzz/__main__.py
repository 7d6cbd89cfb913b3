"""Every property in turn with other inputs each time, and what did not hold: `python -m tests.fuzz --seconds 60`."""

import argparse
import random
import sys
import time
import traceback
from collections import Counter
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.fuzz.properties import PROPERTIES, of

ROUND = 50  # inputs of a property before the next has its turn


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("properties", nargs="*", default=PROPERTIES)
    parser.add_argument("--seconds", type=float, default=3600)
    wanted = parser.parse_args()
    tried: Counter[str] = Counter()
    spent = dict.fromkeys(wanted.properties, 0.0)
    broke: dict[str, str] = {}
    end = time.monotonic() + wanted.seconds
    left = list(wanted.properties)
    while left and time.monotonic() < end:
        name = left.pop(0)
        start = time.monotonic()
        problem = _round(name, tried)
        spent[name] += time.monotonic() - start
        if problem:
            broke[name] = problem
        else:
            left.append(name)
    print("| what comes in | inputs | seconds | held |\n| --- | --- | --- | --- |")
    for name in wanted.properties:
        print(f"| {name} | {tried[name]:,} | {spent[name]:.0f} | {'no' if name in broke else 'yes'} |")
    for name, problem in broke.items():
        print(f"\n== {name}\n{problem}", file=sys.stderr)
    return int(bool(broke))


def _round(name: str, tried: Counter[str]) -> str:
    """What did not hold, with the smallest input that shows it."""
    strategy, check = of(name)

    def counted(value: Any) -> None:
        tried[name] += 1
        start = time.process_time()
        check(value)
        assert time.process_time() - start < 5, "it takes more than five seconds"

    many = settings(
        max_examples=ROUND, deadline=None, database=None, suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink], print_blob=False,
    )  # fmt: skip
    try:
        seed(random.randrange(2**32))(many(given(value=strategy)(counted)))()
    except Exception:
        return traceback.format_exc(limit=-6)
    return ""


if __name__ == "__main__":
    sys.exit(main())
