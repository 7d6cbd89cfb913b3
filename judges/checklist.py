"""The rules of the checklist: what is measured in a study plan, and a mark with a reason for every item.

Rules, no model: the same plan and facts always get the same mark. Thresholds, weights and word lists are the
rubric's. Knows plans and plain facts about a pupil; must not know any exam. `facts` may hold, and does
without any of them:

    name str · weeks int · minutes_per_week int · session_minutes int or None · busy list of days
    topics list of lists of names (each topic under all its names) · goal str · notes list of str
    mistakes list of str (the pupil's working) · mistake_topics list of the same length: which of `topics` each
    mistake shows, counted from 0, or None · language 'simple', 'standard' or 'confident'
"""

from collections.abc import Mapping
from typing import Any

from judges.measures import ITEMS, MEASURES
from judges.planned import Plan
from judges.reading import LONGEST, read
from judges.rubric import Rubric
from judges.text import words
from judges.verdict import Finding, Verdict

__all__ = ["ITEMS", "METHOD", "mark"]

METHOD = "rules, no model"


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
        ceiling = 1.0
        for key, item in dimension.items.items():
            found = measured[key]
            share = None if found.value is None else item.share(found.value)
            findings.append(Finding(name, key, share, found.note))
            if share is not None:
                earned += item.weight * share
                weight += item.weight
                ceiling = min(ceiling, share) if item.limits else ceiling
        share = ceiling * earned / weight if weight else 0.0
        scores[name] = round(lowest + (highest - lowest) * share, 2)
    return Verdict(judge, METHOD, scores, tuple(findings))
