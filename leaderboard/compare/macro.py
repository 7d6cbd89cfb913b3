"""Macro F1: the mean of each name's own F1 over the names that the labels hold. Knows lists of names, no cell."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
DRAWS, SEED = 2_000, 0


def macro_f1(
    pairs: Sequence[tuple[str, str]], clusters: Sequence[str]
) -> tuple[float, float | None, float | None, int] | None:
    """Value, interval and number of names, from (labels, answer) as JSON lists. The interval draws clusters.

    A name that is only ever given wrongly has no gold to find, so it is no term of the mean; it shows in the micro
    figures.
    """
    read = [(_names(gold), _names(answer)) for gold, answer in pairs]
    known = sorted({name for gold, _ in read for name in gold})
    if not known:
        return None
    units = {name: row for row, name in enumerate(dict.fromkeys(clusters))}
    place = {name: column for column, name in enumerate(known)}
    right, wanted, given = (np.zeros((len(units), len(known))) for _ in range(3))
    for (gold, predicted), cluster in zip(read, clusters, strict=True):
        row = units[cluster]
        for name in gold:
            wanted[row, place[name]] += 1
            right[row, place[name]] += name in predicted
        for name in predicted & place.keys():
            given[row, place[name]] += 1
    value = _mean(right.sum(axis=0), wanted.sum(axis=0), given.sum(axis=0))
    if len(units) < 2:
        return value, None, None, len(known)
    drawn = (
        np.random.default_rng(SEED)
        .multinomial(len(units), [1 / len(units)] * len(units), DRAWS)
        .astype(float)
    )
    draws = [_mean(weight @ right, weight @ wanted, weight @ given) for weight in drawn]
    low, high = (float(edge) for edge in np.quantile(draws, (0.025, 0.975)))
    return value, min(low, value), max(high, value), len(known)


def _mean(right: Floats, wanted: Floats, given: Floats) -> float:
    there = wanted > 0
    return float((2 * right[there] / (wanted + given)[there]).mean())


def _names(text: str) -> set[str]:
    try:
        found: Any = json.loads(text or "[]")
    except ValueError:
        return set()
    return {str(name) for name in found} if isinstance(found, list) else set()
