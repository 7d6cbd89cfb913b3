"""What a plan for a pupil must keep to, checked by rules: hours, weeks, topics and their order, course, days, sessions.

    check_plan("Week 1: Monday, 45 min ...", doc["requirements"])[2]
    # PlanCheck(name='weeks', result='failed', why='Week 2, 3, 4 and others of 6 is missing.')

Each check passes, fails or does not apply, with a sentence that says why. Never raises, linear time.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from proctor.judges.rules.reading import PlanReading, read
from proctor.judges.rules.text import mentions, stems, unquoted
from proctor.tasks.concepts import taxonomy
from proctor.tasks.study_plan.topics import find, first_lines, names_of

Result = Literal["passed", "failed", "not applicable"]
Requirements = Mapping[str, Any]
Outcome = tuple[bool | None, str]  # whether it passed, None where it does not apply; and why

# Rounding in a plan ("1.3 hours") is not going over.
SLACK_MINUTES = 1.0
_RESULTS: dict[bool | None, Result] = {True: "passed", False: "failed", None: "not applicable"}


@dataclass(frozen=True)
class PlanCheck:
    name: str
    result: Result
    why: str


def check_plan(text: str, requirements: Requirements) -> tuple[PlanCheck, ...]:
    """All checks of one plan, always the same names in the same order."""
    reading, checks = read(text), []
    for name, check in CHECKS.items():
        passed, why = check(reading, requirements)
        checks.append(PlanCheck(name, _RESULTS[passed], why))
    return tuple(checks)


def _total_hours(reading: PlanReading, requirements: Requirements) -> Outcome:
    budget = requirements["minutes_total"]
    if not reading.minutes:
        return False, "The plan names no times, so nobody can tell whether they fit."
    why = f"The plan takes {reading.minutes / 60:.3g} h of {budget / 60:g} h."
    return reading.minutes <= budget + SLACK_MINUTES, why


def _weekly_hours(reading: PlanReading, requirements: Requirements) -> Outcome:
    budget = requirements["minutes_per_week"]
    longest = max(reading.weeks, key=lambda week: week.minutes, default=None)
    if longest is None or not longest.timed:
        return False, "No week names a time."
    if longest.minutes > budget + SLACK_MINUTES:
        return (
            False,
            f"Week {longest.number} takes {longest.minutes / 60:.3g} h, over the {budget / 60:g} h a week.",
        )
    return True, f"No week takes more than {budget / 60:g} h."


def _weeks(reading: PlanReading, requirements: Requirements) -> Outcome:
    wanted = range(1, requirements["weeks"] + 1)
    numbers = {week.number for week in reading.weeks}
    missing, extra = sorted(set(wanted) - numbers), sorted(numbers - set(wanted))
    if missing:
        return False, f"Week {_some(missing)} of {len(wanted)} is missing."
    if extra:
        return False, f"There are {len(wanted)} weeks, but the plan has a week {_some(extra)}."
    return True, f"All {len(wanted)} weeks are there."


def _weak_topics(reading: PlanReading, requirements: Requirements) -> Outcome:
    topics = requirements["topics"]
    lines = _planned(reading)
    named = set(first_lines(lines, topics))
    for topic in set(topics) - named:
        # "Add and subtract fractions" names the topic without being one of its names.
        phrases = [phrase for phrase in map(stems, names_of(topic)) if len(phrase) > 1]
        if any(mentions(frozenset(stems(line)), phrases) for line in lines):
            named.add(topic)
    missing = [topic for topic in topics if topic not in named]
    if missing:
        return False, f"No week works on {', '.join(taxonomy.names(missing))}."
    return True, f"All {len(topics)} weak topics are worked on."


def _prerequisites(reading: PlanReading, requirements: Requirements) -> Outcome:
    pairs = requirements["order"]
    if not pairs:
        return None, "No weak topic needs another one."
    first = first_lines(_planned(reading), requirements["topics"])
    both = [(a, b) for a, b in pairs if a in first and b in first]
    if not both:
        return None, "The plan does not name both of two topics that hang together."
    for earlier, later in both:
        if first[earlier] > first[later]:
            a, b = taxonomy.names((earlier, later))
            return False, f"{b} comes before {a}, which it needs."
    return True, "Each topic comes after what it needs."


def _course(reading: PlanReading, requirements: Requirements) -> Outcome:
    allowed = {*requirements["course_topics"], *requirements["topics"]}
    named: set[str] = set()
    for line in _planned(reading):
        named.update(find(line, strict=True))
    if not named:
        return None, "The plan names no topic."
    outside = sorted(named - allowed)
    if outside:
        return False, f"Outside the course: {', '.join(taxonomy.names(outside))}."
    return True, f"All {len(named)} topics named belong to the course or lead up to it."


def _days(reading: PlanReading, requirements: Requirements) -> Outcome:
    busy = requirements["busy"]
    named: set[str] = set().union(*(week.days for week in reading.weeks))
    if not busy:
        return None, "The pupil can work on every day."
    if not named:
        return None, "The plan names no days."
    taken = [day for day in busy if day in named]
    if taken:
        return False, f"Work is set for {' and '.join(taken)}, when the pupil is busy."
    return True, f"Nothing is set for {' or '.join(busy)}."


def _sessions(reading: PlanReading, requirements: Requirements) -> Outcome:
    limit, longest = requirements["session_minutes"], 0.0
    for week in reading.weeks:
        longest = max([longest, *week.sessions])
    if not limit:
        return None, "The pupil sets no limit to a session."
    if not longest:
        return None, "The plan says of no session how long it is."
    return longest <= limit + SLACK_MINUTES, f"The longest session has {longest:g} of {limit} minutes."


CHECKS: Mapping[str, Callable[[PlanReading, Requirements], Outcome]] = {
    "total_hours": _total_hours, "weekly_hours": _weekly_hours, "weeks": _weeks, "weak_topics": _weak_topics,
    "prerequisites": _prerequisites, "course": _course, "days": _days, "sessions": _sessions,
}  # fmt: skip


def _planned(reading: PlanReading) -> list[str]:
    """What stands inside the weeks, or everything when there are none: a title that lists topics plans nothing."""
    return [unquoted(line.text) for line in reading.lines if line.week or not reading.weeks]


def _some(numbers: list[int]) -> str:
    first = ", ".join(str(number) for number in numbers[:3])
    return f"{first} and others" if len(numbers) > 3 else first
