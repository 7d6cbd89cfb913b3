"""All pairs of variants on a task: who is shown better than whom, tie letters, and the ranks that stay open.

One family for each task: Holm corrects over all its pairs, so these verdicts are stricter than those against
the parent alone. Knows no page.
"""

from dataclasses import dataclass
from itertools import combinations

from harness import record
from leaderboard.compare import Comparison, compare_cells
from leaderboard.stats.families import RankRange, letters, rank_ranges, shown_matrix
from leaderboard.tables import Ranking, unlike

# Every pair costs a bootstrap: beyond this many variants only the first are compared, and the page says so.
MOST = 12


@dataclass(frozen=True)
class TaskPairs:
    """`order` is best first. `found` holds each pair once: the lower variant against the higher one.

    `letters` and `ranks` are empty where not every pair could be compared: both speak about all pairs.
    """

    order: tuple[str, ...]
    beyond: tuple[str, ...]
    found: dict[tuple[str, str], Comparison]
    refused: dict[tuple[str, str], str]
    letters: dict[str, str]
    ranks: dict[str, RankRange]


def all_pairs(cells: dict[tuple[str, str], record.Cell], ranking: Ranking, task: str) -> TaskPairs:
    means = {
        row.variant: score.estimate.mean
        for row in ranking.rows
        if (score := row.scores.get(task)) and score.estimate is not None
    }
    ranked = sorted(means, key=lambda name: -means[name])
    order, beyond = tuple(ranked[:MOST]), tuple(ranked[MOST:])
    wanted, refused = [], {}
    for higher, lower in combinations(order, 2):
        if why := unlike(cells[lower, task], cells[higher, task]):
            refused[lower, higher] = why
        else:
            wanted.append((lower, higher))
    compared = compare_cells([(cells[a, task], cells[b, task]) for a, b in wanted]) if wanted else []
    found = {(one.a, one.b): one for one in compared}
    if refused or beyond or not found:
        return TaskPairs(order, beyond, found, refused, {}, {})
    at = {name: i for i, name in enumerate(order)}
    alpha = compared[0].difference.alpha
    shown = shown_matrix(
        len(order), [(at[a], at[b]) for a, b in found], [c.adjusted_p for c in compared], alpha
    )
    figures = [means[name] for name in order]
    groups = dict(zip(order, letters(figures, shown), strict=True))
    ranks = dict(zip(order, rank_ranges(figures, shown), strict=True))
    return TaskPairs(order, beyond, found, refused, groups, ranks)
