"""Words, sentences and phrases of a plan, compared without what does not matter."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

Thing = TypeVar("Thing")

WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_SPOKEN = re.compile(rf"[\u3400-\u9fff]|{WORD.pattern}")
TOKEN = re.compile(r"[^\W_]+")
QUOTED = re.compile(r"\"[^\"\n]{0,300}\"|“[^”\n]{0,300}”")
_BREAK = re.compile(r"(?<=[.!?])[\"”)]?\s+(?=[\"“(]?[A-Z0-9])|(?<=:)\s+|;\s+")
_ENDINGS = (
    "ising", "izing", "ations", "ation", "ings", "ing", "ions", "ion", "ies", "ed", "es", "s", "e", "y",
)  # fmt: skip
_TIMES, _BLANK = re.compile(r"\s*[*×·][\s*×·]*"), re.compile(r"\s+")
_EMPTY = frozenset({
    "a", "an", "the", "of", "to", "in", "on", "and", "or", "for", "with", "at", "by", "from", "is",
    "are", "be", "has", "have", "his", "her", "its", "their", "so", "that", "this", "it", "as",
    "who", "he", "she", "they", "pupil", "each", "every", "than", "not", "no", "into",
})  # fmt: skip


def words(text: str) -> list[str]:
    return WORD.findall(text)


def length(text: str) -> int:
    """In words; of Chinese, which has no spaces, in characters."""
    return len(_SPOKEN.findall(text))


def texts_of(facts: Mapping[str, Any], name: str) -> list[str]:
    """What the facts list under a name, each as text; nothing where they don't say."""
    return list(map(str, facts.get(name) or ()))


def share_of(things: Sequence[Thing], holds: Callable[[Thing], bool]) -> float:
    """The share of the things for which it holds; 0 of none."""
    return sum(map(holds, things)) / max(1, len(things))


def sentences(text: str) -> list[str]:
    """Sentences of a line, cut after full stops, colons and semicolons, but never inside double quotes."""
    masked = QUOTED.sub(lambda quote: '"' + "x" * (len(quote.group()) - 2) + '"', text)
    parts, start = [], 0
    for gap in _BREAK.finditer(masked):
        parts.append(text[start : gap.end()].strip())
        start = gap.end()
    parts.append(text[start:].strip())
    return list(filter(WORD.search, parts))


def unquoted(line: str) -> str:
    """Without what stands in double quotes: what a pupil wrote once is no time to study and no sentence."""
    return QUOTED.sub(lambda quote: " " * len(quote.group()), line)


def without_numbers(text: str) -> str:
    """The words alone: '8 questions' and '10 questions' are one task. What is quoted stays as it is."""
    parts, start = [], 0
    for quote in QUOTED.finditer(text):
        parts += [*words(text[start : quote.start()]), quote.group()]
        start = quote.end()
    return " ".join([*parts, *words(text[start:])]).lower()


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """Enough of a word to find 'fractions' in 'fraction'; short words stay whole."""
    word = word.lower().replace("’", "'").removesuffix("'s")
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


@lru_cache(maxsize=5_000)
def stems(text: str) -> tuple[str, ...]:
    """The stems of the words and numbers that carry meaning, in order."""
    tokens = TOKEN.findall(text.replace("-", " "))
    return tuple(stem(token) for token in tokens if token.lower() not in _EMPTY)


@lru_cache(maxsize=5_000)
def plain(text: str) -> tuple[str, ...]:
    """The words and numbers in small letters and without the s of a plural."""
    return tuple(token.lower().removesuffix("s") for token in TOKEN.findall(text))


def mentions(line: frozenset[str], phrases: Iterable[Sequence[str]]) -> bool:
    """Whether all words of one of the phrases stand in the line; both are stems already."""
    return any(phrase and line.issuperset(phrase) for phrase in phrases)


def names_in(lines: Iterable[tuple[str, ...]], names: set[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    """The names that stand in the lines, the longest at each place."""
    longest = max(1, *map(len, names))
    for line in lines:
        start = 0
        while start < len(line):
            size = longest
            while size > 1 and line[start : start + size] not in names:
                size -= 1
            if line[start : start + size] in names:
                yield line[start : start + size]
            start += size


def new_share(tokens: Sequence[str], length: int = 4) -> float:
    """The share of runs of words that were not there before; 1.0 for a text too short to have any."""
    runs = len(tokens) - length + 1
    if runs < 1:
        return 1.0
    different = {tuple(tokens[start : start + length]) for start in range(runs)}
    return len(different) / runs


def squeezed(text: str) -> str:
    """Letters, digits and signs of a piece of working, without blanks: '1/2 + 1/3' is '1/2+1/3'."""
    return _BLANK.sub("", _TIMES.sub("x", text.casefold()))
