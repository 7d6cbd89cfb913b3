"""Worlds with a known truth: scores drawn so that the true difference is known."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats

World = Callable[[np.random.Generator], tuple[np.ndarray, np.ndarray, np.ndarray | None]]


@dataclass(frozen=True)
class Case:
    """One row of the table: a world in which a and b are equally good, and the truth about a alone."""

    name: str
    kind: str
    draw: World  # -> a, b, cluster labels
    truth: float  # of a
    conservative: bool = (
        False  # discrete, or hardly any spread: intervals may be longer, tests shyer than asked
    )
    lossy: World | None = None  # the same with a worse by exactly the margin; real scores are simply lowered
    margin: float = 0.1
    scale: tuple[float, float] | None = None
    cry: float = 0.05  # what the test keeps; more where the docs say that it does not, likewise the next two
    least: float = 0.935  # of the intervals
    too_kind: float = 0.025  # 'no worse' of a loss of the margin
    mid_p: bool = False


LOSS = 0.1


def paired_binary(n: int, p: float, together: float, loss: float = 0.0) -> World:
    def draw(rng: np.random.Generator):
        shared = rng.random(n) < p
        copy_a, copy_b = rng.random(n) < together, rng.random(n) < together
        a = np.where(copy_a, shared, rng.random(n) < p)
        b = np.where(copy_b, shared, rng.random(n) < p)
        a &= rng.random(n) >= loss / p  # right answers that are lost
        return a * 1.0, b * 1.0, None

    return draw


def clustered_binary(groups: int, size: int, p: float, spread: float, uneven: bool = False) -> World:
    """Each cluster has its own difficulty and its own gap between a and b."""

    def draw(rng: np.random.Generator):
        sizes = rng.integers(1, 2 * size, groups) if uneven else np.full(groups, size)
        labels = np.repeat(np.arange(groups), sizes)
        base = rng.normal(0, spread, groups)
        middle = stats.norm.ppf(p) * np.sqrt(1 + 1.5 * spread**2)
        tilt_a, tilt_b = rng.normal(0, spread / np.sqrt(2), (2, groups))
        a = rng.normal(size=len(labels)) < (middle + base + tilt_a)[labels]
        b = rng.normal(size=len(labels)) < (middle + base + tilt_b)[labels]
        return a * 1.0, b * 1.0, labels

    return draw


def real(n: int, noise: Callable[[np.random.Generator, int], np.ndarray]) -> World:
    def draw(rng: np.random.Generator):
        shared = noise(rng, n)
        return shared + noise(rng, n), shared + noise(rng, n), None

    return draw


def mostly_ties(n: int) -> World:
    """Marks on a scale: two judges' averages that agree on two thirds of the items."""

    def draw(rng: np.random.Generator):
        shared = rubric(rng, n)
        return (
            shared,
            shared + np.where(rng.random(n) < 1 / 3, rng.choice([-1.0, -0.5, 0.5, 1.0], n), 0.0),
            None,
        )

    return draw


def rare_losses(n: int, share: float, size: float, scale: tuple[float, float], loss: bool) -> World:
    """Scores that are equal but for a share of the items, which lose `size`; without loss half of them gain it."""

    def draw(rng: np.random.Generator):
        low, high = scale[0] + size, scale[1] - (0 if loss else size)
        b = low + (high - low) * rng.integers(0, 3, n) / 2
        differ = rng.random(n) < share
        sign = -1.0 if loss else rng.choice([-1.0, 1.0], n)
        return b + differ * sign * size, b, None

    return draw


def lost_clusters(groups: int, share: float, loss: bool) -> World:
    """Right answers but for a share of the clusters, uneven in size, all of whose answers are wrong."""

    def draw(rng: np.random.Generator):
        labels = np.repeat(np.arange(groups), rng.integers(1, 10, groups))
        lost, first = rng.random(groups) < share, rng.random(groups) < 0.5
        a = 1.0 - (lost & (first | loss))[labels]
        return a, 1.0 - (lost & ~first & (not loss))[labels], labels

    return draw


