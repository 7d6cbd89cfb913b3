"""Test items that stand in training data: shared runs of n words.

overlap(["Mia has 3 apples and buys 4 more."], ["Today Mia has 3 apples and buys 4 pears."], [6])
# [Overlap(n=6, items=1, hits=1, short=0, whole=0)]
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

SIZES = (8, 10, 13)

_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Overlap:
    """Of `items` test items, `hits` share a run of n words with the training set; `short` have fewer than n words.
    `whole`, the same for every n, stand in a training text word for word.
    """

    n: int
    items: int
    hits: int
    short: int
    whole: int

    @property
    def share(self) -> float:
        return self.hits / self.items if self.items else 0.0


def overlap(test: Iterable[str], train: Iterable[str], sizes: Iterable[int] = SIZES) -> list[Overlap]:
    """One `Overlap` for each size. Case and punctuation do not count; numbers do.

    Only the runs of the test items are kept, so a training set of any size can be streamed through. A longer run
    begins with a shorter one, so only where the shortest is shared are the others looked for.
    """
    items = [_words(text) for text in test]
    sizes = tuple(sizes)
    where: dict[int, dict[str, set[int]]] = {n: defaultdict(set) for n in sizes}
    for index, words in enumerate(items):
        for n in sizes:
            for run in _runs(words, n):
                where[n][run].add(index)
    hit: dict[int, set[int]] = {n: set() for n in sizes}
    whole: set[int] = set()
    shortest = min(sizes, default=0)
    known = where[shortest].keys() if sizes else set()
    begins: dict[str, list[int]] = defaultdict(list)
    for index, words in enumerate(items):
        begins[" ".join(words[:shortest])].append(index)
    for text in train:
        words = _words(text)
        runs = _runs(words, shortest) if sizes else []
        if known.isdisjoint(runs):
            continue
        for at, run in enumerate(runs):
            if run in known:
                for index in begins.get(run, ()):
                    if words[at : at + len(items[index])] == items[index]:
                        whole.add(index)
                for n in sizes:
                    if at + n <= len(words):
                        hit[n] |= where[n].get(" ".join(words[at : at + n]), set())
    return [
        Overlap(n, len(items), len(hit[n]), sum(len(words) < n for words in items), len(whole)) for n in sizes
    ]


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _runs(words: list[str], n: int) -> list[str]:
    return [" ".join(run) for run in zip(*(words[at:] for at in range(n)), strict=False)]
