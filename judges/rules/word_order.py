"""Which kinds of words stand next to each other in English: how far a text is language and not a heap of words.

The table `word_order.txt`, made by `tasks/tools/word_order.py`, holds for each kind of word the kinds that follow
it much more often than chance would have it, and those that hardly ever do. A kind is a small word itself ("the"), an
ending ("-ing"), a number ("#"), a mark, or any other word ("*").
"""

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path

from proctor.judges.rules.text import stem, unquoted

PATH = Path(__file__).with_name("word_order.txt")
ORDINARY = PATH.with_name("ordinary.txt")
ENDINGS = ("ing", "ed", "ly", "s")
_TOKEN = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*|\d[\d.,:/]*|[.,;:!?](?=\s|$)|\S")


@lru_cache(maxsize=10_000)  # a plan has few words, many times
def kind(token: str) -> str:
    token = token.lower().replace("’", "'")
    if token in ".,;:!?":
        return token
    if (len(token) == 1 and token not in ("a", "i")) or not token[0].isalpha():
        return "#"
    return token


def adjacent(text: str) -> Iterator[tuple[str, str]]:
    """Every two tokens that stand next to each other in a line, outside of quotes; never across a full stop."""
    for line in text.splitlines():
        before = ""
        for token in _TOKEN.findall(unquoted(line)):
            now = kind(token)
            if before and before not in ".!?":
                yield before, now
            before = now


@lru_cache(maxsize=10_000)
def common(word: str, small: frozenset[str]) -> str:
    """The kind that the table knows: a small word or a mark itself, other words by their ending."""
    if word in small or not word[0].isalpha():
        return word
    for ending in ENDINGS:
        if word.endswith(ending) and len(word) > len(ending) + 2:
            return f"-{ending}"
    return "*"


@cache
def _table() -> tuple[frozenset[str], dict[tuple[str, str], bool]]:
    """The small words, and whether two kinds go together, of those of which the table says it."""
    table: dict[tuple[str, str], bool] = {}
    for line in PATH.read_text(encoding="utf-8").splitlines():
        kind_before, often, rarely = map(str.split, line.split("|"))
        for after in often:
            table[kind_before[0], after] = True
        for after in rarely:
            table[kind_before[0], after] = False
    kinds = set().union(*table)
    return frozenset(word for word in kinds if word[0].isalpha()), table


def fitting(text: str) -> tuple[int, int]:
    """How many of the neighbours that the table knows belong together, and how many it knows."""
    small, table = _table()
    known = []
    for first, second in adjacent(text):
        pair = common(first, small), common(second, small)
        if pair in table:
            known.append(table[pair])
    return sum(known), len(known)


@cache
def _ordinary() -> frozenset[str]:
    return frozenset(ORDINARY.read_text(encoding="utf-8").split())


def is_ordinary(word: str) -> bool:
    """A word that English has in small letters too, so that a capital letter does not make it a name."""
    parts = word.lower().split("-")
    return word.lower().endswith("ing") or all(len(part) < 3 or stem(part) in _ordinary() for part in parts)
