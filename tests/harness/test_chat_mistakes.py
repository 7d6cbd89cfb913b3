"""The scene of mistakes: pasted work becomes problems, and a diagnosis what a pupil can read."""

import pytest

from proctor.common.refusal import Refusal
from proctor.harness.chat import scenes
from proctor.harness.chat.words import words
from proctor.tasks.diagnosis.reading import read_diagnosis

WORDS = words("en")
PASTED = {
    "labels": "403 - 168\nWorking: 8 - 3 = 5\nAnswer: 365\n\n12 x 3\nAnswer: 39",
    "numbers": "1. 403 - 168\nWorking: 8 - 3 = 5\nAnswer: 365\n2. 12 x 3\nMy answer: 39",
    "bare": "403 - 168\n365\n\n\n12 x 3\n39\n",
    "Chinese": "403 - 168\n過程：8 - 3 = 5\n答案：365\n\n12 x 3\n答案：39",
}


@pytest.mark.parametrize("form", PASTED)
def test_pasted_work_is_read_in_many_forms(form: str) -> None:
    items = scenes.pasted(PASTED[form])
    assert [(item["problem"], item["answer"]) for item in items] == [("403 - 168", "365"), ("12 x 3", "39")]
    assert items[0]["working"] == ("" if form == "bare" else "8 - 3 = 5")


@pytest.mark.parametrize(
    ("text", "problem", "working", "answer"),
    [
        ("403 - 168 = 365", "403 - 168", "", "365"),
        ("1) 1/2 + 1/3 = 2/5", "1/2 + 1/3", "", "2/5"),
        ("Q: 403 - 168\nA: 365", "403 - 168", "", "365"),
        ("Question 2: 12 x 3\nMy answer is 39", "12 x 3", "", "39"),
        ("題目：12 × 3\n算式：10 × 3 = 30\n我的答案：39", "12 × 3", "10 × 3 = 30", "39"),
        ("1、12 × 3\n答案：39", "12 × 3", "", "39"),
        ("3 h 20 min + 1 h 50 min\n3 + 1 = 4, 20 + 50 = 70\n4 h 70 min", "3 h 20 min + 1 h 50 min",
         "3 + 1 = 4, 20 + 50 = 70", "4 h 70 min"),
        ("12 x 13\n10 x 13 = 130\n130 + 6 = 136", "12 x 13", "10 x 13 = 130 130 + 6 = 136", "136"),
        ("Solve for x.\n2x + 3 = 11\nAnswer: x = 5", "Solve for x. 2x + 3 = 11", "", "x = 5"),
        ("7 x 8\nWorking:\nAnswer: 54", "7 x 8", "", "54"),
    ],
)  # fmt: skip
def test_work_is_read_as_pupils_write_it(text: str, problem: str, working: str, answer: str) -> None:
    assert scenes.pasted(text) == [{"problem": problem, "working": working, "answer": answer}]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no problem"),
        ("403 - 168", "no answer"),
        ("x + 5 = 12", "no answer"),
        ("1\n2\n\n" * 13, "13 problems"),
    ],
)
def test_pasted_work_that_cannot_be_used_is_refused(text: str, why: str) -> None:
    with pytest.raises(Refusal, match=why):
        scenes.pasted(text)


def test_a_diagnosis_shows_what_is_right_where_it_goes_wrong_and_what_is_weak_by_count() -> None:
    items = scenes.pasted("9 - 4\nWorking: 9 - 4 = 6\nAnswer: 6\n\n12 - 8\nAnswer: 20\n\n4 x 4\nAnswer: 8")
    text = (
        "Answers:\n1. 5 | Subtraction\n2. 4 | Subtraction\n3. 16 | Multiplication\n"
        "Weak topics: Multiplication, Subtraction\n"
    )
    diagnosis = read_diagnosis(text, 3)
    html = scenes.diagnosed(items, diagnosis, WORDS)
    right = "<td><span class='right'>✓ {} (right)</span></td>"
    assert f"<td>9 - 4</td><td>6</td>{right.format('5')}<td>9 - 4 = 6</td><td>Subtraction</td>" in html
    assert f"<td>4 x 4</td><td>8</td>{right.format('16')}<td>4*4 = 8</td>" in html
    wrong = scenes.diagnosed(items, read_diagnosis(text.replace("1. 5", "1. 4"), 3), WORDS)
    assert "<span class='wrong'>✗ 4 (wrong)</span>" in wrong
    assert "<ul><li>Subtraction (2)</li><li>Multiplication (1)</li></ul>" in html
    assert scenes.weak_topics(diagnosis) == ["multiplication", "subtraction"]
    assert "does not say" in scenes.diagnosed(items, read_diagnosis("no idea", 3), WORDS)
