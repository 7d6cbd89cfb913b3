"""Reads a diagnosis: the corrected answers by number, the weak topics, the plan. Never raises, linear time.

    read_diagnosis("Answers:\n1. 235 | Regrouping\n2) 3/4\n\n**Weak topics:** Regrouping\n\nPlan:\nWeek 1: ...", 2)
    # Diagnosis(answers={1: '235', 2: '3/4'}, concepts={1: 'Regrouping'}, topics=['Regrouping'], plan='Week 1: ...')

Headings may be marked up and stand in any order; of two alike the first one with words under it counts.
"""

import re
from dataclasses import dataclass

from proctor.judges.rules.reading import LONGEST
from proctor.tasks.concepts.reading import read

_HEADING = re.compile(
    r"[\s#>*_]{0,12}(?:(?:part|step)?\s?[0-9a-c][.):]\s{1,3})?[*_]{0,3}(?:the |your )?"
    r"(?:(?P<answers>(?:corrected |correct |right )?(?:answers|corrections|solutions))"
    r"|(?P<topics>weak(?: topics?| areas?| points?|ness(?:es)?))"
    r"|(?P<plan>(?:study |learning |practice )?plan))(?:(?=\W)[^:\n]{0,40})?"
    r"(?:[*_]{0,3}:[*_]{0,3}(?P<rest>.*)|[\s*_]{0,6})",
    re.IGNORECASE,
)
_FIRST_WEEK = re.compile(r"[\s#>*_|-]{0,12}week\s?(?:1|one)\b", re.IGNORECASE)
_NUMBERED = re.compile(
    r"[\s|*_#>-]{0,8}(?:(?:problem|question|item|answer|number|no\.?)\s?)?#?(?P<number>[0-9]{1,2})[*_]{0,3}"
    r"(?:[.):][*_]{0,3}(?=\s)|\s?\||\s?[-–—](?=\s))(?P<text>.*)",
    re.IGNORECASE,
)
_BULLET = re.compile(r"\A[\s*+•-]{0,8}(?=\S)")
_ASIDE = re.compile(r"\([^()\n]{0,80}\)")
_INSTEAD = re.compile(
    r"[,;(]?\s?\b(?:not|instead of|rather than)\b(?!.*\bbut\b).*", re.IGNORECASE | re.DOTALL
)
_NONE = re.compile(r"\W*(?:none|no weak(?:ness(?:es)?| topics?)|\[\s?\])\W*", re.IGNORECASE)


@dataclass(frozen=True)
class Diagnosis:
    """By number the right answer and its topic. `topics` are the weak ones, as they were written: none where the
    response says that there is none; None where it does not say which."""

    answers: dict[int, str]
    concepts: dict[int, str]
    topics: list[str] | None
    plan: str


def read_diagnosis(response: str, items: int) -> Diagnosis:
    sections = _sections(response.rpartition("</think>")[2][:LONGEST])
    answers, concepts = {}, {}
    for number, text in _answers(sections["answers"], items).items():
        answer, _, concept = text.partition("|")
        answers[number] = _INSTEAD.sub("", answer).strip() or answer.strip()
        if concept.strip(" |\n"):
            concepts[number] = concept.strip(" |\n")
    return Diagnosis(answers, concepts, _topics(sections["topics"]), sections["plan"].strip())


def _sections(text: str) -> dict[str, str]:
    """What stands before any heading counts as answers; a plan may begin with its first week and goes on to the end."""
    written: dict[str, list[str]] = {"answers": [], "topics": [], "plan": []}
    part, here = "answers", list[str]()
    written["answers"] = here
    for line in text.splitlines():
        heading = _HEADING.fullmatch(line) if part != "plan" else None
        if heading:
            part = next(filter(heading.__getitem__, written))
            here = []
            if not "".join(written[part]).strip() or (part == "answers" and not written["topics"]):
                written[part] = here
            here.append(heading["rest"] or "")
        else:
            if part == "topics" and _FIRST_WEEK.match(line):
                part, here = "plan", written["plan"]
            here.append(line)
    return {name: "\n".join(lines) for name, lines in written.items()}


def _answers(section: str, items: int) -> dict[int, str]:
    """The words of each number. Numbers rise: a list of steps inside an answer begins again at 1."""
    answers: dict[int, str] = {}
    last = 0
    for line in section.splitlines():
        numbered = _NUMBERED.match(line)
        if numbered and last < int(numbered["number"]) <= items:
            last = int(numbered["number"])
            answers[last] = numbered["text"].strip(" |")
        elif last and line.strip():
            answers[last] += "\n" + line
    if not answers:
        lines = [_BULLET.sub("", line, count=1) for line in section.splitlines() if line.strip()]
        if len(lines) == items:
            answers = dict(enumerate(lines, 1))
    return answers


def _topics(section: str) -> list[str] | None:
    section = _ASIDE.sub("", section).strip()
    if _NONE.fullmatch(section):
        return []
    first = section.partition("\n")[0]
    return read(section) or (read(f"Topics: {first}") if first else None)
