"""A text to be scored, and what a judge says of it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import astuple, dataclass, field
from typing import Any, Literal

WORTH = {"a": 1.0, "tie": 0.0, "b": -1.0}  # what a verdict on two plans counts for

Order = Literal["ab", "ba"]
Choice = Literal["a", "b", "tie"]
ORDERS: tuple[Order, ...] = ("ab", "ba")

# Why there is no verdict, in words that can be counted. The details stand in `problem`.
Reason = Literal[
    "", "rate limited", "server error", "timed out", "connection broken", "refused", "unreadable", "cut off",
    "out of range", "not asked",
]  # fmt: skip


@dataclass(frozen=True)
class Item:
    """One text to score and whom it is for. `profile` is text, or facts by name as judges/rules/checklist.py lists
    them; `facts` are for rules when the profile is text. Of a question the profile is its passage or topic, and
    `facts` are its parts, which a trial damages.

    Item("leo", "Pupil: Leo. Weak in areas.", "Week 1: measure your room.", {"name": "Leo", "topics": [["areas"]]})
    """

    id: str
    profile: Mapping[str, Any] | str
    text: str
    facts: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class ItemFinding:
    """One item of one dimension: `share` of what it could earn, None where it does not apply, and why in words."""

    dimension: str
    item: str
    share: float | None
    note: str


@dataclass(frozen=True)
class Usage:
    """What verdicts cost. `now` and `kept` count requests that were answered; tokens and money include the kept
    ones, `spent` is the money of this time alone. None where the grader does not tell or has no price.
    """

    now: int = 0
    kept: int = 0
    tokens_in: int | None = None
    tokens_out: int | None = None
    cost: float | None = None
    spent: float | None = None

    def __add__(self, other: "Usage") -> "Usage":
        """Both together; what neither tells stays None."""
        sums: list[Any] = []
        for mine, theirs in zip(astuple(self), astuple(other), strict=True):
            if mine is None or theirs is None:
                sums.append(theirs if mine is None else mine)
            else:
                sums.append(mine + theirs)
        return Usage(*sums)


@dataclass(frozen=True)
class ParsedReply:
    """`scores` by dimension, or `choice`; neither with a `problem`. `usage` is what was asked to get it."""

    scores: dict[str, float] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    choice: str = ""
    problem: str = ""
    reason: Reason = ""
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True)
class JudgeVerdict:
    """`scores` by dimension on the judge's scale. `parsed` is False when there was no text to score; scores
    are then empty, and it is for the task to say what that is worth. A `problem` means that there is no verdict:
    the judge failed, not the text, so scores are empty and nothing may be made of them.

    `method` says who scored: 'rules, no model', or the grader. `reasons` are the grader's own words by dimension.
    `above_weakest` is the judge's, as judge.yaml has it.
    `repeats` are the readings that a verdict is the mean of, `members` the verdicts of a panel's graders.
    """

    judge: str
    method: str
    scores: dict[str, float]
    findings: tuple[ItemFinding, ...] = ()
    parsed: bool = True
    item: str = ""
    reasons: dict[str, str] = field(default_factory=dict)
    problem: str = ""
    reason: Reason = ""
    usage: Usage = field(default_factory=Usage)
    repeats: tuple["JudgeVerdict", ...] = ()
    members: tuple["JudgeVerdict", ...] = ()
    above_weakest: int | None = None

    @property
    def overall(self) -> float | None:
        """The mean of the dimensions, at most `above_weakest` more than the weakest; None when there is no score."""
        if not self.scores:
            return None
        mean = sum(self.scores.values()) / len(self.scores)
        if self.above_weakest is None:
            return mean
        return min(mean, min(self.scores.values()) + self.above_weakest)

    @property
    def explanation(self) -> str:
        """Every dimension with its score and what it lost points for. Without a verdict, the first line says why in
        words that are the same for all of a kind, so that they can be counted, and the second has the details.
        """
        if self.problem:
            return f"{self.method}: no verdict ({self.reason or 'no reason known'})\n{self.problem}"
        if not self.parsed:
            return f"{self.method}: there is no text to score"
        parts = [self.method]
        for dimension, score in self.scores.items():
            reason = self.reasons.get(dimension, "")
            if self.findings:
                reason = "; ".join(self._lost(dimension)) or "nothing missing"
            parts.append(f"{dimension} {score:g}")
            if reason:
                parts[-1] += f" ({reason})"
        return ". ".join(parts)

    def _lost(self, dimension: str) -> Iterator[str]:
        for finding in self.findings:
            if finding.dimension == dimension and finding.share is not None and finding.share < 1:
                yield f"{finding.item}: {finding.note}"


@dataclass(frozen=True)
class Pair:
    """Two texts for the same pupil."""

    id: str
    profile: Mapping[str, Any] | str
    a: str
    b: str


@dataclass(frozen=True)
class PairVerdict:
    """`orders` is what was preferred in each order, by the text's name and not its place; None where there is no
    verdict. `verdict` is the preference of both orders together, None with a `problem`.
    """

    judge: str
    method: str
    item: str
    orders: dict[Order, Choice | None]
    verdict: Choice | None = None
    reasons: dict[Order, str] = field(default_factory=dict)
    problem: str = ""
    reason: Reason = ""
    usage: Usage = field(default_factory=Usage)
    members: tuple["PairVerdict", ...] = ()

    @property
    def flipped(self) -> bool:
        """Whether the order decided: a in one, b in the other."""
        return set(self.orders.values()) == {"a", "b"}

    @property
    def consistent(self) -> bool | None:
        """Whether both orders say the same; None where one of them is missing."""
        ab, ba = self.orders.values()
        if ab is None or ba is None:
            return None
        return ab == ba

    @property
    def explanation(self) -> str:
        if self.problem:
            return f"{self.method}: no verdict: {self.problem}"
        text = f"{self.method}. {self.verdict}"
        if not self.consistent:
            text += ", because the preference changed with the order"
        text += "."
        for order, choice in self.orders.items():
            text += f" {order}: {choice}"
            if order in self.reasons:
                text += f" ({self.reasons[order]})"
        return text


def preferred(worth: float) -> Choice:
    """What a sum or a difference of `WORTH` says."""
    if worth == 0:
        return "tie"
    if worth > 0:
        return "a"
    return "b"


def usage_of(verdicts: Iterable[Any]) -> Usage:
    return sum((verdict.usage for verdict in verdicts), Usage())
