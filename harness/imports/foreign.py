"""What every reader of another tool's file hands over, and the checks that all of them need.

A reader is a function `read(path, wish)` that yields a `Foreign` for each variant x task in a file: its rows as a
data frame, and what the file tells of how they were made. `checked` holds what it yields to the source's own figure.
"""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from proctor.common.refusal import Refusal

Format = Literal["lm-eval", "inspect", "plain", "eee", "helm", "evalscope", "nemo", "promptfoo"]
SHOWN = 5  # rows that a refusal names
LARGEST = 1e100  # beyond it squares of scores are infinite


@dataclass(frozen=True)
class Wish:
    """What the user asked for beside the files."""

    variant: str | None = None
    task: str | None = None
    metric: str | None = None
    cluster: str | None = None  # the field that says which items share a source
    negate: bool = False  # less is better: the score is turned round, and the record says so

    def metric_name(self, name: str) -> str:
        return f"{name}, negated" if self.negate else name


@dataclass(frozen=True)
class Foreign:
    """`rows` has sample_id and score (NaN where there is none), and those of record's columns that the file tells.

    A column `as_source` holds what the source counts for each row, where its figure is the mean of all rows: failures
    may be scores there, and a sample with more epochs than another weighs more.
    """

    format: Format
    called: str
    task: str
    rows: pd.DataFrame
    files: tuple[Path, ...]
    headline: str
    lacks: tuple[str, ...] = ()
    task_version: str | None = None
    judge: str | None = None
    scored_by: str = "rules"
    metric: str | None = None
    model: str = ""
    sampling: dict[str, Any] = field(default_factory=dict)
    prompt: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()  # columns of the file that are no columns here
    reported: float | None = None  # the source's own figure of all samples
    rounding: float = 0.0  # how far the source's rounding may move that figure
    differs: bool = False  # that figure is over all rows, and not the mean of the scores that are kept here
    title: str = ""  # the task's name unless given
    scale: tuple[float, float] | None = None  # where the source tells it
    dataset: str | None = None  # the hash of the items, where they are those of a task of ours
    asked: dict[str, str] = field(default_factory=dict)  # prompt and shots, by digest, of a task of ours

    @property
    def mean(self) -> float:
        return headline_of(self.rows, "metrics" in self.rows) or 0.0


def headline_of(rows: pd.DataFrame, counted: bool) -> float | None:
    """The figure that the board shows: epochs are averaged within their sample first; counts make a micro F1."""
    scored = rows[rows["score"].notna()]
    if scored.empty:
        return None
    if not counted:
        return float(scored.groupby("sample_id")["score"].mean().mean())
    counts = pd.DataFrame(list(scored["metrics"]), index=scored["sample_id"])
    sums = counts[["tp", "fp", "fn"]].groupby(level=0).mean().sum()
    return micro_f1(*sums)


def micro_f1(tp: float, fp: float, fn: float) -> float:
    return float(2 * tp / (2 * tp + fp + fn)) if tp else 0.0


def choose_metric(names: Sequence[str], wish: Wish, where: Path, reported: Iterable[str] = ()) -> str:
    """The one that was asked for, or the only one; more than one is refused with all their names.

    `reported` are the figures that the source gives: one that no sample has a number for is refused by its name.
    """
    together = [name for name in reported if wish.metric in (name, name.partition(",")[0])]
    if together and not set(together) & set(names):
        why = "no sample has a number of its own for it"
        remedy = f"choose one of {', '.join(names) or 'none'}"
        raise Refusal(f"{together[0]!r} belongs to all samples together", why, remedy, where)
    if not names:
        raise Refusal("no figure of a sample is a number", "there is nothing to compare", where=where)
    fitting, problem = list(names), f"{len(names)} metrics and none chosen"
    if wish.metric is not None:
        if wish.metric in names:
            return wish.metric
        fitting = [name for name in names if wish.metric in (name.split(",")[0], name.split("/")[-1])]
        problem = f"several metrics are called {wish.metric!r}"
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        problem, fitting = f"no metric {wish.metric!r}", list(names)
    raise Refusal(problem, f"there are: {', '.join(fitting)}", "choose one with --metric, in full", where)


def refuse_rows(bad: "Sequence[bool] | pd.Series[bool]", what: str, remedy: str, where: Path) -> None:
    """One line that says how many rows are wrong, and names the first of them, counted from 1."""
    rows = np.flatnonzero(np.asarray(bad, dtype=bool)) + 1
    if not len(rows):
        return
    named, plural = ", ".join(map(str, rows[:SHOWN])), "" if len(rows) == 1 else "s"
    if len(rows) > SHOWN:
        named += ", ..."
    raise Refusal(f"{len(rows)} row{plural} {what} (row{plural} {named})", "", remedy, where)


