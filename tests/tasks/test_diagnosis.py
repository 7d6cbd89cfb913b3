"""Error sets: what is said to be wrong is wrong in the way that is said; responses are read in many forms."""

import random
import re
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from proctor.common.refusal import Refusal
from proctor.tasks import TASKS
from proctor.tasks.concepts import taxonomy
from proctor.tasks.data import read_items
from proctor.tasks.diagnosis import DATA, GRADES, docs
from proctor.tasks.diagnosis.reading import read_diagnosis
from proctor.tasks.diagnosis.task import diagnosis, score
from proctor.tasks.diagnosis.tools.errors import Pupil, choices, draw_set, error_kinds, fill
from proctor.tasks.diagnosis.tools.make_train import stream, with_target
from proctor.tasks.number import read_number
from proctor.tasks.number.steps import check_steps
from proctor.tasks.prompt_pack import train_chats
from proctor.tasks.study_plan.profile import profiles

KINDS = {kind.id: kind for kind in error_kinds()}
TEST = docs("test")
ITEMS = [item for doc in TEST for item in doc["items"]]


def value(text: str) -> Fraction:
    reading = read_number(text)
    assert reading is not None, text
    return reading.value


def response(topics: str = "Regrouping", answers: str = "1. 235\n2. 84") -> str:
    return f"Answers:\n{answers}\n\nWeak topics: {topics}\n\nPlan:\nWeek 1: Regrouping. Solve 6 questions."


def pupil(*items: tuple[str, str, bool]) -> dict[str, Any]:
    """A doc of the test with these items in place of its own: right answer, topic, slip."""
    asked = [dict(ITEMS[0], right=right, topic=topic, slip=slip) for right, topic, slip in items]
    weak = list(dict.fromkeys(topic for _, topic, slip in items if not slip))
    return {**TEST[0], "items": asked, "weak_topics": weak}


PUPIL = pupil(("235", "regrouping", False), ("84", "area", True))


def test_there_are_sixty_pupils_of_all_grades_with_one_to_three_weaknesses() -> None:
    assert len(TEST) == len({doc["id"] for doc in TEST}) == len({doc["name"] for doc in TEST}) == 60
    assert {doc["grade"] for doc in TEST} == set(GRADES)
    assert Counter(doc["weaknesses"] for doc in TEST) == {1: 24, 2: 24, 3: 12}
    assert {len(doc["items"]) for doc in TEST} == {4, 5, 6, 7, 8}


def test_every_answer_of_the_test_is_what_its_error_gives() -> None:
    for item in ITEMS:
        kind, numbers = KINDS[item["error"]], item["numbers"]
        answers = (fill(kind.right, numbers), fill(kind.wrong, numbers))
        assert (item["right"], item["answer"]) == answers, item
        assert (item["topic"], item["slip"], item["why"]) == (kind.topic, kind.slip, kind.why), item
        assert item["problem"] in [fill(ask, numbers) for ask in kind.ask], item
        assert value(item["right"]) != value(item["answer"]), item


# The right answers of problems that are sums, worked out from their words by other code than made them.
SUM = re.compile(r"[0-9. +x/^()-]+")


def test_sums_of_the_test_have_the_right_answers() -> None:
    checked = 0
    for item in ITEMS:
        if SUM.fullmatch(item["problem"]) and any(sign in item["problem"] for sign in "+x/^-"):
            assert check_steps(f"{item['problem']} = {item['right']}") == (1, 1), item
            assert check_steps(f"{item['problem']} = {item['answer']}")[0] == 0, item
            checked += 1
    assert checked >= 25


def test_every_error_gives_wrong_answers_whatever_its_numbers() -> None:
    for kind in error_kinds():
        rng = random.Random(7)
        for _ in range(40):
            numbers = kind.draw(rng)
            assert value(fill(kind.right, numbers)) != value(fill(kind.wrong, numbers)), (kind.id, numbers)
            for text in (*kind.ask, kind.working):
                assert not re.search(r"[{}]|\d\.\d{4}", fill(text, numbers)), (kind.id, numbers)
        assert kind.topic in taxonomy.concepts(), kind.id
        assert len(set(kind.ask)) == len(kind.ask) >= 2, kind.id


def test_a_weakness_comes_back_and_a_slip_does_not() -> None:
    for doc in (*TEST, *docs("train")):
        errors = Counter(item["error"] for item in doc["items"])
        for item in doc["items"]:
            assert errors[item["error"]] == 1 if item["slip"] else errors[item["error"]] >= 2
            assert (item["topic"] in doc["weak_topics"]) is not item["slip"]
        assert len(doc["weak_topics"]) == doc["weaknesses"]
        assert len({item["problem"] for item in doc["items"]}) == len(doc["items"])


