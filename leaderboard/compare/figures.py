"""What stands beside a cell's headline, each figure with its interval and the number it rests on.

`figures_of(cell)` reads the rows alone, so it serves cells that were run, marked from a file or imported. Which figures
there are is decided by the metrics and columns that the rows have; knows no task by name, and no page.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from proctor.common.answers import value_of
from proctor.common.stats import Kind, estimate, maj_at_k, micro_f1, pass_at_k
from proctor.harness import record

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
DRAWS, SEED = 2_000, 0  # of the interval of macro F1
OUTCOMES = {
    "unparsed": "No answer found in the text",
    "truncated": "Cut off at the token limit",
    "error": "Failed",
}
SHARES = {
    "strict_match": ("Strict match (lm-eval)", "the number behind '#### ', compared as text"),
    "flexible_extract": ("Flexible match (lm-eval)", "the last number of the text, compared as text"),
    "rule_accuracy": ("Accuracy by the rule alone", "without what the second reader found"),
}
HANDLED = {*SHARES, "parsed", "steps_right", "steps_total", "tp", "fp", "fn", "unknown", "precision", "recall", "f1",
           "second_reader", "checks_passed", "self_consistency", "semantic_entropy", "stated_confidence",
           "logprob_mean", "logprob_least", "answer_logprob_mean", "answer_logprob_least"}  # fmt: skip


@dataclass(frozen=True)
class CellFigure:
    """`low` and `high` are a 95 % interval, None where none is meant. `n`: what it rests on, in the note's words.
    `share`: between 0 and 1, to be shown as per cent. `part`: one of the dimensions that a judge's score is made of.
    """

    name: str
    title: str
    value: float
    low: float | None = None
    high: float | None = None
    n: int = 0
    note: str = ""
    share: bool = True
    part: bool = False


def figures_of(cell: record.Cell, rows: "pd.DataFrame | None" = None) -> list[CellFigure]:
    """All figures of a cell, the most asked for first. `rows`, when they are read already."""
    table = _Columns(cell.rows() if rows is None else rows)
    kind = cell.run.task.kind
    found = [*_shares(table), *_second_reader(table), *_steps(table)]
    if kind == "counts":
        # Answers from elsewhere are texts as they were given; macro F1 needs the names that they mean.
        found += _names(table, resolved=cell.run.resolved.engine != "imported")
    if kind == "binary":
        found += _epochs(table)
    found += [*_rest(table), *_checks(table), *_outcomes(table), *_costs(table)]
    return found


class _Columns:
    """The rows as columns: metrics as numbers or not-a-number, scored rows told from the others."""

    def __init__(self, rows: "pd.DataFrame") -> None:
        self.rows = rows
        self.items: list[str] = rows["sample_id"].tolist()
        self.clusters: list[str] = rows["cluster"].tolist()
        self.score = rows["score"].to_numpy(dtype=float)
        metrics: list[Mapping[str, Any] | None] = rows["metrics"].tolist()
        names: dict[str, None] = {}
        for one in metrics:
            names |= dict.fromkeys(one or {})
        self.metrics = {
            name: np.array([_number((one or {}).get(name)) for one in metrics], dtype=float) for name in names
        }

    def metric(self, name: str) -> tuple[Floats, list[int]] | None:
        """The values that there are, and the rows they stand in; None when there is none."""
        if name not in self.metrics:
            return None
        at = np.flatnonzero(np.isfinite(self.metrics[name]))
        return (self.metrics[name][at], at.tolist()) if len(at) else None

    def estimated(
        self, values: Floats, at: Sequence[int], kind: Kind, statistic: Callable[[Floats], Floats] = micro_f1
    ) -> tuple[float, float | None, float | None]:
        """Value and interval, by item and cluster; the value alone where there is too little for an interval."""
        items, clusters = [self.items[i] for i in at], [self.clusters[i] for i in at]
        try:
            one = estimate(values, kind=kind, items=items, clusters=clusters, statistic=statistic)
        except ValueError:
            whole = statistic(values.sum(axis=0)[None])[0] if kind == "counts" else values.mean()
            return float(whole), None, None
        if one.low == one.high:  # all alike on a scale that nobody told
            return one.mean, None, None
        return one.mean, one.low, one.high


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and isfinite(value) else float("nan")


def _of(table: _Columns, name: str, title: str, note: str, share: bool, kind: Kind) -> list[CellFigure]:
    found = table.metric(name)
    if found is None:
        return []
    values, at = found
    return [CellFigure(name, title, *table.estimated(values, at, kind), n=len(at), note=note, share=share)]


def _shares(table: _Columns) -> list[CellFigure]:
    found = []
    for name, (title, note) in SHARES.items():
        found += _of(table, name, title, note, True, "binary")
    return found


def _second_reader(table: _Columns) -> list[CellFigure]:
    found = table.metric("second_reader")
    if found is None:
        return []
    values, at = found
    decided = int(values.sum())
    note = f"{decided} of {len(at)} answers, where the rule found no number"
    return [
        CellFigure("second_reader", "Decided by the second reader", decided / len(at), n=len(at), note=note)
    ]


def _steps(table: _Columns) -> list[CellFigure]:
    """Of all equations in the working, the share that is right; and the answers with a wrong one."""
    right, total = table.metric("steps_right"), table.metric("steps_total")
    if right is None or total is None or total[0].sum() == 0:
        return []
    counts = np.stack([right[0], total[0] - right[0], np.zeros_like(right[0])], axis=1)
    value, low, high = table.estimated(counts, right[1], "counts", _precision)
    with_steps = total[0] > 0
    wrong = (right[0] < total[0])[with_steps].astype(float)
    at = [i for i, there in zip(right[1], with_steps, strict=True) if there]
    return [
        CellFigure("step_validity", "Right equations", value, low, high, int(total[0].sum()), "equations"),
        CellFigure(
            "wrong_step", "Answers with a wrong equation", *table.estimated(wrong, at, "binary"), n=len(at),
            note="of the answers that show an equation",
        ),
    ]  # fmt: skip


def _precision(sums: Floats) -> Floats:
    return _share_of(sums[..., 0], sums[..., 0] + sums[..., 1])


def _recall(sums: Floats) -> Floats:
    return _share_of(sums[..., 0], sums[..., 0] + sums[..., 2])


def _share_of(part: Floats, whole: Floats) -> Floats:
    return np.asarray(
        np.divide(part, whole, out=np.zeros_like(whole, dtype=float), where=whole > 0), dtype=float
    )


def _names(table: _Columns, resolved: bool) -> list[CellFigure]:
    columns = [table.metric(name) for name in ("tp", "fp", "fn")]
    if any(column is None for column in columns):
        return []
    at = columns[0][1] if columns[0] else []
    counts = np.stack([column[0] for column in columns if column], axis=1)
    found = []
    for name, title, statistic in (
        ("micro_precision", "Micro precision", _precision),
        ("micro_recall", "Micro recall", _recall),
    ):
        found.append(
            CellFigure(
                name, title, *table.estimated(counts, at, "counts", statistic), n=len(at), note="documents"
            )
        )
    found += _macro(table) if resolved else []
    if unknown := table.metric("unknown"):
        names, answers = int(unknown[0].sum()), int((unknown[0] > 0).sum())
        note = f"in {answers} of {len(unknown[1])} answers; each counts against precision"
        title = "Names that the taxonomy has not"
        found.append(CellFigure("out_of_taxonomy", title, names, n=len(unknown[1]), note=note, share=False))
    return found


def _macro(table: _Columns) -> list[CellFigure]:
    at = [i for i in range(len(table.items)) if np.isfinite(table.score[i])]
    targets, answers = table.rows["target"].tolist(), table.rows["answer"].tolist()
    found = macro_f1([(targets[i], answers[i]) for i in at], [table.clusters[i] for i in at])
    if found is None:
        return []
    value, low, high, names = found
    return [
        CellFigure(
            "macro_f1", "Macro F1", value, low, high, names, "names in the labels, each counting alike"
        )
    ]


def _epochs(table: _Columns) -> list[CellFigure]:
    """pass@k and maj@k for k of 1, 2, 4, ... answers, over the items that have so many; the item is the unit."""
    by_item: dict[str, list[int]] = {}
    for i, item in enumerate(table.items):
        if np.isfinite(table.score[i]):
            by_item.setdefault(item, []).append(i)
    most = max((len(rows) for rows in by_item.values()), default=0)
    if most < 2:
        return []
    answers = table.rows["answer"].tolist()
    found = []
    for k in sorted({k for k in (2**power for power in range(20)) if k <= most} | {most}):
        enough = [rows for rows in by_item.values() if len(rows) >= k]
        first = [rows[0] for rows in enough]
        right = np.array([table.score[rows].sum() for rows in enough])
        passed = pass_at_k(right, [len(rows) for rows in enough], k)
        note = f"over {len(enough)} items with at least {k} answers"
        found.append(
            CellFigure(f"pass@{k}", f"Right in at least one of {k}", *_share(table, passed, first), n=len(enough),
                   note=note + ", unbiased")
        )  # fmt: skip
        if k > 1:
            voted = np.array([_majority(rows, table.score, answers, k) for rows in enough])
            found.append(
                CellFigure(f"maj@{k}", f"Majority of {k} is right", *_share(table, voted, first), n=len(enough),
                       note=note + "; ties go by lot, an answer without a number is a vote of its own")
            )  # fmt: skip
    return found


def _share(table: _Columns, values: Floats, at: Sequence[int]) -> tuple[float, float | None, float | None]:
    """A share ends at 0 and 1, wherever Student's interval would go on to."""
    value, low, high = table.estimated(values, at, "real")
    return value, None if low is None else max(0.0, low), None if high is None else min(1.0, high)


