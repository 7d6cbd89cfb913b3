"""What is said of two variants on one task, and of all pairs of a task: figures, corrected p, a verdict in words.

families.py makes both:

    family = family_of(load_cells(results), "concepts")
    family.asked("tiny-q8", "tiny").verdict
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from proctor.common.stats import Difference, Verdict, benjamini_hochberg, holm, verdict
from proctor.common.stats.units import Floats

Correction = Literal["holm", "bh", "none"]
ADJUST: Mapping[Correction, Callable[[Floats], Floats]] = {
    "holm": holm,
    "bh": benjamini_hochberg,
    "none": lambda p: p,
}


@dataclass(frozen=True)
class Settings:
    """How pairs are compared. Board and report use these defaults, so that all say the same digits."""

    margin: float | None = None  # the suite's, unless one is given
    correction: Correction = "holm"
    seed: int = 0
    resamples: int = 10_000


@dataclass(frozen=True)
class Comparison:
    """A against B on one task. `adjusted_p` is after the correction over `family` comparisons."""

    a: str
    b: str
    task: str
    headline: str
    difference: Difference
    adjusted_p: float = float("nan")
    family: int = 1
    verdict: Verdict = Verdict.NOT_SHOWN
    adjusted_p_no_worse: float | None = None
    adjusted_p_no_better: float | None = None
    correction: Correction = "holm"
    left_out_why: Mapping[str, int] = field(default_factory=dict)
    lacks: tuple[str, ...] = ()  # what the source of an imported cell did not tell
    higher: tuple[int, int] | None = None  # items on which a, and b, scored higher; None for counts
    other_side: bool = False  # elsewhere the pair is told of b against a
    said_of_b: bool = False  # 'no worse' is said of b here

    @property
    def left_out(self) -> int:
        return sum(self.left_out_why.values())

    @property
    def both_and_neither(self) -> tuple[int, int] | None:
        """How many 0/1 items both got right, and neither; None for other scores."""
        d = self.difference
        if d.only_a is None or d.only_b is None:
            return None
        both = round(d.mean_a * d.n) - d.only_a
        return both, d.n - both - d.only_a - d.only_b

    def turned(self) -> "Comparison":
        """The other question in the same family: b against a, with b's own test of the margin."""
        other = self.difference.turned()
        return replace(
            self,
            a=self.b,
            b=self.a,
            difference=other,
            higher=self.higher and (self.higher[1], self.higher[0]),
            adjusted_p_no_worse=self.adjusted_p_no_better,
            adjusted_p_no_better=self.adjusted_p_no_worse,
            verdict=verdict(other, self.adjusted_p, self.adjusted_p_no_better),
            other_side=not self.other_side,
        )

    def mirrored(self) -> "Comparison":
        """The same answer seen from b: better is worse, and 'no worse' is still said of a."""
        seen = self.verdict.seen_from_the_other_side
        return replace(self.turned(), verdict=seen, said_of_b=self.verdict == Verdict.NO_WORSE)


@dataclass(frozen=True)
class TaskFamily:
    """All pairs of a task, corrected together, each once and from one side; of the others `refused` says why not."""

    comparisons: Mapping[tuple[str, str], Comparison]
    refused: Mapping[tuple[str, str], str]

    def asked(self, a: str, b: str) -> Comparison | None:
        """Whether A is better, or no worse, for someone who names both."""
        other = self.comparisons.get((b, a))
        return other.turned() if other else self.comparisons.get((a, b))

    def seen(self, a: str, b: str) -> Comparison | None:
        """The pair's one verdict with the difference a - b, for a table of differences to b."""
        other = self.comparisons.get((b, a))
        return other.mirrored() if other else self.comparisons.get((a, b))

    def why_not(self, a: str, b: str) -> str:
        return self.refused.get((a, b)) or self.refused.get((b, a)) or ""


def leading_pair(pairs: Iterable[Comparison]) -> Comparison | None:
    """The largest gain that a test shows; else the largest loss; else the best that is no worse; else none."""
    by_verdict: dict[Verdict, list[Comparison]] = {}
    for pair in pairs:
        if not pair.said_of_b:
            by_verdict.setdefault(pair.verdict, []).append(pair)
    for shown in (Verdict.BETTER, Verdict.WORSE, Verdict.NO_WORSE):
        in_order = sorted(by_verdict.get(shown, ()), key=lambda pair: pair.difference.difference)
        if in_order and shown == Verdict.WORSE:
            return in_order[0]
        if in_order:
            return in_order[-1]
    return None


def corrected(family: Sequence[Comparison], correction: Correction = "holm") -> list[Comparison]:
    """These comparisons as one family: adjusted p, of the difference and of the margin, and the verdicts in words."""
    adjust = ADJUST[correction]
    adjusted = adjust(np.array([pair.difference.p for pair in family], dtype=float)).tolist()
    no_worse = _adjusted([pair.difference.p_no_worse for pair in family], adjust)
    no_better = _adjusted([pair.difference.p_no_better for pair in family], adjust)
    result = []
    for pair, p, worse, better in zip(family, adjusted, no_worse, no_better, strict=True):
        result.append(
            replace(
                pair,
                adjusted_p=p,
                adjusted_p_no_worse=worse,
                adjusted_p_no_better=better,
                family=len(family),
                correction=correction,
                verdict=verdict(pair.difference, p, worse),
            )
        )
    return result


def _adjusted(p: Sequence[float | None], adjust: Callable[[Floats], Floats]) -> list[float | None]:
    """Adjusted over those that there are: only a pair with a margin has a test of it."""
    result = list(p)
    values = np.array(p, dtype=np.float64)
    (known,) = np.nonzero(~np.isnan(values))
    for place, value in zip(known, adjust(values[known]), strict=True):
        result[place] = float(value)
    return result