def test_numbers_of_the_test_are_those_that_its_errors_allow() -> None:
    for item in ITEMS:
        kind, numbers = KINDS[item["error"]], item["numbers"]
        assert set(numbers) == set(kind.numbers)
        assert all(number in choices(kind.numbers[letter]) for letter, number in numbers.items()), item
        assert kind.possible(numbers), item


def test_nobody_does_rightly_in_one_problem_what_goes_wrong_in_another() -> None:
    assert {name for kind in KINDS.values() for name in kind.rules_out} < set(KINDS)
    for doc in (*TEST, *docs("train")):
        errors = {item["error"] for item in doc["items"]}
        for error in errors:
            assert not errors.intersection(KINDS[error].rules_out), doc["id"]


def test_problems_of_a_weakness_have_different_right_answers() -> None:
    for doc in TEST:
        for error in {item["error"] for item in doc["items"] if not item["slip"]}:
            assert len({item["right"] for item in doc["items"] if item["error"] == error}) > 1, doc["id"]


def test_errors_fit_the_pupils_grade_and_all_of_them_come_up() -> None:
    for doc in TEST:
        assert all(KINDS[item["error"]].fits(doc["grade"]) for item in doc["items"])
    assert {item["error"] for item in ITEMS} == set(KINDS)


def test_training_sets_have_other_pupils_other_goals_and_fewer_errors() -> None:
    train = list(stream(200, 3))
    assert not {doc["name"] for doc in TEST} & ({doc["name"] for doc in train} | {p.name for p in profiles()})
    assert not {doc["goal"] for doc in TEST} & {doc["goal"] for doc in train}
    met = {item["error"] for doc in train for item in doc["items"]}
    assert met == {kind.id for kind in error_kinds() if kind.train}
    assert len(KINDS) - len(met) == 18


def test_the_sets_that_ship_are_made_again() -> None:
    assert read_items(DATA / "train.jsonl.gz") == list(stream())
    for fields in read_items(DATA / "test.jsonl"):
        assert with_target(fields) == fields


def test_the_same_seed_gives_the_same_sets_and_another_gives_others() -> None:
    assert list(stream(3, 5)) == list(stream(3, 5)) != list(stream(3, 6))
    assert train_chats("diagnosis", 0, 5) == []
    assert draw_set(random.Random(1), Pupil("Ada", 4, 2)) == draw_set(random.Random(1), Pupil("Ada", 4, 2))


def test_nothing_that_the_model_reads_says_what_is_wrong() -> None:
    for doc in TEST:
        assert not [item["why"] for item in doc["items"] if item["why"] in doc["work"]]
        assert all(item["problem"] in doc["work"] for item in doc["items"])


def test_every_target_gets_full_scores() -> None:
    for doc in TEST:
        scored = score(doc, doc["target"])
        assert (scored.score, scored.metrics["corrected"], scored.metrics["slips_named"]) == (1.0, 1.0, 0.0)
        assert scored.parsed
        assert scored.metrics["plan"] >= 4.8


def test_a_slip_that_is_called_weak_costs_precision() -> None:
    right, wrong = score(PUPIL, response("Regrouping")), score(PUPIL, response("Regrouping, Area"))
    assert (right.score, right.metrics["slips_named"]) == (1.0, 0.0)
    assert (wrong.metrics["tp"], wrong.metrics["fp"], wrong.metrics["slips_named"]) == (1.0, 1.0, 1.0)
    assert wrong.score == pytest.approx(2 / 3)


def test_answers_that_are_missing_are_not_corrected() -> None:
    assert score(PUPIL, response(answers="2. 84")).metrics["corrected"] == 0.5
    assert score(PUPIL, response(answers="1. 365\n2. 83")).metrics["corrected"] == 0.0
    assert score(PUPIL, response(answers="")).metrics["corrected"] == 0.0


def test_without_weak_topics_a_response_is_unparsed_and_an_empty_list_is_an_answer() -> None:
    for text in (
        "",
        "I cannot help.",
        "Answers:\n1. 235\n2. 84",
        "x" * 50_000,
        "Weak topics:\n\nPlan:\nWeek 1: rest.",
    ):
        scored = score(PUPIL, text)
        assert (scored.parsed, scored.score, scored.metrics["fn"]) == (False, 0.0, 1.0)
    nothing = score(PUPIL, response("none"))
    assert (nothing.parsed, nothing.score, nothing.answer) == (True, 0.0, "[]")


def test_a_response_without_a_plan_has_none_and_keeps_its_f1() -> None:
    scored = score(PUPIL, "Answers:\n1. 235\n2. 84\nWeak topics: Regrouping")
    assert (scored.score, scored.metrics["plan"]) == (1.0, 0.0)