def two_sizes(n: int, share: float, loss: bool) -> World:
    """Marks from 1 to 5 of which a share differs by 1 or by 4."""

    def draw(rng: np.random.Generator):
        differ = rng.random(n) < share
        size = rng.choice([1.0, 4.0], n) * differ
        if loss:
            return 5.0 - size, np.full(n, 5.0), None
        first = rng.random(n) < 0.5
        return 5.0 - size * first, 5.0 - size * ~first, None

    return draw


def at_the_ceiling(n: int, share: float) -> World:
    """A share of the items misses the greatest score by anything; both variants alike."""

    def draw(rng: np.random.Generator):
        a, b = (1.0 - rng.random(n) * (rng.random(n) < share) for _ in range(2))
        return a, b, None

    return draw


def rare_large(n: int, loss: float = 0.0) -> World:
    """Differences with a long tail on one side: most items gain a little, few lose much."""

    def draw(rng: np.random.Generator):
        b = rng.normal(size=n)
        return b - skewed(rng, n) - loss, b, None

    return draw


def lost_documents(n: int, share: float, loss: bool) -> World:
    """Counts that are equal but for a share of the documents, of which one labeller finds nothing."""

    def draw(rng: np.random.Generator):
        gold = rng.integers(1, 6, n)
        tp = rng.binomial(gold, 0.8)
        b = np.stack([tp, rng.poisson(1.0, n), gold - tp], axis=1).astype(float)
        a = b.copy()
        lost = rng.random(n) < share
        mine = lost if loss else lost & (rng.random(n) < 0.5)
        a[mine, 2] += a[mine, 0]
        a[mine, 0] = 0
        other = lost & ~mine
        b[other, 2] += b[other, 0]
        b[other, 0] = 0
        return a, b, None

    return draw


def f1_lost(share: float) -> float:
    """Micro F1 of a labeller in lost_documents that finds nothing in this share."""
    tp, fp, gold = 2.4 * (1 - share), 1.0, 3.0
    return 2 * tp / (tp + fp + gold)


def clustered_real(groups: int, size: int) -> World:
    def draw(rng: np.random.Generator):
        sizes = rng.integers(1, 2 * size, groups)
        labels = np.repeat(np.arange(groups), sizes)
        a, b = (rng.normal(size=groups)[labels] + rng.normal(size=len(labels)) for _ in range(2))
        return a, b, labels

    return draw


