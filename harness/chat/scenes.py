"""The scenes: forms become what the tasks ask, and responses the HTML that the page shows.

solved("2 + 2 = 4\n#### 4", words("en"))       # the working, a mark beside each equation, the number set apart
planned(text, pupil_of(form), words("en"))     # a table by week, and what the checklist finds
pasted("403 - 168\nAnswer: 365")               # [{'problem': '403 - 168', 'working': '', 'answer': '365'}]
"""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from html import escape
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import jinja2

from proctor.common.digest import digest
from proctor.harness.chat.words import PageRefusal, Words, sentence
from proctor.judges.rules.reading import read
from proctor.tasks.concepts import taxonomy
from proctor.tasks.diagnosis.reading import Diagnosis
from proctor.tasks.number import read_number
from proctor.tasks.number.steps import checked_equations
from proctor.tasks.study_plan.checks import Names, check_plan
from proctor.tasks.study_plan.profile import DAYS, Profile, as_doc

LIMITS = {"grade": (3, 12), "weeks": (2, 8), "hours": (0.5, 20)}  # what the tasks know; hours of a week
_LOADER = jinja2.FileSystemLoader(Path(__file__).parent)
HTML: Any = jinja2.Environment(loader=_LOADER, autoescape=True).get_template("scenes.html").module
TRIES, SURE = 5, 3  # answers drawn by chance, and how many of them must agree


def solved(response: str, words: Words) -> str:
    """The response line by line as HTML, each of its equations marked."""
    lines = [(line, checked_equations(line)) for line in filter(str.strip, response.splitlines())]
    reading = read_number(response)
    return str(HTML.solved(lines, reading.text if reading else words["no_number"], words))


def how_sure(response: str, others: Sequence[str], words: Words) -> str:
    """Whether other tries come to the same number; those that failed agree with nothing."""
    reading = read_number(response)
    if reading is None:
        return ""
    numbers = [read_number(other) for other in others]
    agree = sum(number is not None and number.gives(reading.value) for number in numbers)
    kind, text = "unsure", words["not_sure"]
    if not agree:
        text = words["none_agrees"]
    if agree >= SURE:
        kind, text = "sure", words["sure"]
    return f"<p class='{kind}'>{escape(text.format(agree=agree, tries=TRIES))}</p>"


def talked(turns: Sequence[str], words: Words) -> str:
    """What was said, the pupil's words and the answers to them by turns; the latest stands first."""
    pairs = list(zip(turns[::2], turns[1::2], strict=True))
    return str(HTML.talked(pairs[::-1], words))


class KnownScore(NamedTuple):
    """What a variant's results say of it in one of the scenes, as figures are written."""

    variant: str
    scene: str
    score: str
    low: str
    high: str
    top: str
    items: int
    suite: str


def heading(names: Sequence[str], known: Sequence[KnownScore], words: Words) -> str:
    """Who answers, that the answers are to be checked, and how well each did where its scores are known."""
    return str(HTML.heading(names, known, words))


def pupil_of(values: Sequence[Any], topics: Sequence[str] | None = None) -> Profile:
    """The pupil of a form's values; for a plan the form ends with course, weak topics and first day."""
    name, grade, weeks, hours, busy, goal, *more = values
    for field_name, value in (("grade", grade), ("weeks", weeks), ("hours", hours)):
        low, high = LIMITS[field_name]
        if value is None or not low <= value <= high:
            raise PageRefusal(
                "“{field:}” goes from {low} to {high}", field=Names([field_name]), low=low, high=high
            )
    course, chosen = f"grade-{min(max(int(grade), 4), 8)}", topics or ()
    if more:
        course, chosen, _ = more
        if not chosen:
            raise PageRefusal("no weak topic is chosen; choose one or more from the list")
    return Profile(
        id="chat",
        name=str(name).strip() or "the pupil",
        grade=int(grade),
        course=course,
        weak_topics=tuple(chosen),
        evidence=(),
        goal=str(goal).strip() or "understand these topics",
        weeks=int(weeks),
        hours_per_week=float(hours),
        busy=tuple(day for day in DAYS if day in busy),
    )


def planned(text: str, profile: Profile, words: Words) -> str:
    """The plan by week, and what the checklist finds, as HTML."""
    findings = []
    for check in check_plan(text, as_doc(profile)["requirements"]):
        if check.result in ("passed", "failed"):
            why = sentence(check.text, check.values, words)
            findings.append((check.result == "passed", check.name, why))
    return str(HTML.planned(text, read(text).weeks, findings, words))


def markdown(text: str, profile: Profile) -> str:
    """The plan as a file to keep; what the model wrote stands as it is."""
    topics = ", ".join(taxonomy.names(profile.weak_topics))
    return f"# {profile.name}: {profile.weeks} weeks\n\n{topics}\n\n{text.strip()}\n"


