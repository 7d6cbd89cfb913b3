"""Ratings and labels as files hold them: rows of item_id, rater, dimension, score, as JSONL or CSV.

A score that is not there is missing, never 0, and counted.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np

from proctor.common.answers import number_of
from proctor.common.files import read_text
from proctor.common.json_lines import csv_rows, read_json_lines
from proctor.common.refusal import Refusal
from proctor.common.stats.bootstrap import Floats

OVERALL, POOLED = "overall", "pooled"
FORMS = ("mean", "rounded mean", "median", "majority")  # what several raters can be taken together as


@dataclass(frozen=True)
class Ratings:
    """`scores` by (item, rater, dimension); None: the rater gave none. `clusters`: items that hang together.
    `above_weakest`: how far above the weakest dimension the whole can be, as the judge has it.
    """

    scores: Mapping[tuple[str, str, str], float | None]
    clusters: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    above_weakest: int | None = None

    @property
    def items(self) -> list[str]:
        return sorted(set(map(itemgetter(0), self.scores)))

    @property
    def raters(self) -> list[str]:
        return sorted(set(map(itemgetter(1), self.scores)))

    @property
    def dimensions(self) -> list[str]:
        return sorted(set(map(itemgetter(2), self.scores)))

    @property
    def missing(self) -> int:
        return list(self.scores.values()).count(None)

    def cluster(self, item: str) -> str:
        return self.clusters.get(item, item)

    def table(self, dimension: str, items: Sequence[str], raters: Sequence[str]) -> Floats:
        """Items x raters, nan where there is none. `overall` is the mean of all dimensions, where all are there,
        and at most `above_weakest` more than the least; it is a dimension like others where the file has it."""
        if dimension == OVERALL and OVERALL not in self.dimensions:
            stack = np.stack([self.table(name, items, raters) for name in self.dimensions])
            mean: Floats = np.mean(stack, axis=0)
            if self.above_weakest is not None:
                mean = np.minimum(mean, stack.min(axis=0) + self.above_weakest)
            return mean
        rows = [[self.scores.get((item, rater, dimension)) for rater in raters] for item in items]
        return np.array(rows, dtype=np.float64).reshape(len(items), len(raters))

    def columns(self, dimension: str, items: Sequence[str]) -> dict[str, Floats]:
        """The scores of each rater, an item a row."""
        raters = self.raters
        if not raters:
            return {}
        return dict(zip(raters, self.table(dimension, items, raters).T, strict=True))


def together(table: Floats, form: str) -> Floats:
    """One score an item from several raters: those who scored it. A majority that two levels share is none."""
    out = np.full(len(table), np.nan)
    for item, row in enumerate(table):
        scores = np.sort(row[~np.isnan(row)])
        if not len(scores):
            continue
        if form == "mean":
            out[item] = scores.mean()
        elif form == "rounded mean":
            out[item] = math.floor(scores.mean() + 0.5 + 1e-9)
        elif form == "median":
            out[item] = np.median(scores)
        else:
            levels, counts = np.unique(np.round(scores, 9), return_counts=True)
            best = levels[counts == counts.max()]
            if len(best) == 1:
                out[item] = best[0]
    return out


def read_ratings(path: Path, rater: str = "judge") -> Ratings:
    """The file, checked. Columns that may be left out: `rater` (all rows are then `rater`'s), `dimension`
    (then `overall`) and `cluster`; other columns are not read."""
    scores: dict[tuple[str, str, str], float | None] = {}
    clusters: dict[str, str] = {}
    named: Counter[str] = Counter()  # how many rows name their rater, their dimension
    rows = read_rows(path, needed=("item_id", "score"))
    for line, row in rows:
        item = text_of(row, "item_id", line, path)
        for column in ("rater", "dimension"):
            named[column] += bool(row.get(column))
        key = item, str(row.get("rater") or rater), str(row.get("dimension") or OVERALL)
        if key in scores:
            raise Refusal(
                f"row {line}: {key[1]!r} scores {key[2]} of {item!r} a second time; keep one row for each ({path})"
            )
        scores[key] = _score(row.get("score"), line, path)
        belongs(clusters, item, row, line, path)
    notes = []
    for column, name in (("rater", rater), ("dimension", OVERALL)):
        if not named[column]:
            notes.append(f"no column {column!r}: taken as {name!r}")
    ratings = Ratings(scores, clusters, tuple(notes))
    dimensions = ratings.dimensions
    if OVERALL in dimensions and len(dimensions) > 1 and named["dimension"] < len(rows):
        raise Refusal(f"some rows name a dimension and some don't; name it in every row ({path})")
    if ratings.missing == len(scores):
        raise Refusal(f"{len(scores)} rows and no score in any of them; fill in `score` ({path})")
    return ratings


def is_empty(value: Any) -> bool:
    """Whether a row holds nothing there: an empty score or verdict is missing."""
    return value is None or (isinstance(value, str) and not value.strip())


def _score(value: Any, line: int, path: Path) -> float | None:
    if is_empty(value):
        return None
    try:
        number = number_of(value)
    except ValueError:
        raise Refusal(
            f"row {line}: the score is {str(value)[:60]!r}, which is no number",
            remedy="leave it empty where there is none", where=path,
        ) from None  # fmt: skip
    if isinstance(value, bool) or not math.isfinite(number):
        raise Refusal(
            f"row {line}: the score is {value!r}; it must be a number, or empty where there is none ({path})"
        )
    return number


def belongs(clusters: dict[str, str], item: str, row: Mapping[str, Any], line: int, path: Path) -> None:
    """Notes the cluster of an item, which must be one and the same in all its rows."""
    named = row.get("cluster")
    if named is None or named == "":
        return
    if clusters.setdefault(item, str(named)) != str(named):
        raise Refusal(
            f"row {line}: {item!r} is in cluster {str(named)!r}, before it was in {clusters[item]!r} ({path})"
        )


def text_of(row: Mapping[str, Any], column: str, line: int, path: Path) -> str:
    value = row.get(column)
    if value is None or isinstance(value, dict | list | bool) or not str(value).strip():
        raise Refusal(f"row {line}: no {column}; every row needs one ({path})")
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # 7 and 7.0 are one name
    return str(value).strip()


def read_rows(path: Path, needed: Iterable[str]) -> list[tuple[int, dict[str, Any]]]:
    """The rows with their line numbers: JSONL when the first sign is a brace, otherwise CSV with a header."""
    text = read_text(path)
    if not text.strip():
        raise Refusal(f"the file is empty; it needs rows with {', '.join(needed)} ({path})")
    if text.lstrip().startswith("["):
        raise Refusal(f"the file is one JSON list; write one object a line, or CSV ({path})")
    if text.lstrip().startswith("{"):
        rows = list(read_json_lines(path, '{"item_id": ...}'))
    else:
        rows = list(csv_rows(text, path))
    if not rows:
        raise Refusal(f"the file has a header and no rows ({path})")
    columns = set().union(*(row for _, row in rows))
    for column in needed:
        if column not in columns:
            there = ", ".join(rows[0][1])
            raise Refusal(f"no column {column!r}; there are {there}; rename one ({path})")
    return rows
