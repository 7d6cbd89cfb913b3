"""A judge on trial: the plans that it is tried on, how it marks them, and the checks that it passed or failed.

Knows judges and plans; must not know what is checked.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from proctor.common.agreement.bootstrap import Bootstrap
from proctor.common.refusal import Refusal
from proctor.judges.figures.reported import Report
from proctor.judges.judge import Judge
from proctor.judges.marking import Item
from proctor.judges.pairwise import PairVerdict
from proctor.judges.rules.text import words
from proctor.judges.verdict import Verdict

HELD = 0.9  # a check is passed when so many of its plans hold
MarkAll = Callable[[Judge, Sequence[Item]], list[Verdict]]


@dataclass(frozen=True)
class Labelled:
    """A plan with whom it is for. `name` and `pupil` are the pupil's; plans of one pupil hang together."""

    item: Item
    name: str
    pupil: str


@dataclass(frozen=True)
class Check:
    """`held` of `of` plans were marked as they should be. `kind`: damage, injection, noise or order."""

    name: str
    title: str
    kind: str
    held: int
    of: int
    detail: str = ""
    least: float = HELD

    @property
    def passed(self) -> bool:
        return self.of > 0 and self.held >= self.least * self.of

    def as_dict(self) -> dict[str, Any]:
        return {
            "name": self.name, "title": self.title, "kind": self.kind, "passed": self.passed,
            "held": self.held, "of": self.of, "detail": self.detail,
        }  # fmt: skip


@dataclass
class Trial:
    """One judge on trial: how it marks, and what came out so far."""

    judge: Judge
    mark: MarkAll
    bootstrap: Bootstrap
    report: Report = field(default_factory=Report)
    checks: list[Check] = field(default_factory=list)
    asked: int = 0
    unread: int = 0

    def marks(self, items: Sequence[Item], repeats: int = 1) -> list[Verdict]:
        judge = self.judge
        if repeats > 1 and judge.asks:
            judge = judge.model_copy(update={"repeats": repeats})
        verdicts = self.mark(judge, items)
        for item, verdict in zip(items, verdicts, strict=True):
            if words(item.text):
                self.asked += 1
                self.unread += bool(verdict.problem)
        return verdicts


def refuse_without_verdicts(verdicts: Sequence[Verdict | PairVerdict], what: str) -> None:
    """A judge of whom nothing was heard has no card, and no check of it was held or failed."""
    if verdicts and all(verdict.problem for verdict in verdicts):
        raise Refusal(f"not one of {len(verdicts)} {what}: {verdicts[0].problem}")


def overall(verdict: Verdict) -> float:
    """The mark of a verdict that has one."""
    assert verdict.overall is not None
    return verdict.overall
