"""All pairs of variants on a task: who is shown better than whom, tie letters, and the ranks that stay open.

One family for each task: Holm corrects over all its pairs, so these verdicts are stricter than those against
the parent alone, or against one chosen baseline. Knows no page.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from harness import record
from leaderboard.compare import Comparison, compare_pairs, corrected
from leaderboard.matched import unlike
from leaderboard.stats.families import RankRange, letters, rank_ranges, shown_matrix
from leaderboard.tables import Ranking


@dataclass(frozen=True)
class TaskPairs:
    """`order` is best first. `found` holds each pair once: the lower variant against the higher one.

    `letters` and `ranks` are empty where not every pair could be compared: both speak about all pairs.
    """

    order: tuple[str, ...]
    found: Mapping[tuple[str, str], Comparison]
    refused: Mapping[tuple[str, str], str]
    letters: Mapping[str, str]
    ranks: Mapping[str, RankRange]

    def against(self, baseline: str) -> dict[str, Comparison]:
        """Every other variant against this one: a family of its own, smaller than that of all pairs."""
        mine = []
        for name in self.order:
            if one := self.found.get((name, baseline)):
                mine.append(one)
            elif other := self.found.get((baseline, name)):
                mine.append(other.turned())
        return {one.a: one for one in corrected(mine)}

    def why_not(self, a: str, b: str) -> str:
        return self.refused.get((a, b)) or self.refused.get((b, a)) or ""


NONE = TaskPairs((), {}, {}, {}, {})


def all_pairs(cells: Mapping[tuple[str, str], record.Cell], ranking: Ranking, task: str) -> TaskPairs:
    means = {
        row.variant: score.estimate.mean
        for row in ranking.rows
        if (score := row.scores.get(task)) and score.estimate is not None
    }
    order = tuple(sorted(means, key=lambda name: -means[name]))
    wanted, refused = [], {}
    for higher, lower in combinations(order, 2):
        if why := unlike(cells[lower, task], cells[higher, task]):
            refused[lower, higher] = why
        else:
            wanted.append((lower, higher))
    compared = compare_pairs([(cells[a, task], cells[b, task]) for a, b in wanted]) if wanted else []
    found = {(one.a, one.b): one for one in compared}
    if refused or not found:
        return TaskPairs(order, found, refused, {}, {})
    at = {name: i for i, name in enumerate(order)}
    alpha = compared[0].difference.alpha
    shown = shown_matrix(
        len(order), [(at[a], at[b]) for a, b in found], [c.adjusted_p for c in compared], alpha
    )
    figures = [means[name] for name in order]
    ranks = dict(zip(order, rank_ranges(figures, shown), strict=True))
    return TaskPairs(order, found, refused, _letters(order, figures, shown), ranks)


def _letters(order: tuple[str, ...], figures: list[float], shown: Any) -> dict[str, str]:
    try:
        return dict(zip(order, letters(figures, shown), strict=True))
    except ValueError:
        return {}  # so many groups overlap that letters would say nothing; rank ranges still do


def baselines(ranking: Ranking, pairs: Mapping[str, TaskPairs]) -> Iterator[tuple[str, dict[str, Any]]]:
    """For each variant that can be the baseline: task -> the comparisons of all others with it."""
    for row in ranking.rows:
        yield row.variant, {task: pairs[task].against(row.variant) for task in row.scores}
