"""Responses that do not depend on the item are flagged wherever the row stands, and honest rows are not."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from proctor.harness import record
from proctor.harness.imports.foreign import Wish
from proctor.harness.imports.imports import import_files
from proctor.leaderboard.board import site
from proctor.leaderboard.compare.same_responses import FRAME, FRAMED, why_flagged
from tests.support.board_pages import text_of
from tests.support.board_results import rows_of, write
from tests.support.comparing import run

ROOT = Path(__file__).resolve().parent.parent.parent
CANNED = "It is a good question, and the answer to it depends on what you want to know."
PLAN = (
    "A plan for {name}. Each week begins with what you know already. Practise {topic} for ten minutes on {n} days, "
    "then rest, then do it once more with somebody who listens, and write down what was hard."
)


def cell(
    folder: Path, responses: list[str], targets: list[str] | None = None, task="word_problems", **changed
):
    rows = rows_of("v", task, len(responses))
    rows = [
        replace(row, response=response, target=targets[at] if targets else row.target, **changed)
        for at, (row, response) in enumerate(zip(rows, responses, strict=True))
    ]
    write(folder, rows)
    found = record.read(folder, "v", task)
    assert found is not None
    return found


def imported(folder: Path, responses: list[str] | None) -> record.Cell:
    """Twenty plain scores, with these responses beside them or with no such field."""
    folder.mkdir()
    rows = [{"variant": "v", "task": "quiz", "sample_id": f"q{n}", "score": n % 2} for n in range(20)]
    if responses is not None:
        rows = [row | {"response": response} for row, response in zip(rows, responses, strict=True)]
    path = folder / "scores.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    import_files([path], folder / "results", Wish())
    found = record.read(folder / "results", "v", "quiz")
    assert found is not None
    return found


@pytest.mark.parametrize("task", ["word_problems", "study_plan"])
def test_one_response_to_nearly_all_items_is_flagged(tmp_path, task):
    responses = [CANNED] * 17 + [CANNED.upper(), f" {CANNED}\n", "An answer"]
    assert why_flagged(cell(tmp_path, responses, task=task)) == "19 of 20 items got the same response"


def test_nine_in_ten_are_enough_and_less_is_not(tmp_path):
    others = [f"Another answer, {word}." for word in ["one", "two", "three"]]
    for n, flagged in ((1, True), (2, False)):
        found = cell(tmp_path / str(n), [CANNED] * (10 - n) + others[:n])
        assert bool(why_flagged(found)) is flagged


def test_a_few_items_are_enough_where_their_right_answers_differ_or_are_free_texts(tmp_path):
    few = "3 of 3 items got the same response"
    assert why_flagged(cell(tmp_path / "numbers", ["18"] * 3, ["18", "7", "4"])) == few
    assert why_flagged(cell(tmp_path / "plans", [CANNED] * 3, [""] * 3, "study_plan")) == few
    assert why_flagged(cell(tmp_path / "empty", [""] * 3)) == "3 of 3 responses are empty"
    assert why_flagged(cell(tmp_path / "two", ["18"] * 2)) == ""
    yes_no = cell(tmp_path / "yes", ["yes"] * 9, ["yes", "no", "yes"] * 3)
    assert why_flagged(yes_no) == ""  # can be chance
    assert why_flagged(cell(tmp_path / "one", ["18"] * 8 + ["7"], list("123456789"))) == ""


SERVED = "The service has too many users at the moment, so please come back and ask once more tomorrow."
FOUND = "After careful thought about all that was given here, the answer that I find is: {}"


@pytest.mark.parametrize("task", ["word_problems", "concepts", "study_plan"])
def test_a_few_texts_by_turns_are_flagged(tmp_path, task):
    by_turns = [CANNED, SERVED, SERVED, CANNED.upper()] * 5
    assert why_flagged(cell(tmp_path, by_turns, task=task)) == "20 of 20 items got one of 2 responses"


def test_texts_by_turns_are_flagged_whatever_spaces_and_signs_stand_before_their_words(tmp_path):
    """The first words are looked at first: they must be found behind any number of spaces."""
    texts = [f"Plan {letter} for you. {CANNED}" for letter in "ABC"]
    spread = [" *\n" * 40 * (at % 4) + texts[at % 3].replace(" ", " " * (1 + at % 30)) for at in range(30)]
    assert why_flagged(cell(tmp_path, spread, task="study_plan")) == "30 of 30 items got one of 3 responses"


def test_as_many_texts_as_right_answers_are_honest(tmp_path):
    targets = ["yes", "no", "no"] * 7
    assert why_flagged(cell(tmp_path, [FOUND.format(target) for target in targets], targets)) == ""


def test_marks_emoji_and_unseen_characters_do_not_make_another_response(tmp_path):
    marked = [CANNED + " 🎉" * (n % 5) for n in range(10)] + [f"**{CANNED}**", f"# {CANNED}"] * 5
    assert why_flagged(cell(tmp_path / "marked", marked)) == "20 of 20 items got the same response"
    unseen = ["\u200b" * (n % 4) for n in range(20)]
    assert why_flagged(cell(tmp_path / "unseen", unseen)) == "20 of 20 responses are empty"
    signs = ["<", ">", "=", "≤"] * 5
    assert why_flagged(cell(tmp_path / "signs", signs, signs)) == ""


def test_a_code_behind_the_same_plan_does_not_make_another_plan(tmp_path):
    coded = [f"{CANNED} ({7919 * (n + 3):x}a{n})" for n in range(20)]
    told = why_flagged(cell(tmp_path, coded, task="study_plan"))
    assert told == "20 of 20 items got one text with words and numbers of the item put in"


def test_a_word_that_is_cut_where_the_first_words_end_does_not_make_another_plan(tmp_path):
    """The twelfth word of the frame stands across the place where the first look ends, cut anew in each response."""
    words = "Each week begins with what you know already and goes on"
    assert len(words.split()) == FRAME - 1
    coded = []
    for n in range(20):
        begun = f"({7919 * (n + 3):x}a{n}) {words}"
        coded.append(f"{begun:{FRAMED - 1 - n % 5}}attentively until the next week.")
    told = why_flagged(cell(tmp_path, coded, task="study_plan"))
    assert told == "20 of 20 items got one text with words and numbers of the item put in"


def test_half_of_the_responses_empty_is_flagged(tmp_path):
    found = cell(tmp_path, ["", " \n"] * 5 + [f"It is {n}, I think" for n in range(10)])
    assert why_flagged(found) == "10 of 20 responses are empty"
    some = cell(tmp_path / "some", [""] * 9 + [f"It is {n}, I think" for n in range(11)])
    assert why_flagged(some) == ""


def test_a_request_that_failed_is_no_empty_response(tmp_path):
    assert why_flagged(cell(tmp_path, [""] * 20, status="error", score=None, metrics={})) == ""


def test_an_import_without_responses_is_not_flagged(tmp_path):
    assert why_flagged(imported(tmp_path / "none", None)) == ""
    assert why_flagged(imported(tmp_path / "empty", [""] * 20)) == "20 of 20 responses are empty"
    assert "empty" in why_flagged(imported(tmp_path / "some", [""] * 19 + ["It is 4"]))
    assert "same response" in why_flagged(imported(tmp_path / "same", [CANNED] * 20))


def test_a_plan_that_only_takes_in_words_of_the_item_is_flagged_where_whole_texts_are_marked(tmp_path):
    names, topics = ["Ada", "Ben", "Cem", "Dana", "Eli"] * 4, ["ratio", "area", "fractions", "time"] * 5
    responses = [
        PLAN.format(name=name, topic=topic, n=at)
        for at, (name, topic) in enumerate(zip(names, topics, strict=True))
    ]
    rows = [
        replace(row, prompt=f"Write a plan. Pupil: {name}. Weak at: {topic}", response=response)
        for row, name, topic, response in zip(
            rows_of("v", "study_plan", 20), names, topics, responses, strict=True
        )
    ]
    write(tmp_path, rows)
    found = record.read(tmp_path, "v", "study_plan")
    assert found is not None
    assert why_flagged(found) == "20 of 20 items got one text with words and numbers of the item put in"


@pytest.mark.parametrize(
    "said",
    ["{}", "#### {}", "After careful thought about all that was given here, the answer that I find is: {}"],
)
def test_short_answers_with_the_same_words_around_them_are_honest(tmp_path, said):
    numbers = [str(7 * n % 23) for n in range(20)]
    assert why_flagged(cell(tmp_path, [said.format(n) for n in numbers], numbers)) == ""


COUNTED = "20 of 20 items got the same response, with a number that only counts on"


@pytest.mark.parametrize("task", ["word_problems", "study_plan"])
@pytest.mark.parametrize("said", ["Answer {}: I don't know", "The answer is {}.", "No. {} of 20, sorry!"])
def test_one_response_with_a_counter_is_flagged(tmp_path, task, said):
    targets = [str(7 * n % 23) for n in range(20)]
    by_turns = [said.format(n + 1) for n in range(20)]
    assert why_flagged(cell(tmp_path / "turns", by_turns, targets, task)) == COUNTED
    in_any_order = [said.format(11 + 7 * n % 20) for n in range(20)]  # requests that ran side by side
    assert why_flagged(cell(tmp_path / "beside", in_any_order, targets, task)) == COUNTED
    steps_of_ten = [said.format(10 * n) for n in range(20)]
    assert why_flagged(cell(tmp_path / "steps", steps_of_ten, targets, task)) == COUNTED


def test_right_answers_that_happen_to_count_on_are_honest(tmp_path):
    right = [str(n + 1) for n in range(20)]
    said = [f"The answer is {n}." for n in right]
    assert why_flagged(cell(tmp_path / "all", said, right)) == ""
    some = [answer if n % 4 == 0 else "50" for n, answer in enumerate(right)]
    assert why_flagged(cell(tmp_path / "some", said, some)) == ""
    assert why_flagged(cell(tmp_path / "none", said, ["50"] * 20)) == COUNTED


def test_answers_beside_a_number_of_the_question_are_honest(tmp_path):
    wrong = [f"Question {n + 1}: the answer is {7 * n % 23}." for n in range(20)]
    assert why_flagged(cell(tmp_path, wrong, ["50"] * 20)) == ""
    money = [f"It costs ${7 * n % 23}.50." for n in range(20)]
    assert why_flagged(cell(tmp_path / "money", money, ["50"] * 20)) == ""


@pytest.mark.parametrize("variant", ["tiny", "tiny-lora", "tiny-q8-2shot"])
def test_a_counter_in_place_of_committed_responses_is_flagged_and_their_short_answers_are_not(
    tmp_path, variant
):
    committed = record.read(ROOT / "results" / "demo", variant, "word_problems")
    assert committed is not None
    rows = committed.rows(["sample_id", "epoch", "answer", "target"])
    answers, targets = rows["answer"].fillna("0").tolist(), rows["target"].tolist()
    short = [f"The answer is {answer}." for answer in answers]
    assert why_flagged(cell(tmp_path / "short", short, targets)) == ""
    counted = [f"Answer {n}: I don't know" for n in range(len(targets))]
    assert why_flagged(cell(tmp_path / "counted", counted, targets)).startswith(
        "250 of 250 items got the same"
    )


def test_yes_and_no_or_letters_are_honest_where_they_follow_the_item(tmp_path):
    yes_no = ["yes", "No."] * 10
    assert why_flagged(cell(tmp_path / "both", yes_no, ["yes", "no"] * 10)) == ""
    mostly = ["no"] * 19 + ["yes"]
    assert why_flagged(cell(tmp_path / "rare", mostly, mostly)) == ""  # the right answers are nearly all 'no'
    always = why_flagged(cell(tmp_path / "always", ["A"] * 20, ["A", "B", "C", "D"] * 5))
    assert always == "20 of 20 items got the same response"


def test_equal_targets_excuse_only_the_response_that_holds_them(tmp_path):
    targets = ["5"] * 20
    assert why_flagged(cell(tmp_path / "wrong", [CANNED] * 20, targets)) != ""
    assert why_flagged(cell(tmp_path / "right", ["It is 5."] * 20, targets)) == ""
    assert why_flagged(cell(tmp_path / "within", ["It is 15."] * 20, targets)) != ""


def test_stops_behind_the_same_words_do_not_make_another_response(tmp_path):
    assert why_flagged(cell(tmp_path, [CANNED + "!" * (n % 7) for n in range(20)])) != ""
    decimals = [f"It is 1.{n}" for n in range(20)]
    assert why_flagged(cell(tmp_path / "decimals", decimals)) == ""


def test_several_epochs_that_say_the_same_of_their_item_are_honest(tmp_path):
    rows = [
        replace(row, epoch=epoch, response=CANNED[at:])
        for at, row in enumerate(rows_of("v", "word_problems", 10))
        for epoch in range(1, 101 if not at else 2)  # one item that was asked a hundred times is one item
    ]
    write(tmp_path, rows)
    found = record.read(tmp_path, "v", "word_problems")
    assert found is not None
    assert why_flagged(found) == ""


def test_no_committed_row_is_flagged():
    cells = record.cells(ROOT / "results" / "demo")
    assert len(cells) >= 18
    assert [(one.variant, one.task, why_flagged(one)) for one in cells if why_flagged(one)] == []


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A constant row leads, an honest one follows far behind it."""
    folder = tmp_path_factory.mktemp("flagged")
    write(folder, rows_of("honest", "study_plan", 40, 1))
    write(folder, rows_of("plain", "study_plan", 40, 0))
    write(folder, [replace(row, response=CANNED, score=5.0) for row in rows_of("null", "study_plan", 40, 4)])
    return folder