def _majority(rows: Iterable[int], score: Floats, answers: Sequence[str], k: int) -> float:
    wrong = [i for i in rows if score[i] < 1]
    votes = Counter(value_of(answers[i]) or f"none {i}" for i in wrong)
    return maj_at_k(len(list(rows)) - len(wrong), list(votes.values()), k)


def _rest(table: _Columns) -> list[CellFigure]:
    """Every other metric as a mean: a judge's dimensions, what an imported cell brought."""
    names = sorted(name for name in table.metrics if name not in HANDLED and not name.startswith("check_"))
    judged = bool(table.rows["judge"].fillna("").astype(bool).any()) if "judge" in table.rows else False
    found = []
    for name in names:
        found += _of(table, name, name.replace("_", " ").capitalize(), "", False, "real")
    return [replace(figure, part=judged) for figure in found]


def _checks(table: _Columns) -> list[CellFigure]:
    found = _of(table, "checks_passed", "Checks passed", "the mean share of those that apply", True, "real")
    for name in sorted(name for name in table.metrics if name.startswith("check_")):
        title = "Check: " + name.removeprefix("check_").replace("_", " ")
        found += _of(table, name, title, "of the answers that it applies to", True, "binary")
    return found


def _outcomes(table: _Columns) -> list[CellFigure]:
    found = []
    for outcome, title in OUTCOMES.items():
        there = table.rows["truncated"] if outcome == "truncated" else table.rows["status"] == outcome
        hit = np.asarray(there, dtype=np.float64)
        value, low, high = table.estimated(hit, range(len(hit)), "binary")
        note = f"{int(hit.sum())} of {len(hit)} answers"
        found.append(CellFigure(f"{outcome}_rate", title, value, low, high, len(hit), note))
    return found


