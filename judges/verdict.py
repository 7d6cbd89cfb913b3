"""What a judge says of one text. Knows no judge and no text."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One item of one dimension: `share` of what it could earn, None where it does not apply, and why in
    words.
    """

    dimension: str
    item: str
    share: float | None
    note: str


@dataclass(frozen=True)
class Verdict:
    """`scores` by dimension on the judge's scale. `parsed` is False when there was no text to mark; scores
    are then empty, and it is for the exam to say what that is worth.
    """

    judge: str
    method: str
    scores: dict[str, float]
    findings: tuple[Finding, ...]
    parsed: bool = True

    @property
    def overall(self) -> float:
        return sum(self.scores.values()) / len(self.scores) if self.scores else 0.0

    @property
    def explanation(self) -> str:
        """A line for each dimension: the mark, and what it lost marks for."""
        if not self.parsed:
            return f"{self.method}: there is no text to mark"
        lines = []
        for dimension, score in self.scores.items():
            short = [
                f"{finding.item}: {finding.note}"
                for finding in self.findings
                if finding.dimension == dimension and finding.share is not None and finding.share < 1
            ]
            lines.append(f"{dimension} {score:g} ({'; '.join(short) or 'nothing missing'})")
        return f"{self.method}. " + ". ".join(lines)
