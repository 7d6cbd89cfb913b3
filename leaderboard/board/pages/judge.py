"""How far to trust a judge: its card, the warning that goes with its scores, and the verdicts that it did not give."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pandas as pd

from proctor.leaderboard.board.escape import line
from proctor.leaderboard.compare import judge_warnings
from proctor.leaderboard.compare.judge_warnings import WHOLE, Card, entries
from proctor.leaderboard.compare.ranking import Ranking

MOST_REASONS = 12


def page(
    judge: str, card: Card | None, ranking: Ranking, unscored: Mapping[str, Counter[str]]
) -> dict[str, Any]:
    """`unscored`: for each task that it scored, why answers got no verdict, and how often."""
    card = card or {}
    tasks = []
    for task, about in ranking.tasks.items():
        if about.scored_by == judge:
            rows = sum(score.run.rows for score in ranking.scores(task).values())
            tasks.append((task, rows, unscored[task].total(), _most_frequent(unscored[task])))
    figures, checks = entries(card, "figures"), entries(card, "checks")
    passed = [check for check in checks if check.get("passed") is True]
    return {
        "name": judge,
        "card": card,
        "answer": judge_warnings.answer(card),
        "labels": labels_of(card.get("labels")),
        "whole": [figure for figure in figures if figure.get("dimension") in WHOLE],
        "inside": [figure for figure in figures if figure.get("dimension") not in WHOLE],
        "checks": [*(check for check in checks if check not in passed), *passed],
        "how": judge_warnings.HOW_TO_READ,
        "passed": len(passed),
        "absent": entries(card, "missing"),
        "tasks": tasks,
    }


def labels_of(labels: Any) -> str | None:
    """Whose: `62 by 2 raters: kim, lee`."""
    if not isinstance(labels, dict) or not labels:
        return None
    raters = list(map(str, labels.get("raters") or []))
    plural = "" if len(raters) == 1 else "s"
    return f"{labels.get('n', 0)} by {len(raters)} rater{plural}: {', '.join(raters)}"


def unscored(rows: pd.DataFrame) -> Counter[str]:
    """Why answers have no score, by the first line of what was noted."""
    notes = rows.loc[rows["score"].isna(), "explanation"].fillna("")
    return Counter(line(note.partition("\n")[0]) or "no reason noted" for note in notes)


def _most_frequent(reasons: Counter[str]) -> list[tuple[str, int]]:
    ordered = sorted(reasons.items(), key=lambda reason: (-reason[1], reason[0]))
    rest = sum(n for _, n in ordered[MOST_REASONS:])
    return [*ordered[:MOST_REASONS], ("other reasons", rest)] if rest else ordered
