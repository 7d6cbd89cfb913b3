"""What the checklist measures in a plan: one number and one remark for each item of each dimension.

Knows plans and facts. Must not know thresholds or weights: those are the rubric's.
"""

from collections.abc import Callable, Mapping, Sequence
from math import inf

from proctor.judges.rubric import Words
from proctor.judges.rules.arithmetic import wrong_equations
from proctor.judges.rules.durations import starts_with_day
from proctor.judges.rules.neighbours import fitting
from proctor.judges.rules.planned import (
    TARGET,
    Measured,
    Plan,
    is_whole,
    says_amount,
    tasks_in,
    unique,
)
from proctor.judges.rules.pupil import another_pupils, taken_up, takes_up
from proctor.judges.rules.reading import Line, Reading, Week, read
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


def _fluency(plan: Plan) -> dict[str, Measured]:
    """What stands after the last week can cost, but earns nothing: good sentences do not mend a heap of words."""
    whole = _language(plan, plan.text, plan.lines)
    end = max((at for at, line in enumerate(plan.lines, 1) if line.week), default=0)
    planned = plan.lines[:end]
    if end in (0, len(plan.lines)):
        return whole
    weeks = _language(plan, "\n".join(line.text for line in unique(planned)), planned)
    return {item: _worse(weeks[item], whole[item]) for item in whole}


def _worse(weeks: Measured, whole: Measured) -> Measured:
    if weeks.value is None or whole.value is None:
        return weeks
    return min(weeks, whole, key=lambda measured: measured.value or 0.0)


def _language(plan: Plan, text: str, written: Sequence[Line]) -> dict[str, Measured]:
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
        "enough": Measured(len(spoken), f"{len(spoken)} words"),
        "order": _order(plan.reading),
        "joined": _joined("\n".join(line.text for line in lines)),
        "new": Measured(new, f"{1 - new:.0%} of four-word runs are repeats"),
        "sentences": Measured(whole, f"{whole:.0%} of lines are whole"),
        "length": Measured(fitting, f"{fitting:.0%} of sentences have at most {limit} words"),
        "connected": Measured(small, f"{small:.0%} small words"),
    }


