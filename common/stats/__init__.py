"""Statistics on arrays: paired differences, intervals, families of tests, planning. No files, no pandas, no
torch.

Read paired.py first: it is the door. units.py brings scores to units, engine.py chooses the method,
binary.py, limits.py and flips.py with flip_probability.py compute, outcome.py holds the figures and the verdict;
families.py, power.py, epochs.py and reference.py stand alone.
"""

from proctor.common.stats.epochs import maj_at_k, pass_at_k
from proctor.common.stats.families import (
    RankRange,
    benjamini_hochberg,
    holm,
    letters,
    rank_ranges,
    shown_matrix,
)
from proctor.common.stats.outcome import Difference, Estimate, Verdict, verdict
from proctor.common.stats.paired import (
    Table,
    compare_all,
    compare_each,
    compare_paired,
    estimate,
    estimate_each,
)
from proctor.common.stats.units import Kind, Scale, micro_f1

__all__ = [
    "Difference", "Estimate", "Kind", "RankRange", "Scale", "Table", "Verdict", "benjamini_hochberg", "compare_all",
    "compare_each", "compare_paired", "estimate", "estimate_each", "holm", "letters", "maj_at_k", "micro_f1",
    "pass_at_k", "rank_ranges", "shown_matrix", "verdict",
]  # fmt: skip