def test_a_constant_row_that_leads_is_flagged_on_every_page_and_not_one_to_publish(results, tmp_path):
    board = site.build(results, tmp_path / "board").parent
    told = "Flagged: 40 of 40 items got the same response"
    for page in ("index.html", "tasks/study_plan.html", "variants/null.html", "samples/null/study_plan.html"):
        assert told in text_of(board, page), page
    assert "Flagged" not in text_of(board, "variants/honest.html")
    index = text_of(board, "index.html")
    short = index[index.index("Which one to publish") : index.index("What this was made from")]
    assert "Study plans honest" in short
    assert "null is left out here: 40 of 40 items got the same response" in short
    assert "Shown to be better than the other. To publish: the first." in short
    assert "flagged: 40 of 40 items got the same response" in (board / "ranking.txt").read_text()


def test_where_every_row_is_flagged_none_is_to_be_published(tmp_path):
    write(tmp_path / "r", [replace(row, response=CANNED) for row in rows_of("null", "study_plan", 40)])
    index = text_of(site.build(tmp_path / "r", tmp_path / "board").parent, "index.html")
    assert "Every variant with a score is flagged: none is one to publish." in index
    assert "To publish" not in index


def test_the_flag_stands_in_comparisons_and_reports(results):
    where = ("--results", str(results))
    told = "null: flagged: 40 of 40 items got the same response"
    assert told in run("compare", "null", "honest", *where)
    assert "flagged: 40 of 40 items got the same response" in run("compare", *where)
    cells = json.loads(run("compare", "--json", *where))["cells"]
    assert {one["variant"]: one["flag"] for one in cells} == {
        "null": "40 of 40 items got the same response", "honest": "", "plain": "",
    }  # fmt: skip
    text = run("report", *where)
    assert "| null (flagged) |" in text
    assert "Flagged: null: 40 of 40 items got the same response." in text
    table = list(csv.DictReader(run("report", "--format", "csv", *where).splitlines()))
    assert [row["variant"] for row in table if row["flag"].endswith("same response")] == ["null"]
