"""The quantity that begins right at a place, after words that only lead up to it: 'about $18', 'x = 18', '9 * 2 = 18'.

Knows no marker and no sentence's structure; what it can't read at once is left to `sentence.said`.
"""

import re

from tasks.numerals import BOLD, Number, numbers
from tasks.sentence import right_side, said
from tasks.steps import evaluate

SKIP = re.compile(
    rf"""
    (?: [\s{BOLD}:=>~(\[{{*_`"'|]
      | \\(?=[$])
      | (?:the|therefore|thus|then|hence|so|approximately|approx\.?|about|around|roughly|exactly|only|just
          |simply|equal[ ]to|a[ ]total[ ]of|rs\.?|usd|inr|eur|is)\b[.,]?
      | \$?[ ]?[a-z][a-z_]{{0,15}}[ ]?=(?!=)
    ){{0,12}}
    """,
    re.IGNORECASE | re.VERBOSE,
)
_MINUS = re.compile(r"(?:-|minus|negative) ", re.IGNORECASE)
_OPERATOR = re.compile(r"[-+*/x^]")
_CLAUSE = re.compile(r",\s|;|:\s|\b(?:because|since|as|so|which|where|when|if|and|given)\b", re.IGNORECASE)
_SUM_BEHIND = re.compile(
    r"(?: ?[*+] ?\$?[0-9]{1,15}(?:\.[0-9]{1,10})?){1,9}(?![0-9.]*[0-9])(?! ?[=*/^(-]|[xyzn]\b)"
)

# '120 seats times 3 halls, which equals 360'
_WORDED = re.compile(
    r" [a-z ]{0,30}\b(?:times|plus|minus|multiplied by|divided by)\b[^.!?\n]{1,60}?"
    r"(?:\b(?:equals?|gives|makes|giving|is)|, or) (?=[^.!?\n]*[0-9])"
)


def first(text: str, start: int, end: int) -> Number | None:
    """The quantity that begins right at `start`, an equation with its right side; else what the span says
    last."""
    return quantity(text, start, end) or said(text, start, end)


def quantity(text: str, start: int, end: int) -> Number | None:
    skipped = SKIP.match(text, start, end)
    begin = skipped.end() if skipped else start
    minus = None if "\n" in text[start:begin] else _MINUS.match(text, begin, end)
    begin = minus.end() if minus else begin
    first = next(numbers(text, begin, end), None)
    if first is None or first.start != begin or first.doubt in ("mark", "label", "term"):
        return None
    if minus:
        return Number(-first.value, minus.start(), first.end, "")
    equals = text.find("=", first.end, end)
    if equals >= 0:
        between = text[first.end : equals]
        if _OPERATOR.search(between) and not _CLAUSE.search(between):
            return right_side(text, first.end, end) or first
        return first
    if worded := _WORDED.match(text, first.end, end):
        return next(numbers(text, worded.end(), end), first)
    behind = _SUM_BEHIND.match(text, first.end, end)
    value = evaluate(f"{first.value}{behind[0].replace('$', '')}") if behind and first.value >= 0 else None
    return first if behind is None or value is None else Number(value, first.start, behind.end(), "")
