"""Many comparisons at once: adjusted p, letters for groups that are not told apart, and rank ranges. Draws
nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from proctor.common.refusal import Refusal
from proctor.common.stats.units import Floats

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_MOST_GROUPS = 5_000


def holm(p: ArrayLike) -> Floats:
    """Adjusted p under the family-wise error rate: step down (Holm 1979)."""
    values, order = _sorted(p)
    scaled = values[order] * np.arange(len(values), 0, -1)
    return _back(np.minimum(np.maximum.accumulate(scaled), 1.0), order)


def benjamini_hochberg(p: ArrayLike) -> Floats:
    """Adjusted p under the false discovery rate: step up (Benjamini & Hochberg 1995)."""
    values, order = _sorted(p)
    scaled = values[order] * len(values) / np.arange(1, len(values) + 1)
    return _back(np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0), order)


def _sorted(p: ArrayLike) -> tuple[Floats, NDArray[np.intp]]:
    values = np.asarray(p, dtype=np.float64)
    if values.ndim != 1 or not bool(((values >= 0) & (values <= 1)).all()):
        raise Refusal("p-values must be one list of numbers between 0 and 1")
    return values, np.argsort(values, kind="stable")


def _back(ordered: Floats, order: NDArray[np.intp]) -> Floats:
    result = np.empty_like(ordered)
    result[order] = ordered
    return result


def letters(means: ArrayLike, shown: ArrayLike) -> list[str]:
    """Compact letter display: two variants share a letter just when no difference between them is shown.

    `shown` is the symmetric matrix of shown differences. Insert and absorb (Piepho 2004); letters run from
    the best mean down. A set of variants is held as the bits of a whole number.
    """
    apart, order = _relation(means, shown)
    count = len(order)
    groups = [(1 << count) - 1] if count else []
    for i in range(count):
        for j in range(i + 1, count):
            if not apart[order[i], order[j]]:
                continue
            pair = 1 << i | 1 << j
            split = [g for g in groups if g & pair == pair]
            groups = [g for g in groups if g & pair != pair]
            for half in [g & ~(1 << i) for g in split] + [g & ~(1 << j) for g in split]:
                if any(half & g == half for g in groups):
                    continue
                groups = [g for g in groups if g & half != g] + [half]
            if len(groups) > _MOST_GROUPS:
                raise Refusal(f"more than {_MOST_GROUPS} letters are needed; show fewer variants")
    # The group that starts with the best variant comes first; among equals the one that reaches further up.
    groups.sort(key=lambda g: [i for i in range(count) if g >> i & 1])
    result = [""] * count
    for k, group in enumerate(groups):
        name = _LETTERS[k % len(_LETTERS)] + (str(k // len(_LETTERS) + 1) if k >= len(_LETTERS) else "")
        for i in range(count):
            if group >> i & 1:
                result[int(order[i])] += name
    return result


@dataclass(frozen=True)
class RankRange:
    """The ranks that a variant may hold; 1 is best."""

    best: int
    worst: int


def rank_ranges(means: ArrayLike, shown: ArrayLike) -> list[RankRange]:
    """Ranks left open by the tests: below all shown better, above all shown worse (Mogstad et al. 2024).

    From pairwise tests and not from a bootstrap of ranks, which is wrong for ties and near-ties. With Holm's
    p in `shown`, all ranges hold together with probability 1 - alpha.
    """
    apart, _ = _relation(means, shown)
    values = np.asarray(means, dtype=np.float64)
    above = (apart & (values[None, :] > values[:, None])).sum(axis=1)
    below = (apart & (values[None, :] < values[:, None])).sum(axis=1)
    return [RankRange(1 + int(a), len(values) - int(b)) for a, b in zip(above, below, strict=True)]


def shown_matrix(
    variants: int, pairs: Sequence[tuple[int, int]], adjusted_p: ArrayLike, alpha: float = 0.05
) -> NDArray[np.bool_]:
    """The symmetric matrix that `letters` and `rank_ranges` read, made of pairs and their adjusted p."""
    shown = np.zeros((variants, variants), dtype=np.bool_)
    for (i, j), p in zip(pairs, np.asarray(adjusted_p, dtype=np.float64), strict=True):
        shown[i, j] = shown[j, i] = bool(p <= alpha)
    return shown


def _relation(means: ArrayLike, shown: ArrayLike) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    values, apart = np.asarray(means, dtype=np.float64), np.asarray(shown, dtype=np.bool_)
    if values.ndim != 1 or apart.shape != (len(values), len(values)):
        raise Refusal(f"{values.size} means and a {apart.shape} matrix; one row and column for each mean")
    if not bool(np.isfinite(values).all()):
        raise Refusal("a mean is missing or infinite; leave that variant out")
    if bool((apart != apart.T).any() or np.diag(apart).any()):
        raise Refusal("the matrix of shown differences must be symmetric with an empty diagonal")
    return apart, np.argsort(-values, kind="stable")
