"""A study plan as the checklist's rules see it: read once, with the facts about the pupil beside it.

Knows what a task, an amount and a whole line look like. Must not know what any of them is worth.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from judges.reading import Line, Reading, Week
from judges.rubric import Words
from judges.text import sentences, squeezed, stem, words

TARGET = re.compile(
    r"(?<!\d)\d{1,4} ?(?:of|out of|/) ?\d|\d ?%|(?:at least|aim for|score|reach) \d|\d right"
    r"|all (?:right|correct)",
    re.I,
)
_NUMBER = re.compile(
    r"(?<!\w)(?:\d{1,4}|two|three|four|five|six|seven|eight|nine|ten|twelve|twenty)(?!\w)", re.I
)
SESSION = re.compile(r"(?<!\w)(?:session|day|lesson) ?\d", re.IGNORECASE)
# Words, numbers and marks; "3.5" and "e.g." hold no full stop.
MARKED = re.compile(r"[^\W_]+(?:[.,'’-][^\W_]+)*|[.!?,;:](?=\s|$)|[^\w\s]")
_FIGURE = re.compile(r"\d{1,9}(?:[.,:]\d{1,9})?")
_ENDS = (".", "!", "?", ":", ")", '"', "”", "|")


@dataclass(frozen=True)
class Measured:
    """A number for an item and what it says; None where the item does not apply."""

    value: float | None
    note: str


@dataclass(frozen=True)
class Plan:
    """A plan as the rules see it, read once."""

    text: str
    reading: Reading
    facts: Mapping[str, Any]
    words: Words
    sentence_words: Mapping[str, int]

    @property
    def lines(self) -> tuple[Line, ...]:
        return self.reading.lines

    @property
    def weeks(self) -> tuple[Week, ...]:
        return self.reading.weeks

    @property
    def wanted(self) -> int:
        """How many weeks there should be; without that fact, as many as there are."""
        return int(self.facts.get("weeks") or len(self.weeks) or 1)

    def share_of_weeks(self, holds: Callable[[Week], bool], what: str) -> Measured:
        """Weeks that are missing hold nothing, and weeks beyond the last add nothing."""
        good = sum(holds(week) for week in self.weeks if week.number <= self.wanted)
        return Measured(good / self.wanted, f"{good} of {self.wanted} weeks {what}")


def tasks_in(line: str, known: Words) -> list[str]:
    """Sentences that tell to do something: a word for doing early on, and enough words to say what."""
    found = []
    for sentence in sentences(line):
        said = [word.lower() for word in words(sentence)]
        if (
            len(said) >= 3
            and any(word in known.tasks for word in said[:4])
            and any(w in known.small for w in said)
        ):
            found.append(sentence)
    return found


def says_amount(line: str, nouns: frozenset[str]) -> bool:
    """A number with something countable within the next words: '8 questions', 'ten mixed problems', '8 of
    10'.
    """
    for match in _NUMBER.finditer(line):
        following = words(line[match.end() : match.end() + 40])[:4]
        if any(stem(word) in nouns for word in following):
            return True
    return TARGET.search(line) is not None


def takes_up(text: str, mistake: str) -> bool:
    """Whether the question that the pupil got wrong stands in the text: a plan need not repeat the wrong answer.

    In other words too ("a 10 by 15 photo, made 20 by 25"): three or more numbers in a row are no accident.
    """
    squeezed_text, said = squeezed(text), squeezed(mistake)
    if said in squeezed_text or (len(head := said.split("=")[0]) >= 4 and head in squeezed_text):
        return True
    return _numbers_stand_in(text, mistake)


def _numbers_stand_in(text: str, mistake: str) -> bool:
    wanted = _FIGURE.findall(mistake.split("=")[0])
    if len(wanted) < 3:
        return False
    for line in text.splitlines():
        for sentence in sentences(line):
            there = _FIGURE.findall(sentence)
            if any(there[at : at + len(wanted)] == wanted for at in range(len(there) - len(wanted) + 1)):
                return True
    return False


def is_whole(line: str) -> bool:
    """Starts as a sentence, item or heading does, and is either short or comes to an end."""
    first = next((sign for sign in line if sign.isalnum()), "")
    return (
        bool(first) and not first.islower() and (line.rstrip("*_ ").endswith(_ENDS) or len(words(line)) <= 9)
    )


def unique(lines: Sequence[Line]) -> list[Line]:
    """Each line once: 'Weeks 1-3' makes three lines of one."""
    kept: list[Line] = []
    for line in lines:
        if not kept or line.text != kept[-1].text:
            kept.append(line)
    return kept
