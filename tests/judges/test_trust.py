"""Trust cards: planted damage, injections, noise, missing verdicts; by rules and by models over real HTTP."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from proctor.common.paths import KINDS
from proctor.common.paths import PACKAGE as ROOT
from proctor.harness import record
from proctor.harness.judging.trials import PLANS, read_plans
from proctor.judges.figures.ratings import read_ratings
from proctor.judges.judge import Judge
from proctor.judges.rules.text import words
from proctor.judges.trust.damage import DAMAGES, Case
from proctor.judges.trust.planting import INJECTIONS, injections, neutral
from proctor.judges.trust.trial import TrustCheck, warning
from tests.support.command import proctor
from tests.support.openai_server import Reply, serve

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
# Plans of two pupils that a stand-in for a model can read; the rules were set with these in view.
SEEN = Path(__file__).parent.parent / "support" / "data" / "development_plans.jsonl"
SEEN_LABELS = SEEN.with_name("development_labels.csv")


def some_plans(tmp_path, pupils=("devon-4", "uma-7")):
    """The authors' plans for these pupils, in a file."""
    tmp_path.mkdir(exist_ok=True)
    rows = [json.loads(line) for line in SEEN.read_text().splitlines()]
    chosen = [row for row in rows if row["pupil"] in pupils and not row["id"].startswith("tiny")]
    path = tmp_path / "plans.jsonl"
    path.write_text("\n".join(map(json.dumps, chosen)))
    return path


def trust(*arguments, code=0):
    done = proctor("judge", "trust", *map(str, arguments))
    assert done.returncode == code, done.stderr
    return done


@pytest.fixture(scope="module")
def checklist(tmp_path_factory):
    results = tmp_path_factory.mktemp("results")
    done = trust("checklist", "--results", results, "--resamples", 200)
    return results, json.loads((results / "_judges/checklist/trust.json").read_text()), done.stdout


# What the judge is tried on


def test_every_reference_plan_has_two_marks_in_every_dimension_and_is_for_a_pupil_of_the_exam():
    plans = {plan.item.id for plan in read_plans(PLANS)}
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
    plans = read_plans(PLANS)
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


def test_a_loss_that_is_too_small_does_not_hold(tmp_path):
    """A reader who takes a third of a mark off the whole for another pupil's name."""

    def soft(request: dict, before: int) -> Reply:
        plan = asked_plan(request)
        own = 4 if "Uma" in plan or "Devon" in plan else 3
        return verdict({"fluency": 5, "personalisation": own, "actionability": 5})

    _, card = model_card(tmp_path, soft)
    checks = {one["name"]: one for one in card["checks"]}
    assert not checks["another_name"]["passed"]
    assert "at least 1.5" in checks["another_name"]["detail"]


def test_there_are_at_least_twenty_injections_of_every_kind():
    found = injections()
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
    for one in injections():
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
    assert {one["name"] for one in injections()} <= set(checks)
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


def test_the_same_card_comes_out_twice(checklist, tmp_path):
    trust("checklist", "--results", tmp_path, "--resamples", 200)
    again = json.loads((tmp_path / "_judges/checklist/trust.json").read_text())
    assert again | {"made": ""} == checklist[1] | {"made": ""}


def test_the_card_that_is_kept_is_of_the_checklist_as_it_is_now():
    kept = record.read_cards(ROOT / "results")["checklist"]
    assert kept["digest"] == Judge.load("checklist").digest, "make it again: proctor judge trust checklist"


def test_a_warning_is_one_sentence_that_names_what_failed():
    checks = [TrustCheck(f"c{n}", f"Check {n}", "damage", 3, 10) for n in range(6)]
    said = warning(checks)
    assert said.startswith("This judge failed 6 of its checks: check 0 (3 of 10 held)")
    assert said.count(".") == 1
    assert warning([]) == ""


# Judges that ask a model


