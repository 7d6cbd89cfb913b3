"""What the rows show: differences between cells that were made the same way, corrected for their family, in words.

All pairs of a task that the results hold are one family, and a pair takes its verdict from there wherever it is told.
Which items two cells share is in matched.py, from which side a pair is told in sides.py, a cell's own scores in
items.py, the arithmetic in leaderboard.stats.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

import numpy as np

from harness import record
from leaderboard.items import USUAL, Draws, Items, as_table, estimate_cell, items_of, load_cells
from leaderboard.matched import MUST_AGREE, Matched, lacks_of, matched, refuse_unlike, unlike
from leaderboard.sides import Cells, pairs_of
from leaderboard.stats import Difference, Kind, Table, benjamini_hochberg, compare_each, holm, verdict
from leaderboard.stats.units import Floats

__all__ = [
    "MUST_AGREE", "Comparison", "Correction", "Family", "Items", "compare_cells", "compare_pairs", "compare_variants",
    "corrected", "differences", "estimate_cell", "family_of", "items_of", "load_cells", "unlike", "variant_called",
]  # fmt: skip

Correction = Literal["holm", "bh", "none"]
ADJUST: Mapping[Correction, Callable[[Floats], Floats]] = {
    "holm": holm,
    "bh": benjamini_hochberg,
    "none": lambda p: p,
}
Pair = tuple[record.Cell, record.Cell]


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
    verdict: str
    left_out: int
    adjusted_p_no_worse: float | None = None
    adjusted_p_no_better: float | None = None
    correction: Correction = "holm"
    left_out_why: Mapping[str, int] = field(default_factory=dict)
    lacks: tuple[str, ...] = ()  # what the source of an imported cell did not tell
    higher: tuple[int, int] | None = None  # items on which a, and b, scored higher; None for counts

    def turned(self) -> "Comparison":
        """The same seen from b, in the same family."""
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
        )

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Family:
    """All pairs of a task, corrected together. `told` holds each once, from its side; `refused` says why not."""

    told: Mapping[tuple[str, str], Comparison]
    refused: Mapping[tuple[str, str], str]

    def asked(self, a: str, b: str) -> Comparison | None:
        """A against B, from whichever side the pair is told."""
        other = self.told.get((b, a))
        return self.told.get((a, b)) or (other.turned() if other else None)

    def why_not(self, a: str, b: str) -> str:
        return self.refused.get((a, b)) or self.refused.get((b, a)) or ""


def family_of(
    cells: Cells,
    task: str,
    margin: float | None = None,
    correction: Correction = "holm",
    draws: Draws = USUAL,
) -> Family:
    """Of the pairs that cannot be compared the correction knows nothing."""
    pairs = pairs_of(cells, task)
    why = {(a, b): unlike(cells[a, task], cells[b, task]) for a, b in pairs}
    wanted = [(cells[a, task], cells[b, task]) for a, b in pairs if not why[a, b]]
    compared = compare_pairs(wanted, margin, correction, draws) if wanted else []
    return Family(
        {(one.a, one.b): one for one in compared}, {pair: words for pair, words in why.items() if words}
    )


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
            headline=a.run["exam"]["headline"],
            difference=difference,
            adjusted_p=difference.p,
            family=1,
            verdict="",
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
    """A against B on every task that both have, or on the tasks named; each from its task's family of all pairs."""
    cells = load_cells(results)
    a, b = (variant_called(cells, name, results) for name in (a, b))
    if a == b:
        raise ValueError(f"{a!r} cannot be compared with itself; name two variants")
    wanted = list(dict.fromkeys(tasks)) or sorted(
        {task for v, task in cells if v == a} & {task for v, task in cells if v == b}
    )
    for task in wanted:
        for name in (a, b):
            if (name, task) not in cells:
                raise ValueError(f"{name!r} has no results for {task!r}; run or import it first ({results})")
    if not wanted:
        raise ValueError(f"{a!r} and {b!r} have no task in common ({results})")
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
    called = {(cell.run.get("origin") or {}).get("called"): variant for (variant, _), cell in cells.items()}
    if name in called:
        return called[name]
    there = ", ".join(sorted({variant for variant, _ in cells})) or "none"
    raise ValueError(f"no results of {name!r}; there are: {there} ({results})")


@dataclass(frozen=True)
class _Alike:
    """What pairs must have in common to be computed at once; the draws depend on nothing else."""

    task: str
    kind: Kind
    margin: float | None
    ids: tuple[str, ...]
    clusters: tuple[str, ...]

    @property
    def settings(self) -> tuple[Kind, float]:
        return self.kind, self.margin or 0.0

    @property
    def size(self) -> tuple[int, int]:
        return len(self.ids), len(set(self.clusters))


Found = tuple[Difference, tuple[int, int] | None]


def differences(
    pairs: Sequence[Pair], shared: Sequence[Matched], margin: float | None = None, draws: Draws = USUAL
) -> list[Found]:
    """Each pair's difference on the items that both have a score for, and on how many each scored higher.

    Pairs on the same items stand in one table. Tables share their draws where they have as many items: all pairs of a
    hundred variants cost little more than one, whatever is missing where.
    """
    alike: dict[_Alike, list[int]] = {}
    for at, ((a, b), items) in enumerate(zip(pairs, shared, strict=True)):
        wanted = margin if margin is not None else _margin_of(a, b)
        low, high = a.run["exam"]["scale"]
        if wanted is not None and wanted >= high - low:
            raise ValueError(
                f"margin {wanted:g} is as wide as the marks of {a.task}, which go from {low:g} to {high:g}; "
                "give a part of that: 5 points in a hundred are 0.05"
            )
        alike.setdefault(_Alike(a.task, items.kind, wanted, items.ids, items.clusters), []).append(at)
    found: dict[int, Found] = {}
    ordered = sorted(alike, key=lambda key: (key.settings, key.size))
    for _, several in groupby(ordered, key=lambda key: key.settings):
        keys = list(several)
        tables = [_table(key, [pairs[at] for at in alike[key]]) for key in keys]
        compared = compare_each(
            [table for table, _ in tables], kind=keys[0].kind, family=len(pairs), seed=draws.seed,
            resamples=draws.resamples, margin=keys[0].margin,
        )  # fmt: skip
        for key, (table, places), one in zip(keys, tables, compared, strict=True):
            for at, (i, j) in zip(alike[key], places, strict=True):
                higher = None if key.kind == "counts" else _higher(table.scores[i], table.scores[j])
                found[at] = one[i, j], higher
    return [found[at] for at in range(len(pairs))]


def _margin_of(a: record.Cell, b: record.Cell) -> float | None:
    """The suite's. Where two suites say two, the stricter: a pair has one margin from either side."""
    told = [margin for cell in (a, b) if (margin := cell.run.get("margin")) is not None]
    return min(told, default=None)


def _table(key: _Alike, pairs: Sequence[Pair]) -> tuple[Table, list[tuple[int, int]]]:
    """The scores of all that stand in these pairs, and where each pair stands."""
    cells = {cell.folder: items_of(cell) for pair in pairs for cell in pair}
    row_of = {folder: at for at, folder in enumerate(cells)}
    places = [(row_of[a.folder], row_of[b.folder]) for a, b in pairs]
    scores = np.stack([items.scores(key.ids) for items in cells.values()])
    return as_table(scores, key.ids, key.clusters, list(dict.fromkeys(places))), places


def _higher(a: Floats, b: Floats) -> tuple[int, int]:
    return int((a > b).sum()), int((a < b).sum())
