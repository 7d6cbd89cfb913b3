"""The rules of the checklist: what is measured in a study plan, and a score with a reason for every item.

Rules, no model: the same plan and facts always get the same score. Thresholds, weights and word lists are the
rubric's. `facts` may hold, and does without any of them:

    name str · weeks int · minutes_per_week int · session_minutes int or None · busy list of days
    topics list of lists of names (each topic under all its names) · goal str · notes list of str
    mistakes list of str (the pupil's working) · mistake_topics list of the same length: which of `topics` each
    mistake shows, counted from 0, or None · language 'simple', 'standard' or 'confident'
    inside, outside lists of names: topics of the course, and topics that are none of it
"""

from collections.abc import Callable, Mapping, Sequence
from math import inf
from typing import Any

import numpy as np

from proctor.common.refusal import Refusal
from proctor.judges.judge import Judge, Scale
from proctor.judges.rubric import Dimension
from proctor.judges.rules.arithmetic import wrong_equations
from proctor.judges.rules.durations import starts_with_day
from proctor.judges.rules.pupil import another_pupils, taken_up, takes_up
from proctor.judges.rules.read_plan import (
    TARGET,
    Measurement,
    ReadPlan,
    is_whole,
    says_amount,
    tasks_in,
    unique,
)
from proctor.judges.rules.reading import LONGEST, PlanLine, PlanReading, Week, read, text_of
from proctor.judges.rules.text import (
    TOKEN,
    mentions,
    names_in,
    new_share,
    plain,
    sentences,
    share_of,
    stem,
    stems,
    texts_of,
    unquoted,
    without_numbers,
    words,
)
from proctor.judges.rules.word_order import fitting
from proctor.judges.verdict import ItemFinding, JudgeVerdict

METHOD = "rules, no model"


def score_by_rules(judge: Judge, text: str, facts: Mapping[str, Any]) -> JudgeVerdict:
    """Scores one plan for one pupil; asks nobody.

    score_by_rules(Judge.load("checklist"), "Week 1: ...", {"name": "Leo", "topics": [["areas"]], "weeks": 2})
    """
    if judge.asks:
        raise Refusal(
            f"judge {judge.name!r} asks a model and has no rules; score with proctor.judges.scoring"
        )
    if not words(text):
        return JudgeVerdict(judge.name, METHOD, {}, parsed=False, above_weakest=judge.above_weakest)
    text = text[:LONGEST]
    rubric = judge.rubric
    plan = ReadPlan(text, read(text), facts, rubric.words, rubric.sentence_words)
    scores, findings = {}, []
    for name, dimension in rubric.dimensions.items():
        scores[name], of_dimension = _score(name, dimension, MEASURES[name](plan), judge.scale)
        findings += of_dimension
    return JudgeVerdict(judge.name, METHOD, scores, tuple(findings), above_weakest=judge.above_weakest)


def _score(
    name: str, dimension: Dimension, measured: Mapping[str, Measurement], scale: Scale
) -> tuple[float, list[ItemFinding]]:
    """The weighted mean of what the items earn, on the scale, and at most what the weakest of them allows."""
    findings = []
    earned = weight = 0.0
    most = float(scale.highest)
    for key, item in dimension.items.items():
        value, note = measured[key].value, measured[key].note
        if value is None:
            findings.append(ItemFinding(name, key, None, note))
            continue
        share = item.share(value)
        findings.append(ItemFinding(name, key, share, note))
        earned += item.weight * share
        weight += item.weight
        most = min(most, item.limit(share, scale.highest))
    mean = float(scale.lowest)
    if weight:
        mean = scale.lowest + (scale.highest - scale.lowest) * earned / weight
    return round(min(mean, most), 2), findings


