"""Notes what a cell is doing, about once a second, for whoever watches the run (record/running.py).

watched = Watched(results, "tiny", "concepts", "asked", total=250)
watched.advance(16, 2048)       # requests done, tokens made
watched.end()                   # the rows are there
"""

import time
from collections import deque
from math import isfinite
from pathlib import Path

from proctor.harness.ask.cell import AskedSample
from proctor.harness.ask.responses import Advance, Journal
from proctor.harness.record import TaskRecord
from proctor.harness.record.running import RunningCell, RunningScore, ShownResponse, remove, write_running
from proctor.tasks import target_of

EVERY_SECONDS = 1.0
SHARE = 0.02  # of the time, at most, goes into writing
LAST, LONGEST = 3, 2000  # so many of the last responses are shown, and so many of their letters


class Watched:
    """Without a task it is the weights of the variant that are built."""

    def __init__(
        self, results: Path, variant: str, task: str = "", doing: str = "", total: int = 100,
        about: TaskRecord | None = None, journal: Journal | None = None,
    ) -> None:  # fmt: skip
        if about:
            about = about.changed(kinds={})  # thousands of ids, which nobody looks at here
        now = time.time()
        self._results, self._journal, self._next = results, journal, 0.0
        self._scores: list[RunningScore] = []
        self._last: deque[ShownResponse] = deque(maxlen=LAST)
        self._cell = RunningCell(
            variant=variant, task=task, doing=doing, total=total, about=about, began=now, at=now
        )
        if task:
            self._write()

    def also(self, progress: Advance) -> Advance:
        """Tells another one too."""

        def advance(requests: int, tokens: int) -> None:
            progress(requests, tokens)
            self.advance(requests, tokens)

        return advance

    def advance(self, requests: int, tokens: int) -> None:
        cell = self._cell
        done = min(cell.done + requests, cell.total)  # a sample of a stock task may be several requests
        self._cell = cell.changed(done=done, tokens=cell.tokens + tokens)
        self._write_sometimes()

    def build(self, what: str, share: float, now: str) -> None:
        """The same for weights: what is made, how much of it is done, and what it says now."""
        if share < 1.0:
            if not self._cell.doing.startswith(f"{what}: "):
                self._cell = self._cell.changed(began=time.time())
            self._cell = self._cell.changed(doing=f"{what}: {now}", done=round(100 * share))
            self._write_sometimes()

    def answered(self, sample: AskedSample) -> None:
        """A response, scored where rules score it as it comes."""
        item, text, score = str(sample.doc["id"]), sample.response.text, sample.score
        shown = ShownResponse(response=text[:LONGEST], item=item, target=target_of(sample.doc)[:LONGEST])
        if sample.response.error:
            self._cell = self._cell.changed(failed=self._cell.failed + 1)
            shown = shown.changed(response=sample.response.error)
        elif score and isfinite(score.score):
            cluster = str(sample.doc["cluster"])
            row = RunningScore(
                sample_id=item, epoch=sample.epoch, cluster=cluster, score=score.score, metrics=score.metrics
            )
            self._scores.append(row)
            shown = shown.changed(answer=score.answer[:LONGEST], score=score.score)
        self._last.append(shown)
        self._write_sometimes()

    def wait(self, why: str) -> None:
        """What this cell waits for now."""
        self._cell = self._cell.changed(doing=why, done=self._cell.total)
        self._write()

    def end(self) -> None:
        remove(self._results, self._cell.variant, self._cell.task)

    def _write_sometimes(self) -> None:
        if time.monotonic() > self._next:
            self._write()

    def _write(self) -> None:
        begin, last = time.monotonic(), list(self._last)
        cell = self._cell.changed(at=time.time(), scores=tuple(self._scores))
        if self._journal:
            cell = cell.changed(asked=self._journal.asked)
        if self._journal and not last:
            last = [ShownResponse(response=text[:LONGEST]) for text in self._journal.latest]
        write_running(self._results, cell.changed(last=tuple(last)))
        now = time.monotonic()
        self._next = now + max(EVERY_SECONDS, (now - begin) / SHARE)
