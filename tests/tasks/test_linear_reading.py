"""Whatever a response repeats without end, each reader takes time that grows with its length, not its square."""

import time
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from proctor.common.answers import value_of
from proctor.harness.ask.confidence import answer_span
from proctor.harness.chat.scenes import calendar
from proctor.judges.graders.reply import read_choice, read_scores
from proctor.tasks import concepts, diagnosis, numeric, questions, study_plan
from proctor.tasks.concepts.task import score as score_concepts
from proctor.tasks.diagnosis.task import score as score_diagnosis
from proctor.tasks.number import read_number
from proctor.tasks.number.steps import check_steps
from proctor.tasks.own.scores import WAYS
from proctor.tasks.questions.reading import from_text
from proctor.tasks.questions.task import score as score_questions
from proctor.tasks.study_plan.scoring import score as score_plan

SHORT, LONG = 4_000, 16_000
MOST = 9.0  # times as long for four times the text: a square would take 16


def first(docs: Iterable[dict[str, Any]]) -> dict[str, Any]:
    return next(iter(docs))


CONCEPTS, DIAGNOSIS, QUESTIONS, PLAN = (
    first(module.docs("test")) for module in (concepts, diagnosis, questions, study_plan)
)
OWN = {
    "answer": "#### 18",
    "id": "1",
    "choices": ["6", "8 apples"],
    "gold": 0,
    "target": "A. 6",
    "right": ["a", "b"],
}
READERS: dict[str, Callable[[str], object]] = {
    "number": read_number,
    "number task": lambda text: numeric.score({"id": "1", "answer": "#### 18"}, text),
    "equations": check_steps,
    "concepts": lambda text: score_concepts(CONCEPTS, text),
    "diagnosis": lambda text: score_diagnosis(DIAGNOSIS, text),
    "questions": lambda text: score_questions(QUESTIONS, text),
    "pages of an exam": from_text,
    "plan": lambda text: score_plan(PLAN, text),
    "calendar of a plan": lambda text: calendar(text, date(2026, 1, 5)),
    "scores of a grader": lambda text: read_scores(text, ["fluency", "use"], range(1, 6), "5ad0c0ffee12"),
    "choice of a grader": lambda text: read_choice(text, "5ad0c0ffee12"),
    "one answer": value_of,
    "place of an answer": lambda text: answer_span(text, "18"),
    **{
        f"own task, {name}": lambda text, way=way: way.score(OWN, text, r"(\d+)\.")
        for name, way in WAYS.items()
    },
}
MORSELS = [
    "1.", "1", "1,000", "-1", "$1 ", "####", "#### ", "\\boxed{", "<answer>", "Answer: ", "answer is ", "A. ", "(A) ",
    "①", "=", "1+1=", "(1", "[", "{", '{"a":', '{"tag": "5ad0c0ffee12", ', '"', "\\", "**", "```", "</think>", "\n",
    " ", "- a\n", "1. a?\n", "Week 1: ", "Mon, 30 min ", "and ", "twenty ", "百分之", "。", "\u2028", "\ud800", "a,",
]  # fmt: skip


@pytest.mark.parametrize("reader", READERS)
@settings(max_examples=6, deadline=None)
@example(["1."])
@example(['{"a":'])
@example(["1. a?\nA. b\nB. c\nC. d\nD. e\nAnswer: A\n"])
@given(st.lists(st.sampled_from(MORSELS), min_size=1, max_size=3))
def test_four_times_the_text_takes_no_more_than_about_four_times_as_long(
    reader: str, morsels: list[str]
) -> None:
    read, piece = READERS[reader], "".join(morsels)
    best = {SHORT: float("inf"), LONG: float("inf")}
    for _ in range(5):  # a busy machine makes single runs longer, and none shorter
        for size in best:
            text = piece * (size // len(piece))
            start = time.process_time()
            read(text)
            best[size] = min(best[size], time.process_time() - start)
        if best[LONG] <= MOST * best[SHORT]:
            return
    raise AssertionError(
        f"{piece!r} in {reader}: {best[SHORT]:.4f} s, {best[LONG]:.4f} s for four times as much"
    )
