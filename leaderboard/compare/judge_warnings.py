"""What must be known of a task's judge wherever its scores, or verdicts on them, are told.

    warnings_of(ranked.tasks, results)      # {'study_plan': 'This judge failed 9 of its checks: ...'}

A card speaks for the grader that was tried and for no other.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from proctor.common.schema import SAFE_NAME
from proctor.harness import record
from proctor.harness.record import TaskRecord

Card = Mapping[str, Any]  # a file from elsewhere: any of it may be missing or of another type
DAMAGED = "The trust card of this judge is damaged: make it again with proctor judge trust."


def cards(results: Path) -> dict[str, Card]:
    """Every trust card. A damaged one warns wherever that judge's scores are; the warning names no path of ours."""
    safe: dict[str, Card] = {}
    for name, card in record.read_cards(results).items():
        if SAFE_NAME.fullmatch(name):
            safe[name] = card if "checks" in card else {"warning": DAMAGED}
    return safe


def warnings_of(tasks: Mapping[str, TaskRecord], results: Path) -> dict[str, str]:
    """By task; nothing for one whose judge has passed its checks, or has no card."""
    there = cards(results)
    warnings = {task: warning(about, there) for task, about in tasks.items()}
    return {task: words for task, words in warnings.items() if words}


def warning(task: TaskRecord, cards: Mapping[str, Card]) -> str:
    return warning_of(task.scored_by, task.grader, cards)


def warning_of(judge: str, grader: str | None, cards: Mapping[str, Card]) -> str:
    card = cards.get(judge, {})
    tried = str(card.get("by") or "")
    if tried and grader and tried != grader:
        return (
            f"The trust card of {judge} was made with {tried} as the grader; how far to trust "
            f"{grader}, which scored here, was not tried."
        )
    return str(card.get("warning") or "")


def named(words: str) -> str:
    return f"Warning about the scores: {words}"
