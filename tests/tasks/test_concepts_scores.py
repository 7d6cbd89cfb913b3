"""Answers to the concepts task: lists in every form, scores, and what a teacher can read of them."""

import json
import random
import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proctor.tasks.concepts import docs, task
from proctor.tasks.concepts.reading import read
from proctor.tasks.concepts.taxonomy import concepts, names

DOC = {"id": "made-up-1", "concepts": ["fractions", "ratio", "mean"]}


# --- reading an answer


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ('["Fractions", "ratio"]', ["Fractions", "ratio"]),
        ('Here it is:\n```json\n["Fractions", "Ratio"]\n```\nHope that helps!', ["Fractions", "Ratio"]),
        ('{"concepts": ["Fractions", "Ratio"]}', ["Fractions", "Ratio"]),
        ('[{"name": "Fractions", "why": "x"}, {"name": "Ratio"}]', ["Fractions", "Ratio"]),
        ('{"concepts": [{"name": "Fractions"}, {"concept": "Ratio"}]}', ["Fractions", "Ratio"]),
        ('{"text": "a [b] c", "concepts": ["Ratio"]}', ["Ratio"]),
        ('{"concepts": ["Fractions"], "steps": ["Ratio", "Mean"]}', ["Fractions"]),
        ('{"concept": "Ratio"}', ["Ratio"]),
        ('First guess ["Mean"], no: ["Fractions"]', ["Fractions"]),
        ('["Fractions"]\n\nThe interval is [0, 1) and then [2].', ["Fractions"]),
        ("['Fractions', 'Ratio',]", ["Fractions", "Ratio"]),
        ("[Fractions, Ratio]", ["Fractions", "Ratio"]),
        ('[["Fractions", "Ratio"]]', ["Fractions", "Ratio"]),
        ('<think>maybe ["Mean"]</think>["Ratio"]', ["Ratio"]),
        ('<think>maybe ["Mean"]</think>', None),
        ("[]", []),
        ('{"concepts": []}', []),
        ("- Fractions\n- Ratio", ["Fractions", "Ratio"]),
        ("* **Fractions**: parts of a whole\n* **Ratio** - comparing parts", ["Fractions", "Ratio"]),
        ("1. Fractions\n\n2) Ratio\n", ["Fractions", "Ratio"]),
        ("- Mean\n\nOn second thoughts:\n\n- Fractions\n- Ratio", ["Fractions", "Ratio"]),
        ("• Fractions\n• basket weaving", ["Fractions", "basket weaving"]),
        ("Concepts: fractions, ratio", ["fractions", "ratio"]),
        ("**Concepts:** Fractions; Ratio.", ["Fractions", "Ratio"]),
        (
            "I read it twice.\nThe concepts in this text are: fractions, ratio and mean.",
            ["fractions", "ratio", "mean"],
        ),
        ("The main concepts are fractions and ratio.", ["fractions", "ratio"]),
        ("This text is about equivalent fractions.", ["equivalent fractions"]),
        ("Fractions, Ratio, Mean", ["Fractions", "Ratio", "Mean"]),
        ("Fractions\nRatio", ["Fractions", "Ratio"]),
        ("Equivalent fractions", ["Equivalent fractions"]),
        (
            '["mean and median", "angles on a line and at a point"]',
            ["mean", "median", "angles on a line and at a point"],
        ),
        ("", None),
        ("   \n ", None),
        ("I do not know.", None),
        ("Well, I think, this is hard", None),
        ("1. Add 3 and 4.\n2. You get 7.", None),
        ("The answer is 42.", None),
        ('["Fractions", "Ratio"', None),
        ('{"concepts": ["Fractions", "Ra', None),
        ("[1, 2, 3]", None),
    ],
)
def test_lists_are_read_in_every_promised_form(answer: str, expected: list[str] | None) -> None:
    assert read(answer) == expected


MORSELS = st.sampled_from([
    "[", "]", "{", "}", '"', "'", ",", ":", "\n", "- ", "1. ", "concepts", "are", "is about ", "```", "\\",
    "</think>", "Fractions", "ratio and mean", "name", " ", ".", "(", ")", "\x00", "é", "²", "null", "1e999",
    "\ud800", "：",
])  # fmt: skip


@settings(max_examples=100)
@given(st.one_of(st.text(), st.lists(MORSELS, max_size=60).map("".join)))
def test_no_text_makes_marking_raise(text: str) -> None:
    scored = task.score(DOC, text)
    assert 0 <= scored.score <= 1
    assert all(isinstance(value, float) for value in scored.metrics.values())
    assert scored.parsed or (scored.score == 0 and scored.answer == "")
    assert task.process_results(DOC, [text])["f1"] == scored.score


