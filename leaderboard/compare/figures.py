"""What stands beside a cell's headline, each figure with its interval and the number it rests on.

    figures_of(load_cells(results)["tiny", "gsm8k"])[0].title          # "Strict match (lm-eval)"

It reads the rows alone, so it serves cells that were run, scored from a file or imported. Which figures there are is
decided by the metrics and columns that the rows have; no task is known by name.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from proctor.common.answers import classes_of, value_of
from proctor.common.json_lines import parse_json
from proctor.common.stats import Kind, estimate, maj_at_k, micro_f1, pass_at_k
from proctor.common.stats.units import Floats
from proctor.harness import record
from proctor.leaderboard.compare import formatting

Interval = tuple[float, float | None, float | None]  # value, low and high
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
SOLVED = {
    "usable_by_rules": ("Usable questions by the rules alone", "whatever the solver says"),
    "usable_confirmed": ("Usable questions by the rules and the solver", "whatever the judge says"),
    "key_confirmed": ("Keys that the solver confirms", "in three of four orders of the options"),
    "needs_passage": ("Questions that need their passage", "without it the solver does not find the key"),
    "solver_agreement": ("Agreement of the solver with itself", "over the four orders of the options"),
}
HANDLED = {*SHARES, *SOLVED, "parsed", "steps_right", "steps_total", "tp", "fp", "fn", "unknown", "precision",
           "recall", "f1", "weight", "second_reader", "checks_passed", "self_consistency", "semantic_entropy",
           "stated_confidence", "logprob_mean", "logprob_least", "answer_logprob_mean",
           "answer_logprob_least"}  # fmt: skip


@dataclass(frozen=True)
class CellFigure:
    """`low` and `high` are a 95 % interval, None where none is meant. `n`: what it rests on, in the note's words.
    A value in "%" lies between 0 and 1. `part`: one of the dimensions that a judge's score is made of.
    """

    name: str
    title: str
    value: float
    low: float | None = None
    high: float | None = None
    n: int = 0
    note: str = ""
    unit: str = "%"
    part: bool = False

    @property
    def shown(self) -> tuple[str, str]:
        """Value and unit as written: `4.21` and `MB`."""
        if self.unit == "MB" and self.value >= 1000:
            return f"{self.value / 1000:.2f}", "GB"
        return self._written(self.value), self.unit

    @property
    def bounds(self) -> tuple[str, str]:
        """The interval's ends as written, both empty where there is none."""
        if self.low is None or self.high is None:
            return "", ""
        return self._written(self.low), self._written(self.high)

    def _written(self, value: float) -> str:
        return formatting.percent(value) if self.unit == "%" else formatting.three_digits(value)


@dataclass(frozen=True)
class FigureColumn:
    """A figure of several variants. The unit stands in the title where all share it, else beside each value."""

    title: str
    figures: Mapping[str, CellFigure]
    texts: Mapping[str, str]


def columns_of(figures: Mapping[str, Iterable[CellFigure]]) -> list[FigureColumn]:
    """A column for each figure that any of these variants has."""
    by_name: dict[str, dict[str, CellFigure]] = {}
    for variant, own in figures.items():
        for figure in own:
            by_name.setdefault(figure.name, {})[variant] = figure
    columns = []
    for of_name in by_name.values():
        title = next(iter(of_name.values())).title
        texts, units = zip(*(figure.shown for figure in of_name.values()), strict=True)
        if len(set(units)) > 1:
            texts = tuple(map(" ".join, zip(texts, units, strict=True)))
        else:
            title = ", ".join(filter(None, (title, units[0])))
            texts = tuple(formatting.aligned(texts))
        columns.append(FigureColumn(title, of_name, dict(zip(of_name, texts, strict=True))))
    return columns


def figures_of(cell: record.Cell, rows: pd.DataFrame | None = None) -> list[CellFigure]:
    """All figures of a cell, the most asked for first. `rows`, when they are read already."""
    table = CellColumns(cell.rows() if rows is None else rows, cell.run.items_planned)
    figures = []
    for name, (title, note) in SHARES.items():
        figures += table.mean_of(name, title, note)
    figures += [*_second_reader(table), *_solver(cell, table), *_steps(table)]
    if cell.run.task.kind == "counts":
        # Answers from elsewhere are texts as they were given; macro F1 needs the names that they mean.
        figures += _names(table, resolved=cell.run.resolved.engine != "imported")
    if cell.run.task.kind == "binary":
        figures += _epochs(table)
    return [*figures, *_rest(table), *_checks(table), *_outcomes(table), *_costs(table.rows)]


