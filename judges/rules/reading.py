"""Reads a study plan into weeks, lines, minutes and days, whatever form it was written in. Never raises,
linear time.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest

import numpy as np

from proctor.judges.rules.durations import (
    NUMBERS,
    count_word,
    days,
    durations,
    starts_with_day,
    timed,
)  # fmt: skip
from proctor.judges.rules.text import words

_ORDINALS = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8,
}  # fmt: skip
_NUMBER = rf"(\d{{1,2}}|{'|'.join(NUMBERS)})"
_WEEK = re.compile(
    rf"(?:in |during )?(?:weeks?|wk|w(?=\d))\.?\s{{0,2}}#?{_NUMBER}"
    rf"(?:\s{{0,2}}(?:-|–|—|to|and|&)\s{{0,2}}(?:week )?{_NUMBER}"
    rf"(?!\s?(?:[x×*]|h|m|sessions?|lessons?|times|days|questions)(?![a-z])))?(?![\w%])",
    re.IGNORECASE,
)
_ORDINAL = rf"(?:{'|'.join(_ORDINALS)}|final|last|\d(?:st|nd|rd|th))"
_ORDINAL_WEEK = re.compile(
    rf"(?:(?:in|during) )?(?:(?:the|your|our) )?({_ORDINAL}) week(?=\s?[:,(–—-]|$)"
    rf"|(?:in|during) (?:the|your|our) ({_ORDINAL}) week(?!\w)",
    re.IGNORECASE,
)
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?"
_NTH = r"\d{1,2}(?:st|nd|rd|th)?"
_DATE = (
    r"(?:(?:mon|sun|fri|sat)[a-z]{0,5},? )?(?:the )?"
    rf"(?:{_NTH}\.?(?: of)?(?: {_MONTH})?|{_MONTH} {_NTH}|\d{{1,2}}[./]\d{{1,2}}\.?)"
)
_DATED_WEEK = re.compile(
    rf"(?:week (?:of|from|starting|beginning|commencing|to) {_DATE}"
    rf"|(?=[^:\n]{{0,30}}{_MONTH}){_DATE}\s?(?:-|–|—|to|until)\s?{_DATE}(?=\s?[:(|;–—-]|$))(?!\w)",
    re.IGNORECASE,
)
_INLINE_WEEK = re.compile(
    rf"(?<=[.;!?)])[ \t]{{1,3}}(?=(?:In w|During w|W)eeks?\s{_NUMBER}[^\n]{{0,20}}?[:.,(–—-]"
    rf"|(?:In|During) (?:the|your|our) (?:{'|'.join(_ORDINALS)}|final|last) week)"
)
_MARKUP = re.compile(r"^[\s#>*_+•·‣◦–—-]{0,20}(?:\d{1,2}[.)]\s{1,3}(?=\D))?[*_]{0,3}")
_LISTED = re.compile(r"\s{0,20}(?:[*+•·‣◦–—-]\s|\d{1,2}[.)]\s|\|)")
_WEEKLY = re.compile(r"(?<!\w)(?:(?:every|each|per|a) week|weekly)(?!\w)", re.IGNORECASE)
# Much longer than any plan that a pupil would read; what comes after it is not read.
LONGEST = 30_000
# Remarks that name times without setting work: "Remember: he walks an hour to school".
_ASIDE = re.compile(
    r"(?:please )?(?:note|remember|keep in mind|good to know|tips?|reminder|p\.?s\.?|parents?)(?!\w)",
    re.IGNORECASE,
)
_RULE_ROW = re.compile(r"[\s|:+-]*")


@dataclass(frozen=True)
class PlanLine:
    """One line without its markup. `week` is 0 before the first week and after the last one's end. `block` counts
    the paragraphs; `listed` is an item of a list or a row of a table.
    """

    text: str
    week: int
    heading: bool
    indent: int
    block: int = 0
    listed: bool = False


def text_of(lines: Sequence[PlanLine]) -> str:
    return "\n".join(line.text for line in lines)


@dataclass
class Week:
    number: int
    lines: list[PlanLine] = field(default_factory=list)
    minutes: float = 0.0
    sessions: list[float] = field(default_factory=list)
    days: set[str] = field(default_factory=set)

    @property
    def text(self) -> str:
        return text_of(self.lines)

    @property
    def timed(self) -> bool:
        return self.minutes > 0


@dataclass(frozen=True)
class PlanReading:
    """`headings` are the week numbers in the order in which the text names them; `weeks` are sorted and merged."""

    lines: tuple[PlanLine, ...]
    weeks: tuple[Week, ...]
    headings: tuple[int, ...]

    @property
    def minutes(self) -> float:
        return sum(week.minutes for week in self.weeks)


def read(text: str) -> PlanReading:
    """Times before the first week ('every week: Mon and Thu, 40 min each') hold for weeks that name none."""
    lines, headings = _lines(text[:LONGEST])
    end = _end(lines)
    weeks: dict[int, Week] = {}
    preamble = []
    for line in lines[:end]:
        if line.week:
            weeks.setdefault(line.week, Week(line.week)).lines.append(line)
        else:
            preamble.append(line)
    lines[end:] = [replace(line, week=0) for line in lines[end:]]
    usual = _usual(preamble)
    ordered = sorted(weeks.values(), key=lambda week: week.number)
    for week in ordered:
        _fill(week)
        if not week.timed:
            week.minutes, week.sessions = usual.minutes, list(usual.sessions)
        if not week.days:
            week.days |= usual.days
    return PlanReading(tuple(lines), tuple(ordered), tuple(headings))


def _lines(text: str) -> tuple[list[PlanLine], list[int]]:
    lines: list[PlanLine] = []
    headings: list[int] = []
    current: list[int] = []
    highest = block = 0
    table = _MarkdownTable()
    for raw in _INLINE_WEEK.sub("\n", text).splitlines():
        if not raw.strip():
            block += 1
            continue
        indent = len(raw) - len(raw.lstrip())
        if raw.lstrip().startswith("|"):
            bare = table.read(raw)
        else:
            table = _MarkdownTable()
            bare = _MARKUP.sub("", raw, count=1).replace("**", "").strip()
        if not bare:
            continue
        named = _named_weeks(bare, highest)
        if named:
            current = named
            headings += named
            highest = max(highest, *named)
        listed = _LISTED.match(raw) is not None
        lines += [PlanLine(bare, week, bool(named), indent, block, listed) for week in current or [0]]
    return lines, headings


def _end(lines: list[PlanLine]) -> int:
    """Where the last week ends and a closing paragraph begins: its place among the lines.

    A week goes on after a blank line as far as the weeks before it did. What comes later belongs to it only when it
    is work: an item of a list, a day or a time. "Good luck, and look at your cards" is nobody's fifth week.
    """
    starts = [number for number, line in enumerate(lines) if line.heading]
    if not starts:
        return len(lines)
    blocks = np.array([line.block for line in lines])
    *earlier, last = [np.unique(section) for section in np.split(blocks, starts)[1:]]
    final = lines[starts[-1] :]
    is_body = any(line.block == last[0] and not line.heading for line in final)
    alone = not is_body and len(words(final[0].text)) <= 5
    usual = max([1 + alone, *map(len, earlier)])
    end = starts[-1]
    for number, line in enumerate(final, end + 1):
        if line.block in last[:usual] or _is_work(line):
            end = number
    return end


def _is_work(line: PlanLine) -> bool:
    if _ASIDE.match(line.text):
        return False
    return line.listed or starts_with_day(line.text) or timed(line.text).minutes > 0


def _named_weeks(bare: str, highest: int) -> list[int]:
    match = _WEEK.match(bare)
    if match:
        first = count_word(match.group(1))
        last = count_word(match.group(2) or match.group(1))
        if 0 < first <= last < first + 12:  # "Weeks 1-99" must not multiply the text by 99
            return list(range(first, last + 1))
        if first:
            return [first]
        return []
    match = _ORDINAL_WEEK.match(bare)
    if match:
        word = (match.group(1) or match.group(2)).lower()
        if word[0].isdigit():
            return [int(word[0])]
        return [_ORDINALS.get(word, highest + 1)]
    if _DATED_WEEK.match(bare):
        return [highest + 1]
    return []


class _MarkdownTable:
    """A table row as a line of text: cells are joined, bare numbers get what their column's head says."""

    def __init__(self) -> None:
        self.heads: list[str] = []

    def read(self, raw: str) -> str:
        cells = [cell.strip().strip("*_") for cell in raw.strip().strip("|").split("|")]
        if _RULE_ROW.fullmatch(raw):
            return ""
        if not self.heads:
            self.heads = cells
            # "| Goal | pass the retest in May |" is no head: what stands above a column is short.
            fact = len(cells) == 2 and len(words(cells[1])) > 3 and not cells[0].lower().startswith("w")
            if not fact and not any(map(_WEEK.match, cells)):
                return ""
            self.heads = [""] * len(cells)
        pairs = zip_longest(cells, self.heads[: len(cells)], fillvalue="")
        return "; ".join(self._cell(cell, head) for cell, head in pairs if cell)

    def _cell(self, cell: str, title: str) -> str:
        head = title.lower()
        bare = cell.replace(".", "", 1).isdigit()
        if bare and head.startswith(("week", "wk")):
            return f"Week {cell}"
        if bare and ("hour" in head or head == "h"):
            return f"{cell} hours"
        if bare and "min" in head:
            return f"{cell} minutes"
        if days(title) or durations(title):  # what stands under "Monday (45 min)" is Monday's
            return f"{title}: {cell}"
        return cell


