"""Pupils to train on, drawn from a seed: other names, other goals and other mistakes than in the test.

    python -m proctor.tasks.study_plan.tools.generate

writes data/train.jsonl.gz, and into data/profiles.jsonl the plan of each pupil of the test: what ships, byte for byte.
"""

import gzip
import random
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from proctor.common.files import as_json_lines, write_bytes, write_text
from proctor.common.schema import load_yaml
from proctor.tasks.concepts import taxonomy
from proctor.tasks.data import read_items
from proctor.tasks.study_plan.profile import (
    DATA,
    DAYS,
    LANGUAGE,
    Course,
    Profile,
    courses,
    from_fields,
    profiles,
)
from proctor.tasks.study_plan.tools.write import WORDS, activities, phrases, write

EXAMPLES, SEED = 2000, 11

NAMES = phrases()["names"]


def stream(n: int, seed: int) -> Iterator[Profile]:
    """n profiles, no two alike, none with a test pupil's name or a test pupil's very weak topics and times."""
    rng = random.Random(seed)
    taken = {pupil.name for pupil in profiles()}
    names = [name for name in NAMES if name not in taken]
    tested = {_combination(pupil) for pupil in profiles()}
    seen: set[Profile] = set()
    while len(seen) < n:
        drawn = _draw(rng, names, f"train-{seed}-{len(seen)}")
        if _combination(drawn) not in tested and drawn not in seen:
            seen.add(drawn)
            yield drawn


def _combination(pupil: Profile) -> tuple[object, ...]:
    return (frozenset(pupil.weak_topics), pupil.weeks, pupil.hours_per_week)


def _draw(rng: random.Random, names: list[str], identity: str) -> Profile:
    course = rng.choice(list(courses().values()))
    topics = _topics(rng, course)
    known = activities()
    evidence = [rng.choice(known[topic].mistakes) for topic in topics]
    if len(topics) == 1:
        evidence = rng.sample(known[topics[0]].mistakes, 2)
    busy = tuple(day for day in DAYS if day in rng.sample(DAYS, rng.choice((0, 0, 1, 1, 2))))
    hours = rng.choice((1, 1.5, 2, 2, 2.5, 3, 3, 4, 5))
    # A limit that lets the hours fit into five days at most, or none.
    days = min(5, 7 - len(busy))
    limits = [minutes for minutes in (20, 25, 30, 40, 45, 50, 60) if minutes * days >= hours * 60]
    weeks = rng.randint(max(2, len(topics)), 8)
    topic = taxonomy.names(topics)[0].lower()
    return Profile(
        id=identity,
        name=rng.choice(names),
        grade=rng.choice(course.grades),
        course=course.id,
        weak_topics=topics,
        evidence=tuple(evidence),
        goal=rng.choice(phrases()["pupil_goals"]).format(weeks=weeks, topic=topic),
        weeks=weeks,
        hours_per_week=hours,
        busy=busy,
        session_minutes=rng.choice([None, *limits]),
        notes=tuple(rng.sample(phrases()["pupil_notes"], rng.choice((0, 1, 1, 2)))),
        language_level=rng.choice(tuple(LANGUAGE)),
    )


def _topics(rng: random.Random, course: Course) -> tuple[str, ...]:
    """One to three topics that belong together: of one area, or one needed for the other."""
    known = taxonomy.concepts()
    pool = [topic for topic in course.topics if topic in activities()]
    first = rng.choice(pool)
    near = []
    for topic in pool:
        same_area = known[topic].area == known[first].area
        needed = first in taxonomy.prerequisites(topic) or topic in taxonomy.prerequisites(first)
        if topic != first and (same_area or needed):
            near.append(topic)
    wanted = rng.choice((1, 2, 2, 3))
    chosen = [first, *rng.sample(near, min(wanted - 1, len(near)))]
    rng.shuffle(chosen)
    return tuple(chosen)


def rows_of_test() -> Iterator[dict[str, Any]]:
    """The pupils of the test with their plans. drafts.yaml says whose is not the first draft."""
    drafts = load_yaml(Path(__file__).with_name("drafts.yaml"))
    for row in read_items(DATA / "profiles.jsonl"):
        draft = drafts.get(row["id"], {"seed": 0, "words": WORDS})
        yield {**row, "target": write(from_fields(row), draft["seed"], draft["words"])}


def rows_of_train(n: int = EXAMPLES, seed: int = SEED) -> Iterator[dict[str, Any]]:
    for pupil in stream(n, seed):
        yield {**asdict(pupil), "target": write(pupil, seed)}


if __name__ == "__main__":
    write_text(DATA / "profiles.jsonl", as_json_lines(rows_of_test(), sort_keys=True))
    train = as_json_lines(rows_of_train(), sort_keys=True)
    write_bytes(DATA / "train.jsonl.gz", gzip.compress(train.encode(), mtime=0))
