"""All pairs of variants on a task in their order: who is shown better than whom, tie letters, ranks that stay open.

Their verdicts are those of the task's family, as everywhere. Knows no page.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from proctor.common.stats.families import RankRange, letters, rank_ranges, shown_matrix
from proctor.leaderboard.compare.compare import Comparison, TaskFamily, family_of
from proctor.leaderboard.compare.items import Cells


@dataclass(frozen=True)
class TaskPairs:
    """`order` is best first. `letters` and `ranks` are empty where not every pair could be compared."""

    order: tuple[str, ...]
    family: TaskFamily
    letters: Mapping[str, str]
    ranks: Mapping[str, RankRange]

    def against(self, baseline: str) -> dict[str, Comparison]:
        """Every other variant against this one."""
        mine = {name: self.family.seen(name, baseline) for name in self.order}
        return {name: one for name, one in mine.items() if one}


NONE = TaskPairs((), TaskFamily({}, {}), {}, {})


def all_pairs(cells: Cells, means: Mapping[str, float], task: str) -> TaskPairs:
    """`means` of the variants that have one; of equal ones, the first that is named is the first of them."""
    order = tuple(sorted(means, key=lambda name: -means[name]))
    family = family_of(cells, task)
    places = list(combinations(range(len(order)), 2))
    found = [one for i, j in places if (one := family.seen(order[i], order[j]))]
    if not found or len(found) < len(places):
        return TaskPairs(order, family, {}, {})
    shown = shown_matrix(len(order), places, [one.adjusted_p for one in found], found[0].difference.alpha)
    figures = [means[name] for name in order]
    ranks = dict(zip(order, rank_ranges(figures, shown), strict=True))
    return TaskPairs(order, family, _letters(order, figures, shown), ranks)


def _letters(order: tuple[str, ...], figures: list[float], shown: Any) -> dict[str, str]:
    try:
        return dict(zip(order, letters(figures, shown), strict=True))
    except ValueError:
        return {}  # so many groups overlap that letters would say nothing; rank ranges still do
