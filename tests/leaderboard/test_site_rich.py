"""A board with everything on it: a judge's card, costs, curves of training, overlap, imports, every baseline."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from proctor.finetune.build import plan_stages
from proctor.finetune.recipe import Recipe
from proctor.harness import record
from proctor.harness.plan.training import learnt
from proctor.leaderboard.board import escape, site
from tests.support.board_pages import HOSTILE, Links, against, text_of
from tests.support.board_results import (
    CARD,
    change,
    rich_results,
    rows_of,
    write,
)


def test_the_judges_page_shows_its_card(rich: Path) -> None:
    page = text_of(rich, "judges/checklist.html")
    assert "Warning: It raised the marks of plans that told it to." in page
    assert "0.71 0.55 to 0.83 40" in page
    assert "40 by 2 raters: one, two" in page
    assert "Told to give 5 9 of 20: raised failed" in page
    assert "A week removed 18 of 20 passed" in page
    assert "swapped order needs verdicts in both orders" in page
    assert "1 of 20" in page
    assert "Items 64" in page


def test_a_warning_of_the_judges_card_stands_wherever_its_scores_are(rich: Path) -> None:
    for name in (
        "index.html",
        "tasks/study_plan.html",
        "variants/tiny.html",
        "samples/tiny/study_plan.html",
        "tradeoff.html",
        "lineage.html",
        "flips.html",
    ):
        assert "It raised the marks of plans that told it to." in text_of(rich, name), name
    assert "It raised the marks" not in text_of(rich, "tasks/word_problems.html")
    assert "It raised the marks" not in text_of(rich, "variants/tiny-q4.html")


def test_missing_verdicts_are_counted_with_why(tmp_path: Path) -> None:
    rows = rows_of("a", "study_plan")
    none = {"status": "error", "score": None, "metrics": {}}
    rows[0] = replace(rows[0], **none, explanation="the grader said nothing\nat all")
    rows[1] = replace(rows[1], **none, explanation="the grader said nothing\nagain")
    rows[2] = replace(rows[2], **none, explanation="")
    write(tmp_path / "results", rows)
    board = site.build(tmp_path / "results", tmp_path / "out").parent
    page = text_of(board, "judges/checklist.html")
    assert "no trust card yet" in page
    assert "12 responses, 3 of them without a verdict: 2 the grader said nothing 1 no reason noted" in page


def test_a_damaged_card_warns_and_names_no_path(tmp_path: Path) -> None:
    write(tmp_path / "results", rows_of("a", "study_plan"))
    record.write_card(tmp_path / "results", CARD).write_text("{")
    board = site.build(tmp_path / "results", tmp_path / "out").parent
    for name in ("judges/checklist.html", "tasks/study_plan.html"):
        assert "trust card of this judge is damaged" in text_of(board, name)
        assert str(tmp_path) not in (board / name).read_text()


@pytest.mark.parametrize("text", [" ".join(one for one in HOSTILE if len(one) < 1000), "x" * 100_000])
def test_hostile_cards_and_runs_stay_text(text: str, tmp_path: Path, rich: Path) -> None:
    results = rich_results(tmp_path / "results")
    card = json.loads(json.dumps(CARD))
    card |= dict.fromkeys(("kind", "digest", "made", "by", "warning", "items"), text)
    card["labels"]["raters"] = [text]
    for part in ("figures", "checks", "missing"):
        card[part] = [dict.fromkeys(one, text) for one in card[part]]
    card["unparsed"] = {"n": text, "of": text}
    record.write_card(results, card)
    told = {"overlap": [{"set": text, text: text}], "origin": {"kind": "plain", "files": [], "lacks": [text]}}
    change(results, "tiny-q4", "word_problems", **told)
    rows = [
        replace(row, status="error", score=None, metrics={}, explanation=text)
        for row in rows_of("mute", "study_plan")
    ]
    write(results, rows)
    odd = site.build(results, tmp_path / "out", "tiny").parent
    for page in sorted(odd.rglob("*.html")):
        name = page.relative_to(odd).as_posix()
        words = page.read_text(encoding="utf-8")
        assert not escape.UNSEEN.search(words.replace("\n", "")), name
        reader = Links()
        reader.feed(words)
        assert not {"img", "iframe", "object", "embed", "form"} & set(reader.tags) - {"form"}, name
        assert reader.tags.count("script") <= 5, name
        assert not [
            link for link in reader.found if link.strip().lower().startswith(("javascript:", "http"))
        ], name
    page = Links()
    page.feed((odd / "judges" / "checklist.html").read_text(encoding="utf-8"))
    usual = Links()
    usual.feed((rich / "judges" / "checklist.html").read_text(encoding="utf-8"))
    assert set(page.tags) - set(usual.tags) <= {"ul", "details", "summary"}


def test_every_comparison_can_be_chosen_and_is_that_of_a_board_with_that_baseline(
    tmp_path: Path, rich: Path
) -> None:
    for variant in ("tiny", "tiny-lora", "tiny-q4"):
        for task, found in against(rich, variant).items():
            assert not task or variant not in found
    results = tmp_path / "results"
    for name, ability in (("a", 1), ("b", 2), ("c", 3)):
        write(results, rows_of(name, "word_problems", 40, ability))
    mine = against(site.build(results, tmp_path / "any").parent, "b")["word_problems"]
    page = text_of(site.build(results, tmp_path / "b", "b").parent, "tasks/word_problems.html")
    for name in ("a", "c"):
        _, shown, interval, verdict, _, p, left_out = mine[name]
        assert f"{shown} {verdict} {interval} to b, {p}" in page
        assert left_out == ""


def test_pairs_that_cannot_be_compared_say_why_there_too(tmp_path: Path) -> None:
    for name in ("old", "new"):
        write(tmp_path / "results", rows_of(name, "word_problems"))
    run = json.loads((tmp_path / "results" / "new" / "word_problems" / "run.json").read_text())
    change(tmp_path / "results", "new", "word_problems", definition=run["definition"] | {"task_version": "2"})
    board = site.build(tmp_path / "results", tmp_path / "out").parent
    assert against(board, "old")["word_problems"] == {}
    assert "task's version" in against(board, "old")[""]["word_problems"]["new"]
    assert "no ranks are given" in text_of(board, "tasks/word_problems.html")


def test_costs_are_shown_where_they_were_measured(rich: Path) -> None:
    page = text_of(rich, "tasks/word_problems.html")
    assert "Size of the weights, MB" in page
    assert "Peak memory, MB" in page
    assert "Time for an item, s" in page
    assert re.search(r"tiny 80\.0 0\.250 \S+ 700 ", page)  # the speed is of the rows, as run.json tells none
    assert "Energy" not in page
    assert "What a score costs" in text_of(rich, "tradeoff.html")
    page = text_of(rich, "tradeoff.html")
    assert "● stands on the frontier of its column" in page
    assert "tiny-2000 75.0 52.6 to 89.0 ● on the frontier: 80.0" in page
    assert (rich / "tradeoff.html").read_text().count('class="chart"') == 9  # three exams, three measures


def test_curves_are_drawn_where_a_recipe_was_run_at_several_sizes(rich: Path, board: Path) -> None:
    page = text_of(rich, "curves.html")
    assert "tiny-100 all-exams 100" in page
    assert "tiny-2000 all-exams 2,000" in page
    assert not (board / "curves.html").exists()
    assert "curves.html" not in (board / "index.html").read_text()


def test_the_loss_of_training_is_drawn(rich: Path, board: Path) -> None:
    assert "From 3.000 at step 0 to 0.150 at step 19." in text_of(rich, "variants/tiny-100.html")
    assert "Training loss" not in text_of(board, "variants/tiny.html")


def test_overlap_and_imports_are_told(rich: Path) -> None:
    page = text_of(rich, "tasks/word_problems.html")
    found = "chats: 2000; 0 of them stand there word for word; 9.8 % of the items share 8 words in a row; "
    assert f"all-exams train (2,000) {found}2.4 % of the items share 10 words in a row; 1.2 %" in page
    assert "tiny-q4 (prompt)" in page
    assert "imported without prompt" in text_of(rich, "variants/tiny-q4.html")


def test_an_imported_variant_claims_nothing_that_its_source_did_not_tell(tmp_path: Path) -> None:
    results = tmp_path / "results"
    for name in ("a", "b"):
        write(results, rows_of(name, "word_problems"))
        notes = results / name / "word_problems" / "run.json"
        run = json.loads(notes.read_text())
        for told in ("hardware", "versions", "margin", "stages"):
            del run[told]
        run["origin"] = {"kind": "lm-eval", "files": ["/home/ada/out/x.json"], "lacks": ["prompt"]}
        notes.write_text(json.dumps(run | {"check": None}))
    board = site.build(results, tmp_path / "out").parent
    page = text_of(board, "variants/a.html")
    assert "cannot be made again here: lm-eval: x.json" in page
    assert "how its weights were made is not told" in page
    assert "proctor run" not in page
    assert "no GPU" not in page
    assert "/home/ada" not in page
    assert "ran on different machines" in text_of(board, "tradeoff.html")


def test_the_smallest_detectable_effect_is_told(rich: Path) -> None:
    assert "four times out of five" in text_of(rich, "tasks/word_problems.html")


def test_rows_can_be_filtered_by_what_they_are(rich: Path) -> None:
    page = (rich / "index.html").read_text(encoding="utf-8")
    for name in ("stage", "quantization"):
        assert f'<select name="{name}">' in page
    stages = re.findall(r'data-variant="([^"]*)"[^>]*data-stage="([^"]*)"', page)
    assert {"tiny": "base", "tiny-lora": "trained", "tiny-q4": "quantised"}.items() <= dict(stages).items()


def test_a_kept_training_tells_its_loss(tmp_path: Path) -> None:
    recipe = Recipe.load("tiny-lora")
    (stage,) = plan_stages("finetune/tiny", recipe, {part.source: "d" for part in recipe.data}, False, "none")
    assert learnt([stage], tmp_path) == {}
    (tmp_path / stage.name).mkdir()
    log = [{"step": step, "loss": 3.0 / (step + 1), "learning_rate": 0.1} for step in range(1001)]
    (tmp_path / stage.name / "train.json").write_text(json.dumps({"log": log}))
    found = learnt([stage], tmp_path)["loss"]
    assert len(found) == 201
    assert found[0] == [0, 3.0]
    assert found[-1] == [1000, 3.0 / 1001]
    for damaged in (None, {"step": 1}, ["x"], [{"step": 1}], [{"step": 1, "loss": float("nan")}]):
        (tmp_path / stage.name / "train.json").write_text(json.dumps({"log": damaged}))
        assert learnt([stage], tmp_path) == {}
