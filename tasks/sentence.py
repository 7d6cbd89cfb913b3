"""Which number a sentence ends up with: "She has 5 apples left out of 12" gives 5. Knows no marker and no task.

Mostly it is the last one. But a last number that only says for what, from what, when or why gives way to the one
before it, and the more readily when that one is what the working has just come to.
"""

import re

from tasks.numerals import Number, numbers

_FAR = 60  # characters in front of a number that are looked at
_WORKED = 1_500  # characters of working in which its last equation is looked for

_DETERMINERS = (
    r"(?:[ ](?:the|her|his|their|its|our|your|my|all|both|of|those|these|that|this|a|an|another|about|only|up|out|just"
    r"|next|last|first|other|extra|additional|approximately|every|each)){0,4}"
)
# With the working behind it, a loose sign is enough: a preposition, a purpose, a reason.
_LOOSE = re.compile(
    r"\b(?:(?:for|at|from|after|in|over|with|of|by|per|every|each|on|when|if|than|within|during|into|before|between"
    r"|across|beyond|until|against|and)"
    r"(?: [a-z]{1,12}ing)?"
    r"|to(?: [a-z]{1,12}){0,3}|[a-z]{1,12}ing"
    r"|(?:if|when|because|since|where|while|whereas|before|after|as|so)(?: [A-Za-z']{1,12}){1,6})"
    rf"{_DETERMINERS}[ (]?$",
    re.IGNORECASE,
)
_ROUNDED = re.compile(
    r"\bround(?:s|ed|ing)?(?: (?:up|down|off|it|this|that)){0,2} to(?: [a-z]{1,10}){0,2} ?$", re.IGNORECASE
)
# Without it, only what can hardly be the answer.
_REASON = re.compile(
    r"\b(?:because|since|if|when|unless|until|whereas|while|before|after|given that|as long as)\b"
    r"(?:[^,.;:=]|\.(?=[0-9])){0,50}$",
    re.IGNORECASE,
)
_COMPARED = re.compile(r" ?[<>] ?| (?:is|are) (?:more|less|greater|smaller|higher|bigger) than ")
_PART = re.compile(
    r"\b(?:out of|than|from|by [a-z]{2,12}ing|of(?= (?:the|her|his|their|those|these|its|our)\b))\b[^,.;:=]{0,20}$",
    re.IGNORECASE,
)
_PACKS = re.compile(r"[0-9] [a-z]{2,14} (?:of|at) $", re.IGNORECASE)  # 4 packs of 10, 9 eggs at $2
_FOR = re.compile(rf"\bfor(?: [a-z]{{1,12}}ing| buying)?{_DETERMINERS} ?$", re.IGNORECASE)
_IN_TIME = re.compile(rf"\b(?:in|over|during|within|across){_DETERMINERS} $", re.IGNORECASE)
_PURPOSE = re.compile(
    r"(?P<before>[A-Za-z]{1,14}) to "
    r"(?!(?:the|an?|his|her|their|its|one|each|all|another|be|have|give|leave|become|make(?! it))\b)"
    r"[a-z]{2,14}(?: [A-Za-z']{1,14}){0,5} $"
)
_BOUND_TO = re.compile(
    r"(?:needs?|needed|ha[sd]|have|having|able|going|wants?|wanted|used|ought|decided|decides|managed|manages|got"
    r"|supposed|likely"
    r"|plans?|planned|tr(?:y|ies|ied)|ready|possible|required|expects?|expected|enough|is|are|was|were|will|gets?)",
    re.IGNORECASE,
)
_LABELLED = re.compile(
    r"\b(?:Grades?|Districts?|Days?|Weeks?|Years?|Rooms?|Chapters?|Pages?|Groups?|Sections?|Class) $"
)
_MONEY_AFTER = re.compile(r" ?(?:dollars?|cents?|euros?|pounds?|bucks?|usd)\b", re.IGNORECASE)
_TIME_AFTER = re.compile(
    r"[ -]?(?:more |full |whole |straight )?(?:seconds?|minutes?|mins?|hours?|days?|nights?|weeks?|weekends?|months?"
    r"|quarters?|years?|decades?|trips?|rounds?|sessions?|turns?|times)\b",
    re.IGNORECASE,
)
_AGO = re.compile(r" (?:[a-z]{3,8}) (?:ago|later|earlier|from now|before that)\b")
_ADJECTIVE = re.compile(r"-[a-z]{2,12} [a-z]")  # the 600-meter race, 18-inch lengths
_BILLS = re.compile(r"[0-9] $")  # 2 $10 bills
_NEW_SENTENCE = re.compile(
    r"[.!?;:]\s|,\s(?!(?:because|since|when|while|where|whereas|if)\b)|=|\b(?:so|then|thus|which|means|meaning)\b"
)
_LISTED = re.compile(r"(?: [a-z'-]{1,14}){1,4}(?:, | and |, and )(?:the )?")
_TOTAL = re.compile(
    r"\b(?:total|sum|average|mean|result|answer|amount|balance|cost|price) of(?: about| only)? $",
    re.IGNORECASE,
)
_NEW_CLAUSE = re.compile(
    r"\b(?:is|are|was|were|be|will|would|can|could|ha[sd]|have|needs?|gets|gives|leaves|makes|leaving|making|giving)\b"
)
_SUBJECT = re.compile(r"(?:^|[.!?:,]\s|\b(?:so|thus|hence|therefore|then|that|means) )$", re.IGNORECASE)
_DEFINITE = re.compile(
    r"(?:^|[.!?,:]\s|\b(?:so|thus|hence|therefore|then) )(?:the|these|those|all|both|all the) $",
    re.IGNORECASE,
)


