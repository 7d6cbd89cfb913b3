"""The answer of a text that marks none: the last line with a number that can be one. Knows no marker and no task.

Notes, checks and offers come after the answer, and so do the parts of a whole that was just given; what is in bold goes
before what is not.
"""

import re
from fractions import Fraction

from tasks.declined import last_sentence
from tasks.numerals import BOLD, Number, numbers
from tasks.quantity import first
from tasks.sentence import right_side, said
from tasks.spelled import every_spelled, last_spelled
from tasks.steps import evaluate

_DIGIT = re.compile(r"[0-9]")
_ITEM = re.compile(
    rf"[ \t]*(?:[-*+\u2022][ \t]|(?!A:|(?i:final )?(?i:answer)\b)[{BOLD}A-Za-z][^\n:0-9=]{{0,40}}:)"
)
_LONGEST_LIST = 12
_WORKING = 600  # characters above a sentence in which its result is looked for
_MOST_IN_BOLD = 8
_CONCLUDES = re.compile(
    rf"[\s*{BOLD}]{{0,4}}(?:so|thus|therefore|hence|this means|that means|altogether|in total|in all)\b",
    re.IGNORECASE,
)
# A sum of three numbers or more, or one with brackets: '5 + 3 * 12.'; two could be a range, or two times.
_UNWORKED = re.compile(
    r"(?<= )((?:[(]?[$]?[0-9][0-9,.]{0,15}[)]{0,2} [-+*/] ){2,12}"
    r"[(]?[$]?[0-9](?:[0-9,.]{0,15}[0-9])?[)]{0,2})[.]?\s*$"
)
_CUT_NUMBER = re.compile(r"[$]?[0-9][0-9,]{0,15},\s*\Z")  # '$17,' of $17,500
_BULLET = re.compile(r"[ \t]*[-*+\u2022][ \t]")
_TOTAL = re.compile(r"=[ ]?([$]?[0-9][0-9,.]*)[^=\n]*$")
_TOTALS = re.compile(r"\b(?:total|altogether|in all)\b", re.IGNORECASE)
_ONE_MORE = re.compile(r"\b(?:just|only) one\b|\bone more\b", re.IGNORECASE)
_TIMES = {"once": 1, "twice": 2, "thrice": 3, "none": 0, "nothing": 0}
_OFTEN = re.compile(r"\b(once|twice|thrice|(?:none|nothing)(?= left))(?: left)?[.!]?\s*$", re.IGNORECASE)
_DEFINITE = re.compile(r"\b(?:the|these|those|both|all|his|her|their|its|other) $", re.IGNORECASE)
_ASIDE = re.compile(
    rf"[\s*_({BOLD}>{{\\it-]{{0,10}}"
    r"(?:(?:note|confidence|check|verification|disclaimer|hint|source|tip|remark)\b[^\n]{0,3}:"
    r"|at [^\n.]{0,40}\b(?:per|an?|each) [a-z]+, (?:that|this|it) would"
    r"|(?:i hope|let me know|feel free|if you (?:have|need|want|would|mean|meant|count|interpret)|good luck|great job"
    r"|if [^\n]{0,60}\b(?:was|were|is) (?:read|meant|taken|interpreted)|note that|please note|this makes sense"
    r"|you can (?:verify|check)|alternatively, if"
    r"|(?:let me|let's|we can|to|i'll) (?:double-?)? ?(?:check|verify|confirm)"
    r"(?![^\n]{0,300}\b(?:so|thus|therefore|actually|wrong|mistake|correction|should be)\b))\b)",
    re.IGNORECASE,
)
_CHECKED = re.compile(
    r"(?<=[.!])\W{1,6}(?:to (?:double-?)?(?:check|verify)|double-?check|check|verification|feel free|good luck|i hope"
    r"|let me know|i'm here)\b",
    re.IGNORECASE,
)
# 'So she owes $220. If she paid on, it would take 2 more months.'
_HYPOTHETICAL = re.compile(r"(?<=[.!]) If\b")
_ASKS = re.compile(
    rf"[\s*{BOLD}]{{0,6}}(?:would|do|does|did|shall|should|can|could|may|will|how|what|which|who|want|need|is|are|any)\b",
    re.IGNORECASE,
)
_SENTENCE_BEFORE = re.compile(r".*[.!](?=\s)")


