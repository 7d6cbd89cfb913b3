"""What a cell took of the GPUs that its engine has: the most memory held at once, and energy.

Memory of weights in this process is counted by torch; an engine in processes of its own is seen as what the whole card
holds more than before it was opened. Energy is the card's own count, so whatever else runs on the card is in it. What
cannot be counted is left out. Also says what the machine is.
"""

import os
import platform
import sys
from functools import cache
from importlib import import_module, metadata
from typing import Any


class Cards:
    def __init__(self, wanted: int) -> None:
        """The first `wanted` GPUs of those that torch sees, from before an engine is opened on them."""
        there = 0
        if "torch" in sys.modules:
            self._cuda: Any = import_module("torch").cuda
            there = self._cuda.device_count() if self._cuda.is_available() else 0
        self._numbers = range(min(wanted, there))
        self._meters = [
            _meter(str(self._cuda.get_device_properties(number).uuid)) for number in self._numbers
        ]
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
            grown = sum(
                max(0, self._held(number) - before)
                for number, before in zip(self._numbers, self._before, strict=True)
            )
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
def installed(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def hardware() -> dict[str, Any]:
    torch = sys.modules.get("torch")
    gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())] if torch else []
    return {
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "gpus": gpus,
        "python": platform.python_version(),
    }
