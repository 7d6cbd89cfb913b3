"""What of a model's text is its answer to the question asked: no thoughts, no next question.

Base models, and tuned ones that miss their stop, go on with the next problem of their training data and
solve that too. Knows how such a recital begins; must not know how a number is chosen from what remains.
"""

import re
from collections.abc import Iterator
from itertools import islice

from tasks.broken_off import breaks_off
from tasks.numerals import BOLD, tidy

_NEVER = re.compile("[\x00\ud800-\udfff]")
_ANNOTATION = re.compile(r"<<([^<>\n]{0,200})>>[ ]?(?P<digit>[$]?-?[0-9])?")
_DIGIT = re.compile(r"[0-9]")
# What opens a line, what may stand inside one, and marks of turns. One pattern for all would be tried at every
# character of a text, and cost as much as the rest of the reading.
_OPENS_LINE = re.compile(
    rf"""
    [ \t>#*_<\[{BOLD}]{{0,8}}
    (?: (?:(?:next|new|another|follow-up)[ ])?(?:question|problem|exercise|query|q)
        [ ]?\#?[0-9]{{0,4}}[ ]?{BOLD}?[ ]?[:.)\]>]
      | (?:question|problem|exercise|example|instruction)[ ]\#?[0-9]{{1,4}}\b
      | (?:(?:follow-up|more[ ]difficult|additional|similar|related|practice)[ ]){{1,2}}
        (?:questions?|problems?|exercises?)\b
      | your[ ]task\b
      | (?:human|user|instruction|input)[ ]?\]?{BOLD}?:
      | student[ ]?{BOLD}?:(?![^\n]*=)
      | (?:assistant|user|human)[ ]{{0,3}}(?=\n)
      | \#\#\#[ ]?(?:instruction|question|problem|input|user|human)\b
      | (?<=\#)[ ]?(?:question|problem|exercise)[ ]{{0,3}}(?=\n)
    )
    """,
    re.IGNORECASE | re.VERBOSE,
)
_IN_LINE = re.compile(r"(?:Question|Q|Problem)[ ]?[0-9]{0,4}:")
_BEFORE_IT = re.compile(r"[\s.!?0-9]")
_TURN = re.compile(
    r"<\|[a-z_]{1,30}\|>|</s>|\[/?INST\]|<(?:end_of_turn|start_of_turn|eos|eot_id)>", re.IGNORECASE
)
# What a text in lower case must hold to have any of these; most hold none, and a look is cheaper than a search.
_LINE_HINTS = (
    "question", "problem", "exercise", "query", "example", "instruction", "human", "user", "student", "input",
    "assistant", "task",
)  # fmt: skip
_Q = re.compile(rf"\bq[ 0-9]{{0,6}}{BOLD}?[ ]?[:.)]")
# A solved problem, then a line that asks: a model that goes on with the next problem of its training data.
_SOLVED = re.compile(
    r"(?:(?:\#{4}|(?:^|\n)A:)[^\n0-9]{0,30}[0-9][^\n]{0,60}|\\boxed\{[^\n]{0,80}|<answer>[^\n]{0,80}"
    r"|(?i:answer is)[^\n0-9]{0,30}[0-9][^\n]{0,80})\n\s{0,5}(?=[A-Z0-9$\"'])"
)
_ASKS = re.compile(
    r"[^\n]{30,1500}\?[ ]{0,5}(?=\n|$)"
    r"|(?!(?:so|then|now|next|to|we|i|let|first|finally|therefore|thus|hence|this|in order|step|since|but|wait|actually"
    r"|however)\b)(?=[^\n]{0,1500}\b(?:calculate|find|determine|compute|how (?:many|much|long|far|old|tall|big))\b)"
    r"[^\n=]{60,1500}(?=\n|$)",
    re.IGNORECASE,
)
_SOLVED_HINTS = ("####", "a:", "boxed", "answer")
_MOST_SOLVED = 50
_EXAMPLE = re.compile(r"\b(?:a different|another) example\b", re.IGNORECASE)
_ASSISTANT = re.compile(r"\n[ \t]{0,4}assistant[ ]?:", re.IGNORECASE)
# A whole transcript: what the model was told stands before its turn.
_TOLD = re.compile(r"\s{0,4}(?:<[a-z_|]{1,20}>\s?){0,2}(?:system|user|human)[ ]{0,2}\n", re.IGNORECASE)
_TURN_OF_MODEL = re.compile(r"(?:assistant|model)[ ]{0,2}\n", re.IGNORECASE)
_TAGS = re.compile(r"(?:\s|</?[a-z_]{1,20}>)*", re.IGNORECASE)


