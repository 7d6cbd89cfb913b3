"""The questions task: its texts, how responses are read, and each rule with a question that breaks it alone."""

import random
import time
from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest
import yaml

from proctor.tasks.prompt_pack import train_chats
from proctor.tasks.questions import as_text, docs
from proctor.tasks.questions.reading import LONGEST, read
from proctor.tasks.questions.rules import FLAWS, computed
from proctor.tasks.questions.task import score
from proctor.tasks.text import CHINESE, runs, simplified, tokens

MATERIAL = yaml.safe_load((Path(__file__).parents[1] / "support/data/questions.yaml").read_text("utf-8"))
EVERY = [*docs("test"), *docs("train")]
PASSAGES = [doc for doc in EVERY if doc["kind"] != "brief"]
BRIEFS = [doc for doc in EVERY if doc["kind"] == "brief"]


def by_id(identity: str) -> dict:
    return next(doc for doc in EVERY if doc["id"] == identity)


def names(doc: dict) -> str:
    return str(doc["id"])


# The texts


def test_there_are_forty_passages_in_each_language_and_thirty_briefs():
    counted = Counter((doc["language"], doc["kind"], doc["split"]) for doc in PASSAGES)
    for language in ("en", "zh"):
        for kind in ("news", "nature", "story", "notice"):
            assert (counted[language, kind, "test"], counted[language, kind, "train"]) == (7, 3)
    assert Counter(doc["subject"] for doc in BRIEFS) == {"english": 10, "chinese": 10, "mathematics": 10}
    assert len({doc["id"] for doc in EVERY}) == len(EVERY) == 110
    assert not {doc["id"] for doc in docs("test")} & {doc["id"] for doc in docs("train")}


def test_a_passage_has_its_length_its_language_and_its_grade():
    for doc in PASSAGES:
        chinese, name = len(CHINESE.findall(doc["passage"])), doc["id"]
        if doc["language"] == "zh":
            assert 200 <= chinese <= 500, name
            assert not simplified(doc["material"] + doc["target"]), name
        else:
            assert 120 <= len(doc["passage"].split()) <= 350, name
            assert not chinese, name
        assert 4 <= doc["grade"] <= 9, name
        assert str(doc["grade"]) in doc["material"], name
        assert all(question["evidence"] in doc["passage"] for question in doc["questions"]), name


def test_no_two_passages_share_a_sentence_and_no_two_questions_are_alike():
    for language, n in (("en", 8), ("zh", 12)):
        texts = [runs(tokens(doc["passage"]), n) for doc in PASSAGES if doc["language"] == language]
        assert not [1 for a, b in combinations(texts, 2) if a & b]
    stems = Counter(
        (question["stem"], *question["options"]) for doc in EVERY for question in doc["questions"]
    )
    assert max(stems.values()) == 1


def test_two_calculations_whose_signs_differ_are_no_repetition():
    options = "A. 14\nB. 20\nC. 24\nD. 9"
    doc = next(doc for doc in EVERY if doc["id"] == "brief-math-order")
    pair = f"1. What is 2 + 3 × 4?\n{options}\nAnswer: A\n\n2. What is {{}}?\n{options}\nAnswer: {{}}"
    assert score(doc, pair.format("(2 + 3) × 4", "B")).metrics["flaw_repeated"] == 0
    assert score(doc, pair.format("2 + 3 × 4", "A")).metrics["flaw_repeated"] == 0.5


def test_the_model_questions_keep_every_rule():
    for doc in EVERY:
        scored = score(doc, doc["target"])
        assert scored.score == 1.0, (doc["id"], scored.explanation)
        assert len(read(doc["target"])) == doc["number"] == 3, doc["id"]


def test_the_keys_of_the_model_questions_are_spread_over_the_letters_and_are_not_the_longest_options():
    keys = Counter(question["key"] for doc in EVERY for question in doc["questions"])
    assert set(keys) == set("ABCD")
    assert max(keys.values()) < 1.25 * min(keys.values())
    longest = 0
    for doc in EVERY:
        for question in doc["questions"]:
            sizes = [len(tokens(option)) for option in question["options"]]
            key = sizes.pop("ABCD".index(question["key"]))
            longest += key > max(sizes)
    assert longest / 330 < 0.3


def test_training_chats_are_of_the_train_split_alone_in_a_packs_wording():
    chats = train_chats("questions", 1000, 3, "teacher")
    assert len(chats) == 33
    asked = {doc["material"] for doc in docs("train")}
    assert {chat["prompt"][1]["content"] for chat in chats} == asked
    assert train_chats("questions", 5, 3) == train_chats("questions", 33, 3)[:5]
    assert train_chats("questions", 0, 1) == []


