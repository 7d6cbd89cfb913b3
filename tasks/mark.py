"""What marking one answer yields. Knows no task, no framework and no file: every exam's `mark` returns one of these."""

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Mark:
    """`parsed` is False when nothing usable was found: the score is then 0, and the row says `unparsed`."""

    answer: str
    score: float
    metrics: dict[str, float] = field(default_factory=dict)
    parsed: bool = True
    explanation: str = ""


def status_of(mark: Mark | None) -> Literal["ok", "unparsed", "error"]:
    """Whether an answer was found in the response. A mark that is missing is an error, never a zero."""
    if mark is None:
        return "error"
    return "ok" if mark.parsed else "unparsed"
