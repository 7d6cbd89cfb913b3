"""What a cell took: seconds, tokens, memory, energy, what its weights weigh; and the machine that it was measured on.

Counting begins before an engine is opened and begins anew with each cell. What cannot be counted of a cell as a whole
is left out. Must not know how weights are made, nor what is done with figures.
"""

import ctypes
import os
import platform
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

from proctor.finetune.build import Built
from proctor.harness.ask.cell import AskedSample
from proctor.harness.engines.threads import cores

PACKAGES = (
    "torch", "transformers", "peft", "trl", "lm-eval", "inspect-ai", "bitsandbytes", "llama-cpp-python", "vllm",
)  # fmt: skip
STATUS = Path("/proc/self/status")
FORGET = Path("/proc/self/clear_refs")  # writing 5 makes the highest count start anew


class Costs:
    def __init__(self, gpus: int, elsewhere: bool = False) -> None:
        """From now on: the engine's libraries are loaded, its weights are not. `elsewhere`: in processes of their own,
        whose memory nobody counts here."""
        self._memory, self._cards = Memory(), Cards(gpus)
        self._elsewhere = elsewhere
        self._load_seconds: float | None = None
        self._began = 0.0

    def loaded(self, seconds: float) -> None:
        self._load_seconds = round(seconds, 3)

    def begin(self) -> None:
        self._memory.restart()
        self._cards.restart()
        self._began = time.perf_counter()

    def measured(self, samples: Sequence[AskedSample], asked: int, built: Built | None) -> dict[str, Any]:
        """Of the cell that ends now, in which an engine was `asked` so many answers, under run.json's names."""
        reused = max(0, sum(not sample.response.error for sample in samples) - asked)
        figures = {
            "load_seconds": self._load_seconds,
            **measure(samples, time.perf_counter() - self._began, reused),
        }
        if not reused:  # of what was answered before, another run has taken the memory and the energy
            figures |= self._cards.taken()
        if built:  # a server's weights are not ours to measure
            figures |= {
                "size_bytes": built.size_bytes,
                "tokens_per_second": _speed(samples),
                "peak_memory_bytes": self._memory.peak() if asked and not self._elsewhere else None,
            }
        return {name: value for name, value in figures.items() if value is not None}


def measure(samples: Sequence[AskedSample], seconds: float, reused: int) -> dict[str, Any]:
    """`reused` responses were there before: then the time is not that of all samples. Tokens are summed where an engine
    tells those of every response.
    """
    figures: dict[str, Any] = {"wall_seconds": round(seconds, 3)}
    if reused:
        figures["reused"] = reused
    elif samples:
        figures["seconds_per_item"] = round(seconds / len(samples), 6)
    responses = [sample.response for sample in samples]
    if too_long := sum(response.too_long for response in responses):
        figures["too_long"] = too_long
    for name in ("tokens_in", "tokens_out"):
        counts = [getattr(response, name) for response in responses if not response.error]
        if None not in counts:
            figures[name] = sum(counts)
    return figures | {"versions": _installed(), "hardware": hardware()}


def _speed(samples: Sequence[AskedSample]) -> float | None:
    """Tokens a second, over the responses that were timed."""
    tokens, seconds = 0, 0.0
    for response in [sample.response for sample in samples]:
        if response.tokens_out is not None and response.seconds:
            tokens += response.tokens_out
            seconds += response.seconds
    return round(tokens / seconds, 1) if seconds else None


