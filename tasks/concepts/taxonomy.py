"""The concepts of school mathematics: their names, other names, grade bands and what must be known before.

    resolve("the arithmetic means")    # 'mean'
    prerequisites("ratio")             # everything that must be known before it

Turns any spelling of a concept's name into its id. The study plan's weak topics are these concepts too.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from proctor.common.refusal import Refusal
from proctor.common.schema import load_yaml
from proctor.tasks.data import read_items

PATH = Path(__file__).parent / "data" / "taxonomy.jsonl"

_WORD = re.compile(r"[^\W_]+")
_POSSESSIVE = re.compile(r"['’`](s\b)?")
_PER_CENT = re.compile(r"\bper[ -]cent")
_ISE = re.compile(r"is(e|ed|er|ing|ation|ations)$")
_ARTICLES = frozenset({"a", "an", "the"})

_SPELLING = load_yaml(PATH.with_name("spelling.yaml"))
_WORDS: dict[str, str] = _SPELLING["words"]


@dataclass(frozen=True)
class Concept:
    id: str
    name: str
    aliases: tuple[str, ...]
    area: str
    band: str
    prerequisites: tuple[str, ...]


@cache
def concepts() -> dict[str, Concept]:
    """Every concept by its id, in teaching order within each area."""
    by_id: dict[str, Concept] = {}
    for fields in read_items(PATH):
        fields["aliases"] = tuple(fields["aliases"])
        fields["prerequisites"] = tuple(fields["prerequisites"])
        by_id[fields["id"]] = Concept(**fields)
    return by_id


@lru_cache(maxsize=8192)
def fold(name: str) -> str:
    """A name without what tells no concepts apart: case, punctuation, articles, plurals, British spelling."""
    text = _PER_CENT.sub("percent", name.casefold().replace("&", " and "))
    words = map(_singular, _WORD.findall(_POSSESSIVE.sub("", text)))
    return " ".join(word for word in words if word not in _ARTICLES)


@lru_cache(maxsize=8192)
def resolve(name: str) -> str | None:
    """The id of the concept that goes by this name, or None: the taxonomy has no such name."""
    return next(filter(None, map(_index().get, _forms(name))), None)


def names(ids: Iterable[str]) -> list[str]:
    """The taxonomy's own name for each id; what is not an id stays as it is."""
    known, named = concepts(), []
    for concept in ids:
        if concept in known:
            concept = known[concept].name
        named.append(concept)
    return named


@cache
def prerequisites(concept: str) -> frozenset[str]:
    """Everything that must be known before this concept, however far back; not the concept itself."""
    known = concepts()
    seen: set[str] = set()
    todo = list(known[concept].prerequisites)
    while todo:
        earlier = todo.pop()
        if earlier not in seen:
            seen.add(earlier)
            todo.extend(known[earlier].prerequisites)
    return frozenset(seen)


def _singular(word: str) -> str:
    if word in _WORDS:
        return _WORDS[word]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        if word.endswith("ies") and len(word) > 4:
            word = word[:-3] + "y"
        elif word.endswith(("xes", "ches", "shes", "sses")):
            word = word[:-2]
        else:
            word = word[:-1]
    if word.endswith("metre"):
        word = word[:-5] + "meter"
    return _ISE.sub(r"iz\1", _WORDS.get(word, word))


def _forms(name: str) -> Iterable[str]:
    """The name as it stands, then without its bracketed remark, then the remark: 'Powers (exponents)'."""
    whole = fold(name)
    yield whole
    yield _bare(whole)
    before, bracket, rest = name.partition("(")
    if bracket:
        inside, _, after = rest.partition(")")
        for part in (before + " " + after, inside):
            folded = fold(part)
            yield folded
            yield _bare(folded)


def _bare(folded: str) -> str:
    words = folded.split()
    first, last = 0, len(words)
    while first < last and words[first] in _SPELLING["leading"]:
        first += 1
    while last > first and words[last - 1] in _SPELLING["trailing"]:
        last -= 1
    return " ".join(words[first:last])


@cache
def _index() -> dict[str, str]:
    """Folded name -> id. A name claimed twice would make scores depend on the file's order: refused."""
    index: dict[str, str] = {}
    for concept in concepts().values():
        for name in (concept.id, concept.name, *concept.aliases):
            folded = fold(name)
            if index.setdefault(folded, concept.id) != concept.id:
                raise Refusal(
                    f"{name!r} names both {index[folded]!r} and {concept.id!r}; a name must lead to one "
                    f"concept; take it from one of them ({PATH})"
                )
    return index
