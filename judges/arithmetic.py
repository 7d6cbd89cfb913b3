"""Sums of plain numbers that a plan states and that are wrong. Knows + - x ÷ of numbers and fractions, and no letters.

A wrong sum that the pupil wrote is no fault of the plan: what stands in quotes, or in a sentence that speaks of an
error, is not read.
"""

import re
from collections.abc import Iterable
from fractions import Fraction

from judges.text import sentences, squeezed, unquoted

_NUMBER = r"\d{1,7}(?:\.\d{1,6})?"
_EQUATION = re.compile(
    rf"(?P<sum>{_NUMBER}(?:\s?[-+−–x×*·÷/]\s?{_NUMBER}){{1,6}})\s?=\s?(?P<result>[-−]?{_NUMBER}(?:/{_NUMBER})?)"
    r"(?!\s?[-+−–x×*·÷/^=(%]|[\w^(]|[.,]\d|\s?r\s?\d)"
)
_PART = re.compile(rf"([-+−–x×*·÷/]?)\s?({_NUMBER})")
_OF_AN_ERROR = re.compile(
    r"(?<!\w)(?:not|no|never|why|wrong|error|mistake|false|true|instead|redo|correct|became|you|your|once|really"
    r"|old|fix|find|spot)(?!\w)|n['’]t\b|[?≠]",
    re.IGNORECASE,
)
_BEFORE = re.compile(r"(?:[-+−–x×*·÷/^(=]\s?|\d\s|[\w.,:)]|\b\w\s)$")


def wrong_equations(text: str, known: Iterable[str]) -> list[str]:
    """The equations as they stand; those of `known`, the pupil's own mistakes, are none of the plan's."""
    own = " ".join(squeezed(mistake) for mistake in known)
    found = []
    for line in text.splitlines():
        for sentence in sentences(unquoted(line)):
            if _OF_AN_ERROR.search(sentence):
                continue
            for match in _EQUATION.finditer(sentence):
                if _BEFORE.search(sentence[: match.start()][-2:]) or squeezed(match.group()) in own:
                    continue
                if not _holds(match["sum"], match["result"]):
                    found.append(match.group())
    return found


def _holds(written: str, result: str) -> bool:
    """Equal, or equal after rounding to as many places as the result has."""
    total, product = Fraction(0), Fraction(0)
    for sign, number in _PART.findall(written):
        value = Fraction(number)
        if sign in ("x", "×", "*", "·"):
            product *= value
        elif sign in ("÷", "/"):
            if not value:
                return False
            product /= value
        else:
            total += product
            product = -value if sign in ("-", "−", "–") else value
    result = result.replace("−", "-")
    places = len(result.partition(".")[2])
    slack = Fraction(1, 2 * 10**places) if places else Fraction(0)
    return abs(total + product - Fraction(result)) <= slack
