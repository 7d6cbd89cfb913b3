"""The number that a text without a marker states as its result: of its last sentence with a number mostly the last one.

"So she has 5 apples left out of 12" gives 5: what is only a reason, a whole or a unit gives way to the one before it.
"""

import re

from proctor.tasks.number.numerals import BOLD, Number, numbers

_DIGIT = re.compile(r"[0-9]")
_SENTENCE_END = re.compile(
    rf"(?<=[^\W_][.!?])(?<!i\.e\.)(?<!e\.g\.)\s+(?=[^a-z])|(?<=[)%$*{BOLD}][.!?])\s+(?=[^a-z])|(?<=[.!?][)*{BOLD}])\s+"
)
_REASON = re.compile(
    r"(?i)\b(?:because|since|assuming|as(?= (?:th(?:e|is|ere|ey)|it|s?he|you|we)\b))\b[^,;=]*$"
)
_BRACKET = re.compile(
    r"(?<=[\w%]) \((?=[^()]*(?:[a-z=+*]|[0-9] ?[-/] ?[0-9]))[^()\n]{1,80}\)\W*$"
)  # 18 dollars (9 eggs at $2)
_GOES_ON = re.compile(
    r"[.!?;:]\s|\b(?:or|so|then|thus|hence|therefore|which|total|mean(?:s|ing)?|mak(?:es|ing)|leav(?:es|ing)|gives)\b"
)
SAYS = re.compile(r"\b(?:is|are|was|were|ha[sd]|have|needs?|gets?|costs?|will|would|can|could)\b")
_ADJUNCT = re.compile(
    r"(?i)\b(?:for|from|in|at|after|than|with|by|on|per|every|within|over|among|between|during|using|out of|of the"
    r"|instead of|rather than|not|including)"
    r"(?: (?!is|are|was|were|ha[sd]|have|total|sum|profit|average|cost|balance)[a-z]{1,12}){0,4} [(]?$"
    r"|^ [a-z]+ of $|\b[a-z]+ to (?!get|find|make|reach|give|have|be|become)[a-z]+(?: [a-z]+){0,4} $|[a-z]/$"
)
_SUM = re.compile(r" ?[-+*/] ?\$?[0-9][0-9.,]*[^\w=\n]{0,3}\Z")  # 18 = 9 * 2, at the end
# 'It is 18, not 17', '18, compared to 17 before', '18 in total, 1 more than before'.
_CONTRAST = re.compile(
    r"[^,0-9\n]{0,40}, (?:(?:not|compared (?:to|with)) \W{0,3}[0-9]"
    r"|(?:which is )?\W{0,3}[0-9.,]{1,20} (?:more|less|fewer) than\b)"
)


def stated_result(text: str, begin: int = 0, end: int | None = None) -> Number | None:
    """The number of the last sentence that has one."""
    end = len(text) if end is None else end
    while end > begin:
        line = max(begin, text.rfind("\n", begin, end) + 1)
        if _DIGIT.search(text, line, end):
            starts = [line, *(found.end() for found in _SENTENCE_END.finditer(text, line, end))]
            for start in reversed(starts):
                number = by_sentence(text, start, end)
                if number is not None:
                    return number
                end = start
        end = line - 1
    return None


def by_sentence(text: str, start: int, end: int) -> Number | None:
    """The number that a stretch of one sentence means."""
    found = list(numbers(text, start, end))
    if not found:
        return None
    found = _in_bold(text, start, end, found) or found
    for aside in (_BRACKET, _REASON):
        begins = aside.search(text[:end], found[0].end)
        if begins and found[-1].start > begins.start():
            found = [number for number in found if number.end <= begins.start()]
    last = found[-1]
    equals = text.rfind("=", start, last.start)
    if equals >= 0:
        right = next(number for number in found if number.start > equals)
        left = [number for number in found if number.end <= equals]
        if left and _SUM.match(text, right.end):
            return left[-1]
        return last if _GOES_ON.search(text, right.end, last.start) else right
    while len(found) > 1 and _gives_way(text, found[-2], found[-1]):
        found = found[:-1]
    return found[-1]


def _gives_way(text: str, before: Number, last: Number) -> bool:
    between = text[before.end : last.start].replace(BOLD, "")
    goes_on = "," in between or SAYS.search(between) or _GOES_ON.search(between)
    return bool(_CONTRAST.match(text, before.end) or (not goes_on and _ADJUNCT.search(between)))


def _in_bold(text: str, start: int, end: int, found: list[Number]) -> list[Number]:
    """The numbers in bold, but for a label ('**Day 3:**')."""
    bold, open_, at = [], False, start
    for number in found:
        open_ ^= text.count(BOLD, at, number.start) % 2 == 1
        at = number.start
        close = text.find(BOLD, number.end, end)
        if open_ and close >= 0 and text[close - 1] != ":" and not text.startswith(":", close + 1):
            bold.append(number)
    return bold
