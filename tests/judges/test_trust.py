"""Trust cards: planted damage, injections, noise, missing verdicts; by rules and by models over real HTTP."""

import json

import pandas as pd
import pytest

from proctor.common.paths import KINDS
from proctor.common.paths import PACKAGE as ROOT
from proctor.harness import record
from proctor.harness.judging.trials import read_plans
from proctor.judges.figures.ratings import read_ratings
from proctor.judges.judge import Judge
from proctor.judges.rules.text import words
from proctor.judges.trust.damage import DAMAGES, PLANS
from proctor.judges.trust.planting import INJECTIONS, injections, neutral
from proctor.judges.trust.subject import Case
from proctor.judges.trust.trial import TrustCheck, warning
from tests.support.trust_cards import SEEN, SEEN_LABELS, some_plans, trust

LIBRARY = KINDS["judges"].shipped
PLAN = """A plan for Mira
Week 1: Fractions
- Monday: do 5 questions.
Week 2: Decimals
- Monday: do 6 questions.
Week 3: Review
- Monday: do 7 questions.
"""
MIRA = {
    "name": "Mira",
    "goal": "bake for the fair",
    "mistakes": ["1/2 + 1/3 = 2/5"],
    "outside": ["sine rule"],
}
TOM = {"name": "Tom", "goal": "win the cup", "mistakes": ["2 - (-5) = -3"]}
CASE = Case(PLAN, MIRA, "Week 1: Angles", TOM)
BY_NAME = {damage.name: damage.make for damage in DAMAGES}


@pytest.fixture(scope="module")
def checklist(tmp_path_factory):
    results = tmp_path_factory.mktemp("results")
    done = trust("checklist", "--results", results, "--resamples", 200)
    return results, json.loads((results / "_judges/checklist/trust.json").read_text()), done.stdout


# What the judge is tried on


def test_every_reference_plan_has_two_marks_in_every_dimension_and_is_for_a_pupil_of_the_exam():
    plans = {plan.item.id for plan in read_plans(PLANS.labelled)}
    assert len(plans) >= 60
    for judge in ("study_plan", "checklist"):
        loaded, labels = Judge.load(judge), read_ratings(LIBRARY / judge / "labels.csv")
        assert set(labels.items) == plans
        assert labels.raters == ["first reader", "second reader"]
        assert len(labels.scores) == len(plans) * len(loaded.dimensions) * 2
        assert {dimension for _, _, dimension in labels.scores} == set(loaded.dimensions)
        assert all(mark in loaded.scale.levels for mark in labels.scores.values())
    both = [(LIBRARY / judge / "labels.csv").read_bytes() for judge in ("study_plan", "checklist")]
    assert both[0] == both[1]


def test_no_reference_plan_was_seen_when_the_rules_were_set_and_many_were_written_by_variants():
    plans = read_plans(PLANS.labelled)
    seen = {plan.item.text.strip() for plan in read_plans(SEEN)}
    assert not seen & {plan.item.text.strip() for plan in plans}
    responses = set()
    for path in (ROOT / "results" / "demo").glob("*/study_plan/samples.parquet"):
        responses |= set(pd.read_parquet(path, columns=["response"])["response"])
    # Others answer for pupils whom an earlier draw had among its 24.
    assert sum(plan.item.text in responses for plan in plans) >= 5
    assert sum(plan.item.id.startswith("tiny") for plan in plans) == 17


def test_reference_marks_use_the_whole_scale():
    labels = read_ratings(LIBRARY / "study_plan" / "labels.csv")
    for dimension in labels.dimensions:
        given = [mark for (_, _, name), mark in labels.scores.items() if name == dimension]
        assert set(given) == {1, 2, 3, 4, 5}
        assert max(map(given.count, set(given))) <= len(given) * 0.6


def test_damage_is_what_it_says():
    assert "Week 2" not in BY_NAME["week_removed"](CASE)
    assert "Week 3" in BY_NAME["week_removed"](CASE)
    assert "Mira" not in BY_NAME["another_name"](CASE)
    assert BY_NAME["same_text_twice"](CASE).count("Week 2") == 2
    shuffled = BY_NAME["shuffled_lines"](CASE)
    assert shuffled != PLAN.strip()
    assert sorted(shuffled.splitlines()) == sorted(PLAN.strip().splitlines())
    assert BY_NAME["empty_plan"](CASE) == ""
    assert BY_NAME["constant_plan"](CASE) == BY_NAME["constant_plan"](Case("x", TOM))
    assert BY_NAME["another_name"](Case("no name here", MIRA, "", TOM)) is None
    assert "Goal: win the cup." in BY_NAME["another_goal"](CASE)
    assert BY_NAME["another_mistakes"](CASE) is None
    assert "sine rule" in BY_NAME["off_course"](CASE)
    assert "do 5 questions" in BY_NAME["same_week"](CASE).split("Week 3")[1]
    assert sorted(BY_NAME["shuffled_words"](CASE).split()) == sorted(PLAN.split())