def _personalisation(plan: Plan) -> dict[str, Measured]:
    facts = plan.facts
    every = [frozenset(stems(line.text)) for line in unique(plan.lines)]
    foreign = another_pupils(plan.lines, facts, plan.words)
    return {
        "own": Measured(
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


def _actionability(plan: Plan) -> dict[str, Measured]:
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
        "maths": Measured(len(wrong), f"wrong: {'; '.join(wrong[:3])}" if wrong else "no sum in it is wrong"),
        "tasks": Measured(busy / plan.wanted, f"{busy} of {plan.wanted} weeks set a task that is new"),
        "amounts": plan.share_of_weeks(says_how_much, "say how much"),
        "times": plan.share_of_weeks(lambda week: week.timed, "say how long"),
        "checks": plan.share_of_weeks(checked, "check progress"),
        "targets": plan.share_of_weeks(
            lambda week: TARGET.search(week.text) is not None, "name a mark to reach"
        ),
    }


def _order(reading: Reading) -> Measured:
    """Headings must rise, none may stand alone, and no day's work may stand before the first: shuffled lines fail."""
    if not reading.weeks:
        return Measured(None, "no weeks to put in order")
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
    return Measured(
        value, f"{rising:.0%} of weeks follow the one before, {filled} of {len(reading.weeks)} are filled"
    )


def _joined(text: str) -> Measured:
    """Words in random order betray themselves by their neighbours."""
    good, known = fitting(text)
    if known < 5:
        return Measured(None, "too few small words to tell")
    return Measured(good / known, f"{good} of {known} words fit the word before them")


def _topics(plan: Plan) -> Measured:
    """A topic is worked on where a week's line names it, or takes up a mistake that shows it, and the same line or
    the next sets a task or an amount. Where there is one topic only, a title that names it holds for all tasks.
    """
    topics = [[stems(name) for name in names] for names in plan.facts.get("topics") or ()]
    if not topics:
        return Measured(None, "no weak topics are known")
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
    return Measured(len(worked) / len(topics), f"{len(worked)} of {len(topics)} weak topics are worked on")


def _shown(plan: Plan, topics: int) -> list[tuple[str, int]]:
    """The pupil's mistakes and the topic that each one shows; with one topic it can be no other."""
    mistakes = [str(mistake) for mistake in plan.facts.get("mistakes") or ()]
    of = plan.facts.get("mistake_topics") or [0 if topics == 1 else None] * len(mistakes)
    return [(mistake, n) for mistake, n in zip(mistakes, of, strict=False) if n is not None]


def _weeks(plan: Plan) -> Measured:
    if not plan.facts.get("weeks"):
        return Measured(None, "the number of weeks is not known")
    numbers = {week.number for week in plan.weeks}
    right = len(numbers & set(range(1, plan.wanted + 1)))
    extra = len(numbers) - right
    return Measured(
        max(0.0, (right - extra) / plan.wanted), f"{right} of {plan.wanted} weeks, {extra} too many"
    )


def _hours(plan: Plan) -> Measured:
    budget = plan.facts.get("minutes_per_week")
    if not budget:
        return Measured(None, "the hours are not known")
    return plan.share_of_weeks(
        lambda week: 0.6 * budget <= week.minutes <= budget + 1,
        f"use the {budget / 60:g} h without going over",
    )


def _fits(plan: Plan) -> Measured:
    """Whether the pupil can keep to it: no more than the hours, no session that is too long, no work on a busy day."""
    budget = float(plan.facts.get("minutes_per_week") or inf)
    limit = float(plan.facts.get("session_minutes") or inf)
    busy = set(plan.facts.get("busy") or ())
    if not plan.weeks or (budget == limit == inf and not busy):
        return Measured(None, "any times will do")

    def fits(week: Week) -> bool:
        return week.minutes <= budget + 1 and not busy & week.days and _longest(week, budget) <= limit + 1

    good, of = sum(map(fits, plan.weeks)), len(plan.weeks)
    return Measured(good / of, f"{of - good} of {of} weeks take more time, or other days, than there are")


def _longest(week: Week, budget: float) -> float:
    """The longest session; 'three hours' for several days, or for none in particular, is the sum of the week."""
    sums = budget if len(week.days) != 1 else inf
    return max((minutes for minutes in week.sessions if minutes != sums), default=0.0)


def _course(plan: Plan) -> Measured:
    """Topics that the course does not have; a name that is part of a longer one of the course is none."""
    names = {plain(name): True for name in plan.facts.get("outside") or ()}
    if not names:
        return Measured(None, "the course is not known")
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
    return Measured(len(found), f"from outside the course: {', '.join(found) or 'nothing'}")


def _mistakes(plan: Plan) -> Measured:
    """A mistake is taken up when its working stands in the plan, with or without what went wrong."""
    mistakes = plan.facts.get("mistakes") or ()
    if not mistakes:
        return Measured(None, "no mistakes are known")
    used = taken_up(plan.text, plan.facts)
    return Measured(used / len(mistakes), f"{used} of {len(mistakes)} of the pupil's mistakes are taken up")


def _goal(lines: Sequence[frozenset[str]], goal: str) -> Measured:
    wanted = frozenset(stems(goal))
    if not wanted:
        return Measured(None, "no goal is known")
    best = max((len(wanted & line) for line in lines), default=0) / len(wanted)
    return Measured(best, f"{best:.0%} of the goal's words in one line")


def _notes(lines: Sequence[frozenset[str]], notes: Sequence[str]) -> Measured:
    if not notes:
        return Measured(None, "nothing else is known")
    wanted = [frozenset(stems(note)) for note in notes]
    used = sum(any(len(note & line) >= max(1, 0.6 * len(note)) for line in lines) for note in wanted if note)
    return Measured(used / len(notes), f"{used} of {len(notes)} circumstances are taken into account")


MEASURES: Mapping[str, Callable[[Plan], dict[str, Measured]]] = {
    "fluency": _fluency,
    "personalisation": _personalisation,
    "actionability": _actionability,
}
# What a rubric may weigh, by dimension.
ITEMS: Mapping[str, frozenset[str]] = {
    name: frozenset(measure(Plan("", read(""), {}, Words(), {"standard": 26})))
    for name, measure in MEASURES.items()
}
