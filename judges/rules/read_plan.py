"""A study plan as the checklist's rules see it: read once, with the facts about the pupil beside it."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from proctor.judges.rubric import WordLists
from proctor.judges.rules.durations import DAYS
from proctor.judges.rules.reading import PlanLine, PlanReading, Week
from proctor.judges.rules.text import QUOTED, sentences, stem, words

TARGET = re.compile(
    r"(?<!\d)\d{1,4} ?(?:of|out of|/) ?\d|\d ?%|(?:at least|aim for|score|reach) \d|\d (?:\w+ ){0,2}right"
    r"|all (?:right|correct)",
    re.I,
)
_NUMBER = re.compile(
    r"(?<!\w)(?:\d{1,4}|two|three|four|five|six|seven|eight|nine|ten|twelve|twenty)(?!\w)", re.I
)
_LETTER = re.compile(r"[^\W_]")
_DOUBLED = re.compile(r"[:;,]{2}|[:;,]\.")
_ENDS = (".", "!", "?", ":", ")", '"', "”", "|")


_WHEN = frozenset({
    "on", "for", "at", "in", "from", "by", "each", "every", "then", "an", "hour", "hours", "minute", "minutes", "min",
    "mins", "half", "day", "days", "morning", "evening", *" ".join(DAYS).lower().split(),
    "mon", "tue", "wed", "thu", "fri", "sat", "sun",
})  # fmt: skip


@dataclass(frozen=True)
class Measurement:
    """A number for an item and what it says; None where the item does not apply."""

    value: float | None
    note: str


@dataclass(frozen=True)
class ReadPlan:
    text: str
    reading: PlanReading
    facts: Mapping[str, Any]
    words: WordLists
    sentence_words: Mapping[str, int]

    @property
    def lines(self) -> tuple[PlanLine, ...]:
        return self.reading.lines

    @property
    def weeks(self) -> tuple[Week, ...]:
        return self.reading.weeks

    @property
    def wanted(self) -> int:
        """How many weeks there should be; without that fact, as many as there are."""
        return int(self.facts.get("weeks") or len(self.weeks) or 1)

    def share_of_weeks(self, holds: Callable[[Week], bool], what: str) -> Measurement:
        """Weeks that are missing hold nothing, and weeks beyond the last add nothing."""
        wanted = [week for week in self.weeks if week.number <= self.wanted]
        good = sum(map(holds, wanted))
        return Measurement(good / self.wanted, f"{good} of {self.wanted} weeks {what}")


def tasks_in(line: str, known: WordLists) -> list[str]:
    """Sentences that tell to do something: a word for doing early on, and enough words, or a number, to say what."""
    tasks = []
    for sentence in sentences(line):
        spoken = [word for word in words(sentence.lower()) if word not in _WHEN]
        early = set(spoken[:4])
        if _NUMBER.search(sentence) or QUOTED.search(sentence):
            is_task = len(spoken) >= 2 and not early.isdisjoint(known.tasks | known.vague)
        else:
            says_what = len(spoken) >= 3 and not known.small.isdisjoint(spoken)
            is_task = says_what and not early.isdisjoint(known.tasks)
        if is_task:
            tasks.append(sentence)
    return tasks


def says_amount(line: str, nouns: frozenset[str]) -> bool:
    """A number with something countable within the next words: '8 questions', 'ten mixed problems', '8 of 10'."""
    for match in _NUMBER.finditer(line):
        following = words(line[match.end() : match.end() + 40])[:4]
        if not nouns.isdisjoint(map(stem, following)):
            return True
    return TARGET.search(line) is not None


def is_whole(line: PlanLine) -> bool:
    """Starts as a sentence, item or heading does, comes to an end where it is no item and not short, and closes what
    it opens.
    """
    text = line.text
    first = _LETTER.search(text)
    if not first or first.group().islower() or _DOUBLED.search(text):
        return False
    if text.count("(") != text.count(")") or text.count('"') % 2:
        return False
    return line.listed or text.rstrip("*_ ").endswith(_ENDS) or len(words(text)) <= 9


def unique(lines: Sequence[PlanLine]) -> list[PlanLine]:
    """Each line once: 'Weeks 1-3' makes three lines of one."""
    kept: list[PlanLine] = []
    for line in lines:
        if not kept or line.text != kept[-1].text:
            kept.append(line)
    return kept
