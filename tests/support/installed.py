"""Which packages are installed is looked up once for each search path. Inspect looks it up for each of its runs, and to
read what hundreds of packages hold takes a quarter of a second each time. To be imported before Inspect is.
"""

import importlib.metadata
import sys
from collections.abc import Mapping
from functools import cache

_look_up = importlib.metadata.packages_distributions


@cache
def _of(_path: tuple[str, ...]) -> Mapping[str, list[str]]:
    return _look_up()


importlib.metadata.packages_distributions = lambda: dict(_of(tuple(sys.path)))
