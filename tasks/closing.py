"""The answer of a text that marks none: the last line with a number that can be one. Knows no marker and no task.

Notes, checks and offers come after the answer, and so do the parts of a whole that was just given; what is in bold goes
before what is not.
"""

import re
from fractions import Fraction

from tasks.numerals import BOLD, Number, is_algebra, numbers
from tasks.quantity import first
from tasks.sentence import said
from tasks.spelled import every_spelled, last_spelled

_DIGIT = re.compile(r"[0-9]")
_ITEM = re.compile(
    rf"[ \t]*(?:[-*+\u2022][ \t]|(?!A:|(?i:final )?(?i:answer)\b)[{BOLD}A-Za-z][^\n:0-9=]{{0,40}}:)"
)
_LONGEST_LIST = 12
_MOST_IN_BOLD = 8
_CONCLUDES = re.compile(
    rf"[\s*{BOLD}]{{0,4}}(?:so|thus|therefore|hence|this means|that means|altogether|in total|in all)\b",
    re.IGNORECASE,
)
_TIMES = {"once": 1, "twice": 2, "thrice": 3}
_OFTEN = re.compile(r"\b(once|twice|thrice)[.!]?\s*$", re.IGNORECASE)
_DEFINITE = re.compile(r"\b(?:the|these|those|both|all|his|her|their|its|other) $", re.IGNORECASE)
_ASIDE = re.compile(
    rf"[\s*_({BOLD}>-]{{0,8}}(?:(?:note|confidence|check|verification|disclaimer|hint|source)\b[^\n]{{0,3}}:"
    r"|(?:i hope|let me know|feel free|if you (?:have|need|want|would)|good luck|great job|note that|this makes sense"
    r"|(?:let me|let's|we can|to|i'll) (?:double-?)? ?(?:check|verify|confirm)"
    r"(?![^\n]{0,300}\b(?:so|thus|therefore|actually|wrong|mistake|correction|should be)\b))\b)",
    re.IGNORECASE,
)
_CHECKED = re.compile(
    r"(?<=[.!])\s(?:to (?:double-?)?(?:check|verify)|double-?check|check|verification)\b", re.IGNORECASE
)
_ASKS = re.compile(
    rf"[\s*{BOLD}]{{0,6}}(?:would|do|does|did|shall|should|can|could|may|will|how|what|which|who|want|need|is|are|any)\b",
    re.IGNORECASE,
)
_SENTENCE_BEFORE = re.compile(r".*[.!](?=\s)")


_DECLINES = re.compile(
    r"\b(?:cannot|can't|can not|could not|unable to|not possible to|impossible to) (?:be )?(?:accurately |directly )?"
    r"(?:determined?|calculated?|solved?|(?:know|tell|say) (?:how|what|the)|find (?:the|out)|answer (?:the|this))\b"
    r"|\b(?:i|we) (?:don't|do not) know\b|\b(?:not enough|insufficient) (?:information|data)\b|\berror occurred\b"
    r"|(?:^|[.!?\n]\s{0,3})[\s*_\x02]{0,4}(?:the )?(?:final )?answer[\s*_\x02]{0,4}(?::|is|is:)[\s*_\x02]{0,4}"
    r"(?:no|none|nothing|unknown|undetermined|n/?a)\b[^0-9]*$",
    re.IGNORECASE,
)
_TERM = re.compile(r"A: ?[0-9.,]{1,15} ?[+*] ?[A-Za-z]")  # A: 10 + John's age
_CODE = re.compile(r"[ \t]*(?:return\b|print\(|def )|```$")


def declined(text: str) -> bool:
    """Does the text close with the words that there is no answer, with a term that has an unknown in it, or with code
    that would have to be run?"""
    lines = text.rstrip().rsplit("\n", 2)
    last = lines[-1] if len(lines) < 2 or lines[-1].strip(" `") else lines[-2]
    if _CODE.match(last) or _TERM.match(last):
        return True
    if is_algebra(last, list(numbers(last))):
        return True
    sentence = max(last.rfind(". ", 0, -1), last.rfind("! ", 0, -1), last.rfind("? ", 0, -1)) + 1
    return bool(_DECLINES.search(last, sentence))


