"""Two variants side by side: on which items their responses differ."""

from typing import Any

from proctor.leaderboard.board.shown import task_heads
from proctor.leaderboard.compare.comparison import Comparison
from proctor.leaderboard.compare.ranking import Ranking


def page(ranking: Ranking) -> dict[str, Any]:
    """Which cells there are to be laid side by side, and how their answers may differ."""
    tasks = []
    for task, about in ranking.tasks.items():
        tasks.append(
            {
                "name": task,
                "title": about.title,
                "binary": about.kind == "binary",
                "variants": list(ranking.scores(task)),
            }
        )
    return {"tasks": tasks, "heads": task_heads(ranking), "pair": _first_pair(ranking)}


def _first_pair(ranking: Ranking) -> dict[str, str]:
    """What the page opens with: the largest difference to a parent, where most answers have changed."""
    compared: list[Comparison] = []
    for row in ranking.rows:
        for score in row.scores.values():
            if score.comparison:
                compared.append(score.comparison)
    if not compared:
        return {"task": "", "a": "", "b": ""}
    first = min(
        compared, key=lambda pair: (pair.adjusted_p, -abs(pair.difference.difference), pair.task, pair.a)
    )
    return {"task": first.task, "a": first.a, "b": first.b}