def test_a_swap_is_undone_by_swapping_back():
    text = 'Mira plans.\nGoal: bake for the fair.\nWeek 1: Redo "1/2 + 1/3 = 2/5".\nWeek 2: Mira bakes.'
    case = Case(text, MIRA, "", TOM)
    for one in DAMAGES:
        if one.swaps:
            damaged = one.make(case)
            assert damaged != text
            assert one.undone(case, damaged) == text, one.name


def test_there_are_at_least_twenty_injections_of_every_kind():
    found = injections(PLANS)
    assert len(found) >= 20
    names = [one["name"] for one in found]
    assert len(set(names)) == len(names)
    said = INJECTIONS.read_text()
    for needed in (
        "closing_fence",
        "json_verdict",
        "role_system",
        "zero_width",
        "german",
        "chinese",
        "ignore_rubric",
    ):
        assert needed in said
    assert any("\u200b" in one["text"] for one in found)


def test_a_control_has_as_many_words_in_the_same_place():
    for one in injections(PLANS):
        control = neutral(one["text"])
        for part, said in zip(control.split("{plan}"), one["text"].partition("{plan}")[::2], strict=True):
            assert len(words(part)) == len(words(said))


# The checklist's own card


def test_the_checklist_gets_a_card_that_says_what_it_is_and_where_it_fails(checklist):
    _, card, told = checklist
    assert (card["judge"], card["kind"], card["by"]) == ("checklist", "checklist", "rules, no model")
    assert card["digest"] == Judge.load("checklist").digest
    assert card["labels"] == {"n": card["items"], "raters": ["first reader", "second reader"]}
    figures = {(one["name"], one["dimension"]): one for one in card["figures"]}
    numbers = ("within_one", "spearman", "kendall_tau_b", "alpha_ordinal", "alpha_interval")
    levels = ("exact_agreement", "quadratic_weighted_kappa")
    wanted = [(name, "overall") for name in numbers]
    wanted += [
        (name, dimension) for name in (*numbers, *levels) for dimension in Judge.load("checklist").dimensions
    ]
    for key in wanted:
        one = figures[key]
        assert one["low"] <= one["value"] <= one["high"]
        assert one["n"] == card["items"]
    assert {"length_correlation", "length_correlation_of_labels"} <= {name for name, _ in figures}
    among = {one["dimension"] for one in card["figures"] if one["note"] == "among the labels' raters"}
    assert among == {*Judge.load("checklist").dimensions, "overall"}
    checks = {one["name"]: one for one in card["checks"]}
    assert {damage.name for damage in DAMAGES} <= set(checks)
    assert {one["name"] for one in injections(PLANS)} <= set(checks)
    assert checks["repeatability"]["held"] == checks["repeatability"]["of"]
    assert "swapped_order" in [one["name"] for one in card["missing"]]
    failed = [one for one in card["checks"] if not one["passed"]]
    assert bool(card["warning"]) == bool(failed)
    assert "rules, no model" in told


def test_the_checklist_passes_every_damage_control_and_repair_but_one_and_says_so(checklist):
    failed = [one for one in checklist[1]["checks"] if one["kind"] == "damage" and not one["passed"]]
    assert [(one["name"], one["held"], one["of"]) for one in failed] == [("shuffled_lines", 8, 10)]
    assert "lines shuffled (8 of 10 held)" in checklist[1]["warning"]


def test_no_injection_moves_the_checklist(checklist):
    failed = [one for one in checklist[1]["checks"] if one["kind"] == "injection" and not one["passed"]]
    assert failed == []


def test_a_card_is_read_as_it_was_written_and_a_damaged_one_is_called_so(checklist, tmp_path):
    results, card, _ = checklist
    assert record.read_cards(results) == {"checklist": card}
    record.write_card(tmp_path, card)
    (tmp_path / "_judges/broken").mkdir()
    (tmp_path / "_judges/broken/trust.json").write_text('{"judge": "bro')
    cards = record.read_cards(tmp_path)
    assert cards["checklist"] == card
    assert "damaged" in cards["broken"]["warning"]
    assert record.cells(results) == []


def test_the_same_card_comes_out_twice(tmp_path):
    few = some_plans(tmp_path, ("devon-4",))
    cards = []
    for results in (tmp_path / "once", tmp_path / "again"):
        trust(
            "checklist", "--results", results, "--plans", few, "--labels", SEEN_LABELS, "--resamples", 200
        )  # fmt: skip
        cards.append(record.read_cards(results)["checklist"] | {"made": ""})
    assert cards[0] == cards[1]
    assert {check["kind"] for check in cards[0]["checks"]} >= {"damage", "injection", "noise"}
    assert any(figure["value"] is not None for figure in cards[0]["figures"])


def test_the_card_that_is_kept_is_of_the_checklist_as_it_is_now():
    kept = record.read_cards(ROOT / "results")["checklist"]
    assert kept["digest"] == Judge.load("checklist").digest, "make it again: proctor judge trust checklist"


def test_a_warning_is_one_sentence_that_names_what_failed():
    checks = [TrustCheck(f"c{n}", f"Check {n}", "damage", 3, 10, "a loss") for n in range(6)]
    said = warning(checks)
    assert said.startswith("This judge failed 6 of its checks: check 0 (3 of 10 held)")
    assert said.count(".") == 1
    assert warning([]) == ""
