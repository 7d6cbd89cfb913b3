"""Random signs: what all pairs of a comparison share, so that one matrix product serves them all.

Every random number comes from the seed, never from the data.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from proctor.common.stats.units import Floats, Units

Small = NDArray[np.signedinteger[Any]]

DRAWS = 2**28  # above so many draws normal theory is as good, and drawing would take minutes
KEPT = 2**25  # draws up to so many are kept: pairs that leave out different items ask for the same ones
_CHUNK = 2**19


def too_many(units: Units, draws: int) -> bool:
    """Whether more than DRAWS signs would be drawn; normal theory then holds to many digits."""
    return units.groups * draws > DRAWS


def signs(groups: int, seed: int, resamples: int) -> Iterator[Floats]:
    """Chunks of random +1 and -1, one row a resample."""
    kept = _kept_signs(groups, seed, resamples) if groups * resamples <= KEPT else None
    for chunk in _chunks(kept, groups) if kept is not None else _signs(groups, seed, resamples):
        yield chunk.astype(np.float64)


def _signs(groups: int, seed: int, resamples: int) -> Iterator[Small]:
    generator = np.random.default_rng([seed, 1])
    words = -(-groups // 64)
    rows = max(1, _CHUNK // (words * 64))
    for start in range(0, resamples, rows):
        size = (min(rows, resamples - start), words)
        drawn = generator.integers(0, 2**64, size=size, dtype=np.uint64).astype("<u8")
        bits = np.unpackbits(drawn.view(np.uint8), axis=1)[:, :groups]
        yield 2 * bits.astype(np.int8) - 1


@lru_cache(maxsize=2)
def _kept_signs(groups: int, seed: int, resamples: int) -> Small:
    return np.concatenate(list(_signs(groups, seed, resamples)))


def _chunks(kept: Small, groups: int) -> Iterator[Small]:
    rows = max(1, _CHUNK // groups)
    for start in range(0, len(kept), rows):
        yield kept[start : start + rows]


def signed_sums(units: Units, seed: int, draws: int) -> Iterator[Floats]:
    """Totals of every variant, added up under random signs: chunks of (variants, columns, draws)."""
    flat, shape = _flat(units.totals if units.kind == "counts" else units.totals[..., :1])
    for chunk in signs(units.groups, seed, draws):
        yield np.ascontiguousarray((chunk @ flat).reshape(shape).transpose(1, 2, 0))


def _flat(totals: Floats) -> tuple[Floats, tuple[int, int, int]]:
    variants, groups, columns = totals.shape
    return totals.transpose(1, 0, 2).reshape(groups, variants * columns), (-1, variants, columns)
