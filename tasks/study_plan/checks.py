"""What a plan for a pupil must keep to, checked by rules: hours, weeks, topics and their order, course, days,
sessions.

Each check passes, fails or does not apply, with a sentence that says why. Knows a pupil's requirements; must
not know the judge's marks. Never raises, linear time.
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
class Check:
    name: str
    result: Result
    why: str


def check(text: str, requirements: Mapping[str, Any]) -> tuple[Check, ...]:
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


def _decide(name: str, good: bool, why: str) -> Check:
    return Check(name, "passed" if good else "failed", why)


def _total_hours(reading: PlanReading, requirements: Mapping[str, Any]) -> Check:
    budget = requirements["minutes_total"]
    if not reading.minutes:
        return Check("total_hours", "failed", "The plan names no times, so nobody can tell whether they fit.")
    why = f"The plan takes {reading.minutes / 60:.3g} h of {budget / 60:g} h."
    return _decide("total_hours", reading.minutes <= budget + SLACK_MINUTES, why)


def _weekly_hours(reading: PlanReading, requirements: Mapping[str, Any]) -> Check:
    budget = requirements["minutes_per_week"]
    over = [week for week in reading.weeks if week.minutes > budget + SLACK_MINUTES]
    if not any(week.timed for week in reading.weeks):
        return Check("weekly_hours", "failed", "No week names a time.")
    if over:
        longest = max(over, key=lambda week: week.minutes)
        why = f"Week {longest.number} takes {longest.minutes / 60:.3g} h, over the {budget / 60:g} h a week."
        return Check("weekly_hours", "failed", why)
    return Check("weekly_hours", "passed", f"No week takes more than {budget / 60:g} h.")


def _weeks(reading: PlanReading, requirements: Mapping[str, Any]) -> Check:
    wanted = range(1, requirements["weeks"] + 1)
    found = {week.number for week in reading.weeks}
    missing = [number for number in wanted if number not in found]
    extra = sorted(found - set(wanted))
    if missing:
        return Check("weeks", "failed", f"Week {_some(missing)} of {len(wanted)} is missing.")
    if extra:
        return Check(
            "weeks", "failed", f"There are {len(wanted)} weeks, but the plan has a week {_some(extra)}."
        )
    return Check("weeks", "passed", f"All {len(wanted)} weeks are there.")


def _weak_topics(reading: PlanReading, requirements: Mapping[str, Any]) -> Check:
    topics = requirements["topics"]
    lines = _planned(reading)
    named = set(first_lines(lines, topics))
    for topic in set(topics) - named:
        # "Add and subtract fractions" names the topic without being one of its names.
        phrases = [phrase for name in names_of(topic) if len(phrase := stems(name)) > 1]
        if any(mentions(frozenset(stems(line)), phrases) for line in lines):
            named.add(topic)
    missing = [topic for topic in topics if topic not in named]
    if missing:
        return Check("weak_topics", "failed", f"No week works on {', '.join(taxonomy.names(missing))}.")
    return Check("weak_topics", "passed", f"All {len(topics)} weak topics are worked on.")


def _prerequisites(reading: PlanReading, requirements: Mapping[str, Any]) -> Check:
    pairs = requirements["order"]
    if not pairs:
        return Check("prerequisites", "not applicable", "No weak topic needs another one.")
    first = first_lines(_planned(reading), requirements["topics"])
    both = [(a, b) for a, b in pairs if a in first and b in first]
    if not both:
        return Check(
            "prerequisites", "not applicable", "The plan does not name both of two topics that hang together."
        )
    for earlier, later in both:
        if first[earlier] > first[later]:
            a, b = taxonomy.names((earlier, later))
            return Check("prerequisites", "failed", f"{b} comes before {a}, which it needs.")
    return Check("prerequisites", "passed", "Each topic comes after what it needs.")


def _course(reading: PlanReading, requirements: Mapping[str, Any]) -> Check:
    allowed = set(requirements["course_topics"]) | set(requirements["topics"])
    named = {topic for line in _planned(reading) for topic in find(line, strict=True)}
    if not named:
        return Check("course", "not applicable", "The plan names no topic.")
    outside = sorted(named - allowed)
    if outside:
        return Check("course", "failed", f"Outside the course: {', '.join(taxonomy.names(outside))}.")
    return Check("course", "passed", f"All {len(named)} topics named belong to the course or lead up to it.")


def _days(reading: PlanReading, requirements: Mapping[str, Any]) -> Check:
    busy = requirements["busy"]
    if not busy:
        return Check("days", "not applicable", "The pupil can work on every day.")
    named: set[str] = set().union(*(week.days for week in reading.weeks)) if reading.weeks else set()
    if not named:
        return Check("days", "not applicable", "The plan names no days.")
    taken = [day for day in busy if day in named]
    if taken:
        return Check("days", "failed", f"Work is set for {' and '.join(taken)}, when the pupil is busy.")
    return Check("days", "passed", f"Nothing is set for {' or '.join(busy)}.")


def _sessions(reading: PlanReading, requirements: Mapping[str, Any]) -> Check:
    limit = requirements["session_minutes"]
    if not limit:
        return Check("sessions", "not applicable", "The pupil sets no limit to a session.")
    longest = max((minutes for week in reading.weeks for minutes in week.sessions), default=0.0)
    if not longest:
        return Check("sessions", "not applicable", "The plan says of no session how long it is.")
    return _decide(
        "sessions",
        longest <= limit + SLACK_MINUTES,
        f"The longest session has {longest:g} of {limit} minutes.",
    )


def _planned(reading: PlanReading) -> list[str]:
    """What stands inside the weeks, or everything when there are none: a title that lists topics plans
    nothing.
    """
    return [unquoted(line.text) for line in reading.lines if line.week or not reading.weeks]


def _some(numbers: list[int]) -> str:
    return ", ".join(str(number) for number in numbers[:3]) + (" and others" if len(numbers) > 3 else "")
