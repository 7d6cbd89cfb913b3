"""One task: how it is scored, all variants on it, every pair, groups of items, and what the responses cost."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from proctor.harness.record import OverlapRecord, TaskRecord
from proctor.leaderboard.board.groups import groups_of
from proctor.leaderboard.compare import formatting
from proctor.leaderboard.compare.costs import Costs
from proctor.leaderboard.compare.figures import CellFigure, columns_of
from proctor.leaderboard.compare.ranking import Ranking, RankingRow, TaskPairs

EXAMPLE_LENGTH = 4000
EXAMPLE = ("sample_id", "prompt", "response", "answer", "target", "mark", "explanation")
WHOLE = 12  # with more variants than this the matrix is of small cells, and a pair is read by choosing it
KINDS = {
    "binary": "Each response is right (1) or wrong (0); the headline is the share of right ones.",
    "real": "Each response gets a score; the headline is the mean of the scores.",
    "counts": "Each response names several things; the headline comes from what all responses together named "
    "rightly, named wrongly and missed.",
}
Figures = Mapping[tuple[str, str], Sequence[CellFigure]]  # by variant and task


def page(
    ranking: Ranking, name: str, example: Mapping[str, Any] | None, figures: Figures, costs: Costs
) -> dict[str, Any]:
    """`example` is a row of the best variant."""
    task, pairs, scores = ranking.tasks[name], ranking.pairs[name], ranking.scores(name)
    rows = [row for row in ranking.rows if name in row.scores]
    order = [*pairs.order, *scores]
    rows.sort(key=lambda row: order.index(row.variant))
    runs = {row.variant: scores[row.variant].run for row in rows}
    own = {variant: figures[variant, name] for variant in runs}
    parts = {variant: [figure for figure in own[variant] if figure.part] for variant in runs}
    return {
        "name": name,
        "kind": KINDS.get(task.kind, ""),
        "framework": {"lm_eval": "lm-eval", "inspect": "Inspect"}.get(task.framework, task.framework),
        # The widest: a scored file may hold but some of the items.
        "definition": max((run.definition for run in runs.values()), key=lambda asked: asked.items or 0),
        "versions": sorted({str(run.definition.task_version or "not told") for run in runs.values()}),
        "margin": formatting.margins(pairs.family.comparisons.values(), task),
        "effect": _smallest_effects(pairs, task),
        "rows": rows,
        "absent": [row.variant for row in ranking.rows if name not in row.scores],
        "example": _example(example),
        "matrix": matrix(pairs),
        "groups": list(groups_of({variant: scores[variant].cell for variant in pairs.order})),
        "costs": columns_of({variant: costs[variant, name].values() for variant in runs}),
        "figures": columns_of(own),
        "parts": columns_of(parts),
        "overlap": _overlap(rows, name),
        "imported": [(variant, run.lacks) for variant, run in runs.items() if run.lacks],
    }


def _smallest_effects(pairs: TaskPairs, task: TaskRecord) -> list[str]:
    """The least and the most that a pair can show; nothing where none can show anything."""
    seen = [pair.difference.smallest_effect for pair in pairs.family.comparisons.values()]
    effects = [effect for effect in seen if effect is not None]
    return [formatting.points(most(effects), task) for most in (min, max) if effects]


def _example(row: Mapping[str, Any] | None) -> dict[str, str] | None:
    if row is None:
        return None
    texts = {name: str(row[name]) for name in EXAMPLE}
    for name, text in texts.items():
        if len(text) > EXAMPLE_LENGTH:
            texts[name] = text[:EXAMPLE_LENGTH] + " …"
    return texts


def matrix(pairs: TaskPairs) -> dict[str, Any] | None:
    """Which variants stand in the rows and in the columns, so that every pair stands once, as row minus column: a row
    is the one that may take the column's place.
    """
    rows: Counter[str] = Counter()
    columns: Counter[str] = Counter()
    for row, column in (*pairs.family.comparisons, *pairs.family.refused):
        if row in pairs.order and column in pairs.order:
            rows[row] += 1
            columns[column] += 1
    if not rows:
        return None
    # Where no circle prevents it, all cells then lie below the diagonal.
    names = sorted(pairs.order, key=lambda name: rows[name])
    return {
        "columns": list(filter(columns.get, names)),
        "rows": list(filter(rows.get, names)),
        "compact": len(pairs.order) > WHOLE,
    }


def _overlap(rows: Sequence[RankingRow], task: str) -> list[tuple[str, str, list[str]]]:
    """What of the task's items stands in training data: the set, the findings, and the variants they hold for."""
    variants: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        for overlap in row.scores[task].run.overlap:
            variants.setdefault((overlap.set, _overlap_in_words(overlap)), []).append(row.variant)
    return [(name, words, names) for (name, words), names in variants.items()]


def _overlap_in_words(overlap: OverlapRecord) -> str:
    parts = []
    if overlap.chats is not None:
        parts.append(f"chats: {overlap.chats}")
    if overlap.items is not None:
        parts.append(f"items: {overlap.items}")
    if overlap.whole is not None:
        parts.append(f"{overlap.whole} of them stand there word for word")
    for n, share in overlap.shares:
        parts.append(f"{formatting.percent(share)} % of the items share {n} words in a row")
    return "; ".join(parts)