def _costs(table: _Columns) -> list[CellFigure]:
    found = []
    for name, title in (("tokens_out", "Tokens an answer"), ("seconds", "Seconds an answer")):
        values = table.rows[name].to_numpy(dtype=float)
        there = values[np.isfinite(values)]
        if len(there):
            found.append(
                CellFigure(name, title, float(there.mean()), n=len(there), note="answers", share=False)
            )
    return found


def macro_f1(
    pairs: Sequence[tuple[str, str]], clusters: Sequence[str]
) -> tuple[float, float | None, float | None, int] | None:
    """Value, interval and number of names, from (labels, answer) as JSON lists. The interval draws clusters.

    A name that is only ever given wrongly has no gold to find, so it is no term of the mean; it shows in the micro
    figures.
    """
    read = [(_name_set(gold), _name_set(answer)) for gold, answer in pairs]
    known = sorted(set().union(*(gold for gold, _ in read)))
    if not known:
        return None
    units = {name: row for row, name in enumerate(dict.fromkeys(clusters))}
    place = {name: column for column, name in enumerate(known)}
    right, wanted, given = (np.zeros((len(units), len(known))) for _ in range(3))
    for (gold, predicted), cluster in zip(read, clusters, strict=True):
        row = units[cluster]
        for name in gold:
            wanted[row, place[name]] += 1
            right[row, place[name]] += name in predicted
        for name in predicted & place.keys():
            given[row, place[name]] += 1
    value = _macro_mean(right.sum(axis=0), wanted.sum(axis=0), given.sum(axis=0))
    if len(units) < 2:
        return value, None, None, len(known)
    drawn = (
        np.random.default_rng(SEED)
        .multinomial(len(units), [1 / len(units)] * len(units), DRAWS)
        .astype(float)
    )
    draws = [_macro_mean(weight @ right, weight @ wanted, weight @ given) for weight in drawn]
    low, high = (float(edge) for edge in np.quantile(draws, (0.025, 0.975)))
    return value, min(low, value), max(high, value), len(known)


def _macro_mean(right: Floats, wanted: Floats, given: Floats) -> float:
    there = wanted > 0
    return float((2 * right[there] / (wanted + given)[there]).mean())


def _name_set(text: str) -> set[str]:
    try:
        found: Any = json.loads(text or "[]")
    except ValueError:
        return set()
    return {str(name) for name in found} if isinstance(found, list) else set()
