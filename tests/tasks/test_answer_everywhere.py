"""Any text at all: every gold answer, every way to write a number, no crash, and time that grows with the length."""

import json
import os
import re
import time
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proctor.tasks.number import read_number

WORKING = "She has 16 - 3 - 4 = <<16-3-4=9>>9 eggs.\nShe makes 9 * 2 = $<<9*2=18>>18.\n"


@pytest.mark.parametrize("split", ["train", "test"])
def test_every_gold_answer_is_read_as_the_gold(split: str) -> None:
    folder = os.environ.get("PROCTOR_DATA")
    if not folder:
        pytest.skip("PROCTOR_DATA is not set: the folder that holds gsm8k/train.jsonl and gsm8k/test.jsonl")
    answers = [
        json.loads(line)["answer"]
        for line in (Path(folder) / "gsm8k" / f"{split}.jsonl").open(encoding="utf-8")
    ]
    assert len(answers) == {"train": 7473, "test": 1319}[split]
    wrong = []
    for answer in answers:
        gold = Fraction(answer.rpartition("####")[2].strip().replace(",", ""))
        reading = read_number(answer)
        if reading is None or reading.value != gold:
            wrong.append(answer)
    assert not wrong


def test_the_sentence_of_a_teacher_is_read_without_its_marker() -> None:
    """2,931 last sentences as people write them, without '####' and annotations: what is left is prose and sums."""
    folder = os.environ.get("PROCTOR_DATA")
    if not folder:
        pytest.skip("PROCTOR_DATA is not set: the folder that holds gsm8k/train.jsonl and gsm8k/test.jsonl")
    right = total = 0
    for split in ("train", "test"):
        lines = (Path(folder) / "gsm8k" / f"{split}.jsonl").read_text(encoding="utf-8").splitlines()
        for line in lines[::3]:
            working, _, number = json.loads(line)["answer"].rpartition("####")
            reading = read_number(re.sub(r"<<[^<>]*>>", "", working))
            total += 1
            right += reading is not None and reading.value == Fraction(number.strip().replace(",", ""))
    # Some of them end in another number than their gold one: no reader gets those.
    assert right / total > 0.99, (right, total)


# --- properties ---

VALUES = st.one_of(
    st.integers(-(10**9), 10**9).map(Fraction),
    st.tuples(st.integers(-(10**6), 10**6), st.integers(1, 3)).map(
        lambda pair: Fraction(pair[0], 10 ** pair[1])
    ),
)
NUMERALS = [
    lambda text, value: text,
    lambda text, value: f"{value.numerator:,}" if value.denominator == 1 else text,
    lambda text, value: f"{value.numerator:,}".replace(",", " ") if value.denominator == 1 else text,
    lambda text, value: f"{value.numerator:,}".replace(",", "\u202f") if value.denominator == 1 else text,
    lambda text, value: text.replace("-", "\u2212"),
    lambda text, value: f"-${text[1:]}" if value < 0 else f"${text}",
    lambda text, value: text + ".00" if value.denominator == 1 else text + "0",
    lambda text, value: text + "." if value.denominator == 1 else text,
    lambda text, value: text + "%",
    lambda text, value: text + " apples",
]
FRAMES = [
    "#### {}",
    "####{}",
    "16 - 3 = 13\n#### {}",
    "The answer is {}",
    "The final answer is: **{}**",
    "Answer: {}",
    "So it is \\boxed{{{}}}.",
    "$\\boxed{{{}}}$",
    "After 3 days that is **{}**.",
    "First there were 7.\nIn all that makes {}",
    "<answer>{}</answer>",
]


def _written(value: Fraction) -> str:
    if value.denominator == 1:
        return str(value.numerator)
    return f"{float(value):.3f}".rstrip("0")


@given(VALUES, st.sampled_from(NUMERALS), st.sampled_from(FRAMES))
@settings(max_examples=100, deadline=None)
def test_a_number_written_in_any_supported_way_is_read_back(value, numeral, frame) -> None:
    text = frame.format(numeral(_written(value), value))
    reading = read_number(text)
    assert reading is not None, text
    assert reading.value == value, text


@given(st.integers(0, 10**6), st.integers(1, 40), st.integers(2, 40), st.sampled_from(FRAMES))
@settings(max_examples=100, deadline=None)
def test_a_fraction_is_read_back(whole, above, below, frame) -> None:
    above %= below
    for text, value in (
        (f"{above}/{below}", Fraction(above, below)),
        (f"{whole} {above}/{below}", whole + Fraction(above, below)),
    ):
        reading = read_number(frame.format(text))
        assert reading is not None, text
        assert reading.value == value, frame.format(text)


