"""The extractor: which number is the answer in what a model wrote? Knows no task and no gold answer.

    read_number("16 - 3 - 4 = 9, and 9 * 2 = 18.\\n#### $18.00")  ->  Reading(value=Fraction(18),
    text="$18.00", rule="####")

The rules, in order:

1. Reasoning between <think> tags is left out, and everything from a recited next question on.
2. The last answer marker that a number follows: `####`, `\\boxed{}`, `<answer>`, "the answer is", "Answer:".
   An equation behind a marker counts with its right side: "the answer is 9 * 2 = 18".
3. Else the last line that has a number: a number in bold, or else the last one. Numbers in a closing bracket,
   and ones that only say for what or from what ("$18 by selling 9 eggs"), give way to the result that was
   just worked out.

Numbers compare as exact fractions. Time is linear in the length of the text, and no text makes it raise.
"""

import re
from dataclasses import dataclass
from fractions import Fraction

from tasks.numerals import BOLD, Number, numbers, spelled
from tasks.recited import own_words
from tasks.steps import evaluate

_WINDOW = 400  # characters behind a marker in which its number must stand
_MARKERS = 1_000  # the last ones that are tried: a model in a loop writes nothing else


@dataclass(frozen=True)
class Reading:
    """The number that was read, the words it was read from, and the rule that found it."""

    value: Fraction
    text: str
    rule: str


def read_number(text: str) -> Reading | None:
    """The number that `text` gives as its answer; None when it gives none."""
    text = own_words(text)
    found = _marked(text) or _unmarked(text)
    if found is None:
        return None
    number, rule = found
    return Reading(number.value, text[number.start : number.end].strip(" " + BOLD), rule)


def same(answer: str, gold: str) -> bool:
    """Do two answers give the same number? Two answers without a number are not the same."""
    one, other = read_number(answer), read_number(gold)
    return one is not None and other is not None and one.value == other.value


# --- behind a marker ------------------------------------------------------------------------------

