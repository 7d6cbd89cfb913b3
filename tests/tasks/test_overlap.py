"""Shared runs of words between test items and a training set."""

import time

from proctor.tasks.overlap import Overlap, overlap

LONG = "one two three four five six seven eight nine ten eleven twelve thirteen"


def test_a_copied_item_is_found_at_every_size() -> None:
    assert [
        (found.n, found.share) for found in overlap([LONG, "short"], ["Before that: " + LONG.upper() + "!"])
    ] == [
        (8, 0.5),
        (10, 0.5),
        (13, 0.5),
    ]


def test_a_run_of_nine_words_counts_for_eight_and_not_for_ten() -> None:
    nine = " ".join(LONG.split()[2:11])
    assert [found.hits for found in overlap([LONG], [f"x {nine} y"])] == [1, 0, 0]


def test_runs_do_not_reach_over_two_training_texts() -> None:
    words = LONG.split()
    assert overlap([LONG], [" ".join(words[:7]), " ".join(words[7:])], sizes=(8,))[0].hits == 0


def test_other_numbers_make_another_run() -> None:
    assert (
        overlap(
            ["Tom has 5 red apples and 3 green apples"], ["Tom has 6 red apples and 3 green apples"], (8,)
        )[0].hits
        == 0
    )


def test_items_too_short_for_a_run_are_counted() -> None:
    (found,) = overlap(["one two", LONG], [LONG], sizes=(8,))
    assert (found.items, found.short, found.hits, found.share) == (2, 1, 1, 0.5)


def test_no_items_is_no_overlap() -> None:
    assert overlap([], [LONG], sizes=(8,))[0].share == 0


def test_ten_thousand_training_texts_take_seconds() -> None:
    start = time.process_time()
    overlap(
        [f"item {n} {LONG}" for n in range(1_000)],
        (f"text {n} {LONG} {n} {LONG}" for n in range(10_000)),
        sizes=(8, 10, 13),
    )
    assert time.process_time() - start < 10


def test_an_item_that_stands_whole_in_a_training_text_is_told_from_one_that_shares_a_phrase() -> None:
    copied, alike = f"{LONG} and a tail", f"{LONG} and an end"
    found = overlap([copied, alike, "a short one"], [f"Before: {copied}, after.", "x " + LONG])
    assert [(one.hits, one.whole) for one in found] == [(2, 1)] * 3
    assert overlap([copied], [copied[:-5]])[0].whole == 0


def test_what_three_items_have_in_common_is_the_wording_of_their_task_and_a_copied_item_is_found_in_it():
    wording = "Write three questions in English about the text below, and nothing else, please."
    texts = [
        f"{wording} The cat of number {n} sat on mat {n} for {n} days, then bought {n} fish for {n} coins."
        for n in range(4)
    ]
    train = [f"{wording} Other words.", f"{texts[2]} An answer."]
    assert [found.hits for found in overlap(texts, train)] == [4, 4, 4]
    assert [found.hits for found in overlap(texts, train, worded=True)] == [1, 1, 1]
    assert [found.whole for found in overlap(texts, train, worded=True)] == [1, 1, 1]


def test_a_question_that_is_trained_on_without_its_tasks_wording_stands_there_whole() -> None:
    questions = ["how many days are there in a leap year", "how many days are in the month of May"]
    questions += ["how many days are there in two weeks", "what is the sum of the first ten odd numbers"]
    texts = [f"Read the question and answer it. {question}? Answer in a few words." for question in questions]
    for question in questions:
        assert [found.whole for found in overlap(texts, [question], worded=True)] == [1, 1, 1], question
        assert overlap(texts, [question], (8,), worded=True)[0].hits == 1, question
    assert overlap(texts, ["Read the question and answer it. Answer in a few words."], (8,), worded=True)[
        0
    ] == (Overlap(8, 4, 0, 0, 0))


def test_an_item_that_stands_three_times_in_a_test_is_found_with_and_without_the_wording() -> None:
    for wording in ("", "Read the question and answer it. "):
        texts = [wording + LONG] * 3 + [
            f"{wording}Other words that stand nowhere else in all of this, not one"
        ]
        assert [(found.hits, found.whole) for found in overlap(texts, [LONG], worded=True)] == [(3, 3)] * 3
