"""What stands behind a report's tables: the figures beside each headline, and what the answers cost, for an appendix.

The board's own figures, as beside.py shows them. How they are written is in formats.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from proctor.harness.record import TaskRecord
from proctor.leaderboard.board.beside import Beside, format_figure
from proctor.leaderboard.compare import measured

WIDE = 72  # letters of the variants' names that a page has room for; more stand in a table of their own
NARROWEST = 8
NOTES = (
    "Intervals, and what each figure rests on, stand in this appendix as CSV and on the board's pages of the variants.",
    "No test was made of these. Costs were measured while the task was answered; those of several machines do not "
    "compare.",
)


@dataclass(frozen=True)
class Entry:
    """One figure of one variant on one task; `low` and `high` are empty where no interval is meant."""

    name: str
    variant: str
    figure: str
    value: str
    unit: str
    low: str = ""
    high: str = ""
    n: str = ""
    note: str = ""


@dataclass(frozen=True)
class TaskAside:
    """`variants` are in the order of the report's table."""

    task: str
    title: str
    variants: tuple[str, ...]
    entries: tuple[Entry, ...]

    def lines(self, variants: Sequence[str]) -> list[list[str]]:
        """A line a figure, a column a variant: there are more figures than variants."""
        there: dict[str, dict[str, Entry]] = {}
        for one in self.entries:
            there.setdefault(one.name, {})[one.variant] = one
        return [[_titled(found), *(_value(found, name) for name in variants)] for found in there.values()]

    def panels(self) -> list[tuple[str, ...]]:
        """As many variants side by side as a page has room for, evenly spread over the tables that it takes."""
        letters = sum(max(len(name), NARROWEST) + 2 for name in self.variants)
        each = ceil(len(self.variants) / ceil(letters / WIDE))
        return [self.variants[at : at + each] for at in range(0, len(self.variants), each)]


def of(task: str, about: TaskRecord, beside: Mapping[str, Beside]) -> TaskAside:
    entries: list[Entry] = []
    for variant, one in beside.items():
        for told in map(format_figure, one.figures):
            words = (told[name] for name in ("title", "value", "unit", "low", "high", "n", "note"))
            entries.append(Entry(told["name"], variant, *words))
        for measure in measured.ALL:
            if measure.name in one.costs:
                figure, unit = measured.figure(measure, one.costs[measure.name])
                entries.append(Entry(f"cost {measure.name}", variant, measure.title, figure, unit))
    return TaskAside(task, str(about.title), tuple(beside), tuple(entries))


def _titled(found: Mapping[str, Entry]) -> str:
    """With the unit, where all have the same one."""
    first, units = next(iter(found.values())), {one.unit for one in found.values()}
    return f"{first.figure}, {first.unit}" if units == {first.unit} != {""} else first.figure


def _value(found: Mapping[str, Entry], variant: str) -> str:
    if variant not in found:
        return ""
    one, units = found[variant], {other.unit for other in found.values()}
    return one.value if len(units) == 1 else f"{one.value} {one.unit}".strip()
