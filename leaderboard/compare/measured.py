"""What a cell cost: speed, bytes, memory, energy. Only what was measured is named, in units that people read.

Reads run.json's figures and the rows; knows no page.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from proctor.harness.record import HardwareRecord, RunRecord
from proctor.leaderboard.compare import tables


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
SPEED = Measure("tokens_per_second", "Speed", "tokens/s", more_is_better=True)
ALL = (
    SPEED,
    Measure("seconds_per_item", "Time for an item", "s"),
    Measure("size_bytes", "Size of the weights", "MB", 1e-6, here=False),
    Measure("peak_memory_bytes", "Peak memory", "MB", 1e-6),
    Measure("peak_gpu_bytes", "Peak GPU memory", "MB", 1e-6),
    Measure("energy_joules", "Energy for an answer", "J", each=True),
    Measure("load_seconds", "Loading", "s"),
)
DRAWN = tuple(
    one for one in ALL if one.name not in ("seconds_per_item", "load_seconds")
)  # speed says as much


def values(run: RunRecord, speed: float | None) -> dict[str, float]:
    """What is known of one cell. Speed is that of answering, from the rows, where run.json does not tell it."""
    found = {}
    for measure in ALL:
        value: float | None = getattr(run.costs, measure.name)
        if value is None and measure is SPEED:
            value = speed
        if value is not None and value > 0:
            found[measure.name] = float(value) / (max(run.rows, 1) if measure.each else 1)
    return found


def figure(measure: Measure, value: float) -> tuple[str, str]:
    """`4.21` and `MB`, not `4210000`: three digits that count."""
    if measure.scale != 1.0 and value >= 1e9:
        return f"{value / 1e9:.2f}", "GB"
    return tables.three(value * measure.scale), measure.unit


def shown(measure: Measure, value: float) -> str:
    return " ".join(figure(measure, value))


def column(measure: Measure, values: Sequence[float | None]) -> tuple[str, list[tuple[float | None, str]]]:
    """A column's head and its cells, each with what it is sorted by. The unit is told once where all have the same."""
    told = [("", "") if value is None else figure(measure, value) for value in values]
    units = {unit for words, unit in told if words}
    if len(units) == 1:
        title, cells = f"{measure.title}, {units.pop()}", tables.aligned([words for words, _ in told])
    else:
        title, cells = measure.title, [" ".join(words).strip() for words in told]
    return title, list(zip(values, cells, strict=True))


def listed(found: Mapping[str, float]) -> list[tuple[str, str]]:
    return [(one.title, shown(one, found[one.name])) for one in ALL if one.name in found]


def several_machines(runs: Sequence[RunRecord]) -> bool:
    """Machines that are not known are taken for different ones."""
    there = {machine(run.hardware) for run in runs}
    return len(there) > 1 or (UNKNOWN in there and len(runs) > 1)


def machine(hardware: HardwareRecord) -> str:
    if not hardware.known:
        return UNKNOWN
    gpus = ", ".join(hardware.gpus) or "no GPU"
    where = f"{hardware.machine or 'unknown machine'}, {hardware.cores or '?'} cores, {gpus}"
    return f"{where}, Python {hardware.python or '?'}"
