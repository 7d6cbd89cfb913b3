"""What stands beside the headlines, ready to be shown: other figures, what answers cost, overlap with training data.

Takes figures from figures.py and measured.py; rounds as tables.py does. Knows no page.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from proctor.harness import record
from proctor.harness.record import OverlapRecord
from proctor.leaderboard.compare import measured, tables
from proctor.leaderboard.compare.figures import Figure, figures_of
from proctor.leaderboard.compare.tables import Row

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Beside:
    """Of one cell: the figures beside its headline, and what it cost."""

    figures: Sequence[Figure]
    costs: Mapping[str, float]


NOTHING = Beside((), {})


def of(cell: record.Cell, rows: "pd.DataFrame") -> Beside:
    return Beside(figures_of(cell, rows), measured.values(cell.run, tables.speed(rows)))


def shown(one: Figure) -> dict[str, str]:
    def rounded(value: float) -> str:
        return tables.percent(value) if one.share else tables.three(value)

    low = "" if one.low is None else rounded(one.low)
    high = "" if one.high is None else rounded(one.high)
    return {
        "name": one.name,
        "title": one.title,
        "sort": repr(float(one.value)),
        "value": rounded(one.value),
        "unit": "%" if one.share else "",
        "low": low,
        "high": high,
        "interval": f"{low} to {high}" if low and high else "",
        "n": str(one.n) if one.n else "",
        "note": one.note,
    }


def figures(rows: Sequence[Row], beside: Mapping[str, Beside], parts: bool = False) -> dict[str, Any] | None:
    """Of one exam: a line a variant, a column a figure that any of them has. `parts`: those alone that a judge's mark
    is made of, which stand beside it.
    """
    titles: dict[str, str] = {}
    lines = []
    for row in rows:
        mine = {one.name: shown(one) for one in beside[row.variant].figures if one.part or not parts}
        titles |= {name: f"{one['title']}{', %' if one['unit'] else ''}" for name, one in mine.items()}
        lines.append((row.variant, mine))
    if not titles:
        return None
    for name in titles:
        column = [mine[name] for _, mine in lines if name in mine]
        for one, words in zip(column, tables.aligned([one["value"] for one in column]), strict=True):
            one["value"] = words
    return {
        "columns": list(titles.values()),
        "lines": [(variant, [mine.get(name) for name in titles]) for variant, mine in lines],
    }


def costs(rows: Sequence[Row], beside: Mapping[str, Beside]) -> dict[str, Any] | None:
    """What the answers cost, a column for each thing that was measured at all."""
    known = {row.variant: beside[row.variant].costs for row in rows}
    there = [one for one in measured.ALL if any(one.name in mine for mine in known.values())]
    if not there:
        return None
    columns = [measured.column(one, [mine.get(one.name) for mine in known.values()]) for one in there]
    lines = zip(known, zip(*(cells for _, cells in columns), strict=True), strict=True)
    return {"columns": [title for title, _ in columns], "lines": list(lines)}


def overlap(rows: Sequence[Row], task: str) -> list[tuple[str, str, list[str]]]:
    """What of the task's items stands in training data: the set, the findings, and the variants they hold for."""
    variants: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        for one in row.scores[task].run.overlap:
            variants.setdefault((one.set, _overlap_in_words(one)), []).append(row.variant)
    return [(name, words, of) for (name, words), of in variants.items()]


def _overlap_in_words(one: OverlapRecord) -> str:
    parts = []
    if one.chats is not None:
        parts.append(f"chats: {one.chats}")
    if one.items is not None:
        parts.append(f"items: {one.items}")
    if one.whole is not None:
        parts.append(f"{one.whole} of them stand there word for word")
    parts += [f"{tables.percent(share)} % of the items share {n} words in a row" for n, share in one.shares]
    return "; ".join(parts)
