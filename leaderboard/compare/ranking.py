"""The ranking: all variants with their scores, the best first, and of each task who is shown better than whom.

Plain values, from which terminal, board and report are made:

    ranked = ranking(load_cells(Path("results/demo")), baseline="tiny")
    ranked.rows[0].variant, ranked.pairs["concepts"].ranks
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, combinations
from math import inf

from proctor.common import counted
from proctor.common.refusal import Refusal
from proctor.common.schema import SAFE_NAME
from proctor.common.stats import Estimate
from proctor.common.stats.families import RankRange, letters, rank_ranges, shown_matrix
from proctor.harness import record
from proctor.harness.record import GroupRecord, RunRecord, TaskRecord, VariantRecord
from proctor.leaderboard.compare import formatting
from proctor.leaderboard.compare.comparison import Comparison, Settings, TaskFamily
from proctor.leaderboard.compare.families import families_of
from proctor.leaderboard.compare.items import Cells, estimate_cell, items_of
from proctor.leaderboard.compare.judge_warnings import Card, warnings_of
from proctor.leaderboard.compare.same_responses import why_flagged
from proctor.leaderboard.compare.together import Decision, Together, together_of

MOST_LETTERS = 8  # where a variant stands in more groups than these, their letters say nothing


@dataclass(frozen=True)
class Score:
    """One cell as shown: `comparison` is against the parent, or against the baseline where there is no parent."""

    cell: record.Cell
    estimate: Estimate | None
    comparison: Comparison | None = None

    @property
    def run(self) -> RunRecord:
        return self.cell.run

    @property
    def why_none(self) -> str:
        """Why there is no estimate, where there is none."""
        return items_of(self.cell).too_few

    @property
    def items(self) -> str:
        """`12 items`, or `11 of 12 items scored`."""
        n = len(items_of(self.cell).ids)
        wanted = self.run.definition.items or n
        return f"{n} items" if n == wanted else f"{n} of {wanted} items scored"

    @property
    def flag(self) -> str:
        """Why its responses seem not to depend on the items."""
        return why_flagged(self.cell)

    @property
    def remarks(self) -> list[str]:
        """What must be known of a row before its figure is read."""
        words = []
        if self.flag:
            words.append(f"flagged: {self.flag}")
        return [*words, *self.until, *remarks_of(self.run)]

    @property
    def until(self) -> list[str]:
        """Of a cell that was asked until decided, how far that went; the pair may have fewer items than the cell."""
        if self.run.planned is None:
            return []
        if self.comparison and self.comparison.difference.planned:
            return [formatting.after(self.comparison)]
        return [f"asked {self.run.definition.items:,} of {self.run.planned.items:,} items, until decided"]

    @property
    def not_ok(self) -> list[tuple[str, str]]:
        """What a bare number would hide: of each status but ok its name, and the number of rows in words."""
        words = []
        for status in ("unparsed", "truncated", "error"):
            n = self.cell.outcomes.get(status, 0)
            if n:
                words.append((status, counted(n, status) if status == "error" else f"{n} {status}"))
        return words


def remarks_of(run: RunRecord) -> list[str]:
    """What a row's label says that its figure does not."""
    words = []
    if run.task.own_data:
        words.append("own data")
    if run.without_examples:
        words.append(f"asked without the examples of {run.resolved.prompt}")
    for name in run.untested:  # the row's score is a figure of each sample, and this one is of all
        figure = f"{run.aggregates[name]:.4g}"
        words.append(f"{name.removesuffix(',none')} {figure} over all samples, no paired test by sample")
    formats = [stage.weights for stage in run.stages if stage.weights not in (None, "F32", "F16", "BF16")]
    if formats and run.resolved.quantization not in (None, "none", "f16"):
        words.append(f"quantised again: the base came as {formats[0]}")
    return words


@dataclass(frozen=True)
class RankingRow:
    """A variant with its scores by task; a task that it did not answer is not among them."""

    variant: str
    scores: dict[str, Score]

    @property
    def resolved(self) -> VariantRecord:
        return next(iter(self.scores.values())).run.resolved


@dataclass(frozen=True)
class TaskPairs:
    """`order` is best first. `letters` and `ranks` are empty where not every pair could be compared."""

    order: tuple[str, ...]
    family: TaskFamily
    letters: Mapping[str, str]
    ranks: Mapping[str, RankRange]

    def against(self, baseline: str) -> dict[str, Comparison]:
        compared = {}
        for name in self.order:
            comparison = self.family.seen(name, baseline)
            if comparison:
                compared[name] = comparison
        return compared


