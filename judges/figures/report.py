"""Figures as they are reported: each with its name, whose scores, the value and its limits; and those missing."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import compress
from typing import Any, NamedTuple

from proctor.common.stats.bootstrap import Bootstrap, Floats, Interval, Statistic, distinct
from proctor.common.stats.reliability import rated_items

EACH_OTHER, EVERY = "each other", "every label by itself"
MOST_NAMED = 20  # raters up to which each is held to each; of a crowd there is what it says together


class Whose(NamedTuple):
    """`judge` is whose scores, `against` whom they are held to."""

    dimension: str
    judge: str
    against: str


class Computation(NamedTuple):
    """How a figure is computed from counts, and on how many items or verdicts it rests."""

    title: str
    statistic: Statistic
    n: int


def some(names: Sequence[str], most: int = 3) -> str:
    """The first of the names, with dots where there are more."""
    if len(names) > most:
        return f"{', '.join(names[:most])}, ..."
    return ", ".join(names)


@dataclass(frozen=True)
class AgreementFigure:
    """A figure that has a value; one without is a `MissingFigure`."""

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
class MissingFigure:
    """A figure that these data can't give, and why."""

    name: str
    why: str


@dataclass
class FigureReport:
    """All figures of some files or of a judge on trial; `bootstrap` gives them their limits."""

    bootstrap: Bootstrap
    figures: list[AgreementFigure] = field(default_factory=list)
    missing: list[MissingFigure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def measure(
        self, whose: Whose, measures: Mapping[str, Computation], counts: Floats, note: str = ""
    ) -> None:
        """Adds figures by name. `counts` (units, observations) says how often each observation stands in each unit."""
        intervals = self.bootstrap.each({name: measures[name].statistic for name in measures}, counts)
        for name, measure in measures.items():
            self.add(name, measure.title, whose, intervals[name], measure.n, note)

    def measure_raters(
        self, whose: Whose, table: Floats, clusters: Sequence[str], why: str, without: tuple[str, ...] = ()
    ) -> None:
        """Adds the figures among raters. `table` is items x raters; `why` is said of figures for which no item has
        what they need; names that begin with one of `without` are left out.
        """
        for group in rated_items(table):
            if not group.chosen.any():
                for name in group.figures:
                    if not name.startswith(without):
                        self.lack(name, why)
                continue
            rows, counts = distinct(group.rows, list(compress(clusters, group.chosen)))
            measures = {}
            for name, (title, make) in group.figures.items():
                if not name.startswith(without):
                    measures[name] = Computation(title, make(rows), len(group.rows))
            self.measure(whose, measures, counts, group.note)

    def add(self, name: str, title: str, whose: Whose, interval: Interval, n: int, note: str = "") -> None:
        if interval.value is None:
            self.lack(
                name, f"{whose.dimension}, {whose.judge} against {whose.against}: {interval.note} (n = {n})"
            )
            return
        notes = "; ".join(filter(None, (note, interval.note)))
        self.figures.append(
            AgreementFigure(name, title, *whose, interval.value, interval.low, interval.high, n, notes)
        )

    def lack(self, name: str, why: str) -> None:
        if MissingFigure(name, why) not in self.missing:
            self.missing.append(MissingFigure(name, why))

    def is_crowd(self, raters: int, who: str) -> bool:
        """Whether there are too many raters to name each; then the report says so."""
        if raters > MOST_NAMED:
            why = f"{who} are {raters}; above {MOST_NAMED} there is only what they say together"
            self.lack("figures of single raters and of every two", why)
        return raters > MOST_NAMED

    def note_lone(self, kind: str, what: str, names: set[str]) -> None:
        """Says which items or pairs stand in one of two files only."""
        if names:
            self.notes.append(f"{len(names)} {what} have no {kind}: {some(sorted(names))}")
