"""What a cell took: seconds, tokens, memory, energy, and what its weights weigh.

Begins to count before an engine is opened and begins anew with each cell. Whatever was not measured of the cell as a
whole is left out.
"""

import time
from collections.abc import Sequence
from typing import Any

from proctor.finetune.build import Built
from proctor.harness.ask.cell import AskedSample
from proctor.harness.measure.measuring import Cards, Memory, hardware, installed

PACKAGES = (
    "torch", "transformers", "peft", "trl", "lm-eval", "inspect-ai", "bitsandbytes", "llama-cpp-python", "vllm",
)  # fmt: skip


class Costs:
    def __init__(self, gpus: int) -> None:
        """From now on: the engine's libraries are loaded, its weights are not."""
        self._memory, self._cards = Memory(), Cards(gpus)
        self._load_seconds: float | None = None
        self._began = 0.0

    def loaded(self, seconds: float) -> None:
        self._load_seconds = round(seconds, 3)

    def begin(self) -> None:
        """A cell begins."""
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
                "peak_memory_bytes": self._memory.peak() if asked else None,
            }
        return {name: value for name, value in figures.items() if value is not None}


def measure(samples: Sequence[AskedSample], seconds: float, reused: int) -> dict[str, Any]:
    """`reused` responses were there before: then the time is not that of all samples."""
    figures: dict[str, Any] = {"wall_seconds": round(seconds, 3)}
    if reused:
        figures["reused"] = reused
    elif samples:
        figures["seconds_per_item"] = round(seconds / len(samples), 6)
    too_long = sum(sample.response.too_long for sample in samples)
    if too_long:
        figures["too_long"] = too_long
    return figures | _tokens(samples) | {"versions": installed(PACKAGES), "hardware": hardware()}


def _tokens(samples: Sequence[AskedSample]) -> dict[str, int]:
    """Sums over the responses that there are; none where an engine does not say the tokens of one of them."""
    sums = {}
    for name in ("tokens_in", "tokens_out"):
        counts = [getattr(sample.response, name) for sample in samples if not sample.response.error]
        if None not in counts:
            sums[name] = sum(counts)
    return sums


def _speed(samples: Sequence[AskedSample]) -> float | None:
    """Tokens a second, over the responses that were timed."""
    tokens, seconds = 0, 0.0
    for sample in samples:
        if sample.response.tokens_out is not None and sample.response.seconds:
            tokens += sample.response.tokens_out
            seconds += sample.response.seconds
    if not seconds:
        return None
    return round(tokens / seconds, 1)
