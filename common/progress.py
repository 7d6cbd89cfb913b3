"""Shows what long work is doing: how much is left and how fast it goes. A moving bar on a terminal, lines in a log.

Knows no work; the callers say what they do.
"""

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

from proctor.common.terminal import Console

LINE_EVERY_SECONDS = 15.0


class Reporter:
    def __init__(self, console: Console) -> None:
        self._console = console

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

            yield progress
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
                        self.say(f"  {what}: {now} in {time.monotonic() - began.pop(what):.1f} s")
                    return
                if what not in began:
                    began[what] = time.monotonic()
                    rows[what] = bar.add_task(what, total=100, rate="")
                bar.update(rows[what], completed=round(100 * share), rate=now)
                self._line(f"{what}: {round(100 * share)} %, {now}", share, began[what])

            yield progress

    def _bar(self) -> Progress:
        self._last_line = time.monotonic()
        return Progress(
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

    def _line(self, what: str, share: float, start: float, begun: bool = False) -> None:
        """Nothing is said before there is something to say: some share is done, or it has `begun`."""
        now = time.monotonic()
        if self._console.is_terminal or now - self._last_line < LINE_EVERY_SECONDS or not (share or begun):
            return
        self._last_line = now
        left = f", about {(now - start) / share * (1 - share):.0f} s left" if share else ""
        self.say(f"  {what}{left}")
