"""Which number a sentence ends up with: "She has 5 apples left out of 12" gives 5. Knows no marker and no task.

Mostly it is the last one. But a last number that only says for what, from what, when or why gives way to the one
before it, and the more readily when that one is what the working has just come to.
"""

import re
from itertools import pairwise

from tasks.adjunct import DETERMINERS, FAR, TOTAL, adjunct, first_of_list, first_of_reason, is_money
from tasks.numerals import BOLD, Number, is_algebra, numbers

_RECKONING = 120  # characters before a result in which the verb of its reckoning is looked for
_WORKED = 1_500  # characters of working in which its last equation is looked for

# With the working behind it, a loose sign is enough: a preposition, a purpose, a reason.
_LOOSE = re.compile(
    r"\b(?:(?:for|at|from|after|in|over|with|of|by|per|every|each|on|when|if|than|within|during|into|before|between"
    r"|across|beyond|until|against|and)"
    r"(?: [a-z]{1,12}ing)?"
    r"|to(?: [a-z]{1,12}){0,3}|[a-z]{1,12}ing"
    r"|(?:if|when|because|since|where|while|whereas|before|after|as)(?: [A-Za-z']{1,12}){1,6})"
    rf"{DETERMINERS}[ (]?$",
    re.IGNORECASE,
)
_ROUNDED = re.compile(
    r"\bround(?:s|ed|ing)?(?: (?:up|down|off|it|this|that)){0,2} to(?: [a-z]{1,10}){0,2} ?$", re.IGNORECASE
)
# 'To earn $30 she has to sell 6 cups': no purpose, but what is needed.
_BOUND = re.compile(
    r"\b(?:needs?|needed|ha[sd]|have|able|going|wants?|wanted|ought) to [a-z]{2,14}"
    r"(?: (?!(?:all|the|th[eo]se|his|her|their|both)\b)[a-z']{1,12}){0,2} [$(]?$"
)
# But not where the sentence goes on to another result.
_GOES_ON = re.compile(
    r"[.!?;]\s(?!since|because|as\b)|, so\b|'ll\b"
    r"|\b(?:thus|therefore|hence|meaning|means|thereby|making|leaving|giving|getting|round(?:s|ed|ing)?)\b"
    r"|\b(?:will|should|gets|gives)\b",
    re.IGNORECASE,
)
# A clause that only says why, what for, or what that is; behind '=' it has a result of its own.
_CLAUSE = re.compile(
    r"(?P<purpose>\b(?:in order (?:to|for)|so that(?! means?\b)|to make sure|to ensure|so as to)\b)"
    r"|\bby (?=[a-z]{2,14}ing\b)|, as (?=(?:the|there|he|she|it|they|each)\b)"
    r"|(?<!so)(?<!and)(?<!,) if (?=(?:the|your|you|he|she|they|it|each|all|there)\b)"
    r"|, which is (?=(?:how|what|when|why|the (?!same|total|sum|answer|final))\b"
    r"|(?:[^.\n]|[.](?=[0-9])){0,40} times (?:as|more|the)\b)"
    r"|(?P<rest>,? (?:and|with) (?=[^.\n]{0,60}\b(?:left over|leftover|to spare|left empty|extra)\b))"
    r"|, given (?=(?:an?|the|that|his|her|their)\b)|, or (?=[0-9.]{1,6} ?% of\b)"
)
# 'we add 9 feet and 40 feet to get 49 feet'; but nobody reckons in 'he eats 6 carrots to get 5 cookies'.
_RECKONED = re.compile(
    r"\b(?:add|subtract|multipl|divid|combin|sum|doubl|halv)[a-z]*\b[^.\n]{0,80}?"
    r" to (?:get|find|obtain|reach|give) (?:us )?$",
    re.IGNORECASE,
)
_NEEDS = re.compile(r"\b(?:needs?|buy|buys|order|orders|requires?|makes?|fills?)\b")
# Behind the last equals sign, a number of the same clause goes with the result: '= 14 records that the 5 brought in'.
_SAME_CLAUSE = re.compile(
    r"(?! ?[-+*/^])(?:(?!\b(?:so|then|thus|which|means?|making|leaving|giving|total|or|and|but|plus|to|in|for)\b)"
    r"[^.,;:=\n]|[.,](?=[0-9]))*"
)
_SENTENCE_END = re.compile(r"[.!?]\s")
# Without it, only what can hardly be the answer.
_REFUSED = re.compile(r"\b(?:not|instead of|rather than)(?: (?:the|just|about|only))? $", re.IGNORECASE)
# 'She has 18, since 9 + 9 = 18': an equation that closes the line as a reason repeats or checks what was said.
_REASON_LAST = re.compile(
    r"(?:,? (?:because|since|given that)|, as|\. This (?:makes sense|checks|works|is correct) (?:because|since|as)) "
    r"(?=[$(]?[0-9])(?P<why>(?:[^.!?;\n]|\.(?=[0-9])){1,160})[.!]?\s*$"
)
_WHOLE = re.compile(r"[A-Za-z '-]{0,50}(?:[:,] ?| — )(?:(?:with|of which|including|namely|that is) )?")
_BRACKET = re.compile(r"(?<=[A-Za-z]) \([^()=\n]{1,80}\)")
_MOST_PARTS = 12
_AND_PART = re.compile(r"(?: [A-Za-z'-]{1,14}){0,4}(?:, |,? and |; )")
_NEW_RESULT = re.compile(
    r"[.!?;]\s|\b(?:so|then|thus|which|means|leaving|leaves|gives?|making|makes?|total|left|or|but|is|are|was|were|ha[sd]"
    r"|have|will|would|can|could|needs?|gets?)\b"
)
_DEFINITE = re.compile(
    r"(?:^|[.!?,:]\s|\b(?:so|thus|hence|therefore|then) )(?:(?:each|all|every one|both) of )?"
    r"(?:the|these|those|all|both|all the) $|\bthe (?:remaining|whole|entire|full|same) $",
    re.IGNORECASE,
)


