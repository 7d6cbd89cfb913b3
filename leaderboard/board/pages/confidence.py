"""How sure, and how right: each measure of confidence on each task, with its drawings and the surest wrong answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from proctor.leaderboard.board import charts
from proctor.leaderboard.board.charts import ChartPoint
from proctor.leaderboard.board.escape import line
from proctor.leaderboard.board.plots import Plot
from proctor.leaderboard.board.shown import task_head
from proctor.leaderboard.compare import formatting
from proctor.leaderboard.compare.comparison import Comparison
from proctor.leaderboard.compare.confidence import (
    MEASURES,
    ConfidenceFigures,
    ConfidenceMeasure,
    Confidences,
    family_of,
    figures_of,
)
from proctor.leaderboard.compare.formatting import percent
from proctor.leaderboard.compare.items import Cells
from proctor.leaderboard.compare.ranking import Ranking

DRAWN = 3  # variants in one drawing: more lines could not be told apart
WRONG = 5  # of the surest wrong answers of a variant
Sure = Mapping[tuple[str, str], Mapping[str, Confidences]]  # by variant and task, then by measure


@dataclass(frozen=True)
class Section:
    """One measure on one task: a row a variant, the best first, drawings, and answers to look at."""

    head: dict[str, Any]
    measure: ConfidenceMeasure
    rows: tuple[dict[str, str], ...]
    plots: tuple[Plot, ...]
    wrong: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]


def page(ranking: Ranking, cells: Cells, sure: Sure) -> list[Section]:
    """Empty where no cell has a confidence of any kind."""
    sections = []
    for task in ranking.tasks:
        for measure in MEASURES:
            of = {
                row.variant: sure[row.variant, task][measure.metric]
                for row in ranking.rows
                if measure.metric in sure.get((row.variant, task), {})
            }
            if of:
                sections.append(_section(ranking, cells, task, measure, of))
    return sections


def _section(
    ranking: Ranking, cells: Cells, task: str, measure: ConfidenceMeasure, of: Mapping[str, Confidences]
) -> Section:
    figures = {name: figures_of(measure, mine) for name, mine in of.items()}
    family = family_of(measure, task, cells, of)
    rows = []
    for name, found in figures.items():
        against = cells[name, task].run.resolved.parent or ranking.baseline
        difference = family.get((name, str(against))) or _turned(family.get((str(against), name)))
        rows.append(_row(name, found, difference))
    surest = {name: _surest_wrong(mine) for name, mine in of.items()}
    wrong = tuple((name, items) for name, items in surest.items() if items)
    return Section(
        task_head(ranking, task), measure, tuple(rows), _plots(ranking, task, measure, figures), wrong
    )


def _turned(comparison: Comparison | None) -> Comparison | None:
    """The pair's one verdict, seen from the other side."""
    return comparison.mirrored() if comparison else None


def _row(name: str, found: ConfidenceFigures, difference: Comparison | None) -> dict[str, str]:
    mine, held, area = found.confidences, found.calibration, found.auroc
    row = {
        "variant": name,
        "n": f"{len(mine.keys):,}",
        "without": f"{mine.without:,}" if mine.without else "",
        "accuracy": percent(float(mine.right.mean())),
        "auroc": "all alike" if area is None else f"{area.value:.3f}",
        "auroc_interval": "" if area is None else f"{area.low:.3f} to {area.high:.3f}",
        "at_80": percent(found.curve.at(0.8)),
        "at_50": percent(found.curve.at(0.5)),
    }
    if held is not None:
        row |= {
            "confidence": percent(held.confidence),
            "brier": f"{held.brier:.3f}",
            "reliability": f"{held.reliability:.3f}",
            "resolution": f"{held.resolution:.3f}",
            "ece": percent(held.ece),
            "by_chance": percent(held.ece_by_chance),
            "refuted": "refuted" if held.is_refuted else "not refuted",
            "p": formatting.probability(held.p_calibrated),
        }
    if difference is not None:
        d = (
            difference.difference
        )  # of minus the Brier score; shown as the Brier score itself, where less is better
        row |= {
            "difference": formatting.with_minus(f"{-d.difference:+.3f}"),
            "interval": formatting.with_minus(f"{-d.high:+.3f}")
            + " to "
            + formatting.with_minus(f"{-d.low:+.3f}"),
            "verdict": str(difference.verdict),
            "key": difference.verdict.name.lower().replace("_", "-"),
            "against": difference.b,
            "p_difference": formatting.probability(difference.adjusted_p),
        }
    return row


def _surest_wrong(mine: Confidences) -> tuple[tuple[str, str], ...]:
    """Items and how sure the answer was, the surest first, each once."""
    wrong = [index for index in range(len(mine.keys)) if not mine.right[index]]
    wrong.sort(key=lambda index: (-mine.confidence[index], mine.keys[index]))
    surest: dict[str, str] = {}
    for index in wrong:
        surest.setdefault(mine.keys[index][0], formatting.with_minus(f"{mine.confidence[index]:.3g}"))
    return tuple(surest.items())[:WRONG]


def _plots(
    ranking: Ranking, task: str, measure: ConfidenceMeasure, figures: Mapping[str, ConfidenceFigures]
) -> tuple[Plot, ...]:
    first = list(figures.items())[:DRAWN]
    title = f"{line(str(ranking.tasks[task].title))}: {measure.title.lower()}"
    plots = []
    if measure.probability:
        series = [(name, _by_bin(name, found)) for name, found in first]
        series.append(("as sure as right", [ChartPoint("", end, end, end, end) for end in (0.0, 100.0)]))
        spec = charts.curves(series, "right, %", "confidence, %")
        about = (
            "Vertical lines are 95 % intervals of the share that is right among answers of like confidence."
        )
        plots.append(Plot(task, f"{task}-{measure.metric}-reliability", f"{title}, reliability", about, spec))
    spec = charts.curves(
        [(name, _by_coverage(name, found)) for name, found in first],
        "right among them, %",
        "the surest answers, % of all",
    )
    about = "Accuracy of the surest answers against how many of all they are."
    plots.append(Plot(task, f"{task}-{measure.metric}-coverage", f"{title}, coverage", about, spec))
    return tuple(plots)


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
