"""How sure, and how right: each measure of confidence on each task, with its drawings and the surest wrong answers."""

from collections.abc import Mapping
from dataclasses import dataclass

from proctor.common.stats.calibration import AurocDifference
from proctor.leaderboard.board import charts
from proctor.leaderboard.board.charts import ChartPoint, Plot
from proctor.leaderboard.board.escape import line
from proctor.leaderboard.compare import formatting
from proctor.leaderboard.compare.comparison import Comparison
from proctor.leaderboard.compare.confidence import (
    MEASURES,
    ConfidenceFigures,
    ConfidenceMeasure,
    Confidences,
    auroc_pairs,
    family_of,
    figures_of,
)
from proctor.leaderboard.compare.items import Cells
from proctor.leaderboard.compare.ranking import Ranking

DRAWN = 3  # variants in one drawing: more lines could not be told apart
WRONG = 5  # of the surest wrong answers of a variant
Sure = Mapping[tuple[str, str], Mapping[str, Confidences]]  # by variant and task, then by measure


@dataclass(frozen=True)
class Section:
    """One measure on one task: by variant, the best first, its figures with the differences to its parent or the
    baseline in Brier score and AUROC, and wrong answers to look at.
    """

    task: str
    measure: ConfidenceMeasure
    rows: dict[str, tuple[ConfidenceFigures, Comparison | None, AurocDifference | None, str]]
    plots: list[Plot]
    wrong: dict[str, dict[str, str]]


def page(ranking: Ranking, cells: Cells, sure: Sure) -> list[Section]:
    """Empty where no cell has a confidence of any kind."""
    sections = []
    for task in ranking.tasks:
        for measure in MEASURES:
            of = {}
            for row in ranking.rows:
                confidences = sure.get((row.variant, task), {}).get(measure.metric)
                if confidences:
                    of[row.variant] = confidences
            if of:
                sections.append(_section(ranking, cells, task, measure, of))
    return sections


def _section(
    ranking: Ranking, cells: Cells, task: str, measure: ConfidenceMeasure, of: Mapping[str, Confidences]
) -> Section:
    figures = {name: figures_of(measure, mine) for name, mine in of.items()}
    family, areas = family_of(measure, task, cells, of), auroc_pairs(task, cells, of)
    rows = {}
    for name, found in figures.items():
        against = str(cells[name, task].run.resolved.parent or ranking.baseline)
        rows[name] = found, family.seen(name, against), areas.get((name, against)), against
    wrong = {name: _surest_wrong(measure, mine) for name, mine in of.items() if not mine.right.all()}
    return Section(task, measure, rows, _plots(ranking, task, measure, figures), wrong)


def _surest_wrong(measure: ConfidenceMeasure, mine: Confidences) -> dict[str, str]:
    """Items and how sure the answer was, the surest first, each once, in the measure's own sign."""
    wrong = [index for index in range(len(mine.keys)) if not mine.right[index]]
    wrong.sort(key=lambda index: (-mine.confidence[index], mine.keys[index]))
    surest: dict[str, str] = {}
    for index in wrong:
        shown = formatting.with_minus(f"{measure.sign * mine.confidence[index]:.3g}")
        surest.setdefault(mine.keys[index][0], shown)
    return dict(list(surest.items())[:WRONG])


def _plots(
    ranking: Ranking, task: str, measure: ConfidenceMeasure, figures: Mapping[str, ConfidenceFigures]
) -> list[Plot]:
    first = list(figures.items())[:DRAWN]
    title = f"{line(ranking.tasks[task].title)}: {measure.title.lower()}"
    plots = []
    if measure.probability:
        series = [(name, _by_bin(name, found)) for name, found in first]
        series.append(("as sure as right", [ChartPoint("", end, end, end, end) for end in (0.0, 100.0)]))
        spec = charts.curves(series, "right, %", "confidence, %")
        about = (
            "Vertical lines are 95 % intervals of the share that is right among answers of like confidence."
        )
        plots.append(Plot(task, f"{task}-{measure.metric}-reliability", f"{title}, reliability", about, spec))
    series = [(name, _by_coverage(name, found)) for name, found in first]
    spec = charts.curves(series, "right among them, %", "the surest answers, % of all")
    about = "Accuracy of the surest answers against how many of all they are."
    return [*plots, Plot(task, f"{task}-{measure.metric}-coverage", f"{title}, coverage", about, spec)]


def _by_bin(name: str, found: ConfidenceFigures) -> list[ChartPoint]:
    points = []
    for one in found.calibration.bins if found.calibration else ():
        right, low, high = (100 * share for share in (one.accuracy, one.low, one.high))
        points.append(ChartPoint(name, right, low, high, round(100 * one.confidence, 1)))
    return points


def _by_coverage(name: str, found: ConfidenceFigures) -> list[ChartPoint]:
    points = []
    for coverage in range(20, 101, 10):
        right = 100 * found.curve.at(coverage / 100)
        points.append(ChartPoint(name, right, right, right, coverage))
    return points
