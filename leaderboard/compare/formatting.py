"""How figures and verdicts are written. Every figure is rounded here and nowhere else, so that terminal, board and
report say the same digits.

    formatting.score(0.4375, task), formatting.unit(task)        # "43.8", "%"
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from math import isfinite

from proctor.common import counted
from proctor.common.stats import Estimate, Verdict
from proctor.harness.record import NOT_TOLD, GroupRecord, TaskRecord
from proctor.leaderboard.compare.comparison import Comparison


def score(value: float, task: TaskRecord, signed: bool = False) -> str:
    """In its own unit: per cent for shares, points on their scale otherwise."""
    low, high = task.scale
    if (low, high) == (0.0, 1.0):
        return percent(value, signed)
    digits = 4  # preferences between 1 and 2 need more than scores of 1 to 5
    if high - low >= 2:
        digits = 2
    return _rounded(value, digits, signed)


def percent(share: float, signed: bool = False) -> str:
    return _rounded(100 * share, 1, signed)


def _rounded(value: float, digits: int, signed: bool) -> str:
    figure = f"{value:+.{digits}f}"
    if not signed:
        figure = figure.removeprefix("+")
    return with_minus(figure)


def with_minus(figure: str) -> str:
    """A rounded figure with a real minus sign. What was rounded to nothing has no sign: there is no −0.0."""
    return figure.replace("-", "−") if figure.strip("+-0.") else figure.lstrip("+-")


def verdict(comparison: Comparison, task: TaskRecord, named: bool = False) -> str:
    """In words, with the other's name or without; 'no worse' never stands without the loss that it accepts."""
    subject, other, than = "", comparison.b, ""
    if comparison.said_of_b:
        subject, other = f"{comparison.b} ", comparison.a
    if named:
        than = f" than {other}"
    if named and comparison.verdict == Verdict.NOT_SHOWN:
        than = f" against {other}"
    if comparison.verdict == Verdict.NO_WORSE and comparison.difference.margin is not None:
        return f"{subject}no worse{than} (within {margin(comparison.difference.margin, task)})"
    return comparison.verdict + than


def group_words(group: GroupRecord) -> str:
    """acc 0.4127, acc_norm 0.4302"""
    return ", ".join(f"{name.removesuffix(',none')} {value:.4f}" for name, value in group.figures.items())


def margin(value: float, task: TaskRecord) -> str:
    """As the suite gives it, and not rounded as a score is: a margin of a quarter point is not one of 0.2."""
    amount, name = value, "points"
    if unit(task) == "%":
        amount = 100 * value
    if amount == 1:
        name = "point"
    return f"{amount:.6g} {name}"


def margins(comparisons: Iterable[Comparison], task: TaskRecord) -> str:
    """That of these comparisons: one, unless they come from several suites; empty where there is none."""
    values = {pair.difference.margin for pair in comparisons if pair.difference.margin is not None}
    return " or ".join(margin(value, task) for value in sorted(values))


def interval(low: float, high: float, task: TaskRecord, signed: bool = False) -> str:
    return f"{score(low, task, signed)} to {score(high, task, signed)}"


def estimate(value: Estimate, task: TaskRecord) -> str:
    """`43.8 (31.2 to 56.3)`."""
    return f"{score(value.mean, task)} ({interval(value.low, value.high, task)})"


def difference(comparison: Comparison, task: TaskRecord) -> str:
    return score(comparison.difference.difference, task, signed=True)


def difference_interval(comparison: Comparison, task: TaskRecord) -> str:
    return interval(comparison.difference.low, comparison.difference.high, task, signed=True)


def left_out(comparison: Comparison) -> str:
    """Empty where no item is."""
    return f"{counted(comparison.left_out, 'item')} left out" if comparison.left_out else ""


def after(comparison: Comparison) -> str:
    """Of a pair that was looked at before all items were there; empty of others."""
    d = comparison.difference
    if d.planned is None:
        return ""
    what = "decided"
    if comparison.verdict == Verdict.NOT_SHOWN:
        what = "not decided"
    return f"{what} after {d.n:,} of {d.planned:,} items"


def unit(task: TaskRecord) -> str:
    low, high = task.scale
    if not task.scale_stated:  # by an imported file
        return "on no stated scale"
    return "%" if (low, high) == (0.0, 1.0) else f"of {high:g}"


