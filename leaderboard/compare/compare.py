"""What the rows show: differences between cells that were made the same way, corrected for their family, in words.

All pairs of a task that the results hold are one family, and a pair takes its verdict from there wherever it is told.
Which items two cells share is in matched.py, from which side a pair is told in sides.py, a pair's own
difference in differences.py, the arithmetic in proctor.common.stats.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import combinations
from pathlib import Path
from typing import Any, Literal

import numpy as np

from proctor.common.refusal import Refusal
from proctor.common.stats import Difference, Verdict, benjamini_hochberg, holm, verdict
from proctor.common.stats.units import Floats
from proctor.harness import record
from proctor.leaderboard.compare.differences import Pair, differences
from proctor.leaderboard.compare.items import (
    USUAL,
    Cells,
    Draws,
    ScoredItems,
    estimate_cell,
    items_of,
    load_cells,
)
from proctor.leaderboard.compare.matched import MUST_AGREE, lacks_of, matched, refuse_unlike, unlike

__all__ = [
    "MUST_AGREE",
    "Comparison",
    "Correction",
    "ScoredItems",
    "TaskFamily",
    "compare_cells",
    "compare_pairs",
    "compare_two", "compare_variants",
    "corrected",
    "differences",
    "estimate_cell",
    "family_of",
    "items_of",
    "load_cells",
    "unlike",
    "variant_called",
]  # fmt: skip

Correction = Literal["holm", "bh", "none"]
ADJUST: Mapping[Correction, Callable[[Floats], Floats]] = {
    "holm": holm,
    "bh": benjamini_hochberg,
    "none": lambda p: p,
}


@dataclass(frozen=True)
class Comparison:
    """A against B on one task. `adjusted_p` is after the correction over `family` comparisons."""

    a: str
    b: str
    task: str
    headline: str
    difference: Difference
    adjusted_p: float
    family: int
    verdict: Verdict
    left_out: int
    adjusted_p_no_worse: float | None = None
    adjusted_p_no_better: float | None = None
    correction: Correction = "holm"
    left_out_why: Mapping[str, int] = field(default_factory=dict)
    lacks: tuple[str, ...] = ()  # what the source of an imported cell did not tell
    higher: tuple[int, int] | None = None  # items on which a, and b, scored higher; None for counts
    other_side: bool = False  # elsewhere the pair is told of b against a
    said_of_b: bool = False  # 'no worse' is said of b here

    def turned(self) -> "Comparison":
        """The other question in the same family: b against a, with b's own test of the margin."""
        other = self.difference.turned()
        return replace(
            self,
            a=self.b,
            b=self.a,
            difference=other,
            higher=(self.higher[1], self.higher[0]) if self.higher else None,
            adjusted_p_no_worse=self.adjusted_p_no_better,
            adjusted_p_no_better=self.adjusted_p_no_worse,
            verdict=verdict(other, self.adjusted_p, self.adjusted_p_no_better),
            other_side=not self.other_side,
        )

    def mirrored(self) -> "Comparison":
        """The same answer seen from b: better is worse, and 'no worse' is still said of a."""
        seen = self.verdict.seen_from_the_other_side
        return replace(self.turned(), verdict=seen, said_of_b=self.verdict == Verdict.NO_WORSE)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class TaskFamily:
    """All pairs of a task, corrected together. `told` holds each once, from its side; `refused` says why not."""

    told: Mapping[tuple[str, str], Comparison]
    refused: Mapping[tuple[str, str], str]

    def asked(self, a: str, b: str) -> Comparison | None:
        """Whether A is better, or no worse, for someone who names both."""
        other = self.told.get((b, a))
        return self.told.get((a, b)) or (other.turned() if other else None)

    def seen(self, a: str, b: str) -> Comparison | None:
        """The pair's one verdict with the difference a - b, for a table of differences to b."""
        other = self.told.get((b, a))
        return self.told.get((a, b)) or (other.mirrored() if other else None)

    def why_not(self, a: str, b: str) -> str:
        return self.refused.get((a, b)) or self.refused.get((b, a)) or ""


def family_of(
    cells: Cells,
    task: str,
    margin: float | None = None,
    correction: Correction = "holm",
    draws: Draws = USUAL,
) -> TaskFamily:
    """Of the pairs that cannot be compared the correction knows nothing."""
    pairs = pairs_of(cells, task)
    why = {(a, b): unlike(cells[a, task], cells[b, task]) for a, b in pairs}
    wanted = [(cells[a, task], cells[b, task]) for a, b in pairs if not why[a, b]]
    compared = compare_pairs(wanted, margin, correction, draws) if wanted else []
    return TaskFamily(
        {(one.a, one.b): one for one in compared}, {pair: words for pair, words in why.items() if words}
    )


def pairs_of(cells: Cells, task: str) -> list[tuple[str, str]]:
    """Each pair of the task's variants: child and parent, else smaller and larger, else later and earlier name."""
    parents = {variant: cell.run.resolved.parents for (variant, _), cell in cells.items()}
    sizes = {variant: cell.run.costs.size_bytes for (variant, of), cell in cells.items() if of == task}
    return [_told(earlier, later, parents, sizes) for earlier, later in combinations(sorted(sizes), 2)]


