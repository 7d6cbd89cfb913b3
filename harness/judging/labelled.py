"""Scores of a cell beside labels of some of its responses: the means that both together give."""

import math
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
    if several:
        return f"{variant}/{sample_id}#{epoch}"
    return f"{variant}/{sample_id}"


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
            "rate some with 'proctor judge rate --variant'", labels,
        )  # fmt: skip
    report = of_ratings(
        ratings, Ratings(mine, above_weakest=ratings.above_weakest), Bootstrap(resamples, seed)
    )
    figures = [
        figure for figure in report.figures if figure.name in SHOWN and figure.judge == ratings.raters[0]
    ]
    if not any(figure.name == "corrected_mean" for figure in figures):
        missing = [each.why for each in report.missing if each.name == "corrected_mean"]
        why = [*missing, "no dimension is shared"][0]
        raise Refusal(f"{variant!r} has no corrected mean", why, "label some more responses", labels)
    return [{"variant": variant, "task": task, **figure.as_dict()} for figure in figures]


def ratings_of(results: Path, variant: str, task: str) -> Ratings:
    """The judge's scores in a cell, clustered as the task says; a response without a verdict has none."""
    cell = record.read(results, variant, task)
    if cell is None or cell.problem:
        what = cell.problem if cell else f"no {task} of {variant!r}"
        raise Refusal(what, remedy="run it first", where=results)
    rows = cell.rows(["sample_id", "epoch", "cluster", "score", "metrics", "judge"])
    name = str(rows["judge"].iloc[0])
    if not name or rows["score"].isna().all():
        raise Refusal(f"{task} of {variant!r} has no scores of a judge", where=cell.folder)
    judge, several = Judge.load(name), bool(rows["epoch"].nunique() > 1)
    scores: dict[tuple[str, str, str], float | None] = {}
    clusters = {}
    for row in rows.to_dict("records"):
        item = item_id(variant, str(row["sample_id"]), int(row["epoch"]), several)
        clusters[item] = str(row["cluster"])
        metrics = {} if math.isnan(row["score"]) else row["metrics"]
        for dimension in judge.dimensions:
            score = metrics.get(dimension)
            if score is not None and math.isnan(score):
                score = None
            scores[item, name, dimension] = score
    return Ratings(scores, clusters, above_weakest=judge.above_weakest)
