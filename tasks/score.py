"""What scoring one response yields: every task's `score(doc, response)` returns one of these.

    ResponseScore(answer="15", score=1.0, metrics={"steps_right": 1.0, "steps_total": 1.0}, explanation="Read '15' ...")

Without an extracted answer the score is 0 and `parsed` is False.
"""

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class ResponseScore:
    """`answer` is what was extracted from the response. Where nothing was, the row says `unparsed`."""

    answer: str
    score: float
    metrics: dict[str, float] = field(default_factory=dict)
    parsed: bool = True
    explanation: str = ""


def status_of(score: ResponseScore | None) -> Literal["ok", "unparsed", "error"]:
    """Whether an answer was extracted from the response. A score that is missing is an error, never a zero."""
    if score is None:
        return "error"
    return "ok" if score.parsed else "unparsed"
