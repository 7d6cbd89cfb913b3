"""MGSM, English: the 250 items of GSM8K's test that MGSM has people translate, from `PROCTOR_DATA` or the hub.

docs("test")[0]
# {'id': 'en-001', 'cluster': 'test-0001', 'question': "Janet’s ducks lay 16 eggs per day. ...", 'answer': '#### 18'}

A row's cluster is its item of GSM8K, which is the same in every language. It has no training items of its own: shots
and training chats are GSM8K's.
"""

from pathlib import Path

from proctor.tasks import gsm8k
from proctor.tasks.data import Items, fetch

VERSION = "1.0"
# `dataset_hash` of the published items: others, or fewer, are not called MGSM.
PUBLISHED = "cc7725bec30d99a4e5c18ecf0b252aa701a37168d61e960dcaba1e6a75c00a72"
train_docs = gsm8k.train_docs


def docs(split: str, language: str = "en") -> Items:
    """The items in their published order: id ('en-001'), cluster (the item of GSM8K's test), question, answer."""
    if split == "train":
        return gsm8k.docs("train")
    fields = ("question", "answer_number")
    items = fetch(f"mgsm/mgsm_{language}.tsv", fields, _read, "juletxara/mgsm", ("test",), language)
    numbered = []
    for number, item in enumerate(items, 1):
        about = {"id": f"{language}-{number:03d}", "cluster": f"test-{number:04d}"}
        numbered.append(about | {"question": item["question"], "answer": f"#### {item['answer_number']}"})
    return numbered


def _read(path: Path) -> Items:
    """Two columns without a head or quotation marks; in some answers thousands have commas."""
    items = []
    for line in path.read_text(encoding="utf-8").split("\n"):
        if line.strip():
            question, answer = line.split("\t")
            items.append({"question": question.strip(), "answer_number": int(answer.replace(",", ""))})
    return items
