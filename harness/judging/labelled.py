"""Marks of a cell beside labels of some of its answers: the means that both together give.

Knows cells and labels; must not know who marked.
"""

from pathlib import Path
from typing import Any

from proctor.common.refusal import Refusal
from proctor.common.stats.bootstrap import Bootstrap
from proctor.harness import record
from proctor.judges.figures.rating_figures import of_ratings
from proctor.judges.figures.ratings import Ratings, read_ratings
from proctor.judges.judge import Judge

SHOWN = ("judge_mean", "corrected_mean", "corrected_mean_weight_1", "labels_mean")


def item_id(variant: str, sample_id: str, epoch: int, several: bool) -> str:
    """The name of an answer in a file of labels."""
    return f"{variant}/{sample_id}" + (f"#{epoch}" if several else "")


def corrected(
    results: Path, variant: str, task: str, labels: Path, resamples: int, seed: int
) -> list[dict[str, Any]]:
    """The judge's mean, the labels' mean, and both together, for each dimension and overall."""
    ratings = ratings_of(results, variant, task)
    known = read_ratings(labels, "label")
    wanted = set(ratings.items)
    mine = {key: mark for key, mark in known.scores.items() if key[0] in wanted}
    if not mine:
        raise Refusal(
            f"no label is for an answer of {variant!r}",
            f"its answers are called {min(wanted)!r} and so on, the labels have {known.items[0]!r}",
            "rate some with 'proctor judge rate --variant'",
            labels,
        )
    report = of_ratings(
        ratings, Ratings(mine, above_weakest=ratings.above_weakest), Bootstrap(resamples, seed)
    )
    found = [
        {"variant": variant, "task": task, **figure.as_dict()}
        for figure in report.figures
        if figure.name in SHOWN and figure.judge == ratings.raters[0]
    ]
    if not any(one["name"] == "corrected_mean" for one in found):
        why = next(
            (one.why for one in report.missing if one.name == "corrected_mean"), "no dimension is shared"
        )
        raise Refusal(f"{variant!r} has no corrected mean", why, "label some more answers", labels)
    return found


def ratings_of(results: Path, variant: str, task: str) -> Ratings:
    """The judge's marks in a cell, clustered as the exam says; an answer without a verdict has none."""
    cell = record.read(results, variant, task)
    if cell is None or cell.problem:
        raise Refusal(
            cell.problem if cell else f"no {task} of {variant!r}", remedy="run it first", where=results
        )
    rows = cell.rows(["sample_id", "epoch", "cluster", "score", "metrics", "judge"])
    judge = str(rows["judge"].iloc[0])
    loaded = Judge.load(judge) if judge else None
    dimensions = loaded.dimensions if loaded else ()
    several = bool(rows["epoch"].nunique() > 1)
    marks: dict[tuple[str, str, str], float | None] = {}
    clusters = {}
    for row in rows.to_dict("records"):
        name = item_id(variant, str(row["sample_id"]), int(row["epoch"]), several)
        clusters[name] = str(row["cluster"])
        metrics = row["metrics"] if row["score"] is not None and row["score"] == row["score"] else {}
        for dimension in dimensions:
            mark = metrics.get(dimension)
            marks[name, judge, dimension] = None if mark is None or mark != mark else float(mark)
    if not any(mark is not None for mark in marks.values()):
        raise Refusal(f"{task} of {variant!r} has no marks of a judge", where=cell.folder)
    return Ratings(marks, clusters, above_weakest=loaded.above_weakest if loaded else None)
