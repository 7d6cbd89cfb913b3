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

ALPHA = 0.05
# docs/statistics.md says what they save, and what they cost.
NO_HOPE_FROM, LITTLE_HOPE, LITTLE_HOPE_OF_BETTER = 0.5, 0.25, 0.1


def open_cells(
    results: Path, pairs: Iterable[tuple[str, str]], tasks: Sequence[str], decide: DecideRecord | None
) -> set[tuple[str, str]]:
    """By variant and task. A pair that cannot be compared is never decided, and a variant without a pair neither."""
    known, still_open = {}, {}
    for task, family in families_of(load_cells(results), tasks).items():
        known[task] = family.comparisons
        better_is_asked = decide is not None and task == decide.primary
        still_open[task] = open_pairs([*family.comparisons.values()], better_is_asked)
    cells = set()
    for names in pairs:
        for task in tasks:
            pair = known[task].get(names) or known[task].get(names[::-1])
            needless = False
            if decide and task in decide.guard and decide.primary in known:
                primary = known[decide.primary].get(names) or known[decide.primary].get(names[::-1])
                needless = _nobody_better(primary, still_open[decide.primary])
            if not needless and (pair is None or pair in still_open[task]):
                cells |= {(name, task) for name in names}
    return cells


def open_pairs(family: Sequence[Comparison], better_is_asked: bool = False) -> list[Comparison]:
    """Those for which another verdict may come; 'no worse' is none where better is asked."""
    # Holm holds the next p against alpha over the number of those that are not shown yet.
    left = sum(pair.adjusted_p > ALPHA for pair in family)
    left_no_worse = sum((pair.adjusted_p_no_worse or 0.0) > ALPHA / 2 for pair in family)
    levels = ALPHA / max(1, left), ALPHA / max(1, left_no_worse)
    return [pair for pair in family if _is_open(pair, better_is_asked, *levels)]


def _is_open(pair: Comparison, better_is_asked: bool, level: float, level_no_worse: float) -> bool:
    d, difference_shown = pair.difference, pair.verdict in (Verdict.BETTER, Verdict.WORSE)
    no_worse_shown = pair.verdict == Verdict.NO_WORSE and not better_is_asked
    if pair.verdict == Verdict.BETTER or d.planned is None:
        return False
    share, hopes, answered = d.n / d.planned, [0.0], difference_shown or no_worse_shown
    if not difference_shown and (d.difference > 0.0 or not no_worse_shown):
        hopes.append(chance_at_end(d.p, share, level))
    if not better_is_asked and not no_worse_shown and d.p_no_worse is not None:
        hopes.append(chance_at_end(d.p_no_worse, share, level_no_worse, sides=1))
    if not answered and share < NO_HOPE_FROM:
        return True
    return max(hopes) >= (LITTLE_HOPE_OF_BETTER if answered else LITTLE_HOPE)


def _nobody_better(primary: Comparison | None, still_open: Sequence[Comparison]) -> bool:
    """Then no guard is asked for: nothing takes the place of anything."""
    if primary is None or primary in still_open:
        return False
    return primary.verdict not in (Verdict.BETTER, Verdict.WORSE)
