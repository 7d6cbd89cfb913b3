"""What a results folder shows of a run: cells that are done, that are being asked, and that wait.

    RunWatch(Path("results")).view().cells[0].mean      # "43.8"

Figures of a cell that is not whole are provisional: its items are no random part of all. No verdict is made of them.
"""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from proctor.common import counted, duration
from proctor.common.refusal import Refusal
from proctor.common.stats import Estimate
from proctor.harness import record
from proctor.harness.record.running import RunningCell, RunningSuite, ShownResponse, read_running, read_suites
from proctor.leaderboard.compare import formatting
from proctor.leaderboard.compare.items import (
    bounds_of,
    estimate_cell,
    estimate_items,
    items_of,
    items_of_rows,
)

QUIET_SECONDS = 60.0  # after which it is said that nothing was heard
Stamp = tuple[int, int]  # of a file: when it was changed, and its size


@dataclass(frozen=True)
class WatchedCell:
    """`state` is done, damaged, running, stopped or waiting. Figures are empty where there are none."""

    variant: str
    task: str
    state: str
    words: str = ""
    percent: int = 0
    rate: str = ""
    left: str = ""
    mean: str = ""
    interval: str = ""
    n: int = 0
    unit: str = ""
    last: tuple[ShownResponse, ...] = ()


@dataclass(frozen=True)
class RunView:
    """`is_on`: a process is at it."""

    headline: str
    is_on: bool
    cells: tuple[WatchedCell, ...]
    running: tuple[WatchedCell, ...]


def stamps_of(results: Path) -> dict[Path, Stamp]:
    """Of every run.json: another one when a cell was made anew."""
    stamps = {}
    for path in sorted(results.glob("*/*/run.json")):
        with suppress(OSError):  # it goes for a moment, while a cell is made anew
            stat = path.stat()
            stamps[path] = (stat.st_mtime_ns, stat.st_size)
    return {path: stamp for path, stamp in stamps.items() if not path.parts[-3].startswith((".", "_"))}


class RunWatch:
    """Cells that are done are read once for each state of theirs."""

    def __init__(self, results: Path) -> None:
        self._results = results
        self._done: dict[Path, tuple[Stamp, WatchedCell]] = {}

    def view(self) -> RunView:
        suites, now = read_suites(self._results), time.time()
        alive = [suite for suite in suites if suite.is_alive]
        asked: set[tuple[str, str]] = set()
        for suite in alive:
            asked |= {*suite.cells, *((variant, "") for variant, _ in suite.cells)}  # and its weights
        cells: dict[tuple[str, str], WatchedCell] = {}
        wanting: dict[tuple[str, str], float] = {}  # and since when
        for suite in suites:
            for variant, task in suite.cells:
                cells[variant, task] = WatchedCell(variant, task, "waiting")
            wanting |= dict.fromkeys(suite.missing, suite.began)
        ended: dict[tuple[str, str], float] = {}
        for path, stamp in stamps_of(self._results).items():
            cell = self._finished(path, stamp)
            if cell is None:
                continue
            key, end = (cell.variant, cell.task), stamp[0] / 1e9
            if end < wanting.get(key, 0.0):  # rows of an earlier run, which asked less
                cell = replace(cell, state="waiting", percent=0)
            cells[key], ended[key] = cell, end
        running = []
        for each in read_running(self._results):
            key = each.variant, each.task
            if ended.get(key, 0.0) < each.at:  # a kill may have come between the rows and the end of this
                state = "running" if key in asked else "stopped"
                running.append(_running(each, now, state))
                if each.task:
                    cells[key] = running[-1]
        listed = tuple(cells.values())
        return RunView(_headline(suites, alive, listed), bool(alive), listed, tuple(running))

    def _finished(self, path: Path, stamp: Stamp) -> WatchedCell | None:
        known = self._done.get(path)
        if known is None or known[0] != stamp:
            cell = record.read(self._results, path.parent.parent.name, path.parent.name)
            if cell is None:
                return None
            known = self._done[path] = (stamp, _done(cell))
        return known[1]


def _done(cell: record.Cell) -> WatchedCell:
    shown = WatchedCell(cell.variant, cell.task, "done", percent=100)
    if cell.problem:
        return replace(shown, state="damaged", words=cell.problem)
    try:
        estimate, run = estimate_cell(cell), cell.run
    except (Refusal, OSError) as why:
        return replace(shown, state="damaged", words=str(why))
    words = counted(run.rows, "response") + _failed(run.errors)
    if estimate is None:
        words += f": {items_of(cell).too_few}"
    return _with_figures(replace(shown, words=words), estimate, run.task)


def _running(cell: RunningCell, now: float, state: str) -> WatchedCell:
    seconds, silent = cell.at - cell.began, now - cell.at
    words = cell.doing
    if cell.task:
        words = f"{cell.done:,} of {counted(cell.total, 'response')} {cell.doing}"
    words = words.strip() + _failed(cell.failed)
    going = state == "running" and cell.done < cell.total
    if going and silent > QUIET_SECONDS:
        words += f"; nothing heard for {duration(silent)}"
    shown = WatchedCell(
        cell.variant, cell.task, state, words, 100 * cell.done // max(cell.total, 1), last=cell.last
    )
    fresh = cell.done if cell.asked is None else cell.asked
    if going and seconds > 0 and fresh:
        left = (cell.total - cell.done) * seconds / fresh
        shown = replace(shown, left=f"about {duration(left)} left")
    if going and seconds > 0 and cell.tokens:
        shown = replace(shown, rate=f"{cell.tokens / seconds:,.0f} tokens a second")
    if cell.about is None or not cell.scores:
        return shown
    try:
        return _with_figures(shown, provisional(cell, cell.about), cell.about)
    except (Refusal, KeyError):  # scores that no task of this kind gives
        return shown


def provisional(cell: RunningCell, task: record.TaskRecord) -> Estimate | None:
    """Of the scores that there are, by the statistics of a cell that is whole."""
    rows = pd.DataFrame([score.model_dump() for score in cell.scores]).assign(doc_hash="")
    items = items_of_rows(rows.sort_values(["sample_id", "epoch"]), task, Path(cell.variant, cell.task))
    return estimate_items(items, bounds_of(task))


def _with_figures(shown: WatchedCell, estimate: Estimate | None, task: record.TaskRecord) -> WatchedCell:
    if estimate is None:
        return shown
    interval = formatting.interval(estimate.low, estimate.high, task)
    mean, unit = formatting.score(estimate.mean, task), formatting.unit(task)
    return replace(shown, mean=mean, interval=interval, n=estimate.n, unit=unit)


def _failed(number: int) -> str:
    return f", {number:,} failed" if number else ""


def _headline(suites: list[RunningSuite], alive: list[RunningSuite], cells: Sequence[WatchedCell]) -> str:
    done = sum(cell.state == "done" for cell in cells)
    count = f"{done:,} of {counted(len(cells), 'cell')} done"
    names = ", ".join(dict.fromkeys(suite.suite for suite in alive or suites))
    if alive:
        return f"Running {names}: {count}"
    if suites:
        return f"The run of {names} was stopped: {count}. The same command goes on from here"
    return f"No run is going on here: {count}"
