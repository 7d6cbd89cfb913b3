"""The concepts exam: name the school-mathematics concepts that a text is about.

Hands out the gold documents as plain dicts. Knows the files in data/ and the taxonomy; no framework, and
no prompt wording at import. Marking is in task.py, reading an answer in reading.py, the concepts
themselves in taxonomy.py.
"""

import json
import random
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
        raise Refusal(f"no split {split!r} in the concepts exam; there are train and test ({DATA})")
    return [dict(doc, concepts=list(doc["concepts"])) for doc in _read(split)]


def train_chats(n: int, seed: int, prompt: str = "default") -> Iterator[dict[str, Any]]:
    """Up to n training examples in a prompt pack's wording, shuffled by seed; no document twice."""
    from proctor.tasks.pack import Pack, render

    pack = Pack.load(prompt)
    chosen = docs("train")
    random.Random(seed).shuffle(chosen)
    for doc in chosen[: max(n, 0)]:
        system, user = render(pack, "concepts", doc)
        turns = [{"role": "system", "content": system}] if system else []
        yield {
            "prompt": [*turns, {"role": "user", "content": user}],
            "completion": [{"role": "assistant", "content": doc["answer"]}],
        }


@cache
def _read(split: str) -> tuple[dict[str, Any], ...]:
    path = DATA / f"{split}.jsonl"
    found = []
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            raw = json.loads(line)
            answer = json.dumps(names(raw["concepts"]), ensure_ascii=False)
            found.append({**raw, "cluster": raw["source"], "answer": answer})
    return tuple(found)