def said(text: str, start: int, end: int, by_sign: bool = True) -> Number | None:
    """The number a span of words ends up with. `by_sign`: a marker makes sure that what stands behind the last
    equals sign is meant."""
    if BOLD in text[start:end]:
        return _said_in_plain(text, start, end, by_sign)
    found = list(numbers(text, start, end))
    if is_algebra(text, found):
        return None
    found = [number for number in found if not number.doubt]
    if not found:
        return None
    found = [
        one for one in found if not _REFUSED.search(text, max(start, one.start - 30), one.start)
    ] or found
    right = right_side(text, start, end)
    if by_sign and right:
        return right
    if before := _before_bracket(text, found, end):
        found, end = before, before[-1].end
        right = right_side(text, start, end)
    if right and (right.doubt or _SAME_CLAUSE.fullmatch(text, right.end, found[-1].start)):
        return right
    if _RECKONED.search(text, max(start, found[-1].start - _RECKONING), found[-1].start):
        return found[-1]
    if len(found) > 1:
        found = _without_clause(text, end, found)
    if len(found) > 1:
        found = _without_reason(text, end, found)
    if len(found) > 2:
        found = _without_bracketed(text, found) or found
    if len(found) == 1:
        return found[0]
    return _whole(text, found, end) or _main(text, start, end, found)


def _said_in_plain(text: str, start: int, end: int, by_sign: bool) -> Number | None:
    """The same without the marks of bold, which would stand between the words of a pattern."""
    plain = text[start:end].replace(BOLD, "")
    meant = said(plain, 0, len(plain), by_sign)
    same = [number for number in numbers(text, start, end) if meant and number.value == meant.value]
    return same[-1] if same else None


def _without_clause(text: str, end: int, found: list[Number]) -> list[Number]:
    """The numbers before a closing clause that only says why, what for, or what that is."""
    ends = list(_SENTENCE_END.finditer(text, found[0].end, found[-1].start))
    begin = ends[-1].end() if ends else 0
    before = next((number for number in found if number.start >= begin), found[-1])
    clause = _CLAUSE.search(text, before.end, end)
    if clause is None or clause.start() > found[-1].start:
        return found
    if "=" in text[clause.end() : end] and " times " not in text[clause.end() : clause.end() + FAR]:
        return found
    if clause["rest"] and not _NEEDS.search(
        text, before.start - 40 if before.start > 40 else 0, clause.start()
    ):
        return found
    if not (clause["purpose"] or clause["rest"]) and _GOES_ON.search(text, clause.end(), found[-1].start):
        return found
    return [number for number in found if number.end <= clause.start()] or found


def right_side(text: str, start: int, end: int) -> Number | None:
    """The number behind the last equals sign."""
    at = text.rfind("=", start, end)
    if at < 0:
        return None
    return next((number for number in numbers(text, at + 1, end) if number.doubt in ("", "ordinal")), None)