_DIGIT = re.compile(r"[0-9]")
_GAP = rf"[ \t*_`\"'{BOLD}]{{0,4}}"
_MARKER = re.compile(
    rf"""
    (?P<hashes>(?<!\#)\#{{4,6}}(?!\#))
  | (?P<boxed>(?:\\f?|\x08|\b)boxed[ ]?(?P<brace>\{{)?|\\fbox[ ]?\{{|\x08oxed\{{)
  | (?P<tag><(?:final_)?answer>)
  | (?P<before>(?:(?<!what[ ])\bis|=)[ ](?:the|my|our)[ ](?:final[ ]|correct[ ])?answer\b)
  | (?P<answer>(?<!to[ ])\b(?:answers?|ans)\b {_GAP}
      (?: to[ ](?:the|this|your|our)[ ](?:[a-z]{{1,12}}[ ]){{0,2}}(?:question|problem) {_GAP} )?
      (?: \([^()\n]{{0,40}}\) {_GAP} | ,[^,\n]{{0,40}}, {_GAP}
        | (?:here|then|therefore|thus)[ ]{_GAP} | in[ ][a-z]{{1,15}} {_GAP} )?
      (?: (?P<colon>:) | =+>? | is\b | are\b | was\b | (?:would|will|should|must)[ ]be\b | equals\b
        | comes[ ](?:out[ ])?to\b | becomes\b ) )
    """,
    re.IGNORECASE | re.VERBOSE,
)
_SKIP = re.compile(
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
_STOP = re.compile(rf"\n|[.!?;](?=\s|$|{BOLD}|[*)\]])")
_OPERATOR = re.compile(r"[-+*/x^]")
_CLAUSE = re.compile(r",\s|;|:\s|\b(?:because|since|as|so|which|where|when|if|and|given)\b", re.IGNORECASE)
_SUM_BEHIND = re.compile(r"(?: ?[*+] ?\$?[0-9]{1,15}(?:\.[0-9]{1,10})?){1,9}(?![0-9.]*[0-9])(?! ?[=*/^(-])")
_EXPLAINS = re.compile(
    r"\W{0,8}(?:explanation|reasoning|because|here's|justification|working|steps?|calculations?|how)\b",
    re.IGNORECASE,
)


def _marked(text: str) -> tuple[Number, str] | None:
    """The number of the last marker that has one."""
    first_digit = _DIGIT.search(text)
    # Found once: a search from each marker would be quadratic.
    last_digit = max(text.rfind(digit) for digit in "0123456789")
    for marker in reversed(list(_MARKER.finditer(text))[-_MARKERS:]):
        kind = "####" if marker["hashes"] else "boxed" if marker["boxed"] else "answer"
        start = marker.end()
        if kind == "boxed":
            found = _first(text, start, _closing(text, start) if text[start - 1] == "{" else start + 30)
        elif marker["before"]:
            found = _in_front(text, marker.start())
        elif kind == "####":
            found = _behind_hashes(text, start, last_digit)
        else:
            opens = marker["colon"] is not None and (first_digit is None or first_digit.start() >= start)
            found = _behind_words(text, start, last_digit if opens else -1)
        if found is not None:
            return found, kind
    return None


def _in_front(text: str, end: int) -> Number | None:
    """'18 is the answer': the last number before the marker, on its line and near."""
    start = max(text.rfind("\n", 0, end) + 1, end - 40)
    return next((number for number in reversed(list(numbers(text, start, end))) if not number.doubt), None)


def _closing(text: str, start: int) -> int:
    """Where the brace that is open at `start` closes, looking a bounded way ahead."""
    depth = 1
    end = min(len(text), start + _WINDOW)
    for at in range(start, end):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if depth == 0:
            return at
    return end


def _first(text: str, start: int, end: int) -> Number | None:
    """The quantity that begins right at `start`, an equation with its right side; else what the span says
    last."""
    return _quantity(text, start, end) or _said(text, start, end)


def _behind_hashes(text: str, start: int, last_digit: int) -> Number | None:
    """`####` is also a Markdown heading, 'Step 1: ...' or '1. First ...': only a closing line may say it in
    words."""
    found = _quantity(text, start, _stop(text, start))
    if found is not None:
        return found
    line_end = _line_end(text, start)
    return _said(text, start, line_end) if last_digit < line_end else None


def _behind_words(text: str, start: int, last_digit: int) -> Number | None:
    """'Answer:' before any number (`last_digit` is then given) may only open the working; it gives the answer
    itself if a short line follows, or if that line is all there is."""
    skipped = _SKIP.match(text, start)
    begin = skipped.end() if skipped else start
    stop = _stop(text, begin)
    found = _quantity(text, start, stop)
    line_end = _line_end(text, begin)
    opens = last_digit >= line_end and not _EXPLAINS.match(text, line_end)
    if opens and (found is None or len(text[found.end : line_end].split()) > 3):
        return None
    return found or _said(text, begin, stop) or spelled(text, begin)


def _line_end(text: str, start: int) -> int:
    found = text.find("\n", start, start + _WINDOW)
    return found if found >= 0 else min(len(text), start + _WINDOW)


def _stop(text: str, start: int) -> int:
    """The end of the sentence or line that begins at `start` or, after white space, behind it."""
    skipped = _SKIP.match(text, start)
    found = _STOP.search(text, skipped.end() if skipped else start, start + _WINDOW)
    return found.start() if found else min(len(text), start + _WINDOW)


def _quantity(text: str, start: int, end: int) -> Number | None:
    skipped = _SKIP.match(text, start, end)
    begin = skipped.end() if skipped else start
    minus = None if "\n" in text[start:begin] else _MINUS.match(text, begin, end)
    begin = minus.end() if minus else begin
    first = next(numbers(text, begin, end), None)
    if first is None or first.start != begin or first.doubt in ("mark", "label"):
        return None
    if minus:
        return Number(-first.value, minus.start(), first.end, "")
    equals = text.find("=", first.end, end)
    if equals >= 0:
        between = text[first.end : equals]
        if _OPERATOR.search(between) and not _CLAUSE.search(between):
            return _right_side(text, first.end, end) or first
        return first
    behind = _SUM_BEHIND.match(text, first.end, end)
    value = evaluate(f"{first.value}{behind[0].replace('$', '')}") if behind and first.value >= 0 else None
    return first if behind is None or value is None else Number(value, first.start, behind.end(), "")


def _right_side(text: str, start: int, end: int) -> Number | None:
    """The number behind the last equals sign."""
    at = text.rfind("=", start, end)
    return (
        next((number for number in numbers(text, at + 1, end) if not number.doubt), None) if at >= 0 else None
    )


# --- without a marker -----------------------------------------------------------------------------

_FOR_WHAT = re.compile(
    r"\b(?:(?:for|at|from|after|in|over|with|of|by|per|every|each|on|when|if|than|within|during)"
    r"(?: [a-z]{1,12}ing)?"
    r"|to(?: [a-z]{1,12}){0,2}|[a-z]{1,12}ing|(?:if|when|because|since|where)(?: [a-z]{1,12}){1,4})"
    r"(?: (?:the|her|his|their|its|all|both|those|these|a|an|another|about|only|up|out)){0,3}[ (]?$",
    re.IGNORECASE,
)


_ASIDE = re.compile(
    rf"[\s*_({BOLD}>-]{{0,8}}(?:note|confidence|check|verification|disclaimer|hint)\b[^\n]{{0,3}}:",
    re.IGNORECASE,
)


def _unmarked(text: str) -> tuple[Number, str] | None:
    """The answer in the last line that has a number which can be one; notes and checks come after it."""
    second_best = None
    end = len(text)
    while end > 0:
        start = text.rfind("\n", 0, end) + 1
        if _DIGIT.search(text, start, end):
            aside = _ASIDE.match(text, start, end)
            if not aside and (found := _in_bold(text, start, end)):
                return found, "bold"
            if not aside and (found := _said(text, start, end, by_sign=False)):
                return found, "last number"
            second_best = second_best or next(reversed(list(numbers(text, start, end))), None)
        end = start - 1
    return (second_best, "last number") if second_best else None


def _in_bold(text: str, start: int, end: int) -> Number | None:
    """The last number in bold, unless what is bold is a label ('**Day 3:**')."""
    parts = text[start:end].split(BOLD)
    at = end
    for index in range(len(parts) - 1, 0, -1):
        at -= len(parts[index])
        begin = at - 1 - len(parts[index - 1])
        inside, label = (
            index % 2 == 0,
            parts[index - 1].rstrip().endswith(":") or parts[index].startswith(":"),
        )
        if inside and not label and (found := _first(text, begin, at - 1)):
            return found
        at -= 1
    return None


def _said(text: str, start: int, end: int, by_sign: bool = True) -> Number | None:
    """The number a span of words ends up with: behind its last equals sign (where a marker makes that sure),
    or its last number, unless that one only says for what, from what or in brackets."""
    found = [number for number in numbers(text, start, end) if not number.doubt]
    if not found:
        return None
    if by_sign and (right := _right_side(text, start, end)):
        return right
    last = found[-1]
    if len(found) == 1:
        return last
    if before := _before_bracket(text, found, end):
        return before
    if _FOR_WHAT.search(text, max(start, last.start - 40), last.start):
        worked = _right_side(text, max(0, start - 1500), last.start)
        if worked and any(number.value == worked.value for number in found[:-1]):
            return next(number for number in reversed(found[:-1]) if number.value == worked.value)
    return last


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
