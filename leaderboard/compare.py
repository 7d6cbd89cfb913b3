"""What the rows show: differences between cells that were made the same way, corrected for their family, in words.

Which items two cells share is in matched.py, a cell's own scores in items.py, the arithmetic in leaderboard.stats.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from harness import record
from leaderboard.items import USUAL, Draws, Items, estimate_cell, items_of, load_cells
from leaderboard.matched import MUST_AGREE, Matched, lacks_of, matched, refuse_unlike, unlike
from leaderboard.stats import Difference, Kind, benjamini_hochberg, compare_all, holm, verdict

__all__ = [
    "MUST_AGREE", "Comparison", "Correction", "Items", "compare_cells", "compare_pairs", "compare_variants",
    "corrected", "differences", "estimate_cell", "items_of", "load_cells", "unlike", "variant_called",
]  # fmt: skip

Correction = Literal["holm", "bh"]
Pair = tuple[record.Cell, record.Cell]


@dataclass(frozen=True)
class Comparison:
    """A against B on one task. `adjusted_p` is after Holm (or Benjamini-Hochberg) over `family` comparisons."""

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
    adjust = {"holm": holm, "bh": benjamini_hochberg}[correction]
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
    ids: tuple[str, ...]
    clusters: tuple[str, ...]


Found = tuple[Difference, tuple[int, int] | None]


def differences(
    pairs: Sequence[Pair], shared: Sequence[Matched], margin: float | None = None, draws: Draws = USUAL
) -> list[Found]:
    """Each pair's difference on the items that both have a score for, and on how many each scored higher.

    Pairs on the same items share their draws: all pairs of a hundred variants cost little more than one.
    """
    alike: dict[_Alike, list[int]] = {}
    for at, ((a, _), items) in enumerate(zip(pairs, shared, strict=True)):
        wanted = margin if margin is not None else a.run.get("margin")
        alike.setdefault(_Alike(a.task, items.kind, wanted, items.ids, items.clusters), []).append(at)
    found: dict[int, Found] = {}
    for key, places in alike.items():
        found.update(_at_once(key, {at: pairs[at] for at in places}, draws))
    return [found[at] for at in range(len(pairs))]


def _at_once(key: _Alike, pairs: Mapping[int, Pair], draws: Draws) -> Iterator[tuple[int, Found]]:
    cells = {cell.folder: items_of(cell) for pair in pairs.values() for cell in pair}
    places = {folder: at for at, folder in enumerate(cells)}
    wanted = {at: (places[a.folder], places[b.folder]) for at, (a, b) in pairs.items()}
    scores = np.stack([_scores(items, key.ids) for items in cells.values()])
    found = compare_all(
        scores, kind=key.kind, pairs=list(dict.fromkeys(wanted.values())), items=key.ids, clusters=key.clusters,
        seed=draws.seed, resamples=draws.resamples, margin=key.margin,
    )  # fmt: skip
    for at, (i, j) in wanted.items():
        higher = None if key.kind == "counts" else _higher(scores[i], scores[j])
        yield at, (found[i, j], higher)


def _scores(items: Items, ids: tuple[str, ...]) -> np.ndarray[Any, np.dtype[np.float64]]:
    if items.ids == ids:
        return items.values
    row_of = {item: row for row, item in enumerate(items.ids)}
    return items.values[[row_of[item] for item in ids]]


def _higher(
    a: np.ndarray[Any, np.dtype[np.float64]], b: np.ndarray[Any, np.dtype[np.float64]]
) -> tuple[int, int]:
    return int((a > b).sum()), int((a < b).sum())
