"""The scene `my plan`: a form becomes a pupil of the study-plan task, a plan a table with findings and a calendar."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from html import escape
from typing import Any

from proctor.common.digest import digest
from proctor.harness.chat.words import Words
from proctor.judges.rules.reading import Week, read
from proctor.tasks.concepts import taxonomy
from proctor.tasks.study_plan.checks import check_plan
from proctor.tasks.study_plan.profile import DAYS, Profile, as_doc

SIGNS = {"passed": ("right", "✓"), "failed": ("wrong", "✗")}


def pupil(form: Mapping[str, Any], topics: list[str], course: str) -> Profile:
    """The pupil of a form; weeks beyond the task's limits are refused by the profile itself."""
    return Profile(
        id="chat",
        name=str(form["name"]).strip() or "the pupil",
        grade=int(form["grade"]),
        course=course,
        weak_topics=tuple(topics),
        evidence=(),
        goal=str(form["goal"]).strip() or "understand these topics",
        weeks=int(form["weeks"]),
        hours_per_week=float(form["hours"]),
        busy=tuple(day for day in DAYS if day in form["busy"]),
    )


def planned(text: str, profile: Profile, words: Words) -> str:
    """The plan by week, and what the checklist finds, as HTML."""
    rows = []
    for week in read(text).weeks:
        lines = "<br>".join(escape(line.text) for line in week.lines)
        minutes = ""
        if week.timed:
            minutes = f"{week.minutes:g}"
        rows.append(f"<tr><th scope='row'>{week.number}</th><td>{minutes}</td><td>{lines}</td></tr>")
    if not rows:
        whole = f"<pre>{escape(text)}</pre>" if text.strip() else ""
        return f"{whole}<p>{words['no_weeks']}</p>"
    heads = "".join(f"<th scope='col'>{words[name]}</th>" for name in ("week", "minutes", "tasks"))
    return f"<table><tr>{heads}</tr>{''.join(rows)}</table>{findings(text, profile, words)}"


def findings(text: str, profile: Profile, words: Words) -> str:
    items = []
    for check in check_plan(text, as_doc(profile)["requirements"]):
        if check.result in SIGNS:
            kind, sign = SIGNS[check.result]
            items.append(
                f"<li class='{kind}'>{sign} {words['check_' + check.name]}: {escape(check.why)}</li>"
            )
    return f"<h3>{words['findings']}</h3><ul>{''.join(items)}</ul>"


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
        for day in _days(week):
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
    return "".join(f"{folded}\r\n" for line in [*lines, "END:VCALENDAR"] for folded in _folded(line))


def _days(week: Week) -> list[int]:
    return [place for place, day in enumerate(DAYS) if day in week.days] or [0]


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