class Memory:
    """How much of this process's memory opening and using an engine took, as the operating system counts it.

    Counts from what the process held before, so that libraries and earlier work are left out. Linux alone keeps such
    a count for a process; elsewhere nothing is measured.
    """

    def __init__(self) -> None:
        """From now on: what was freed is given back first, or the engine would move into it unseen."""
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
    with suppress(OSError):
        for line in STATUS.read_text(encoding="ascii").splitlines():
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
        self._handles = _handles(there)
        self._before = [self._held(number) for number in self._numbers]
        self._ours = sum(self._cuda.memory_allocated(number) for number in self._numbers)
        self._began: int | None = None

    def restart(self) -> None:
        for number in self._numbers:
            if self._cuda.is_initialized():
                self._cuda.reset_peak_memory_stats(number)
        self._began = self._spent()

    def taken(self) -> dict[str, Any]:
        """What was taken since the restart, under the names that run.json has for it."""
        if not self._numbers:
            return {}
        most = sum(self._cuda.max_memory_allocated(number) for number in self._numbers)
        ours = max(0, most - self._ours)  # earlier work may have left something
        # Engines keep what they took until they are closed, so the end of a cell shows the most.
        grown = 0
        for number, before in zip(self._numbers, self._before, strict=True):
            grown += max(0, self._held(number) - before)
        if not (ours or grown):
            return {}  # of an engine that took nothing of them, what they spent is only what they spend idle
        figures: dict[str, Any] = {"peak_gpu_bytes": ours or grown}
        spent = self._spent()
        if spent is not None and self._began is not None and spent > self._began:
            figures["energy_joules"] = round((spent - self._began) / 1000, 1)
        return figures

    def _held(self, number: int) -> int:
        if self._handles:
            library = _nvidia()
            # A card that shares the machine's memory has none of its own to tell.
            with suppress(library.NVMLError):
                return int(library.nvmlDeviceGetMemoryInfo(self._handles[number]).used)
        free, total = self._cuda.mem_get_info(number)
        return int(total - free)

    def _spent(self) -> int | None:
        """Millijoules of all cards so far; None where one of them does not count them."""
        if not self._handles:
            return None
        library = _nvidia()
        try:
            return sum(
                int(library.nvmlDeviceGetTotalEnergyConsumption(self._handles[n])) for n in self._numbers
            )
        except library.NVMLError:
            return None


def _handles(count: int) -> list[Any]:
    """The GPUs that torch sees, as NVIDIA's library has them: to ask torch itself would start CUDA in this process, and
    vLLM could not fork any more. Empty where the library is missing, or may count the cards in another order than CUDA.
    """
    library = _nvidia()
    if library is None:
        return []
    visible = os.environ.get("CUDA_VISIBLE_DEVICES") or ",".join(map(str, range(count)))
    try:
        every = map(library.nvmlDeviceGetHandleByIndex, range(library.nvmlDeviceGetCount()))
        kinds = set(map(library.nvmlDeviceGetName, every))
        if len(kinds) > 1 and os.environ.get("CUDA_DEVICE_ORDER") != "PCI_BUS_ID":
            return []
        return [_handle(library, name.strip()) for name in visible.split(",")[:count]]
    except library.NVMLError:
        return []


def _handle(library: Any, name: str) -> Any:
    if name.isdecimal():
        return library.nvmlDeviceGetHandleByIndex(int(name))
    return library.nvmlDeviceGetHandleByUUID(name)


@cache
def _nvidia() -> Any:
    """NVIDIA's library for asking cards. None where it is missing or finds no driver."""
    try:
        library = import_module("pynvml")
    except ImportError:
        return None
    try:
        library.nvmlInit()
    except library.NVMLError:
        return None
    return library


@cache
def _installed() -> dict[str, str]:
    versions = {}
    for package in PACKAGES:
        with suppress(metadata.PackageNotFoundError):
            versions[package] = metadata.version(package)
    return versions


def hardware() -> dict[str, Any]:
    gpus = []
    if "torch" in sys.modules:
        cuda = import_module("torch").cuda
        count = cuda.device_count()
        handles = _handles(count)
        if handles:
            gpus = [_nvidia().nvmlDeviceGetName(handle) for handle in handles]
        else:
            gpus = [cuda.get_device_name(number) for number in range(count)]
    python = platform.python_version()
    return {"machine": platform.machine(), "cores": cores(), "gpus": gpus, "python": python}