def unmarked(text: str) -> tuple[Number, str] | None:
    """The answer in the last line that has a number which can be one; notes and checks come after it."""
    second_best = None
    end = len(text)
    while end > 0:
        start = text.rfind("\n", 0, end) + 1
        if _DIGIT.search(text, start, end):
            aside = _ASIDE.match(text, start, end)
            stop = _without_asides(text, start, end)
            if not aside and (found := _whole_of_lines(text, start, stop)):
                return found, "sum of the lines below"
            if not aside and (found := _in_bold(text, start, stop)):
                return found, "bold"
            if not aside and (found := said(text, start, stop, by_sign=False)):
                return found, "last number"
            second_best = second_best or next(reversed(list(numbers(text, start, end))), None)
        elif second_best is None and (found := _concluded(text, start, end)):
            return found, "number in words"
        end = start - 1
    if second_best is None:
        in_words = last_spelled(text)
        return (in_words, "number in words") if in_words else None
    return second_best, "last number"


def _concluded(text: str, start: int, end: int) -> Number | None:
    """'So she needs three boxes.' below 110 / 50 = 2.2: the one number in words of a last line that concludes."""
    if not _CONCLUDES.match(text, start, end):
        return None
    if often := _OFTEN.search(text, start, end):
        return Number(Fraction(_TIMES[often[1].lower()]), often.start(1), often.end(1), "")
    found = [number for number in every_spelled(text, start, end) if number.value > 1]
    if len(found) != 1 or _DEFINITE.search(text, max(start, found[0].start - 10), found[0].start):
        return None
    return found[0]


def _whole_of_lines(text: str, start: int, end: int) -> Number | None:
    """What the lines of a list at the end add up to, if the line above them says it: '700 animals:', '- 470 cows',
    '- 230 chickens'."""
    total, lines = Fraction(0), 0
    while lines < _LONGEST_LIST and "=" not in text[start:end]:
        found = [number for number in numbers(text, start, end) if not number.doubt]
        if lines > 1:
            for whole in reversed(found):
                if whole.value == total:
                    return whole
        if found:
            if len(found) > 1 or not _ITEM.match(text, start, end):
                return None
            total, lines = total + found[0].value, lines + 1
        elif lines == 0:
            return None
        if start == 0:
            return None
        end = start - 1
        start = text.rfind("\n", 0, end) + 1
    return None


def _without_asides(text: str, start: int, end: int) -> int:
    """Where a line ends before it checks what it has said, or asks the reader something. A line that is all
    question ends where it begins."""
    checked = _CHECKED.search(text, start, end)
    if checked and _DIGIT.search(text, start, checked.start()):
        end = checked.start()
    if text[start:end].rstrip().endswith("?"):
        before = _SENTENCE_BEFORE.match(text, start, end)
        begin = before.end() if before else start
        return begin if _ASKS.match(text, begin, end) else end
    return end


def _in_bold(text: str, start: int, end: int) -> Number | None:
    """The number in bold, unless what is bold is a label ('**Day 3:**'); of several, the one that the line ends up
    with, or else the last."""
    parts = text[start:end].split(BOLD)
    found: list[Number] = []
    at = end
    for index in range(len(parts) - 1, 0, -1):
        at -= len(parts[index])
        begin = at - 1 - len(parts[index - 1])
        label = parts[index - 1].rstrip().endswith(":") or parts[index].startswith(":")
        if index % 2 == 0 and not label and (number := first(text, begin, at - 1)):
            found.append(number)
            if len(found) == _MOST_IN_BOLD:
                break
        at -= 1
    if len(found) > 1:
        plain = text[start:end].replace(BOLD, "")
        meant = said(plain, 0, len(plain), by_sign=False)
        found = [number for number in found if meant and number.value == meant.value] or found
    return found[0] if found else None