def _fluency(plan: ReadPlan) -> dict[str, Measurement]:
    """What stands after the last week can cost, but earns nothing: good sentences do not mend a heap of words."""
    whole = _language(plan, plan.text, plan.lines)
    end = 0
    for number, line in enumerate(plan.lines, 1):
        if line.week:
            end = number
    if end in (0, len(plan.lines)):
        return whole
    planned = plan.lines[:end]
    weeks = _language(plan, text_of(unique(planned)), planned)
    return {item: _worse(weeks[item], whole[item]) for item in whole}


def _worse(weeks: Measurement, whole: Measurement) -> Measurement:
    if weeks.value is None or whole.value is None:
        return weeks
    return min(weeks, whole, key=lambda measured: measured.value or 0.0)


def _language(plan: ReadPlan, text: str, written: Sequence[PlanLine]) -> dict[str, Measurement]:
    spoken = words(text)
    lines = unique(written)
    all_sentences = []
    for line in lines:
        all_sentences += sentences(line.text)
    limit = plan.sentence_words.get(str(plan.facts.get("language")), max(plan.sentence_words.values()))
    short = share_of(all_sentences, lambda sentence: len(words(sentence)) <= limit)
    whole = share_of(lines, is_whole)
    new = new_share(list(map(str.lower, TOKEN.findall(text))))
    small = share_of(spoken, lambda word: word.lower() in plan.words.small)
    return {
        "enough": Measurement(len(spoken), f"{len(spoken)} words"),
        "order": _order(plan.reading),
        "joined": _joined(lines),
        "new": Measurement(new, f"{1 - new:.0%} of four-word runs are repeats"),
        "sentences": Measurement(whole, f"{whole:.0%} of lines are whole"),
        "length": Measurement(short, f"{short:.0%} of sentences have at most {limit} words"),
        "connected": Measurement(small, f"{small:.0%} small words"),
    }


def _personalisation(plan: ReadPlan) -> dict[str, Measurement]:
    every = [frozenset(stems(line.text)) for line in unique(plan.lines)]
    return {
        "own": _own(plan),
        "topics": _topics(plan),
        "weeks": _weeks(plan),
        "hours": _hours(plan),
        "fits": _fits(plan),
        "course": _course(plan),
        "mistakes": _mistakes(plan),
        "goal": _goal(every, str(plan.facts.get("goal") or "")),
        "notes": _notes(every, texts_of(plan.facts, "notes")),
    }


def _own(plan: ReadPlan) -> Measurement:
    foreign = another_pupils(plan.lines, plan.facts, plan.words)
    note = foreign or "nothing in it is another pupil's"
    facts = plan.facts
    if not (facts.get("name") or facts.get("goal") or facts.get("mistakes")):
        return Measurement(None, note)
    return Measurement(float(not foreign), note)


def _actionability(plan: ReadPlan) -> dict[str, Measurement]:
    seen: set[str] = set()
    busy = 0
    for week in plan.weeks[: plan.wanted]:
        before = len(seen)
        for line in week.lines:
            seen.update(map(without_numbers, tasks_in(line.text, plan.words)))
        busy += len(seen) > before
    checks = frozenset(map(stem, plan.words.checks))
    amounts = frozenset(map(stem, plan.words.amounts))

    def says_how_much(week: Week) -> bool:
        return any(says_amount(line.text, amounts) for line in week.lines)

    def checked(week: Week) -> bool:
        return not checks.isdisjoint(map(stem, words(week.text)))

    wrong = wrong_equations(plan.text, texts_of(plan.facts, "mistakes"))
    note = f"wrong: {'; '.join(wrong[:3])}" if wrong else "no sum in it is wrong"
    return {
        "maths": Measurement(len(wrong), note),
        "tasks": Measurement(busy / plan.wanted, f"{busy} of {plan.wanted} weeks set a task that is new"),
        "amounts": plan.share_of_weeks(says_how_much, "say how much"),
        "times": plan.share_of_weeks(lambda week: week.timed, "say how long"),
        "checks": plan.share_of_weeks(checked, "check progress"),
        "targets": plan.share_of_weeks(
            lambda week: TARGET.search(week.text) is not None, "name a mark to reach"
        ),
    }


