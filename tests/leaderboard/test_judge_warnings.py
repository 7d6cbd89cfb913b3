"""No verdict is told without what its judge's trust card warns of, and a card speaks for the tried grader alone."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from proctor.harness import record
from proctor.harness.record.cells import DAMAGED_CARD
from proctor.leaderboard import terminal
from proctor.leaderboard.board import site
from proctor.leaderboard.compare import formatting, overview
from tests.support.board_pages import text_of
from tests.support.board_results import CARD, EXAMS, rows_of, write
from tests.support.command import proctor

WORDS = "This judge failed 9 of its checks: a week removed (0 of 10 held); read its scores with care."
UNTRIED = "The trust card of study_plan was made with small-model as the grader"


def judged(results: Path, grader: str = "small-model", **card: Any) -> Path:
    """Two variants whose study plans the judge study_plan scored with this grader, and the judge's card."""
    task = EXAMS["study_plan"].changed(scored_by="study_plan", judge_kind="rubric", grader=grader)
    for name, ability in (("plain", 1), ("trained", 4)):
        rows = [
            replace(row, score=5.0 if ability == 4 else 2.0)
            for row in rows_of(name, "study_plan", 12, ability)
        ]
        write(results, rows, parent=None if name == "plain" else "plain")
        notes = results / name / "study_plan" / "run.json"
        notes.write_text(json.dumps(json.loads(notes.read_text()) | {"task": task.as_json(), "check": None}))
    record.write_card(results, {**CARD, "judge": "study_plan", "by": "small-model", "warning": WORDS, **card})
    return results


def flat(lines: Any) -> str:
    return " ".join(" ".join(lines).split())


def test_every_comparison_of_such_scores_says_it(tmp_path: Path) -> None:
    results = judged(tmp_path / "results")
    named = overview.compare_named(results, "trained", "plain")
    assert named.comparisons[0].verdict == "better"
    assert f"Warning about the scores: {WORDS}" in flat(terminal.two_variants(named))
    assert f"Warning about the scores: {WORDS}" in flat(terminal.every_pair(overview.compare_all(results)))
    assert overview.as_json(named)["warnings"] == {"study_plan": WORDS}


def test_the_board_and_the_ranking_of_a_run_say_it(tmp_path: Path) -> None:
    results = judged(tmp_path / "results")
    board = site.build(results, tmp_path / "board").parent
    ranking = " ".join((board / site.RANKING).read_text(encoding="utf-8").split())
    assert "better than plain" in ranking
    assert f"Warning about the scores: {WORDS}" in ranking
    for page in ("index", "tasks/study_plan", "variants/trained", "lineage", "tradeoff", "flips"):
        assert WORDS in text_of(board, f"{page}.html"), page


def test_a_command_line_gate_says_it(tmp_path: Path) -> None:
    results = judged(tmp_path / "results")
    done = proctor("compare", "trained", "plain", "--results", str(results))
    assert "read its scores with care" in " ".join(done.stdout.split())


def test_scores_given_outside_a_suite_say_it(tmp_path: Path) -> None:
    record.write_card(tmp_path, {**CARD, "judge": "checklist", "by": "rules, no model", "warning": WORDS})
    plans = tmp_path / "plans.jsonl"
    plans.write_text('{"id": "1", "pupil": "uma-7", "plan": "Week 1: Ratio."}\n', encoding="utf-8")
    done = proctor("judge", "score", str(plans), "--results", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert f"Warning about the scores: {WORDS}" in " ".join(done.stderr.split())


@pytest.mark.parametrize("warning", ["", WORDS])
def test_a_card_of_another_grader_vouches_for_nobody_and_blames_nobody(tmp_path: Path, warning: str) -> None:
    results = judged(tmp_path / "results", grader="big-model", warning=warning)
    (words,) = overview.compare_named(results, "trained", "plain").warnings.values()
    assert words.startswith(f"{UNTRIED}; how far to trust big-model, which scored here, was not tried")
    assert UNTRIED in text_of(site.build(results, tmp_path / "board").parent, "index.html")


def test_a_judge_that_held_its_checks_brings_no_warning(tmp_path: Path) -> None:
    results = judged(tmp_path / "results", warning="")
    compared = overview.compare_all(results)
    assert compared.warnings == {}
    assert "Warning" not in flat(terminal.every_pair(compared))


def test_a_damaged_card_warns_and_its_words_move_no_cursor(tmp_path: Path) -> None:
    results = judged(tmp_path / "results", warning="red \x1b[31m")
    assert "\x1b" not in flat(terminal.every_pair(overview.compare_all(results)))
    (results / "_judges" / "study_plan" / "trust.json").write_text(json.dumps([]))
    assert overview.compare_all(results).warnings == {"study_plan": DAMAGED_CARD}


def test_the_one_who_scored_is_called_what_it_is():
    task = EXAMS["word_problems"]
    assert formatting.scored_by(task.changed(scored_by="study_plan", judge_kind="rubric")) == (
        "Scored by the judge “study_plan”."
    )
    assert formatting.scored_by(task.changed(scored_by="match")) == "Scored by the scorer “match”."
    assert (
        formatting.scored_by(task.changed(scored_by=record.NOT_TOLD))
        == "Who scored them is not told by the source."
    )
