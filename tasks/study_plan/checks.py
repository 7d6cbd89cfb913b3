"""What a plan for a pupil must keep to, checked by rules: hours, weeks, topics and their order, course, days, sessions.

    check_plan("Week 1: Monday, 45 min ...", doc["requirements"])[2]
    # PlanCheck(name='weeks', result='failed', why='Week 2, 3, 4 and others of 6 is missing.')

Each check passes, fails or does not apply, with a sentence that says why. Never raises, linear time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from proctor.judges.rules.reading import PlanReading, read
from proctor.judges.rules.text import mentions, stems, unquoted
from proctor.tasks.concepts import taxonomy
from proctor.tasks.study_plan.topics import find, first_lines, names_of

Result = Literal["passed", "failed", "not applicable"]

# Rounding in a plan ("1.3 hours") is not going over.
SLACK_MINUTES = 1.0
NAMES = ("total_hours", "weekly_hours", "weeks", "weak_topics", "prerequisites", "course", "days", "sessions")


@dataclass(frozen=True)
class PlanCheck:
    name: str
    result: Result
    why: str


def check_plan(text: str, requirements: Mapping[str, Any]) -> tuple[PlanCheck, ...]:
    """All checks of one plan, always the same names in the same order."""
    reading = read(text)
    return (
        _total_hours(reading, requirements),
        _weekly_hours(reading, requirements),
        _weeks(reading, requirements),
        _weak_topics(reading, requirements),
        _prerequisites(reading, requirements),
        _course(reading, requirements),
        _days(reading, requirements),
        _sessions(reading, requirements),
    )


def _decide(name: str, good: bool, why: str) -> PlanCheck:
    return PlanCheck(name, "passed" if good else "failed", why)


def _total_hours(reading: PlanReading, requirements: Mapping[str, Any]) -> PlanCheck:
    budget = requirements["minutes_total"]
    if not reading.minutes:
        return PlanCheck(
            "total_hours", "failed", "The plan names no times, so nobody can tell whether they fit."
        )
    why = f"The plan takes {reading.minutes / 60:.3g} h of {budget / 60:g} h."
    return _decide("total_hours", reading.minutes <= budget + SLACK_MINUTES, why)


def _weekly_hours(reading: PlanReading, requirements: Mapping[str, Any]) -> PlanCheck:
    budget = requirements["minutes_per_week"]
    over = [week for week in reading.weeks if week.minutes > budget + SLACK_MINUTES]
    if not any(week.timed for week in reading.weeks):
        return PlanCheck("weekly_hours", "failed", "No week names a time.")
    if over:
        longest = max(over, key=lambda week: week.minutes)
        why = f"Week {longest.number} takes {longest.minutes / 60:.3g} h, over the {budget / 60:g} h a week."
        return PlanCheck("weekly_hours", "failed", why)
    return PlanCheck("weekly_hours", "passed", f"No week takes more than {budget / 60:g} h.")


def _weeks(reading: PlanReading, requirements: Mapping[str, Any]) -> PlanCheck:
    wanted = range(1, requirements["weeks"] + 1)
    numbers = {week.number for week in reading.weeks}
    missing = [number for number in wanted if number not in numbers]
    extra = sorted(numbers - set(wanted))
    if missing:
        return PlanCheck("weeks", "failed", f"Week {_some(missing)} of {len(wanted)} is missing.")
    if extra:
        return PlanCheck(
            "weeks", "failed", f"There are {len(wanted)} weeks, but the plan has a week {_some(extra)}."
        )
    return PlanCheck("weeks", "passed", f"All {len(wanted)} weeks are there.")


def _weak_topics(reading: PlanReading, requirements: Mapping[str, Any]) -> PlanCheck:
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
        return PlanCheck("weak_topics", "failed", f"No week works on {', '.join(taxonomy.names(missing))}.")
    return PlanCheck("weak_topics", "passed", f"All {len(topics)} weak topics are worked on.")


def _prerequisites(reading: PlanReading, requirements: Mapping[str, Any]) -> PlanCheck:
    pairs = requirements["order"]
    if not pairs:
        return PlanCheck("prerequisites", "not applicable", "No weak topic needs another one.")
    first = first_lines(_planned(reading), requirements["topics"])
    both = [(a, b) for a, b in pairs if a in first and b in first]
    if not both:
        return PlanCheck(
            "prerequisites", "not applicable", "The plan does not name both of two topics that hang together."
        )
    for earlier, later in both:
        if first[earlier] > first[later]:
            a, b = taxonomy.names((earlier, later))
            return PlanCheck("prerequisites", "failed", f"{b} comes before {a}, which it needs.")
    return PlanCheck("prerequisites", "passed", "Each topic comes after what it needs.")


def _course(reading: PlanReading, requirements: Mapping[str, Any]) -> PlanCheck:
    allowed = set(requirements["course_topics"]) | set(requirements["topics"])
    named: set[str] = set()
    for line in _planned(reading):
        named.update(find(line, strict=True))
    if not named:
        return PlanCheck("course", "not applicable", "The plan names no topic.")
    outside = sorted(named - allowed)
    if outside:
        return PlanCheck("course", "failed", f"Outside the course: {', '.join(taxonomy.names(outside))}.")
    return PlanCheck(
        "course", "passed", f"All {len(named)} topics named belong to the course or lead up to it."
    )


def _days(reading: PlanReading, requirements: Mapping[str, Any]) -> PlanCheck:
    busy = requirements["busy"]
    if not busy:
        return PlanCheck("days", "not applicable", "The pupil can work on every day.")
    named: set[str] = set()
    for week in reading.weeks:
        named.update(week.days)
    if not named:
        return PlanCheck("days", "not applicable", "The plan names no days.")
    taken = [day for day in busy if day in named]
    if taken:
        return PlanCheck("days", "failed", f"Work is set for {' and '.join(taken)}, when the pupil is busy.")
    return PlanCheck("days", "passed", f"Nothing is set for {' or '.join(busy)}.")


def _sessions(reading: PlanReading, requirements: Mapping[str, Any]) -> PlanCheck:
    limit = requirements["session_minutes"]
    if not limit:
        return PlanCheck("sessions", "not applicable", "The pupil sets no limit to a session.")
    longest = 0.0
    for week in reading.weeks:
        longest = max([longest, *week.sessions])
    if not longest:
        return PlanCheck("sessions", "not applicable", "The plan says of no session how long it is.")
    return _decide(
        "sessions",
        longest <= limit + SLACK_MINUTES,
        f"The longest session has {longest:g} of {limit} minutes.",
    )


def _planned(reading: PlanReading) -> list[str]:
    """What stands inside the weeks, or everything when there are none: a title that lists topics plans nothing."""
    return [unquoted(line.text) for line in reading.lines if line.week or not reading.weeks]


def _some(numbers: list[int]) -> str:
    first = ", ".join(str(number) for number in numbers[:3])
    return f"{first} and others" if len(numbers) > 3 else first
