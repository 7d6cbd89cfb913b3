"""What a comparison says: the figures of one cell, of one difference, and the verdict in words. Computes
nothing."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

from proctor.common.stats.units import Kind

Made = Literal["exact", "inversion", "draws", "saddlepoint", "normal limit"]


class Verdict(StrEnum):
    """What is said of a against b. These are the words of --json; compare/formatting.py puts names and margin in."""

    BETTER = "better"
    WORSE = "worse"
    NO_WORSE = "no worse (within margin)"
    NOT_SHOWN = "not shown"

    @property
    def seen_from_the_other_side(self) -> "Verdict":
        """Better is worse; 'no worse' and 'not shown' stay, for they are said of one side."""
        return {Verdict.BETTER: Verdict.WORSE, Verdict.WORSE: Verdict.BETTER}.get(self, self)


@dataclass(frozen=True)
class Chance:
    """A two-sided p and how it came about."""

    p: float
    test: str
    made: Made
    error: float | None = None  # by about how much p may be off: drawn ones' standard error; None: not known


@dataclass(frozen=True)
class Estimate:
    """One cell: its mean (or statistic of summed counts) with an interval at 1 - alpha."""

    kind: Kind  # 'binary' became 'real' where epochs were averaged
    n: int  # items
    clusters: int  # units that were drawn; equal to n without clusters
    mean: float
    se: float  # standard error, by cluster; nan for a single item
    low: float
    high: float
    method: str


@dataclass(frozen=True)
class Difference:
    """Two cells on the same items: a - b with an interval at 1 - alpha and a two-sided p."""

    kind: Kind  # 'binary' became 'real' where epochs were averaged
    n: int  # items
    clusters: int  # units that were drawn; equal to n without clusters
    mean_a: float
    mean_b: float
    difference: float
    se: float  # standard error of the paired difference, by cluster; nan for a single item
    low: float
    high: float
    p: float
    test: str
    p_made: Made
    p_error: float | None  # by about how much p may be off
    interval: str
    only_a: int | None  # 0/1 scores: items that a alone got right; None for other kinds
    only_b: int | None
    alpha: float
    smallest_effect: float | None  # shown with 80 % power at this n; None: nothing can be
    items_needed: int | None  # to show the observed difference with 80 % power; None for no difference
    margin: float | None = None
    p_no_worse: float | None = None  # one-sided p of 'a is worse than b by the margin or more'
    p_equivalent: float | None = None  # p of 'they differ by the margin or more' (TOST, Schuirmann 1987)
    p_no_better: float | None = None  # one-sided p of 'a is better than b by the margin or more'
    planned: int | None = None  # items, where one looks before all are there: p and interval hold at any look

    def turned(self) -> "Difference":
        """The same seen from b: b - a. Nothing is drawn again."""
        return replace(
            self,
            mean_a=self.mean_b,
            mean_b=self.mean_a,
            difference=0.0 - self.difference,
            low=0.0 - self.high,
            high=0.0 - self.low,
            only_a=self.only_b,
            only_b=self.only_a,
            p_no_worse=self.p_no_better,
            p_no_better=self.p_no_worse,
        )


def verdict(
    difference: Difference, adjusted_p: float | None = None, adjusted_p_no_worse: float | None = None
) -> Verdict:
    """The difference in words, seen from a; give the p adjusted for the family where there is one.

    The margin says which loss is accepted: a loss that is shown but surely within it is 'no worse'. The one-
    sided p of the margin is held against alpha / 2, so that it agrees with the interval (ICH E9).
    """
    p = difference.p
    if adjusted_p is not None:
        p = adjusted_p
    no_worse = difference.p_no_worse
    if adjusted_p_no_worse is not None:
        no_worse = adjusted_p_no_worse
    shown = p <= difference.alpha
    if shown and difference.difference > 0:
        return Verdict.BETTER
    if difference.margin is not None and no_worse is not None and no_worse <= difference.alpha / 2:
        return Verdict.NO_WORSE
    if shown and difference.difference < 0:
        return Verdict.WORSE
    return Verdict.NOT_SHOWN
