"""The board's first page: the answer in a sentence, its picture, the table, and what each word on it means."""

import re
from dataclasses import replace
from math import isclose
from pathlib import Path

import pytest

from proctor.common.stats import Verdict
from proctor.harness import record
from proctor.leaderboard.board import site
from proctor.leaderboard.board.pages.index import leading
from proctor.leaderboard.board.pages.lineage import MOST_STEPS, round_values, waterfall
from proctor.leaderboard.compare import formatting
from proctor.leaderboard.compare.costs import costs_of
from proctor.leaderboard.compare.items import load_cells
from proctor.leaderboard.compare.ranking import Ranking, ranking
from tests.support.board_pages import Links, text_of
from tests.support.board_results import change, rows_of, write
from tests.support.boards import DEMO, demo_board


def ranked(results: Path, baseline: str | None = None) -> Ranking:
    return ranking(load_cells(results), baseline)


def scored(results: Path, name: str, right: int, of: int = 60, parent: str | None = None) -> None:
    """A variant that gets the first so many items right, with an own response to each."""
    rows = rows_of(name, "word_problems", of)
    rows = [replace(row, score=float(at < right)) for at, row in enumerate(rows)]
    write(results, rows, parent=parent)


def page_of(results: Path, baseline: str | None = None) -> str:
    return text_of(site.build(results, results.parent / "board", baseline).parent, "index.html")


def test_the_first_page_begins_with_the_gain_that_is_shown_in_the_digits_of_the_table() -> None:
    page = text_of(demo_board(), "index.html")
    (pair,) = [
        score.comparison
        for name, score in ranked(DEMO).scores("word_problems").items()
        if score.comparison and name == "tiny-lora"
    ]
    assert pair.verdict == Verdict.BETTER
    about = ranked(DEMO).tasks["word_problems"]
    gain = formatting.difference(pair, about).removeprefix("+")
    sentence = f"tiny-lora gains {gain} points on Word problems over its parent tiny From"
    assert sentence in page
    assert page.index(sentence) < page.index("Ranking Filter the rows")
    assert f"95 % interval of the difference {formatting.difference_interval(pair, about)}" in page


def test_the_largest_gain_is_said_and_a_loss_where_there_is_none(tmp_path: Path) -> None:
    scored(tmp_path / "r", "base", 20)
    scored(tmp_path / "r", "tuned", 45, parent="base")
    scored(tmp_path / "r", "better", 55, parent="base")
    pair = leading(ranked(tmp_path / "r"), "word_problems")
    assert pair
    assert (pair.a, pair.b, pair.verdict) == ("better", "base", Verdict.BETTER)
    scored(tmp_path / "loss", "base", 50)
    scored(tmp_path / "loss", "copy", 50, parent="base")
    scored(tmp_path / "loss", "bad", 20, parent="base")
    scored(tmp_path / "loss", "worst", 5, parent="base")
    assert "worst loses 75.0 points on Word problems against its parent base" in page_of(tmp_path / "loss")


def test_of_a_baseline_it_does_not_speak_as_of_a_parent(tmp_path: Path) -> None:
    scored(tmp_path / "r", "base", 20)
    scored(tmp_path / "r", "other", 50)
    assert "other gains 50.0 points on Word problems over the baseline base" in page_of(
        tmp_path / "r", "base"
    )


def test_without_a_shown_difference_the_highest_score_is_said_and_that_no_step_is_shown(
    tmp_path: Path,
) -> None:
    scored(tmp_path / "r", "base", 2, of=4)
    scored(tmp_path / "r", "tuned", 3, of=4, parent="base")
    page = page_of(tmp_path / "r")
    assert leading(ranked(tmp_path / "r"), "word_problems") is None
    assert "tuned scores highest on Word problems : 75.0 %" in page
    assert "Not shown : a gain or a loss of any variant against the one that it came from." in page


def test_a_flagged_row_is_not_the_answer(tmp_path: Path) -> None:
    scored(tmp_path / "r", "base", 5)
    rows = [replace(row, response="42", score=1.0) for row in rows_of("canned", "word_problems", 60)]
    write(tmp_path / "r", rows, parent="base")
    assert ranked(tmp_path / "r").scores("word_problems")["canned"].flag
    assert leading(ranked(tmp_path / "r"), "word_problems") is None
    page = page_of(tmp_path / "r")
    assert "base scores highest" in page
    assert "canned flagged" in page  # in the picture too


def test_a_bar_goes_from_the_parents_mean_to_its_own_and_the_interval_is_the_differences() -> None:
    fall = waterfall(ranked(DEMO), "word_problems")
    steps = {step.node.variant: step for step in fall.steps}
    pair, base = steps["tiny-lora"].pair, steps["tiny"]
    assert pair
    assert base.pair is None
    assert base.start == base.end
    d, width = pair.difference, steps["tiny-lora"].end - steps["tiny-lora"].start
    scale = width / d.difference
    assert isclose(steps["tiny-lora"].start, base.end)
    assert isclose(steps["tiny-lora"].low, steps["tiny-lora"].start + scale * d.low)
    assert isclose(steps["tiny-lora"].high, steps["tiny-lora"].start + scale * d.high)
    ticks = dict(zip([words for _, words in fall.ticks], [place for place, _ in fall.ticks], strict=True))
    assert isclose(ticks["30"] + scale * 0.2, ticks["50"])
    assert sum(fall.signs.values()) == len(fall.steps) - 1


