"""Sums of plain numbers that a plan states and that are wrong.

A wrong sum that the pupil wrote is no fault of the plan: what stands in quotes, or in a sentence that speaks of an
error, is not read.
"""

import re
from collections.abc import Iterable
from fractions import Fraction

from proctor.judges.rules.text import squeezed, unquoted

_NUMBER = r"(?:\d{1,3}(?:,\d{3}){1,3}|\d{1,7})(?:\.\d{1,6})?"
_EQUATION = re.compile(
    rf"(?P<sum>{_NUMBER}(?:\s?[-+−–x×*·÷/]\s?{_NUMBER}){{1,6}})"
    rf"(?:\s?=\s?|(?P<word> (?:is|equals|makes|gives) ))(?P<result>[-−]?{_NUMBER}(?:/{_NUMBER})?)"
    r"(?!\s?[-+−–x×*·÷/^=(%]|[\w^(]|[.,]\d|\s?r\s?\d)"
)
# After a word instead of "=": "7 x 8 is 54." is a sum, "3 x 20 is 1 hour" and "pages 7-8 is 10 minutes" are none.
_ENDS = re.compile(r"\s?(?:$|[.,;!?)]| (?:and|so|but)\b)")
_BULLET = re.compile(r"^\s*[-+−–—*·•]\s+")
_STOP = re.compile(r"(?<=[.!?;])\s+")
_PART = re.compile(rf"([-+−–x×*·÷/]?)\s?({_NUMBER})")
_OF_AN_ERROR = re.compile(
    r"(?<!\w)(?:not|no|never|why|wrong|error|mistake|false|true|instead|redo|correct|became|once|really|old|fix|find|spot"
    r"|you (?:\w+ )?(?:wrote|said|got|gave|had|did|put|made|took|found|used|thought|answered|added|counted|worked)"
    r"|your (?:\w+ )?(?:answer|working|result|sheet|paper|quiz|test))(?!\w)|n['’]t\b|[?≠]",
    re.IGNORECASE,
)
# In front of a sum these make it a part of something longer: "2x + 3 = 9", "1,000 - 250 = 750".
_BEFORE = re.compile(r"(?:[-+−–×*·÷/^=]\s?|[\w)]\(|\d\s|[\w.,:)]|(?<!\w)\w\s)$")


def wrong_equations(text: str, known: Iterable[str]) -> list[str]:
    """The equations as they stand; those of `known`, the pupil's own mistakes, are none of the plan's."""
    own = " ".join(map(squeezed, known))
    wrong = []
    for line in text.splitlines():
        for sentence in _STOP.split(_BULLET.sub("", unquoted(line))):
            if _OF_AN_ERROR.search(sentence):
                continue
            for match in _EQUATION.finditer(sentence):
                if (
                    _is_equation(match, sentence)
                    and squeezed(match.group()) not in own
                    and not _holds(match["sum"], match["result"])
                ):
                    wrong.append(match.group())
    return wrong


def _is_equation(match: re.Match[str], sentence: str) -> bool:
    """Whether it stands by itself, and a word in the place of "=" means that the two are equal."""
    if _BEFORE.search(sentence[max(0, match.start() - 8) : match.start()]):
        return False
    if not match["word"]:
        return True
    return re.search("[+x×*·÷]", match["sum"]) is not None and _ENDS.match(sentence, match.end()) is not None


def _holds(written: str, result: str) -> bool:
    """Equal, or equal after rounding to as many places as the result has."""
    total, product = Fraction(0), Fraction(0)
    for sign, number in _PART.findall(written):
        value = Fraction(number.replace(",", ""))
        if sign in ("x", "×", "*", "·"):
            product *= value
        elif sign in ("÷", "/"):
            if not value:
                return False
            product /= value
        else:
            total += product
            product = -value if sign in ("-", "−", "–") else value
    result = result.replace("−", "-").replace(",", "")
    places = len(result.partition(".")[2])
    slack = Fraction(1, 2 * 10**places) if places else Fraction(0)
    return abs(total + product - Fraction(result)) <= slack
