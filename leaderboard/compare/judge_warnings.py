"""What must be known of a task's judge wherever its scores, or verdicts on them, are told.

    warnings_of(ranked.tasks, record.read_cards(results))      # {'study_plan': 'This judge failed 9 of its ...'}

A card speaks for the grader that was tried and for no other.
"""

from collections.abc import Mapping
from typing import Any

from proctor.harness.record import TaskRecord

Card = Mapping[str, Any]  # a file from elsewhere: any of it may be missing or of another type
# What a judge's figure says of whole answers, not of one of their dimensions.
WHOLE = (None, "", "overall", "preference")
AGREEMENT = ("spearman", "kappa_conservative")  # with labels: of a judge that scores, of one that compares
TRIED = {"damage": "with planted damage", "injection": "with words to the judge"}
HOW_TO_READ = (
    "Responses are damaged, reworded or made to speak to the judge, and their scores must move as expected; undone, a "
    "damage must cost nothing. A check is passed where 9 in 10 of its responses hold. What failed comes first."
)


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


def answer(card: Card) -> str:
    """Whether to trust the judge, in one sentence; '' where a card has no checks."""
    checks = entries(card, "checks")
    failed = [check for check in checks if check.get("passed") is not True]
    against = []
    if card.get("labels") and not _agrees(card):
        against.append("nothing shows that its scores go with those of people")
    for kind, words in TRIED.items():
        of = sum(check.get("kind") == kind for check in checks)
        lost = sum(check.get("kind") == kind for check in failed)
        if of and 2 * lost >= of:
            against.append(f"it failed {lost} of {of} checks {words}")
    if checks and against:
        return f"Do not trust this judge: {'; '.join(against)}."
    if failed:
        return f"Read its scores with care: this judge failed {len(failed)} of its {len(checks)} checks."
    if not checks:
        return ""
    people = "; whether it agrees with people is not known"
    if card.get("labels"):
        people = ", and its scores go with those of people"
    return f"This judge passed all of its {len(checks)} checks{people}."


def _agrees(card: Card) -> bool:
    """Whether chance alone is ruled out, by the interval."""
    for figure in entries(card, "figures"):
        low = figure.get("low")
        if (
            figure.get("name") in AGREEMENT
            and figure.get("dimension") in WHOLE
            and isinstance(low, int | float)
        ):
            return low > 0
    return False


def entries(card: Card, name: str) -> list[Card]:
    """Of a list in a card: what can be an entry of it."""
    listed = card.get(name)
    if not isinstance(listed, list):
        return []
    return [entry for entry in listed if isinstance(entry, dict)]


def named(words: str) -> str:
    return f"Warning about the scores: {words}"
