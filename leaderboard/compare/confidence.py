"""How sure each variant is, and how right: figures of each measure of confidence, and the pairs of a task as a family.

Reads what the rows hold (`harness/ask/confidence.py` puts it there) and, of results that came from elsewhere with
several answers to an item, how far those agree. Only tasks whose answers are right or wrong have a calibration.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from math import exp, isfinite, nan
from typing import Any

import numpy as np
import pandas as pd

from proctor.common.answers import classes_of
from proctor.common.stats import Table, Verdict, compare_each, holm
from proctor.common.stats.calibration import (
    Auroc,
    AurocDifference,
    Calibration,
    RiskCoverage,
    agreement,
    auroc,
    auroc_difference,
    calibration,
    risk_coverage,
)
from proctor.common.stats.units import Floats
from proctor.harness import record
from proctor.leaderboard.compare.comparison import Comparison, TaskFamily, corrected
from proctor.leaderboard.compare.items import Cells, planned_of, why_not_comparable

Key = tuple[str, int]  # an item, and which answer to it; 0 for all of them together


@dataclass(frozen=True)
class ConfidenceMeasure:
    """`convert` and then `sign` make of the metric what grows with confidence; a `probability` can be held against
    shares of right answers, anything else only tells right from wrong.
    """

    metric: str
    title: str
    about: str
    probability: bool
    convert: Callable[[float], float] = float
    sign: int = 1


def _probability(logprob: float) -> float:
    """Of a token. A number above 0 is the logarithm of none, and so is what comes of it."""
    return exp(min(logprob, 1.0))


MODAL = "right where the answer of most is"
MEASURES = (
    ConfidenceMeasure("self_consistency", "Self-consistency", f"the share of its answers that agree; {MODAL}", True),
    ConfidenceMeasure("stated_confidence", "Stated confidence", "what the response says of itself", True),
    ConfidenceMeasure(
        "answer_logprob_mean", "Probability of the answer", "the geometric mean of its tokens", True, _probability
    ),
    ConfidenceMeasure(
        "answer_logprob_least", "Least probability in the answer", "of its least likely token", True, _probability
    ),
    ConfidenceMeasure("logprob_mean", "Log-probability of the response", "the mean of its tokens", False),
    ConfidenceMeasure("logprob_least", "Least log-probability of the response", "of its least likely token", False),
    ConfidenceMeasure(
        "semantic_entropy", "Semantic entropy", f"of an item's answers, the lower the surer; {MODAL}", False,
        sign=-1,
    ),
)  # fmt: skip
COLUMNS = ("sample_id", "epoch", "cluster", "metrics", "score")
BY_ITEM = ("self_consistency", "semantic_entropy")


@dataclass(frozen=True)
class Confidences:
    """Of one measure in one cell: rows that have it, aligned, and how many scored rows (or items) have none."""

    keys: tuple[Key, ...]
    clusters: tuple[str, ...]
    confidence: Floats
    right: Floats
    without: int

    def of(self, keys: list[Key]) -> "Confidences":
        row = {key: index for index, key in enumerate(self.keys)}
        at = [row[key] for key in keys]
        clusters = tuple(self.clusters[index] for index in at)
        return Confidences(tuple(keys), clusters, self.confidence[at], self.right[at], self.without)


@dataclass(frozen=True)
class ConfidenceFigures:
    """`calibration` only of probabilities; `auroc` is None where all answers are right, or all wrong."""

    confidences: Confidences
    calibration: Calibration | None
    auroc: Auroc | None
    curve: RiskCoverage


def confidences_of(cell: record.Cell, rows: pd.DataFrame) -> dict[str, Confidences]:
    """By measure; only those that some row has. Rows without a score say nothing of being right, and are left out."""
    if cell.run.task.kind != "binary":
        return {}
    scored = rows[rows["score"].isin((0.0, 1.0))]
    found = {}
    for measure in MEASURES:
        of = _by_item(scored) if measure.metric in BY_ITEM else _by_row(scored)
        entries = [(key, cluster, _sure(measure, metrics), right) for key, cluster, metrics, right in of]
        there = [entry for entry in entries if isfinite(entry[2])]
        if there:
            keys, clusters, sure, right = zip(*there, strict=True)
            missing = len(entries) - len(there)
            found[measure.metric] = Confidences(keys, clusters, np.array(sure), np.array(right), missing)
    return found


def _sure(measure: ConfidenceMeasure, metrics: Mapping[str, Any] | None) -> float:
    value = (metrics or {}).get(measure.metric)
    if not isinstance(value, int | float) or not isfinite(value):
        return nan
    sure = measure.sign * measure.convert(float(value))
    return nan if measure.probability and not 0 <= sure <= 1 else sure


Entry = tuple[Key, str, Mapping[str, Any] | None, float]


def _by_row(scored: pd.DataFrame) -> list[Entry]:
    items, epochs, *columns = (scored[name].tolist() for name in COLUMNS)
    return list(zip(zip(items, epochs, strict=True), *columns, strict=True))


def _by_item(scored: pd.DataFrame) -> list[Entry]:
    """Items with several answers: how far they agree, and whether the answer of most is right."""
    entries: list[Entry] = []
    several = scored[scored["sample_id"].duplicated(keep=False)]
    classes = classes_of(several["status"].tolist(), several["answer"].tolist())
    if not classes:
        return []
    for item, rows in several.reset_index(drop=True).groupby("sample_id", sort=True):
        agreed = agreement([classes[index] for index in rows.index])
        metrics = {"self_consistency": agreed.share, "semantic_entropy": agreed.entropy}
        entries.append(
            ((str(item), 0), rows["cluster"].iloc[0], metrics, float(rows["score"].iloc[agreed.modal]))
        )
    return entries


def figures_of(measure: ConfidenceMeasure, mine: Confidences) -> ConfidenceFigures:
    held = calibration(mine.confidence, mine.right, mine.clusters) if measure.probability else None
    area = auroc(mine.confidence, mine.right, mine.clusters)
    return ConfidenceFigures(mine, held, area, risk_coverage(mine.confidence, mine.right))


def _shared(
    task: str, cells: Cells, of: Mapping[str, Confidences]
) -> dict[tuple[str, str], tuple[Confidences, Confidences]]:
    """Of every pair that may be compared, the rows that both have."""
    shared = {}
    for a, b in combinations(sorted(of), 2):
        keys = sorted(set(of[a].keys) & set(of[b].keys))
        if why_not_comparable(cells[a, task], cells[b, task]) or len({item for item, _ in keys}) < 2:
            continue
        both = of[a].of(keys), of[b].of(keys)
        if len(set(both[0].clusters)) > 1:
            shared[a, b] = both
    return shared


def auroc_pairs(
    task: str, cells: Cells, of: Mapping[str, Confidences]
) -> dict[tuple[str, str], AurocDifference]:
    """Every pair of variants, from both sides, with p after Holm's correction over all pairs of the task."""
    differences = {}
    for pair, both in _shared(task, cells, of).items():
        first, second = ((mine.confidence, mine.right) for mine in both)
        difference = auroc_difference(first, second, both[0].clusters)
        if difference:
            differences[pair] = difference
    adjusted = holm(np.array([difference.p for difference in differences.values()]))
    pairs = {}
    for ((a, b), difference), p in zip(differences.items(), adjusted.tolist(), strict=True):
        pairs[a, b] = replace(difference, p=p)
        pairs[b, a] = pairs[a, b].turned()
    return pairs


