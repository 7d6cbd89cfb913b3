"""What a cell cost: speed, bytes, memory, energy.

Only what was measured is named, in units that people read.

    costs_of(cell)["size_bytes"].shown          # ("4.21", "MB")
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import fsum, inf

import pandas as pd

from proctor.harness import record
from proctor.harness.record import CostRecord, HardwareRecord, RunRecord
from proctor.leaderboard.compare.figures import CellFigure


@dataclass(frozen=True)
class Measure:
    """`here`: it depends on the machine, so figures from two machines are not laid side by side."""

    name: str
    title: str
    unit: str
    scale: float = 1.0
    more_is_better: bool = False
    here: bool = True
    each: bool = False  # told for the whole cell, shown for one answer


UNKNOWN = "machine not known"
SHORTEST = 1.0  # seconds of answering: of what took less, an engine's first steps are most of the speed
SPEED = Measure("tokens_per_second", "Speed", "tokens/s", more_is_better=True)
PER_ITEM = Measure("seconds_per_item", "Time for an item", "s")
SIZE = Measure("size_bytes", "Size of the weights", "MB", 1e-6, here=False)
MEASURES = (
    SPEED,
    PER_ITEM,
    SIZE,
    Measure("peak_memory_bytes", "Peak memory", "MB", 1e-6),
    Measure("peak_gpu_bytes", "Peak GPU memory", "MB", 1e-6),
    Measure("energy_joules", "Energy for an answer", "J", each=True),
    Measure("load_seconds", "Loading", "s"),
)
# By variant and task, then by the measure's name.
Costs = Mapping[tuple[str, str], Mapping[str, CellFigure]]
TIMING = ["sample_id", "epoch", "tokens_out", "seconds"]


def costs_of(cell: record.Cell, rows: pd.DataFrame | None = None) -> dict[str, CellFigure]:
    """What is known of one cell; `rows`, when they are read already."""
    costs = {}
    for measure in MEASURES:
        value: float | None = getattr(cell.run.costs, measure.name)
        if value is None and measure is SPEED:
            value = _speed(cell.rows(TIMING) if rows is None else rows)
        if value and _seconds_behind(measure, value, cell.run.costs) < SHORTEST:
            continue
        if value is not None and value > 0:
            if measure.each:
                value /= max(cell.run.rows, 1)
            costs[measure.name] = CellFigure(
                measure.name, measure.title, measure.scale * value, unit=measure.unit
            )
    return costs


def _speed(rows: pd.DataFrame) -> float | None:
    """Tokens answered in a second. From the rows and not the wall clock, which a resumed run stops early."""
    timed = rows[rows["tokens_out"].notna() & rows["seconds"].notna()]
    seconds = fsum(timed["seconds"])
    return None if seconds <= 0 else float(timed["tokens_out"].sum()) / seconds


def _seconds_behind(measure: Measure, value: float, told: CostRecord) -> float:
    """Of answering, that a speed was measured in; no end to it where that is not told, or the figure is no speed."""
    if measure is SPEED and told.tokens_out:
        return told.tokens_out / value
    if measure is PER_ITEM and told.wall_seconds is not None:
        return told.wall_seconds
    return inf


def several_machines(runs: Sequence[RunRecord]) -> bool:
    """Machines that are not known are taken for different ones."""
    machines = {machine(run.hardware) for run in runs}
    return len(machines) > 1 or (UNKNOWN in machines and len(runs) > 1)


def machine(hardware: HardwareRecord) -> str:
    if not hardware.known:
        return UNKNOWN
    gpus = ", ".join(hardware.gpus) or "no GPU"
    where = f"{hardware.machine or 'unknown machine'}, {hardware.cores or '?'} cores, {gpus}"
    return f"{where}, Python {hardware.python or '?'}"
