"""Pupils of the test split, and what a plan for them has to keep to."""

from typing import Any

from proctor.tasks.study_plan import docs
from proctor.tasks.study_plan.profile import (
    allowed,
)

TEST = docs("test")


def requirements_of(**changes: Any) -> dict[str, Any]:
    return {
        "weeks": 2,
        "minutes_per_week": 120,
        "minutes_total": 240,
        "session_minutes": 45,
        "busy": ["Wednesday"],
        "topics": ["equivalent-fractions", "adding-fractions"],
        "order": [["equivalent-fractions", "adding-fractions"]],
        "course_topics": sorted(allowed("grade-5")),
    } | changes