@given(
    VALUES,
    st.sampled_from(FRAMES),
    st.sampled_from(
        [
            "\n\nQuestion: ",
            "\nQ: ",
            "\n\nProblem: ",
            "\n\n**Question:** ",
            "\n\n### Question\n",
            "\nQuestion 2: ",
            "<|im_end|>",
        ]
    ),
    # All that stands before </think> are thoughts, a whole answer with its next question too.
    st.text(max_size=200).filter(lambda noise: "think>" not in noise),
    st.integers(0, 10**6),
)
@settings(max_examples=100, deadline=None)
def test_text_after_a_recited_next_question_never_wins(value, frame, label, noise, other) -> None:
    text = (
        frame.format(_written(value))
        + label
        + noise
        + f"\n#### {other}\nThe answer is {other}. \\boxed{{{other}}}"
    )
    reading = read_number(text)
    assert reading is not None, text
    assert reading.value == value, text


_PIECES = (
    "#### |\\boxed{|}|The answer is|Answer:|**|$|,|.|-|1|23|000|/|\\frac{|{|^|e9|:|\n|Question:|<<|>>|=|*|"
    "(|)| |½|x|<think>|</think>|99999999999999999999|step|th|٣|\\text{|\ud800|\x00|%|€|thousand"
)
PIECES = st.sampled_from(_PIECES.split("|"))


@given(st.one_of(st.text(max_size=400), st.lists(PIECES, max_size=60).map("".join)))
@settings(max_examples=150, deadline=None)
def test_no_text_makes_it_raise(text) -> None:
    reading = read_number(text)
    assert reading is None or isinstance(reading.value, Fraction)


@pytest.mark.parametrize(
    "piece",
    [
        "1",
        "9,",
        "1,000",
        "1 000 ",
        "1.000.",
        "#### ",
        "#### 1. A\n",
        "\\boxed{",
        "\\frac{",
        "\\frac{1}{",
        "The answer is ",
        "Answer: x\n",
        "$",
        "$ ",
        "-",
        "**",
        "** 1 **",
        "(",
        "(1",
        "\n",
        " ",
        "Question:",
        "<<",
        "<<1>>",
        "</think>1",
        "1/",
        "1^",
        "e9",
        "=1",
        "1=",
        "to 1 ",
        "for 1 ",
        "#### 1\nHow ",
        "#### 1\nAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa?",
        "x =",
        "1\n",
        "1. a\n",
        "-1",
        "step 1 ",
        "\\text{",
        "<|a",
        "for 1 cup and 1 ",
        "because 1 < ",
        "1 of the 1 ",
        "to go 1 ",
        "1? ",
        "I hope 1\n",
        "1. Check ",
        "twenty-",
        "²",
        "because 1 = 1 ",
        "1 hour and 1 minute or ",
        "1: 1 and 1 ",
        "- 1\n",
        "a: 1\n",
        "with 1 at $1 per ",
        "** 1 1 **",
        "1 = 1. 1 for 1 ",
        "So two\n",
        "thousand, ",
        "let me check 1\n",
        "a (1) ",
        "1 hour, or 60 minutes ",
        "1 of which 1 ",
        "Q1:",
        "A: 1\nHow ",
        "# question\n",
        "<answer>1. a ",
        "Answer:\na b c d e 1\n",
        "> 1\n",
        "explain 1 ",
        "1 + ",
        "4x + ",
        "(1) * ",
        "- **1**\n- 1\n",
        "1, so ",
        "[Question]1\n",
        "\\[1",
        "A 1. A",
        "by adding 1 and ",
        "add 1 to get ",
        "1, which is the ",
        "= 1 total\n1\n",
        "user\n1",
        "assistant: 1\n",
        "\\boxed{1}\nFind how many of them are there in the whole of the house. ",
        "if meant 1, the answer is 1 ",
        "1 PM to ",
        "</answer>1",
        "check 1\n",
        "```\nprint 1 ",
        "1 <3 ",
        "1 or ",
        "1 minute or ",
        "答案1",
        "respuesta ",
        "the answer ",
        "minus 1 ",
        "\\boxed{\\boxed{1}} or ",
        "as she 1 ",
        "**1 ",
    ],
)
def test_time_grows_with_the_length_and_not_with_its_square(piece) -> None:
    def seconds(size: int) -> float:
        text = piece * (size // len(piece))
        start = time.process_time()
        read_number(text)
        return time.process_time() - start

    # A quadratic reader would need 64 times as long for 8 times the text; a linear one needs some 8 times as
    # long. A busy machine makes single runs longer, and none shorter.
    short, long = seconds(2_500), seconds(20_000)
    for _ in range(3):
        if long < 24 * short + 0.05:
            return
        short, long = min(short, seconds(2_500)), min(long, seconds(20_000))
    raise AssertionError(f"{short:.4f} s, {long:.4f} s for eight times as much")


def test_five_thousand_answers_take_less_than_two_seconds() -> None:
    answers = [WORKING * 2 + f"So she makes $18 on day {n}.\n#### {n:,}" for n in range(5_000)]
    start = time.process_time()
    assert [reading.value for answer in answers if (reading := read_number(answer))] == list(range(5_000))
    assert time.process_time() - start < 2
