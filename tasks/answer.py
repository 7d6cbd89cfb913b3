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
from functools import cache

from tasks.numerals import BOLD, Number, last_spelled, numbers, spelled
from tasks.recited import own_words
from tasks.sentence import right_side, said
from tasks.steps import evaluate

_WINDOW = 400  # characters behind a marker in which its number must stand
_MARKERS = 1_000  # the last ones that are tried: a model in a loop writes nothing else


@dataclass(frozen=True)
class Reading:
    """The number that was read, the words it was read from, and the rule that found it. `bare`: without its scale
    word, when it has one."""

    value: Fraction
    text: str
    rule: str
    bare: Fraction | None = None

    def gives(self, gold: Fraction) -> bool:
        """Is this the number? '26 billion' gives both 26,000,000,000 and, where billions are asked for, 26."""
        return gold in (self.value, self.bare)


def read_number(text: str) -> Reading | None:
    """The number that `text` gives as its answer; None when it gives none."""
    text = own_words(text)
    found = _marked(text) or _unmarked(text)
    if found is None:
        return None
    number, rule = found
    return Reading(number.value, text[number.start : number.end].strip(" " + BOLD), rule, number.bare)


def same(answer: str, gold: str) -> bool:
    """Do two answers give the same number? Two answers without a number are not the same."""
    one, other = read_number(answer), read_number(gold)
    return one is not None and other is not None and one.value == other.value


# --- behind a marker ------------------------------------------------------------------------------

_DIGIT = re.compile(r"[0-9]")
_GAP = rf"[ \t*_`\"'{BOLD}]{{0,4}}"
# Each kind of marker with what a text in lower case must hold to have one: most texts hold one kind or none, and a
# search for that alone takes a third of the time.
_KINDS = {
    "hashes": ("####", r"(?P<hashes>(?<!\#)\#{4,6}(?!\#))"),
    "boxed": (
        "ox",
        r"(?P<boxed>(?:\\f?|\x08|\b)boxed[ ]?\{?|\\fbox[ ]?\{|\x08oxed\{)",
    ),
    "tag": ("answer>", r"(?P<tag><(?:final_)?answer>)"),
    "before": (
        "answer",
        r"(?P<before>(?:(?<!what[ ])\bis|=)[ ](?:the|my|our|your)[ ](?:final[ ]|correct[ ])?answer\b)",
    ),
    "answer": (
        "ans",
        rf"""(?P<answer>(?<!to[ ])(?<![A-Za-z0-9])(?:answers?|ans)\b {_GAP}
      (?: (?:to|for|of)[ ](?:the|this|your|our)[ ](?:[a-z]{{1,12}}[ ]){{0,2}}(?:question|problem) {_GAP} )?
      (?: \([^()\n]{{0,40}}\) {_GAP} | ,[^,\n]{{0,40}}, {_GAP}
        | (?:here|then|therefore|thus)[ ]{_GAP} | in[ ][a-z]{{1,15}} {_GAP} )?
      (?: (?P<colon>:) | =+>? | is\b | are\b | was\b | (?:would|will|should|must)[ ]be\b | equals\b
        | comes[ ](?:out[ ])?to\b | becomes\b ) )""",
    ),
}


_RULES = {"hashes": "####", "boxed": "boxed"}  # all others are called "answer"


@cache
def _marker(*kinds: str) -> re.Pattern[str]:
    return re.compile("|".join(_KINDS[kind][1] for kind in kinds), re.IGNORECASE | re.VERBOSE)


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
    folded = text.lower()
    kinds = [kind for kind, (sign, _) in _KINDS.items() if sign in folded]
    markers = list(_marker(*kinds).finditer(text))[-_MARKERS:] if kinds else []
    if not markers:
        return None
    first_digit = _DIGIT.search(text)
    if first_digit is None:
        first, last = len(text), -1
    else:
        # Found once: a search from each marker would be quadratic.
        first, last = first_digit.start(), max(text.rfind(digit) for digit in "0123456789")
    for marker in reversed(markers):
        kind, start = marker.lastgroup, marker.end()
        if kind == "boxed":
            found = _first(text, start, _closing(text, start) if text[start - 1] == "{" else start + 30)
        elif kind == "before":
            found = _in_front(text, marker.start())
        elif kind == "hashes":
            found = _behind_hashes(text, start, last)
        else:
            opens = kind == "answer" and marker["colon"] is not None and first >= start
            found = _behind_words(text, start, last if opens else -1)
        if found is not None:
            return found, _RULES.get(str(kind), "answer")
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
    return _quantity(text, start, end) or said(text, start, end)


def _behind_hashes(text: str, start: int, last_digit: int) -> Number | None:
    """`####` is also a Markdown heading, 'Step 1: ...' or '1. First ...': only a closing line may say it in
    words."""
    found = _quantity(text, start, _stop(text, start))
    if found is not None:
        return found
    line_end = _line_end(text, start)
    return said(text, start, line_end) if last_digit < line_end else None


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
    return found or said(text, begin, stop) or spelled(text, begin)


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
            return right_side(text, first.end, end) or first
        return first
    behind = _SUM_BEHIND.match(text, first.end, end)
    value = evaluate(f"{first.value}{behind[0].replace('$', '')}") if behind and first.value >= 0 else None
    return first if behind is None or value is None else Number(value, first.start, behind.end(), "")


# --- without a marker -----------------------------------------------------------------------------

_ASIDE = re.compile(
    rf"[\s*_({BOLD}>-]{{0,8}}(?:(?:note|confidence|check|verification|disclaimer|hint)\b[^\n]{{0,3}}:"
    r"|(?:i hope|let me know|feel free|if you (?:have|need|want|would)|good luck|great job)\b)",
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


def _unmarked(text: str) -> tuple[Number, str] | None:
    """The answer in the last line that has a number which can be one; notes and checks come after it."""
    second_best = None
    end = len(text)
    while end > 0:
        start = text.rfind("\n", 0, end) + 1
        if _DIGIT.search(text, start, end):
            aside = _ASIDE.match(text, start, end)
            stop = _without_asides(text, start, end)
            if not aside and (found := _in_bold(text, start, stop)):
                return found, "bold"
            if not aside and (found := said(text, start, stop, by_sign=False)):
                return found, "last number"
            second_best = second_best or next(reversed(list(numbers(text, start, end))), None)
        end = start - 1
    if second_best is None:
        in_words = last_spelled(text)
        return (in_words, "number in words") if in_words else None
    return second_best, "last number"


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