class CellColumns:
    """The rows with their metrics as columns, in which a number that is missing or infinite is not-a-number."""

    def __init__(self, rows: pd.DataFrame, planned: int | None = None) -> None:
        self.rows, self.planned = rows, planned
        self.scored = rows[np.isfinite(rows["score"].astype(float))]
        metrics = pd.DataFrame([row or {} for row in rows["metrics"]], rows.index).apply(
            pd.to_numeric, errors="coerce"
        )
        self.metrics = metrics.where(np.isfinite(metrics))
        # As numbers, in the order of the names: every figure sorts them again.
        labels = {
            name: np.unique(rows[name].tolist(), return_inverse=True)[1] for name in ("sample_id", "cluster")
        }
        self.labels = pd.DataFrame(labels, rows.index)

    def metric(self, *names: str) -> pd.DataFrame | None:
        """The rows that have these metrics; None when there is none."""
        if not set(names) <= set(self.metrics):
            return None
        columns: pd.DataFrame = self.metrics[list(names)].dropna()
        return None if columns.empty else columns

    def estimated(
        self,
        values: "pd.DataFrame | pd.Series[float]",
        kind: Kind,
        statistic: Callable[[Floats], Floats] = micro_f1,
    ) -> Interval:
        """Value and interval, by item and cluster; the value alone where there is too little for an interval."""
        numbers = values.to_numpy(dtype=float)
        items, clusters = self.labels.loc[values.index].to_numpy().T
        try:
            result = estimate(
                numbers, kind=kind, items=items, clusters=clusters, statistic=statistic, planned=self.planned
            )
        except ValueError:
            if kind == "counts":
                return float(statistic(numbers.sum(axis=0)[None])[0]), None, None
            return float(numbers.mean()), None, None
        if result.low == result.high:  # all alike on a scale that nobody told
            return result.mean, None, None
        return result.mean, result.low, result.high

    def share(self, values: "pd.Series[float]") -> Interval:
        """A share ends at 0 and 1, wherever Student's interval would go on to."""
        value, low, high = self.estimated(values, "real")
        if low is None or high is None:
            return value, None, None
        return value, max(0.0, low), min(1.0, high)

    def mean_of(
        self, name: str, title: str, note: str, unit: str = "%", kind: Kind = "binary"
    ) -> list[CellFigure]:
        """The mean of one metric, where there is one."""
        column = self.metric(name)
        if column is None:
            return []
        interval = self.estimated(column[name], kind)
        return [CellFigure(name, title, *interval, n=len(column), note=note, unit=unit)]


def _second_reader(table: CellColumns) -> list[CellFigure]:
    column = table.metric("second_reader")
    if column is None:
        return []
    asked, decided = len(column), int(column["second_reader"].sum())
    note = f"{decided} of {asked} answers, where the rule found no number"
    return [CellFigure("second_reader", "Decided by the second reader", decided / asked, n=asked, note=note)]


def _solver(cell: record.Cell, table: CellColumns) -> list[CellFigure]:
    """What the solver says of the written questions, and what it does with model questions, whose keys are right: how
    far its word on the others can be trusted.
    """
    figures = []
    for name, (title, note) in SOLVED.items():
        figures += table.mean_of(name, title, note, kind="real")
    solver = cell.run.solver
    if solver is None or not solver.questions:
        return figures
    note = f"of {solver.questions} by a teacher's hand"
    if solver.on_passages:
        note += f"; {solver.found_without} of {solver.on_passages} it finds without the passage"
    title = f"Keys of model questions that {solver.model} confirms"
    share = solver.confirmed / solver.questions
    return [*figures, CellFigure("solver", title, share, n=solver.questions, note=note)]


