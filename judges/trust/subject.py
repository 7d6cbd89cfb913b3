"""What a judge of plans, or of questions, is tried with: labelled items, planted damage, words to the judge."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PADDING = Path(__file__).with_name("padding.txt").read_text(encoding="utf-8")  # a paragraph that says nothing


@dataclass(frozen=True)
class Case:
    """A plan to be damaged, the facts of its pupil (judges/rules/checklist.py lists them), and those of another one. Or
    a question, its parts, and another passage's question.
    """

    text: str
    facts: Mapping[str, Any]
    other_text: str = ""
    other_facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Damage:
    """`make` gives the damaged plan, None where it can't be done. `least`: how many points of five it must cost, by
    the rubric's anchors; None for a control, which must not move the score. `swaps`: it puts the other pupil's facts
    where this one's stood, and can be undone by putting them back.
    """

    name: str
    title: str
    make: Callable[[Case], str | None]
    least: float | None
    swaps: bool = False
    repair: Callable[[Case], str | None] | None = (
        None  # the same worth in another text; the text as it was without it
    )

    def undone(self, case: Case, damaged: str) -> str:
        if self.repair:
            return self.repair(case) or case.text
        if not self.swaps:
            return case.text
        return self.make(Case(damaged, case.other_facts, "", case.facts)) or case.text


@dataclass(frozen=True)
class Subject:
    """`words`: what texts that were written for plans say here instead."""

    name: str
    damages: tuple[Damage, ...]
    words: Mapping[str, str] = field(default_factory=dict)

    @property
    def labelled(self) -> Path:
        """The items that a judge is tried on where none are named."""
        return Path(__file__).with_name(f"labelled_{self.name}s.jsonl")

    def worded(self, text: str) -> str:
        for word, instead in self.words.items():
            text = text.replace(word, instead)
        return text