def response_score(value: float | None, task: TaskRecord) -> str:
    """One response's score: right and wrong where there is nothing in between."""
    if value is None:
        return "no score"
    if task.kind == "binary" and value in (0.0, 1.0):
        return ("wrong", "right")[int(value)]
    return f"{score(value, task)} {unit(task)}"


def tick(value: float, task: TaskRecord) -> str:
    """A round figure on an axis."""
    return with_minus(f"{100 * value if unit(task) == '%' else value:.6g}")


def plain(value: float | None) -> str:
    """A figure that is no headline: whole when it is whole, else three digits that count."""
    if value is None:
        return ""
    if value == int(value):
        return with_minus(f"{value:.0f}")
    return _three_digits(value, f"{value:.3g}")


def three_digits(value: float) -> str:
    """Three digits that count, the last of them a zero if need be; a count is whole."""
    if isinstance(value, int):
        return with_minus(f"{value}")
    return _three_digits(value, f"{value:#.3g}")


def _three_digits(value: float, small: str) -> str:
    return with_minus(f"{value:.0f}") if abs(value) >= 100 else with_minus(small)


def megabytes(size: int) -> str:
    return three_digits(1e-6 * size)


def aligned(column: Sequence[str]) -> list[str]:
    """Figures that stand to the right of their column, with room behind the shorter ones: all points in one line."""
    behind_point = [len(figure.partition(".")[2]) for figure in column if "." in figure]
    if not behind_point:
        return list(column)
    padded = []
    for figure in column:
        _, point, digits = figure.partition(".")
        room = "\u2007" * (max(behind_point) - len(digits))
        if figure and not point:
            room = "\u2008" + room  # as wide as a point, then as the digits behind it
        padded.append(figure and figure + room)
    return padded


def standard_error(value: float, task: TaskRecord) -> str:
    """With a digit more than the score; one item has none."""
    if not isfinite(value):
        return ""
    return f"{100 * value:.2f}" if unit(task) == "%" else f"{value:.3f}"


def points(value: float, task: TaskRecord) -> str:
    """A difference without its sign, in the unit of the score."""
    return f"{score(value, task)} points"


def key(comparison: Comparison) -> str:
    """The verdict's name in the style sheet, which adds colour to words only."""
    return comparison.verdict.name.lower().replace("_", "-")


def sign(comparison: Comparison) -> str:
    """The verdict as one letter, where there is no room for its word; what is said of the other has none."""
    if comparison.said_of_b:
        return "·"
    return {Verdict.WORSE: "▼", Verdict.BETTER: "▲", Verdict.NO_WORSE: "≈"}.get(comparison.verdict, "·")


def scored_by(task: TaskRecord) -> str:
    """Who scored, in words that do not promise more than it is."""
    if task.scored_by == "rules":
        return "Scored by rules."
    if task.judge_kind == "checklist":
        return "Scored by a checklist of rules; no model and no teacher has judged these responses."
    if task.scored_by == NOT_TOLD:
        return "Who scored them is not told by the source."
    # A judge of ours has a kind; another tool's scorer is called as that tool calls it.
    who = "judge" if task.judge_kind else "scorer"
    words = f"Scored by the {who} “{task.scored_by}”"
    if task.grader:
        words += f", asking {task.grader}"
    if task.self_grading:
        words += ". The model scored its own responses, as the suite allows"
    return words + "."


def when(time: str) -> str:
    """A time as people read it; what is none stays as it is."""
    try:
        moment = datetime.fromisoformat(time)
    except ValueError:
        return time
    return time if moment.tzinfo is None else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def probability(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def probability_of(pair: Comparison) -> str:
    """The p of what the verdict claims: of *no worse* it is the margin's; that of a difference would be near 1."""
    against_margin = pair.adjusted_p_no_better if pair.said_of_b else pair.adjusted_p_no_worse
    if pair.verdict == Verdict.NO_WORSE and against_margin is not None:
        return f"{probability(against_margin)} of a loss of the margin"
    return probability(pair.adjusted_p)


def percent_of_scale(value: float, task: TaskRecord) -> float:
    """Where a score lies on the task's scale, for a bar."""
    low, high = task.scale
    return 100 * min(1.0, max(0.0, (value - low) / (high - low)))
