"""Which names of concepts a response gives, in whatever form it gives them.

    read("It is about ratio.\n\nConcepts: Mean, Median")    # ['Mean', 'Median']

Four forms are understood, tried in this order: a JSON list, a line that announces itself ('Concepts: a, b'), a bulleted
or numbered list, and a bare line or column of names. Within a form the last one wins, since models think first and
answer last. The taxonomy only tells a line of names from a sentence with commas. Every step looks at each character a
fixed number of times: a response of any length takes linear time.
"""

import ast
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain

from proctor.tasks.concepts.taxonomy import resolve

# Longer or wordier than any name of a concept: a sentence.
_MOST_CHARACTERS = 90
_MOST_WORDS = 12
# A list without another inside it, of names or of flat objects, with its key where it has one; else a flat object.
_LISTS = re.compile(
    r"(?:[\"'](\w{1,30})[\"']\s{0,3}:\s{0,3})?((?<!\w)\[(?:[^\[\]{}]|\{[^\[\]{}]*+\})*+\]|\{[^\[\]{}]*+\})"
)

_BULLET = re.compile(r"\s{0,12}(?:[-*+•‣◦–—]|\(?[0-9]{1,3}[.):]|\(?[a-zA-Z][.)])\s+(?=\S)")
_LABEL = re.compile(
    r"(?:concepts?|topics?|answer)\b(?:\s+(?:covered|involved|named|used|tested|here|in\s+(?:this|the)\s+\w{1,20}))?"
    r"\s{0,3}(?:[*_]{0,3}\s{0,3}(?P<colon>[:：])|\s(?:are|is)\b(?P<then>:?))[*_]{0,3}"
    r"|\b(?:is|are)\s(?:all\s|mainly\s|mostly\s)?about\b(?P<about>:?)",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[.!?]\Z")
_SENTENCE_END = re.compile(r"[.!?](?:\s|$)")
_REMARK = re.compile(r":\s|\s[-–—]\s|\s[-–—]{2,}\s")
_AND = re.compile(r"\Aand ", re.IGNORECASE)
_COMMA = re.compile(r"[,;，、]")
_OUTSIDE = " \t\r*_`\"'“”‘’«»<>"
_KEYS = ("concepts", "concept", "topics", "answer", "labels", "names")
_ITEM_KEYS = ("name", "concept", "id", "label", "topic")


def read(response: str) -> list[str] | None:
    """The names in order, each once; None when the response holds nothing in a form we understand."""
    text = response.rpartition("</think>")[2]
    names = _from_json(text)
    if names is None:
        lines = [line.strip() for line in text.splitlines()]
        names = _from_label(lines) or _from_bullets(lines) or _from_bare(lines)
        if not names:
            return None
    return list(dict.fromkeys(names))


def _from_json(text: str) -> list[str] | None:
    """The last list of names. An empty one counts only where there is no other: '[]' is an answer too."""
    none: list[str] | None = None
    for key, span in reversed(_LISTS.findall(text)):
        if not key or key in _KEYS:
            value = _load(span)
            names = _names_in(value)
            if names:
                return names
            if value == []:
                none = []
    return none


def _load(span: str) -> object:
    # Python's quotes, which small models like, and a comma too many are no JSON; [Fractions, Ratio] is neither.
    for load in (json.loads, ast.literal_eval):
        with suppress(ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            return load(span)
    parts = list(_split(span[1:-1]))
    if span.startswith("[") and '"' not in span and _all_names(parts) and any(map(_known, parts)):
        return parts
    return None


def _names_in(value: object) -> list[str]:
    names: list[str] = []
    if isinstance(value, dict):
        value = [value.get(next(filter(value.__contains__, _KEYS), None))]
    for item in value if isinstance(value, list | set) else ():
        if isinstance(item, dict):
            item = item.get(next(filter(item.__contains__, _ITEM_KEYS), None))
        if isinstance(item, str):
            names += _clean(item)
    return names


def _from_label(lines: list[str]) -> list[str]:
    """The last line that announces names. A colon is believed; 'is about ...' needs a name that we know."""
    for line in reversed(lines):
        for label in list(_LABEL.finditer(line, 0, 200))[-1:]:
            parts = list(_split(_SENTENCE_END.split(line[label.end() :], maxsplit=1)[0]))
            if _all_names(parts) and (any(label.group("colon", "then", "about")) or any(map(_known, parts))):
                return _cleaned(parts)
    return []


def _from_bullets(lines: list[str]) -> list[str]:
    """The last run of bullets (blank lines between them allowed) whose items all look like names.

    '1. Add 3 and 4.' is short too: items that end like sentences are believed only if we know one of them.
    """
    run: list[str] = []
    best: list[str] = []
    for line in [*lines, "end of text"]:
        bullet = _BULLET.match(line)
        if bullet:
            run.append(_REMARK.split(line[bullet.end() :], maxsplit=1)[0])
        elif line and run:
            sentences = any(map(_SENTENCE.search, run))
            if _all_names(run) and (not sentences or any(map(_known, run))):
                best = run
            run = []
    return _cleaned(best)


def _from_bare(lines: list[str]) -> list[str]:
    """Names without any sign that they are a list: believed only if the taxonomy knows one of them."""
    filled = [line for line in lines if line and not line.startswith("```")]
    column = []
    if len(filled) > 1:
        column = filled
    for parts in (column, list(_split("".join(filled[-1:])))):
        if _all_names(parts) and any(map(_known, parts)):
            return _cleaned(parts)
    return []


def _split(line: str) -> Iterator[str]:
    """The parts of a line between commas; 'and' before the last is a comma too."""
    for part in _COMMA.split(line):
        bare = _AND.sub("", part.strip(_OUTSIDE + "."))
        if bare:
            yield bare


def _cleaned(items: Iterable[str]) -> list[str]:
    return list(chain.from_iterable(map(_clean, items)))


def _clean(item: str) -> list[str]:
    """One item as one name, unless only a part of it is one.

    'mean and median' joins two concepts and is the name of none; 'Fractions: parts of a whole' has a remark.
    """
    name = item.strip(_OUTSIDE + ".,;:")
    if not any(map(str.isalnum, name)):
        return []
    name = " ".join(name[: 4 * _MOST_CHARACTERS].split())
    if resolve(name) is None:
        halves = re.split(r"\s(?:and|&)\s|\s?[,/;]\s?", name)
        if len(halves) > 1 and all(map(resolve, halves)):
            return halves
        bare = _REMARK.split(name, maxsplit=1)[0]
        if resolve(bare) is not None:
            return [bare]
    return [name]


def _known(part: str) -> bool:
    return any(map(resolve, _clean(part)))


def _all_names(parts: Sequence[str]) -> bool:
    return bool(parts) and all(map(_name_like, parts))


def _name_like(part: str) -> bool:
    if len(part) > _MOST_CHARACTERS or len(part.split()) > _MOST_WORDS:
        return False
    if not set("[]{}").isdisjoint(part):  # a list cut off before its end, not a name
        return False
    return any(map(str.isalpha, part)) and not _SENTENCE_END.search(part.rstrip(". "))
