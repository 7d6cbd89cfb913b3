"""Finds the taxonomy's concepts in running text.

find("Week 1: ratio, then direct proportion")    # ('ratio', 'direct-proportion')
"""

import re
from collections.abc import Sequence
from functools import cache, lru_cache

from proctor.common.schema import load_yaml
from proctor.tasks.concepts import taxonomy
from proctor.tasks.study_plan.profile import DATA

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")


@cache
def names_of(topic: str) -> tuple[str, ...]:
    """The topic's own name and its other names."""
    concept = taxonomy.concepts()[topic]
    return (concept.name, *concept.aliases)


def telling_names(topic: str) -> list[str]:
    """The topic's own name, and those of its other names that are no everyday words ('some time every day')."""
    name, *aliases = names_of(topic)
    return [name, *(alias for alias in aliases if taxonomy.fold(alias) not in _folded_everyday())]


@lru_cache(maxsize=5_000)
def find(line: str, strict: bool = False) -> tuple[str, ...]:
    """Ids of the concepts that a line names, longest name first from left to right. `strict` leaves out what a plan
    may say without teaching it: everyday words ('a range of questions') and short names of early concepts ('a
    rectangle').
    """
    words = list(filter(None, map(_fold, _WORD.findall(line))))
    index, longest = _index()
    topics: list[str] = []
    at = 0
    while at < len(words):
        for size in range(min(longest, len(words) - at), 0, -1):
            name = " ".join(words[at : at + size])
            if name in index:
                # "Fractions and decimals" is a name of a third concept, but in a plan it mostly means the two.
                halves = list(filter(index.__contains__, name.split(" and ")))
                if len(halves) < 2:
                    halves = [name]
                for half in halves:
                    if not strict or is_topic(half, index[half]):
                        topics.append(index[half])
                if not strict and index[name] not in topics:
                    topics.append(index[name])
                at += size
                break
        else:
            at += 1
    return tuple(topics)


def first_lines(lines: Sequence[str], topics: Sequence[str]) -> dict[str, int]:
    """Where each topic is first named: a thousand times the number of the line, plus its place in the line."""
    first: dict[str, int] = {}
    for number, line in enumerate(lines):
        for place, topic in enumerate(find(line)):
            if topic in topics:
                first.setdefault(topic, number * 1000 + min(place, 999))
    return first


@lru_cache(maxsize=20_000)
def _fold(word: str) -> str:
    return taxonomy.fold(word)


@cache
def _index() -> tuple[dict[str, str], int]:
    index: dict[str, str] = {}
    for concept in taxonomy.concepts().values():
        for name in (concept.name, *concept.aliases):
            index.setdefault(taxonomy.fold(name), concept.id)
    return index, max(len(name.split()) for name in index)


def is_topic(name: str, topic: str) -> bool:
    """Whether a name says by itself that its topic is taught: no everyday word, no short name of an early concept."""
    name = taxonomy.fold(name)
    if name in _folded_everyday():
        return False
    concept = taxonomy.concepts()[topic]
    return " " in name or name == taxonomy.fold(concept.name) or concept.band in ("9-10", "11-12")


@cache
def _folded_everyday() -> frozenset[str]:
    """Names that say nothing about what is taught."""
    return frozenset(map(taxonomy.fold, load_yaml(DATA / "everyday.yaml")))
