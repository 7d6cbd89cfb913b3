"""Test items that stand in training data: shared runs of n words, or of n characters of Chinese.

overlap(["Mia has 3 apples and buys 4 more."], ["Today Mia has 3 apples and buys 4 pears."], [6])
# [Overlap(n=6, items=1, hits=1, short=0, whole=0)]
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from proctor.tasks.text import runs, tokens

SIZES = (8, 10, 13)
Run = tuple[str, ...]


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
    """One `Overlap` for each size. Case and punctuation do not count; numbers do."""
    return overlaps([test], train, sizes)[0]


def overlaps(
    tests: Iterable[Iterable[str]], train: Iterable[str], sizes: Iterable[int] = SIZES
) -> list[list[Overlap]]:
    """The same for each of several tests, in one reading of the training set.

    Only the runs of the test items are kept, so a training set of any size can be streamed through. A longer run
    begins with a shorter one, so only where the shortest is shared are the others looked for.
    """
    by_test = [list(map(tokens, test)) for test in tests]
    items, sizes = list(chain.from_iterable(by_test)), tuple(sizes)
    shortest = min(sizes)
    where: dict[int, dict[Run, set[int]]] = {n: defaultdict(set) for n in sizes}
    begins: dict[Run, set[int]] = defaultdict(set)
    for index, words in enumerate(items):
        begins[tuple(words[:shortest])].add(index)
        for n in sizes:
            for run in runs(words, n):
                where[n][run].add(index)
    hit: dict[int, set[int]] = {n: set() for n in sizes}
    whole: set[int] = set()
    for text in train:
        words = tokens(text)
        shared = runs(words, shortest) & where[shortest].keys()
        if not shared:
            continue
        for n in sizes:
            for run in runs(words, n) & where[n].keys():
                hit[n] |= where[n][run]
        for run in shared & begins.keys():
            whole.update(index for index in begins[run] if _line(items[index]) in _line(words))
    found, end = [], 0
    for own in by_test:
        start, end = end, end + len(own)
        places = range(start, end)
        standing = len(whole.intersection(places))
        of_test = []
        for n in sizes:
            short = sum(len(words) < n for words in own)
            of_test.append(Overlap(n, len(own), len(hit[n].intersection(places)), short, standing))
        found.append(of_test)
    return found


def _line(words: Sequence[str]) -> str:
    return f" {' '.join(words)} "
