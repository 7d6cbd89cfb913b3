"""What fits on a phone: bytes of weights and cache against its memory, the speeds measured there, and the score."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain

from proctor.common.stats import Verdict
from proctor.harness.record import DeviceRecord, Devices, DeviceTest
from proctor.leaderboard.compare.ranking import Ranking, RankingRow

PHONES = (4, 6, 8, 12)  # GB of memory
ASKED = 6  # of the sentence on the first page
PART = 0.5  # of a phone's memory for one model: a rule of thumb, for the system and other apps have the rest
GB = 1_000_000_000


@dataclass(frozen=True)
class Fit:
    """A row that llama.cpp serves. `cache` is None where its results do not tell the model's layers."""

    row: RankingRow
    weights: int
    cache: int | None
    speeds: Mapping[str, DeviceTest]

    def on(self, phone: int) -> bool | None:
        """Whether it fits; None where that is not known."""
        if self.weights > PART * phone * GB:
            return False
        return None if self.cache is None else self.weights + self.cache <= PART * phone * GB

    @property
    def smallest(self) -> int | None:
        """The least memory of a phone on which it fits; None where it fits on none, or that is not known."""
        return next((phone for phone in PHONES if self.on(phone)), None)


@dataclass(frozen=True)
class WhatFits:
    """`no_worse` are those on a phone of ASKED GB that are shown to be no worse than each parent on every task."""

    fits: list[Fit]
    devices: list[str]
    no_worse: list[str]
    fitting: int  # on such a phone
    with_parent: int  # of these, those with a parent to be compared with
    unknown: int  # those of which it is not known
    phones: tuple[int, ...] = PHONES
    asked: int = ASKED


def page(ranking: Ranking, devices: Devices) -> WhatFits | None:
    """None where no row is a GGUF."""
    fits = [fit for row in ranking.rows if (fit := _fit(row, devices.get(row.variant, {})))]
    if not fits:
        return None
    small = [fit.row for fit in fits if fit.on(ASKED)]
    compared = [row for row in small if row.resolved.parents]
    no_worse = [row.variant for row in compared if _no_worse(ranking, row)]
    names = sorted(set(chain.from_iterable(fit.speeds for fit in fits)))
    unknown = sum(fit.on(ASKED) is None for fit in fits)
    return WhatFits(fits, names, no_worse, len(small), len(compared), unknown)


def _fit(row: RankingRow, devices: Mapping[str, DeviceRecord]) -> Fit | None:
    runs = [score.run for score in row.scores.values()]
    sizes = {run.costs.size_bytes for run in runs} - {None}
    if row.resolved.engine != "llamacpp" or not sizes:
        return None
    caches = {run.gguf.cache_bytes for run in runs if run.gguf}
    caches |= {run.base_settings.cache_bytes for run in runs if run.base_settings}
    files = {(run.gguf.parameters, run.gguf.tensor_bytes) for run in runs if run.gguf}
    speeds = {}
    for name, device in devices.items():
        test = device.best(generated=True)
        if test and files == {(device.parameters, device.tensor_bytes)}:  # of this file, and no earlier one
            speeds[name] = test
    return Fit(row, max(filter(None, sizes)), max(filter(None, caches), default=None), speeds)


def _no_worse(ranking: Ranking, row: RankingRow) -> bool:
    """Better, or no worse within the margin, than each parent on every task that it answered. Whoever answers without
    regard to the items shows nothing.
    """
    for parent in row.resolved.parents:
        for task, score in row.scores.items():
            other = ranking.scores(task).get(parent)
            pair = ranking.pairs[task].family.seen(row.variant, parent)
            if other is None or pair is None or score.flag or other.flag or pair.said_of_b:
                return False
            if pair.verdict not in (Verdict.BETTER, Verdict.NO_WORSE):
                return False
    return True