FORMS = {
    "markdown": "## Corrected answers\n\n1) **235**\n2) The answer is 84.\n\n## Weak topics\n- Regrouping\n\n"
    "## Study plan\nWeek 1: x",
    "bold": "**Answers:**\n**1.** 235\n**2.** 84\n**Weak topics:** *Regrouping*\n**Plan:**\nWeek 1: x",
    "problems": "Answers\nProblem 1: 503 - 268 = 235\nProblem 2: 84\n\n"
    "Weaknesses:\n1. Regrouping: takes smaller digits\n\nPlan:\nx",
    "table": "Answers:\n| no | answer |\n|---|---|\n| 1 | 235 |\n| 2 | 84 |\n\n"
    'Weak areas: ["Regrouping"]\nWeek 1: x',
    "topics first": "Weak topics (errors that come back): carrying and borrowing\n"
    "Answers:\n1. 235\n2. 84\nPlan: Week 1: x",
    "steps inside": "Answers:\n1. First\n1. take 3 from 8\n so it is 235\n2. 84, not 83\n"
    "Weak topics: Regrouping (1)\nPlan:\nx",
    "without numbers": "Answers:\n- 235\n- 84\n\nWeak topics: Regrouping\nPlan:\nx",
    "without a heading": "1. 235\n2. 84\n\nWeak topics: Regrouping\n\nWeek 1: x",
    "thoughts": "<think>Answers:\n1. 1\nWeak topics: Area</think>"
    "Answers:\n1. 235\n2. 84\nWeak topics: Regrouping\nPlan:\nx",
    "parts": "1. Answers:\n1. 235\n2. 84\n2. Weak topics: Regrouping\n3. Plan:\nWeek 1: x",
}


@pytest.mark.parametrize("form", FORMS)
def test_responses_are_read_in_many_forms(form: str) -> None:
    scored = score(PUPIL, FORMS[form])
    assert (scored.score, scored.metrics["corrected"]) == (1.0, 1.0), scored
    assert read_diagnosis(FORMS[form], 2).plan.endswith("x")


def test_the_topic_of_each_problem_is_read_and_is_no_part_of_its_answer() -> None:
    for doc in TEST:
        diagnosis = read_diagnosis(doc["target"], len(doc["items"]))
        topics = taxonomy.names([item["topic"] for item in doc["items"]])
        assert list(diagnosis.concepts.values()) == topics
        assert list(diagnosis.answers.values()) == [item["right"] for item in doc["items"]]


@pytest.mark.parametrize(
    ("right", "answer", "same"),
    [
        ("25%", "25 %", True), ("25%", "25 per cent", True), ("25%", "0.25", True), ("25%", "0.25%", False),
        ("3/4", "6/8", True), ("3/4", "0.75", True), ("-8", "8", False), ("-8", "minus 8", True),
        ("1000", "1,000 m", True), ("0.10", "0.1", True), ("12", "between 11 and 12", False),
    ],
)  # fmt: skip
def test_answers_are_numbers_and_not_words(right: str, answer: str, same: bool) -> None:
    doc = pupil((right, "regrouping", False))
    assert score(doc, response(answers=f"1. {answer}")).metrics["corrected"] == float(same)


@pytest.mark.parametrize(
    "bad", ["1. " * 200_000, "Weak topics: " * 50_000, "(" * 300_000, "|" * 300_000, "\n1. 2" * 99_999]
)
def test_no_response_takes_long(bad: str) -> None:
    assert 0.0 <= score(PUPIL, bad).metrics["corrected"] <= 1.0


def test_the_inspect_task_asks_the_sixty_and_scores_as_the_harness_does(tmp_path: Path) -> None:
    import inspect_ai
    from inspect_ai.model import ModelOutput, ModelUsage, get_model

    first, second = TEST[:2]
    asked = diagnosis()
    assert len(asked.dataset) == 60

    def answer(messages: list[Any], *_: Any) -> ModelOutput:
        known = first["work"] in messages[-1].text
        output = ModelOutput.from_content("mock", first["target"] if known else "no idea")
        # Without a count, the mock would fetch a tokenizer to make one.
        output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
        return output

    model = get_model("mockllm/model", custom_outputs=answer)
    (log,) = inspect_ai.eval(
        asked, model=model, sample_id=[first["id"], second["id"]], display="none",
        log_dir=str(tmp_path), ctl_server=False,
    )  # fmt: skip
    assert log.status == "success"
    assert log.samples
    for sample in log.samples:
        assert sample.scores
        doc = first if sample.id == first["id"] else second
        assert sample.scores["diagnosis_scorer"].value == score(doc, sample.output.completion).metrics
    assert log.results
    figures = {name: metric.value for scored in log.results.scores for name, metric in scored.metrics.items()}
    found, wanted = first["weaknesses"], first["weaknesses"] + second["weaknesses"]
    assert figures["weak_topics_f1"] == pytest.approx(2 * found / (found + wanted))


def test_a_split_that_does_not_exist_is_refused() -> None:
    with pytest.raises(Refusal, match="no split"):
        TASKS["diagnosis"].docs("dev")
