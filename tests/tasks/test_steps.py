"""Step validity: every equation of the working is worked out again."""

import json
import os
import time
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proctor.tasks.number.steps import check_steps, evaluate

RIGHT = [
    "16 - 3 - 4 = 9",
    "She has 16 - 3 - 4 = <<16-3-4=9>>9 eggs.",
    "9 * 2 = $<<9*2=18>>18",
    "$5 x 3 = $15",
    "5 × 3 = 15 and nothing else",
    "36 ÷ 2 = 18",
    "9 eggs * $2/egg = $18",
    "9 \\times 2 = 18",
    "\\frac{36}{2} = 18",
    "20% of 50 = 10",
    "1/2 of 10 = 5",
    "18/20 * 100 = 90%",
    "18/20 = 90%",
    "80,000 + 50,000 = 130,000",
    "(4 + 5) * 2 = 18",
    "2(4 + 5) = 18",
    "2^3 = 8",
    "10 / 3 = 3.33",
    "10 / 3 ≈ 3.3",
    "10 / 3 = 3.3333",
    "2 / 3 = 0.67",
    "2 / 3 = 0.66",
    "-10 / 3 = -3.3",
    "1 / 3 = 33.3%",
    "1 / 3 * 100 = 33.33%",
    "20% + 30% = 50",
    "5 - 5 = 0",
    "0 * 12 = 0",
    "- 5 + 3 = 8",
    "1. 5 + 3 = 8",
    "**5 + 3 = 8**",
    "(5 + 3 = 8)",
    "-5 + 3 = -2",
    "10 / 3 ≈ 3",
    "8 / 3 \\approx 3",
    "10 / 3 = ~3",
]
WRONG = [
    "16 - 3 - 4 = 10",
    "9 * 2 = $<<9*2=19>>19",
    "10 / 3 = 3",
    "10 / 3 = 3.4",
    "10 / 3 = 3.32",
    "2 / 3 = 0.65",
    "2 / 3 = 0.68",
    "1 / 3 = 33.9%",
    "10 / 3 = -3.3",
    "12 * 12 = 0",
    "5 - 5 = 3",
    "5 - 5 = 0.4",
    "0 * 12 = 12",
    "1 / 1000 = 0.00",
    "20% of 50 = 20",
    "2.5 * 2 = 6.0",
    "5 + 3 = 9 eggs",
    "10 / 3 ≈ 4",
    "8 / 3 ≈ 2",
    "10 / 3 ≈ 3.4",
    "1 / 3 ≈ 0",
]
NO_STEP = [
    "x = 5",
    "",
    "2x + 4 = 12",
    "9 = 2J - 33",
    "Day 2 = 644 - 19",
    "On day 2 = 644 - 19",
    "2 kg = 2 * 1000",
    "4=6*15",  # 'the total is 4=6*15 = 90' is one step of a solution
    "There are 9 eggs.",
    "7 = 7",
    "5 / 0 = 1",
    "a = b + c",
]


def test_a_right_equation_counts_as_right() -> None:
    assert not [text for text in RIGHT if check_steps(text) != (1, 1)]


def test_a_wrong_equation_counts_as_wrong() -> None:
    assert not [text for text in WRONG if check_steps(text) != (0, 1)]


def test_what_works_nothing_out_is_no_step() -> None:
    assert not [text for text in NO_STEP if check_steps(text) != (0, 0)]


def test_steps_are_counted_one_by_one() -> None:
    assert check_steps("16 - 3 = 13. 13 - 4 = 9.\n9 * 2 = 20") == (2, 3)
    assert check_steps("14 * 2 = 28 = 30 - 2") == (2, 2)
    assert check_steps("3 + 4 = 7 - 2 = 5") == (1, 2)


def test_an_annotation_that_says_something_else_is_a_step_of_its_own() -> None:
    assert check_steps("16 - 3 = <<16-3=12>>13") == (1, 2)
    assert check_steps("She has <<16-3=13>>13 eggs.") == (1, 1)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1 + 2 * 3", "7"),
        ("-(2 - 5)", "3"),
        ("50%", "1/2"),
        ("2 ** 3", "8"),
        (".5 + .25", "3/4"),
        ("2^-1", "1/2"),
        ("2^(-1)", "1/2"),
        ("0^(-1)", None),
        ("1 / 0", None),
        ("9 ^ 9 ^ 9", None),
        ("(1", None),
        ("1 +", None),
        ("abc", None),
        ("", None),
        ("9" * 40, None),
        ("2 ^ 99999999", None),
    ],
)
def test_the_evaluator_is_exact_and_bounded(expression: str, value: str | None) -> None:
    assert evaluate(expression) == (None if value is None else Fraction(value))


@given(st.text(alphabet="0123456789+-*/^%()=.,$x <>\n", max_size=300))
@settings(max_examples=100, deadline=None)
def test_no_text_makes_it_raise(text: str) -> None:
    right, total = check_steps(text)
    assert 0 <= right <= total
    evaluate(text)


@pytest.mark.parametrize("piece", ["1+", "(", "1=", "1 a ", "9", "<<1=1>>", "1+1=2 ", "-", ". ", "%", "1 x "])
def test_time_grows_with_the_length_and_not_with_its_square(piece: str) -> None:
    def seconds(size: int) -> float:
        """The best of three: a garbage collection in between takes longer than what is measured."""
        times = []
        for _ in range(3):
            start = time.process_time()
            check_steps(piece * (size // len(piece)))
            times.append(time.process_time() - start)
        return min(times)

    assert seconds(40_000) < 24 * seconds(5_000) + 0.1


def test_the_gold_working_of_gsm8k_is_nearly_all_right() -> None:
    folder = os.environ.get("PROCTOR_DATA")
    if not folder:
        pytest.skip("PROCTOR_DATA is not set: the folder that holds gsm8k/test.jsonl")
    checked = [
        check_steps(json.loads(line)["answer"])
        for line in (Path(folder) / "gsm8k" / "test.jsonl").open(encoding="utf-8")
    ]
    right, total = (sum(column) for column in zip(*checked, strict=True))
    assert total > 4000
    assert right / total > 0.99


@pytest.mark.parametrize("result", ["20", "*20*", "**20**", "\\boxed{20}", "$\\boxed{20}$", "$20"])
def test_a_result_counts_in_italics_bold_and_in_a_box(result: str) -> None:
    assert check_steps(f"5 * 4 = {result}") == (1, 1)
    assert check_steps(f"5 * 3 = {result}") == (0, 1)


def test_the_measurement_against_labels_counts_each_solution_once():
    from tests.bench.step_labels import first_wrong, seen

    found = {"steps": ["3 + 4 = 7", "7 * 2 = 15", "15 - 1 = 13"], "label": 1}
    early = {"steps": ["3 + 4 = 8", "so it is 8 * 2 = 16"], "label": 1}
    missed = {"steps": ["She has 3 pens.", "3 + 4 = 7"], "label": 0}
    right, alarm = {"steps": ["2 * 3 = 6"], "label": -1}, {"steps": ["2 * 3 = 7"], "label": -1}
    assert [first_wrong(row["steps"]) for row in (found, early, missed, right, alarm)] == [1, 0, -1, -1, 0]
    assert list(seen([found, early, missed, right, alarm]).values()) == [
        [True, True, False], [True, False], [False, True], [False, True],
    ]  # fmt: skip
