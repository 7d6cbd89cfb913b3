"""What a plan for a pupil must keep to, checked by rules: hours, weeks, topics and their order, course, days, sessions.

    check_plan("Week 1: Monday, 45 min ...", doc["requirements"])[2]
    # PlanCheck(name='weeks', result='failed', text='Week {some:, } of {weeks} is missing.', values=...)

Each check passes, fails or does not apply, with a sentence that says `why`; its text without values is what another
language is looked up by. Never raises, linear time.
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
Values = dict[str, object]
Outcome = tuple[bool | None, str, Values]  # whether it passed, None where it does not apply; and why

# Rounding in a plan ("1.3 hours") is not going over.
SLACK_MINUTES = 1.0
_RESULTS: dict[bool | None, Result] = {True: "passed", False: "failed", None: "not applicable"}


class Names(tuple[str, ...]):
    """Names in a sentence: '{days: and }' says what stands between two."""

    def __format__(self, between: str) -> str:
        return between.join(self)


@dataclass(frozen=True)
class PlanCheck:
    name: str
    result: Result
    text: str
    values: Values

    @property
    def why(self) -> str:
        return self.text.format(**self.values)


def check_plan(text: str, requirements: Requirements) -> tuple[PlanCheck, ...]:
    """All checks of one plan, always the same names in the same order."""
    reading, checks = read(text), []
    for name, check in CHECKS.items():
        passed, text, values = check(reading, requirements)
        checks.append(PlanCheck(name, _RESULTS[passed], text, values))
    return tuple(checks)


def _total_hours(reading: PlanReading, requirements: Requirements) -> Outcome:
    budget = requirements["minutes_total"]
    if not reading.minutes:
        return False, "The plan names no times, so nobody can tell whether they fit.", {}
    values: Values = {"hours": reading.minutes / 60, "budget": budget / 60}
    fits = reading.minutes <= budget + SLACK_MINUTES
    return fits, "The plan takes {hours:.3g} h of {budget:g} h.", values


def _weekly_hours(reading: PlanReading, requirements: Requirements) -> Outcome:
    budget = requirements["minutes_per_week"]
    longest = max(reading.weeks, key=lambda week: week.minutes, default=None)
    if longest is None or not longest.timed:
        return False, "No week names a time.", {}
    values: Values = {"week": longest.number, "hours": longest.minutes / 60, "budget": budget / 60}
    if longest.minutes > budget + SLACK_MINUTES:
        return False, "Week {week} takes {hours:.3g} h, over the {budget:g} h a week.", values
    return True, "No week takes more than {budget:g} h.", values


def _weeks(reading: PlanReading, requirements: Requirements) -> Outcome:
    wanted = range(1, requirements["weeks"] + 1)
    numbers = {week.number for week in reading.weeks}
    missing, extra = sorted(set(wanted) - numbers), sorted(numbers - set(wanted))
    values: Values = {"weeks": len(wanted), "some": Names(map(str, (missing or extra)[:3]))}
    if missing:
        return False, _some("Week {some:, }", missing, " of {weeks} is missing."), values
    if extra:
        return False, _some("There are {weeks} weeks, but the plan has a week {some:, }", extra, "."), values
    return True, "All {weeks} weeks are there.", values


def _weak_topics(reading: PlanReading, requirements: Requirements) -> Outcome:
    topics = requirements["topics"]
    if not topics:
        return None, "No weak topic is known.", {}
    lines = _planned(reading)
    named = set(first_lines(lines, topics))
    for topic in set(topics) - named:
        # "Add and subtract fractions" names the topic without being one of its names.
        phrases = [phrase for phrase in map(stems, names_of(topic)) if len(phrase) > 1]
        if any(mentions(frozenset(stems(line)), phrases) for line in lines):
            named.add(topic)
    missing = [topic for topic in topics if topic not in named]
    if missing:
        return False, "No week works on {topics:, }.", {"topics": Names(taxonomy.names(missing))}
    return True, "Every weak topic is worked on.", {}


def _prerequisites(reading: PlanReading, requirements: Requirements) -> Outcome:
    pairs = requirements["order"]
    if not pairs:
        return None, "No weak topic needs another one.", {}
    first = first_lines(_planned(reading), requirements["topics"])
    both = [(a, b) for a, b in pairs if a in first and b in first]
    if not both:
        return None, "The plan does not name both of two topics that hang together.", {}
    for earlier, later in both:
        if first[earlier] > first[later]:
            a, b = taxonomy.names((earlier, later))
            return False, "{later} comes before {earlier}, which it needs.", {"earlier": a, "later": b}
    return True, "Each topic comes after what it needs.", {}


def _course(reading: PlanReading, requirements: Requirements) -> Outcome:
    allowed = {*requirements["course_topics"], *requirements["topics"]}
    named: set[str] = set()
    for line in _planned(reading):
        named.update(find(line, strict=True))
    if not named:
        return None, "The plan names no topic.", {}
    outside = sorted(named - allowed)
    if outside:
        return False, "Outside the course: {topics:, }.", {"topics": Names(taxonomy.names(outside))}
    return True, "The topics named belong to the course or lead up to it.", {}


def _days(reading: PlanReading, requirements: Requirements) -> Outcome:
    busy = requirements["busy"]
    named: set[str] = set().union(*(week.days for week in reading.weeks))
    if not busy:
        return None, "The pupil can work on every day.", {}
    if not named:
        return None, "The plan names no days.", {}
    taken = Names(day for day in busy if day in named)
    if taken:
        return False, "Work is set for {days: and }, when the pupil is busy.", {"days": taken}
    return True, "Nothing is set for {days: or }.", {"days": Names(busy)}


def _sessions(reading: PlanReading, requirements: Requirements) -> Outcome:
    limit, longest = requirements["session_minutes"], 0.0
    for week in reading.weeks:
        longest = max([longest, *week.sessions])
    if not limit:
        return None, "The pupil sets no limit to a session.", {}
    if not longest:
        return None, "The plan says of no session how long it is.", {}
    values: Values = {"longest": longest, "limit": limit}
    fits = longest <= limit + SLACK_MINUTES
    return fits, "The longest session has {longest:g} of {limit} minutes.", values


CHECKS: Mapping[str, Callable[[PlanReading, Requirements], Outcome]] = {
    "total_hours": _total_hours, "weekly_hours": _weekly_hours, "weeks": _weeks, "weak_topics": _weak_topics,
    "prerequisites": _prerequisites, "course": _course, "days": _days, "sessions": _sessions,
}  # fmt: skip


def _planned(reading: PlanReading) -> list[str]:
    """What stands inside the weeks, or everything when there are none: a title that lists topics plans nothing."""
    return [unquoted(line.text) for line in reading.lines if line.week or not reading.weeks]


def _some(text: str, numbers: list[int], end: str) -> str:
    if len(numbers) > 3:
        text += " and others"
    return text + end
