"""GSM8K: 1,319 test and 7,473 training items, from `PROCTOR_DATA` or the hub.

docs("test")[0]
# {'id': 'test-0001', 'cluster': 'test-0001', 'question': "Janet’s ducks lay 16 eggs per day. ...", 'answer': '...'}
"""

import json
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from proctor.common.refusal import Refusal

VERSION = "1.4"
# `dataset_hash` of the published test split: other items, or fewer, are not called GSM8K.
PUBLISHED = "0e5194ae66f1eb58e02bc3cb771a4ecc53d73e3528e10895ab3635fa7f582530"

_SPLITS = ("train", "test")


def docs(split: str) -> list[dict[str, Any]]:
    """The items in their published order: id ('test-0001'), cluster (the same), question, answer."""
    if split not in _SPLITS:
        raise Refusal(f"no split called {split!r}; gsm8k has 'train' and 'test' (tasks/gsm8k)")
    folder = os.environ.get("PROCTOR_DATA")
    items = _from_folder(Path(folder) / "gsm8k", split) if folder else _from_hub(split)
    numbered = []
    for number, item in enumerate(items, 1):
        name = f"{split}-{number:04d}"
        numbered.append({"id": name, "cluster": name, "question": item["question"], "answer": item["answer"]})
    return numbered


def train_chats(n: int, seed: int, prompt: str = "default") -> Iterator[dict[str, Any]]:
    """n items of the training split in a prompt pack's wording, in an order drawn by the seed."""
    from proctor.tasks.pack import Pack, train_chat

    pack = Pack.load(prompt)
    items = docs("train")
    random.Random(f"gsm8k/{seed}").shuffle(items)
    for item in items[:n]:
        yield train_chat(pack, "gsm8k", item, item["answer"])


def _from_folder(folder: Path, split: str) -> list[dict[str, str]]:
    path = folder / f"{split}.jsonl"
    if not path.is_file():
        raise Refusal(f"PROCTOR_DATA has no gsm8k/{split}.jsonl; put it there or unset PROCTOR_DATA ({path})")
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def _from_hub(split: str) -> list[dict[str, str]]:
    import datasets

    try:
        return list(datasets.load_dataset("openai/gsm8k", "main", split=split))
    except Exception as failure:  # the hub's client raises a dozen kinds for 'not here and no network'
        raise Refusal(
            f"GSM8K is not here ({type(failure).__name__}); set PROCTOR_DATA to a folder with "
            "gsm8k/train.jsonl and gsm8k/test.jsonl, or let `datasets` fetch openai/gsm8k once (tasks/gsm8k)"
        ) from None