# Reading


FORMS = MATERIAL["forms"]


@pytest.mark.parametrize("form", list(FORMS))
def test_a_response_is_read_in_any_of_the_usual_forms(form):
    found = [(question.stem, question.options, question.key) for question in read(FORMS[form])]
    people = ("Tom", "Ann", "Ben", "Mia")
    assert found == [("Who slept?", people, "B"), ("Who ran?", people, "C")]


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("Answer: A and C", "AC"), ("Answer: (A), (C)", "AC"), ("答案：A、C", "AC"), ("Answer: E", "E"),
        ("Answer:", ""), ("Answer: none of these", ""), ("Answer: 2", ""), ("", ""), ("Answer: Ann", "B"),
        ("Answer: Blue", ""),
        ("Answer: A blue one", "A"),
    ],
)  # fmt: skip
def test_a_key_that_is_not_clear_is_no_key(line, key):
    (question,) = read(f"1. Who slept?\nA. Tom\nB. Ann\nC. Ben\nD. Mia\n{line}")
    assert question.key == key


def test_an_object_that_is_cut_off_does_not_hide_the_whole_ones():
    (question,) = read(
        '{"questions": [{"question": "Who?", "options": ["a", "b", "c", "d"], "key": "D"}, {"question": "Wh'
    )
    assert question.key == "D"


@pytest.mark.parametrize(
    "text", ["", "I cannot do that.", "[[[[", "1. 2. 3.", "A. B. C. D.", "null", '{"question": 3}']
)
def test_what_holds_no_question_is_unparsed_and_scores_nothing(text):
    scored = score(by_id("en-news-lost-ring"), text)
    assert (scored.score, scored.parsed, scored.answer) == (0.0, False, "") or scored.score == 0.0
    assert scored.metrics["missing"] > 0


