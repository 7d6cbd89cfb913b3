"""Test items that stand in training data: shared runs of n words. Knows no exam; the caller brings both
texts."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

SIZES = (8, 10, 13)

_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Overlap:
    """Of `items` test items, `hits` share a run of n words with the training set; `short` have fewer than n
    words."""

    n: int
    items: int
    hits: int
    short: int

    @property
    def share(self) -> float:
        return self.hits / self.items if self.items else 0.0


def overlap(test: Iterable[str], train: Iterable[str], sizes: Iterable[int] = SIZES) -> list[Overlap]:
    """One `Overlap` for each size. Case and punctuation do not count; numbers do.

    Only the runs of the test items are kept, so a training set of any size can be streamed through.
    """
    items = [_words(text) for text in test]
    sizes = tuple(sizes)
    where: dict[int, dict[str, set[int]]] = {n: defaultdict(set) for n in sizes}
    for index, words in enumerate(items):
        for n in sizes:
            for run in _runs(words, n):
                where[n][run].add(index)
    hit: dict[int, set[int]] = {n: set() for n in sizes}
    for text in train:
        words = _words(text)
        for n in sizes:
            for run in where[n].keys() & set(_runs(words, n)):
                hit[n] |= where[n][run]
    return [Overlap(n, len(items), len(hit[n]), sum(len(words) < n for words in items)) for n in sizes]


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _runs(words: list[str], n: int) -> list[str]:
    return [" ".join(words[at : at + n]) for at in range(len(words) - n + 1)]
