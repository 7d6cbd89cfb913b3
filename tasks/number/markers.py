"""The number behind an answer marker: `####`, `\\boxed{}`, `<answer>`, "the answer is", "Answer:", a last line 'A: 18'.

The last one that gives a number counts. Knows what markers look like and how far they reach.
"""

import re
from functools import cache

from proctor.tasks.number.numerals import BOLD, Number, numbers
from proctor.tasks.number.sentence import SAYS, by_sentence, stated_result
from proctor.tasks.number.units import in_words

_WINDOW = 400  # characters behind a marker in which its number must stand
_BLOCK = 2_000  # characters of several sentences behind a marker that are read
_MARKERS = 1_000  # the last ones that are tried: a model in a loop writes nothing else
_GAP = rf"[ \t*_`\"'{BOLD}]{{0,4}}"
# Each kind with what a text in lower case must hold to have one: a search for what is there takes a third of the time.
_KINDS = {
    "hashes": ("####", r"(?P<hashes>\#(?<!\#\#)\#{3,5}(?!\#))"),
    "boxed": ("ox", r"(?P<boxed>\\(?:f?boxed|fbox)[ ]?\{?)"),
    "tag": ("answer>", r"(?P<tag><(?:final_)?answer>)"),
    # Not 'each answer is worth 5', 'to answer', or 'the answer step by step: 16 - 7 = 9'.
    "answer": (
        "ans",
        rf"""(?P<answer>(?:\bfinal[ ]|\b(?:the|my|our)[ ](?:correct[ ])?|(?<![a-z][ ])(?<![A-Za-z0-9/]))
      (?:answer|ans)\b {_GAP} (?: (?:to|for|of)[ ](?:the|this|your)[ ](?:[a-z]{{1,12}}[ ]){{0,2}}(?:question|problem)
        | [(,][^(),.\n]{{0,40}}[),] | here | then | therefore | thus | in[ ][a-z]{{1,15}} )? {_GAP}
      (?:[:=]|(?:is|are|was|equals|becomes|will[ ]be)\b))""",
    ),
    "abroad": (
        "respuesta|réponse|risposta|resposta|antwort|ответ|答|정답",
        r"(?P<abroad>\b(?:respuesta|réponse|risposta|resposta|antwort|ответ)\b[^\n.!?0-9:=]{0,20}?"
        r"(?::|\b(?:es|est|é|è|ist|lautet)\b)|(?:答案|答え|정답)[ ]?[:是为為は은]?)",
    ),
}
_CLOSING_LINE = re.compile(rf"[ \t*_{BOLD}]{{0,4}}A[ ]?{BOLD}?:{BOLD}?")  # 'A: 18'
_RESULT = re.compile(  # weaker than the others
    rf"(?i)(?:^|\n)[ \t*_{BOLD}]{{0,4}}(?:(?P<total>total)|result|ergebnis|resultado|résultat)[ ]?{BOLD}?:{BOLD}?"
)
_LEAD = re.compile(
    rf"""
    (?: [\s{BOLD}:=>~(\[{{*_`"'|] | \\(?=[$]) | -[ ]+
      | (?:therefore|thus|then|so|approximately|about|around|roughly|exactly|only|just|simply|equal[ ]to|a[ ]total[ ]of
          |rs\.?|usd|is)\b[.,]?
      | \$?[ ]?[a-z][a-z_]{{0,15}}[ ]?=(?!=)
    ){{0,12}}
    """,
    re.IGNORECASE | re.VERBOSE,
)
_STOP = re.compile(rf"\n|[.!?;](?=\s|$|{BOLD}|[*)\]])")
_OPERATOR = re.compile(r"[-+*/^]| x ")
_CLAUSE = re.compile(r",\s|;|:\s|\b(?:because|since|as|so|which|where|when|if|and|given)\b", re.IGNORECASE)
_MORE_WORKING = re.compile(r"\s*(?!\W{0,8}(?:explanation|reasoning|because|note|check)\b)[^\n]*[0-9]", re.I)
# A box that was cut off ends the reading, and so does 'Answer: unknown'.
_CUT_OFF = re.compile(r"\\[a-z]{4,5} ?\{[^}\n]{0,30}\Z", re.IGNORECASE)
_NONE = re.compile(
    r"(?i)(?:\?|unknown|undefined|unclear|undetermined|indeterminate|n/a\b|none\b|insufficient|impossible"
    r"|not (?:enough|known|given|possible|sp)|(?:[a-z]{1,9} )?(?:cannot|can't) be|(?:we|i) (?:don't|do not) know)"
    r"[^0-9\n]{0,200}(?:\n|\Z)"
    r"|(?:it )?(?:cannot|can't) be (?:determined|calculated|answered|known)(?![^\n]*(?:\bbut\b|=))"
)


