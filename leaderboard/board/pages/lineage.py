"""Every variant under the one that it came from, with the difference that each step made."""

from typing import Any

from proctor.leaderboard.board.lineage import tree
from proctor.leaderboard.board.shown import cells_shown, task_heads
from proctor.leaderboard.compare.ranking import Ranking


def page(ranking: Ranking) -> dict[str, Any]:
    rows = {row.variant: row for row in ranking.rows}
    nodes = []
    for node in tree(ranking):
        row = rows[node.variant]
        nodes.append((node, row.resolved.parent, cells_shown(ranking, row)))
    return {"tasks": task_heads(ranking), "nodes": nodes}
