"""Several tasks as one: the mean of their differences, with the interval that follows from each task's own.

    over_all([Part(on_gsm8k, (0.0, 1.0), 0), Part(on_plans, (1.0, 5.0), 1)]).low

Each task is a stratum: its items say nothing of another task's. So the distances from difference to limit add up as
squares (Zou & Donner 2008), on either side for itself. An interval that reckons with what was not seen hands that on,
and none has zero width. Tasks of one group share sources, such as a problem in two languages: there the distances
themselves are added, which is right however much they go together. Draws nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from scipy import special

from proctor.common.stats.binary import critical
from proctor.common.stats.outcome import Difference
from proctor.common.stats.power import paired_real_effect
from proctor.common.stats.units import Scale


@dataclass(frozen=True)
class Part:
    """A pair's difference on one task, where that task's scores can lie, and the group whose sources it shares."""

    difference: Difference
    scale: Scale
    group: int

    def share(self, amount: float) -> float:
        """So much of the scale."""
        return amount / (self.scale[1] - self.scale[0])


def over_all(parts: Sequence[Part]) -> Difference:
    """The mean difference in shares of each task's scale, every task counting alike. A margin where all have one."""
    every = [part.difference for part in parts]
    gap = _mean([part.share(part.difference.difference) for part in parts])
    below = _spread(parts, [part.difference.difference - part.difference.low for part in parts])
    above = _spread(parts, [part.difference.high - part.difference.difference for part in parts])
    se = _spread(parts, [part.difference.se for part in parts])
    # Tails are Student's for the task with the fewest units, and meet the interval's limits at its own alpha.
    alpha, groups = every[0].alpha, max(2, min(difference.clusters for difference in every))
    reach = critical(alpha, groups)

    def tail(distance: float, side: float) -> float:
        if side <= 0.0:
            return float(distance <= 0.0)
        return float(special.stdtr(groups - 1, -distance * reach / side))

    margin = p_no_worse = p_no_better = p_equivalent = effect = None
    margins = [part.share(part.difference.margin) for part in parts if part.difference.margin is not None]
    if len(margins) == len(parts):
        margin = _mean(margins)
        p_no_worse, p_no_better = tail(margin + gap, below), tail(margin - gap, above)
        p_equivalent = max(p_no_worse, p_no_better)
    # What the test goes by: where nothing was seen to differ, se would promise much.
    wider = max(below, above) / reach
    if wider > 0.0:
        effect = paired_real_effect(groups, wider * sqrt(groups), alpha)
    return Difference(
        kind="real", n=sum(each.n for each in every), clusters=sum(each.clusters for each in every),
        mean_a=_mean([part.share(part.difference.mean_a - part.scale[0]) for part in parts]),
        mean_b=_mean([part.share(part.difference.mean_b - part.scale[0]) for part in parts]),
        difference=gap, se=se, low=gap - below, high=gap + above,
        p=min(1.0, 2.0 * tail(abs(gap), below if gap > 0.0 else above)),
        test=f"t on the intervals of {len(parts)} tasks", p_made="normal limit", p_error=None,
        interval="the tasks' intervals, squares added", only_a=None, only_b=None, alpha=alpha,
        smallest_effect=effect, items_needed=None, margin=margin, p_no_worse=p_no_worse, p_equivalent=p_equivalent,
        p_no_better=p_no_better,
    )  # fmt: skip


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _spread(parts: Sequence[Part], distances: Sequence[float]) -> float:
    """Of the mean: added within a group of tasks that share sources, by squares between groups."""
    by_group: dict[int, float] = {}
    for part, distance in zip(parts, distances, strict=True):
        by_group[part.group] = by_group.get(part.group, 0.0) + part.share(distance)
    return sqrt(sum(distance**2 for distance in by_group.values())) / len(parts)
