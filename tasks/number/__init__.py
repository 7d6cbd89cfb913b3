"""The extractor: which number is the answer in what a model wrote? Knows no task and no gold answer.

    read_number("9 * 2 = 18.\\n#### $18.00")  ->  Reading(value=Fraction(18), text="$18.00", rule="####")

README.md says by which rules. Time is linear in the length of the text, and no text makes it raise.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from proctor.tasks.number.answer_part import before_appendix, own_words
from proctor.tasks.number.markers import marked
from proctor.tasks.number.numerals import BOLD, Number, numbers
from proctor.tasks.number.sentence import stated_result
from proctor.tasks.number.units import in_other_units, last_in_words


@dataclass(frozen=True)
class Reading:
    """The number, the words it was read from and the rule that found it; `others`: what it is in other units."""

    value: Fraction
    text: str
    rule: str
    others: tuple[Fraction, ...] = ()

    def gives(self, gold: Fraction) -> bool:
        """Is this the number? '26 billion' gives both 26,000,000,000 and, where billions are asked for, 26; and
        '120 minutes, or 2 hours' gives 120 and 2."""
        return gold == self.value or gold in self.others


# No complete text ends like this: half a sum, an open bracket, a word that another must follow.
_BREAKS_OFF = re.compile(
    r"(?:(?<![:;])=|[0-9)%\]] ?[+/×÷-]|[0-9)%\]] [*]|(?<![:;=-])\(\$?|[^:]:|<<[^>]*"
    r"|\b(?:the|and|because|than|their|plus|minus|answer is|(?:for|is|into|of|with) an?))\s*\Z"
)
_CANNOT = r"(?:cannot|can't|can not|could not|couldn't|(?:un|not |im)(?:able|possible) to)"
_DECLINES = re.compile(
    rf"(?i)(?:\b(?:i|we|it|this|that)(?:'m|'s| am| are| is)? {_CANNOT} (?:be )?[a-z ]{{0,20}}"
    r"(?:determine|calculate|solve|know|tell|say|find (?:the|an|out)|answer|help|assist)"
    rf"|\b{_CANNOT} be (?:determined|calculated|solved|known|answered)|\b(?:i|we) give up\b"
    r"|\b(?:i|we) (?:don't|do not) know\b|(?:insufficient|(?:not|n't)(?: have)? enough) (?:information|data)\b"
    r"|\bno way (?:to|of) (?:tell|know|say)|\bunanswerable\b|\bno se puede (?:determinar|saber)\b"
    r"|\bno (?:lo )?sé\b|\bich wei(?:ß|ss) (?:es )?nicht\b|\bje ne sais pas\b"
    r"|\bno idea\b|\bnot (?:sure|certain) (?:what|which|how)\b|\A\W*(?:n/a|no answer|unknown|undetermined)\W*\Z"
    r"|不知道|无法(?:确定|求解|回答))(?!.*\bbut\b)"
)
_OFFERS = re.compile(r"\b(?:tell me|if you)\b[^0-9]*:\Z", re.IGNORECASE)
_UNIT = re.compile(r" ?%| [a-z]{1,12}")
_WORKED_OUT = re.compile(r"[-=+*/] ?\Z")
_OR = re.compile(
    r"(?i)(?P<unit>(?: ?%| (?!and/|y/)[a-z]{1,12})?)[^\w\n]{0,3}(?:\b(?:(?:and|y)/)?(?:or|oder|ou|o)\b|或者?)"
    r"(?: (?:maybe|possibly|perhaps|about|even))?(?:[^\w\n]|\\boxed){0,8}"
)
_OR_WORD = re.compile(r"(?i)\bo(?:r|der|u)?\b|或")
# Behind the number of a marker: '18-20', '18 to 20', and in a box '18, 17'.
_RANGE = re.compile(r"(?:-| to )\$?[0-9]+(?![0-9]| ?(?:decimal|d\.?p|signif))| ?, ?\$?[0-9.]+ ?\}")
_BETWEEN = re.compile(r"\bbetween [^0-9\n]{0,3}[0-9][0-9.,]{0,20} (?:[a-z]{1,12} )?and \Z", re.IGNORECASE)


def read_number(text: str) -> Reading | None:
    """The number that `text` gives as its answer; None when it gives none."""
    text = own_words(text)
    number, rule = marked(text) or (None, "last number")
    if rule == "last number" and not _gives_none(text):
        number = stated_result(before_appendix(text)) or last_in_words(text)
    if number is None:
        return None
    restated = in_other_units(text, number)
    ranges = _RANGE.match(text, number.end) if rule != "last number" else None
    ranges = ranges or _BETWEEN.search(text[max(0, number.start - 60) : number.start])
    if restated is number and (ranges or _is_one_of_two(text, number)):
        return None
    words = " ".join(text[restated.start : restated.end].replace(BOLD, " ").split())
    return Reading(restated.value, words, rule, restated.others)


def _gives_none(text: str) -> bool:
    """Does the text visibly break off, or say in its last sentence that it has no answer?"""
    end = text.rstrip()[-200:]
    last = re.split(r"[.!?]\s|\n", end.rstrip(".!? "))[-1]
    return bool(_DECLINES.search(last) or (_BREAKS_OFF.search(end) and not _OFFERS.search(last)))


def _is_one_of_two(text: str, number: Number) -> bool:
    """Is it one of two different numbers between which the text does not decide?"""
    start, end = max(0, number.start - 40), number.end + 40
    if not _OR_WORD.search(text, start, end):  # most texts; to read the numbers takes ten times as long
        return False
    for one, other in pairwise(numbers(text, start, end)):
        if number.start not in (one.start, other.start) or one.value == other.value:
            continue
        between = _OR.fullmatch(text, one.end, other.start)
        if between is None or _WORKED_OUT.search(text, max(0, one.start - 3), one.start):
            continue
        unit = _UNIT.match(text, other.end)
        behind = unit[0].strip() if unit else ""
        if behind == between["unit"].strip() or (not between["unit"] and behind != "%"):
            return True
    return False
