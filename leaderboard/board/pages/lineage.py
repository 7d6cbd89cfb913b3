"""Every variant under the one that it came from, with the difference that each step made; a merge stands once, under
the first of its parents that has results here, with its difference to each.
"""

from typing import Any

from proctor.leaderboard.board.lineage import placed_under, tree
from proctor.leaderboard.board.shown import DifferenceShown, cells_shown, difference_shown, task_heads
from proctor.leaderboard.compare.ranking import Ranking, RankingRow


def page(ranking: Ranking) -> dict[str, Any]:
    rows = {row.variant: row for row in ranking.rows}
    under = placed_under(ranking)
    nodes = []
    for node in tree(ranking):
        row = rows[node.variant]
        nodes.append((node, under[node.variant], cells_shown(ranking, row), _to_others(ranking, row)))
    return {"tasks": task_heads(ranking), "nodes": nodes}


def _to_others(ranking: Ranking, row: RankingRow) -> list[list[DifferenceShown]]:
    """For each task the differences to those parents that the cell itself is not compared with."""
    columns = []
    for task, about in ranking.tasks.items():
        score = row.scores.get(task)
        compared = score.comparison.b if score and score.comparison else None
        others = [name for name in row.resolved.parents if name != compared]
        found = [ranking.pairs[task].family.seen(row.variant, name) for name in others]
        columns.append([difference_shown(one, about) for one in found if one])
    return columns
