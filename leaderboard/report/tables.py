"""What a report holds, as plain values: a table for each task, and what stands behind it for an appendix.

report.py makes it of results, formats.py writes it as Markdown, LaTeX, CSV or HTML.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from proctor.leaderboard.board.plots import Plot
from proctor.leaderboard.board.shown import FigureShown

SHOWN, WITHIN, OTHER_WITHIN = "*", "≈", "†"  # marks of a difference
WIDE = 72  # letters of the variants' names that a page has room for; more stand in a table of their own
NARROWEST = 8


@dataclass(frozen=True)
class ReportLine:
    """One variant on one task. Empty figures: there is none, and `why` says why."""

    variant: str
    items: int
    statuses: Mapping[str, int]
    why: str
    flag: str
    mean: str = ""
    interval: str = ""
    low: str = ""
    high: str = ""
    error: str = ""
    n: int = 0
    difference: str = ""
    difference_interval: str = ""
    difference_low: str = ""
    difference_high: str = ""
    difference_error: str = ""
    against: str = ""
    mark: str = ""
    verdict: str = ""
    p: float | None = None
    p_corrected: float | None = None
    test: str = ""
    family: int = 0


@dataclass(frozen=True)
class TaskTable:
    """`against` is what all differences are to; empty where each is to the variant's own parent."""

    task: str
    title: str
    headline: str
    unit: str
    against: str
    lines: tuple[ReportLine, ...]
    notes: tuple[str, ...]

    @property
    def names_parents(self) -> bool:
        """Whether a column says to whom each difference is."""
        return not self.against and any(line.against for line in self.lines)

    @property
    def head(self) -> list[str]:
        difference = f"Difference to {self.against}" if self.against else "Difference"
        head = ["Variant", f"{self.headline}, {self.unit}", "95 % interval", difference, "95 % interval", "n"]
        if self.names_parents:
            head.insert(4, "to")
        return head

    @property
    def rows(self) -> list[list[str]]:
        rows = []
        for line in self.lines:
            name, n = line.variant, str(line.n)
            if line.flag:
                name += " (flagged)"
            if line.n != line.items:
                n += f" of {line.items}"
            mean, difference = line.mean or line.why or "none", line.difference + line.mark
            row = [name, mean, line.interval, difference, line.difference_interval, n]
            if self.names_parents:
                row.insert(4, line.against)
            rows.append(row)
        return rows


@dataclass(frozen=True)
class Appendix:
    """Of one task, the figures beside the headline and what the answers cost, of each variant by the figure's name.

    `variants` are in the order of the report's table.
    """

    task: str
    title: str
    variants: tuple[str, ...]
    figures: Mapping[str, Mapping[str, FigureShown]]

    def lines(self, variants: Sequence[str]) -> list[list[str]]:
        """A line a figure, a column a variant: there are more figures than variants."""
        by_name: dict[str, dict[str, FigureShown]] = {}
        for variant in self.variants:
            for name, figure in self.figures[variant].items():
                by_name.setdefault(name, {})[variant] = figure
        return [_line(of_name, variants) for of_name in by_name.values()]

    def panels(self) -> list[tuple[str, ...]]:
        """As many variants side by side as a page has room for, evenly spread over the tables that it takes."""
        letters = sum(max(len(name), NARROWEST) + 2 for name in self.variants)
        each = ceil(len(self.variants) / ceil(letters / WIDE))
        return [self.variants[start : start + each] for start in range(0, len(self.variants), each)]


def _line(figures: Mapping[str, FigureShown], variants: Sequence[str]) -> list[str]:
    """A figure's title with its unit, then its values; units stand beside the values where they are not the same."""
    units = {figure.unit for figure in figures.values()}
    title = next(iter(figures.values())).title
    if len(units) == 1 and units != {""}:
        title += f", {max(units)}"
    line = [title]
    for variant in variants:
        value = ""
        if variant in figures:
            value = figures[variant].value
            if len(units) > 1:
                value = f"{value} {figures[variant].unit}".strip()
        line.append(value)
    return line


@dataclass(frozen=True)
class ComparisonReport:
    """`appendix` is empty where none was asked for."""

    tables: tuple[TaskTable, ...]
    source: str
    plots: tuple[Plot, ...]
    appendix: tuple[Appendix, ...]
