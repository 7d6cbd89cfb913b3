"""Does a text without a marker give an answer at all, and where does it stop giving it and begin to explain?

Refusals, steps that are only announced, terms with an unknown and code that nobody ran give none. Knows words and code;
must not know which number is the answer.
"""

import re

from tasks.numerals import is_algebra, numbers

_DIGIT = re.compile(r"[0-9]")
# What follows only says how: an explanation runs to the end of the text.
_EXPLAINS = re.compile(
    r"(?:(?<=\n)|(?<=[.!\x02] ))[\s*_\x02#]{0,6}"
    r"(?:let me explain|here's (?:how|why|(?:the|my) (?:reasoning|explanation|working))|explanation\b[^\n.]{0,20}:)",
    re.IGNORECASE,
)
_EXPLAINS_HINTS = ("explain", "explanation", "here's")  # in lower case; a look is cheaper than a search
_DECLINES = re.compile(
    r"\b(?:cannot|can't|can not|could not|unable to|not possible to|impossible to) (?:be )?(?:accurately |directly )?"
    r"(?:determined?|calculated?|solved?|(?:know|tell|say) (?:how|what|the)|find (?:the|out)|answer (?:the|this))\b"
    r"|\b(?:i|we) (?:don't|do not) know\b|\binsufficient (?:information|data)\b|\berror occurred\b|\bno solution\b"
    r"|\b(?:does not|doesn't) make sense\b|\bneed to figure out\b|\"tool_call\""
    r"|(?:^|[.!?\n]\s{0,3})[\s*_\x02]{0,4}(?:the )?(?:final )?answer[\s*_\x02]{0,4}(?::|is|is:)[\s*_\x02]{0,4}"
    r"(?:no|none|nothing|unknown|undetermined|n/?a)\b[^0-9]*$",
    re.IGNORECASE,
)
# Work that is only announced.
_ANNOUNCES = re.compile(
    r"\W*(?:(?:so|now|then|next|finally|first)\b,? )?"
    r"(?:(?:we|i|you) (?:now |then )?(?:need|have|can|must|should) (?:now )?(?:to )?)?"
    r"(?:subtract|add|multiply|divide|calculate|find|determine|compute|simplify)\b"
    r"(?![^\n]*(?:=|\b(?:is|are|get|gives?|equals)\b))",
    re.IGNORECASE,
)
_DECLINES_HINTS = (
    "not",
    "n't",
    "unable",
    "impossible",
    "insufficient",
    "error",
    "no solution",
    "figure out",
    "answer",
    "tool_call",
)
_UNKNOWN = re.compile(r"[0-9](?: ?[-+] ?)?[xyzn](?![A-Za-z0-9])|\* ?\([A-Za-z]")
_NOT_ENOUGH = re.compile(r"(?:n't|not) enough (?:information|data)\b", re.IGNORECASE)
_TERM = re.compile(r"A: ?[0-9.,]{1,15} ?[+*] ?[A-Za-z]")  # A: 10 + John's age
_EQUATION = 120  # characters: a longer line is no equation, and would be matched in quadratic time
# One that nobody solved: 'x/303 = 28', '36/12 = x'.
_OPEN_EQUATION = re.compile(
    r"[^A-Za-z=]*(?:(?:[0-9)] ?[-+*/] ?[xyz]|[xyz] ?[-+*/] ?[0-9(]|[0-9][xyz])[^A-Za-z=]*=[^A-Za-z=]*"
    r"|[0-9)] ?[-+*/] ?[0-9(][^A-Za-z=]*= ?[xyz]\s*)$"
)
_CODE = re.compile(r"[ \t]*(?:return\b|print\(|def )|```$")


def last_sentence(line: str) -> int:
    """Where it begins."""
    return max(line.rfind(f"{stop} ", 0, -1) for stop in ".!?") + 1


def declined(text: str) -> bool:
    """Does the text close with the words that there is no answer, with a step that is yet to be taken, with a term that
    has an unknown in it, or with code that would have to be run?"""
    lines = text.rstrip().rsplit("\n", 2)
    last = lines[-1] if len(lines) < 2 or lines[-1].strip(" `") else lines[-2]
    if len(last) < _EQUATION and _OPEN_EQUATION.match(last):
        return True
    if _CODE.match(last) or _TERM.match(last) or _NOT_ENOUGH.search(last):
        return True
    if _UNKNOWN.search(last) and is_algebra(last, list(numbers(last))):
        return True
    sentence, folded = last_sentence(last), last.lower()
    refuses = any(hint in folded for hint in _DECLINES_HINTS) and _DECLINES.search(last, sentence)
    return bool(refuses or _ANNOUNCES.match(last, sentence))


def without_explanation(text: str) -> str:
    """The text up to where, after a number, it begins to explain."""
    folded = text.lower()
    if not any(hint in folded for hint in _EXPLAINS_HINTS):
        return text
    digit = _DIGIT.search(text)
    explains = _EXPLAINS.search(text, digit.start()) if digit else None
    return text[: explains.start()] if explains else text
