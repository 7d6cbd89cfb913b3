"""What stands beside a cell's headline: its other figures, and what its responses cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from proctor.harness import record
from proctor.leaderboard.compare import measured, tables
from proctor.leaderboard.compare.figures import CellFigure, figures_of

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Beside:
    """Of one cell: the figures beside its headline, and what it cost."""

    figures: Sequence[CellFigure]
    costs: Mapping[str, float]


NOTHING = Beside((), {})


def beside_headline(cell: record.Cell, rows: "pd.DataFrame") -> Beside:
    return Beside(figures_of(cell, rows), measured.values(cell.run, tables.speed(rows)))


def format_figure(one: CellFigure) -> dict[str, str]:
    def rounded(value: float) -> str:
        return tables.percent(value) if one.share else tables.three(value)

    low = high = interval = ""
    if one.low is not None and one.high is not None:
        low, high = rounded(one.low), rounded(one.high)
        interval = f"{low} to {high}"
    return {
        "name": one.name,
        "title": one.title,
        "sort": repr(float(one.value)),
        "value": rounded(one.value),
        "unit": "%" if one.share else "",
        "low": low,
        "high": high,
        "interval": interval,
        "n": str(one.n) if one.n else "",
        "note": one.note,
    }
