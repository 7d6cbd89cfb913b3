"""The word problems: an embedded task in GSM8K's form.

docs("test")[0]["question"]
# 'Carlos can pack 17 parcels an hour, and Ruth can pack 28. How many hours do the two need for 630 parcels?'

tools/generate.py made them.
"""

from pathlib import Path

from proctor.tasks.data import Items, read_items

VERSION = "1.4"
DATA = Path(__file__).parent / "data"


def docs(split: str) -> Items:
    """250 of 'test'; of 'train' eight of eight kinds for shots, and 2,000: id, cluster (the family), kind, question,
    answer.
    """
    if split == "test":
        return _read("test.jsonl")
    return _read("shots.jsonl") + train_docs(0)


def train_docs(seed: int) -> Items:
    """In the order in which they were drawn."""
    return _read("train.jsonl.gz")


def _read(file: str) -> Items:
    return [{**problem, "cluster": problem["family"]} for problem in read_items(DATA / file)]
