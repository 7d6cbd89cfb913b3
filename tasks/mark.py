"""What marking one answer yields. Knows no task, no framework and no file: every exam's `mark` returns one of these."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Mark:
    """`parsed` is False when nothing usable was found: the score is then 0, and the row says `unparsed`."""

    answer: str
    score: float
    metrics: dict[str, float] = field(default_factory=dict)
    parsed: bool = True
    explanation: str = ""
