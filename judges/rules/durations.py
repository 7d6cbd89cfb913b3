"""Reads times and days of the week out of one line of a study plan.

Every pattern has bounded parts, so that a line of any kind is read in linear time.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from proctor.judges.rules.text import unquoted

_DAY_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
NUMBERS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12,
}  # fmt: skip

_VALUE = r"\d{1,4}(?:[.,]\d{1,2})?(?![\d/])"
_RANGE = rf"(?:{_VALUE}\s{{0,2}}(?:-|–|—|to)\s{{0,2}})?"
_HOURS = r"(?:hours?|hrs?|h)(?![a-z])"
_MINUTES = r"(?:minutes?|mins?)(?![a-z])"
_WORDS = "|".join(NUMBERS)
_DURATION = re.compile(
    rf"""(?<![\w.,/^])(?:
      {_RANGE}(?P<hours>{_VALUE}|an|{_WORDS})[ -]?(?P<half>(?:and\sa\shalf\s|½\s?|1/2\s))?{_HOURS}
        (?:[ ,]{{0,2}}(?:and\s)?(?P<rest>\d{{1,2}})\s?(?:{_MINUTES}|(?![\w:.,]))|(?P<tail>\sand\sa\shalf))?
      | (?P<halfhour>half\s(?:an\s)?|quarter\sof\san\s|three\squarters\sof\san\s)hour
      | {_RANGE}(?P<minutes>{_VALUE}|{_WORDS})[ -]?{_MINUTES}
      | (?P<clock>\d{{1,2}})h(?P<after>\d{{2}})(?!\w)
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_COUNT = rf"(?P<count>\d{{1,2}}|{_WORDS})"
_TIMES_BEFORE = re.compile(
    rf"(?<!\w){_COUNT}\s?(?:x|×|\*|times|"
    rf"(?:short |long )?(?:sessions?|blocks?|lessons?|slots?|evenings?|days?)"
    rf"(?: (?:a|per|each|every) week)?,?(?: of| for| x| ×|:|,)?)\s?\(?$",
    re.IGNORECASE,
)
_TIMES_AFTER = re.compile(
    rf"\)?,?\s?(?:(?:x|×|\*)\s?{_COUNT}(?!\w)"
    rf"|(?:on )?(?P<times>\d{{1,2}}|{_WORDS}) (?:times|sessions|days|evenings)(?: (?:a|per|each|every) week)?(?!\w)"
    r"|(?P<twice>twice)(?: (?:a|per|each|every) week)?(?!\w)|(?P<daily>(?:each|every|a|per) day|daily)(?!\w))",
    re.IGNORECASE,
)
_WHOLE_AFTER = re.compile(
    r"\)?,?\s?(?:(?:of work |of study )?(?:a|per|each|every) week|weekly|in total|in all|altogether|total)",
    re.I,
)
_WHOLE_BEFORE = re.compile(r"(?:total|total time|time budget|altogether|in all)\s?[:=(]?\s?$", re.I)
_NO_WORK_BEFORE = re.compile(r"(?:after|than|past|until|last|further)\s$", re.I)
_NO_WORK_AFTER = re.compile(r"\s?-?(?:of )?(?:break|pause|rest|walk|late|before|after school)", re.I)
_DAY = re.compile(
    r"(?<!\w)(?:(?i:(mon|tues|wednes|thurs|fri|satur|sun)days?)|(Mon|Tue|Tues|Wed|Thu|Thur|Thurs|Fri|Sat|Sun)\b\.?)(?!\w|['’]s)"
)
_DAY_RANGE = re.compile(r"^\s?(?:-|–|to|until|through)\s?$", re.I)
_SENTENCE = re.compile(r"[.;:!?](?:\s|$)")
_NOT = re.compile(
    r"(?<!\w)(?:no|not|never|except|avoid|without|off|rest|free|skip|don't|can't|cannot|nothing|none)(?!\w)",
    re.I,
)

_STOP = re.compile(r"[.;!?]\s")
_SUM = re.compile(r"(?<!\w)(?:total|in all|altogether)(?!\w)", re.IGNORECASE)


@dataclass(frozen=True)
class Duration:
    """`minutes` of one session, `count` of them; `whole` when it is said to be the sum of a week or plan."""

    minutes: float
    count: int
    counted: bool
    whole: bool
    start: int
    end: int

    @property
    def total(self) -> float:
        return self.minutes * self.count


def durations(line: str) -> list[Duration]:
    """Every time to work that the line names, in order; breaks and 'after 20 minutes' are none."""
    line = unquoted(line)
    times = []
    for match in _DURATION.finditer(line):
        before, after = line[max(0, match.start() - 48) : match.start()], line[match.end() : match.end() + 32]
        if _NO_WORK_BEFORE.search(before) or _NO_WORK_AFTER.match(after):
            continue
        count = _count(before, after)
        whole = bool(_WHOLE_BEFORE.search(before) or (count is None and _WHOLE_AFTER.match(after)))
        counted = count is not None
        times.append(Duration(_minutes(match), count or 1, counted, whole, match.start(), match.end()))
    return times


def days(line: str) -> tuple[str, ...]:
    """The days that a line gives work to, in the order of the week; a sentence that says no leaves its days out."""
    line = unquoted(line)
    named: set[int] = set()
    for part in _SENTENCE.split(line):
        if _NOT.search(part):
            continue
        last: re.Match[str] | None = None
        for match in _DAY.finditer(part):
            day = _day(match)
            named.add(day)
            if last is not None and _DAY_RANGE.match(part[last.end() : match.start()][:12]):
                first = _day(last)
                for between in range(first, first + (day - first) % 7):
                    named.add(between % 7)  # Saturday to Tuesday goes over the end of the week
            last = match
    return tuple(DAYS[day] for day in sorted(named))


def starts_with_day(line: str) -> bool:
    return _DAY.match(line) is not None


def count_word(text: str) -> int:
    """A number in digits or as a word; 0 for anything else."""
    if text.isascii() and text.isdigit():
        return int(text)
    return NUMBERS.get(text.lower(), 0)


def _day(match: re.Match[str]) -> int:
    return _DAY_NAMES.index((match.group(1) or match.group(2)).lower()[:3])


def _minutes(match: re.Match[str]) -> float:
    parts = match.groupdict()
    if parts["halfhour"]:
        return {"h": 30.0, "q": 15.0, "t": 45.0}[parts["halfhour"][0].lower()]
    if parts["clock"]:
        return int(parts["clock"]) * 60.0 + int(parts["after"])
    if parts["minutes"]:
        return _value(parts["minutes"])
    hours = _value(parts["hours"])
    if parts["half"] or parts["tail"]:
        hours += 0.5
    return hours * 60 + int(parts["rest"] or 0)


def _value(text: str) -> float:
    if text[0].isdigit():
        return float(text.replace(",", "."))
    return float(NUMBERS.get(text.lower(), 1))


def _count(before: str, after: str) -> int | None:
    match = _TIMES_BEFORE.search(before)
    if match:
        return count_word(match["count"])
    match = _TIMES_AFTER.match(after)
    if not match:
        return None
    if match["twice"]:
        return 2
    if match["daily"]:
        return 7
    return count_word(match["count"] or match["times"])


@dataclass(frozen=True)
class Timed:
    """What one line says of times: the sum of its sessions, each session, and a sum that it claims."""

    minutes: float
    sessions: tuple[float, ...]
    claimed: float


@lru_cache(maxsize=5_000)
def timed(line: str) -> Timed:
    single = []
    claimed = 0.0
    for time in durations(line):
        if time.whole:
            claimed = max(claimed, time.total)
        else:
            single.append(time)
    if not single:
        return Timed(0.0, (), claimed)
    first, *rest = single
    if _SUM.search(line[:24]):
        return Timed(0.0, (), max(claimed, first.total))
    # "40 min: 10 min of cards, a film of 2 h" is one session of 40; "Mon, 40 min: ... Thu, 40 min: ..." are two.
    if _headed(line, first):
        single = [time for time in single if _headed(line, time)]
    elif len(rest) > 1 and abs(first.total - sum(time.total for time in rest)) < 1:
        single = [first]
    named = len(days(_beside(line, first)))
    if len(single) == 1 and not single[0].counted and named > 1:
        return Timed(single[0].minutes * named, (single[0].minutes,) * named, claimed)
    minutes, sessions = 0.0, []
    for time in single:
        minutes += time.total
        # A count is bounded, or '99 x 9999 hours' would make a list of its own size.
        sessions += [time.minutes] * min(time.count, 20)
    return Timed(minutes, tuple(sessions), claimed)


def _beside(line: str, time: Duration) -> str:
    """The sentence that a time stands in; all before it where it says 'each'."""
    if line[time.end : time.end + 8].lstrip(" )*_").startswith("each"):
        return line[: time.end]
    start = 0
    for stop in _STOP.finditer(line, 0, time.start):
        start = stop.end()
    if _headed(line, time):
        return line[start : time.end]
    return line[start : time.end] + _STOP.split(line[time.end :])[0]


def _headed(line: str, time: Duration) -> bool:
    return line[time.end : time.end + 8].lstrip(" )*_").removeprefix("each").lstrip(" )*_").startswith(":")
