"""Results of two suites in one folder: what differs is said in words, of whom, and how to keep them apart."""

import json
from pathlib import Path
from typing import Any

from proctor.harness import record
from proctor.leaderboard.board import site
from proctor.leaderboard.compare.items import load_cells
from proctor.leaderboard.report import formats, report
from tests.support.board_pages import text_of
from tests.support.board_results import EXAMS, change, rows_of, write
from tests.support.comparing import run

WORDS = "they differ in the items (other: 8 of 64 items (drawn by seed 3); base: 12 items)"


def redefined(results: Path, variant: str, task: str, **fields: Any) -> None:
    definition = load_cells(results)[variant, task].run.definition.as_json()
    change(results, variant, task, definition=definition | fields)


def two_suites(results: Path) -> Path:
    """Both asked the word problems; the second one asked eight of the study plans, drawn by seed."""
    for name in ("base", "other"):
        for task in ("word_problems", "study_plan"):
            write(results, rows_of(name, task), parent="base" if name == "other" else None)
    drawn = {"dataset": "e" * 64, "items": 8, "draw": {"of": 64, "seed": 3}}
    redefined(results, "other", "study_plan", **drawn)
    return results


def test_two_variants_of_two_suites_are_refused_in_words_with_a_way_out(tmp_path: Path) -> None:
    refused = run("compare", "other", "base", "--results", two_suites(tmp_path), code=2)
    assert f"other and base cannot be compared on study_plan: {WORDS}" in refused
    assert "kept apart by --results OTHER" in refused
    assert "they can be compared with --task word_problems" in refused
    assert "hash" not in refused
    assert "eeee" not in refused
    run("compare", "other", "base", "--task", "word_problems", "--results", tmp_path)


def test_a_judge_is_named_and_another_wording_of_it_too(tmp_path: Path) -> None:
    write(tmp_path, rows_of("a", "study_plan"))
    write(tmp_path, rows_of("b", "study_plan"))
    redefined(tmp_path, "b", "study_plan", judge="f" * 64)
    refused = run("compare", "a", "b", "--results", tmp_path, code=2)
    assert "they differ in the judge (checklist for both, but not the same)" in refused
    scored = EXAMS["study_plan"].changed(scored_by="study_plan", grader="small")
    path = tmp_path / "b" / "study_plan" / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"task": scored.as_json(), "check": None}))
    refused = run("compare", "a", "b", "--results", tmp_path, code=2)
    assert "they differ in the judge (a: checklist; b: study_plan asking small)" in refused


def test_another_reader_is_named(tmp_path: Path) -> None:
    write(tmp_path, rows_of("a", "word_problems"))
    write(tmp_path, rows_of("b", "word_problems"))
    redefined(tmp_path, "b", "word_problems", extractor={"fallback": "reader-1b", "wording": "f" * 16})
    refused = run("compare", "a", "b", "--results", tmp_path, code=2)
    assert "they differ in the second reader (a: none; b: reader-1b)" in refused


def test_all_pairs_the_report_and_the_board_say_it_too(tmp_path: Path) -> None:
    results = two_suites(tmp_path / "results")
    every = " ".join(run("compare", "--results", results).split())
    assert f"not compared, 1 of the pairs: other and base: {WORDS}; suites that ask" in every
    made = report.make(results, ["study_plan"])
    assert f"Not compared: other with base: {WORDS}." in formats.render(made, "md")
    board = site.build(results, tmp_path / "board", "base").parent
    assert f"cannot be compared with base: {WORDS}" in text_of(board, "index.html")


def test_a_digest_that_changed_is_named_and_not_shown() -> None:
    assert record.difference("judge", None, "c" * 64) == "the judge changed"
    assert record.difference("items", 24, 64) == "items was 24, is 64"
    assert record.difference("sampling", {"seed": 0}, {"seed": 1}) == "sampling.seed was 0, is 1"
