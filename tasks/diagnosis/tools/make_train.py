"""Writes data/train.jsonl.gz, the pupils that models learn from: what ships, byte for byte.

python -m proctor.tasks.diagnosis.tools.make_train
"""

import gzip
import random
from collections.abc import Iterator, Mapping
from typing import Any

from proctor.common.files import as_json_lines, write_bytes
from proctor.tasks.concepts import taxonomy
from proctor.tasks.diagnosis import DATA, GRADES, profile
from proctor.tasks.diagnosis.tools.errors import Pupil, draw_set
from proctor.tasks.study_plan.profile import LANGUAGE
from proctor.tasks.study_plan.tools.generate import NAMES
from proctor.tasks.study_plan.tools.write import write

EXAMPLES, SEED = 2000, 11
GOALS = ("pass the next class test", "finish homework without help", "show full working in every answer")


def stream(n: int = EXAMPLES, seed: int = SEED) -> Iterator[dict[str, Any]]:
    """n pupils of the training set: other names, other goals and fewer kinds of error than in the test."""
    rng = random.Random(seed)
    for number in range(n):
        pupil = Pupil(rng.choice(NAMES), rng.choice(GRADES), rng.choice((1, 1, 2, 2, 3)))
        fields = {
            "id": f"train-{seed}-{number}",
            "name": pupil.name,
            "grade": pupil.grade,
            "goal": rng.choice(GOALS),
            "weeks": rng.randint(pupil.weaknesses + 1, 6),
            "hours_per_week": rng.choice((1, 1.5, 2, 3)),
            "language_level": rng.choice(tuple(LANGUAGE)),
            **draw_set(rng, pupil),
        }
        yield with_target(fields)


def with_target(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The pupil with a response that gets full scores."""
    pupil, answers = profile(fields), []
    for number, item in enumerate(fields["items"], 1):
        answers.append(f"{number}. {item['right']} | {taxonomy.names([item['topic']])[0]}")
    lines = "\n".join(answers)
    topics = ", ".join(taxonomy.names(pupil.weak_topics))
    target = f"Answers:\n{lines}\n\nWeak topics: {topics}\n\nPlan:\n{write(pupil)}"
    return {**fields, "target": target}


if __name__ == "__main__":
    text = as_json_lines(stream(), sort_keys=True)
    write_bytes(DATA / "train.jsonl.gz", gzip.compress(text.encode(), mtime=0))
