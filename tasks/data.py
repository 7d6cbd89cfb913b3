"""Items of tasks in files: those that ship, and published ones, from `PROCTOR_DATA` or else from the hub.

read_items(Path("tasks/word_problems/data/test.jsonl"))[0]["question"]
fetch("gsm8k/test.jsonl", ("question", "answer"), read_items, "openai/gsm8k", ("test",), "main")
"""

import gzip
import json
import os
import random
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from proctor.common.refusal import Refusal

Items = list[dict[str, Any]]


def read_items(path: Path) -> Items:
    """The objects of a file of JSON lines, packed (.gz) or not."""
    content = path.read_bytes()
    if path.suffix == ".gz":
        content = gzip.decompress(content)
    return [json.loads(line) for line in content.splitlines() if line.strip()]


def shuffled(items: Items, seed: int | str) -> Items:
    """In an order drawn by the seed, so that the first n are among the first m."""
    order = list(items)
    random.Random(seed).shuffle(order)
    return order


def fetch(
    file: str, fields: Sequence[str], read: Callable[[Path], Items], hub: str, splits: Sequence[str],
    config: str | None = None,
) -> Items:  # fmt: skip
    """The items of a file under `PROCTOR_DATA`, each of which must have the `fields`; without that variable, of the
    hub's splits one after the other.
    """
    folder = os.environ.get("PROCTOR_DATA")
    if not folder:
        remedy = f"set PROCTOR_DATA to a folder with {file}, or let `datasets` fetch {hub} once"
        return list(chain.from_iterable(from_hub(hub, split, config, remedy) for split in splits))
    path = Path(folder) / file
    if not path.is_file():
        raise Refusal(f"PROCTOR_DATA has no {file}", "", "put it there or unset PROCTOR_DATA", path)
    try:
        items = read(path)
        for item in items:
            for name in fields:
                item[name]  # a KeyError where it is missing
        return items
    except (ValueError, KeyError, TypeError) as broken:
        broken_how = f"{file} is not what is published ({type(broken).__name__}: {broken})"
        raise Refusal(broken_how, remedy="fetch it again", where=path) from None


def from_hub(hub: str, split: str, config: str | None, remedy: str) -> Items:
    """The rows of a data set of the hub, in its client's cache or fetched."""
    import datasets

    try:
        return list(datasets.load_dataset(hub, config, split=split))
    except Exception as failed:  # the hub's client raises a dozen kinds for 'not here and no network'
        why = (str(failed).strip().splitlines() or [""])[0][:200]
        raise Refusal(f"{hub} is not here ({type(failed).__name__})", why, remedy) from None