def _order(reading: PlanReading) -> Measurement:
    """Headings must rise, none may stand alone, and no day's work may stand before the first: shuffled lines fail."""
    if not reading.weeks:
        return Measurement(None, "no weeks to put in order")
    weeks, lines = reading.weeks, reading.lines
    steps = np.diff(reading.headings)
    rising = float((steps > 0).mean()) if len(steps) else 1.0
    filled = sum(map(_is_filled, weeks))
    daily = np.array([starts_with_day(line.text) for line in lines])
    first = np.argmax([line.heading for line in lines])
    stray = daily[:first].sum()
    inside = early = 1.0
    if stray > 1:
        inside = 1 - float(stray / daily.sum())
    if reading.headings[0] != min(reading.headings):
        early = 0.8
    value = rising * filled / len(weeks) * inside * early
    return Measurement(
        value, f"{rising:.0%} of weeks follow the one before, {filled} of {len(weeks)} are filled"
    )


def _is_filled(week: Week) -> bool:
    return any(not line.heading or len(words(line.text)) > 5 for line in week.lines)


def _joined(lines: Sequence[PlanLine]) -> Measurement:
    """Words in random order betray themselves by their neighbours. Whole headings do not make up for tasks without
    order, so what stands in the weeks counts by itself where it has words enough: the lines below a heading, and
    what follows the first sentence of a heading. Of short tasks, such as 'Redo 5, then 4 more', half may be unknown.
    """
    tasks = []
    for line in lines:
        if line.week and line.heading:
            tasks.append(line.text.partition(". ")[2])
        elif line.week:
            tasks.append(line.text)
    good, known = fitting(text_of(lines))
    if known < 5:
        return Measurement(None, "too few small words to tell")
    good_of_tasks, known_of_tasks = fitting("\n".join(tasks))
    if known_of_tasks >= 10 and good_of_tasks / known_of_tasks < good / known:
        good, known = good_of_tasks, known_of_tasks
    return Measurement(good / known, f"{good} of {known} words fit the word before them")


def _topics(plan: ReadPlan) -> Measurement:
    """A topic is worked on where a week's line names it, or takes up a mistake that shows it, and the same line or
    the next sets a task or an amount. Where there is one topic only, a title that names it holds for all tasks.
    """
    topics = []
    for names in plan.facts.get("topics") or ():
        topics.append(list(map(stems, names)))
    if not topics:
        return Measurement(None, "no weak topics are known")
    amounts = frozenset(map(stem, plan.words.amounts))
    shown = _shown(plan, len(topics))
    worked: set[int] = set()
    title = frozenset[str]()
    if len(topics) == 1 and plan.lines and not plan.lines[0].week:
        title = frozenset(stems(plan.lines[0].text))
    for week in plan.weeks:
        active = [
            bool(tasks_in(line.text, plan.words)) or says_amount(line.text, amounts) for line in week.lines
        ]
        for at, line in enumerate(week.lines):
            if not any(active[at : at + 2]):
                continue
            named = title.union(stems(line.text))
            for topic, names in enumerate(topics):
                if mentions(named, names):
                    worked.add(topic)
            for mistake, topic in shown:
                if topic not in worked and takes_up(line.text, mistake):
                    worked.add(topic)
    return Measurement(len(worked) / len(topics), f"{len(worked)} of {len(topics)} weak topics are worked on")


def _shown(plan: ReadPlan, topics: int) -> list[tuple[str, int]]:
    """The pupil's mistakes and the topic that each one shows; with one topic it can be no other."""
    mistakes = texts_of(plan.facts, "mistakes")
    topic_of = plan.facts.get("mistake_topics")
    if not topic_of and topics == 1:
        topic_of = [0] * len(mistakes)
    return [
        (mistake, topic)
        for mistake, topic in zip(mistakes, topic_of or (), strict=False)
        if topic is not None
    ]


