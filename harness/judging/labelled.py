"""Scores of a cell beside labels of some of its responses: the means that both together give."""

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
    """The name of a response in a file of labels."""
    name = f"{variant}/{sample_id}"
    return f"{name}#{epoch}" if several else name


def corrected(
    results: Path, variant: str, task: str, labels: Path, resamples: int, seed: int
) -> list[dict[str, Any]]:
    """The judge's mean, the labels' mean, and both together, for each dimension and overall."""
    ratings = ratings_of(results, variant, task)
    known = read_ratings(labels, "label")
    items = set(ratings.items)
    mine = {key: score for key, score in known.scores.items() if key[0] in items}
    if not mine:
        raise Refusal(
            f"no label is for a response of {variant!r}",
            f"its responses are called {min(items)!r} and so on, the labels have {known.items[0]!r}",
            "rate some with 'proctor judge rate --variant'",
            labels,
        )
    report = of_ratings(
        ratings, Ratings(mine, above_weakest=ratings.above_weakest), Bootstrap(resamples, seed)
    )
    figures = [
        figure for figure in report.figures if figure.name in SHOWN and figure.judge == ratings.raters[0]
    ]
    if not any(figure.name == "corrected_mean" for figure in figures):
        reasons = [missing.why for missing in report.missing if missing.name == "corrected_mean"]
        why = reasons[0] if reasons else "no dimension is shared"
        raise Refusal(f"{variant!r} has no corrected mean", why, "label some more responses", labels)
    return [{"variant": variant, "task": task, **figure.as_dict()} for figure in figures]


def ratings_of(results: Path, variant: str, task: str) -> Ratings:
    """The judge's scores in a cell, clustered as the task says; a response without a verdict has none."""
    cell = record.read(results, variant, task)
    if cell is None:
        raise Refusal(f"no {task} of {variant!r}", remedy="run it first", where=results)
    if cell.problem:
        raise Refusal(cell.problem, remedy="run it again", where=results)
    rows = cell.rows(["sample_id", "epoch", "cluster", "score", "metrics", "judge"])
    judge = str(rows["judge"].iloc[0])
    loaded = Judge.load(judge) if judge else None
    dimensions = loaded.dimensions if loaded else ()
    several = bool(rows["epoch"].nunique() > 1)
    scores: dict[tuple[str, str, str], float | None] = {}
    clusters = {}
    for row in rows.to_dict("records"):
        name = item_id(variant, str(row["sample_id"]), int(row["epoch"]), several)
        clusters[name] = str(row["cluster"])
        metrics = row["metrics"] if row["score"] is not None and row["score"] == row["score"] else {}
        for dimension in dimensions:
            score = metrics.get(dimension)
            if score is not None and score != score:
                score = None
            scores[name, judge, dimension] = score
    if not any(score is not None for score in scores.values()):
        raise Refusal(f"{task} of {variant!r} has no scores of a judge", where=cell.folder)
    return Ratings(scores, clusters, above_weakest=loaded.above_weakest if loaded else None)
