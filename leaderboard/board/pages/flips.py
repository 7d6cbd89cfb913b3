"""Two variants side by side: on which items their responses differ."""

from typing import Any

from proctor.leaderboard.compare.ranking import Ranking


def page(ranking: Ranking) -> dict[str, Any]:
    """Which cells there are to be laid side by side, and how their answers may differ. The page opens with the largest
    difference to a parent, where most answers have changed.
    """
    tasks = [
        {"name": task, "binary": about.kind == "binary", "variants": list(ranking.scores(task))}
        for task, about in ranking.tasks.items()
    ]
    first = min(
        filter(None, (score.comparison for score in ranking.every_score)),
        key=lambda pair: (pair.adjusted_p, -abs(pair.difference.difference), pair.task, pair.a),
        default=None,
    )
    pair = {"task": first.task, "a": first.a, "b": first.b} if first else {"task": "", "a": "", "b": ""}
    return {"tasks": tasks, "pair": pair}
