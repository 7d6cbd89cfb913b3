"""The diagnosis task: a pupil's wrong answers -> the right ones, the topics that are weak, and a plan for them.

    docs("test")[0]["work"]
    # 'Pupil: Adil, grade 3\nTime: 4 weeks, 2 hours a week\nGoal: ...\n\n1. 403 - 168\n   Working: 8 - 3 = 5, ...'

Pupils are made in errors.py, responses read in reading.py and scored in task.py.
"""

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from proctor.tasks.concepts import taxonomy
from proctor.tasks.diagnosis.errors import DATA, Pupil, draw_set
from proctor.tasks.published import refuse_split
from proctor.tasks.study_plan.generate import NAMES
from proctor.tasks.study_plan.profile import LANGUAGE, Mistake, Profile, hours_a_week, requirements
from proctor.tasks.study_plan.write import write

VERSION = "1.0"
GRADES = range(3, 10)

# The training items that the overlap check reads; train_chats makes as many more as are wanted.
_TRAIN_ITEMS, _TRAIN_SEED = 300, 1
_COURSES = {3: "grade-4", 9: "gcse"}  # the nearest course of the study plans; grades between have their own
_GOALS = ("pass the next class test", "finish homework without help", "show full working in every answer")


def docs(split: str) -> list[dict[str, Any]]:
    """The error sets of 'test' or 300 of 'train' (drawn), as `as_doc` makes them."""
    refuse_split("diagnosis", split)
    if split == "train":
        return [as_doc(fields) for fields in stream(_TRAIN_ITEMS, _TRAIN_SEED)]
    return [as_doc(fields) for fields in _test()]


def train_chats(n: int, seed: int, prompt: str = "default") -> Iterator[dict[str, Any]]:
    """n training conversations in a prompt pack's wording."""
    from proctor.tasks.pack import Pack, train_chat

    pack = Pack.load(prompt)
    for fields in stream(n, seed):
        doc = as_doc(fields)
        yield train_chat(pack, "diagnosis", doc, doc["target"])


def stream(n: int, seed: int) -> Iterator[dict[str, Any]]:
    """n pupils of the training set: other names, other goals and fewer kinds of error than in the test."""
    rng = random.Random(seed)
    for number in range(n):
        pupil = Pupil(rng.choice(NAMES), rng.choice(GRADES), rng.choice((1, 1, 2, 2, 3)))
        yield {
            "id": f"train-{seed}-{number}",
            "name": pupil.name,
            "grade": pupil.grade,
            "goal": rng.choice(_GOALS),
            "weeks": rng.randint(pupil.weaknesses + 1, 6),
            "hours_per_week": rng.choice((1, 1.5, 2, 3)),
            "language_level": rng.choice(tuple(LANGUAGE)),
            **draw_set(rng, pupil, train=True),
        }


def as_doc(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The item of the task: the fields, `work` (the text that a model reads), and what the checklist wants to know of
    the pupil (see tasks/study_plan). `cluster` is the pupil; `target` a response that gets full scores.
    """
    pupil = profile(fields)
    return {
        **fields,
        "cluster": fields["id"],
        "weaknesses": len(fields["weak_topics"]),
        "work": render(pupil, fields["items"]),
        "evidence": [vars(mistake) for mistake in pupil.evidence],
        "notes": [],
        "profile": "",
        "requirements": requirements(pupil),
        "target": _target(pupil, fields["items"]),
    }


def profile(fields: Mapping[str, Any]) -> Profile:
    """The pupil as the study plans know one; the mistakes are those that show a weak topic."""
    return Profile(
        id=fields["id"],
        name=fields["name"],
        grade=fields["grade"],
        course=_COURSES.get(fields["grade"], f"grade-{fields['grade']}"),
        weak_topics=tuple(fields["weak_topics"]),
        evidence=tuple(
            Mistake(item["working"], item["why"], item["topic"])
            for item in fields["items"]
            if not item["slip"]
        ),
        goal=fields["goal"],
        weeks=fields["weeks"],
        hours_per_week=fields["hours_per_week"],
        language_level=fields["language_level"],
    )


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


def _target(pupil: Profile, items: list[Mapping[str, Any]]) -> str:
    lines = []
    for number, item in enumerate(items, 1):
        lines.append(f"{number}. {item['right']} | {taxonomy.names([item['topic']])[0]}")
    answers = "\n".join(lines)
    topics = ", ".join(taxonomy.names(pupil.weak_topics))
    return f"Answers:\n{answers}\n\nWeak topics: {topics}\n\nPlan:\n{write(pupil)}"


@cache
def _test() -> tuple[dict[str, Any], ...]:
    with (DATA / "test.jsonl").open(encoding="utf-8") as lines:
        return tuple(json.loads(line) for line in lines)
