"""Where points and labels of the trade-off lie, checked by hand."""

from itertools import pairwise

import pytest

from leaderboard.charts import LINE, MOST_LABELS, Measured, frontier, ticks, tradeoff


def measured(name: str, mean: float, speed: float) -> Measured:
    return Measured(name, mean, mean - 0.1, mean + 0.1, speed)


def test_the_frontier_is_what_no_other_beats_in_both() -> None:
    found = [measured("good", 0.9, 10), measured("fast", 0.5, 100), measured("neither", 0.4, 50)]
    assert frontier(found) == {"good", "fast"}


def test_equals_stand_on_the_frontier_together() -> None:
    assert frontier([measured("a", 0.5, 10), measured("b", 0.5, 10)]) == {"a", "b"}


def test_equal_scores_leave_the_faster_one() -> None:
    assert frontier([measured("slow", 0.5, 10), measured("quick", 0.5, 11)]) == {"quick"}


@pytest.mark.parametrize(
    ("low", "high"), [(0.0, 1.0), (0.41, 0.44), (0.0, 4225.3), (-3.0, 7.0), (0.0, 0.003)]
)
def test_ticks_are_few_round_and_inside(low: float, high: float) -> None:
    found = ticks(low, high)
    assert 3 <= len(found) <= 8
    assert all(low <= value <= high + 1e-12 for value in found)


def test_labels_never_cover_each_other() -> None:
    chart = tradeoff([measured(f"variant-{i}", 0.5, 40) for i in range(5)], str, str)
    lines = sorted(float(point.label_y) for point in chart.points)
    assert all(b - a >= LINE for a, b in pairwise(lines))


def test_too_many_variants_keep_their_points_and_lose_labels() -> None:
    chart = tradeoff([measured(f"variant-{i}", 0.5 + i / 1000, 40) for i in range(40)], str, str)
    assert len(chart.points) == 40
    assert sum(point.anchor != "" for point in chart.points) == MOST_LABELS


def test_one_score_without_any_spread_is_drawn() -> None:
    assert tradeoff([Measured("a", 0.0, 0.0, 0.0, 5.0), Measured("b", 0.0, 0.0, 0.0, 6.0)], str, str).points