def _weeks(plan: ReadPlan) -> Measurement:
    if not plan.facts.get("weeks"):
        return Measurement(None, "the number of weeks is not known")
    numbers = [week.number for week in plan.weeks]
    right = len(set(numbers).intersection(range(1, plan.wanted + 1)))
    extra = len(numbers) - right
    return Measurement(
        max(0.0, (right - extra) / plan.wanted), f"{right} of {plan.wanted} weeks, {extra} too many"
    )


def _hours(plan: ReadPlan) -> Measurement:
    budget = plan.facts.get("minutes_per_week")
    if not budget:
        return Measurement(None, "the hours are not known")
    return plan.share_of_weeks(
        lambda week: 0.6 * budget <= week.minutes <= budget + 1,
        f"use the {budget / 60:g} h without going over",
    )


def _fits(plan: ReadPlan) -> Measurement:
    """Whether the pupil can keep to it: no more than the hours, no session that is too long, no work on a busy day."""
    budget = float(plan.facts.get("minutes_per_week") or inf)
    limit = float(plan.facts.get("session_minutes") or inf)
    busy = set(plan.facts.get("busy") or ())
    if not plan.weeks or (budget == limit == inf and not busy):
        return Measurement(None, "any times will do")

    def longest(week: Week) -> float:
        return max((minutes for minutes in week.sessions if minutes < inf), default=0.0)

    def fits(week: Week) -> bool:
        return week.minutes <= budget + 1 and not busy & week.days and longest(week) <= limit + 1

    good, of = sum(map(fits, plan.weeks)), len(plan.weeks)
    return Measurement(good / of, f"{of - good} of {of} weeks take more time, or other days, than there are")


def _course(plan: ReadPlan) -> Measurement:
    """Topics that the course does not have; a name that is part of a longer one of the course is none."""
    outside = set(map(plain, plan.facts.get("outside") or ()))
    if not outside:
        return Measurement(None, "the course is not known")
    inside = set(map(plain, plan.facts.get("inside") or ()))
    foreign: dict[str, None] = {}  # each once, in their order
    for name in names_in([plain(unquoted(line.text)) for line in plan.lines if line.week], outside | inside):
        if name not in inside:
            foreign[" ".join(name)] = None
    return Measurement(len(foreign), f"from outside the course: {', '.join(foreign) or 'nothing'}")


def _mistakes(plan: ReadPlan) -> Measurement:
    """A mistake is taken up when its working stands in the plan, with or without what went wrong."""
    mistakes = plan.facts.get("mistakes") or ()
    if not mistakes:
        return Measurement(None, "no mistakes are known")
    used = taken_up(plan.text, plan.facts)
    return Measurement(
        used / len(mistakes), f"{used} of {len(mistakes)} of the pupil's mistakes are taken up"
    )


def _goal(lines: Sequence[frozenset[str]], goal: str) -> Measurement:
    wanted = frozenset(stems(goal))
    if not wanted:
        return Measurement(None, "no goal is known")
    best = max((len(wanted & line) for line in lines), default=0) / len(wanted)
    return Measurement(best, f"{best:.0%} of the goal's words in one line")


def _notes(lines: Sequence[frozenset[str]], notes: Sequence[str]) -> Measurement:
    if not notes:
        return Measurement(None, "nothing else is known")
    used = 0
    for note in notes:
        wanted = frozenset(stems(note))
        used += any(len(wanted & line) >= max(1, 0.6 * len(wanted)) for line in lines)
    return Measurement(used / len(notes), f"{used} of {len(notes)} circumstances are taken into account")


MEASURES: Mapping[str, Callable[[ReadPlan], dict[str, Measurement]]] = {
    "fluency": _fluency,
    "personalisation": _personalisation,
    "actionability": _actionability,
}
