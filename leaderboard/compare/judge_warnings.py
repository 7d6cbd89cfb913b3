"""What must be known of a task's judge wherever its scores, or verdicts on them, are told.

    warnings_of(ranked.tasks, record.read_cards(results))      # {'study_plan': 'This judge failed 9 of its ...'}

A card speaks for the grader that was tried and for no other.
"""

from collections.abc import Mapping
from typing import Any

from proctor.harness.record import TaskRecord

Card = Mapping[str, Any]  # a file from elsewhere: any of it may be missing or of another type


def warnings_of(tasks: Mapping[str, TaskRecord], cards: Mapping[str, Card]) -> dict[str, str]:
    """By task; nothing for one whose judge has passed its checks, or has no card."""
    warnings = {}
    for task, about in tasks.items():
        words = warning_of(about.scored_by, about.grader, cards)
        if words:
            warnings[task] = words
    return warnings


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