def _main(text: str, start: int, end: int, found: list[Number]) -> Number:
    """The last number, unless it is only an adjunct to one before it in its sentence."""
    last = found[-1]
    for number in reversed(found):
        if _ROUNDED.search(text, max(start, number.start - FAR), number.start):
            return number
    near = max(start, last.start - FAR)
    firm = TOTAL.search(text, near, last.start)
    if not firm and _LOOSE.search(text, near, last.start) and not _BOUND.search(text, near, last.start):
        worked = right_side(text, max(0, start - _WORKED), last.start)
        for number in reversed(found[:-1]):
            if (
                worked
                and number.value == worked.value != last.value
                and ", or " not in text[number.end : last.start]
            ):
                if _GOES_ON.search(text, number.end, last.start):
                    break
                return number
    at = len(found) - 1
    while at > 0:
        first = first_of_list(text, found, first_of_reason(text, start, found, at))
        if first == 0 or not adjunct(text, start, end, found[first], found[first - 1]):
            break
        at = first - 1
    if _DEFINITE.search(text, max(start, found[at].start - 30), found[at].start):
        return last  # 'the 5 men': who they are was known, so it is not what was asked
    return found[at] if firm else _worked_out(text, start, end, found[: at + 1])


def _worked_out(text: str, start: int, end: int, found: list[Number]) -> Number:
    """The last number; but if the working above has it and came to one before it in the sentence, that one."""
    last = found[-1]
    if len(found) == 1 or "=" in text[start:end]:
        return last
    above = max(0, start - _WORKED)
    worked = right_side(text, above, start)
    if worked is None or worked.value == last.value:
        return last
    for number in reversed(found[:-1]):
        if number.value == worked.value:
            new = _NEW_RESULT.search(text, number.end, last.start)
            known = not new and any(last.value == one.value for one in numbers(text, above, start))
            return number if known else last
    return last


def _without_reason(text: str, end: int, found: list[Number]) -> list[Number]:
    """The numbers before such a reason; the one that its equation comes to, where there is one."""
    reason = _REASON_LAST.search(text, found[0].end, end)
    worked = right_side(text, reason.start(), end) if reason else None
    if reason is None or worked is None:
        return found
    said_before = [number for number in found if number.end <= reason.start()]
    if same := [number for number in said_before if number.value == worked.value]:
        return same[-1:]
    given = {number.value for number in found if number.start > reason.start()}
    return said_before if given & {number.value for number in said_before} else found


def _whole(text: str, found: list[Number], end: int) -> Number | None:
    """What the numbers that close a sentence add up to, if it says that first: 700 in '700 animals: 470 cows and 230
    chickens', $64 in '$64: $40 for 8 full ones and $24 for 8 others'."""
    if "=" in text[found[0].end : end]:
        return None
    for at in range(len(found) - 3, -1, -1):
        whole = found[at]
        if not _WHOLE.fullmatch(text, whole.end, found[at + 1].start):
            continue
        money = is_money(text, whole, end)
        parts = [part for part in found[at + 1 :] if is_money(text, part, end) is money]
        gaps = pairwise(found[at + 1 :]) if not money else ()
        listed = all(_AND_PART.fullmatch(text, one.end, other.start) for one, other in gaps)
        if listed and len(parts) > 1 and sum(part.value for part in parts) == whole.value:
            return whole
        if at < len(found) - _MOST_PARTS:
            return None
    return None


def _without_bracketed(text: str, found: list[Number]) -> list[Number]:
    """The numbers that stand in no bracket behind a word, as 240 does in '15 gallons (240 cups) in 30 days'."""
    start, end = found[0].end, found[-1].start
    brackets = [one.span() for one in _BRACKET.finditer(text, start, end)] if "(" in text[start:end] else []
    at, kept = 0, []
    for number in found:
        while at < len(brackets) and brackets[at][1] <= number.start:
            at += 1
        if at == len(brackets) or number.start < brackets[at][0]:
            kept.append(number)
    return kept


def _before_bracket(text: str, found: list[Number], end: int) -> list[Number]:
    """The numbers in front of a closing bracket of words, as in '18 dollars (9 at $2)'; none for a factor like '2 (9)',
    and none where no number of that sentence stands before it."""
    last = found[-1]
    bracket = text.rfind("(", found[0].end, last.start + 1)
    if bracket < 0 or ")" in text[bracket : last.start] or ")" not in text[last.end : end]:
        return []
    if text.startswith("=", bracket + 1) or text[:bracket].rstrip(" ")[-1:] in ("*", "/", "+", "-", "=", "^"):
        return []
    before = [number for number in found if number.end < bracket]
    return [] if not before or _SENTENCE_END.search(text, before[-1].end, bracket) else before
