"""Two variants side by side: on which items their responses differ."""

from typing import Any

from proctor.leaderboard.board.shown import task_head
from proctor.leaderboard.compare.compare import Comparison
from proctor.leaderboard.compare.tables import Ranking


def page(ranking: Ranking) -> dict[str, Any]:
    """Which cells there are to be laid side by side, and how their answers may differ."""
    return {
        "tasks": [
            {
                "name": task,
                "title": about.title,
                "binary": about.kind == "binary",
                "variants": [row.variant for row in ranking.rows if task in row.scores],
            }
            for task, about in ranking.tasks.items()
        ],
        "heads": [task_head(ranking, task) for task in ranking.tasks],
        "pair": _first_pair(ranking),
    }


def _first_pair(ranking: Ranking) -> dict[str, str]:
    """What the page opens with: the largest difference to a parent, where most answers have changed."""
    compared: list[Comparison] = []
    for row in ranking.rows:
        compared += [score.comparison for score in row.scores.values() if score.comparison]
    if not compared:
        return {"task": "", "a": "", "b": ""}
    first = min(compared, key=lambda one: (one.adjusted_p, -abs(one.difference.difference), one.task, one.a))
    return {"task": first.task, "a": first.a, "b": first.b}
