"""How sure, and how right: the measures that rows allow, one family a measure, and no praise for a confident fool."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from proctor.common.stats import Verdict
from proctor.common.stats.calibration import calibration
from proctor.leaderboard.board import site
from proctor.leaderboard.compare.confidence import MEASURES, confidences_of, family_of, figures_of
from proctor.leaderboard.compare.figures import figures_of as figures_beside
from proctor.leaderboard.compare.items import load_cells
from tests.support.board_results import rows_of, write

BY_NAME = {measure.metric: measure for measure in MEASURES}
TASK = "word_problems"


def stated(
    results: Path, variant: str, right: list[int], sure: list[float], parent: str | None = None
) -> None:
    rows = [
        replace(row, cluster=row.sample_id, score=float(score), metrics={"stated_confidence": confidence})
        for row, score, confidence in zip(rows_of(variant, TASK, len(right)), right, sure, strict=True)
    ]
    write(results, rows, parent=parent)


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """200 items of which 120 are right: `plain` is always 60 % sure; `knows` knows which; `fool` is always sure."""
    right = [1, 1, 1, 0, 0] * 40
    stated(tmp_path, "plain", right, [0.6] * 200)
    stated(tmp_path, "knows", right, [0.9 if score else 0.1 for score in right], "plain")
    stated(tmp_path, "fool", right, [1.0] * 200, "plain")
    # More right answers and a slightly better Brier score, but sure of everything.
    stated(tmp_path, "lucky", [1] * 180 + [0] * 20, [0.99] * 200, "plain")
    return tmp_path


def family(results: Path, metric: str = "stated_confidence"):
    cells = load_cells(results)
    of = {v: confidences_of(cell, cell.rows()) for (v, _), cell in cells.items()}
    measured = {variant: mine[metric] for variant, mine in of.items() if metric in mine}
    return family_of(BY_NAME[metric], TASK, cells, measured).comparisons


def test_pairs_are_compared_on_the_brier_score_as_one_family(world):
    told = family(world)
    assert {one.family for one in told.values()} == {6}
    knows = told["knows", "plain"]
    assert knows.difference.difference == pytest.approx(0.24 - 0.01)
    assert knows.verdict == Verdict.BETTER
    assert told["fool", "knows"].verdict == told["fool", "plain"].verdict == Verdict.WORSE


def test_a_variant_that_is_surer_than_right_is_not_called_better(world):
    lucky = family(world)["lucky", "plain"]
    assert lucky.difference.difference > 0
    assert lucky.adjusted_p < 0.05
    assert calibration([0.99] * 200, [1] * 180 + [0] * 20).is_refuted
    assert lucky.verdict == Verdict.NOT_SHOWN


def test_rows_without_a_confidence_are_counted_and_rows_without_a_score_are_left_out(tmp_path):
    rows = rows_of("v", TASK, 12)
    metrics = [{"stated_confidence": 0.5}] * 9 + [
        {},
        {"stated_confidence": float("nan")},
        {"stated_confidence": 0.9},
    ]
    rows = [replace(row, metrics=one) for row, one in zip(rows, metrics, strict=True)]
    rows[11] = replace(rows[11], score=None, status="error")
    write(tmp_path, rows)
    ((_, cell),) = load_cells(tmp_path).items()
    found = confidences_of(cell, cell.rows())
    assert list(found) == ["stated_confidence"]
    assert (len(found["stated_confidence"].keys), found["stated_confidence"].without) == (9, 2)


def epochs(variant: str, answers: list[str], target: str) -> list:
    (row,) = rows_of(variant, TASK, 1)
    return [
        replace(
            row, epoch=n, answer=answer, target=target, score=float(answer == target),
            status="ok" if answer else "unparsed", metrics={},
        )
        for n, answer in enumerate(answers, 1)
    ]  # fmt: skip


def test_several_answers_to_an_item_agree_wherever_they_came_from(tmp_path):
    rows = epochs("v", ["7", "7", "8"], "7")
    others = [replace(row, sample_id="item-1", cluster="b") for row in epochs("v", ["", "", "9"], "9")]
    write(tmp_path, rows + others)
    ((_, cell),) = load_cells(tmp_path).items()
    found = confidences_of(cell, cell.rows())
    assert list(found) == ["self_consistency", "semantic_entropy"]
    mine = found["self_consistency"]
    assert mine.confidence.tolist() == pytest.approx([2 / 3, 2 / 3])
    assert mine.right.tolist() == [1.0, 0.0], "most answers of the second item could not be read"
    assert (found["semantic_entropy"].confidence < 0).all()


def test_log_probabilities_become_probabilities_only_where_they_are_those_of_an_answer(tmp_path):
    rows = [
        replace(row, metrics={"answer_logprob_mean": float(np.log(0.25)), "logprob_mean": -3.0})
        for row in rows_of("v", TASK, 12)
    ]
    write(tmp_path, rows)
    ((_, cell),) = load_cells(tmp_path).items()
    found = confidences_of(cell, cell.rows())
    assert set(found["answer_logprob_mean"].confidence.round(12)) == {0.25}
    assert figures_of(BY_NAME["logprob_mean"], found["logprob_mean"]).calibration is None
    alone = figures_of(BY_NAME["answer_logprob_mean"], found["answer_logprob_mean"])
    assert alone.auroc is not None
    assert alone.auroc.value == 0.5


def test_the_page_shows_figures_verdicts_and_the_surest_wrong_answers(world, tmp_path_factory):
    board = tmp_path_factory.mktemp("board") / "board"
    site.build(world, board, "plain")
    page = (board / "confidence.html").read_text()
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    assert "−0.230 better −" in text
    assert "+0.160 worse" in text
    assert 'samples/fool/word_problems.html#mark=wrong&amp;find=item-003">item-003</a>' in page
    assert "confidence.html" in (board / "index.html").read_text()
    assert text.count("refuted, p") >= 4
    # `knows` tells right from wrong, `plain` (the same confidence throughout) does not.
    assert re.search(r"\+0\.500 \(\+0\.\d+ to \+0\.\d+\) to plain, p &lt; 0\.001", text)


def test_a_board_without_confidences_has_no_such_page(tmp_path):
    write(tmp_path / "results", rows_of("v", TASK, 12))
    site.build(tmp_path / "results", tmp_path / "board", "v")
    assert not (tmp_path / "board" / "confidence.html").exists()
    assert "confidence.html" not in (tmp_path / "board" / "index.html").read_text()


def test_scores_that_came_without_answers_have_no_agreement_and_no_majority(tmp_path):
    rows = []
    for epoch in (1, 2, 3):
        rows += [replace(row, epoch=epoch, answer="") for row in rows_of("v", TASK, 12)]
    write(tmp_path, rows)
    ((_, cell),) = load_cells(tmp_path).items()
    assert confidences_of(cell, cell.rows()) == {}
    names = {figure.name for figure in figures_beside(cell)}
    assert "pass@3" in names
    assert "maj@3" not in names


@pytest.mark.parametrize(
    "metrics", [{"answer_logprob_mean": 1000.0}, {"answer_logprob_mean": 0.5}, {"stated_confidence": 1.7}]
)
def test_what_is_no_probability_is_counted_as_missing_and_stops_no_board(metrics, tmp_path):
    rows = rows_of("v", TASK, 12)
    rows[0] = replace(rows[0], metrics=metrics)
    rows[1:] = [replace(row, metrics=dict.fromkeys(metrics, 0.0)) for row in rows[1:]]
    write(tmp_path / "results", rows)
    ((_, cell),) = load_cells(tmp_path / "results").items()
    (mine,) = confidences_of(cell, cell.rows()).values()
    assert (len(mine.keys), mine.without) == (11, 1)
    site.build(tmp_path / "results", tmp_path / "board", "v")


def test_the_entropy_of_a_wrong_answer_is_shown_as_it_is_defined(tmp_path):
    rows = epochs("v", ["8", "9", "7"], "7")
    others = [replace(row, sample_id="item-1", cluster="b") for row in epochs("v", ["7", "7", "7"], "7")]
    write(tmp_path / "results", rows + others)
    site.build(tmp_path / "results", tmp_path / "board", "v")
    page = (tmp_path / "board" / "confidence.html").read_text()
    assert '(<span class="num">1.1</span>)' in page, "three answers of three kinds: log 3"
    assert "−1.1" not in page
