"""Drawings through vl-convert: what they show, that they are the same twice, that text stays text."""

import re
from itertools import pairwise
from xml.etree import ElementTree

import altair
import pytest
from jsonschema import ValidationError

from proctor.leaderboard.board import charts, escape, plots
from proctor.leaderboard.board.charts import LABEL, MOST_LABELS, ChartPoint, frontier
from proctor.leaderboard.compare import formatting
from proctor.leaderboard.compare.items import load_cells
from proctor.leaderboard.compare.ranking import ranking
from tests.support.boards import DEMO


def measured(name: str, mean: float, cost: float) -> ChartPoint:
    return ChartPoint(name, mean, mean - 0.1, mean + 0.1, cost)


def texts_of(svg: str) -> list[str]:
    return [one.text or "" for one in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def test_the_frontier_is_what_no_other_beats_in_both() -> None:
    found = [measured("good", 0.9, 10), measured("fast", 0.5, 100), measured("neither", 0.4, 50)]
    assert frontier(found) == {"good", "fast"}


def test_where_less_is_better_the_frontier_turns_round() -> None:
    found = [measured("good", 0.9, 100), measured("small", 0.5, 10), measured("neither", 0.4, 50)]
    assert frontier(found, more_is_better=False) == {"good", "small"}


def test_equals_stand_on_the_frontier_together() -> None:
    assert frontier([measured("a", 0.5, 10), measured("b", 0.5, 10)]) == {"a", "b"}


def test_equal_scores_leave_the_faster_one() -> None:
    assert frontier([measured("slow", 0.5, 10), measured("quick", 0.5, 11)]) == {"quick"}


def test_labels_never_cover_each_other() -> None:
    lines = sorted(at for _, _, at, _ in charts._labels([(f"variant-{i}", 40.0, 100.0) for i in range(5)]))
    assert all(b - a >= LABEL for a, b in pairwise(lines))


def test_labels_stay_clear_of_the_ends_of_intervals() -> None:
    bars = [(40.0, 50.0, 150.0), (60.0, 98.0, 200.0), (300.0, 20.0, 180.0)]
    (label,) = charts._labels([("variant", 40.0, 100.0)], bars)
    assert label[2] < 98.0, "to the right, the label would hide where the second interval ends"
    (crossing,) = charts._labels(
        [("a-long-name-of-a-variant", 200.0, 100.0)], [(x, 0.0, 300.0) for x in range(20, 600, 30)]
    )
    assert crossing[2] == 100.0, "where it must, it crosses an interval"


def test_too_many_variants_keep_their_points_and_lose_labels() -> None:
    found = [measured(f"variant-{i}", 0.5 + i / 1000, 40) for i in range(40)]
    drawn = charts.svg(charts.tradeoff(found, "score", "speed"), "many")
    assert 1 <= sum(text.startswith("variant-") for text in texts_of(drawn)) <= MOST_LABELS
    points = re.search(r'<g class="mark-symbol.*?</g>', drawn)
    assert points
    assert points[0].count("<path") == 40


CHARTS = {
    "tradeoff": charts.tradeoff([measured("a", 40, 3), measured("b", 50, 1)], "accuracy, %", "speed"),
    "curves": charts.curves(
        [("one", [measured("a", 40, 100), measured("b", 50, 2000)]), ("two", [measured("c", 41, 100)])],
        "accuracy, %",
        "examples",
    ),
    "loss": charts.loss([(1, 2.5), (2, 1.5), (3, 1.2)]),
    "scores": charts.scores([measured("a", 40, 0), measured("b", 50, 0)], "accuracy, %"),
    "differences": charts.scores([measured("a", 4, 0), measured("b", -5, 0)], "difference", 0),
}


@pytest.mark.parametrize("name", CHARTS)
def test_a_drawing_is_valid_by_the_schema_of_vega_lite(name: str) -> None:
    altair.LayerChart.validate(CHARTS[name])
    with pytest.raises(ValidationError):
        altair.LayerChart.validate(CHARTS[name] | {"layer": [{"mark": "blot"}]})


AXES = {
    "tradeoff": {"accuracy, %", "speed"},
    "curves": {"accuracy, %", "examples"},
    "loss": {"training step", "training loss, nats per token"},
    "scores": {"variant", "accuracy, %"},
    "differences": {"variant", "difference"},
}


@pytest.mark.parametrize("name", CHARTS)
def test_both_axes_of_every_drawing_have_a_label(name: str) -> None:
    assert set(texts_of(charts.svg(CHARTS[name], "A title"))) >= AXES[name]


def test_a_drawing_of_a_task_says_task_figure_and_unit_on_its_axis() -> None:
    ranked = ranking(load_cells(DEMO), "tiny")
    for task, about in ranked.tasks.items():
        pairs = list(ranked.pairs[task].family.comparisons.values())
        drawn = plots.differences(pairs, about), plots.scores(ranked, task)
        difference, score = (charts.svg(plot.spec, "") for plot in drawn if plot)
        words = f"{about.title}: difference in {about.headline}, points (95 % interval)"
        assert {words, "pair"} <= set(texts_of(difference))
        words = f"{about.headline}, {formatting.unit(about)} (95 % interval)"
        assert {words, "variant"} <= set(texts_of(score))


@pytest.mark.parametrize("name", CHARTS)
def test_a_drawing_is_the_same_twice_and_names_no_host(name: str) -> None:
    drawn = charts.svg(CHARTS[name], "A title", "About it")
    assert drawn == charts.svg(CHARTS[name], "A title", "About it")
    assert charts.png(drawn) == charts.png(drawn)
    assert charts.png(drawn).startswith(b"\x89PNG")
    assert set(re.findall(r'"(https?:[^"]*)"', drawn)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }


@pytest.mark.parametrize("name", CHARTS)
def test_a_drawing_in_a_page_has_the_pages_colours_and_a_title(name: str) -> None:
    drawn = charts.inline(charts.svg(CHARTS[name], "A <title>", "About & more"))
    assert "<title>A &lt;title&gt;</title><desc>About &amp; more</desc>" in drawn
    assert 'role="img"' in drawn
    assert not re.findall(r'(?:fill|stroke)="#[0-9a-f]{6}"', drawn)
    assert "var(--blue)" in drawn
    assert "style=" not in drawn  # the page's content security policy forbids it
    assert charts.FONT not in drawn
    assert "http" not in drawn


@pytest.mark.parametrize(
    "name",
    ["<script>alert(1)</script>", '"><image href="http://x.y/"/>', "a\u202eb", "]]>", "&amp;", "🙂" * 50],
)
def test_hostile_names_are_text_in_a_drawing(name: str) -> None:
    shown = escape.line(name)
    spec = charts.tradeoff([measured(shown, 40, 3), measured("b", 50, 1)], shown, shown)
    drawn = charts.svg(spec, shown, shown)
    tags = {one.tag.rpartition("}")[2] for one in ElementTree.fromstring(drawn).iter()}
    assert tags <= {"svg", "g", "path", "text", "line", "rect", "title", "desc"}
    assert shown in texts_of(drawn)


def test_a_data_address_in_a_chart_is_refused() -> None:
    spec = {"data": {"url": "http://127.0.0.1:9/x.json"}, "mark": "bar", "encoding": {}}
    with pytest.raises(ValueError, match=r"(?i)allowed"):
        charts.svg(spec, "x")


def test_one_score_without_any_spread_is_drawn() -> None:
    flat = [ChartPoint("a", 0.0, 0.0, 0.0, 5.0), ChartPoint("b", 0.0, 0.0, 0.0, 6.0)]
    assert "var(--blue)" in charts.inline(charts.svg(charts.tradeoff(flat, "x", "y"), "t"))
    assert "var(--blue)" in charts.inline(charts.svg(charts.scores(flat[:1], "x"), "t"))
    assert "var(--blue)" in charts.inline(charts.svg(charts.curves([("s", flat)], "x", "y"), "t"))


def test_costs_of_nothing_are_drawn() -> None:
    free = [ChartPoint("a", 1.0, 0.5, 2.0, 0.0), ChartPoint("b", 2.0, 1.5, 3.0, 0.0)]
    assert "var(--blue)" in charts.inline(charts.svg(charts.tradeoff(free, "x", "y"), "t"))