@dataclass(frozen=True)
class Ranking:
    baseline: str | None
    tasks: dict[str, TaskRecord]
    rows: tuple[RankingRow, ...]
    pairs: Mapping[str, TaskPairs]
    together: Together
    warnings: Mapping[str, str]  # of a task: what its judge's trust card warns of

    @property
    def judge_pages(self) -> dict[str, str]:
        """Of a task whose page tells of its judge. A name that could be no file has none."""
        pages = {}
        for task, about in self.tasks.items():
            if about.scored_by != "rules" and SAFE_NAME.fullmatch(about.scored_by):
                pages[task] = about.scored_by
        return pages

    def row(self, variant: str) -> RankingRow | None:
        return next((row for row in self.rows if row.variant == variant), None)

    def alone(self, variants: Collection[str]) -> "Ranking":
        """Of these variants, with what is said of them among all."""
        pairs = {}
        for task, every in self.pairs.items():
            pairs[task] = replace(every, order=tuple(name for name in every.order if name in variants))
        return replace(self, rows=tuple(row for row in self.rows if row.variant in variants), pairs=pairs)

    def over_all(self) -> list[tuple[Comparison, list[Decision]]]:
        """Each variant against its parent or the baseline over all tasks, and what the suite decides of it."""
        lines = []
        for row in self.rows:
            other = row.resolved.parent or self.baseline or ""
            pair = self.together.over_all.seen(row.variant, other)
            if pair:
                lines.append((pair, self.together.decisions(row.variant, other)))
        return lines

    def groups(self) -> list[tuple[str, GroupRecord]]:
        """By variant lm-eval's own aggregates of groups of its tasks, where the rows are still those that it had."""
        groups = []
        for row in self.rows:
            rows = {task: score.run.samples_sha256 for task, score in row.scores.items()}
            for score in row.scores.values():
                known = [group for group in score.run.groups if group.tasks.items() <= rows.items()]
                groups += [(row.variant, group) for group in known]
        return groups

    def scores(self, task: str) -> dict[str, Score]:
        """Of all variants that answered this task."""
        return {row.variant: row.scores[task] for row in self.rows if task in row.scores}

    @property
    def every_score(self) -> list[Score]:
        return list(chain.from_iterable(row.scores.values() for row in self.rows))

    def why_no_difference(self, row: RankingRow, task: str) -> str:
        if row.variant == self.baseline and row.resolved.parent is None:
            return "baseline"
        against = row.scores[task].run.resolved.parent or self.baseline
        if against is None:
            return "no parent and no baseline to compare with"
        other = self.scores(task).get(against)
        if other is None:
            return f"{against} has no results here"
        if row.scores[task].estimate is None or other.estimate is None:
            return "nothing to compare"
        return f"cannot be compared with {against}: {self.pairs[task].family.why_not(row.variant, against)}"


def ranking(cells: Cells, baseline: str | None = None, cards: Mapping[str, Card] | None = None) -> Ranking:
    """All variants, the best first by the mean of what they have on the first task; with the warnings of trust `cards`.

    Tasks come in Proctor's own order, foreign ones after them by name.
    """
    tasks = tasks_of(list(cells.values()))
    rows = []
    for variant in dict.fromkeys(variant for variant, _ in cells):
        own = {task: score_of(cells[variant, task]) for task in tasks if (variant, task) in cells}
        rows.append(RankingRow(variant, own))
    rows.sort(key=lambda row: [best_first(row.scores.get(task)) for task in tasks])
    families = families_of(cells, tasks)
    warnings = warnings_of(tasks, cards or {})
    ranked = Ranking(baseline, tasks, tuple(rows), {}, together_of(cells, families, Settings()), warnings)
    pairs = {task: pairs_in_order(ranked.scores(task), families[task]) for task in tasks}
    rows = [_compared(row, pairs, baseline) for row in rows]
    return replace(ranked, rows=tuple(rows), pairs=pairs)


def tasks_of(cells: Sequence[record.Cell]) -> dict[str, TaskRecord]:
    """What the cells of each task say of it, in order."""
    by_task: dict[str, list[record.Cell]] = {}
    for cell in cells:
        by_task.setdefault(cell.task, []).append(cell)
    tasks = [(task, _task_of(own)) for task, own in by_task.items()]
    return dict(sorted(tasks, key=lambda task: (task[1].place is None, task[1].place or 0, task[0])))


def _task_of(cells: Sequence[record.Cell]) -> TaskRecord:
    """Of imported cells, one of 0s and 1s may sit among real scores. The title of the published items comes before
    that of a user's own.
    """
    tasks = sorted((cell.run.task for cell in cells), key=lambda task: task.own_data)
    return next((task for task in tasks if task.kind != "binary"), tasks[0])


def score_of(cell: record.Cell) -> Score:
    return Score(cell, estimate_cell(cell))


def best_first(score: Score | None) -> float:
    """A missing score comes last and never lends its place to the next task."""
    if score is None or score.estimate is None:
        return inf
    return -score.estimate.mean


def pairs_in_order(scores: Mapping[str, Score], family: TaskFamily) -> TaskPairs:
    """The pairs of those that have a mean; of equal ones, the first that is named is the first of them."""
    means = {name: score.estimate.mean for name, score in scores.items() if score.estimate}
    order = tuple(sorted(means, key=lambda name: -means[name]))
    places, adjusted_p, alpha = [], [], 0.05
    for i, j in combinations(range(len(order)), 2):
        comparison = family.seen(order[i], order[j])
        if comparison is None:
            return TaskPairs(order, family, {}, {})
        places.append((i, j))
        adjusted_p.append(comparison.adjusted_p)
        alpha = comparison.difference.alpha
    if not places:
        return TaskPairs(order, family, {}, {})
    figures = [means[name] for name in order]
    shown = shown_matrix(len(order), places, adjusted_p, alpha)
    ranks = dict(zip(order, rank_ranges(figures, shown), strict=True))
    try:
        groups = letters(figures, shown)
    except Refusal:  # so many groups overlap that letters would say nothing
        return TaskPairs(order, family, {}, ranks)
    if max(map(len, groups)) > MOST_LETTERS:
        return TaskPairs(order, family, {}, ranks)
    return TaskPairs(order, family, dict(zip(order, groups, strict=True)), ranks)


def _compared(row: RankingRow, pairs: Mapping[str, TaskPairs], baseline: str | None) -> RankingRow:
    scores = {}
    for task, score in row.scores.items():
        against = score.run.resolved.parent or baseline or ""
        scores[task] = replace(score, comparison=pairs[task].family.seen(row.variant, against))
    return replace(row, scores=scores)
