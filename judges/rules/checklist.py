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

from proctor.common.refusal import Refusal
from proctor.judges.judge import Judge
from proctor.judges.rules.arithmetic import wrong_equations
from proctor.judges.rules.durations import starts_with_day
from proctor.judges.rules.neighbours import fitting
from proctor.judges.rules.planned import (
    TARGET,
    Measurement,
    ReadPlan,
    is_whole,
    says_amount,
    tasks_in,
    unique,
)
from proctor.judges.rules.pupil import another_pupils, taken_up, takes_up
from proctor.judges.rules.reading import LONGEST, PlanLine, PlanReading, Week, read
from proctor.judges.rules.text import (
    TOKEN,
    mentions,
    new_share,
    plain,
    sentences,
    stem,
    stems,
    unquoted,
    without_numbers,
    words,
)
from proctor.judges.verdict import ItemFinding, JudgeVerdict

METHOD = "rules, no model"
_TEXTS, _NUMBERS = ("name", "goal", "language"), ("weeks", "minutes_per_week", "session_minutes")
_LISTS = ("topics", "mistakes", "notes", "busy", "mistake_topics", "inside", "outside")


def checked_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Facts as somebody wrote them, refused where a rule would misread them; a topic may be one name or a list."""
    for key, value in facts.items():
        if key not in (*_TEXTS, *_NUMBERS, *_LISTS):
            raise Refusal(f"no fact is called {key!r}; there are {', '.join((*_TEXTS, *_NUMBERS, *_LISTS))}")
        right = str if key in _TEXTS else int | float if key in _NUMBERS else list
        if value is not None and (not isinstance(value, right) or isinstance(value, bool)):
            kind = "text" if key in _TEXTS else "a number" if key in _NUMBERS else "a list"
            raise Refusal(f"the fact {key!r} is {value!r}, and should be {kind}")
    if not facts.get("topics"):
        raise Refusal("the facts name no `topics`, and without them nobody can tell whose plan it is")
    topics = [[topic] if isinstance(topic, str) else topic for topic in facts["topics"]]
    return {**facts, "topics": topics}


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
    rubric, lowest, highest = judge.rubric, judge.scale.lowest, judge.scale.highest
    plan = ReadPlan(text, read(text), facts, rubric.words, rubric.sentence_words)
    scores, findings = {}, []
    for name, dimension in rubric.dimensions.items():
        measured = MEASURES[name](plan)
        earned = weight = 0.0
        most = float(highest)
        for key, item in dimension.items.items():
            value, note = measured[key].value, measured[key].note
            share = None if value is None else item.share(value)
            findings.append(ItemFinding(name, key, share, note))
            if share is not None:
                earned += item.weight * share
                weight += item.weight
                most = min(most, item.limit(share, highest))
        mean = lowest + (highest - lowest) * earned / weight if weight else float(lowest)
        scores[name] = round(min(mean, most), 2)
    return JudgeVerdict(judge.name, METHOD, scores, tuple(findings), above_weakest=judge.above_weakest)


def _fluency(plan: ReadPlan) -> dict[str, Measurement]:
    """What stands after the last week can cost, but earns nothing: good sentences do not mend a heap of words."""
    whole = _language(plan, plan.text, plan.lines)
    end = max((at for at, line in enumerate(plan.lines, 1) if line.week), default=0)
    planned = plan.lines[:end]
    if end in (0, len(plan.lines)):
        return whole
    weeks = _language(plan, "\n".join(line.text for line in unique(planned)), planned)
    return {item: _worse(weeks[item], whole[item]) for item in whole}


def _worse(weeks: Measurement, whole: Measurement) -> Measurement:
    if weeks.value is None or whole.value is None:
        return weeks
    return min(weeks, whole, key=lambda measured: measured.value or 0.0)


def _language(plan: ReadPlan, text: str, written: Sequence[PlanLine]) -> dict[str, Measurement]:
    spoken = words(text)
    tokens = [token.lower() for token in TOKEN.findall(text)]
    lines = unique(written)
    said = [sentence for line in lines for sentence in sentences(line.text)]
    limit = plan.sentence_words.get(str(plan.facts.get("language")), max(plan.sentence_words.values()))
    fitting = sum(len(words(sentence)) <= limit for sentence in said) / len(said) if said else 0.0
    whole = sum(is_whole(line) for line in lines) / len(lines) if lines else 0.0
    new = new_share(tokens)
    small = sum(word.lower() in plan.words.small for word in spoken) / max(1, len(spoken))
    return {
        "enough": Measurement(len(spoken), f"{len(spoken)} words"),
        "order": _order(plan.reading),
        "joined": _joined("\n".join(line.text for line in lines)),
        "new": Measurement(new, f"{1 - new:.0%} of four-word runs are repeats"),
        "sentences": Measurement(whole, f"{whole:.0%} of lines are whole"),
        "length": Measurement(fitting, f"{fitting:.0%} of sentences have at most {limit} words"),
        "connected": Measurement(small, f"{small:.0%} small words"),
    }


def _personalisation(plan: ReadPlan) -> dict[str, Measurement]:
    facts = plan.facts
    every = [frozenset(stems(line.text)) for line in unique(plan.lines)]
    foreign = another_pupils(plan.lines, facts, plan.words)
    return {
        "own": Measurement(
            float(not foreign) if facts.get("name") or facts.get("goal") or facts.get("mistakes") else None,
            foreign or "nothing in it is another pupil's",
        ),
        "topics": _topics(plan),
        "weeks": _weeks(plan),
        "hours": _hours(plan),
        "fits": _fits(plan),
        "course": _course(plan),
        "mistakes": _mistakes(plan),
        "goal": _goal(every, str(facts.get("goal") or "")),
        "notes": _notes(every, [str(note) for note in facts.get("notes") or ()]),
    }


def _actionability(plan: ReadPlan) -> dict[str, Measurement]:
    seen: set[str] = set()
    counts = []
    for week in plan.weeks[: plan.wanted]:
        mine = {without_numbers(task) for line in week.lines for task in tasks_in(line.text, plan.words)}
        counts.append(len(mine - seen))
        seen |= mine
    busy = sum(count > 0 for count in counts)
    checks = frozenset(stem(word) for word in plan.words.checks)
    amounts = frozenset(stem(word) for word in plan.words.amounts)

    def says_how_much(week: Week) -> bool:
        return any(says_amount(line.text, amounts) for line in week.lines)

    def checked(week: Week) -> bool:
        return any(stem(word) in checks for line in week.lines for word in words(line.text))

    wrong = wrong_equations(plan.text, [str(mistake) for mistake in plan.facts.get("mistakes") or ()])
    return {
        "maths": Measurement(
            len(wrong), f"wrong: {'; '.join(wrong[:3])}" if wrong else "no sum in it is wrong"
        ),
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
    pairs = list(zip(reading.headings, reading.headings[1:], strict=False))
    rising = sum(a < b for a, b in pairs) / len(pairs) if pairs else 1.0
    filled = sum(
        any(not line.heading or len(words(line.text)) > 5 for line in week.lines) for week in reading.weeks
    )
    first = next(at for at, line in enumerate(reading.lines) if line.heading)
    stray = sum(starts_with_day(line.text) for line in reading.lines[:first])
    daily = sum(starts_with_day(line.text) for line in reading.lines)
    inside = 1 - stray / daily if stray > 1 else 1.0
    early = 1.0 if reading.headings[0] == min(reading.headings) else 0.8
    value = rising * filled / len(reading.weeks) * inside * early
    return Measurement(
        value, f"{rising:.0%} of weeks follow the one before, {filled} of {len(reading.weeks)} are filled"
    )


def _joined(text: str) -> Measurement:
    """Words in random order betray themselves by their neighbours."""
    good, known = fitting(text)
    if known < 5:
        return Measurement(None, "too few small words to tell")
    return Measurement(good / known, f"{good} of {known} words fit the word before them")


def _topics(plan: ReadPlan) -> Measurement:
    """A topic is worked on where a week's line names it, or takes up a mistake that shows it, and the same line or
    the next sets a task or an amount. Where there is one topic only, a title that names it holds for all tasks.
    """
    topics = [[stems(name) for name in names] for names in plan.facts.get("topics") or ()]
    if not topics:
        return Measurement(None, "no weak topics are known")
    amounts = frozenset(stem(word) for word in plan.words.amounts)
    shown = _shown(plan, len(topics))
    worked: set[int] = set()
    one = len(topics) == 1 and plan.lines and not plan.lines[0].week
    title = frozenset(stems(plan.lines[0].text)) if one else frozenset[str]()
    for week in plan.weeks:
        active = [
            bool(tasks_in(line.text, plan.words)) or says_amount(line.text, amounts) for line in week.lines
        ]
        for at, line in enumerate(week.lines):
            if any(active[at : at + 2]):
                found = title.union(stems(line.text))
                worked.update(
                    n for n, phrases in enumerate(topics) if n not in worked and mentions(found, phrases)
                )
                worked.update(n for mistake, n in shown if n not in worked and takes_up(line.text, mistake))
    return Measurement(len(worked) / len(topics), f"{len(worked)} of {len(topics)} weak topics are worked on")


def _shown(plan: ReadPlan, topics: int) -> list[tuple[str, int]]:
    """The pupil's mistakes and the topic that each one shows; with one topic it can be no other."""
    mistakes = [str(mistake) for mistake in plan.facts.get("mistakes") or ()]
    of = plan.facts.get("mistake_topics") or [0 if topics == 1 else None] * len(mistakes)
    return [(mistake, n) for mistake, n in zip(mistakes, of, strict=False) if n is not None]


