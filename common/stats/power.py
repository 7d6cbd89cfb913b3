"""Planning: the smallest effect that n items can show, and the items that an effect needs. Knows plain
numbers only.

`discordance` is the share of items on which exactly one of the two was right; `sd` is the standard
deviation of the per-item differences. Both come from a comparison already seen, or from a guess.
"""

from math import ceil, log2, sqrt

from proctor.common.refusal import Refusal
from proctor.common.stats.binary import critical, quantile


def paired_binary_effect(
    n: float, discordance: float, alpha: float = 0.05, power: float = 0.8
) -> float | None:
    """Smallest difference of proportions that n items show with `power`: paired_binary_items, turned round.

    An effect needs at least as much discordance as its own size, so where little or none was seen the
    discordance is taken to be the effect itself. None: no effect can be shown with so few items.
    """
    _check(alpha, power, n=n)
    _share(discordance)
    low, high = 0.0, 1.0
    z_alpha, z_power, fewest = critical(alpha), quantile(power), _fewest(alpha)
    if _binary_items(high, discordance, z_alpha, z_power, fewest) > n:
        return None
    for _ in range(45):
        middle = (low + high) / 2
        if _binary_items(middle, discordance, z_alpha, z_power, fewest) > n:
            low = middle
        else:
            high = middle
    return high


def paired_binary_items(effect: float, discordance: float, alpha: float = 0.05, power: float = 0.8) -> int:
    """Items needed to show a difference of proportions by exact McNemar (Miettinen 1968; Connor 1987).

    With a continuity correction of the kind of Casagrande, Pike & Smith (1978), without which the exact test
    has 77 % power where 80 % was asked for; a test holds the result against the exact power.
    """
    _check(alpha, power)
    _share(discordance)
    if not 0.0 < abs(effect) <= 1.0:
        raise Refusal(f"effect {effect:g} of a 0/1 score is not in (0, 1]; give a difference of shares")
    items = _binary_items(abs(effect), discordance, critical(alpha), quantile(power), _fewest(alpha))
    return ceil(items - 1e-9)


def _binary_items(effect: float, discordance: float, z_alpha: float, z_power: float, fewest: int) -> float:
    apart = max(discordance, effect)
    root = z_alpha * sqrt(apart) + z_power * sqrt(apart - effect**2)
    # No correction where all discordant pairs fall on one side: nothing is left to chance there.
    return max((root / effect) ** 2 + 2.0 / effect * (1.0 - effect / apart), fewest)


def _fewest(alpha: float) -> int:
    """Fewer discordant pairs than this are never significant, whichever way they fall."""
    return ceil(1.0 - log2(alpha) - 1e-9)


def paired_real_effect(n: int, sd: float, alpha: float = 0.05, power: float = 0.8) -> float:
    """Smallest mean difference shown with `power`: (t_alpha + t_power) sd / sqrt(n) (Bloom 1995)."""
    _check(alpha, power, n=n)
    if n < 2:
        raise Refusal(f"{n} items; at least 2 are needed")
    return float(critical(alpha, n) + quantile(power, n)) * _spread(sd) / sqrt(n)


def paired_real_items(effect: float, sd: float, alpha: float = 0.05, power: float = 0.8) -> int:
    """Items needed to show a mean difference: normal theory plus half a squared quantile (Guenther 1981)."""
    _check(alpha, power)
    if not abs(effect) > 0.0:
        raise Refusal("an effect of 0 needs endless items; give the smallest difference that matters")
    z_alpha = critical(alpha)
    plain = ((z_alpha + quantile(power)) * _spread(sd) / effect) ** 2
    return max(2, ceil(plain + z_alpha**2 / 2 - 1e-9))


def _check(alpha: float, power: float, n: float = 1) -> None:
    if not 0.0 < alpha < 1.0:
        raise Refusal(f"alpha {alpha:g} is not between 0 and 1; 0.05 is usual")
    if not alpha < power < 1.0:
        raise Refusal(f"power {power:g} is not between alpha and 1; 0.8 is usual")
    if n < 1:
        raise Refusal(f"{n:g} items; at least 1 is needed")


def _share(discordance: float) -> None:
    if not 0.0 <= discordance <= 1.0:
        raise Refusal(f"discordance {discordance:g} is not a share between 0 and 1")


def _spread(sd: float) -> float:
    if not 0.0 <= sd < float("inf"):
        raise Refusal(f"standard deviation {sd:g} is not a number of 0 or more")
    return sd
