"""Several tasks, one answer: the difference over all tasks, and the decision that a suite asks for.

    together = together_of(cells, families, settings)
    together.over_all.asked("tiny-q8", "tiny").verdict
    together.decision("tiny-q8", "tiny", rule).taken

A decision is *better on the primary task, and no worse on every guard*, as one claim (docs/statistics.md says why its
error is held).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from proctor.common.stats import Verdict
from proctor.common.stats.macro import Part, over_all
from proctor.harness.record import DecideRecord, TaskRecord
from proctor.leaderboard.compare.comparison import ADJUST, Comparison, Settings, TaskFamily, corrected
from proctor.leaderboard.compare.items import Cells, bounds_of, items_of
from proctor.leaderboard.compare.same_responses import why_flagged

ALL = "over all tasks"
ABOUT_ALL = TaskRecord(name=ALL, title="Over all tasks", kind="real", headline="mean", scale=(0.0, 1.0))
Pair = tuple[str, str]


@dataclass(frozen=True)
class Decision:
    """Whether `a` may take the place of `b`, and where not, what stands in the way. `p` is that of the whole claim."""

    a: str
    b: str
    rule: DecideRecord
    taken: bool
    why: str
    p: float | None = None
    adjusted_p: float | None = None
    family: int = 0

    @property
    def words(self) -> str:
        guards = ", ".join(self.rule.guard)
        if self.taken:
            return (
                f"{self.a} takes the place of {self.b}: better on {self.rule.primary}, no worse on {guards}"
            )
        return f"{self.a} does not take the place of {self.b}: {self.why}"


@dataclass(frozen=True)
class Together:
    """`claims`: of each rule, by pair in the order of its primary's family, p of the claim and the same corrected."""

    over_all: TaskFamily
    rules: tuple[DecideRecord, ...]
    claims: Mapping[DecideRecord, Mapping[Pair, tuple[float, float]]]
    families: Mapping[str, TaskFamily]
    cells: Cells

    def decision(self, a: str, b: str, rule: DecideRecord) -> Decision:
        """The primary is asked first; guards say something only where it is better."""
        why = self._in_the_way(a, b, rule)
        claims = self.claims[rule]
        p, adjusted = claims.get((a, b)) or claims.get((b, a)) or (None, None)
        if p is None or adjusted is None:
            return Decision(a, b, rule, False, why or "a guard has no margin")
        primary = self.families[rule.primary].asked(a, b)
        if not why and primary and adjusted > primary.difference.alpha:
            why = f"each is shown alone, and not all together over {len(claims)} pairs"
        return Decision(a, b, rule, not why, why, p, adjusted, len(claims))

    def decisions(self, a: str, b: str) -> list[Decision]:
        return [self.decision(a, b, rule) for rule in self.rules]

    def _in_the_way(self, a: str, b: str, rule: DecideRecord) -> str:
        for task in (rule.primary, *rule.guard):
            pair = self.families[task].asked(a, b)
            if pair is None:
                return f"not compared on {task}"
            if why_flagged(self.cells[a, task]):
                return f"{a} is flagged on {task}"
            enough = (Verdict.BETTER,) if task == rule.primary else (Verdict.BETTER, Verdict.NO_WORSE)
            if pair.verdict not in enough:
                asked = "better" if task == rule.primary else "no worse"
                return f"on {task} it is {pair.verdict}, and {asked} is asked"
        return ""


def together_of(cells: Cells, families: Mapping[str, TaskFamily], settings: Settings) -> Together:
    """Of all pairs, over those of these tasks that each has in common."""
    found = {cell.run.decide: None for cell in cells.values() if cell.run.decide}
    rules = [rule for rule in found if {rule.primary, *rule.guard} <= families.keys()]
    claims = {rule: claims_of(families, rule, settings) for rule in rules}
    return Together(_over_all(cells, families, settings), tuple(rules), claims, families, cells)


def _over_all(cells: Cells, families: Mapping[str, TaskFamily], settings: Settings) -> TaskFamily:
    """One family of all pairs with at least two tasks. Scores on no stated scale are no share of anything."""
    unstated = set()
    for cell in cells.values():
        task = cell.run.task
        guessed = not task.scale_stated or "scale" in cell.run.lacks
        if guessed and task.scale != (0.0, 1.0):
            unstated.add(task.name)
    group_of = _groups(cells, sorted(families.keys() - unstated))
    by_pair: dict[Pair, list[Comparison]] = {}
    for name in group_of:
        for a, b in families[name].comparisons:
            if (b, a) in by_pair:
                a, b = b, a
            pair = families[name].asked(a, b)
            assert pair is not None
            if pair.difference.planned is not None:
                continue  # looked at before all items are there: a mean with other tasks would not hold at any look
            by_pair.setdefault((a, b), []).append(pair)
    pairs = []
    for (a, _), parts in by_pair.items():
        if len(parts) < 2:
            continue
        of = [
            Part(pair.difference, bounds_of(cells[a, pair.task].run.task), group_of[pair.task])
            for pair in parts
        ]
        left_out: dict[str, int] = {}
        lacks: dict[str, None] = {}
        for pair in parts:
            lacks |= dict.fromkeys(pair.lacks)
            for why, n in pair.left_out_why.items():
                left_out[why] = left_out.get(why, 0) + n
        headline = "mean of " + ", ".join(pair.task for pair in parts)
        pairs.append(
            replace(
                parts[0], task=ALL, headline=headline, difference=over_all(of),
                left_out_why=left_out, lacks=tuple(lacks), higher=None, other_side=False,
            )
        )  # fmt: skip
    return TaskFamily({(pair.a, pair.b): pair for pair in corrected(pairs, settings.correction)}, {})


def _groups(cells: Cells, tasks: Iterable[str]) -> dict[str, int]:
    """Tasks with a source in common are one group. Items that stand for themselves are counted, and share nothing."""
    sources: dict[str, tuple[set[str], bool]] = {}
    for (_, task), cell in cells.items():
        items = items_of(cell)
        clusters, named = sources.get(task, (set(), False))
        sources[task] = clusters | set(items.clusters), named or items.clusters != items.ids
    group_of: dict[str, int] = {}
    for number, task in enumerate(tasks):
        group_of[task] = number
        clusters, named = sources[task]
        for other, group in list(group_of.items()):
            others, other_named = sources[other]
            if (named or other_named) and clusters & others:
                for each in [name for name, its in group_of.items() if its == group]:
                    group_of[each] = number
    return group_of


def claims_of(
    families: Mapping[str, TaskFamily], rule: DecideRecord, settings: Settings
) -> dict[Pair, tuple[float, float]]:
    """An intersection-union test: the claim's p is the largest of its parts', so the parts need no correction.

    The side that the primary is for is the one that the guards are asked of. The pairs are one family of such claims:
    corrected part by part, two pairs could each be wrong in another part, and twice as often as is said.
    """
    claims = {}
    for (a, b), primary in families[rule.primary].comparisons.items():
        if primary.difference.difference < 0.0:
            a, b = b, a
        tails = [primary.difference.p / 2.0]
        for task in rule.guard:
            pair = families[task].asked(a, b)
            if pair is None or pair.difference.p_no_worse is None:
                break
            tails.append(pair.difference.p_no_worse)
        else:
            claims[primary.a, primary.b] = min(1.0, 2.0 * max(tails))
    adjusted = ADJUST[settings.correction](np.array(list(claims.values()))).tolist()
    return {pair: (p, q) for (pair, p), q in zip(claims.items(), adjusted, strict=True)}
