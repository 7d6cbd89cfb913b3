"""Well-known tests of the same pair, to set beside the one that the verdict rests on. No verdict rests on these.

All come from a Difference alone: its discordant counts, its difference and its standard error.
"""

from scipy import special

from proctor.common.stats.binary import critical, mcnemar, mcnemar_midp
from proctor.common.stats.outcome import Difference

Figures = dict[str, float | int | None]


def references(difference: Difference) -> dict[str, Figures]:
    """By name: the paired t test, and for 0/1 scores McNemar's test in its four forms, which know no clusters."""
    tests = {"paired_t": paired_t(difference)}
    if difference.only_a is not None and difference.only_b is not None:
        tests |= mcnemars(difference.only_a, difference.only_b)
    return tests


def paired_t(difference: Difference) -> Figures:
    """t = difference / standard error on n - 1 degrees of freedom, clusters - 1 with clusters (Student 1908)."""
    freedom = difference.clusters - 1
    if freedom < 1 or not difference.se > 0.0:
        return {"statistic": None, "df": freedom, "p": None, "low": None, "high": None}
    t = difference.difference / difference.se
    reach = critical(difference.alpha, difference.clusters) * difference.se
    p = float(2.0 * special.stdtr(freedom, -abs(t)))
    low, high = difference.difference - reach, difference.difference + reach
    return {"statistic": t, "df": freedom, "p": p, "low": low, "high": high}


def mcnemars(only_a: int, only_b: int) -> dict[str, Figures]:
    """Exact and mid-p; chi-square on one degree (McNemar 1947), plain and with Edwards' correction (1948)."""
    both, apart = only_a + only_b, abs(only_a - only_b)
    plain = eased = None
    if both:
        plain, eased = apart**2 / both, max(apart - 1, 0) ** 2 / both
    return {
        "mcnemar_exact": {"p": float(mcnemar(only_a, only_b))},
        "mcnemar_midp": {"p": float(mcnemar_midp(only_a, only_b))},
        "mcnemar_chi2": {"statistic": plain, "df": 1, "p": _chi2_tail(plain)},
        "mcnemar_chi2_corrected": {"statistic": eased, "df": 1, "p": _chi2_tail(eased)},
    }


def _chi2_tail(statistic: float | None) -> float | None:
    if statistic is None:
        return None
    return float(special.chdtrc(1, statistic))
