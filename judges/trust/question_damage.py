"""Planted damage of multiple-choice questions: what is done to a good one, and what a judge should think of it then.

Works on the parts of a question: `stem`, `options`, `key`, and where somebody wrote it, `also_right`, a second right
option.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from string import ascii_uppercase

from proctor.judges.prompt import question_text
from proctor.judges.trust.subject import Case, Damage, Subject


@dataclass
class _Parts:
    """A question with one key. `right` is the place of the key's option, `next` and `last` those of two wrong ones."""

    stem: str
    options: list[str]
    right: int
    also_right: str

    @property
    def next(self) -> int:
        return (self.right + 1) % len(self.options)

    @property
    def last(self) -> int:
        return (self.right + 2) % len(self.options)

    def text(self, key: int) -> str:
        """With the option in this place as its key."""
        return question_text(self.stem, self.options, ascii_uppercase[key])


def _on_parts(change: Callable[[_Parts], str | None]) -> Callable[[Case], str | None]:
    """The change of a question that is whole; of another one nothing is planted."""

    def make(case: Case) -> str | None:
        options = list(case.facts.get("options") or ())
        keys, key = list(ascii_uppercase[: len(options)]), case.facts.get("key")
        if len(options) < 3 or key not in keys:
            return None
        also_right = str(case.facts.get("also_right") or "")
        return change(_Parts(str(case.facts["stem"]), options, keys.index(key), also_right))

    return make


def key_swapped(question: _Parts) -> str:
    return question.text(question.next)


def two_right(question: _Parts) -> str | None:
    if not question.also_right:
        return None
    question.options[question.next] = question.also_right
    return question.text(question.right)


def option_doubled(question: _Parts) -> str:
    question.options[question.next] = question.options[question.last]
    return question.text(question.right)


def answer_in_stem(question: _Parts) -> str:
    question.stem += f" ({question.options[question.right]})"
    return question.text(question.right)


def another_order(question: _Parts) -> str:
    question.options = question.options[2:] + question.options[:2]
    return question.text((question.right - 2) % len(question.options))


def exchanged(question: _Parts) -> str:
    """The right option and the next one change places, and the key goes along: what the swapped key lacks."""
    here, there, options = question.right, question.next, question.options
    options[here], options[there] = options[there], options[here]
    return question.text(there)


def another_form(case: Case) -> str:
    return re.sub(r"(?m)^([A-Z])\. ", r"(\1) ", case.text)


_REPAIR = _on_parts(exchanged)
DAMAGES = (
    Damage("key_swapped", "The key names a wrong option", _on_parts(key_swapped), 1.5, repair=_REPAIR),
    Damage("two_right", "Two options are right", _on_parts(two_right), 1.5, repair=_REPAIR),
    Damage("option_doubled", "A wrong option stands twice", _on_parts(option_doubled), 0.75, repair=_REPAIR),
    Damage(
        "another_passage", "A question on another passage or topic",
        lambda case: case.other_text or None, 1.5, repair=_REPAIR,
    ),
    Damage("answer_in_stem", "The answer in the stem", _on_parts(answer_in_stem), 1.5, repair=_REPAIR),
    Damage("another_order", "Control: the options in another order", _on_parts(another_order), None),
    Damage("another_form", "Control: the same words in another form", another_form, None),
)  # fmt: skip
# The recited anchors come before the single words in them.
QUESTIONS = Subject("question", DAMAGES, {
    "This plan reads well throughout.": "This question is clear at the first reading.",
    "Every week can be traced to this pupil.": "Each wrong option answers a mistake that pupils make.",
    "Every week sets concrete tasks with amounts and times.": "Words and difficulty are right for the grade.",
    "plan": "question", "Fluency": "Clarity", "fluency": "clarity", "personalisation": "distractors",
    "fully personalised and perfectly actionable": "perfectly fair", "actionability": "fit", "fluent": "clear",
})  # fmt: skip
