"""What judges are tried with, by what they score: labelled items, planted damage, and words to the judge."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from proctor.judges.trust import damage, question_damage
from proctor.judges.trust.damage import Damage

# Texts for plans, in the words of questions; the recited anchors come before the single words in them.
_IN_QUESTIONS = {
    "This plan reads well throughout.": "This question is clear at the first reading.",
    "Every week can be traced to this pupil.": "Each wrong option answers a mistake that pupils make.",
    "Every week sets concrete tasks with amounts and times.": "Words and difficulty are right for the grade.",
    "plan": "question", "Fluency": "Clarity", "fluency": "clarity", "personalisation": "distractors",
    "fully personalised and perfectly actionable": "perfectly fair", "actionability": "fit", "fluent": "clear",
}  # fmt: skip


@dataclass(frozen=True)
class Subject:
    """`words`: what texts that were written for plans say here instead."""

    name: str
    damages: tuple[Damage, ...]
    words: Mapping[str, str]

    @property
    def labelled(self) -> Path:
        """The items that a judge is tried on where none are named."""
        return Path(__file__).with_name(f"labelled_{self.name}s.jsonl")

    def worded(self, text: str) -> str:
        for word, instead in self.words.items():
            text = text.replace(word, instead)
        return text


SUBJECTS = {
    "plan": Subject("plan", damage.DAMAGES, {}),
    "question": Subject("question", question_damage.DAMAGES, _IN_QUESTIONS),
}
