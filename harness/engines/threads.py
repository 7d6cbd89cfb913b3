"""How many threads llama.cpp is given: the cores there are, and how many of them a step is best given."""

import os
from statistics import median


class Threads:
    """How many threads a step gets: all cores, or one where others use the machine too.

    Threads of llama.cpp wait for each other some hundred times a step, by spinning: when one of them has lost
    its core to another program, a step takes ten times as long as with one thread alone. The count changes no
    result, so it is found by trying: every so often a few steps go the other way.
    """

    EVERY, EACH = 128, 3  # steps from one trial to the next, and steps that each count is tried for

    def __init__(self, cores: int) -> None:
        self.best = cores
        self._choices = sorted({1, cores}, reverse=True)
        self.trials = self.EACH * len(self._choices)
        self._steps = 0
        self._seconds: dict[int, list[float]] = {}

    def next(self) -> int:
        at = self._steps % self.EVERY
        if at < self.trials:
            return self._choices[at // self.EACH]
        return self.best

    def took(self, seconds: float) -> None:
        """How long the step with `next` threads was."""
        if self._steps % self.EVERY < self.trials:
            self._seconds.setdefault(self.next(), []).append(seconds)
        self._steps += 1
        if self._steps % self.EVERY == self.trials:
            self.best = min(self._choices, key=lambda threads: median(self._seconds[threads]))
            self._seconds = {}


def cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
