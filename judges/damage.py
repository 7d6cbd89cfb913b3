"""Planted damage: what is done to a good plan so that every judge should like it less.

Works on the words of a plan alone. Knows no judge and no exam.
"""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass

_WEEK = re.compile(r"^[\s#*>_|-]{0,12}week\s+(\d{1,2})\b", re.IGNORECASE)
CONSTANT = """Study plan
Goal: get better at mathematics.

Week 1: Look at your notes and find out what is difficult.
- Study for some time every day and do exercises from the book.
Week 2: Practise what is difficult.
- Study for some time every day and do more exercises.
Week 3: Repeat everything.
- Do a test and look at your mistakes. Keep going, you can do it!
"""
PADDING = """

A few more words. Mathematics is everywhere around us, and learning it is a journey that is different for everybody.
Some days will feel easy and some days will feel hard, and both belong to it. It is important to stay positive, to
believe in oneself and to remember that great things take time. Learning is like climbing a mountain: step by step,
with the view getting better all the while. Every expert was once a beginner, and every effort is worth something in
the end. So keep this plan in a good place, look at it with a smile, and be proud of having it.
"""


@dataclass(frozen=True)
class Case:
    """A plan to be damaged: its words, the pupil's name, and what another pupil got."""

    text: str
    name: str
    other_name: str
    other_text: str


@dataclass(frozen=True)
class Damage:
    """`make` gives the damaged plan, None where it can't be done. `strict`: the mark must fall, not only not rise."""

    name: str
    title: str
    make: Callable[[Case], str | None]
    strict: bool = True


def week_removed(case: Case) -> str | None:
    """Without the block of a week in the middle (the last one where there are two)."""
    lines = case.text.splitlines()
    starts = [at for at, line in enumerate(lines) if _WEEK.match(line)]
    if len(starts) < 2:
        return None
    chosen = max(1, (len(starts) - 1) // 2)
    stop = starts[chosen + 1] if chosen + 1 < len(starts) else len(lines)
    return "\n".join([*lines[: starts[chosen]], *lines[stop:]])


def another_name(case: Case) -> str | None:
    changed = re.sub(rf"\b{re.escape(case.name)}\b", case.other_name, case.text)
    return changed if case.name and changed != case.text else None


def twice(case: Case) -> str:
    return f"{case.text.rstrip()}\n\n{case.text}"


def shuffled(case: Case) -> str | None:
    lines = [line for line in case.text.splitlines() if line.strip()]
    if len(lines) < 4:
        return None
    mixed, draw = list(lines), random.Random(len(case.text))
    while mixed == lines:
        draw.shuffle(mixed)
    return "\n".join(mixed)


def another_pupils(case: Case) -> str | None:
    return case.other_text or None


DAMAGES = (
    Damage("week_removed", "A week removed", week_removed),
    Damage("another_name", "Another pupil's name", another_name),
    Damage("another_plan", "Another pupil's plan", another_pupils),
    Damage("same_text_twice", "The same text twice", twice),
    Damage("shuffled_lines", "Lines shuffled", shuffled),
    Damage("empty_plan", "An empty plan", lambda case: ""),
    Damage("constant_plan", "One constant plan for everybody", lambda case: CONSTANT),
    Damage("padding", "Padded with words that say nothing", lambda case: case.text + PADDING, strict=False),
)
