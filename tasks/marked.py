"""The number behind an answer marker: `####`, `\\boxed{}`, `<answer>`, "the answer is", "Answer:", a last line 'A: 18'.

The last one that gives a number counts. Knows what markers look like and how far they reach; must not know what a text
without one ends up with, but for a block of sentences that stands behind one.
"""

import re
from dataclasses import replace
from functools import cache

from tasks.closing import unmarked
from tasks.numerals import BOLD, Number, numbers
from tasks.quantity import SKIP, first, quantity
from tasks.sentence import right_side, said
from tasks.spelled import spelled

_WINDOW = 400  # characters behind a marker in which its number must stand
_NEAR = 400  # characters at the end in which the last marker is looked for first
_MARKERS = 1_000  # the last ones that are tried: a model in a loop writes nothing else
_DIGIT = re.compile(r"[0-9]")
_GAP = rf"[ \t*_`\"'{BOLD}]{{0,4}}"
# Each kind of marker with what a text in lower case must hold to have one: most texts hold one kind or none, and a
# search for that alone takes a third of the time.
_KINDS = {
    "hashes": (
        "#",
        r"(?P<hashes>(?<!\#)(?:\#{4,6}(?!\#)|\#{1,3}(?=[ ]?-?[$]?[0-9][0-9.,]{0,20}\s{0,9}\Z)))",
    ),
    "boxed": (
        "ox",
        r"(?P<boxed>\\f?boxed[ ]?\{?|\bboxed[ ]?\{|\\fbox[ ]?\{|\x08oxed\{)",
    ),
    "tag": ("answer>", r"(?P<tag><(?:final_)?answer>)"),
    "before": (
        "answer",
        r"(?P<before>(?:(?<!what[ ])\bis|=)[ ](?:the|my|our|your)[ ](?:final[ ]|correct[ ])?answer\b)",
    ),
    "answer": (
        "ans",
        rf"""(?P<answer>(?<!to[ ])(?<![A-Za-z0-9/])(?:answers?|ans)\b {_GAP}
      (?: (?:to|for|of)[ ](?:the|this|your|our)[ ](?:[a-z]{{1,12}}[ ]){{0,2}}(?:question|problem) {_GAP} )?
      (?: \([^()\n]{{0,40}}\) {_GAP} | ,[^,\n]{{0,40}}, {_GAP}
        | (?:here|then|therefore|thus)[ ]{_GAP} | in[ ][a-z]{{1,15}} {_GAP} )?
      (?: (?P<colon>:) | =+>? | is\b | are\b | was\b | of(?=[ ][$]?[0-9]) | (?:would|will|should|must)[ ]be\b | equals\b
        | comes[ ](?:out[ ])?to\b | becomes\b ) )""",
    ),
}


_RULES = {"hashes": "####", "boxed": "boxed"}  # all others are called "answer"
_CLOSING_LINE = re.compile(rf"[ \t*_{BOLD}]{{0,4}}A[ ]?{BOLD}?:{BOLD}?")  # 'A: 18'
_SUM_BEHIND = re.compile(r" ?[+*] ?[A-Za-z]")
# 'each answer is worth 5', 'the third answer was 1400', '2 answers are 10 points', 'to find the answer: 5 * 3'
_OTHER_ANSWER = re.compile(
    r"(?:\b(?:each|every|per|an|first|second|third|fourth|fifth|next|another)(?: [a-z]{1,12})?"
    r"|\bto (?:find|get|express|obtain|reach|calculate|check|verify|convert|write|round)(?: the| our| this)?"
    r"|/) ?$",
    re.IGNORECASE,
)
_COUNTED = re.compile(r"[0-9](?: [a-z]{1,12})? $")  # ... answers
# 'if 2/5 as many were meant, the answer would be 44'
_IN_ANOTHER_CASE = re.compile(
    r"\b(?:if\b[^.\n]*(?:mean|meant|literally|interpret|instead)|alternatively)\b[^.\n]*$", re.IGNORECASE
)
# '7 * 6 =' and no more.
_DANGLING = re.compile(r"(?:[\s0-9.,$()+*/=^-]{0,60}[=+*/(-][\s(\\[$]{0,9}|,\s{0,3})\Z")


@cache
def _marker(*kinds: str) -> re.Pattern[str]:
    return re.compile("|".join(_KINDS[kind][1] for kind in kinds), re.IGNORECASE | re.VERBOSE)


