"""What a report holds: a table for each task, and what stands behind it for an appendix.

report.py makes it of results, formats.py writes it as Markdown, LaTeX, CSV or HTML.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from proctor.common import counted
from proctor.common.stats import Verdict
from proctor.harness.record import TaskRecord
from proctor.leaderboard.board.charts import Plot
from proctor.leaderboard.compare import formatting
from proctor.leaderboard.compare.comparison import Comparison, leading_pair
from proctor.leaderboard.compare.figures import CellFigure, columns_of
from proctor.leaderboard.compare.ranking import Score
from proctor.leaderboard.report.changed import ChangedAnswers

WORST_FIRST = (Verdict.WORSE, Verdict.NOT_SHOWN, Verdict.NO_WORSE, Verdict.BETTER)
SHOWN, WITHIN, OTHER_WITHIN = "*", "≈", "†"  # marks of a difference
WIDE = 72  # letters of the variants' names that a page has room for; more stand in a table of their own
NARROWEST = 8


@dataclass(frozen=True)
class ReportLine:
    """One variant on one task; `pair` is the difference that the table shows, `other` the score it is held against."""

    variant: str
    score: Score
    pair: Comparison | None
    other: Score | None = None
    why_not: str = ""  # in words, where it cannot be compared with its parent or the baseline

    @property
    def n(self) -> int:
        return self.score.estimate.n if self.score.estimate else 0

    @property
    def items(self) -> int:
        return self.score.run.definition.items or self.n

    @property
    def flagged(self) -> bool:
        """Either side of the difference: of a flagged row no verdict is told first."""
        return bool(self.score.flag or (self.other and self.other.flag))

    @property
    def verdict(self) -> Verdict | None:
        """That of the line's own variant: where only the other one is no worse, nothing is shown of this one."""
        if self.pair and self.pair.said_of_b:
            return Verdict.NOT_SHOWN
        return self.pair.verdict if self.pair else None

    @property
    def mark(self) -> str:
        if self.pair is None or self.pair.verdict == Verdict.NOT_SHOWN:
            return ""
        if self.pair.verdict != Verdict.NO_WORSE:
            return SHOWN
        return OTHER_WITHIN if self.pair.said_of_b else WITHIN


@dataclass(frozen=True)
class TaskTable:
    """`against` is what all differences are to; empty where each is to the variant's own parent. `best` is the
    variant that is shown to be better than each other one; empty where no test shows it.
    `warning` is that of its judge's card.
    """

    task: str
    about: TaskRecord
    against: str
    lines: tuple[ReportLine, ...]
    notes: tuple[str, ...]
    best: str = ""
    warning: str = ""

    @property
    def names_parents(self) -> bool:
        """Whether a column says to whom each difference is."""
        return not self.against and any(line.pair for line in self.lines)

    @property
    def head(self) -> list[str]:
        headline = f"{self.about.headline}, {formatting.unit(self.about)}"
        difference = f"Difference to {self.against}" if self.against else "Difference"
        to = ["to"] if self.names_parents else []
        return ["Variant", headline, "95 % interval", difference, *to, "95 % interval", "n"]

    @property
    def rows(self) -> list[list[str]]:
        return [self.row(line) for line in self.lines]

    @property
    def leading(self) -> Comparison | None:
        """What is said first. Flagged rows are not spoken of."""
        return leading_pair(line.pair for line in self.lines if line.pair and not line.flagged)

    @property
    def answer(self) -> str:
        """`tiny-lora is better than tiny: +12.8, 95 % interval +7.2 to +20.4. Of 1 difference: 1 better.`"""
        verdicts: Counter[Verdict] = Counter()
        flagged = 0
        for line in self.lines:
            if line.verdict and line.flagged:
                flagged += 1
            elif line.verdict:
                verdicts[line.verdict] += 1
        if not verdicts and flagged:
            return "Nothing was compared that is not flagged."
        if not verdicts:
            return "Nothing was compared."
        words, pair = "No gain or loss is shown.", self.leading
        if pair:
            verdict = formatting.verdict(pair, self.about, named=True)
            shown, bounds = (
                formatting.difference(pair, self.about),
                formatting.difference_interval(pair, self.about),
            )
            words = f"{pair.a} is {verdict}: {shown}, 95 % interval {bounds}."
        counts = []
        for name in WORST_FIRST:
            said: str = name
            if name == Verdict.NO_WORSE:
                within = formatting.margins([line.pair for line in self.lines if line.pair], self.about)
                said = f"no worse (within {within})"
            if verdicts[name]:
                counts.append(f"{verdicts[name]} {said}")
        return f"{words} Of {counted(verdicts.total(), 'difference')}: {', '.join(counts)}."

    def row(self, line: ReportLine) -> list[str]:
        name, n, estimate = line.variant, str(line.n), line.score.estimate
        if line.score.flag:
            name += " (flagged)"
        if line.n != line.items:
            n += f" of {line.items}"
        mean, interval = line.score.why_none or "none", ""
        if estimate:
            mean = formatting.score(estimate.mean, self.about)
            interval = formatting.interval(estimate.low, estimate.high, self.about)
        difference = against = bounds = ""
        if line.pair:
            difference, against = formatting.difference(line.pair, self.about) + line.mark, line.pair.b
            bounds = formatting.difference_interval(line.pair, self.about)
        to = [against] if self.names_parents else []
        return [name, mean, interval, difference, *to, bounds, n]


@dataclass(frozen=True)
class Appendix:
    """Of one task, the figures beside the headline and what the answers cost, of each variant in the table's order."""

    task: str
    about: TaskRecord
    figures: dict[str, list[CellFigure]]

    def lines(self, variants: Sequence[str]) -> list[list[str]]:
        """A line a figure, a column a variant: there are more figures than variants."""
        columns = columns_of(self.figures)
        return [[column.title, *(column.texts.get(name, "") for name in variants)] for column in columns]

    def panels(self) -> list[list[str]]:
        """As many variants side by side as a page has room for, evenly spread over the tables that it takes."""
        variants = list(self.figures)
        letters = sum(max(len(name), NARROWEST) + 2 for name in variants)
        each = ceil(len(variants) / ceil(letters / WIDE))
        return [variants[start : start + each] for start in range(0, len(variants), each)]


@dataclass(frozen=True)
class ComparisonReport:
    """`appendix` and `changed` are empty where none were asked for."""

    tables: tuple[TaskTable, ...]
    source: str
    plots: tuple[Plot, ...]
    appendix: tuple[Appendix, ...]
    changed: tuple[ChangedAnswers, ...] = ()

    @property
    def scores(self) -> dict[str, Score]:
        """By task, of a report on one variant."""
        return {table.task: table.lines[0].score for table in self.tables}