def refuse_unusable(rows: pd.DataFrame, where: Path, by: Sequence[str] = ()) -> None:
    """Infinite and boundless scores, rows without an id, and two rows for the same sample and epoch."""
    remedy = "give a number, or nothing for no score"
    refuse_rows(np.isinf(rows["score"]), "with an infinite score", remedy, where)
    refuse_rows(rows["score"].abs() > LARGEST, f"with a score beyond {LARGEST:g}", remedy, where)
    refuse_rows(rows["sample_id"] == "", "without a sample_id", "give every row one", where)
    keys, remedy = [*by, "sample_id"], "keep one, or add a column 'epoch' if they are repeated answers"
    if "epoch" in rows:
        keys, remedy = [*keys, "epoch"], "keep one"
    twice = rows.duplicated(keys)
    if twice.any():
        example = " x ".join(str(value) for value in rows.loc[twice, keys].iloc[0])
        refuse_rows(
            twice, f"for a {' x '.join(keys)} that has one already, such as {example!r}", remedy, where
        )


def checked(foreign: Foreign, wish: Wish) -> Foreign:
    """The rows can be used, and their mean is the figure that the source reports; then less may become better."""
    path, mean, reported = foreign.files[0], foreign.mean, foreign.reported
    refuse_unusable(foreign.rows, path)
    if "as_source" in foreign.rows:
        mean = float(foreign.rows["as_source"].mean())
    near = {"rel_tol": 1e-6, "abs_tol": foreign.rounding + 1e-9}
    if reported is not None and not math.isclose(reported, mean, **near):
        raise Refusal(
            f"{foreign.headline!r} is {reported:.6g} in the results, and {mean:.6g} as the mean of its samples",
            "what is logged for a sample is something else", "choose another metric with --metric", path,
        )  # fmt: skip
    foreign = replace(foreign, differs=not math.isclose(foreign.mean, mean, **near))
    if not wish.negate:
        return foreign
    return replace(foreign, rows=foreign.rows.assign(score=-foreign.rows["score"]), scale=None)


def refuse_less_is_better(name: str, wish: Wish, where: Path) -> None:
    if not wish.negate:
        raise Refusal(
            f"of {name!r} less is better", "here more is better",
            "give --lower-is-better, which turns the sign round", where,
        )  # fmt: skip


def objects(value: Any, fields: set[str], what: str, where: Path) -> list[dict[str, Any]]:
    """A list of objects that have these fields; anything else is another version, or no such file."""
    if not isinstance(value, list) or not all(
        isinstance(each, dict) and fields <= set(each) for each in value
    ):
        why = f"each has {', '.join(sorted(fields))} in the version that is read here"
        raise Refusal(f"holds no {what}", why, where=where)
    return value


def score_of(value: Any, item: str, where: Path) -> float:
    """A score as another tool writes it: a number, true or false, or null where there is none."""
    if value is None:
        return math.nan
    if not isinstance(value, int | float):
        raise Refusal(f"sample {item}: {str(value)[:40]!r} is no score", "it is no number", where=where)
    return float(value)


def whole(value: Any, what: str, where: Path) -> int:
    """A count or a place as another tool writes it; what is missing is 0."""
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31:
        raise Refusal(f"{what} is {str(value)[:40]!r}", "it is no whole number", where=where)
    return value


def scale_of(low: Any, high: Any) -> tuple[float, float] | None:
    """The bounds of a metric, where both are told."""
    if isinstance(low, int | float) and isinstance(high, int | float) and -LARGEST <= low < high <= LARGEST:
        return float(low), float(high)
    return None


def cluster_of(fields: Any, name: str | None, item: str, path: Path) -> str:
    """The value of a field of the document: `source`, or `origin.book` for a field inside a field."""
    if name is None:
        return item
    parts = name.split(".")
    if isinstance(fields, dict) and name in fields:
        parts = [name]
    value = fields
    for part in parts:
        value = fields_of(value).get(part)
    if value in (None, "") or isinstance(value, dict | list):
        raise Refusal(
            f"sample {item} has no field {name!r} with one value for its cluster", "", "name another field", path,
        )  # fmt: skip
    return str(value)


def fields_of(value: Any) -> dict[str, Any]:
    """An object of another tool's JSON; {} where it is anything else."""
    if isinstance(value, dict):
        return value
    return {}


def as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)
