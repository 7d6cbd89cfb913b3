"""What a machine counts: memory of this process, memory and energy of its GPUs; and what the machine is.

What cannot be counted is left out.
"""

import ctypes
import gc
import os
import platform
import sys
from contextlib import suppress
from functools import cache
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

STATUS = Path("/proc/self/status")
FORGET = Path("/proc/self/clear_refs")  # writing 5 makes the highest count start anew


class Memory:
    """How much of this process's memory opening and using an engine took, as the operating system counts it.

    Counts from what the process held before, so that libraries and earlier work are left out. Linux alone keeps such
    a count for a process; elsewhere nothing is measured.
    """

    def __init__(self) -> None:
        """From now on: what was freed is given back first, or the engine would move into it unseen."""
        gc.collect()
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim:
            trim(0)
        self._before = _in_memory("VmRSS")

    def restart(self) -> None:
        """Forget the peak so far, but not what was held before the engine was opened."""
        try:
            FORGET.write_text("5")
        except OSError:
            self._before = None

    def peak(self) -> int | None:
        """The most bytes held at once since the restart, above what was held before; None where nobody counts."""
        most = _in_memory("VmHWM")
        if self._before is None or most is None:
            return None
        return max(0, most - self._before)


def _in_memory(what: str) -> int | None:
    try:
        lines = STATUS.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    for line in lines:
        if line.startswith(f"{what}:"):
            return int(line.split()[1]) * 1024
    return None


class Cards:
    """What a cell took of the GPUs that its engine has: the most memory held at once, and energy.

    Memory of weights in this process is counted by torch; an engine in processes of its own is seen as what the whole
    card holds more than before it was opened. Energy is the card's own count, so whatever else runs on it is in it.
    """

    def __init__(self, wanted: int) -> None:
        """The first `wanted` GPUs of those that torch sees, from before an engine is opened on them."""
        there = 0
        if "torch" in sys.modules:
            self._cuda: Any = import_module("torch").cuda
            there = self._cuda.device_count()
        self._numbers = range(min(wanted, there))
        self._meters = []
        for number in self._numbers:
            self._meters.append(_meter(str(self._cuda.get_device_properties(number).uuid)))
        self._before = [self._held(number) for number in self._numbers]
        self._ours = sum(self._cuda.memory_allocated(number) for number in self._numbers)
        self._began: int | None = None

    def restart(self) -> None:
        """A cell begins."""
        for number in self._numbers:
            self._cuda.reset_peak_memory_stats(number)
        self._began = self._spent()

    def taken(self) -> dict[str, Any]:
        """What was taken since the restart, under the names that run.json has for it."""
        figures: dict[str, Any] = {}
        if self._numbers:
            most = sum(self._cuda.max_memory_allocated(number) for number in self._numbers)
            ours = max(0, most - self._ours)  # earlier work may have left something
            # Engines keep what they took until they are closed, so the end of a cell shows the most.
            grown = 0
            for number, before in zip(self._numbers, self._before, strict=True):
                grown += max(0, self._held(number) - before)
            figures["peak_gpu_bytes"] = ours or grown
        spent = self._spent()
        # Of an engine that took nothing of them, what they spent is only what they spend idle.
        if figures.get("peak_gpu_bytes") and spent is not None and self._began is not None:
            figures["energy_joules"] = round((spent - self._began) / 1000, 1)
        return {name: value for name, value in figures.items() if value}

    def _held(self, number: int) -> int:
        free, total = self._cuda.mem_get_info(number)
        return int(total - free)

    def _spent(self) -> int | None:
        """Millijoules of all cards so far; None where one of them does not count them."""
        counts = [meter.read() for meter in self._meters if meter]
        if not counts or len(counts) < len(self._meters) or None in counts:
            return None
        return sum(count or 0 for count in counts)


class _Meter:
    """One card's count of millijoules, by NVIDIA's library."""

    def __init__(self, library: Any, card: Any) -> None:
        self._library = library
        self._card = card

    def read(self) -> int | None:
        try:
            return int(self._library.nvmlDeviceGetTotalEnergyConsumption(self._card))
        except self._library.NVMLError:
            return None


def _meter(uuid: str) -> _Meter | None:
    """None where the library is missing, or does not know the card: then energy is not measured."""
    try:
        library = import_module("pynvml")
    except ImportError:
        return None
    try:
        library.nvmlInit()
        return _Meter(library, library.nvmlDeviceGetHandleByUUID(f"GPU-{uuid.removeprefix('GPU-')}"))
    except library.NVMLError:
        return None


@cache
def installed(packages: tuple[str, ...]) -> dict[str, str]:
    """The versions of those that are."""
    versions = {}
    for package in packages:
        with suppress(metadata.PackageNotFoundError):
            versions[package] = metadata.version(package)
    return versions


def hardware() -> dict[str, Any]:
    gpus = []
    if "torch" in sys.modules:
        cuda = import_module("torch").cuda
        gpus = [cuda.get_device_name(number) for number in range(cuda.device_count())]
    python = platform.python_version()
    return {"machine": platform.machine(), "cores": os.cpu_count(), "gpus": gpus, "python": python}
