"""The study-plan exam: write a plan, week by week, for a pupil with weak topics, a goal and little time.

Hands out the pupils as plain dicts. Knows its data; no framework at import, no marks. The exam itself is
task.py.
"""

from collections.abc import Iterator
from typing import Any

VERSION = "1.0"

# The training items that the overlap check reads; train_chats makes as many more as are wanted.
_TRAIN_ITEMS, _TRAIN_SEED = 500, 1


def docs(split: str) -> list[dict[str, Any]]:
    """The pupils of 'test' (written by hand) or 500 of 'train' (drawn): id, cluster, the fields, `profile`
    (the text that a model reads), `requirements` and `target` (a plan written by rule).
    """
    from tasks.study_plan.generate import stream
    from tasks.study_plan.profile import as_doc, profiles
    from tasks.study_plan.write import write

    if split not in ("train", "test"):
        raise ValueError(f"no split called {split!r}; study_plan has 'train' and 'test' (tasks/study_plan)")
    pupils = profiles() if split == "test" else tuple(stream(_TRAIN_ITEMS, _TRAIN_SEED))
    return [{**as_doc(pupil), "target": write(pupil)} for pupil in pupils]


def train_chats(n: int, seed: int) -> Iterator[dict[str, Any]]:
    """n training conversations in the wording of the default prompt pack, no pupil twice."""
    from tasks.pack import Pack, render
    from tasks.study_plan.generate import stream
    from tasks.study_plan.profile import as_doc
    from tasks.study_plan.write import write

    pack = Pack.load("default")
    for pupil in stream(n, seed):
        system, user = render(pack, "study_plan", as_doc(pupil))
        turns = [{"role": "system", "content": system}] if system else []
        yield {
            "prompt": [*turns, {"role": "user", "content": user}],
            "completion": [{"role": "assistant", "content": write(pupil, seed)}],
        }
