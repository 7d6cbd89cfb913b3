"""Test items that stand in training data: shared runs of n words, or of n characters of Chinese.

overlap(["Mia has 3 apples and buys 4 more."], ["Today Mia has 3 apples and buys 4 pears."], [6])
# [Overlap(n=6, items=1, hits=1, short=0, whole=0)]
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, takewhile

from proctor.tasks.text import runs, tokens

SIZES = (8, 10, 13)
WORDING = 3  # a run that so many items have is what their task says to each of them
Run = tuple[str, ...]


@dataclass(frozen=True)
class Overlap:
    """Of `items` test items, `hits` share a run of n words with the training set; `short` have fewer than n words.
    `whole`, the same for every n, stand in a training text word for word, with or without their task's wording.
    """

    n: int
    items: int
    hits: int
    short: int
    whole: int

    @property
    def share(self) -> float:
        return self.hits / self.items if self.items else 0.0


@dataclass(frozen=True)
class Texts:
    """The items of one test; `worded`: each comes with its task's wording, which is nobody's item."""

    items: Sequence[str]
    worded: bool = False


def overlap(
    test: Sequence[str], train: Iterable[str], sizes: Iterable[int] = SIZES, worded: bool = False
) -> list[Overlap]:
    """One `Overlap` for each size. Case and punctuation do not count; numbers do."""
    return overlaps([Texts(test, worded)], train, sizes)[0]


def overlaps(
    tests: Sequence[Texts], train: Iterable[str], sizes: Iterable[int] = SIZES
) -> list[list[Overlap]]:
    """The same for each of several tests, in one reading of the training set."""
    return ItemRuns(tests, sizes).overlaps(train)


class ItemRuns:
    """The runs of words of the items of several tests, to be looked for in any number of training sets.

    Only they are kept, so a training set of any size can be streamed through. A longer run begins with a shorter one,
    so only where the shortest is shared are the others looked for.
    """

    def __init__(self, tests: Sequence[Texts], sizes: Iterable[int] = SIZES) -> None:
        self.sizes = tuple(sizes)
        self._shortest = min(self.sizes)
        self._by_test = [list(map(tokens, test.items)) for test in tests]
        parts: list[list[list[str]]] = []
        bare: list[list[str]] = []
        for test, texts in zip(tests, self._by_test, strict=True):
            parts += _without_wording(texts, self._shortest) if test.worded else [[words] for words in texts]
            bare += _without_frame(texts) if test.worded else texts
        self._where: dict[int, dict[Run, set[int]]] = {n: defaultdict(set) for n in self.sizes}
        self._begins: dict[Run, list[tuple[int, list[str]]]] = defaultdict(list)
        for index, words in enumerate(chain.from_iterable(self._by_test)):
            for alone in (words, bare[index]):
                self._begins[tuple(alone[: self._shortest])].append((index, alone))
            for n in self.sizes:
                for part in parts[index]:
                    for run in runs(part, n):
                        self._where[n][run].add(index)

    def overlaps(self, train: Iterable[str]) -> list[list[Overlap]]:
        """For each test one `Overlap` for each size."""
        hit: dict[int, set[int]] = {n: set() for n in self.sizes}
        whole: set[int] = set()
        shared = self._where[self._shortest]
        for text in train:
            words = tokens(text)
            begun = runs(words, self._shortest)
            if begun & shared.keys():
                for n in self.sizes:
                    for run in runs(words, n) & self._where[n].keys():
                        hit[n] |= self._where[n][run]
            for run in begun & self._begins.keys():
                for index, alone in self._begins[run]:
                    if _line(alone) in _line(words):
                        whole.add(index)
                        for n in self.sizes:
                            if len(alone) >= n:  # though other items may have all of its runs too
                                hit[n].add(index)
        return self._by_each(hit, whole)

    def _by_each(self, hit: dict[int, set[int]], whole: set[int]) -> list[list[Overlap]]:
        found, end = [], 0
        for own in self._by_test:
            start, end = end, end + len(own)
            places = range(start, end)
            standing = len(whole.intersection(places))
            of_test = []
            for n in self.sizes:
                short = sum(len(words) < n for words in own)
                of_test.append(Overlap(n, len(own), len(hit[n].intersection(places)), short, standing))
            found.append(of_test)
        return found


def _line(words: Sequence[str]) -> str:
    return f" {' '.join(words)} "


def _without_wording(items: Sequence[Sequence[str]], n: int) -> list[list[list[str]]]:
    """Of each item the parts between the runs of n words that several items have."""
    owners = Counter(run for words in items for run in runs(words, n))
    own = []
    for words in items:
        parts: list[list[str]] = [[]]
        said = 0  # so many of the next words are wording
        for at, word in enumerate(words):
            if owners[tuple(words[at : at + n])] >= WORDING:
                said = n
            if said:
                said -= 1
                parts.append([])
            else:
                parts[-1].append(word)
        own.append([part for part in parts if part])
    return own


def _without_frame(items: Sequence[Sequence[str]]) -> list[list[str]]:
    """Each item without what all of them begin and end with: a training set may have it without its task's wording."""
    if len(set(map(tuple, items))) < 2:  # with one item nobody can tell the wording from it
        return list(map(list, items))
    before = _alike(items)
    behind = _alike([words[before:][::-1] for words in items])
    return [list(words[before : len(words) - behind]) for words in items]


def _alike(items: Sequence[Sequence[str]]) -> int:
    """How many words all items begin with."""
    places = zip(*items, strict=False)  # as far as the shortest goes
    return len(list(takewhile(lambda words: len(set(words)) == 1, places)))
