"""What the rows show: differences between cells that were made the same way, corrected for their family, in words.

Which items two cells share is in matched.py, a cell's own scores in items.py, the arithmetic in leaderboard.stats.
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
from leaderboard.stats import Difference, Kind, Table, benjamini_hochberg, compare_each, holm, verdict
from leaderboard.stats.units import Floats, Scale

__all__ = [
    "MUST_AGREE", "Comparison", "Correction", "Items", "compare_cells", "compare_pairs", "compare_variants",
    "corrected", "differences", "estimate_cell", "items_of", "load_cells", "unlike", "variant_called",
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
    correction: Correction = "holm"
    left_out_why: Mapping[str, int] = field(default_factory=dict)
    lacks: tuple[str, ...] = ()  # what the source of an imported cell did not tell
    higher: tuple[int, int] | None = None  # items on which a, and b, scored higher; None for counts

    def turned(self) -> "Comparison":
        """The same seen from b, as a family of its own."""
        other = self.difference.turned()
        higher = (self.higher[1], self.higher[0]) if self.higher else None
        return corrected(
            [replace(self, a=self.b, b=self.a, difference=other, higher=higher)], self.correction
        )[0]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


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
    with_margin = [i for i, one in enumerate(family) if one.difference.p_no_worse is not None]
    tails = adjust(np.array([family[i].difference.p_no_worse for i in with_margin], dtype=np.float64))
    tail_of = dict(zip(with_margin, (float(p) for p in tails), strict=True))
    return [
        replace(
            one,
            adjusted_p=float(p),
            adjusted_p_no_worse=tail_of.get(i),
            family=len(family),
            correction=correction,
            verdict=verdict(one.difference, float(p), tail_of.get(i)),
        )
        for i, (one, p) in enumerate(zip(family, adjusted, strict=True))
    ]


def compare_variants(
    results: Path,
    a: str,
    b: str,
    tasks: Iterable[str] = (),
    margin: float | None = None,
    correction: Correction = "holm",
    draws: Draws = USUAL,
) -> list[Comparison]:
    """A against B on every task that both have, or on the tasks named."""
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
    return compare_cells([(cells[a, task], cells[b, task]) for task in wanted], margin, correction, draws)


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
    scale: Scale | None
    ids: tuple[str, ...]
    clusters: tuple[str, ...]

    @property
    def settings(self) -> tuple[Kind, float, Scale]:
        return self.kind, self.margin or 0.0, self.scale or (0.0, 0.0)

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
        wanted = margin if margin is not None else a.run.get("margin")
        low, high = a.run["exam"]["scale"]
        if wanted is not None and wanted >= high - low:
            raise ValueError(
                f"margin {wanted:g} is as wide as the marks of {a.task}, which go from {low:g} to {high:g}; "
                "give a part of that: 5 points in a hundred are 0.05"
            )
        # What only the range of the scores says of a scale is no bound on what was not seen.
        told = "scale" not in {*lacks_of(a), *lacks_of(b)}
        key = _Alike(a.task, items.kind, wanted, (low, high) if told else None, items.ids, items.clusters)
        alike.setdefault(key, []).append(at)
    found: dict[int, Found] = {}
    ordered = sorted(alike, key=lambda key: (key.settings, key.size))
    for _, several in groupby(ordered, key=lambda key: key.settings):
        keys = list(several)
        tables = [_table(key, [pairs[at] for at in alike[key]]) for key in keys]
        compared = compare_each(
            [table for table, _ in tables], kind=keys[0].kind, family=len(pairs), seed=draws.seed,
            resamples=draws.resamples, margin=keys[0].margin, scale=keys[0].scale,
        )  # fmt: skip
        for key, (table, places), one in zip(keys, tables, compared, strict=True):
            for at, (i, j) in zip(alike[key], places, strict=True):
                higher = None if key.kind == "counts" else _higher(table.scores[i], table.scores[j])
                found[at] = one[i, j], higher
    return [found[at] for at in range(len(pairs))]


def _table(key: _Alike, pairs: Sequence[Pair]) -> tuple[Table, list[tuple[int, int]]]:
    """The scores of all that stand in these pairs, and where each pair stands."""
    cells = {cell.folder: items_of(cell) for pair in pairs for cell in pair}
    row_of = {folder: at for at, folder in enumerate(cells)}
    places = [(row_of[a.folder], row_of[b.folder]) for a, b in pairs]
    scores = np.stack([items.scores(key.ids) for items in cells.values()])
    return as_table(scores, key.ids, key.clusters, list(dict.fromkeys(places))), places


def _higher(a: Floats, b: Floats) -> tuple[int, int]:
    return int((a > b).sum()), int((a < b).sum())
