"""SVAMP: 1,000 one-step word problems with names, numbers and questions varied, from `PROCTOR_DATA` or the hub.

docs("test")[0]
# {'id': 'chal-1', 'cluster': 'chal-1', 'kind': 'subtraction', 'question': 'Each pack of dvds costs 76 dollars. If ...',
#  'answer': '( 76.0 - 25.0 ) = 51\n#### 51'}

All 1,000 are asked. It has no training items of its own: shots and training chats are GSM8K's.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from proctor.tasks import gsm8k
from proctor.tasks.published import fetch, refuse_split

VERSION = "1.0"
# `dataset_hash` of the published items: others, or fewer, are not called SVAMP.
PUBLISHED = "61864ef7340d0c4d61f1339ecbdcb83410810a4c36050f3374dfffec39822d26"


def docs(split: str) -> list[dict[str, Any]]:
    """The items in their published order: id ('chal-1'), cluster (the same), kind, question, answer."""
    refuse_split("svamp", split)
    if split == "train":
        return gsm8k.docs("train")
    items = fetch("svamp/SVAMP.json", _read, "ChilleD/SVAMP", ("train", "test"))
    return [_doc(item) for item in sorted(items, key=lambda item: int(item["ID"].removeprefix("chal-")))]


def train_chats(n: int, seed: int, prompt: str = "default") -> Iterator[dict[str, Any]]:
    """n items of GSM8K's training split in a prompt pack's wording of this task."""
    from proctor.tasks.pack import shuffled_chats

    return shuffled_chats("svamp", docs("train"), n, f"gsm8k/{seed}", prompt)


def _doc(item: dict[str, Any]) -> dict[str, Any]:
    body, number = item["Body"].strip(), f"{float(item['Answer']):.12g}"
    body += "" if body.endswith((".", "?", "!")) else "."  # most bodies come without their full stop
    kind = item["Type"].replace("Divison", "Division").rpartition("-")[2].lower()  # one item is misspelt
    return {
        "id": item["ID"],
        "cluster": item["ID"],
        "kind": kind,
        "question": f"{body} {item['Question'].strip()}",
        "answer": f"{item['Equation']} = {number}\n#### {number}",
    }


def _read(path: Path) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return items