def own_words(text: str) -> tuple[str, bool]:
    """The tidy text (see `numerals.tidy`) up to a recited next question, and whether it broke off (`breaks_off`)."""
    if "\x00" in text or not text.isascii():
        text = _NEVER.sub("", text)
    if told := _TOLD.match(text):
        turn = _TURN_OF_MODEL.search(text, told.end())
        text = text[turn.end() :] if turn else text
    if "</think>" in text:
        text = _after_thinking(text)
    elif text.startswith("<think>"):
        text = _unfinished(text)
    raw = text
    if "<<" in text:
        text = _ANNOTATION.sub(_annotated, text)
    text = tidy(text)
    own = _before_next_question(text)
    return own, len(own) == len(text) and breaks_off(raw)


def _after_thinking(text: str) -> str:
    said = text.rpartition("</think>")[2]
    return text.replace("<think>", "").replace("</think>", "\n") if _TAGS.fullmatch(said) else said


def _unfinished(text: str) -> str:
    """Thoughts that were cut off hold no answer, unless the end tag alone was forgotten and the answer boxed."""
    boxed = text.rfind("\\boxed{")
    return text[boxed:] if boxed >= 0 else ""


def _annotated(note: re.Match[str]) -> str:
    """`<<9*2=18>>18` is 18; where nothing follows the annotation, its own result is."""
    digit: str | None = note["digit"]
    return digit if digit is not None else note[1].rpartition("=")[2]


def _before_next_question(text: str) -> str:
    first_digit = _DIGIT.search(text)
    if first_digit is None:
        return text
    folded = text.lower()
    for start in sorted(_begins(text, folded)):
        if start > first_digit.start() or not _is_opening(text[max(0, start - 200) : start]):
            text = text[:start]
            break
    if "example" in folded and (example := _EXAMPLE.search(text, first_digit.start())):
        text = text[: example.start()]
    if "assistant" in folded and (assistant := _ASSISTANT.search(text, first_digit.start())):
        text = text[: assistant.start()]
    if any(sign in folded for sign in _SOLVED_HINTS):
        for solved in islice(_SOLVED.finditer(text), _MOST_SOLVED):
            if _ASKS.match(text, solved.end()):
                return text[: solved.end()]
    return text


def _begins(text: str, folded: str) -> Iterator[int]:
    """Where something begins that opens a next question, in no order. `folded`: the text in lower case."""
    if any(hint in folded for hint in _LINE_HINTS) or _Q.search(folded):
        if _OPENS_LINE.match(text):
            yield 0
        end = text.find("\n")
        while end >= 0:
            if _OPENS_LINE.match(text, end + 1):
                yield end
            end = text.find("\n", end + 1)
    for found in _IN_LINE.finditer(text):
        if found.start() and _BEFORE_IT.match(text, found.start() - 1):
            yield found.start()
    if "<" in text or "inst]" in folded:
        yield from (found.start() for found in _TURN.finditer(text))


def _is_opening(before: str) -> bool:
    """Is what stands before a question only a lead-in to it ('Here is the solution:', a heading, nothing)?"""
    line = before.rstrip().rpartition("\n")[2].strip()
    return not line or line[-1] in f":{BOLD}>" or line[0] in f"#{BOLD}<"
