"""Planted damage of plans: what is done to a good one, and how much less of it every judge should think.

Works on the words of a plan and on facts about two pupils.
"""

import random
import re
from itertools import chain, cycle
from pathlib import Path

from proctor.judges.rules.pupil import takes_up
from proctor.judges.rules.text import sentences, texts_of
from proctor.judges.trust.subject import PADDING, Case, Damage, Subject

_WEEK = re.compile(r"^[\s#>*_|-]{0,12}week\s+(\d{1,2})\b", re.IGNORECASE)
_WEEK_BREAK = re.compile(r"^(?=[\s#>*_|-]{0,12}week\s+\d)", re.IGNORECASE | re.MULTILINE)
_HEADING = re.compile(r"[^\n:]*:?")
_TIME = re.compile(r"(?<![\w.,:/])(\d{1,3})(?= ?(?:min|minutes|hours?|h)\b)")
_GOAL = re.compile(r"(?mi)^([\w' ]{0,20}(?:goal|aim|what we work for): ).*$")
CONSTANT = Path(__file__).with_name("constant_plan.txt").read_text(encoding="utf-8")  # a plan for everybody


def week_removed(case: Case) -> str | None:
    """Without the block of a week in the middle (the last one where there are two)."""
    lines = case.text.splitlines()
    starts = [number for number, line in enumerate(lines) if _WEEK.match(line)]
    if len(starts) < 2:
        return None
    chosen = max(1, (len(starts) - 1) // 2)
    starts.append(len(lines))
    del lines[starts[chosen] : starts[chosen + 1]]
    return "\n".join(lines)


def same_week(case: Case) -> str | None:
    """What stands under the first heading under every heading."""
    head, *weeks = _WEEK_BREAK.split(case.text)
    if len(weeks) < 2:
        return None
    body = _HEADING.sub("", weeks[0], count=1)
    headings = [_HEADING.match(week) for week in weeks]
    return head + "".join(heading.group() + body for heading in headings if heading)


def another_name(case: Case) -> str | None:
    own, other = str(case.facts.get("name") or ""), str(case.other_facts.get("name") or "")
    if not own or not other:
        return None
    return _if_changed(re.sub(rf"\b{re.escape(own)}\b", other, case.text), case.text)


def another_goal(case: Case) -> str | None:
    """In place of the goal where the plan states one, else under the title."""
    own, other = str(case.facts.get("goal") or ""), str(case.other_facts.get("goal") or "")
    if not other:
        return None
    if own and own in case.text:
        return case.text.replace(own, other)
    changed = _GOAL.sub(lambda goal: f"{goal[1]}{other}.", case.text)
    if changed != case.text:
        return changed
    title, _, rest = case.text.partition("\n")
    return f"{title}\nGoal: {other}.\n{rest}"


def another_mistakes(case: Case) -> str | None:
    """In place of each sentence that takes up a mistake; None where it takes several sentences, which would stay."""
    text = case.text
    others = cycle(texts_of(case.other_facts, "mistakes") or [""])
    for mistake, other in zip(texts_of(case.facts, "mistakes"), others, strict=False):
        every_sentence = chain.from_iterable(map(sentences, text.splitlines()))
        for sentence in every_sentence:
            if other and takes_up(sentence, mistake):
                text = text.replace(sentence, f'Redo "{other}".')
        if takes_up(text, mistake):
            return None
    return _if_changed(text, case.text)


def another_pupil(case: Case) -> str | None:
    """Another pupil's name, goal and mistakes in the same plan."""
    text = case.text
    for change in (another_name, another_goal, another_mistakes):
        text = change(Case(text, case.facts, "", case.other_facts)) or text
    return _if_changed(text, case.text)


def too_long(case: Case) -> str | None:
    return _if_changed(_TIME.sub(lambda time: str(2 * int(time[1])), case.text), case.text)


def _if_changed(text: str, before: str) -> str | None:
    return None if text == before else text


def off_course(case: Case) -> str | None:
    """A task from outside the pupil's course in the first week."""
    outside = [name for name in texts_of(case.facts, "outside") if " " in name]
    if not outside:
        return None
    return _in_first_week(case, f"Solve 6 questions on {outside[len(outside) // 2]} and mark them.")


def wrong_sums(case: Case) -> str | None:
    return _in_first_week(case, "Learn these results by heart: 7 x 8 = 54. And this one: 12 + 9 = 22.")


def _in_first_week(case: Case, task: str) -> str | None:
    lines = case.text.splitlines()
    for number, line in enumerate(lines, 1):
        if _WEEK.match(line):
            return "\n".join([*lines[:number], f"- {task}", *lines[number:]])
    return None


def twice(case: Case) -> str:
    return f"{case.text.rstrip()}\n\n{case.text}"


def shuffled(case: Case) -> str | None:
    lines = list(filter(str.strip, case.text.splitlines()))
    if len(lines) < 4:
        return None
    mixed, draw = list(lines), random.Random(len(case.text))
    while mixed == lines:
        draw.shuffle(mixed)
    return "\n".join(mixed)


def words_shuffled(case: Case) -> str:
    words = case.text.split()
    return " ".join(random.Random(len(words)).sample(words, len(words)))


def another_form(case: Case) -> str | None:
    """The same words with other signs: bold headings, stars and blank lines."""
    lines = []
    for line in case.text.splitlines():
        bare = line.strip()
        if _WEEK.match(line):
            lines += ["", f"### {bare.strip('#* ')}"]
        else:
            lines.append(re.sub(r"^[-•] ", "* ", bare))
    return "\n".join(lines)


DAMAGES = (
    Damage("week_removed", "A week removed", week_removed, 0.5),
    Damage("another_name", "Another pupil's name", another_name, 1.5, swaps=True),
    Damage("another_goal", "Another pupil's goal", another_goal, 1.5, swaps=True),
    Damage("another_mistakes", "Another pupil's mistakes", another_mistakes, 1.0, swaps=True),
    Damage("another_pupil", "Another pupil's name, goal and mistakes", another_pupil, 1.5, swaps=True),
    Damage("another_plan", "Another pupil's plan", lambda case: case.other_text or None, 1.5),
    Damage("too_long", "All times doubled", too_long, 0.75),
    Damage("off_course", "A topic from outside the course", off_course, 0.25),
    Damage("wrong_sums", "Two sums that are wrong", wrong_sums, 0.75),
    Damage("same_week", "The first week's tasks in every week", same_week, 1.0),
    Damage("same_text_twice", "The same text twice", twice, 1.0),
    Damage("shuffled_lines", "Lines shuffled", shuffled, 1.0),
    Damage("shuffled_words", "Words shuffled", words_shuffled, 2.5),
    Damage("empty_plan", "An empty plan", lambda case: "", 2.5),
    Damage("constant_plan", "One constant plan for everybody", lambda case: CONSTANT, 2.0),
    Damage("another_form", "Control: the same words in another form", another_form, None),
    Damage("padding", "Control: padded with words that say nothing", lambda case: case.text + PADDING, None),
)
PLANS = Subject("plan", DAMAGES)
