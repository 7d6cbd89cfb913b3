"""Reads clauses.yaml, the grammar of the free compositions (compose.py draws stories from it)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from proctor.tasks.word_problems.tools.words import with_article

_FILE = Path(__file__).parent / "clauses.yaml"

Numbers = Mapping[str, Sequence[Fraction]]


@dataclass(frozen=True)
class Clause:
    """`where` are rules such as `w < l` for the drawn and worked-out numbers; clauses.yaml says the rest."""

    name: str
    start: str
    end: str
    text: Sequence[str]
    steps: Sequence[str] = ()
    numbers: Numbers = field(default_factory=dict)
    kind: str = ""
    takes: bool = False
    where: Sequence[str] = ()


@dataclass(frozen=True)
class SlotRow:
    """The words that go together in a story, by the name of their slot, and those that are numbers."""

    words: Mapping[str, str]
    values: Mapping[str, Fraction]


def span(first: int, last: int, step: int = 1) -> Sequence[Fraction]:
    """The numbers from first to last, both included."""
    return [Fraction(number) for number in range(first, last + 1, step)]


def load() -> tuple[list[Clause], list[list[SlotRow]]]:
    """The clauses, and the lists of rows that a story takes one of each from."""
    import yaml

    grammar = yaml.load(
        _FILE.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    )
    tables = []
    for keys, table in grammar["words"].items():
        tables.append([_row(keys.split(), row) for row in table])
    return [_clause(entry) for entry in grammar["clauses"]], tables


def _clause(entry: Mapping[str, Any]) -> Clause:
    return Clause(
        name=entry["name"],
        start=entry["from"],
        end=entry["to"],
        text=entry["text"],
        steps=entry.get("steps", ()),
        numbers={key: _numbers(of) for key, of in entry.get("numbers", {}).items()},
        kind=entry.get("kind", ""),
        takes=entry.get("takes", False),
        where=entry.get("where", ()),
    )


def _numbers(of: str | list[str]) -> Sequence[Fraction]:
    """'3 to 12', '5 to 60 by 5', or the numbers one by one."""
    if isinstance(of, list):
        return [Fraction(number) for number in of]
    return span(*(int(part) for part in of.split() if part.isdigit()))


def _row(keys: Sequence[str], row: Sequence[str]) -> SlotRow:
    words: dict[str, str] = {}
    values: dict[str, Fraction] = {}
    for key, word in zip(keys, row, strict=True):
        if word.isdigit():
            values[key] = Fraction(word)
        else:
            article = with_article(word)
            words |= {key: word, f"a_{key}": article, f"A_{key}": article[0].upper() + article[1:]}
    return SlotRow(words, values)
