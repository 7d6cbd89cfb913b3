"""The word problems: an embedded task in GSM8K's form.

docs("test")[0]["question"]
# 'Carlos can pack 17 parcels an hour, and Ruth can pack 28. How many hours do the two need for 630 parcels?'
"""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from proctor.tasks.published import refuse_split

VERSION = "1.4"

_TEST = Path(__file__).parent / "data" / "test.jsonl"
# The training items that few-shot examples and the overlap check read; train_chats makes as many more as are wanted.
_TRAIN_ITEMS, _TRAIN_SEED = 1000, 52  # its first eight are of eight kinds: good shots


def docs(split: str) -> list[dict[str, Any]]:
    """The frozen 250 of 'test', or a fixed 1,000 of 'train': id, cluster (the family), kind, question, answer."""
    refuse_split("word_problems", split)
    if split == "train":
        problems = _train_items()
    else:
        with _TEST.open(encoding="utf-8") as lines:
            problems = [json.loads(line) for line in lines]
    return [{**problem, "cluster": problem["family"]} for problem in problems]


@cache
def _train_items() -> list[dict[str, Any]]:
    from proctor.tasks.word_problems.generate import make

    return make("train", _TRAIN_ITEMS, _TRAIN_SEED)


def train_chats(n: int, seed: int, prompt: str = "default") -> Iterator[dict[str, Any]]:
    """n training conversations in a prompt pack's wording, no question twice."""
    from proctor.tasks.pack import Pack, train_chat
    from proctor.tasks.word_problems.generate import stream

    pack = Pack.load(prompt)
    for problem in stream("train", n, seed):
        yield train_chat(pack, "word_problems", problem, problem["answer"])