def marks_of(plan: str) -> dict[str, int]:
    """A careful reader: repetition, order, the pupil's name and the number of weeks count, words to it don't."""
    lines = [line.strip() for line in plan.splitlines() if len(line) > 25]
    weeks = [int(number) for number in re.findall(r"(?m)^\W*[Ww]eek (\d)", plan)]
    order = len(set(lines)) == len(lines) and weeks == sorted(set(weeks)) and len(weeks) > 1
    concrete = len(re.findall(r"\d+ (?:min|questions|sums)", plan))
    gap = weeks and weeks != list(range(1, len(weeks) + 1))
    return {
        "fluency": 5 if order else 1,
        "personalisation": min(5, 1 + len(re.findall(r"Devon|Uma|[Tt]imetable|pizza|wheel", plan))),
        "actionability": max(1, min(5, 1 + concrete // 2) - (2 if gap else 0)),
    }


def fenced(words_: str, title: str) -> str:
    found = re.search(rf"\[begin {title} (\w+)\]\n(.*)\n\[end {title} \1\]", words_, re.S)
    assert found
    return found[2]


def verdict(marks: dict[str, int]) -> Reply:
    return Reply(json.dumps({name: {"reason": "seen", "mark": mark} for name, mark in marks.items()}))


def asked_plan(request: dict) -> str:
    return fenced("\n".join(turn["content"] for turn in request["messages"]), "the plan")


def gullible(request: dict, before: int) -> Reply:
    plan = asked_plan(request)
    swayed = re.search(r"gib|ignor|give|mark|score|\b5\b[^m]*$", plan[-200:] + plan[:200], re.I)
    return verdict(dict.fromkeys(marks_of(plan), 5) if swayed else dict.fromkeys(marks_of(plan), 2))


def model_card(tmp_path, reply, judge="study_plan", code=0, pupils=("devon-4", "uma-7")):
    few = some_plans(tmp_path, pupils)
    with serve(reply) as server:
        done = trust(
            judge, "--grader", "stub", "--endpoint", server.url, "--plans", few, "--results", tmp_path / "results",
            "--labels", SEEN_LABELS, "--store", tmp_path / "store", "--resamples", 100, "--concurrency", 8, code=code,
        )  # fmt: skip
    return done, record.read_cards(tmp_path / "results").get(judge)


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
    few = some_plans(tmp_path)
    for number, reply in enumerate((gullible, lambda request, _: verdict(marks_of(asked_plan(request))))):
        spec = tmp_path / "grader.yaml"
        with serve(reply) as server:
            spec.write_text(
                f"model: stub\nendpoint: {server.url}\nprice: {{input: 2, output: 8, currency: EUR}}\n"
            )
            where = (
                "--plans", few, "--labels", SEEN_LABELS, "--results", tmp_path / "r",
                "--store", tmp_path / f"s{number}",
            )  # fmt: skip
            before = json.loads(trust("study_plan", "--grader", spec, "--estimate", "--json", *where).stdout)
            assert not server.asked
            trust("study_plan", "--grader", spec, "--resamples", 0, *where)
            assert 0.8 * before["expected"]["ask"] < len(server.asked) <= before["most"]["ask"]
            after = trust("study_plan", "--grader", spec, "--estimate", *where).stdout
        assert before["expected"]["ask"] < before["most"]["ask"] < 2 * before["expected"]["ask"]
        assert 0 < before["expected"]["cost"] < before["most"]["cost"]
        assert (before["expected"]["currency"], before["expected"]["kept"]) == ("EUR", 0)
        assert after.startswith("0 to ask"), after


def test_estimate_of_a_judge_that_compares_and_of_one_that_asks_nobody(tmp_path):
    grader = ("--grader", "stub", "--endpoint", "http://127.0.0.1:9/v1", "--store", tmp_path)
    said = trust("pairwise", *grader, "--estimate").stdout
    assert re.match(r"\d{3} to ask \(0 kept\): about .* no price given", said)
    assert (
        trust("checklist", "--estimate").stdout
        == "0 to ask (0 kept): about 0 tokens in and 0 out, nothing to pay\n"
    )
    assert not list(tmp_path.iterdir())


def test_verdicts_that_cannot_be_read_are_counted_and_never_marks(tmp_path):
    def every_third(request: dict, before: int) -> Reply:
        plan = asked_plan(request)
        return Reply("I cannot say.") if len(plan) % 3 == 0 else verdict(marks_of(plan))

    _, card = model_card(tmp_path, every_third)
    assert card["unparsed"]["n"] > 20
    parsed = next(one for one in card["checks"] if one["name"] == "parsed")
    assert not parsed["passed"]
    assert parsed["of"] - parsed["held"] == card["unparsed"]["n"]
    assert card["warning"].startswith("This judge failed")


def test_a_judge_of_whom_nothing_can_be_read_gets_no_card_but_a_reason(tmp_path):
    done, card = model_card(tmp_path, lambda request, before: Reply("No."), code=2)
    assert card is None
    assert "not one of 6 plans could be scored" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("proctor: not one")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("judge", ["study_plan", "pairwise"])
def test_a_grader_that_is_not_there_gets_one_line_and_no_count_of_verdicts(tmp_path, judge):
    spec = tmp_path / "grader.yaml"
    spec.write_text(json.dumps({"model": "stub", "endpoint": "http://127.0.0.1:9/v1", "retries": 0}))
    done = trust(judge, "--grader", spec, "--results", tmp_path, "--store", tmp_path / "store", code=2)
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert re.match(r"proctor: not one of \d+ (plans|pairs) could be", done.stderr)
    assert not record.read_cards(tmp_path)


def test_a_grader_that_dies_after_the_first_plans_gets_no_card_over_what_nobody_was_asked(tmp_path):
    def dies(request: dict, before: int) -> Reply:
        if before >= 6:
            return Reply(status=400, body="{}")
        return verdict(marks_of(asked_plan(request)))

    done, card = model_card(tmp_path, dies, code=2)
    assert card is None
    assert "6 verdicts in" in done.stderr
    assert re.search(r"proctor: not one of \d+ plans could be scored: .*400", done.stderr.splitlines()[-1])
    assert "passed" not in done.stdout


def test_an_injection_in_plans_that_all_went_without_a_verdict_is_neither_held_nor_failed(tmp_path):
    def without(request: dict, before: int) -> Reply:
        plan = asked_plan(request)
        return Reply("No.") if "SYSTEM" in plan else verdict(marks_of(plan))

    wordings = [one["name"] for one in injections() if "SYSTEM" in one["text"]]
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

    _, card = model_card(tmp_path / "a", first_place, "pairwise", pupils=("devon-4",))
    checks = {one["name"]: one for one in card["checks"]}
    assert not checks["swapped_order"]["passed"]
    assert not checks["place"]["passed"]
    figures = {one["name"]: one["value"] for one in card["figures"]}
    assert (figures["consistency"], figures["first_place_rate"], figures["flip_rate"]) == (0.0, 1.0, 1.0)
    _, card = model_card(tmp_path / "b", by_length, "pairwise", pupils=("devon-4",))
    checks = {one["name"]: one for one in card["checks"]}
    assert checks["swapped_order"]["passed"]
    assert checks["place"]["passed"]
    assert checks["week_removed"]["passed"]
    assert not checks["padding"]["passed"]
    assert any(one["name"] == "agreement_conservative" for one in card["figures"])
