"""GSM8K: 1,319 test and 7,473 training items, from `PROCTOR_DATA` or the hub.

docs("test")[0]
# {'id': 'test-0001', 'cluster': 'test-0001', 'question': "Janet’s ducks lay 16 eggs per day. ...", 'answer': '...'}
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from proctor.tasks.published import fetch, refuse_split

VERSION = "1.4"
# `dataset_hash` of the published test split: other items, or fewer, are not called GSM8K.
PUBLISHED = "0e5194ae66f1eb58e02bc3cb771a4ecc53d73e3528e10895ab3635fa7f582530"


def docs(split: str) -> list[dict[str, Any]]:
    """The items in their published order: id ('test-0001'), cluster (the same), question, answer."""
    refuse_split("gsm8k", split)
    items = fetch(f"gsm8k/{split}.jsonl", _read, "openai/gsm8k", (split,), "main")
    numbered = []
    for number, item in enumerate(items, 1):
        name = f"{split}-{number:04d}"
        numbered.append({"id": name, "cluster": name, "question": item["question"], "answer": item["answer"]})
    return numbered


def train_chats(n: int, seed: int, prompt: str = "default") -> Iterator[dict[str, Any]]:
    """n items of the training split in a prompt pack's wording, in an order drawn by the seed."""
    from proctor.tasks.pack import shuffled_chats

    return shuffled_chats("gsm8k", docs("train"), n, f"gsm8k/{seed}", prompt)


def _read(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]
