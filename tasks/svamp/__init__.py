"""SVAMP: 1,000 one-step word problems with names, numbers and questions varied, from `PROCTOR_DATA` or the hub.

docs("test")[0]
# {'id': 'chal-1', 'cluster': 'chal-1', 'kind': 'subtraction', 'question': 'Each pack of dvds costs 76 dollars. If ...',
#  'answer': '( 76.0 - 25.0 ) = 51\n#### 51'}

All 1,000 are asked. It has no training items of its own: shots and training chats are GSM8K's.
"""

from pathlib import Path
from typing import Any

from proctor.common.json_lines import parse_json
from proctor.tasks import gsm8k
from proctor.tasks.data import Items, fetch

VERSION = "1.0"
# `dataset_hash` of the published items: others, or fewer, are not called SVAMP.
PUBLISHED = "61864ef7340d0c4d61f1339ecbdcb83410810a4c36050f3374dfffec39822d26"
FIELDS = ("ID", "Body", "Question", "Type", "Equation", "Answer")
train_docs = gsm8k.train_docs


def docs(split: str) -> Items:
    """The items in their published order: id ('chal-1'), cluster (the same), kind, question, answer."""
    if split == "train":
        return gsm8k.docs("train")
    items = fetch("svamp/SVAMP.json", FIELDS, _read, "ChilleD/SVAMP", ("train", "test"))
    items.sort(key=lambda item: int(item["ID"].removeprefix("chal-")))
    return list(map(_doc, items))


def _doc(item: dict[str, Any]) -> dict[str, Any]:
    body, number = item["Body"].strip(), f"{float(item['Answer']):.12g}"
    if not body.endswith((".", "?", "!")):
        body += "."  # most bodies come without their full stop
    kind = item["Type"].replace("Divison", "Division").rpartition("-")[2].lower()  # one item is misspelt
    return {
        "id": item["ID"],
        "cluster": item["ID"],
        "kind": kind,
        "question": f"{body} {item['Question'].strip()}",
        "answer": f"{item['Equation']} = {number}\n#### {number}",
    }


def _read(path: Path) -> Items:
    items: Items = parse_json(path.read_text(encoding="utf-8"))
    return items