def test_a_picture_of_one_of_equals_and_of_none(tmp_path: Path) -> None:
    scored(tmp_path / "one", "alone", 0, of=1)
    (step,) = waterfall(ranked(tmp_path / "one"), "word_problems").steps
    assert 0 < step.low <= step.end <= step.high < 100
    for name in ("a", "b"):
        scored(tmp_path / "equal", name, 60, parent=None if name == "a" else "a")
    for step in waterfall(ranked(tmp_path / "equal"), "word_problems").steps:
        assert 0 <= step.low <= step.end <= step.high <= 100
    failed = [replace(row, status="error", score=None, metrics={}) for row in rows_of("x", "word_problems")]
    write(tmp_path / "none", failed)
    assert waterfall(ranked(tmp_path / "none"), "word_problems").steps == []
    assert "Word problems : no figure to go by yet" in page_of(tmp_path / "none")


def test_of_many_variants_the_best_are_drawn_and_the_others_counted(tmp_path: Path) -> None:
    for at in range(MOST_STEPS + 3):
        scored(tmp_path, f"v{at:02}", 10 + at, parent="v00" if at else None)
    fall = waterfall(ranked(tmp_path), "word_problems")
    assert len(fall.steps) == MOST_STEPS
    assert fall.left_out == 3
    assert {step.node.variant for step in fall.steps} == {f"v{at:02}" for at in range(3, MOST_STEPS + 3)}


@pytest.mark.parametrize(
    ("low", "high", "values"),
    [
        (0.0, 1.0, [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (0.013, 0.134, [0.05, 0.1]),
        (1.02, 1.65, [1.2, 1.4, 1.6]),
        (-3.0, 4.0, [-2.0, 0.0, 2.0, 4.0]),
        (0.5, 0.5, []),
        (0.6, 0.5, []),
    ],
)
def test_an_axis_has_a_few_round_values(low: float, high: float, values: list[float]) -> None:
    assert round_values(low, high) == pytest.approx(values)


def test_every_row_has_the_command_that_makes_it_again_unless_it_came_from_elsewhere(tmp_path: Path) -> None:
    for task in ("word_problems", "concepts"):
        write(tmp_path / "r", rows_of("own", task))
        write(tmp_path / "r", rows_of("foreign", task))
        change(tmp_path / "r", "own", task, suite="first" if task == "concepts" else "second")
        change(
            tmp_path / "r", "foreign", task, suite="first", origin={"kind": "lm-eval", "files": ["x.json"]}
        )
    site.build(tmp_path / "r", tmp_path / "board")
    rows = dict(
        re.findall(
            r'<tr data-variant="(\w+)" data-find.*?<td class="again"[^>]*>(.*?)</td>',
            (tmp_path / "board" / "index.html").read_text(),
            re.S,
        )
    )
    command = "proctor run first --only own &amp;&amp; proctor run second --only own"
    assert f"<code data-copy>{command}</code>" in rows["own"]
    assert "not known" in rows["foreign"]


def test_size_and_speed_stand_in_the_table(tmp_path: Path) -> None:
    write(tmp_path / "r", rows_of("a", "word_problems"))
    costs = {"size_bytes": 4_210_000, "tokens_per_second": 512.0, "tokens_out": 512}
    change(tmp_path / "r", "a", "word_problems", **costs)
    page = page_of(tmp_path / "r")
    assert "Speed, tokens/s Size, MB" in page
    assert "512 4.21" in page


def test_what_was_answered_within_a_second_has_no_speed(tmp_path: Path) -> None:
    write(tmp_path / "r", rows_of("a", "word_problems"))
    costs = {"size_bytes": 4_210_000, "tokens_per_second": 512.0, "tokens_out": 511}
    change(tmp_path / "r", "a", "word_problems", **costs, seconds_per_item=0.1, wall_seconds=0.999)
    cell = record.read(tmp_path / "r", "a", "word_problems")
    assert list(costs_of(cell)) == ["size_bytes"]
    assert "tokens/s" not in page_of(tmp_path / "r")


def test_every_term_on_every_page_leads_to_its_meaning_there() -> None:
    count = 0
    for path in demo_board().rglob("*.html"):
        page = path.read_text(encoding="utf-8")
        links = Links()
        links.feed(page)
        terms = {link for link in links.found if link.startswith("#word-")}
        assert terms <= {f"#{name}" for name in re.findall(r'<dt id="([\w-]+)">', page)}, path.name
        count += len(terms)
    assert count > 20


def test_the_marks_of_a_drawing_know_whose_they_are() -> None:
    page = (demo_board() / "tradeoff.html").read_text(encoding="utf-8")
    drawing = page[page.index("<svg") : page.index("</svg>")]
    assert drawing.count('data-variant="tiny-lora"') >= 2  # its interval and its point
    assert "aria-label" not in drawing