def _steps(table: CellColumns) -> list[CellFigure]:
    """Of all equations in the working, the share that is right; and the answers with a wrong one."""
    steps = table.metric("steps_right", "steps_total")
    if steps is None or steps["steps_total"].sum() == 0:
        return []
    right, total = steps["steps_right"], steps["steps_total"]
    counts = steps.assign(steps_total=total - right, missed=0.0)
    wrong = (right < total)[total > 0].astype(float)
    validity = table.estimated(counts, "counts", _precision)
    return [
        CellFigure("step_validity", "Right equations", *validity, int(total.sum()), "equations"),
        CellFigure(
            "wrong_step", "Answers with a wrong equation", *table.estimated(wrong, "binary"), n=len(wrong),
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


def _names(table: CellColumns, resolved: bool) -> list[CellFigure]:
    counts, column = table.metric("tp", "fp", "fn"), table.metric("unknown")
    if counts is None:
        return []
    figures = []
    for name, statistic in (("precision", _precision), ("recall", _recall)):
        interval = table.estimated(counts, "counts", statistic)
        figures.append(CellFigure(f"micro_{name}", f"Micro {name}", *interval, len(counts), "documents"))
    if resolved:
        figures += _macro_f1(table)
    if column is not None:
        unknown = column["unknown"]
        note = f"in {(unknown > 0).sum()} of {len(unknown)} answers; each counts against precision"
        title, value = "Names that the taxonomy has not", int(unknown.sum())
        figures.append(CellFigure("out_of_taxonomy", title, value, n=len(unknown), note=note, unit=""))
    return figures


def _epochs(table: CellColumns) -> list[CellFigure]:
    """pass@k and maj@k for k of 1, 2, 4, ... and 5 answers, over the items that have so many; the item is the unit."""
    most = table.scored["sample_id"].value_counts().max()
    if not most > 1:  # not a number where there are no rows
        return []
    items = [rows for _, rows in table.scored.groupby("sample_id", sort=False)]
    told = bool(classes_of(table.scored["status"].tolist(), table.scored["answer"].tolist()))
    figures = []
    counts = {5, int(most), *(2**power for power in range(int(most).bit_length()))}
    for k in sorted(counts):
        if k > most:
            break
        enough = [rows for rows in items if len(rows) >= k]
        firsts = [rows.index[0] for rows in enough]
        right = np.array([rows["score"].sum() for rows in enough])
        passed = pd.Series(pass_at_k(right, list(map(len, enough)), k), firsts)
        note, n = f"over {len(enough)} items with at least {k} answers", len(enough)
        title = f"Right in at least one of {k}"
        figures.append(CellFigure(f"pass@{k}", title, *table.share(passed), n, note + ", unbiased"))
        if k > 1 and told:
            voted = pd.Series([_majority(rows, k) for rows in enough], firsts)
            note += "; ties go by lot, an answer without a number is a vote of its own"
            title = f"Majority of {k} is right"
            figures.append(CellFigure(f"maj@{k}", title, *table.share(voted), n, note))
    return figures


def _majority(rows: pd.DataFrame, k: int) -> float:
    wrong = rows[rows["score"] < 1]
    votes: Counter[str] = Counter()
    for place, answer in wrong["answer"].items():
        votes[value_of(answer) or f"none {place}"] += 1
    return maj_at_k(len(rows) - len(wrong), list(votes.values()), k)


def _rest(table: CellColumns) -> list[CellFigure]:
    """Every other metric as a mean: a judge's dimensions, what an imported cell brought."""
    judged = "judge" in table.rows and bool(table.rows["judge"].fillna("").astype(bool).any())
    figures = []
    for name in sorted(table.metrics):
        if name not in HANDLED and not name.startswith("check_"):
            title = name.replace("_", " ").capitalize()
            figures += [replace(figure, part=judged) for figure in table.mean_of(name, title, "", "", "real")]
    return figures


def _checks(table: CellColumns) -> list[CellFigure]:
    note = "the mean share of those that apply"
    figures = table.mean_of("checks_passed", "Checks passed", note, kind="real")
    for name in sorted(table.metrics):
        if name.startswith("check_"):
            title = "Check: " + name.removeprefix("check_").replace("_", " ")
            figures += table.mean_of(name, title, "of the answers that it applies to")
    return figures


def _outcomes(table: CellColumns) -> list[CellFigure]:
    figures, rows = [], table.rows
    for outcome, title in OUTCOMES.items():
        there = rows["truncated"] if outcome == "truncated" else rows["status"] == outcome
        interval = table.estimated(there.astype(float), "binary")
        note = f"{int(there.sum())} of {len(there)} answers"
        figures.append(CellFigure(f"{outcome}_rate", title, *interval, len(there), note))
    return figures


def _costs(rows: pd.DataFrame) -> list[CellFigure]:
    figures = []
    for name, title in (("tokens_out", "Tokens an answer"), ("seconds", "Seconds an answer")):
        values = rows[name].to_numpy(dtype=float)
        known = values[np.isfinite(values)]
        if len(known):
            figures.append(
                CellFigure(name, title, float(known.mean()), n=len(known), note="answers", unit="")
            )
    return figures


def _macro_f1(table: CellColumns) -> list[CellFigure]:
    """Over the names in the labels, from labels and answers as JSON lists. A name that is only ever given wrongly has
    no gold to find, so it is no term of the mean; it shows in the micro figures.
    """
    wanted = [_name_set(labels) for labels in table.scored["target"]]
    given = [_name_set(answer) for answer in table.scored["answer"]]
    rows, known = [], sorted(set().union(*wanted))
    if not known:
        return []
    for labels, answer in zip(wanted, given, strict=True):
        counts = (labels & answer, labels, answer)
        rows.append(list(chain.from_iterable(map(names.__contains__, known) for names in counts)))
    columns = pd.DataFrame(np.array(rows, dtype=float), table.scored.index)
    interval = table.estimated(columns, "counts", _macro_mean)
    return [
        CellFigure("macro_f1", "Macro F1", *interval, len(known), "names in the labels, each counting alike")
    ]


def _macro_mean(sums: Floats) -> Floats:
    """Of the counts of each name: how often it was given rightly, wanted, and given."""
    right, wanted, given = np.split(np.asarray(sums, dtype=float), 3, axis=-1)
    known = (wanted > 0).sum(axis=-1)
    f1 = _share_of(np.where(wanted > 0, 2 * right, 0.0), wanted + given)
    return _share_of(f1.sum(axis=-1), known)


def _name_set(text: str) -> set[str]:
    try:
        names: Any = parse_json(text or "[]")
    except ValueError:
        return set()
    return set(map(str, names)) if isinstance(names, list) else set()
