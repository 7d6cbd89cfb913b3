"""Shows what long work is doing: how much is left and how fast it goes. One moving block on a terminal, lines in a log,
JSON for a machine.

Knows no work; the callers say what they do.
"""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from proctor.common import duration
from proctor.common.terminal import Console, echo

LINE_EVERY_SECONDS = 15.0
JSON_EVERY_SECONDS = 1.0
LEAST_SHARE = 0.05  # of what was to do, done, before the time left is said
KEPT_SECONDS = 10.0  # in which what an earlier run kept is counted, before anything is made


class TimeLeft:
    """By the mean speed up to the last step forward. Answers come by the batch, all at once: the speed of the last few
    says nothing, and between two batches the time counts down.

    >>> TimeLeft(start=0.0).after(share=0.25, now=10.0)
    'about 30 s left'
    """

    def __init__(self, start: float) -> None:
        self._opened = self._start = self._stepped = start
        self._share = self._kept = 0.0

    def after(self, share: float, now: float, made: bool = True) -> str:
        """`made`: is anything of it new? What was kept from an earlier run came in no time."""
        if not made and now - self._opened < KEPT_SECONDS:
            self._start = self._stepped = now
            self._share = self._kept = share
        if share > self._share:
            self._share, self._stepped = share, now
        done, all_of_it = self._share - self._kept, 1 - self._kept
        if done <= 0 or done < LEAST_SHARE * all_of_it:
            return ""
        end = self._start + (self._stepped - self._start) * all_of_it / done
        if now > end and self._share < 1:  # it takes longer than its speed promised, nobody knows how long
            return ""
        return f"about {duration(max(end - now, 0.0))} left"


class Reporter:
    def __init__(self, console: Console) -> None:
        self._console = console
        self._block: Progress | None = None

    @contextmanager
    def run(self, cells: int) -> Iterator[None]:
        """All that is shown while it lasts is one block, whose first line counts the cells that are done."""
        with self._bar() as self._block:
            self._block.add_task("cells", total=cells, rate="")
            try:
                yield
            finally:
                self._block = None

    def cell(self, variant: str, task: str, **facts: object) -> None:
        """The rows of a cell are there."""
        if self._block:
            self._block.advance(self._block.task_ids[0])

    def say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False)

    @contextmanager
    def answering(self, what: str, total: int, unit: str = "answers") -> Iterator[Callable[[int, int], None]]:
        """Yields `progress(requests done, tokens made)`."""
        start, done, tokens = time.monotonic(), 0, 0
        with self._bar() as bar:
            row, left = bar.add_task(what, total=total, rate=""), TimeLeft(start)

            def progress(requests: int, made: int) -> None:
                nonlocal done, tokens
                done, tokens = done + requests, tokens + made
                now = time.monotonic()
                rate = f"{tokens / max(now - start, 1e-9):.0f} tokens/s" if tokens else ""
                pace = ", ".join(filter(None, (rate, left.after(done / total, now, made=tokens > 0))))
                bar.update(row, completed=done, rate=pace)
                if done or tokens:  # nothing is said before there is something to say
                    self._line(f"{what}: {done} of {total}", pace)

            try:
                yield progress
            finally:
                bar.remove_task(row)
        seconds = time.monotonic() - start
        speed = f", {tokens / seconds:.0f} tokens/s" if tokens and seconds else ""
        self.say(f"  {what}: {done} {unit} in {seconds:.1f} s{speed}")

    @contextmanager
    def building(self) -> Iterator[Callable[[str, float, str], None]]:
        """Yields `progress(what, share done, what it says now)`; a step that is done already passes without a line."""
        began: dict[str, float] = {}
        left: dict[str, TimeLeft] = {}
        rows: dict[str, TaskID] = {}
        with self._bar() as bar:

            def progress(what: str, share: float, now: str) -> None:
                if share >= 1.0:
                    if what in began:
                        bar.remove_task(rows.pop(what))
                        self.say(f"  {what}: {now} in {time.monotonic() - began.pop(what):.1f} s")
                    return
                if what not in began:
                    began[what] = time.monotonic()
                    left[what] = TimeLeft(began[what])
                    rows[what] = bar.add_task(what, total=100, rate="")
                pace = ", ".join(filter(None, (now, left[what].after(share, time.monotonic()))))
                bar.update(rows[what], completed=round(100 * share), rate=pace)
                if share:
                    self._line(f"{what}: {round(100 * share)} %", pace)

            try:
                yield progress
            finally:
                for row in rows.values():
                    bar.remove_task(row)

    @contextmanager
    def _bar(self) -> Iterator[Progress]:
        self._last_line = time.monotonic()
        if self._block:
            yield self._block
            return
        bar = Progress(
            TextColumn("  {task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        with bar:
            yield bar

    def _line(self, what: str, pace: str) -> None:
        """For a log: now and then."""
        now = time.monotonic()
        if self._console.is_terminal or now - self._last_line < LINE_EVERY_SECONDS:
            return
        self._last_line = now
        self.say(f"  {what}, {pace}" if pace else f"  {what}")


class JsonReporter(Reporter):
    """The same for a machine: each event is a JSON object on a line of standard output, such as

    {"event": "progress", "what": "tiny x concepts", "done": 16, "total": 250, "tokens": 512, "seconds": 4.1}
    """

    def __init__(self) -> None:
        super().__init__(Console(quiet=True))

    def tell(self, event: str, **facts: object) -> None:
        echo(json.dumps({"event": event, **facts}, ensure_ascii=False))

    def say(self, text: str) -> None:
        self.tell("note", text=text.strip())

    def cell(self, variant: str, task: str, **facts: object) -> None:
        self.tell("cell", variant=variant, task=task, **facts)

    @contextmanager
    def answering(self, what: str, total: int, unit: str = "answers") -> Iterator[Callable[[int, int], None]]:
        start = last = time.monotonic()
        done = tokens = 0

        def tell() -> None:
            seconds = round(time.monotonic() - start, 3)
            self.tell(
                "progress", what=what, done=done, total=total, unit=unit, tokens=tokens, seconds=seconds
            )

        def progress(requests: int, made: int) -> None:
            nonlocal done, tokens, last
            done, tokens = done + requests, tokens + made
            if time.monotonic() - last > JSON_EVERY_SECONDS:
                last = time.monotonic()
                tell()

        yield progress
        tell()

    @contextmanager
    def building(self) -> Iterator[Callable[[str, float, str], None]]:
        yield lambda what, share, now: self.tell("building", what=what, share=round(share, 4), now=now)
