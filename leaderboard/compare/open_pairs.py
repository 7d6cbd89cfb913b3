"""Which pairs are open while a suite is run until decided, and so which cells are asked on.

    open_cells(results, [("tiny-q8", "tiny")], ["word_problems"], None)

A pair is closed when its verdict is shown, corrected for its family as everywhere, and no better one is likely to
come ('better' after 'no worse', 'no worse' after 'worse'); or when the rest of the items would hardly show one. To
stop where there is little hope can only lower the error of what is shown.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from proctor.common.stats import Verdict
from proctor.common.stats.looks import chance_at_end
from proctor.harness.record import DecideRecord
from proctor.leaderboard.compare.comparison import Comparison
from proctor.leaderboard.compare.families import families_of
from proctor.leaderboard.compare.items import load_cells

# docs/statistics.md says what they save, and what they cost.
NO_HOPE_FROM, LITTLE_HOPE, LITTLE_HOPE_OF_BETTER = 0.5, 0.2, 0.1


def open_cells(
    results: Path, pairs: Iterable[tuple[str, str]], tasks: Sequence[str], decide: DecideRecord | None
) -> set[tuple[str, str]]:
    """By variant and task. A pair that cannot be compared is never decided, and a variant without a pair neither."""
    families, still = families_of(load_cells(results), tasks), set()
    for a, b in pairs:
        told = {}
        for task in tasks:
            family = families[task].comparisons
            told[task] = family.get((a, b)) or family.get((b, a))
        needless: tuple[str, ...] = ()
        if decide and _nobody_better(told.get(decide.primary)):
            needless = decide.guard
        for task, pair in told.items():
            better_is_asked = decide is not None and task == decide.primary
            if task not in needless and (pair is None or is_open(pair, better_is_asked)):
                still |= {(a, task), (b, task)}
    return still


def is_open(pair: Comparison, primary: bool) -> bool:
    """Whether another verdict may come. `primary`: 'no worse' is no answer there, since better is asked."""
    d, difference_shown = pair.difference, pair.verdict in (Verdict.BETTER, Verdict.WORSE)
    if pair.verdict == Verdict.BETTER or d.planned is None:
        return False
    share, hopes = d.n / d.planned, []
    if not difference_shown and (d.difference > 0.0 or pair.verdict != Verdict.NO_WORSE or primary):
        hopes.append(chance_at_end(pair.adjusted_p, share, d.alpha))
    if not primary and pair.verdict != Verdict.NO_WORSE and pair.adjusted_p_no_worse is not None:
        hopes.append(chance_at_end(pair.adjusted_p_no_worse, share, d.alpha, sides=1))
    answered = difference_shown or (pair.verdict == Verdict.NO_WORSE and not primary)
    if not answered and share < NO_HOPE_FROM:
        return True
    return max(hopes, default=0.0) >= (LITTLE_HOPE_OF_BETTER if answered else LITTLE_HOPE)


def _nobody_better(primary: Comparison | None) -> bool:
    """Then no guard is asked for: nothing takes the place of anything."""
    return (
        primary is not None
        and primary.verdict not in (Verdict.BETTER, Verdict.WORSE)
        and not is_open(primary, True)
    )