def said(text: str, start: int, end: int, by_sign: bool = True) -> Number | None:
    """The number a span of words ends up with. `by_sign`: a marker makes sure that what stands behind the last
    equals sign is meant."""
    found = [number for number in numbers(text, start, end) if not number.doubt]
    if not found:
        return None
    if by_sign and (right := right_side(text, start, end)):
        return right
    if len(found) == 1:
        return found[0]
    return _before_bracket(text, found, end) or _main(text, start, end, found)


def right_side(text: str, start: int, end: int) -> Number | None:
    """The number behind the last equals sign."""
    at = text.rfind("=", start, end)
    if at < 0:
        return None
    return next((number for number in numbers(text, at + 1, end) if not number.doubt), None)


def _main(text: str, start: int, end: int, found: list[Number]) -> Number:
    """The last number, unless it is only an adjunct to one before it in its sentence."""
    last = found[-1]
    near = max(start, last.start - _FAR)
    firm = _ROUNDED.search(text, near, last.start) or _TOTAL.search(text, near, last.start)
    if not firm and _LOOSE.search(text, near, last.start):
        worked = right_side(text, max(0, start - _WORKED), last.start)
        for number in reversed(found[:-1]):
            if worked and number.value == worked.value:
                return number
    at = len(found) - 1
    while at > 0:
        first = _first_of_list(text, found, _first_of_reason(text, start, found, at))
        if first == 0 or not _adjunct(text, start, end, found[first], found[first - 1]):
            break
        at = first - 1
    if _DEFINITE.search(text, max(start, found[at].start - 30), found[at].start):
        return last  # 'the 5 men': who they are was known, so it is not what was asked
    return found[at]


def _first_of_list(text: str, found: list[Number], at: int) -> int:
    """Where the list begins that a number closes, as 3 does for 6 in 'for 3 buns, 2 pies and 6 cakes'."""
    last = at
    while at > 0 and found[at].start - found[at - 1].end < _FAR:
        between = text[found[at - 1].end : found[at].start]
        if not _LISTED.fullmatch(between) or (at == last and not between.endswith(("and ", "and the "))):
            break
        at -= 1
    return at


def _first_of_reason(text: str, start: int, found: list[Number], at: int) -> int:
    """Where the numbers of a reason begin, as 404 does for 400 in 'because 404 > 400'."""
    reason = _REASON.search(text, max(start, found[at].start - _FAR), found[at].start)
    while reason and at > 0 and found[at - 1].start > reason.start():
        between = text[found[at - 1].end : found[at].start]
        given = reason[0].startswith(("because", "since")) and not _NEW_SENTENCE.search(between)
        if not given and not _COMPARED.fullmatch(between):
            break
        at -= 1
    return at


def _adjunct(text: str, start: int, end: int, number: Number, before: Number) -> bool:
    """Does `number` only say for what, from what, when or why `before` is so?"""
    if _TOTAL.search(text, max(start, number.start - 30), number.start):
        return False
    if _NEW_SENTENCE.search(text, before.end, number.start) or _ADJECTIVE.match(text, before.end, end):
        return False
    begin = max(start, before.end, number.start - _FAR)
    if _REASON.search(text, begin, number.start) or _LABELLED.search(text, begin, number.start):
        return True
    if _NEW_CLAUSE.search(text, before.end, number.start):
        return False
    if _PART.search(text, begin, number.start) or _PACKS.search(text, before.end - 1, number.start):
        return True
    if _ADJECTIVE.match(text, number.end, end) or _BILLS.search(text, before.end - 1, number.start):
        return True
    if _SUBJECT.search(text, max(start, before.start - 20), before.start):
        return False
    if _FOR.search(text, begin, number.start):
        return _is_money(text, before, end) or not _is_money(text, number, end)
    if _TIME_AFTER.match(text, number.end, end) and (
        _IN_TIME.search(text, begin, number.start) or _AGO.match(text, number.end, end)
    ):
        return True
    purpose = _PURPOSE.search(text, begin, number.start)
    return purpose is not None and not _BOUND_TO.fullmatch(purpose["before"])


def _is_money(text: str, number: Number, end: int) -> bool:
    return any(sign in text[number.start : number.end] for sign in "$£€¥₹") or bool(
        _MONEY_AFTER.match(text, number.end, end)
    )


def _before_bracket(text: str, found: list[Number], end: int) -> Number | None:
    """The last number in front of a closing bracket of words, as in '18 dollars (9 at $2)'; not a factor like
    '2 (9)'."""
    last = found[-1]
    bracket = text.rfind("(", found[0].end, last.start + 1)
    if bracket < 0 or ")" in text[bracket : last.start] or ")" not in text[last.end : end]:
        return None
    if text.startswith("=", bracket + 1) or text[:bracket].rstrip(" ")[-1:] in ("*", "/", "+", "-", "=", "^"):
        return None
    return next((number for number in reversed(found) if number.end < bracket), None)
