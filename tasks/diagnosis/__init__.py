"""The diagnosis task: a pupil's wrong answers -> the right ones, the topics that are weak, and a plan for them.

    docs("test")[0]["work"]
    # 'Pupil: Adil, grade 3\nTime: 4 weeks, 2 hours a week\nGoal: ...\n\n1. 403 - 168\n   Working: 8 - 3 = 5, ...'

Responses are read in reading.py and scored in task.py; tools/ made the pupils and their errors.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from proctor.tasks.data import Items, read_items
from proctor.tasks.study_plan.profile import (
    LANGUAGE,
    Mistake,
    Profile,
    from_fields,
    hours_a_week,
    requirements,
)

VERSION = "1.0"
MAX_TOKENS = 768  # eight answers, three topics and a plan of some 200 words with working in it
DATA = Path(__file__).parent / "data"
GRADES = range(3, 10)
FILES = {"test": "test.jsonl", "train": "train.jsonl.gz"}
_COURSES = {3: "grade-4", 9: "gcse"}  # the nearest course of the study plans; grades between have their own


def docs(split: str) -> Items:
    """The 60 error sets of 'test' or 2,000 of 'train', as `as_doc` makes them."""
    return list(map(as_doc, read_items(DATA / FILES[split])))


def train_docs(seed: int) -> Items:
    """In the order in which they were drawn."""
    return docs("train")


def as_doc(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The item of the task: the fields, `work` (the text that a model reads), and what the checklist wants to know of
    the pupil (see tasks/study_plan). `cluster` is the pupil; `target`, a field too, a response that gets full scores.
    """
    pupil = profile(fields)
    return {
        **fields,
        "cluster": fields["id"],
        "weaknesses": len(fields["weak_topics"]),
        "work": render(pupil, fields["items"]),
        "evidence": list(map(vars, pupil.evidence)),
        "notes": [],
        "profile": "",
        "requirements": requirements(pupil),
    }


def profile(fields: Mapping[str, Any]) -> Profile:
    """The pupil as the study plans know one; the mistakes are those that show a weak topic."""
    mistakes = []
    for item in fields["items"]:
        if not item["slip"]:
            mistakes.append(Mistake(item["working"], item["why"], item["topic"]))
    course = _COURSES.get(fields["grade"], f"grade-{fields['grade']}")
    return from_fields({**fields, "course": course, "evidence": mistakes})


def render(pupil: Profile, items: Sequence[Mapping[str, Any]]) -> str:
    """The pupil's work as a model reads it; what is wrong in it is not said."""
    lines = [
        f"Pupil: {pupil.name}, grade {pupil.grade}",
        f"Time: {pupil.weeks} weeks, {hours_a_week(pupil)}",
        f"Goal: {pupil.goal}",
        f"Language: {LANGUAGE[pupil.language_level]}",
        "",
    ]
    for number, item in enumerate(items, 1):
        lines += [
            f"{number}. {item['problem']}",
            f"   Working: {item['working']}",
            f"   Answer: {item['answer']}",
        ]
    return "\n".join(lines)
