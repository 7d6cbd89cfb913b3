"""What every reader of another tool's file hands over: the rows of one variant x task, and what the file did not tell.

Holds the checks that all of them need, each refusing in one line that names the rows.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from proctor.common.refusal import Refusal

if TYPE_CHECKING:
    import pandas as pd

Format = Literal["lm-eval", "inspect", "plain"]
SHOWN = 5  # rows that a refusal names
LARGEST = 1e100  # beyond it squares of scores are infinite


@dataclass(frozen=True)
class Wish:
    """What the user asked for beside the files."""

    variant: str | None = None
    task: str | None = None
    metric: str | None = None
    cluster: str | None = None  # the field that says which items share a source
    negate: bool = False  # less is better: the score is turned round


@dataclass(frozen=True)
class Foreign:
    """`rows` has sample_id and score (NaN: none was given), and what else of record's columns the file tells."""

    format: Format
    called: str
    task: str
    rows: "pd.DataFrame"
    files: tuple[Path, ...]
    headline: str
    lacks: tuple[str, ...] = ()
    task_version: str | None = None
    judge: str | None = None
    marked_by: str = "rules"
    metric: str | None = None
    model: str = ""
    sampling: dict[str, Any] = field(default_factory=dict)
    prompt: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()  # columns of the file that are no columns here
    reported: float | None = None  # the source's own figure of all samples
    title: str = ""  # the task's name unless given
    dataset: str | None = None  # the hash of the items, where they are those of a task of ours
    asked: dict[str, str] = field(default_factory=dict)  # prompt and shots, by digest, of a task of ours

    @property
    def mean(self) -> float:
        """The figure that the board shows: epochs are averaged within their sample first; counts make a micro F1."""
        import pandas as pd

        scored = self.rows[self.rows["score"].notna()]
        if "metrics" not in scored:
            return float(scored.groupby("sample_id")["score"].mean().mean())
        sums = pd.DataFrame(list(scored["metrics"])).sum()
        return float(2 * sums["tp"] / (2 * sums["tp"] + sums["fp"] + sums["fn"])) if sums["tp"] else 0.0


def choose_metric(there: Sequence[str], wish: Wish, where: Path) -> str:
    """The one that was asked for, or the only one; more than one is refused with all their names."""
    if not there:
        raise Refusal("no figure of a sample is a number", "there is nothing to compare", where=where)
    listed = ", ".join(there)
    if wish.metric is None:
        if len(there) > 1:
            raise Refusal(
                f"{len(there)} metrics and none chosen",
                f"there are: {listed}",
                "choose one with --metric",
                where,
            )
        return there[0]
    fitting = [one for one in there if wish.metric in (one, one.split(",")[0], one.split("/")[-1])]
    if wish.metric in fitting:
        return wish.metric
    if len(fitting) != 1:
        found = f"several metrics are called {wish.metric!r}" if fitting else f"no metric {wish.metric!r}"
        raise Refusal(found, f"there are: {', '.join(fitting) or listed}", "give one in full", where)
    return fitting[0]


def refuse_rows(
    bad: "Sequence[bool] | pd.Series[bool]",
    what: str,
    remedy: str,
    where: Path,
    labels: Sequence[Any] | None = None,
) -> None:
    """One line that says how many rows are wrong, and names the first of them, counted from 1."""
    import numpy as np

    rows = np.flatnonzero(np.asarray(bad, dtype=bool)).tolist()
    if rows:
        named = [str(labels[i]) if labels is not None else str(i + 1) for i in rows[:SHOWN]]
        more = ", ..." if len(rows) > SHOWN else ""
        word = "row" if len(rows) == 1 else "rows"
        raise Refusal(f"{len(rows)} {word} {what} ({word} {', '.join(named)}{more})", "", remedy, where)


def refuse_unusable(rows: "pd.DataFrame", where: Path, by: Sequence[str] = ()) -> None:
    """Infinite and boundless scores, rows without an id, and two rows for the same sample and epoch."""
    import numpy as np

    remedy = "give a number, or nothing for no score"
    refuse_rows(np.isinf(rows["score"]), "with an infinite score", remedy, where)
    refuse_rows(rows["score"].abs() > LARGEST, f"with a score beyond {LARGEST:g}", remedy, where)
    refuse_rows(rows["sample_id"] == "", "without a sample_id", "give every row one", where)
    keys = [*by, "sample_id", *(["epoch"] if "epoch" in rows else [])]
    remedy = (
        "keep one" if "epoch" in rows else "keep one, or add a column 'epoch' if they are repeated answers"
    )
    twice = rows.duplicated(keys)
    if twice.any():
        example = " x ".join(str(rows.loc[twice, key].iloc[0]) for key in keys)
        refuse_rows(
            twice, f"for a {' x '.join(keys)} that has one already, such as {example!r}", remedy, where
        )


def without_a_score(called: str, task: str, where: Path) -> Refusal:
    return Refusal(f"{called} x {task}: no row has a score", "there is nothing to compare", where=where)


def refuse_other_mean(foreign: Foreign, wish: Wish) -> None:
    """The mean of the rows must be the figure that the source itself reports, where it reports one."""
    mean = 0.0 - foreign.mean if wish.negate else foreign.mean
    if foreign.reported is not None and not same_figure(foreign.reported, mean):
        raise Refusal(
            f"{foreign.headline!r} is {foreign.reported:.6g} in the results, and {mean:.6g} as the mean of its samples",
            "what is logged for a sample is something else", "choose another metric with --metric",
            foreign.files[0],
        )  # fmt: skip


def same_figure(reported: float | None, mean: float) -> bool:
    return reported is not None and math.isclose(reported, mean, rel_tol=1e-6, abs_tol=1e-9)


def cluster_of(fields: Any, name: str | None, item: str, path: Path) -> str:
    """The value of a field of the document: `source`, or `origin.book` for a field inside a field."""
    if name is None:
        return item
    value = fields
    for part in [name] if isinstance(fields, dict) and name in fields else name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if value in (None, "") or isinstance(value, dict | list):
        raise Refusal(
            f"sample {item} has no field {name!r} with one value for its cluster", "", "name another field",
            path,
        )  # fmt: skip
    return str(value)


def as_text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
