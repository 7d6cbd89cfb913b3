"""The forest plot of `proctor compare`: each difference on its interval, beside a line at none.

for line in lines(overview):         # in the terminal
    print(line)
write_pngs(overview, Path("forest.png"))
"""

from collections.abc import Iterator
from pathlib import Path

from proctor.common.files import write_bytes
from proctor.common.refusal import Refusal
from proctor.common.stats import Difference
from proctor.harness.record import TaskRecord
from proctor.leaderboard import terminal
from proctor.leaderboard.compare import formatting
from proctor.leaderboard.compare.comparison import Comparison
from proctor.leaderboard.compare.overview import Overview
from proctor.leaderboard.compare.ranking import tasks_of
from proctor.leaderboard.compare.together import ABOUT_ALL

WIDTH = 28  # of the drawing in the terminal, in letters


def lines(overview: Overview) -> Iterator[str]:
    """A block a task; the ends of its axis stand over it."""
    for about, pairs in _by_task(overview):
        low = high = 0.0
        for pair in pairs:
            low, high = min(low, pair.difference.low), max(high, pair.difference.high)
        ends = formatting.score(low, about, signed=True), formatting.score(high, about, signed=True)
        axis = ends[0] + ends[1].rjust(WIDTH - len(ends[0]))
        rows = []
        for pair in pairs:
            difference = formatting.difference(pair, about)
            drawing = _drawing(pair.difference, low, high)
            rows.append([f"{pair.a} − {pair.b}", drawing, difference, formatting.verdict(pair, about)])
        yield ""
        yield terminal.clean(f"{about.title}: difference in {about.headline}, points (95 % interval)")
        yield from terminal.columns(["pair", axis, "difference", "verdict"], rows, left={1, 3})


def _drawing(d: Difference, low: float, high: float) -> str:
    """`│    ├──●──┤`"""
    scale = (WIDTH - 1) / ((high - low) or 1.0)
    zero, start, end = (round(scale * (value - low)) for value in (0.0, d.low, d.high))
    letters = [" "] * WIDTH
    letters[start : end + 1] = "─" * (end + 1 - start)
    letters[start], letters[end] = "├", "┤"
    letters[zero] = "┼" if start <= zero <= end else "│"
    letters[round(scale * (d.difference - low))] = "●"
    return "".join(letters)


def write_pngs(overview: Overview, path: Path) -> list[Path]:
    """One picture; of several tasks one each, with the task in its name."""
    from proctor.leaderboard.board import charts, plots

    if path.suffix != ".png":
        raise Refusal(f"--png writes a PNG, and {path.name} is not named so", remedy=f"{path.stem}.png")
    by_task, written = _by_task(overview), []
    for about, pairs in by_task:
        plot = plots.differences(pairs, about)
        if plot:
            name = path.name
            if len(by_task) > 1:
                name = f"{path.stem}-{pairs[0].task.replace(' ', '-')}.png"
            write_bytes(path.with_name(name), charts.png(plot.drawing))
            written.append(path.with_name(name))
    return written


def _by_task(overview: Overview) -> list[tuple[TaskRecord, list[Comparison]]]:
    tasks = tasks_of([score.cell for score in overview.scores])
    by_task: dict[str, list[Comparison]] = {}
    for pair in overview.comparisons:
        by_task.setdefault(pair.task, []).append(pair)
    found = [(tasks[task], pairs) for task, pairs in by_task.items()]
    if overview.over_all:
        found.append((ABOUT_ALL, overview.over_all))
    return found