@cache
def _pattern(*kinds: str) -> re.Pattern[str]:
    return re.compile("|".join(_KINDS[kind][1] for kind in kinds), re.IGNORECASE | re.VERBOSE)


def marked(text: str) -> tuple[Number | None, str] | None:
    """The number of the last marker that has one, and the marker's name; no number where it says that there is none."""
    stripped = text.rstrip()
    start = stripped.rfind("\n") + 1
    if closing := _CLOSING_LINE.match(stripped, start):
        number = _begins_with(stripped, closing.end(), len(stripped))
        if number is not None:
            return number, "A:"
    folded = text.lower()
    kinds = [kind for kind, (hint, _) in _KINDS.items() if re.search(hint, folded)]
    limit = len(text)  # each marker reaches to the next one at most: a text of nothing else is read once
    for marker in reversed(list(_pattern(*kinds).finditer(text))[-_MARKERS:]) if kinds else ():
        ends = _CUT_OFF.match(text, marker.start()) or _NONE.match(text, _after_lead(text, marker.end()))
        number = None if ends else _behind(text, marker, limit)
        if ends or number is not None:
            return number, {"hashes": "####", "boxed": "boxed"}.get(str(marker.lastgroup), "answer")
        limit = marker.start()
    for result in list(_RESULT.finditer(text))[-1:]:
        line, _, rest = text[result.end() :].partition("\n")
        number = _begins_with(text, result.end(), result.end() + len(line))
        if number is not None and not re.search("[0-9]" if result["total"] else "=", rest):
            return number, "answer"
    return None


def _behind(text: str, marker: re.Match[str], limit: int) -> Number | None:
    kind, start = marker.lastgroup, marker.end()
    if kind in ("boxed", "tag"):
        end = text.find("</" if kind == "tag" else "}", start, min(limit, start + _BLOCK))
        end = end if end >= 0 else min(limit, start + (_BLOCK if kind == "tag" else 30))
        return _begins_with(text, start, end) or stated_result(text, start, end)
    begin = _after_lead(text, start, limit)
    end = min(limit, begin + _WINDOW)
    stop = _STOP.search(text, begin, end)
    end = stop.start() if stop else end
    number = _begins_with(text, begin, end)
    if number is not None:
        return number
    line = (text.find("\n", begin, limit) + 1 or limit + 1) - 1
    more = _MORE_WORKING.match(text, line, limit)
    if kind == "hashes":  # '#### Step 1' is a heading
        return None if more else stated_result(text, begin, line)
    if text[begin:end].rstrip().endswith("="):
        return None
    if ":" in text[start - 1 : start + 1]:  # it may open the working
        return stated_result(text, begin, limit if more else line)
    return by_sentence(text, begin, end) or next(in_words(text, begin, end), None)


def _begins_with(text: str, start: int, end: int) -> Number | None:
    """The quantity that begins right at `start`, after words that only lead up to it; an equation's right side."""
    begin = _after_lead(text, start, end)
    first = next(numbers(text, begin, end), None)
    if first is None or first.start != begin:
        return None
    equals = text.find("=", first.end, end)
    between = text[first.end : equals] if equals >= 0 else ""
    if _OPERATOR.search(between) and not _CLAUSE.search(between):
        return next(numbers(text, text.rfind("=", first.end, end), end), None)
    second = next(numbers(text, first.end, end), None)
    if second and SAYS.search(text, first.end, second.start):  # '8 pens will cost $12'
        return by_sentence(text, begin, end)
    return first


def _after_lead(text: str, start: int, end: int | None = None) -> int:
    lead = _LEAD.match(text, start, len(text) if end is None else end)
    return lead.end() if lead else start
