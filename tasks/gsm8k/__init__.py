"""GSM8K: 1,319 test and 7,473 training items, from `PROCTOR_DATA` or the hub.

docs("test")[0]
# {'id': 'test-0001', 'cluster': 'test-0001', 'question': "Janet’s ducks lay 16 eggs per day. ...", 'answer': '...'}
"""

from proctor.tasks.data import Items, fetch, read_items, shuffled

VERSION = "1.4"
# `dataset_hash` of the published test split: other items, or fewer, are not called GSM8K.
PUBLISHED = "0e5194ae66f1eb58e02bc3cb771a4ecc53d73e3528e10895ab3635fa7f582530"


def docs(split: str) -> Items:
    """The items in their published order: id ('test-0001'), cluster (the same), question, answer."""
    fields = ("question", "answer")
    items = fetch(f"gsm8k/{split}.jsonl", fields, read_items, "openai/gsm8k", (split,), "main")
    numbered = []
    for number, item in enumerate(items, 1):
        name = f"{split}-{number:04d}"
        numbered.append({"id": name, "cluster": name, "question": item["question"], "answer": item["answer"]})
    return numbered


def train_docs(seed: int) -> Items:
    return shuffled(docs("train"), f"gsm8k/{seed}")