def documents(n: int, size: int = 1) -> World:
    """tp, fp, fn of two labellers of the same worth; documents, in clusters of `size`, differ in ease."""

    def draw(rng: np.random.Generator):
        labels = np.repeat(np.arange(n // size), size)
        gold = rng.integers(1, 6, n)
        ease = rng.beta(6, 3, n // size)[labels]

        def one():
            tp = rng.binomial(gold, ease)
            return np.stack([tp, rng.poisson(1.0, n), gold - tp], axis=1).astype(float)

        return one(), one(), labels if size > 1 else None

    return draw


def normal(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.normal(size=n)


def skewed(rng: np.random.Generator, n: int) -> np.ndarray:
    return np.minimum(rng.exponential(size=n), 5.0) - (1.0 - np.exp(-5.0))


def heavy(rng: np.random.Generator, n: int) -> np.ndarray:
    return np.clip(rng.standard_t(4, n), -5.0, 5.0)


def rubric(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.integers(1, 6, n) / 2.0 - 1.5


F1 = 2 * 2.0 / (2 * 2.0 + 1.0 + 1.0)  # E tp = 3 x 2/3, E fp = 1, E fn = 3 x 1/3

FIVE = (1.0, 5.0)
WIDE = (-12.0, 12.0)  # of real scores that are lowered by the margin: 'no worse' wants a scale


def ties(n: int, share: float, size: float, scale: tuple[float, float]) -> Case:
    name = (
        f"real, {n} items, {100 * (1 - share):.0f} % ties, losses of {size:g} on {scale[0]:g} to {scale[1]:g}"
    )
    truth = (scale[0] + scale[1]) / 2  # the scores lie symmetric, and so do the differences
    return Case(name, "real", rare_losses(n, share, size, scale, False), truth, True,
                rare_losses(n, share, size, scale, True), share * size, scale)  # fmt: skip


# fmt: off
CASES = [
    Case("0/1, 50 items", "binary", paired_binary(50, 0.7, 0.5), 0.7, True),
    Case("0/1, 200 items, a tenth lost", "binary", paired_binary(200, 0.7, 0.7), 0.7, True,
         paired_binary(200, 0.7, 0.7, LOSS)),
    Case("0/1, 200 items, mid-p", "binary", paired_binary(200, 0.7, 0.5), 0.7, mid_p=True),
    Case("0/1, 200 items, 95 % right", "binary", paired_binary(200, 0.95, 0.5), 0.95, True),
    Case("0/1, 1000 items", "binary", paired_binary(1000, 0.6, 0.7), 0.6, True),
    Case("0/1, 15 clusters of 4", "binary", clustered_binary(15, 4, 0.6, 0.7), 0.6, True),
    Case("0/1, 40 clusters of 5", "binary", clustered_binary(40, 5, 0.7, 0.7), 0.7),
    Case("0/1, 60 uneven clusters", "binary", clustered_binary(60, 5, 0.7, 0.7, True), 0.7),
    Case("0/1, 120 uneven clusters, 2 % of them lost", "binary", lost_clusters(120, 0.02, False), 0.99, True,
         lost_clusters(120, 0.02, True), 0.02, least=0.85, too_kind=0.06),
    Case("real, 12 items, normal", "real", real(12, normal), 0.0),
    Case("real, 12 items, heavy tails", "real", real(12, heavy), 0.0),
    Case("real, 20 items, mostly ties", "real", mostly_ties(20), 0.0, True),
    Case("real, 30 items, normal", "real", real(30, normal), 0.0),
    Case("real, 30 items, skewed", "real", real(30, skewed), 0.0),
    Case("real, 100 items, skewed", "real", real(100, skewed), 0.0),
    Case("real, 100 items, rubric levels", "real", real(100, rubric), 0.0),
    Case("real, 20 uneven clusters", "real", clustered_real(20, 5), 0.0),
    Case("real, 60 uneven clusters", "real", clustered_real(60, 5), 0.0),
    *[Case(f"real, {n} items, differences skewed", "real", rare_large(n), 0.0, cry=cry,
           lossy=rare_large(n, LOSS)) for n, cry in ((20, 0.1), (100, 0.065))],
    *[Case(f"real, {n} items, {100 - 100 * share:.0f} % at the ceiling", "real", at_the_ceiling(n, share),
           1 - share / 2, True, scale=(0.0, 1.0)) for n, share in ((20, 0.01), (250, 0.01), (64, 0.1))],
    *[ties(n, share, 2.0, FIVE) for n, share in ((8, 0.1), (24, 0.05), (64, 0.01), (250, 0.01), (250, 0.1))],
    *[ties(n, share, 0.5, (0.0, 1.0)) for n, share in ((24, 0.1), (100, 0.05), (250, 0.05))],
    *[Case(f"real, {n} items, 95 % ties, losses of 1 or 4", "real", two_sizes(n, 0.05, False),
           5.0 - 0.05 * 2.5 / 2, True, two_sizes(n, 0.05, True), 0.125, FIVE) for n in (24, 100, 250)],
    Case("F1, 25 documents", "counts", documents(25), F1),
    Case("F1, 100 documents", "counts", documents(100), F1),
    Case("F1, 100 documents in 50 clusters", "counts", documents(100, 2), F1),
    *[Case(f"F1, {n} documents, {100 - 100 * share:.0f} % ties", "counts", lost_documents(n, share, False),
           f1_lost(share / 2), True, lost_documents(n, share, True), f1_lost(0.0) - f1_lost(share))
      for n, share in ((24, 0.05), (24, 0.1), (100, 0.05), (250, 0.01))],
]