def unmarked(text: str) -> tuple[Number, str] | None:
    """The answer in the last line that has a number which can be one; notes and checks come after it."""
    second_best = None
    cut = _CUT_NUMBER.search(text, max(0, len(text) - 60))
    end = cut.start() if cut else len(text)
    while end > 0:
        start = text.rfind("\n", 0, end) + 1
        if _DIGIT.search(text, start, end):
            aside = _ASIDE.match(text, _first_of_quote(text, start), end)
            stop = _without_asides(text, start, end)
            if not aside and (found := _whole_of_lines(text, start, stop)):
                return found, "sum of the lines below"
            if not aside and (found := _in_bold(text, start, stop)):
                return found, "bold"
            if not aside and (found := _bold_item_above(text, start, stop)):
                return found, "bold"
            if not aside and (found := _concluded(text, start + _last_clause(text[start:stop]), stop)):
                return found, "number in words"
            if not aside and (found := _unworked(text, start, stop)):
                return found, "sum"
            if not aside and (found := said(text, start, stop, by_sign=False)):
                return _not_a_part(text, start, end, found), "last number"
            doubtful = [
                number
                for number in numbers(text, start, end)
                if number.doubt not in ("mark", "label", "term")
            ]
            second_best = second_best or next(reversed(doubtful), None)
        elif second_best is None and (found := _concluded(text, start, end)):
            return found, "number in words"
        end = start - 1
    if second_best is None:
        in_words = last_spelled(text)
        return (in_words, "number in words") if in_words else None
    return second_best, "last number"


def _unworked(text: str, start: int, end: int) -> Number | None:
    """The worth of a sum that closes the line without its result: 'The cost is 5 + 3 * 12.'"""
    if "=" in text[start:end]:
        return None
    open_sum = _UNWORKED.search(text, start, end)
    value = evaluate(open_sum[1].replace("$", "").replace(",", "")) if open_sum else None
    return Number(value, open_sum.start(1), open_sum.end(1), "") if open_sum and value is not None else None


def _last_clause(line: str) -> int:
    """Where what it concludes begins: its last sentence, or what stands behind ', so'."""
    line = line.rstrip()
    so = line.rfind(", so ")
    return max(last_sentence(line), so + 1 if so >= 0 else 0)


def _concluded(text: str, start: int, end: int) -> Number | None:
    """'So she needs three boxes.' below 110 / 50 = 2.2: the one number in words of a last line that concludes."""
    if not _CONCLUDES.match(text, start, end):
        return None
    often = _OFTEN.search(text, start, end)
    if _DIGIT.search(text, start, end) and not (often and _TIMES[often[1].lower()] == 0):
        return _result_in_words(text, start, end)
    if often:
        return Number(Fraction(_TIMES[often[1].lower()]), often.start(1), often.end(1), "")
    found = [
        number
        for number in every_spelled(text, start, end)
        if number.value > 1 and not _DEFINITE.search(text, max(start, number.start - 10), number.start)
    ]
    if not found and (one := _ONE_MORE.search(text, start, end)):
        return Number(Fraction(1), one.start(), one.end(), "")
    return found[0] if len(found) == 1 else None


def _result_in_words(text: str, start: int, end: int) -> Number | None:
    """Of a sentence with digits the number in words, if it is what was just worked out, and no digits say it too."""
    in_words = every_spelled(text, start, end)
    worked = right_side(text, max(0, start - _WORKING), start) if in_words else None
    if worked is None or any(number.value == worked.value for number in numbers(text, start, end)):
        return None
    return next((number for number in in_words if number.value == worked.value > 1), None)


def _bold_item_above(text: str, start: int, end: int) -> Number | None:
    """Of a list whose last item is plain, the number of the one item in bold."""
    bold: list[Number] = []
    for _ in range(_LONGEST_LIST):
        if not _BULLET.match(text, start, end):
            break
        if found := _in_bold(text, start, end):
            bold.append(found)
        if start == 0:
            break
        end = start - 1
        start = text.rfind("\n", 0, end) + 1
    return bold[0] if len(bold) == 1 else None


def _not_a_part(text: str, start: int, end: int, found: Number) -> Number:
    """The number; but if it only repeats a part of the total in the line above, that total."""
    line = _line_above(text, start)
    total = _TOTAL.search(text, *line) if line else None
    if line is None or total is None or "=" in text[start:end] or _CONCLUDES.match(text, start):
        return found
    if not _TOTALS.search(text, *line):
        return found
    worked = next(numbers(text, total.start(1), line[1]), None)
    parts = {number.value for number in numbers(text, line[0], total.start())}
    return worked if worked and found.value in parts and found.value != worked.value else found


def _first_of_quote(text: str, start: int) -> int:
    """Where the block of '>' lines begins that a line belongs to; else the line's own beginning."""
    for _ in range(_LONGEST_LIST):
        above = text.rfind("\n", 0, max(0, start - 1)) + 1
        if not start or not text.startswith(">", start) or not text.startswith(">", above):
            break
        start = above
    return start


def _line_above(text: str, start: int) -> tuple[int, int] | None:
    end = len(text[:start].rstrip())
    return (text.rfind("\n", 0, end) + 1, end) if end else None


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
    if checked is None and _CONCLUDES.match(text, start, end):
        checked = _HYPOTHETICAL.search(text, start, end)
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
