"""The rules of the checklist: what is measured in a study plan, and a mark with a reason for every item.

Rules, no model: the same plan and facts always get the same mark. Thresholds, weights and word lists are the
rubric's. Knows plans and plain facts about a pupil; must not know any exam. `facts` may hold, and does
without any of them:

    name str · weeks int · minutes_per_week int · session_minutes int or None · busy list of days
    topics list of lists of names (each topic under all its names) · goal str · notes list of str
    mistakes list of str (the pupil's working) · mistake_topics list of the same length: which of `topics` each
    mistake shows, counted from 0, or None · language 'simple', 'standard' or 'confident'
    inside, outside lists of names: topics of the course, and topics that are none of it
"""

from collections.abc import Mapping
from typing import Any

from proctor.common.refusal import Refusal
from proctor.judges.rubric import Rubric
from proctor.judges.rules.measures import ITEMS, MEASURES
from proctor.judges.rules.planned import Plan
from proctor.judges.rules.reading import LONGEST, read
from proctor.judges.rules.text import words
from proctor.judges.verdict import Finding, Verdict

__all__ = ["ITEMS", "METHOD", "checked_facts", "mark"]

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


def mark(
    judge: str, rubric: Rubric, lowest: int, highest: int, text: str, facts: Mapping[str, Any]
) -> Verdict:
    if not words(text):
        return Verdict(judge, METHOD, {}, (), parsed=False)
    text = text[:LONGEST]
    plan = Plan(text, read(text), facts, rubric.words, rubric.sentence_words)
    scores, findings = {}, []
    for name, dimension in rubric.dimensions.items():
        measured = MEASURES[name](plan)
        earned = weight = 0.0
        most = float(highest)
        for key, item in dimension.items.items():
            value, note = measured[key].value, measured[key].note
            share = None if value is None else item.share(value)
            findings.append(Finding(name, key, share, note))
            if share is not None:
                earned += item.weight * share
                weight += item.weight
                most = min(most, item.limit(share, highest))
        mean = lowest + (highest - lowest) * earned / weight if weight else float(lowest)
        scores[name] = round(min(mean, most), 2)
    return Verdict(judge, METHOD, scores, tuple(findings))
