"""A pupil of the study-plan task: the fields, the text that a model reads, and what a plan must keep to.

render(profiles()[0])    # 'Pupil: Amina, grade 4\nCourse: Grade 4 maths\nWeak topics: ...'
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from proctor.common.refusal import Refusal
from proctor.tasks.concepts import taxonomy
from proctor.tasks.data import read_items

DATA = Path(__file__).parent / "data"
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
LANGUAGE = {
    "simple": "short, simple sentences",
    "standard": "plain, as usual for the age",
    "confident": "subject words are fine",
}


@dataclass(frozen=True)
class Mistake:
    """What the pupil wrote, what went wrong in it, and the weak topic that it shows."""

    work: str
    why: str
    topic: str = ""


@dataclass(frozen=True)
class Course:
    id: str
    name: str
    grades: tuple[int, ...]
    topics: tuple[str, ...]


@dataclass(frozen=True)
class Profile:
    """`weak_topics` are ids of the taxonomy. `busy` are days on which nothing can be done. `session_minutes` is the
    longest session, None when there is no limit. `notes` say what else matters, each as what the pupil does: 'has only
    a phone'.
    """

    id: str
    name: str
    grade: int
    course: str
    weak_topics: tuple[str, ...]
    evidence: tuple[Mistake, ...]
    goal: str
    weeks: int
    hours_per_week: int | float
    busy: tuple[str, ...] = ()
    session_minutes: int | None = None
    notes: tuple[str, ...] = ()
    language_level: str = "standard"

    def __post_init__(self) -> None:
        wrong = sorted(set(self.busy) - set(DAYS))
        if self.language_level not in LANGUAGE:
            wrong.append(self.language_level)
        if not 2 <= self.weeks <= 8:
            wrong.append(f"{self.weeks} weeks")
        if wrong:
            raise Refusal(
                f"profile {self.id}: {wrong[0]}; days, language level or weeks are not among those known"
            )
        for topic in self.weak_topics:
            if topic not in taxonomy.concepts():
                raise Refusal(
                    f"profile {self.id}: no concept {topic!r}; use an id of the taxonomy ({taxonomy.PATH})"
                )


def render(profile: Profile) -> str:
    """The profile as a model reads it: one fact a line, under 120 words."""
    mistakes = "; ".join(f"{mistake.work} ({mistake.why})" for mistake in profile.evidence)
    time = f"{profile.weeks} weeks, {hours_a_week(profile)}"
    if profile.session_minutes:
        time += f", at most {profile.session_minutes} minutes a session"
    lines = [
        f"Pupil: {profile.name}, grade {profile.grade}",
        f"Course: {courses()[profile.course].name}",
        f"Weak topics: {', '.join(taxonomy.names(profile.weak_topics))}",
        f"Mistakes: {mistakes}",
        f"Goal: {profile.goal}",
        f"Time: {time}",
    ]
    if profile.busy:
        lines.append(f"Not on: {', '.join(profile.busy)}")
    if profile.notes:
        lines.append(f"Note: {profile.name} {'; '.join(profile.notes)}")
    lines.append(f"Language: {LANGUAGE[profile.language_level]}")
    return "\n".join(lines)


def requirements(profile: Profile) -> dict[str, Any]:
    """What a plan for this pupil can be checked against by rules, as plain values."""
    return {
        "weeks": profile.weeks,
        "minutes_per_week": round(profile.hours_per_week * 60),
        "minutes_total": round(profile.hours_per_week * 60) * profile.weeks,
        "session_minutes": profile.session_minutes,
        "busy": list(profile.busy),
        "topics": list(profile.weak_topics),
        "order": list(map(list, ordered_pairs(profile.weak_topics))),
        "course_topics": sorted(allowed(profile.course)),
    }


def ordered_pairs(topics: tuple[str, ...]) -> list[tuple[str, str]]:
    """(earlier, later) for every two topics of which one must be known before the other."""
    pairs = []
    for earlier, later in product(topics, repeat=2):
        if earlier in taxonomy.prerequisites(later):
            pairs.append((earlier, later))
    return pairs


@cache
def allowed(course: str) -> frozenset[str]:
    """The topics of a course and all that is needed for them: revising an earlier topic is not leaving the course."""
    topics = frozenset(courses()[course].topics)
    return topics.union(*map(taxonomy.prerequisites, topics))


def hours_a_week(profile: Profile) -> str:
    if profile.hours_per_week == 1:
        return "1 hour a week"
    return f"{profile.hours_per_week:g} hours a week"


def as_doc(profile: Profile) -> dict[str, Any]:
    """The item of the task: the fields, the text and the requirements. `cluster` is the pupil."""
    fields: dict[str, Any] = json.loads(json.dumps(asdict(profile)))
    return {
        **fields,
        "cluster": profile.id,
        "profile": render(profile),
        "requirements": requirements(profile),
    }


def from_fields(fields: Mapping[str, Any]) -> Profile:
    """A profile from an item or a line of data; fields that are derived are left aside."""
    return _PROFILE.validate_python(fields)


_PROFILE = TypeAdapter(Profile)


@cache
def profiles() -> tuple[Profile, ...]:
    """The pupils of the test, in file order."""
    return tuple(map(from_fields, read_items(DATA / "profiles.jsonl")))


@cache
def courses() -> dict[str, Course]:
    every = TypeAdapter(list[Course]).validate_python(read_items(DATA / "courses.jsonl"))
    return {course.id: course for course in every}