@pytest.mark.parametrize("piece", [
    "[", "{", '["a",', '{"a":', "- a\n", "a,", "concept", "concepts are ", '"', "[]", "(", " ", "a. ", "\\",
    "[{", '["a\n', "-", "1.", "1", "Concepts: a\n", "and ", "Fractions, ", "is about ", ": ", "['a',", "\n",
    "a/b,", "fractions and ",
])  # fmt: skip
def test_marking_takes_linear_time(piece: str) -> None:
    def seconds(size: int) -> float:
        text = piece * (size // len(piece))
        began = time.process_time()
        task.score(DOC, text)
        return time.process_time() - began

    seconds(1_000)
    # Ten times the text may take about ten times as long; quadratic work would take a hundred times.
    assert seconds(100_000) < 40 * max(seconds(10_000), 0.002)


def test_of_brackets_nested_without_end_the_innermost_are_read() -> None:
    assert task.score(DOC, "[" * 50_000 + '"Ratio"' + "]" * 50_000).answer == '["Ratio"]'
    assert not task.score(DOC, "[" + '{"a":' * 50_000 + '"Ratio"' + "}" * 50_000 + "]").parsed


# --- scores


@pytest.mark.parametrize("split", ["train", "test"])
def test_gold_answers_score_one(split: str) -> None:
    for doc in docs(split):
        scored = task.score(doc, doc["answer"])
        assert scored.parsed
        assert scored.score == 1.0, doc["id"]
        assert scored.metrics["fp"] == scored.metrics["fn"] == scored.metrics["unknown"] == 0


def test_shuffled_gold_scores_about_what_chance_gives() -> None:
    test = docs("test")
    answers = [doc["answer"] for doc in test]
    random.Random(0).shuffle(answers)
    scores = [task.score(doc, answer).metrics for doc, answer in zip(test, answers, strict=True)]
    assert task.micro_f1((int(one["tp"]), int(one["fp"]), int(one["fn"])) for one in scores) < 0.06


@pytest.mark.parametrize("nothing", ["", "   ", "I am not sure.", "42"])
def test_an_answer_without_names_is_unparsed_and_scores_nothing(nothing: str) -> None:
    scored = task.score(DOC, nothing)
    assert not scored.parsed
    assert scored.score == 0.0
    assert scored.metrics["fn"] == 3
    assert scored.metrics["fp"] == 0


def test_an_empty_list_is_an_answer_and_scores_nothing() -> None:
    scored = task.score(DOC, "[]")
    assert scored.parsed
    assert scored.score == scored.metrics["precision"] == scored.metrics["recall"] == 0.0


def test_names_outside_the_taxonomy_count_against_precision_once_each() -> None:
    scored = task.score(DOC, '["Fractions", "Basket weaving", "basket-weaving", "Yodelling"]')
    assert scored.metrics == pytest.approx(
        {"tp": 1, "fp": 2, "fn": 2, "unknown": 2, "precision": 1 / 3, "recall": 1 / 3, "f1": 1 / 3}
    )
    assert "Basket weaving" in scored.answer
    assert "not in the taxonomy: Basket weaving, Yodelling" in scored.explanation


def test_two_names_of_one_concept_count_once() -> None:
    scored = task.score(DOC, '["average", "Mean", "arithmetic mean"]')
    assert (scored.metrics["tp"], scored.metrics["fp"]) == (1, 0)


def test_a_teacher_can_read_what_was_missed() -> None:
    scored = task.score(DOC, "Concepts: fractions, median")
    assert scored.explanation == "right: Fractions; missed: Ratio, Mean; not in the labels: Median"
    assert json.loads(scored.answer) == ["Fractions", "Median"]


@given(
    st.lists(st.sampled_from([*names(concepts()), "Yodelling", "knitting"]), min_size=1, max_size=8),
    st.randoms(),
)
def test_the_order_of_the_names_never_changes_the_score(
    given_names: list[str], chance: random.Random
) -> None:
    shuffled = list(given_names)
    chance.shuffle(shuffled)
    assert task.score(DOC, json.dumps(given_names)) == task.score(DOC, json.dumps(shuffled))


@given(st.lists(st.sampled_from(names(concepts())), min_size=1, max_size=6, unique=True))
def test_every_form_of_the_same_answer_gets_the_same_score(given_names: list[str]) -> None:
    forms = [
        json.dumps(given_names),
        json.dumps({"concepts": given_names}),
        "\n".join(f"- {name}" for name in given_names),
        "\n".join(f"{at}. {name}" for at, name in enumerate(given_names, 1)),
        "Concepts: " + ", ".join(given_names),
        ", ".join(given_names),
    ]
    scores = [task.score(DOC, form) for form in forms]
    assert all(one == other for one, other in pairwise(scores))


# --- the corpus


def test_micro_figures_come_from_summed_counts() -> None:
    counts = [(3, 1, 0), (0, 2, 3), (1, 0, 0)]
    assert task.micro_p(counts) == pytest.approx(4 / 7)
    assert task.micro_r(counts) == pytest.approx(4 / 7)
    assert task.micro_f1(counts) == pytest.approx(4 / 7)
    assert task.micro_p([(0, 0, 2)]) == task.micro_r([(0, 0, 0)]) == task.micro_f1([]) == 0.0


def test_macro_f1_gives_each_concept_of_the_gold_the_same_weight() -> None:
    items = [
        (("mean",), ("mean", "mode")),
        (("mean",), ("mean",)),
        (("ratio",), ()),
        (("mean", "ratio"), ("ratio",)),
    ]
    # mean: 2 of 3 found, none wrong; ratio: 1 of 2 found; mode is nobody's label.
    assert task.macro_f1(items) == pytest.approx((4 / 5 + 2 / 3) / 2)
    assert task.macro_f1([]) == 0.0


def test_macro_f1_can_be_computed_from_stored_answers() -> None:
    doc = docs("test")[0]
    scored = task.score(doc, '["Yodelling", ' + doc["answer"][1:])
    assert task.ids_in(scored.answer) == tuple(sorted(doc["concepts"]))
    assert task.ids_in("") == ()


def test_lm_eval_gets_what_mark_found() -> None:
    scored, results = task.score(DOC, "mean, mode"), task.process_results(DOC, ["mean, mode"])
    assert results["f1"] == scored.score
    assert results["micro_p"] == results["micro_r"] == results["micro_f1"] == (1, 1, 2)
    assert results["macro_f1"] == (("fractions", "mean", "ratio"), ("mean", "mode"))
