"""Free compositions: right sums, no test item's wording, always the same for a seed."""

import re
from itertools import islice

import pytest

from proctor.tasks.number.steps import check_steps
from proctor.tasks.overlap import overlap
from proctor.tasks.tools.clauses import load
from proctor.tasks.tools.compose import compose
from proctor.tasks.word_problems import docs
from proctor.tasks.word_problems.tools.words import PEOPLE

_NAME = re.compile(rf"\b({'|'.join(person.name for person in PEOPLE)})\b")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


@pytest.fixture(scope="module")
def problems() -> list[dict[str, str]]:
    return list(compose(1200, 5))


def _masked(text: str) -> str:
    """Without the numbers and names that make two drawings of one template look different."""
    return _NAME.sub("Ann", _NUMBER.sub("7", text))


def test_every_sum_is_right_and_the_last_one_is_the_answer(problems):
    for problem in problems:
        right, total = check_steps(problem["answer"])
        assert right == total == problem["answer"].count("<<") > 0, problem
        last = re.findall(r"=([\d.]+)>>", problem["answer"])[-1]
        assert float(problem["answer"].rpartition("#### ")[2]) == float(last), problem


def test_every_number_of_the_working_stands_in_the_question_or_was_worked_out(problems):
    known = {float(value) for rows in load()[1] for row in rows for value in row.values.values()} | {
        12,
        60,
        100,
    }
    for problem in problems:
        reached = {float(number) for number in _NUMBER.findall(problem["question"])} | known
        for left, result in re.findall(r"<<([^=]+)=([^>]+)>>", problem["answer"]):
            assert {float(number) for number in _NUMBER.findall(left)} <= reached, problem
            reached.add(float(result))


def test_no_slot_and_no_choice_is_left_open(problems):
    for problem in problems:
        for text in (problem["question"], problem["answer"]):
            assert not re.search(r"[{}|~\[\]]|  | [.,?]|\ba [aeiou]|\ban (?!hour)[^aeiou]", text), text
        assert problem["question"].endswith("?")


def test_no_run_of_ten_words_is_shared_with_a_test_item(problems):
    items = [item["question"] for item in docs("test")]
    (found,) = overlap(items, (problem["question"] for problem in problems), sizes=(10,))
    assert found.hits == 0
    (found,) = overlap(
        map(_masked, items), (_masked(problem["question"]) for problem in problems), sizes=(10,)
    )
    assert found.hits == 0


def test_no_question_comes_twice(problems):
    assert (
        len({problem["question"] for problem in problems})
        == len({problem["id"] for problem in problems})
        == 1200
    )


def test_a_seed_gives_the_same_problems_and_fewer_are_the_first_of_more(problems):
    assert list(compose(50, 5)) == problems[:50] == list(islice(compose(500, 5), 50))
    assert next(compose(1, 6))["question"] != problems[0]["question"]


def test_compositions_are_many_and_short(problems):
    assert len({problem["family"] for problem in problems}) > 300
    words = [len((problem["question"] + problem["answer"]).split()) for problem in problems]
    assert sum(words) / len(words) < 80
