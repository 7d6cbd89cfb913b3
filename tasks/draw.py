"""Which items a suite's `limit` asks: drawn by one fixed seed and spread over clusters, the same on every machine.

draw(docs, 24, ("cluster", "grade"))    # of 64 study-plan profiles: two or three of each grade
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from proctor.tasks import Task, dataset_hash

SEED = 0
Doc = dict[str, Any]


@dataclass(frozen=True)
class TaskItems:
    """The items of a task, and those that are asked."""

    task: Task
    every: list[Doc]
    limit: int | None

    def drawn(self, limit: int | None) -> list[Doc]:
        return draw(self.every, limit, ("cluster", *self.task.kinds))

    @cached_property
    def asked(self) -> list[Doc]:
        return self.drawn(self.limit)

    @cached_property
    def definition(self) -> dict[str, Any]:
        """What a cell's definition says of its items."""
        asked = {"dataset": dataset_hash(self.asked), "items": len(self.asked)}
        if len(self.asked) == len(self.every):
            return asked
        return asked | {"draw": {"of": len(self.every), "seed": SEED}}


def draw(docs: Sequence[Doc], limit: int | None, fields: Sequence[str]) -> list[Doc]:
    """The first `limit` items of one order, as they stand in the data. So a larger limit contains a smaller one.

    Ids are shuffled by their hash with the seed, so the data's own order decides nothing. Then each value of the first
    field has one item before any has two, and all go on in proportion to their sizes; what ties in that is spread by
    the next field.
    """
    shuffled = sorted(docs, key=lambda doc: hashlib.sha256(f"{SEED}/{doc['id']}".encode()).hexdigest())
    drawn = {doc["id"] for doc in _spread(shuffled, fields)[:limit]}
    return [doc for doc in docs if doc["id"] in drawn]


def _spread(docs: list[Doc], fields: Sequence[str]) -> list[Doc]:
    if not fields:
        return docs
    sizes = Counter(str(doc[fields[0]]) for doc in docs)
    seen: Counter[str] = Counter()
    ties: dict[float, list[Doc]] = {}
    for doc in docs:
        value = str(doc[fields[0]])
        ties.setdefault(seen[value] / sizes[value], []).append(doc)
        seen[value] += 1
    spread: list[Doc] = []
    for share in sorted(ties):
        spread += _spread(ties[share], fields[1:])
    return spread