def test_no_text_is_read_slowly_or_raises():
    chance = random.Random(5)
    signs = '(A)B.①1.\n 答案：Answer: {}[]"，題D)甲、*_-'
    texts = ["".join(chance.choices(signs, k=LONGEST)) for _ in range(3)]
    texts += [
        piece * (LONGEST // len(piece))
        for piece in ("(A)", "{", "Answers\n", "A. x\nB. y\n", "1 ", "Answer: \n", "\n \n")
    ]
    for text in texts:
        begun = time.perf_counter()
        score(by_id("en-news-lost-ring"), text)
        assert time.perf_counter() - begun < 3, text[:20]


# Rules: each question breaks one


def with_question(doc: dict, **fields: object) -> str:
    """The model questions, with the first one changed."""
    first, *others = doc["questions"]
    return as_text([{**first, **fields}, *others], doc["language"])


RING = by_id("en-news-lost-ring")
TURTLE = by_id("zh-news-turtle")
TIMES = by_id("brief-math-times")
BROKEN = MATERIAL["flaws"]


@pytest.mark.parametrize("flaw", list(BROKEN))
def test_each_flaw_is_named_on_the_row_and_costs_its_question_alone(flaw):
    fields = dict(BROKEN[flaw])
    doc = by_id(fields.pop("doc"))
    if "as" in fields:  # the same as another one of the model questions
        fields = doc["questions"][fields["as"]]
    scored = score(doc, with_question(doc, **fields))
    named = {name for name in FLAWS if scored.metrics[f"flaw_{name}"]}
    assert named == {flaw}, scored.explanation
    assert FLAWS[flaw] in scored.explanation
    assert scored.score == pytest.approx(2 / 3)


def test_simplified_characters_are_not_what_was_asked_for():
    scored = score(TURTLE, with_question(TURTLE, stem="阿福被发现的时候有什么问题？"))
    assert scored.metrics["flaw_language"] == pytest.approx(1 / 3)
    assert "Simplified" in scored.explanation
    assert "发" in scored.explanation


def test_english_questions_on_a_chinese_passage_are_in_the_wrong_language():
    scored = score(
        TURTLE,
        with_question(TURTLE, stem="What was wrong?", options=["Lost", "Caught", "Floating", "Broken"]),
    )
    assert scored.metrics["flaw_language"] == pytest.approx(1 / 3)


def test_the_same_key_for_every_question_makes_none_usable():
    questions = []
    for question in RING["questions"]:
        options = list(question["options"])
        right = options.pop("ABCD".index(question["key"]))
        questions.append({**question, "options": [right, *options], "key": "A"})
    scored = score(RING, as_text(questions, "en"))
    assert scored.score == 0.0
    assert scored.metrics["flaw_same_keys"] == 1.0


def test_fewer_questions_than_asked_for_are_missed_and_more_are_no_gain():
    two = score(RING, as_text(RING["questions"][:2], "en"))
    assert (two.score, two.metrics["missing"]) == (pytest.approx(2 / 3), pytest.approx(1 / 3))
    other = {
        "stem": "Who found the ring?", "options": ["Her sister", "Her grandson", "Her neighbour", "Her husband"],
        "key": "B", "evidence": "Oskar rubbed off the earth and saw something yellow.",
    }  # fmt: skip
    four = score(RING, as_text([*RING["questions"], other], "en"))
    assert four.score == pytest.approx(3 / 4)
    assert four.metrics["flaw_surplus"] == pytest.approx(1 / 4)
    again = score(RING, as_text(RING["questions"] * 3, "en"))
    assert again.score == pytest.approx(3 / 9)


def test_evidence_may_differ_in_width_case_and_marks_but_is_no_word_and_not_the_whole_passage():
    evidence = RING["questions"][0]["evidence"]
    assert score(RING, with_question(RING, evidence=f"“{evidence.upper()}”")).score == 1.0
    for wrong in ("", "ring", "Elsa Lind", RING["passage"].replace("\n", " ")):
        assert score(RING, with_question(RING, evidence=wrong)).metrics["flaw_evidence"] > 0, wrong


@pytest.mark.parametrize(
    ("stem", "value"),
    [
        ("What is 7 × 8?", 56), ("Calculate 72 / 9.", 8), ("Work out (12 - 4) / 2 + 6.", 10), ("3/4 of 20 = ?", 15),
        ("What is 15% of 80?", 12), ("Solve 3x + 5 = 20.", 5), ("What is the value of n if 4n - 7 = 2n + 9?", 8),
        ("計算 12 + 30 的值", 42), ("What is (-2)^3?", -8), ("What is 1,200 + 300?", 1500),
        ("What is 7?", None), ("Which sum gives 3 + 4?", None), ("Round 3.14 + 1 to one decimal place.", None),
        ("A box holds 3 + 4 pens. How many boxes?", None), ("Solve x^2 = 9.", None), ("Solve 2x + y = 3.", None),
        ("What is 1 / 0?", None), ("", None),
    ],
)  # fmt: skip
def test_a_stem_that_is_a_calculation_is_worked_out_and_no_other(stem, value):
    assert computed(stem) == value


def test_two_right_options_are_a_wrong_key_and_a_rounded_one_is_right():
    halves = with_question(TIMES, stem="What is 1 / 2?", options=["0.5", "50%", "2", "1.5"], key="A")
    assert (
        score(TIMES, halves).metrics["flaw_same_options"] + score(TIMES, halves).metrics["flaw_wrong_key"] > 0
    )
    third = with_question(TIMES, stem="What is 10 / 3?", options=["3.33", "3.66", "0.3", "13"], key="A")
    assert score(TIMES, third).score == 1.0


# The task


def test_the_packs_shots_are_turns_of_the_train_split_on_the_same_subject():
    from proctor.tasks.questions.task import questions

    task = questions("cot-2shot")
    assert len(task.dataset) == len(docs("test")) == 77
    train = {doc["material"]: doc for doc in docs("train")}
    for sample in task.dataset:
        doc = sample.metadata["doc"]
        *shots, last = [turn.text for turn in sample.input]
        assert last == doc["material"]
        assert [train[shot]["target"] for shot in shots[::2]] == shots[1::2]
        assert {train[shot]["subject"] for shot in shots[::2]} == {doc["subject"]}
        assert len(shots) == 4


def test_inspect_scores_as_our_own_function_does(tmp_path):
    import inspect_ai
    from inspect_ai.model import ModelOutput, ModelUsage, get_model

    from proctor.tasks.questions.task import questions

    gold = {doc["material"]: doc["target"] for doc in docs("test")}

    def answer(messages, *_):
        text = gold[messages[-1].text]
        output = ModelOutput.from_content("mock", text[: len(text) // 2])
        # Without a count, the mock would fetch a tokenizer to make one.
        output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
        return output

    model = get_model("mockllm/model", custom_outputs=answer)
    (log,) = inspect_ai.eval(
        questions(), model=model, limit=6, display="none", log_dir=str(tmp_path), ctl_server=False
    )
    assert log.status == "success"
    for sample in log.samples:
        (inspect_score,) = sample.scores.values()
        expected = score(sample.metadata["doc"], sample.output.completion)
        assert inspect_score.value == expected.score < 1
        assert inspect_score.metadata == {"parsed": expected.parsed, **expected.metrics}
