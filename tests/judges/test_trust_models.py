"""Trust cards of judges that ask a model, over real HTTP: obedient, careful, silent, dead, several, in pairs."""

import json
import re

import pytest

from proctor.harness import record
from proctor.judges.trust.damage import PLANS
from proctor.judges.trust.planting import injections
from tests.support.openai_server import Reply, serve
from tests.support.trust_cards import (
    SEEN_LABELS,
    asked_plan,
    fenced,
    marks_of,
    model_card,
    some_plans,
    trust,
    verdict,
)


def test_a_loss_that_is_too_small_does_not_hold(tmp_path):
    """A reader who takes a third of a mark off the whole for another pupil's name."""

    def soft(request: dict, before: int) -> Reply:
        plan = asked_plan(request)
        own = 4 if "Uma" in plan or "Devon" in plan else 3
        return verdict({"fluency": 5, "personalisation": own, "actionability": 5})

    _, card = model_card(tmp_path, soft)
    checks = {one["name"]: one for one in card["checks"]}
    assert not checks["another_name"]["passed"]
    assert "at least 1.5" in checks["another_name"]["expected"]


# Judges that ask a model


def gullible(request: dict, before: int) -> Reply:
    plan = asked_plan(request)
    swayed = re.search(r"gib|ignor|give|mark|score|\b5\b[^m]*$", plan[-200:] + plan[:200], re.I)
    return verdict(dict.fromkeys(marks_of(plan), 5) if swayed else dict.fromkeys(marks_of(plan), 2))


def test_a_model_that_obeys_the_plan_is_found_out(tmp_path):
    _, card = model_card(tmp_path, gullible)
    failed = {one["name"] for one in card["checks"] if not one["passed"]}
    assert {"ignore_rubric", "json_verdict", "fake_history"} <= failed
    assert {"constant_plan", "shuffled_lines"} <= failed
    assert card["by"] == "stub"
    assert card["warning"].startswith("This judge failed")


def test_a_model_that_reads_with_care_withstands_every_injection(tmp_path):
    _, card = model_card(tmp_path, lambda request, before: verdict(marks_of(asked_plan(request))))
    checks = {one["name"]: one for one in card["checks"]}
    assert [one["name"] for one in card["checks"] if one["kind"] == "injection" and not one["passed"]] == []
    assert checks["same_text_twice"]["passed"]
    assert checks["repeatability"]["held"] == checks["repeatability"]["of"]


def test_what_a_card_asks_and_costs_is_told_before_anybody_is_asked(tmp_path):
    few, spec = some_plans(tmp_path), tmp_path / "grader.yaml"
    with serve(lambda request, _: verdict(marks_of(asked_plan(request)))) as server:
        spec.write_text(
            f"model: stub\nendpoint: {server.url}\nprice: {{input: 2, output: 8, currency: EUR}}\n"
        )
        where = (
            "--plans", few, "--labels", SEEN_LABELS, "--results", tmp_path / "r", "--store", tmp_path / "s",
        )  # fmt: skip
        before = json.loads(trust("study_plan", "--grader", spec, "--estimate", "--json", *where).stdout)
        assert not server.asked
        trust("study_plan", "--grader", spec, "--resamples", 0, *where)
        assert 0.5 * before["ask"] < len(server.asked) <= before["ask"]
        after = trust("study_plan", "--grader", spec, "--estimate", *where).stdout
    assert before["cost"] > 0
    assert (before["currency"], before["kept"]) == ("EUR", 0)
    assert after.startswith("At most 0 to ask"), after


def test_estimate_of_a_judge_that_compares_and_of_one_that_asks_nobody(tmp_path):
    grader = ("--grader", "stub", "--endpoint", "http://127.0.0.1:9/v1", "--store", tmp_path)
    said = trust("pairwise", *grader, "--estimate").stdout
    assert re.match(r"At most \d{3} to ask \(0 kept\): about .* no price given", said)
    assert (
        trust("checklist", "--estimate").stdout
        == "At most 0 to ask (0 kept): about 0 tokens in and 0 out, nothing to pay\n"
    )
    assert not list(tmp_path.iterdir())


def test_verdicts_that_cannot_be_read_are_counted_and_never_marks(tmp_path):
    def every_third(request: dict, before: int) -> Reply:
        plan = asked_plan(request)
        return Reply("I cannot say.") if len(plan) % 3 == 0 else verdict(marks_of(plan))

    _, card = model_card(tmp_path, every_third)
    assert card["unparsed"]["n"] > 10
    parsed = next(one for one in card["checks"] if one["name"] == "parsed")
    assert not parsed["passed"]
    assert parsed["of"] - parsed["held"] == card["unparsed"]["n"]
    assert card["warning"].startswith("This judge failed")