def _told(
    earlier: str, later: str, parents: Mapping[str, tuple[str, ...]], sizes: Mapping[str, int | None]
) -> tuple[str, str]:
    later_from_earlier = _descends(later, earlier, parents)
    if later_from_earlier != _descends(earlier, later, parents):
        return (later, earlier) if later_from_earlier else (earlier, later)
    first, second = sizes[earlier], sizes[later]
    earlier_is_smaller = first is not None and second is not None and first < second
    return (earlier, later) if earlier_is_smaller else (later, earlier)


def _descends(variant: str, ancestor: str, parents: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether it came from the other, over any number of steps; results may hold a circle of parents."""
    seen: set[str] = set()
    waiting = [*parents.get(variant, ())]
    while waiting:
        parent = waiting.pop()
        if parent == ancestor:
            return True
        if parent not in seen:
            seen.add(parent)
            waiting += parents.get(parent, ())
    return False


def compare_cells(
    pairs: Sequence[Pair],
    margin: float | None = None,
    correction: Correction = "holm",
    draws: Draws = USUAL,
) -> list[Comparison]:
    """Each pair on the same task, as one family. The margin is the suite's unless one is given."""
    for a, b in pairs:
        refuse_unlike(a, b)
    return compare_pairs(pairs, margin, correction, draws)


def compare_pairs(
    pairs: Sequence[Pair],
    margin: float | None = None,
    correction: Correction = "holm",
    draws: Draws = USUAL,
) -> list[Comparison]:
    """The same for pairs of which it was asked already whether they can be compared."""
    shared = [matched(a, b) for a, b in pairs]
    found = differences(pairs, shared, margin, draws)
    one_by_one = [
        Comparison(
            a=a.variant,
            b=b.variant,
            task=a.task,
            headline=a.run.task.headline,
            difference=difference,
            adjusted_p=difference.p,
            family=1,
            verdict=Verdict.NOT_SHOWN,
            left_out=items.missing,
            left_out_why=items.left_out,
            lacks=tuple(dict.fromkeys([*lacks_of(a), *lacks_of(b)])),
            higher=higher,
        )
        for (a, b), items, (difference, higher) in zip(pairs, shared, found, strict=True)
    ]
    return corrected(one_by_one, correction)


def corrected(family: Sequence[Comparison], correction: Correction = "holm") -> list[Comparison]:
    """These comparisons as one family: adjusted p, of the difference and of the margin, and the verdicts in words."""
    adjust = ADJUST[correction]
    adjusted = adjust(np.array([one.difference.p for one in family]))
    no_worse = _tails([one.difference.p_no_worse for one in family], adjust)
    no_better = _tails([one.difference.p_no_better for one in family], adjust)
    return [
        replace(
            one,
            adjusted_p=float(p),
            adjusted_p_no_worse=worse,
            adjusted_p_no_better=better,
            family=len(family),
            correction=correction,
            verdict=verdict(one.difference, float(p), worse),
        )
        for one, p, worse, better in zip(family, adjusted, no_worse, no_better, strict=True)
    ]


def _tails(p: Sequence[float | None], adjust: Callable[[Floats], Floats]) -> list[float | None]:
    """Those that there are: only a pair with a margin has them."""
    adjusted = iter(adjust(np.array([one for one in p if one is not None], dtype=np.float64)))
    return [None if one is None else float(next(adjusted)) for one in p]


def compare_variants(
    results: Path,
    a: str,
    b: str,
    tasks: Iterable[str] = (),
    margin: float | None = None,
    correction: Correction = "holm",
    draws: Draws = USUAL,
) -> list[Comparison]:
    """A against B on every task that both have, or on the tasks named; each from its task's family of all pairs.

    >>> compare_variants(Path("results/demo"), "tiny-q8", "tiny", ["concepts"])[0].verdict
    <Verdict.NO_WORSE: 'no worse (within margin)'>
    """
    return compare_two(load_cells(results), results, a, b, tasks, margin, correction, draws)


def compare_two(
    cells: Cells,
    results: Path,
    a: str,
    b: str,
    tasks: Iterable[str],
    margin: float | None,
    correction: Correction,
    draws: Draws,
) -> list[Comparison]:
    """The same of cells that were read already, from `results`."""
    a, b = (variant_called(cells, name, results) for name in (a, b))
    if a == b:
        raise Refusal(f"{a!r} cannot be compared with itself; name two variants")
    wanted = list(dict.fromkeys(tasks)) or sorted(
        {task for v, task in cells if v == a} & {task for v, task in cells if v == b}
    )
    for task in wanted:
        for name in (a, b):
            if (name, task) not in cells:
                raise Refusal(f"{name!r} has no results for {task!r}; run or import it first ({results})")
    if not wanted:
        raise Refusal(f"{a!r} and {b!r} have no task in common ({results})")
    found = []
    for task in wanted:
        refuse_unlike(cells[a, task], cells[b, task])
        comparison = family_of(cells, task, margin, correction, draws).asked(a, b)
        assert comparison is not None  # refuse_unlike was asked
        found.append(comparison)
    return found


def variant_called(cells: Mapping[tuple[str, str], record.Cell], name: str, results: Path) -> str:
    """The variant of this name, or the imported one that its source calls so."""
    if any(variant == name for variant, _ in cells):
        return name
    called = {cell.run.origin.called: variant for (variant, _), cell in cells.items() if cell.run.origin}
    if name in called:
        return called[name]
    there = ", ".join(sorted({variant for variant, _ in cells})) or "none"
    raise Refusal(f"no results of {name!r}; there are: {there} ({results})")
