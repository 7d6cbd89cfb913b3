"""The schema of rubric.yaml: dimensions with an anchor for every level, and the items that a checklist weighs."""

from collections.abc import Mapping
from typing import Self

from pydantic import Field, model_validator

from proctor.common.refusal import Refusal
from proctor.common.schema import Frozen

# What rules measure in a plan, by dimension: what a checklist's rubric may weigh. rules/checklist.py measures it.
MEASURED: Mapping[str, tuple[str, ...]] = {
    "fluency": ("enough", "order", "joined", "new", "sentences", "length", "connected"),
    "personalisation": (
        "own", "topics", "weeks", "hours", "fits", "course", "mistakes", "goal", "notes",
    ),
    "actionability": ("maths", "tasks", "amounts", "times", "checks", "targets"),
}  # fmt: skip


class RubricItem(Frozen):
    """One measured number and what it earns: nothing at `none`, all at `full`, in between in proportion.

    `weight` is its part of the dimension's mean. `at_most` is the highest score that the dimension can have where the
    item earns nothing; it rises in proportion to what the item earns.
    """

    asks: str = Field(description="the question that it answers")
    weight: float = Field(ge=0, description="its part of the dimension's mean")
    none: float = Field(description="the number that earns nothing")
    full: float = Field(description="the number that earns all")
    at_most: int | None = Field(
        default=None, description="the dimension's highest score where this earns nothing"
    )

    @model_validator(mode="after")
    def _ends_differ(self) -> Self:
        if self.none == self.full:
            raise Refusal(
                "`none` and `full` are equal, so the item could earn nothing in between; set them apart"
            )
        return self

    def share(self, value: float) -> float:
        return min(1.0, max(0.0, (value - self.none) / (self.full - self.none)))

    def limit(self, share: float, highest: int) -> float:
        if self.at_most is None:
            return highest
        return self.at_most + (highest - self.at_most) * share


class Dimension(Frozen):
    """A quality that is scored: what it is, a sentence for every level, and for a checklist what is measured."""

    about: str = Field(description="what the quality is")
    anchors: dict[int, str] = Field(description="a sentence for each level")
    items: dict[str, RubricItem] = Field(default={}, description="what a checklist measures")

    def as_text(self, name: str) -> str:
        """As a model reads it: what the quality is, and a line for each level."""
        lines = [f"{name}: {self.about.strip()}"]
        for level, anchor in sorted(self.anchors.items()):
            lines.append(f"  {level}: {anchor.strip()}")
        return "\n".join(lines)


class WordLists(Frozen):
    """Word lists, each written as one text with blanks between."""

    tasks: frozenset[str] = Field(default=frozenset(), description="verbs that set a task")
    vague: frozenset[str] = Field(
        default=frozenset(), description="verbs that set a task only with a number or working"
    )
    amounts: frozenset[str] = Field(default=frozenset(), description="what is counted")
    checks: frozenset[str] = Field(default=frozenset(), description="words of a check")
    small: frozenset[str] = Field(default=frozenset(), description="small words of any text")
    no_names: frozenset[str] = Field(default=frozenset(), description="capitals that are no names")
    no_goals: frozenset[str] = Field(
        default=frozenset(), description="words of goals that tell no pupil apart"
    )

    @model_validator(mode="before")
    @classmethod
    def _split(cls, lists: object) -> object:
        if not isinstance(lists, dict):
            return lists
        lists = dict(lists)
        for key, value in lists.items():
            if isinstance(value, str):
                lists[key] = value.split()
        return lists


class Rubric(Frozen):
    """`sentence_words` and `words` are a checklist's; a model needs neither."""

    dimensions: dict[str, Dimension] = Field(description="by name")
    sentence_words: dict[str, int] = Field(
        default={}, description="the longest sentence for each language level"
    )
    words: WordLists = Field(default=WordLists(), description="word lists of a checklist")

    def as_text(self) -> str:
        """As a model reads it."""
        return "\n\n".join(dimension.as_text(name) for name, dimension in self.dimensions.items())
