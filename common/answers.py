"""Extracted answers, and scores in files: which are the same, and which are numbers."""

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any


def value_of(answer: str) -> str:
    """Equal for one number written in two ways; the words themselves where it is no plain number.

    >>> value_of("$1,480.0") == value_of("1480")
    True
    """
    bare = re.sub(r"[\s$£€¥₹,%*]", "", answer)
    # No exponents: an imported '1e99999999' would be worked out in full.
    if len(bare) >= 60 or not re.fullmatch(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+|[0-9]+/0*[1-9][0-9]*)", bare):
        return bare.casefold()
    return str(Fraction(bare))


def classes_of(statuses: Sequence[str], answers: Sequence[str]) -> list[str | None]:
    """Answers that mean the same are equal; None where none could be read. Empty where scores came without answers:
    then nothing tells which agree.

    >>> classes_of(["ok", "ok", "unparsed"], ["7", "7.0", ""])
    ['7', '7', None]
    """
    classes = []
    for status, answer in zip(statuses, answers, strict=True):
        classes.append(value_of(answer) or None if status == "ok" else None)
    return classes if any(classes) or "ok" not in statuses else []


_DECIMAL = re.compile(r"\s*[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?\s*")


def number_of(value: Any) -> float:
    """A number, or a decimal written out; raises ValueError for all else. Python itself takes '1_0' for 10, and 'nan'.

    >>> number_of(" 1.5e1")
    15.0
    """
    if isinstance(value, str) and not _DECIMAL.fullmatch(value):
        raise ValueError("no decimal")
    try:
        return float(value)
    except (TypeError, OverflowError) as no_number:
        raise ValueError("no number that can be worked with") from no_number
