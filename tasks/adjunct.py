"""Does a number of a sentence only say for what, from what, when or why another is so? In "$18 for 9 eggs" the 9 does.

Knows words that stand around numbers; must not know which number is the answer.
"""

import re

from tasks.numerals import Number

FAR = 60  # characters in front of a number that are looked at

DETERMINERS = (
    r"(?:[ ](?:the|her|his|their|its|our|your|my|all|both|of|those|these|that|this|a|an|another|about|only|up|out|just"
    r"|next|last|first|other|extra|additional|approximately|every|each)){0,4}"
)

_REASON = re.compile(
    r"\b(?:because|since|if|when|unless|until|whereas|while|before|after|given that|assuming|as long as)\b"
    r"(?:[^,.;:=]|\.(?=[0-9])){0,50}$",
    re.IGNORECASE,
)
_COMPARED = re.compile(r" ?[<>] ?| (?:is|are) (?:more|less|greater|smaller|higher|bigger) than ")
_PART = re.compile(
    r"\b(?:out of|than|from|by the end of|at an? (?:[a-z]+ )?(?:average|rate|speed) of|by [a-z]{2,12}ing"
    r"|of(?= (?:the|her|his|their|those|these|its|our)\b))\b[^,.;:=]{0,20}$",
    re.IGNORECASE,
)
_PACKS = re.compile(
    r"[0-9] [a-z]{2,14}(?: of [a-z]{2,14})? (?:of|at) $", re.IGNORECASE
)  # 4 packs of 10, 9 eggs at $2
_FOR = re.compile(rf"\bfor(?: [a-z]{{1,12}}ing| buying)?{DETERMINERS} ?$", re.IGNORECASE)
_IN_TIME = re.compile(rf"(?<!put )\b(?:in|over|during|within|across){DETERMINERS} $", re.IGNORECASE)
_PURPOSE = re.compile(
    r"(?P<before>[A-Za-z]{1,14}) to "
    r"(?!(?:the|an?|his|her|their|its|one|each|all|another|be|have|give|leave|become|make(?! it))\b)"
    r"[a-z]{2,14}(?: [A-Za-z']{1,14}){0,5} $"
)
_TOWARD = re.compile(
    r"(?P<before>[A-Za-z]{1,14}) to (?:have )?[a-z]{2,12} a total of $"
)  # 7 weeks to save a total of
_CLOCK = re.compile(r"(?::[0-5][0-9])? ?(?:[ap]\.?m\b)", re.IGNORECASE)
_UNTIL = re.compile(r" ?(?:[ap]\.?m\.?)? ?(?:to|until|till|and|-) ?", re.IGNORECASE)
_THAN_THEN = re.compile(r"\bthan (?:it|they|he|she) (?:was|were|is|are) (?:at )?$")
_AT_TIME = re.compile(r"\b(?:at|from|to|until|till|between|by|and) $")
_BOUND_TO = re.compile(
    r"(?:needs?|needed|ha[sd]|have|having|able|going|wants?|wanted|used|ought|decided|decides|managed|manages|got"
    r"|supposed|likely"
    r"|plans?|planned|tr(?:y|ies|ied)|ready|possible|required|expects?|expected|enough|is|are|was|were|will|gets?)",
    re.IGNORECASE,
)
_LABELLED = re.compile(
    r"\b(?:[Gg]rades?|Districts?|Days?|Weeks?|Years?|Rooms?|[Cc]hapters?|Pages?|Groups?|Sections?|Class|[Aa]ges) $"
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
_APPOSED = re.compile(r", (?:only |just )?$")
_COMPARES = re.compile(
    r" ?% of\b| of (?:them|these|those|which)\b"
    r"|(?: [a-z]{1,12}){0,3} (?:less|more|fewer|younger|older|shorter|taller|longer) than\b"
)
_WHO = re.compile(r",? (?:who (?:has|had|is|was|got|gets)|of which(?: about| only)?) $")
_INCLUDING = re.compile(
    r"\b(?:including|excluding|compared (?:to|with)|versus|vs\.?)\b[^,.;:=]{0,20}$", re.IGNORECASE
)
_KNOWN = re.compile(
    r"\b(?:on|for|with|in|at|by|over|of|across|among|between) (?:all (?:of )?)?"
    r"(?:the|these|those|both|her|his|their|its) $"
)
_AT = re.compile(r"\bat (?:a rate of )?$")
_EACH = re.compile(r" ?(?:/|per |each\b|apiece\b|an? )")
_CAN_BUY = re.compile(r"\b(?:can|could|able to) (?:buy|afford|purchase|get)(?: [a-z]{1,12}){0,2} $")
_FOR_MONEY = re.compile(r"\b(?:for|with|at|from)(?: (?:the|his|her|their|a total of))? $")
_WITH = re.compile(r"\bwith $")
_LEFT = re.compile(r"(?: [a-z]{1,12}){0,2} (?:left|remaining|to spare|over|change)\b")
_NEW_SENTENCE = re.compile(
    r"[.!?;:]\s|,\s(?!(?:because|since|assuming|when|while|where|whereas|if)\b)|=|\b(?:so|then|thus|which|means|meaning)\b"
)
_LISTED = re.compile(r"(?: [a-z'-]{1,14}){1,4}(?:, | and |, and )(?:the )?")
TOTAL = re.compile(
    r"(?<!of a )(?<!at an )\b(?:total|sum|average|mean|result|answer|amount|balance|cost|price) of(?: about| only)? $",
    re.IGNORECASE,
)
_NEW_CLAUSE = re.compile(
    r"\b(?:is|are|was|were|be|will|would|can|could|ha[sd]|have|needs?|gets|gives|leaves|makes|leaving|making|giving)\b"
)
_SUBJECT = re.compile(r"(?:^|[.!?:,]\s|\b(?:so|thus|hence|therefore|then|that|means) )$", re.IGNORECASE)


def first_of_list(text: str, found: list[Number], at: int) -> int:
    """Where the list begins that a number closes, as 3 does for 6 in 'for 3 buns, 2 pies and 6 cakes'."""
    last = at
    while at > 0 and found[at].start - found[at - 1].end < FAR:
        between = text[found[at - 1].end : found[at].start]
        clocks = _is_clock(text, found[at]) and _is_clock(text, found[at - 1])
        if between in ("-", "") or (clocks and _UNTIL.fullmatch(between)):  # grades 4-7, from 1 PM to 5 PM
            at -= 1
            continue
        if not _LISTED.fullmatch(between) or (at == last and not between.endswith(("and ", "and the "))):
            break
        at -= 1
    return at


def first_of_reason(text: str, start: int, found: list[Number], at: int) -> int:
    """Where the numbers of a reason begin, as 404 does for 400 in 'because 404 > 400'."""
    reason = _REASON.search(text, max(start, found[at].start - FAR), found[at].start)
    while reason and at > 0 and found[at - 1].start > reason.start():
        between = text[found[at - 1].end : found[at].start]
        given = reason[0].startswith(("because", "since")) and not _NEW_SENTENCE.search(between)
        if not given and not _COMPARED.fullmatch(between):
            break
        at -= 1
    return at


def adjunct(text: str, start: int, end: int, number: Number, before: Number) -> bool:
    """Does `number` only say for what, from what, when or why `before` is so?"""
    toward = _TOWARD.search(text, max(start, number.start - FAR), number.start)
    if toward and not _BOUND_TO.fullmatch(toward["before"]):
        return True
    if TOTAL.search(text, max(start, number.start - 30), number.start):
        return False
    begin = max(start, before.end, number.start - FAR)
    if _WHO.search(text, begin, number.start) or _INCLUDING.search(text, begin, number.start):
        return True
    if _APPOSED.search(text, begin, number.start) and _COMPARES.match(text, number.end, end):
        return True
    if _NEW_SENTENCE.search(text, before.end, number.start) or _ADJECTIVE.match(text, before.end, end):
        return False
    if _REASON.search(text, begin, number.start) or _LABELLED.search(text, begin, number.start):
        return True
    if _THAN_THEN.search(text, begin, number.start):
        return True
    if _NEW_CLAUSE.search(text, before.end, number.start):
        return False
    if _PART.search(text, begin, number.start) or _PACKS.search(text, before.end - 1, number.start):
        return True
    if _AT_TIME.search(text, begin, number.start) and _is_clock(text, number) and not _is_clock(text, before):
        return True
    if _KNOWN.search(text, begin, number.start) or _is_price(text, start, end, number, before):
        return True
    if _ADJECTIVE.match(text, number.end, end) or _BILLS.search(text, before.end - 1, number.start):
        return True
    if _SUBJECT.search(text, max(start, before.start - 20), before.start):
        return False
    if _FOR.search(text, begin, number.start):
        return is_money(text, before, end) or not is_money(text, number, end)
    if _TIME_AFTER.match(text, number.end, end) and (
        _IN_TIME.search(text, begin, number.start) or _AGO.match(text, number.end, end)
    ):
        return True
    purpose = _PURPOSE.search(text, begin, number.start)
    return purpose is not None and not _BOUND_TO.fullmatch(purpose["before"])


def _is_price(text: str, start: int, end: int, number: Number, before: Number) -> bool:
    """'$144 with 12 gallons', '$144 at $12 per gallon': of money, the first is what it comes to. And of goods it is
    how many: 'can buy 69 for $3.45'."""
    if not is_money(text, before, end):
        could = _CAN_BUY.search(text, max(start, before.start - 40), before.start)
        return bool(could and _FOR_MONEY.search(text, before.end, number.start)) and is_money(
            text, number, end
        )
    if _AT.search(text, before.end, number.start):
        return bool(_EACH.match(text, number.end, end))
    goods = _WITH.search(text, before.end, number.start) and not is_money(text, number, end)
    return bool(goods) and not _LEFT.match(text, number.end, end)


def _is_clock(text: str, number: Number) -> bool:
    return ":" in text[number.start : number.end] or bool(_CLOCK.match(text, number.end))


def is_money(text: str, number: Number, end: int) -> bool:
    return any(sign in text[number.start : number.end] for sign in "$£€¥₹") or bool(
        _MONEY_AFTER.match(text, number.end, end)
    )