def _fill(week: Week) -> None:
    """Minutes, sessions and days of a week. A line that is set under a timed line is a part of it, not more time."""
    body = head = claimed = 0.0
    parent: tuple[int, float] | None = None
    for line in week.lines:
        if _ASIDE.match(line.text):
            continue
        time = timed(line.text)
        claimed = max(claimed, time.claimed)
        if time.minutes or starts_with_day(line.text):
            week.days.update(days(line.text))
        if not time.minutes:
            continue
        if line.heading:
            head += time.minutes
            if len(time.sessions) > 1 or days(line.text):
                week.sessions += time.sessions
            continue
        if parent and line.indent > parent[0] and time.minutes <= parent[1]:
            parent = (parent[0], parent[1] - time.minutes)
            continue
        parent = (line.indent, time.minutes)
        body += time.minutes
        week.sessions += time.sessions
    week.minutes = max(body, head, claimed)


def _usual(preamble: list[PlanLine]) -> Week:
    """The times of every week; those that are set out as sessions come before a mere sum."""
    usual = Week(0)
    planned = False
    for line in preamble:
        time = timed(line.text)
        is_weekly = _WEEKLY.search(line.text) or (len(set(time.sessions)) == 1 and days(line.text))
        if not is_weekly:
            continue
        if time.minutes:
            planned = True
            usual.minutes = max(usual.minutes, time.minutes)
            usual.sessions = list(time.sessions)
            usual.days.update(days(line.text))
        elif not planned:
            usual.minutes = max(usual.minutes, time.claimed)
    return usual
