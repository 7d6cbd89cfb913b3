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

from tasks.closing import unmarked
from tasks.numerals import BOLD, Number, numbers
from tasks.quantity import SKIP, first, quantity
from tasks.recited import own_words
from tasks.restated import restated
from tasks.sentence import said
from tasks.spelled import spelled

_WINDOW = 400  # characters behind a marker in which its number must stand
_NEAR = 400  # characters at the end in which the last marker is looked for first
_MARKERS = 1_000  # the last ones that are tried: a model in a loop writes nothing else


@dataclass(frozen=True)
class Reading:
    """The number that was read, the words it was read from, and the rule that found it. `others`: what it is in other
    units, when the text says so."""

    value: Fraction
    text: str
    rule: str
    others: tuple[Fraction, ...] = ()

    def gives(self, gold: Fraction) -> bool:
        """Is this the number? '26 billion' gives both 26,000,000,000 and, where billions are asked for, 26; and
        '120 minutes, or 2 hours' gives 120 and 2."""
        return gold == self.value or gold in self.others


def read_number(text: str) -> Reading | None:
    """The number that `text` gives as its answer; None when it gives none."""
    text = own_words(text)
    found = _marked(text) or unmarked(text)
    if found is None:
        return None
    number, rule = found
    number = restated(text, number)
    words = " ".join(text[number.start : number.end].replace(BOLD, " ").split())
    return Reading(number.value, words, rule, number.others)


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


_STOP = re.compile(rf"\n|[.!?;](?=\s|$|{BOLD}|[*)\]])")
_EXPLAINS = re.compile(
    r"\W{0,8}(?:explanation|reasoning|because|here's|justification|working|steps?|calculations?|how)\b",
    re.IGNORECASE,
)


def _marked(text: str) -> tuple[Number, str] | None:
    """The number of the last marker that has one. It is mostly near the end, and no marker reaches over the end of a
    line: so the last lines are searched first."""
    folded = text.lower()
    kinds = [kind for kind, (sign, _) in _KINDS.items() if sign in folded]
    if not kinds:
        return None
    first_digit = _DIGIT.search(text)
    if first_digit is None:
        digits = (len(text), -1)
    else:
        # Found once: a search from each marker would be quadratic.
        digits = (first_digit.start(), max(text.rfind(digit) for digit in "0123456789"))
    near = text.rfind("\n", 0, max(0, len(text) - _NEAR)) + 1
    found = _last_marked(text, near, kinds, digits) if near else None
    return found if found and found[0].end < len(text) else _last_marked(text, 0, kinds, digits)


def _last_marked(
    text: str, begin: int, kinds: list[str], digits: tuple[int, int]
) -> tuple[Number, str] | None:
    """`digits`: where the first and the last of the text stand."""
    found: list[tuple[Number, str]] = []
    for marker in reversed(list(_marker(*kinds).finditer(text, begin))[-_MARKERS:]):
        number = _behind(text, marker, *digits)
        if number is None:
            continue
        found.append((number, _RULES.get(str(marker.lastgroup), "answer")))
        if found[0][0].end < len(text):
            return found[0]
        if len(found) == 3:
            break
    if _is_cut_off(text, [number for number, _ in found]):
        return found[1]
    return found[0] if found else None


def _behind(text: str, marker: re.Match[str], first_digit: int, last_digit: int) -> Number | None:
    kind, start = marker.lastgroup, marker.end()
    if kind == "boxed":
        return first(text, start, _closing(text, start) if text[start - 1] == "{" else start + 30)
    if kind == "before":
        return _in_front(text, marker.start())
    if kind == "hashes":
        return _behind_hashes(text, start, last_digit)
    opens = kind == "answer" and marker["colon"] is not None and first_digit >= start
    return _behind_words(text, start, last_digit if opens else -1)


def _is_cut_off(text: str, found: list[Number]) -> bool:
    """Is the number at the very end only the beginning of one that was said twice before? A model in a loop runs into
    its limit anywhere: 'The answer is 450. The answer is 450. The answer is 4'."""
    if len(found) < 3 or found[1].value != found[2].value:
        return False
    shown = text[found[0].start : found[0].end]
    return found[1].end - found[1].start > len(shown) and text.startswith(shown, found[1].start)


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


def _behind_hashes(text: str, start: int, last_digit: int) -> Number | None:
    """`####` is also a Markdown heading, 'Step 1: ...' or '1. First ...': only a closing line may say it in
    words."""
    found = quantity(text, start, _stop(text, start))
    if found is not None:
        return found
    line_end = _line_end(text, start)
    return said(text, start, line_end) if last_digit < line_end else None


def _behind_words(text: str, start: int, last_digit: int) -> Number | None:
    """'Answer:' before any number (`last_digit` is then given) may only open the working; it gives the answer
    itself if a short line follows, or if that line is all there is."""
    skipped = SKIP.match(text, start)
    begin = skipped.end() if skipped else start
    stop = _stop(text, begin)
    found = quantity(text, start, stop)
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
    skipped = SKIP.match(text, start)
    found = _STOP.search(text, skipped.end() if skipped else start, start + _WINDOW)
    return found.start() if found else min(len(text), start + _WINDOW)
