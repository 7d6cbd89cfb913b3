"""Several answers to one item: pass@k and maj@k without bias, from all epochs. Knows counts only, no
answers."""

from collections.abc import Sequence
from math import comb, fsum

import numpy as np
from numpy.typing import ArrayLike

from proctor.common.refusal import Refusal
from proctor.common.stats.units import Floats


def pass_at_k(right: ArrayLike, epochs: ArrayLike, k: int) -> Floats:
    """P(at least one of k answers is right) for each item, from `right` of `epochs`: 1 - C(n-c, k) / C(n, k).

    Unbiased (Chen et al. 2021). Average it over items with `estimate(..., kind="real")` for the interval.
    """
    c, n = _counts(right, epochs, k)
    all_wrong = np.ones_like(c)  # the product form of the ratio of binomials: no factorial overflows
    for taken in range(k):
        all_wrong *= np.maximum(n - c - taken, 0.0) / (n - taken)
    return 1.0 - all_wrong


def maj_at_k(right: int, wrong: Sequence[int], k: int) -> float:
    """P(the most frequent of k answers is right) for one item, drawn without replacement; ties go by lot.

    `right` counts the right answers among the epochs, `wrong` each distinct wrong answer. Exact, by counting
    draws with each number of rivals that tie (maj@k: Lewkowycz et al. 2022).
    """
    total = right + sum(wrong)
    _counts([right], [total], k)
    if any(count < 1 for count in wrong):
        raise Refusal("a wrong answer was counted less than once; leave it out")
    wins = []
    for votes in range(1, min(right, k) + 1):
        rest = k - votes
        # ways[t][m]: ways to fill m places with wrong answers, none above `votes`, t of them level with it
        ways = [[0] * (rest + 1) for _ in range(rest // votes + 1)]
        ways[0][0] = 1
        for count in wrong:
            fresh = [[0] * (rest + 1) for _ in ways]
            for ties, row in enumerate(ways):
                for filled, number in enumerate(row):
                    if not number:
                        continue
                    for taken in range(min(count, votes, rest - filled) + 1):
                        fresh[ties + (taken == votes)][filled + taken] += number * comb(count, taken)
            ways = fresh
        drawn = comb(right, votes)
        wins += [drawn * row[rest] / comb(total, k) / (ties + 1) for ties, row in enumerate(ways)]
    return fsum(wins)


def _counts(right: ArrayLike, epochs: ArrayLike, k: int) -> tuple[Floats, Floats]:
    c, n = (np.array(x, dtype=np.float64) for x in np.broadcast_arrays(right, epochs))
    if k < 1:
        raise Refusal(f"k is {k}; it must be 1 or more")
    if not bool(((c >= 0) & (c <= n) & (c % 1 == 0) & (n % 1 == 0)).all()):
        raise Refusal("right answers must be whole numbers from 0 to the number of epochs")
    if bool((n < k).any()):
        raise Refusal(f"{int(n.min())} epochs are too few; at least {k} are needed")
    return c, n