def _weeks(plan: ReadPlan) -> Measurement:
    if not plan.facts.get("weeks"):
        return Measurement(None, "the number of weeks is not known")
    numbers = {week.number for week in plan.weeks}
    right = len(numbers & set(range(1, plan.wanted + 1)))
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

    def fits(week: Week) -> bool:
        return week.minutes <= budget + 1 and not busy & week.days and _longest(week, budget) <= limit + 1

    good, of = sum(map(fits, plan.weeks)), len(plan.weeks)
    return Measurement(good / of, f"{of - good} of {of} weeks take more time, or other days, than there are")


def _longest(week: Week, budget: float) -> float:
    """The longest session; 'three hours' for several days, or for none in particular, is the sum of the week."""
    sums = budget if len(week.days) != 1 else inf
    return max((minutes for minutes in week.sessions if minutes != sums), default=0.0)


def _course(plan: ReadPlan) -> Measurement:
    """Topics that the course does not have; a name that is part of a longer one of the course is none."""
    names = {plain(name): True for name in plan.facts.get("outside") or ()}
    if not names:
        return Measurement(None, "the course is not known")
    names |= {plain(name): False for name in plan.facts.get("inside") or ()}
    longest = max(map(len, names))
    found: dict[str, None] = {}
    for line in plan.lines:
        said = plain(unquoted(line.text)) if line.week else ()
        at = 0
        while at < len(said):
            size = next((n for n in range(longest, 0, -1) if said[at : at + n] in names), 1)
            if names.get(said[at : at + size]):
                found[" ".join(said[at : at + size])] = None
            at += size
    return Measurement(len(found), f"from outside the course: {', '.join(found) or 'nothing'}")


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
    wanted = [frozenset(stems(note)) for note in notes]
    used = sum(any(len(note & line) >= max(1, 0.6 * len(note)) for line in lines) for note in wanted if note)
    return Measurement(used / len(notes), f"{used} of {len(notes)} circumstances are taken into account")


MEASURES: Mapping[str, Callable[[ReadPlan], dict[str, Measurement]]] = {
    "fluency": _fluency,
    "personalisation": _personalisation,
    "actionability": _actionability,
}
