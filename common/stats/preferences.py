"""Bradley-Terry strengths from points that one took from another; a tie is half a point for both."""

import numpy as np

from proctor.common.stats.bootstrap import Floats

_STEPS = 100


def bradley_terry(points: Floats) -> Floats:
    """Maximum likelihood strengths of every row of points (rows, plans, plans), mean 0; nan where none is finite.

    Newton's steps on the concave log-likelihood sum of points_ij log(1 / (1 + exp(s_j - s_i))), at most 1 long so that
    they do not overshoot.
    """
    rows, size, _ = points.shape
    games, won = points + points.transpose(0, 2, 1), points.sum(axis=2)
    bounded = _reach(points).all(axis=(1, 2))
    strengths = np.zeros((rows, size))
    free = np.flatnonzero(bounded)
    for _ in range(_STEPS):
        if not len(free):
            break
        s = strengths[free]
        chance = 1.0 / (1.0 + np.exp(s[:, None, :] - s[:, :, None]))
        slope = won[free] - (games[free] * chance).sum(axis=2)
        curve = games[free] * chance * (1.0 - chance)
        hessian = -curve
        hessian[:, np.arange(size), np.arange(size)] = curve.sum(axis=2)
        # The mean of all strengths is free; fixing it makes the matrix regular.
        step = np.linalg.solve(hessian + 1.0 / size, slope[:, :, None])[:, :, 0]
        largest = np.abs(step).max(axis=1, keepdims=True)
        strengths[free] = s + step / np.maximum(1.0, largest)
        free = free[largest[:, 0] > 1e-12]
    strengths -= strengths.mean(axis=1, keepdims=True)
    strengths[~bounded] = np.nan
    return strengths


def unbounded(points: Floats) -> list[int]:
    """The plans of a group that took no point from outside it: then no finite strengths fit (Ford 1957)."""
    reach = _reach(points[None])[0]
    if reach.all():
        return []
    beaten = [i for i in range(len(points)) if (reach[i] <= reach[:, i]).all()]
    return beaten or list(range(len(points)))


def _reach(points: Floats) -> np.ndarray:
    """(rows, i, j): whether a chain of won points leads from i to j."""
    size = points.shape[1]
    reach = (points > 0) | np.eye(size, dtype=bool)
    for _ in range(max(1, int(np.ceil(np.log2(max(size, 2)))))):
        reach = np.matmul(reach.astype(np.float32), reach.astype(np.float32)) > 0
    return reach
