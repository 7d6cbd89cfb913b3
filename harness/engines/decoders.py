"""Decoders side by side: one on each core for small weights, one on all cores for large ones.

The threads of one llama.cpp context wait for each other some hundred times a step. Small weights make short steps, of
which that is a large part; large weights are read from memory once for all sequences of a step, which two contexts
would do twice. What an answer says hangs on neither. Knows jobs and cores; must not know how a step is made.
"""

from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from proctor.harness.engines.decoding import GROUP, Decoder, Job, Made
from proctor.harness.engines.gguf_model import Model

MOST = 4  # decoders at work: more would share too few jobs


class Decoders:
    def __init__(self, model: Model, threads: int) -> None:
        self._all_cores = Decoder(model, threads)
        self.sequences = self._all_cores.sequences
        beside = 1 if model.on_gpu or model.weighs_much() else min(MOST, threads)
        self._side_by_side = [Decoder(model, threads // beside) for _ in range(beside)] if beside > 1 else []

    def run(self, jobs: Sequence[Job]) -> list[Made]:
        """Every job fits the model's context; the answers come in the order of the jobs."""
        made = [Made() for _ in jobs]
        waiting = deque(zip(jobs, made, strict=True))
        at_work = self._side_by_side[
            : len(jobs) // GROUP
        ]  # a decoder works on so many at once, or on padding
        if len(at_work) < 2:
            at_work = [self._all_cores]
        for decoder in at_work:
            decoder.sequences = self.sequences
        if len(at_work) == 1:
            at_work[0].work(jobs, waiting)
        else:
            with ThreadPoolExecutor(len(at_work)) as pool:
                for ended in [pool.submit(decoder.work, jobs, waiting) for decoder in at_work]:
                    ended.result()
        return made

    def close(self) -> None:
        for decoder in (self._all_cores, *self._side_by_side):
            decoder.close()