def family_of(
    measure: ConfidenceMeasure, task: str, cells: Cells, of: Mapping[str, Confidences]
) -> TaskFamily:
    """Every pair of variants on the Brier score of the rows that both have, corrected by Holm as one family.

    What is compared is minus the Brier score, so more is better as everywhere.
    """
    tables, shared = [], _shared(task, cells, of) if measure.probability else {}
    for (a, b), both in shared.items():
        scores = np.stack([-((one.confidence - one.right) ** 2) for one in both])
        planned = planned_of(cells[a, task], cells[b, task])
        tables.append(Table(scores, [item for item, _ in both[0].keys], both[0].clusters, planned=planned))
    compared = compare_each(tables, kind="real", family=len(tables), scale=(-1.0, 0.0))
    alone = []
    for (a, b), found in zip(shared, compared, strict=True):
        left_out = {"without a confidence from both": len(set(of[a].keys) ^ set(of[b].keys))}
        alone.append(Comparison(a, b, task, "Brier score", found[0, 1], left_out_why=left_out))
    family = {}
    for one in corrected(alone):
        held = (calibration(c.confidence, c.right, c.clusters) for c in shared[one.a, one.b])
        family[one.a, one.b] = _only_if_calibrated(one, *held)
    return TaskFamily(family, {})


def _only_if_calibrated(one: Comparison, a: Calibration, b: Calibration) -> Comparison:
    """A better Brier score can come from more right answers alone: it is not called better where the variant is surer
    than right, so far that chance does not explain it, and further from the shares of right answers than the other.
    """
    better, other = (b, a) if one.verdict == Verdict.WORSE else (a, b)
    too_sure = better.is_refuted and better.confidence > better.accuracy
    if too_sure and better.reliability > other.reliability and one.verdict in (Verdict.BETTER, Verdict.WORSE):
        return replace(one, verdict=Verdict.NOT_SHOWN)
    return one
