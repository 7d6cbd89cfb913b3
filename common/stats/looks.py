"""Looking before all items are there: p and intervals that hold at any number of looks, after any items.

    compare_paired(a[:384], b[:384], kind="binary", planned=1319).p

The lead of one variant over the other, item by item, is a walk without drift where they are equally good. A walk is at
some step beyond a line twice as often as at its end (the reflection principle; Lévy's inequality where steps are not
alike). So whoever decides as soon as the lead would be enough at the end, although nothing more is gained or lost,
errs twice as often as who waits: p is twice that p. With z at a look, after a share t of the items, it is 4 Φ(−√t z):
the bound of O'Brien and Fleming (1979) for looks after every item, and stochastic curtailment (Lan, Simon & Halperin
1982) at a half. It takes the test's own p as it is: clusters, marks and counts are served by what serves all items.
"""

from dataclasses import replace
from math import exp, sqrt

from scipy import special

from proctor.common.refusal import Refusal
from proctor.common.stats.outcome import Difference

AT_ANY_LOOK = ", at any look"


def share_seen(n: int, planned: int) -> float:
    if planned < n:
        raise Refusal(f"{n} items of {planned} planned", remedy="'planned' is the number of all items")
    return n / planned


def level_of(share: float, alpha: float) -> float:
    """The two-sided level of one look, by which all looks together err in `alpha`.

    >>> round(level_of(1.0, 0.05), 6)
    0.025
    """
    # Student's quantiles of two clusters leave the range of numbers below this, which adds nothing to an error.
    return max(1e-30, 2.0 * float(special.ndtr(special.ndtri(alpha / 4.0) / sqrt(share))))


def p_at_any_look(p: float, share: float, sides: int = 2) -> float:
    """Of a two-sided p, or of a one-sided one."""
    return min(1.0, 2.0 * sides * float(special.ndtr(sqrt(share) * special.ndtri(p / sides))))


def at_any_look(difference: Difference, planned: int, alpha: float) -> Difference:
    """What was computed at the level of this look, held against `alpha` over all looks."""
    share, error = difference.n / planned, difference.p_error
    p = p_at_any_look(difference.p, share)
    if error:
        error = p_at_any_look(min(1.0, difference.p + error), share) - p
    tails: list[float | None] = [difference.p_no_worse, difference.p_no_better, difference.p_equivalent]
    for place, tail in enumerate(tails):
        if tail is not None:
            tails[place] = p_at_any_look(tail, share, 1)
    return replace(
        difference, p=p, p_error=error, p_no_worse=tails[0], p_no_better=tails[1], p_equivalent=tails[2],
        alpha=alpha, planned=planned, smallest_effect=None, items_needed=None,
        test=difference.test + AT_ANY_LOOK, interval=difference.interval + AT_ANY_LOOK,
    )  # fmt: skip


def chance_at_end(p: float, share: float, alpha: float = 0.05, sides: int = 2) -> float:
    """The chance that a p of these looks comes down to `alpha` (to half of it, of one side), if it goes on so.

    >>> round(chance_at_end(0.9, 0.5), 2)
    0.15
    """
    lead, line = 0.0, -special.ndtri(alpha / 4.0)
    if p < 1.0:  # 1 is all that is left of any larger one
        lead = -special.ndtri(p / (2.0 * sides))
    if share >= 1.0 or lead >= line:
        return float(lead >= line)
    return float(special.ndtr((lead / share - line) / sqrt(1.0 - share)))


def planned_items(items: int, alpha: float = 0.05, power: float = 0.8) -> tuple[float, float]:
    """Of `items` that a test at the end needs: how many must be planned for the same power, and how many are asked in
    the mean, where looks are dense and the effect is the planned one.
    """
    once, least, most = -special.ndtri(alpha / 2.0) + special.ndtri(power), 0.0, 40.0
    for _ in range(60):
        drift = (least + most) / 2.0
        if _over(1.0, drift, alpha) < power:
            least = drift
        else:
            most = drift
    planned, steps = items * (drift / once) ** 2, 1000
    waiting = sum(1.0 - _over((step + 0.5) / steps, drift, alpha) for step in range(steps))
    return float(planned), float(planned * waiting / steps)


def _over(share: float, drift: float, alpha: float) -> float:
    """The chance that a walk with drift was over the line by then (Bachelier 1900; Lévy 1939)."""
    line, root = -special.ndtri(alpha / 4.0), sqrt(share)
    # exp(2 line drift) Φ(x), which would leave the range of numbers as a product
    back = exp(2.0 * line * drift + special.log_ndtr((-line - drift * share) / root))
    return float(special.ndtr((drift * share - line) / root) + back)
