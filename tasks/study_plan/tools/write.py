"""Writes a good study plan by rule: the plan that training examples are made of, and the target of each test item.

    write(profiles()[0])    # "Amina's plan: 6 weeks, 1.5 hours a week\nGoal: know the tables without ..."

It does not look at how plans are scored: it writes what a teacher would, and a test shows that the scores agree.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal

from proctor.common.json_lines import read_json_lines
from proctor.common.schema import load_yaml
from proctor.tasks.concepts import taxonomy
from proctor.tasks.study_plan.profile import DAYS, Mistake, Profile, hours_a_week

WORDS = 180  # the longest plan that a small context has room for; the layouts are tried from the fullest down

Layout = Literal["session by session", "week by week", "line by line", "short lines"]
LAYOUTS: tuple[Layout, ...] = ("session by session", "week by week", "line by line", "short lines")


@dataclass(frozen=True)
class Activity:
    """What a pupil can do to learn a concept, and mistakes that are usual in it."""

    concept: str
    tasks: tuple[str, ...]
    mistakes: tuple[Mistake, ...]


@cache
def activities() -> dict[str, Activity]:
    by_id = {}
    for _, row in read_json_lines(Path(__file__).with_name("activities.jsonl"), '{"id": ...}'):
        mistakes = [Mistake(mistake["work"], mistake["why"], row["id"]) for mistake in row["mistakes"]]
        by_id[row["id"]] = Activity(row["id"], tuple(row["activities"]), tuple(mistakes))
    return by_id


@cache
def phrases() -> dict[str, list[str]]:
    """The wordings of plans, and what pupils to train on are drawn from."""
    return dict(load_yaml(Path(__file__).with_name("phrases.yaml")))


def in_order(topics: tuple[str, ...]) -> tuple[str, ...]:
    """The topics with prerequisites first, otherwise in the same order."""
    left, done = list(topics), list[str]()
    while left:
        ready = next(topic for topic in left if not taxonomy.prerequisites(topic) & (set(left) - {topic}))
        left.remove(ready)
        done.append(ready)
    return tuple(done)


@dataclass(frozen=True)
class _Times:
    days: tuple[str, ...]
    minutes: int

    def __str__(self) -> str:
        if len(self.days) == 1:
            return f"{self.days[0]}, {self.minutes} min"
        short = [day[:3] for day in self.days]
        return f"{', '.join(short[:-1])} and {short[-1]}, {self.minutes} min each"


@dataclass(frozen=True)
class _Week:
    number: int
    topics: tuple[str, ...]
    review: bool = False


@dataclass
class _Author:
    """One plan in the making: what it says already, so that nothing is said twice while there is something new."""

    profile: Profile
    times: _Times
    rng: random.Random
    layout: Layout
    mistakes: list[Mistake] = field(default_factory=list)
    used: dict[str, int] = field(default_factory=dict)
    phrases: list[str] = field(default_factory=list)

    @property
    def brief(self) -> bool:
        return self.layout in ("line by line", "short lines")

    def choice(self, name: str) -> str:
        """One of the wordings; brief plans have shorter ones."""
        if self.brief:
            name += "_short"
        return self.rng.choice(phrases()[name])

    def phrase(self) -> str:
        """A way to practise; all of them come up before one comes twice."""
        if not self.phrases:
            self.phrases = self.rng.sample(phrases()["practise"], len(phrases()["practise"]))
        return self.phrases.pop().format(n=self.rng.choice((6, 8, 10, 12)))

    def activity(self, topic: str) -> str | None:
        """The next activity for a topic, or None when all have been set."""
        tasks: tuple[str, ...] = (f"Copy a worked example of {_listed((topic,))} step by step",)
        if topic in activities():
            tasks = activities()[topic].tasks
        index = self.used.get(topic, 0)
        self.used[topic] = index + 1
        return f"{tasks[index]}." if index < len(tasks) else None

    def redo(self, topic: str) -> str | None:
        """The pupil's next own mistake in a topic, or None when all have been set."""
        mistake = next((mistake for mistake in self.mistakes if mistake.topic == topic), None)
        if mistake is None:
            return None
        self.mistakes.remove(mistake)
        wording = self.choice("redo")
        return wording.format(work=mistake.work, why=mistake.why, n=self.rng.choice((4, 5, 6)))

    def check(self, week: _Week) -> str:
        """What ends a week: a quiz, and in the last week a test."""
        if week.review:
            n = self.rng.choice((12, 15))
            check = self.rng.choice(phrases()["last"]).format(n=n, m=round(n * 0.8))
            return f"{self.rng.choice(phrases()['tests']).format(n=n)} {check}"
        n = self.rng.choice((5, 8, 10))
        return self.choice("checks").format(n=n, m=round(n * 0.8))


def write(profile: Profile, seed: int = 0, most: int = WORDS) -> str:
    """A plan of at most some `most` words. The same profile and seed give the same words."""
    plan = ""
    for layout in LAYOUTS:
        plan = _write(profile, layout, random.Random(f"{profile.id} {seed}"))
        if len(plan.split()) <= most:
            break
    return plan


