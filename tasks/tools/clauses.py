"""Reads clauses.yaml, the grammar of the free compositions (compose.py draws stories from it)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from proctor.tasks.word_problems.tools.family import Numbers, numbers_in
from proctor.tasks.word_problems.tools.words import with_article

_FILE = Path(__file__).parent / "clauses.yaml"


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


def _clause(entry: dict[str, Any]) -> Clause:
    numbers = {key: numbers_in(of) for key, of in entry.pop("numbers", {}).items()}
    return Clause(start=entry.pop("from"), end=entry.pop("to"), numbers=numbers, **entry)


def _row(keys: Sequence[str], row: Sequence[str]) -> SlotRow:
    words: dict[str, str] = {}
    values: dict[str, Fraction] = {}
    for key, word in zip(keys, row, strict=True):
        if word.isdigit():
            values[key] = Fraction(word)
        else:
            words |= with_article(key, word)
    return SlotRow(words, values)