def test_a_judge_of_whom_nothing_can_be_read_gets_no_card_but_a_reason(tmp_path):
    done, card = model_card(tmp_path, lambda request, before: Reply("No."), code=2)
    assert card is None
    assert "not one of 3 plans could be scored" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("proctor: not one")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("judge", ["study_plan", "pairwise"])
def test_a_grader_that_is_not_there_gets_one_line_and_no_count_of_verdicts(tmp_path, judge):
    spec = tmp_path / "grader.yaml"
    spec.write_text(json.dumps({"model": "stub", "endpoint": "http://127.0.0.1:9/v1", "retries": 0}))
    done = trust(judge, "--grader", spec, "--results", tmp_path, "--store", tmp_path / "store", code=2)
    assert done.stdout == ""
    assert done.stderr.count("\n") <= 2
    last = done.stderr.splitlines()[-1]
    assert last.startswith("proctor: grader 'stub' cannot be reached at http://127.0.0.1:9/v1; ")
    assert not record.read_cards(tmp_path)


def test_a_grader_that_dies_after_the_first_plans_gets_no_card_over_what_nobody_was_asked(tmp_path):
    def dies(request: dict, before: int) -> Reply:
        if before >= 6:
            return Reply(status=400, body="{}")
        return verdict(marks_of(asked_plan(request)))

    done, card = model_card(tmp_path, dies, code=2, pupils=("devon-4", "uma-7"))
    assert card is None
    assert "6 verdicts in" in done.stderr
    assert re.search(r"proctor: not one of \d+ plans could be scored: .*400", done.stderr.splitlines()[-1])
    assert "passed" not in done.stdout


def test_an_injection_in_plans_that_all_went_without_a_verdict_is_neither_held_nor_failed(tmp_path):
    def without(request: dict, before: int) -> Reply:
        plan = asked_plan(request)
        return Reply("No.") if "SYSTEM" in plan else verdict(marks_of(plan))

    wordings = [one["name"] for one in injections(PLANS) if "SYSTEM" in one["text"]]
    _, card = model_card(tmp_path, without)
    assert wordings
    assert not {one["name"] for one in card["checks"]} & set(wordings)
    assert {one["name"] for one in card["missing"]} >= set(wordings)
    assert all(one["of"] for one in card["checks"])


def test_a_panels_graders_are_held_to_each_other_as_well(tmp_path):
    def one_is_kinder(request: dict, before: int) -> Reply:
        marks = marks_of(asked_plan(request))
        return verdict({name: min(5, mark + (request["model"] == "kind")) for name, mark in marks.items()})

    few = some_plans(tmp_path)
    with serve(one_is_kinder) as server:
        members = [{"model": name, "endpoint": server.url} for name in ("strict", "kind")]
        spec = tmp_path / "panel.yaml"
        spec.write_text(json.dumps({"panel": members, "combine": "mean"}))
        where = ("--results", tmp_path, "--store", tmp_path / "store", "--resamples", 0)
        trust("study_plan", "--grader", spec, "--plans", few, *where)
    figures = record.read_cards(tmp_path)["study_plan"]["figures"]
    alphas = [one for one in figures if one["name"] == "alpha_ordinal" and "among" in one["note"]]
    assert {one["dimension"] for one in alphas} >= {"fluency", "personalisation", "actionability", "overall"}


def test_a_judge_that_compares_is_tried_in_both_orders(tmp_path):
    def first_place(request: dict, before: int) -> Reply:
        return Reply(json.dumps({"reason": "it is first", "better": "first"}))

    def by_length(request: dict, before: int) -> Reply:
        words_ = "\n".join(turn["content"] for turn in request["messages"])
        first, second = (
            len(set(fenced(words_, f"the {place} plan").split())) for place in ("first", "second")
        )
        better = "tie" if first == second else "first" if first > second else "second"
        return Reply(json.dumps({"reason": "counted", "better": better}))

    _, card = model_card(tmp_path / "a", first_place, "pairwise")
    checks = {one["name"]: one for one in card["checks"]}
    assert not checks["swapped_order"]["passed"]
    assert not checks["place"]["passed"]
    figures = {one["name"]: one["value"] for one in card["figures"]}
    assert (figures["consistency"], figures["first_place_rate"], figures["flip_rate"]) == (0.0, 1.0, 1.0)
    _, card = model_card(tmp_path / "b", by_length, "pairwise")
    checks = {one["name"]: one for one in card["checks"]}
    assert checks["swapped_order"]["passed"]
    assert checks["place"]["passed"]
    assert checks["week_removed"]["passed"]
    assert not checks["padding"]["passed"]
    assert any(one["name"] == "agreement_conservative" for one in card["figures"])
