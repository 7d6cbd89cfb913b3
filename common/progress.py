"""Shows what long work is doing: how much is left and how fast it goes. One moving block on a terminal, lines in a log,
JSON for a machine.

Knows no work; the callers say what they do.
"""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from proctor.common.terminal import Console, echo

LINE_EVERY_SECONDS = 15.0
JSON_EVERY_SECONDS = 1.0


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
            row = bar.add_task(what, total=total, rate="")

            def progress(requests: int, made: int) -> None:
                nonlocal done, tokens
                done, tokens = done + requests, tokens + made
                rate = f"{tokens / max(time.monotonic() - start, 1e-9):.0f} tokens/s" if tokens else ""
                bar.update(row, completed=done, rate=rate)
                now = f"{what}: {done} of {total}"
                self._line(f"{now}, {rate}" if rate else now, done / total, start, bool(tokens))

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
                    rows[what] = bar.add_task(what, total=100, rate="")
                bar.update(rows[what], completed=round(100 * share), rate=now)
                self._line(f"{what}: {round(100 * share)} %, {now}", share, began[what])

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
            TextColumn("left:"),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        with bar:
            yield bar

    def _line(self, what: str, share: float, start: float, begun: bool = False) -> None:
        """Nothing is said before there is something to say: some share is done, or it has `begun`."""
        now = time.monotonic()
        if self._console.is_terminal or now - self._last_line < LINE_EVERY_SECONDS or not (share or begun):
            return
        self._last_line = now
        left = f", about {(now - start) / share * (1 - share):.0f} s left" if share else ""
        self.say(f"  {what}{left}")


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