def calendar(text: str, start: date, now: datetime | None = None) -> str:
    """The plan as iCalendar: a whole-day event for each day that a week names, else for the week's first day.

    Week 1 begins on the Monday of `start` or after it.
    """
    monday = start + timedelta(days=-start.weekday() % 7)
    stamp = (now or datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Proctor//chat//EN"]
    for week in read(text).weeks:
        titles = [*(line.text for line in week.lines), f"Week {week.number}"]
        for day in [place for place, day in enumerate(DAYS) if day in week.days] or [0]:
            when = monday + timedelta(days=7 * (week.number - 1) + day)
            lines += [
                "BEGIN:VEVENT",
                f"UID:{digest([text, week.number, day])[:24]}@proctor",
                f"DTSTAMP:{stamp}",
                f"DTSTART;VALUE=DATE:{when:%Y%m%d}",
                f"DTEND;VALUE=DATE:{when + timedelta(days=1):%Y%m%d}",
                f"SUMMARY:{_escaped(titles[0])}",
                f"DESCRIPTION:{_escaped(week.text)}",
                "END:VEVENT",
            ]
    folded = chain.from_iterable(map(_folded, [*lines, "END:VCALENDAR"]))
    return "".join(f"{line}\r\n" for line in folded)


def _escaped(text: str) -> str:
    text = re.sub(r"([\\;,])", r"\\\1", text)
    return re.sub(r"[\x00-\x1f]+", " ", text.replace("\n", "\\n"))


def _folded(line: str) -> list[str]:
    """Lines of at most 75 bytes; a longer one goes on behind a space."""
    parts, now = list[str](), ""
    for sign in line:
        if len((now + sign).encode()) > 74:
            parts.append(now)
            now = " "
        now += sign
    return [*parts, now]


MOST = 12  # problems at once
_LABEL = re.compile(
    r"\s*(?:(?P<problem>(?:question|problem|q|題目|問題)\s?[0-9]{0,2})"
    r"|(?P<working>(?:my )?working|work|steps|計算|過程|算式)"
    r"|(?P<answer>(?:my )?(?:answer|ans)|a|(?:我的)?答案|答))"
    r"(?:\s*[:：]|(?<=answer) is\b)\s*(?P<text>.*)",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\s*\(?[0-9]{1,2}(?:[.)]\s+|、\s*)(?=\S)")


def pasted(text: str) -> list[dict[str, str]]:
    """The problems of a pasted text: an empty line between two, or a number before each. Without 'Answer:' the last
    line of a problem is the answer, or what stands behind its last '='."""
    blocks: list[list[str]] = [[]]
    for line in text.splitlines():
        if not line.strip() or _NUMBER.match(line):
            blocks.append([])
        if line.strip():
            blocks[-1].append(line)
    items = [_item(block) for block in blocks if block]
    if not items:
        raise PageRefusal("there is no problem yet; paste a problem, your working and your answer")
    if len(items) > MOST:
        raise PageRefusal(
            "these are {count} problems; {most} at once are the most: send some of them first",
            count=len(items), most=MOST,
        )  # fmt: skip
    return items


def _item(block: list[str]) -> dict[str, str]:
    parts: dict[str, list[str]] = {"problem": [], "working": [], "answer": []}
    here = "problem"
    for line in [_NUMBER.sub("", block[0], count=1), *block[1:]]:
        if label := _LABEL.fullmatch(line):
            line, here = label["text"], next(filter(label.__getitem__, parts))
        if here == "problem" and parts["problem"] and checked_equations(line):
            parts["working"].append(line.strip())
        else:
            parts[here].append(line.strip())
    if not parts["answer"]:
        _take_answer(parts)
    item = {name: " ".join(lines).strip() for name, lines in parts.items()}
    if not item["problem"] or not item["answer"]:
        raise PageRefusal(
            "no answer of yours is with “{problem}”; write it below, as 'Answer: 365'",
            problem=" ".join(block)[:60],
        )
    return item


def _take_answer(parts: dict[str, list[str]]) -> None:
    """From the last line of the problem; where that has one line, from behind the last '=' of a calculation."""
    if len(parts["problem"]) > 1:
        parts["answer"] = [parts["problem"].pop()]
        return
    lines = parts["working"] or parts["problem"]
    if lines and checked_equations(lines[-1]):
        before, _, answer = lines[-1].rpartition("=")
        parts["answer"] = [answer]
        if not parts["working"]:
            parts["problem"] = [before]


def diagnosed(items: list[dict[str, str]], diagnosis: Diagnosis, words: Words) -> str:
    """For each problem the right answer, where the working goes wrong, and its topic; then the weak topics by count."""
    rows, counted = [], Counter[str]()
    for number, item in enumerate(items, 1):
        topic, answer = diagnosis.concepts.get(number, ""), diagnosis.answers.get(number, "?")
        counted[taxonomy.resolve(topic) or topic] += bool(topic)
        checked = [right for _, right in checked_equations(f"{item['problem']} = {answer}")]
        rows.append((item, answer, checked[-1] if checked else None, _first_wrong(item, words), topic))
    topics = None
    if diagnosis.topics is not None:
        counts = {name: counted[taxonomy.resolve(name) or name] for name in diagnosis.topics}
        topics = sorted(counts.items(), key=lambda entry: -entry[1])
    return str(HTML.diagnosed(rows, topics, words))


def weak_topics(diagnosis: Diagnosis) -> list[str]:
    """Those that the taxonomy knows: a plan can be made for them."""
    known = (taxonomy.resolve(name) for name in diagnosis.topics or ())
    return list(dict.fromkeys(topic for topic in known if topic))


def _first_wrong(item: dict[str, str], words: Words) -> str:
    """In the working, or between the problem and the answer where the problem is a calculation."""
    for text in (item["working"], f"{item['problem']} = {item['answer']}"):
        for equation, right in checked_equations(text):
            if not right:
                return equation
    return words["no_wrong_sum"] if item["working"] else ""
