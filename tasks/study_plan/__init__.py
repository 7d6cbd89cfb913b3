"""The study-plan task: write a plan, week by week, for a pupil with weak topics, a goal and little time.

    docs("test")[0]["profile"]
    # 'Pupil: Amina, grade 4\nCourse: Grade 4 maths\nWeak topics: Multiplication facts, Long multiplication\n...'

The task for Inspect is task.py, scores are made in scoring.py, pupils in profile.py, plans by rule in write.py.
"""

from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from proctor.tasks.published import refuse_split

VERSION = "2.0"

# The training items that the overlap check reads; train_chats makes as many more as are wanted.
_TRAIN_ITEMS, _TRAIN_SEED = 500, 1


def docs(split: str) -> list[dict[str, Any]]:
    """The pupils of 'test' (written by hand) or 500 of 'train' (drawn): id, cluster, the fields, `profile` (the text
    that a model reads), `requirements` and `target` (a plan written by rule).
    """
    refuse_split("study_plan", split)
    return deepcopy(_docs(split))


@cache
def _docs(split: str) -> list[dict[str, Any]]:
    from proctor.tasks.study_plan.generate import stream
    from proctor.tasks.study_plan.profile import as_doc, profiles
    from proctor.tasks.study_plan.write import write

    if split == "train":
        return [{**as_doc(pupil), "target": write(pupil)} for pupil in stream(_TRAIN_ITEMS, _TRAIN_SEED)]
    drafts = _drafts()
    return [{**as_doc(pupil), "target": write(pupil, *drafts.get(pupil.id, ()))} for pupil in profiles()]


@cache
def _drafts() -> dict[str, tuple[int, int]]:
    """Seed and words of the targets that are not first drafts."""
    import yaml

    drafts = yaml.safe_load((Path(__file__).parent / "data" / "drafts.yaml").read_text(encoding="utf-8"))
    return {pupil: (draft["seed"], draft["words"]) for pupil, draft in drafts.items()}


def train_chats(n: int, seed: int, prompt: str = "default") -> Iterator[dict[str, Any]]:
    """n training conversations in a prompt pack's wording, no pupil twice."""
    from proctor.tasks.pack import Pack, train_chat
    from proctor.tasks.study_plan.generate import stream
    from proctor.tasks.study_plan.profile import as_doc
    from proctor.tasks.study_plan.write import write

    pack = Pack.load(prompt)
    for pupil in stream(n, seed):
        yield train_chat(pack, "study_plan", as_doc(pupil), write(pupil, seed))
