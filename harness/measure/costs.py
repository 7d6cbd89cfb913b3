"""What a cell took: seconds, tokens, memory, energy, and what its weights weigh.

Begins to count before an engine is opened and begins anew with each cell. Whatever was not measured of the cell as a
whole is not told. Must not know exams, nor how weights are made.
"""

import time
from collections.abc import Sequence
from typing import Any

from proctor.finetune.build import Built
from proctor.harness.ask.cell import AskedSample
from proctor.harness.measure.measuring import Cards, hardware, installed
from proctor.harness.measure.memory import Memory

PACKAGES = (
    "torch",
    "transformers",
    "peft",
    "trl",
    "lm-eval",
    "inspect-ai",
    "bitsandbytes",
    "llama-cpp-python",
    "vllm",
)


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
        reused = max(0, sum(not row.response.error for row in samples) - asked)
        figures = {
            "load_seconds": self._load_seconds,
            **measure(samples, time.perf_counter() - self._began, reused),
            # Of what was answered before, another run has taken the memory and the energy.
            **({} if reused else self._cards.taken()),
        }
        if built:  # a server's weights are not ours to measure
            figures |= {
                "size_bytes": built.size_bytes,
                "tokens_per_second": _speed(samples),
                "peak_memory_bytes": self._memory.peak() if asked else None,
            }
        return {name: value for name, value in figures.items() if value is not None}


def measure(rows: Sequence[AskedSample], seconds: float, reused: int) -> dict[str, Any]:
    """`reused` answers were there before: then the time is not that of all items."""
    too_long = sum(row.response.too_long for row in rows)
    return {
        "wall_seconds": round(seconds, 3),
        **({"reused": reused} if reused else {}),
        **({"too_long": too_long} if too_long else {}),
        **({} if reused or not rows else {"seconds_per_item": round(seconds / len(rows), 6)}),
        **_tokens(rows),
        "versions": {name: version for name in PACKAGES if (version := installed(name))},
        "hardware": hardware(),
    }


def _tokens(rows: Sequence[AskedSample]) -> dict[str, int]:
    """Sums over the answers that there are; none where an engine does not tell the tokens of one of them."""
    there = [row.response for row in rows if not row.response.error]
    sums = {
        "tokens_in": [answer.tokens_in for answer in there],
        "tokens_out": [answer.tokens_out for answer in there],
    }
    return {name: sum(n for n in told if n is not None) for name, told in sums.items() if None not in told}


def _speed(rows: Sequence[AskedSample]) -> float | None:
    """Tokens a second, over the answers that were timed."""
    timed = [
        (row.response.tokens_out, row.response.seconds)
        for row in rows
        if row.response.tokens_out is not None and row.response.seconds
    ]
    seconds = sum(seconds for _, seconds in timed)
    return round(sum(made for made, _ in timed) / seconds, 1) if seconds else None