def _write(profile: Profile, layout: Layout, rng: random.Random) -> str:
    author = _Author(profile, _times(profile), rng, layout, list(profile.evidence))
    facts = {
        "name": profile.name,
        "grade": str(profile.grade),
        "weeks": str(profile.weeks),
        "hours": hours_a_week(profile),
    }
    head = [
        rng.choice(phrases()["titles"]).format(**facts),
        rng.choice(phrases()["goals"]).format(goal=profile.goal),
    ]
    if author.brief:
        head.append(f"Every week: {author.times}.")
    block = {"session by session": _sessions, "week by week": _paragraph}.get(layout, _line)
    blocks = ["\n".join(head), *(block(author, week) for week in _weeks(profile))]
    if profile.notes:
        blocks.append(rng.choice(phrases()["notes"]).format(name=profile.name, notes=_joined(profile.notes)))
    return ("\n" if author.brief else "\n\n").join(blocks)


def _times(profile: Profile) -> _Times:
    """Days and minutes that use nine tenths of the hours on as few days as that takes, or all that fits."""
    free = [day for day in DAYS if day not in profile.busy]
    budget = round(profile.hours_per_week * 60)
    limit = profile.session_minutes or 60
    options = [(count, min(limit, budget // count) // 5 * 5) for count in range(1, len(free) + 1)]
    enough = [(count, minutes) for count, minutes in options if count > 1 and count * minutes >= 0.9 * budget]
    most = max(options, key=lambda option: option[0] * option[1])
    count, minutes = enough[0] if enough else most
    return _Times(tuple(free[i * len(free) // count] for i in range(count)), minutes)


def _weeks(profile: Profile) -> list[_Week]:
    """Topics in the order of their prerequisites, spread evenly; the last week is for review."""
    topics = in_order(profile.weak_topics)
    teaching = profile.weeks - 1
    parts: list[list[str]] = [[] for _ in range(teaching)]
    for index, topic in enumerate(topics):
        start = index * teaching // len(topics)
        for week in range(start, max(start + 1, (index + 1) * teaching // len(topics))):
            parts[week].append(topic)
    weeks = [_Week(number, tuple(part)) for number, part in enumerate(parts, 1)]
    return [*weeks, _Week(profile.weeks, topics, review=True)]


def _sessions(author: _Author, week: _Week) -> str:
    """A heading, a line a session (three at most, further days share the last) and a check."""
    days: list[tuple[str, ...]] = [(day,) for day in author.times.days[:2]]
    if len(author.times.days) > 2:
        days.append(author.times.days[2:])
    tasks = _session_tasks(author, week, len(days))
    lines = [_heading(week)]
    for index, group in enumerate(days):
        doing = tasks[index : index + 1]
        if index == len(days) - 1 and not week.review:
            doing = tasks[index:]  # the first sessions take one task each, the last takes what is left
        lines.append(f"- {_Times(group, author.times.minutes)}: {' '.join(doing)}")
    return "\n".join([*lines, f"- {author.check(week)}"])


def _session_tasks(author: _Author, week: _Week, sessions: int) -> list[str]:
    """For each topic the pupil's own mistake and an activity; then practice, so that no session is empty."""
    if week.review:
        return author.rng.sample(phrases()["reviews"], len(phrases()["reviews"]))
    tasks: list[str | None] = []
    for topic in week.topics:
        tasks += [author.redo(topic), author.activity(topic)]
    if len(tasks) < 3:
        tasks += [author.activity(topic) for topic in week.topics]
    texts = [task for task in tasks if task]
    return texts + [author.phrase() for _ in range(max(1, sessions - len(texts)))]


def _paragraph(author: _Author, week: _Week) -> str:
    tasks = " ".join(_tasks(author, week))
    return f"{_heading(week)} ({author.times})\n- {tasks}\n- {author.check(week)}"


def _line(author: _Author, week: _Week) -> str:
    tasks = [] if week.review else _tasks(author, week)
    return f"{_heading(week, brief=True)}. {' '.join([*tasks, author.check(week)])}"


def _tasks(author: _Author, week: _Week) -> list[str]:
    """One or two tasks a topic: first the pupil's own mistake, then activities, then practice in changing forms."""
    if week.review:
        return [author.rng.choice(phrases()["reviews"])]
    tasks: list[str] = []
    for topic in week.topics:
        own_mistake = author.redo(topic)
        if own_mistake:
            tasks.append(own_mistake)
        if not (own_mistake and author.brief):
            tasks.append(author.activity(topic) or author.phrase())
    if author.layout != "short lines" and len(tasks) < 2:
        tasks.append(author.phrase())
    return tasks


def _heading(week: _Week, brief: bool = False) -> str:
    if not week.review:
        return f"Week {week.number}: {_listed(week.topics)}"
    topics = "all topics" if brief else _listed(week.topics, inside=True)
    return f"Week {week.number}: Review of {topics}"


def _listed(topics: Sequence[str], inside: bool = False) -> str:
    """Names in a row; inside a sentence the first one starts small too, unless it is somebody's name."""
    names = taxonomy.names(topics)
    small = []
    for name in names:
        small.append(name if name.startswith("Pythagoras") else name[0].lower() + name[1:])
    return _joined(small if inside else [names[0], *small[1:]])


def _joined(parts: Sequence[str]) -> str:
    if len(parts) == 1:
        return parts[0]
    return f"{', '.join(parts[:-1])} and {parts[-1]}"
