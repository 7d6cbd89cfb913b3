"""Which packages are installed is looked up once a process. Inspect looks it up for each of its runs, and to read what
hundreds of packages hold takes a quarter of a second each time. To be imported before Inspect is.
"""

import importlib.metadata
from functools import cache

importlib.metadata.packages_distributions = cache(importlib.metadata.packages_distributions)