_BLOCK = 2_000  # characters of such a block that are read
_HEADING = re.compile(rf"[ \t:*_{BOLD}]{{0,6}}\n\s{{0,9}}")
_PROSE = r"[^\n0-9]*[0-9](?:[^\n.!?]|[.](?=[0-9]))*"  # up to the end of the first sentence that has a digit
_SENTENCES = re.compile(rf"\s*{_PROSE}(?:[.!?](?=\s)|\n)(?=[^0-9]{{0,300}}[0-9])")
# Its first line is more than the number, and one below it, which is no note, has a number too.
_LINES = re.compile(
    r"(?=(?:\S+[ \t]+){4}|[A-Za-z ]{1,20}:)[^\n]*[0-9][^\n]*\n\s{0,9}"
    r"(?!\W{0,8}(?:explanation|reasoning|because|here|note|i hope|\())[^\n]*[0-9]",
    re.IGNORECASE,
)
_WORKING = re.compile(r"[^\n.!?]*[0-9] ?= ?[$]?[0-9][^\n]*[.!?] [^\n]*[0-9]")
_MARKUP = f" \n*_#{BOLD}"
_THEN_CONCLUDES = re.compile(r"[0-9][^\n]*[.!?]\s+(?:so|thus|therefore|hence)\b[^\n]*[0-9]", re.IGNORECASE)
# '8 pens will cost $12': what stands first is what the sentence is about.
_IS_ABOUT = re.compile(
    r" (?:[a-z]{2,14} ){1,5}?"
    r"(?:will|would|can|could|is|are|was|were|costs?|takes?|lasts?|makes?|needs?|ha[sd]|have)\b[^\n]*[0-9]"
)
# A sum that goes on below: '7 + 8 =', and '15' on the next line.
_CARRIED = re.compile(r"(?:(?<==)|(?<== ))[ ]?(?:\s{1,6}[^\n=]{1,80}=[ ]?(?=\n)){0,6}\s{1,6}[^\n=]{1,80}")
_STOP = re.compile(rf"\n|[.!?;](?=\s|$|{BOLD}|[*)\]])")
_EXPLAINS = re.compile(
    r"\W{0,8}(?:explanation|reasoning|because|here's|justification|working|steps?|calculations?|how)\b",
    re.IGNORECASE,
)


def marked(text: str) -> tuple[Number, str] | None:
    """The number of the last marker that has one. It is mostly near the end, and no marker reaches over the end of a
    line: so the last lines are searched first."""
    last = text.rstrip()
    start = last.rfind("\n") + 1
    closing = _CLOSING_LINE.match(last, start)
    if (
        closing
        and (number := quantity(last, closing.end(), len(last)))
        and not _SUM_BEHIND.match(last, number.end)
    ):
        return number, "A:"
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
        if marker.lastgroup == "answer" and _is_another(text, marker):
            continue
        number = _behind(text, marker, *digits)
        if number is None or _DANGLING.match(text, number.end):
            continue
        found.append((number, _RULES.get(str(marker.lastgroup), "answer")))
        if found[0][0].end < len(text):
            return found[0]
        if len(found) == 3:
            break
    if _is_cut_off(text, [number for number, _ in found]):
        return found[1]
    return found[0] if found else None


def _is_another(text: str, marker: re.Match[str]) -> bool:
    """Is it about another answer than the one that was asked for?"""
    start = marker.start()
    if _OTHER_ANSWER.search(text, max(0, start - 30), start) or _IN_ANOTHER_CASE.search(
        text, max(0, start - 120), start
    ):
        return True
    return marker[0][:7].lower() == "answers" and bool(_COUNTED.search(text, max(0, start - 20), start))


def _behind(text: str, marker: re.Match[str], first_digit: int, last_digit: int) -> Number | None:
    kind, start = marker.lastgroup, marker.end()
    if kind == "boxed":
        return first(text, start, _closing(text, start) if text[start - 1] == "{" else start + 30)
    if kind == "before":
        return _in_front(text, marker.start())
    if kind == "hashes":
        return _behind_hashes(text, start, last_digit)
    block = _block(text, marker)
    if block is not None:
        return block
    opens = kind == "answer" and marker["colon"] is not None and first_digit >= start
    return _behind_words(text, start, last_digit if opens else -1)


def _block(text: str, marker: re.Match[str]) -> Number | None:
    """The number of several sentences or lines that stand behind `<answer>`, or below 'Answer:': they end up with it,
    where one alone begins with it."""
    start = marker.end()
    if marker.lastgroup == "tag":
        end = text.find("</", start, start + _BLOCK)
        several = _SENTENCES
    elif marker.lastgroup == "answer" and (heading := _HEADING.match(text, start)):
        start, end = heading.end(), -1
        several = _LINES
    elif marker.lastgroup == "answer" and marker["colon"] and not text[: marker.start()].strip(_MARKUP):
        end, several = _line_end(text, start), _WORKING  # 'Answer:' opens the text
    else:
        return None
    end = end if end >= 0 else min(len(text), start + _BLOCK)
    if not several.match(text, start, end) and not _THEN_CONCLUDES.search(text, start, end):
        return None
    found = unmarked(text[start:end])
    return replace(found[0], start=found[0].start + start, end=found[0].end + start) if found else None


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
    if carried := _CARRIED.match(text, stop):
        found = right_side(text, begin, carried.end())
    if found and _IS_ABOUT.match(text, found.end, stop):
        found = said(text, begin, stop)
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
