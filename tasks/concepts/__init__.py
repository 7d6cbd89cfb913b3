"""The concepts task: name the school-mathematics concepts that a text is about.

    docs("test")[0]
    # {'text': '8 + 4 = [ 12 ] + 5\nTariq fills in 12. "Eight and four is twelve." And the 5? ...',
    #  'concepts': ['equals-sign'], 'answer': '["Meaning of the equals sign"]', ...}

Scores are made in task.py, responses read in reading.py; the concepts themselves stand in taxonomy.py.
"""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from proctor.common.refusal import Refusal
from proctor.tasks.concepts.taxonomy import names

VERSION = "1.0"
KINDS = ("textbook_passage", "worked_solution", "pupil_question", "pupil_error")
DATA = Path(__file__).parent / "data"


def docs(split: str) -> list[dict[str, Any]]:
    """The documents of 'train' or 'test', in file order.

    Fields: id, source, cluster (= source), kind, band, text, concepts (ids), answer (JSON list of names).
    """
    if split not in ("train", "test"):
        raise Refusal(f"no split {split!r} in the concepts task; there are train and test ({DATA})")
    return [dict(doc, concepts=list(doc["concepts"])) for doc in _read(split)]


def train_chats(n: int, seed: int, prompt: str = "default") -> Iterator[dict[str, Any]]:
    """Up to n training examples in a prompt pack's wording, shuffled by seed; no document twice."""
    from proctor.tasks.pack import shuffled_chats

    return shuffled_chats("concepts", docs("train"), n, seed, prompt)


@cache
def _read(split: str) -> tuple[dict[str, Any], ...]:
    path = DATA / f"{split}.jsonl"
    documents = []
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            fields = json.loads(line)
            answer = json.dumps(names(fields["concepts"]), ensure_ascii=False)
            documents.append({**fields, "cluster": fields["source"], "answer": answer})
    return tuple(documents)
