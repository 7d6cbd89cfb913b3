"""Figures as they are reported: each with its name, whose scores, the value and its limits; and those missing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import compress
from typing import Any, NamedTuple

import numpy as np

from proctor.common.refusal import Refusal
from proctor.common.stats.bootstrap import Bootstrap, Figure, Floats, Interval, Statistic, distinct
from proctor.common.stats.reliability import rated_items

EACH_OTHER, EVERY = "each other", "every label by itself"
MOST_NAMED = 20  # raters up to which each is held to each; of a crowd there is what it says together

Part = Callable[[Floats, Floats], Any]  # which pairs of verdicts (x, y) count, or how much


class PairFigure(NamedTuple):
    """A figure of two series, and which of their pairs it rests on."""

    title: str
    figure: Figure
    of: Part = lambda x, y: np.ones(len(x))


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


class Pairs(NamedTuple):
    """Scores or verdicts beside those that they are held to, and the cluster of each such pair."""

    x: Floats
    y: Floats
    clusters: Sequence[str]


def paired(x: Floats, y: Floats, clusters: Sequence[str]) -> Pairs:
    """Every score of an item (items, or items x scores) beside each of its labels, where both are there."""
    x, y = np.broadcast_arrays(x.reshape(len(x), -1, 1), y.reshape(len(y), 1, -1))
    there = ~np.isnan(x + y)
    items = np.nonzero(there)[0].tolist()
    return Pairs(x[there], y[there], [clusters[item] for item in items])


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

    def hold(
        self, whose: Whose, pairs: Pairs, figures: Mapping[str, PairFigure], lacking: tuple[str, str] | None = None,
        ending: str = "", beside: str = "",
    ) -> None:  # fmt: skip
        """Adds the figures of two series, `ending` behind each name and `beside` behind each title; of no pairs
        there is only what is `lacking`: its name, and why.
        """
        if not len(pairs.x):
            if lacking:
                self.lack(*lacking)
            return
        rows, counts = distinct(np.stack([pairs.x, pairs.y], axis=1), pairs.clusters)
        measures = {}
        for name, (title, figure, of) in figures.items():
            n = int((counts.sum(axis=0) * of(*rows.T)).sum())
            measures[name + ending] = Computation(title + beside, partial(figure, rows), n)
        self.measure(whose, measures, counts)

    def measure_raters(
        self, whose: Whose, table: Floats, clusters: Sequence[str], why: str, without: tuple[str, ...] = ()
    ) -> None:
        """Adds the figures among raters. `table` is items x raters; `why` is said of figures for which no item has
        what they need; names that begin with one of `without` are left out.
        """
        for group in rated_items(table):
            wanted = {name: group.figures[name] for name in group.figures if not name.startswith(without)}
            if not group.chosen.any():
                for name in wanted:
                    self.lack(name, why)
                continue
            rows, counts = distinct(group.rows, list(compress(clusters, group.chosen)))
            measures = {}
            for name, (title, figure) in wanted.items():
                measures[name] = Computation(title, partial(figure, rows), len(group.rows))
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

    def note_files(self, judged: Sequence[str], labelled: Sequence[str], kind: str, item: str) -> None:
        """Which items stand in one of two files only; some must stand in both. `kind` is what the first file holds."""
        ours, theirs = set(judged), set(labelled)
        if not ours & theirs:
            raise Refusal(
                "no item_id stands in both files",
                f"the {kind} have {min(ours)!r}, the labels {min(theirs)!r}",
                f"the same {item} needs the same id",
            )
        for lacks, names in (("labels", ours - theirs), (kind, theirs - ours)):
            if names:
                self.notes.append(f"{len(names)} {item}s have no {lacks}: {some(sorted(names))}")
