"""Figures as they are reported: each with its name, whose marks, the value, its limits, and those that can't be given.

Knows no definition of any figure, no file and no judge.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from proctor.common.agreement.bootstrap import Floats, Interval

EACH_OTHER, EVERY = "each other", "every label by itself"
MOST_NAMED = 20  # raters up to which each is held to each; of a crowd there is what it says together


@dataclass(frozen=True)
class Figure:
    """`judge` is whose marks, `against` whom they are held to; the value is never None: see `Missing`."""

    name: str
    title: str
    dimension: str
    judge: str
    against: str
    value: float
    low: float | None
    high: float | None
    n: int
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Missing:
    """A figure that these data can't give, and why."""

    name: str
    why: str


@dataclass
class Report:
    figures: list[Figure] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(
        self, name: str, title: str, whose: tuple[str, str, str], found: Interval, n: int, note: str = ""
    ) -> None:
        dimension, judge, against = whose
        if found.value is None:
            self.lack(name, f"{dimension}, {judge} against {against}: {found.note} (n = {n})")
            return
        said = "; ".join(part for part in (note, found.note) if part)
        self.figures.append(
            Figure(name, title, dimension, judge, against, found.value, found.low, found.high, n, said)
        )

    def crowd(self, raters: int, who: str) -> bool:
        """Whether there are too many raters to name each, which is then told."""
        if raters > MOST_NAMED:
            why = f"{who} are {raters}; above {MOST_NAMED} there is only what they say together"
            self.lack("figures of single raters and of every two", why)
        return raters > MOST_NAMED

    def lack(self, name: str, why: str) -> None:
        if Missing(name, why) not in self.missing:
            self.missing.append(Missing(name, why))


@dataclass(frozen=True)
class Columns:
    """One dimension: the items, their clusters, and the marks of judge and labels (items x raters)."""

    dimension: str
    clusters: tuple[str, ...]
    judge: Mapping[str, Floats]
    labels: Mapping[str, Floats]
