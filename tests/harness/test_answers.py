"""Answers are asked in planned batches, kept as they come, and asked again in the same company."""

import pytest

from proctor.harness.ask.responses import Journal, plan_batches, respond_all
from proctor.harness.engines.protocol import Options, Request, Response
from tests.support.counting import OPTIONS, Counting, quiet, requests


@pytest.fixture
def engine(tmp_path):
    path = tmp_path / "answers.jsonl"
    path.write_text('{"question": "q", "response": "an answer"}\n')
    return Counting(path)


def test_batches_do_not_depend_on_the_order_of_requests():
    asked = requests(11)
    assert plan_batches(asked, 4, len) == plan_batches(asked[::-1], 4, len)
    assert [len(batch) for batch in plan_batches(asked, 4, len)] == [4, 4, 3]


def test_answers_come_in_the_order_of_the_requests(engine, tmp_path):
    asked = requests(9)
    answers = respond_all(engine, asked, Journal(tmp_path / "j"), quiet)
    assert [answer.tokens_in for answer in answers] == [i + 1 for i in range(9)]


def test_kept_answers_are_not_asked_again(engine, tmp_path):
    first = respond_all(engine, requests(9), Journal(tmp_path / "j"), quiet)
    asked = len(engine.batches)
    assert respond_all(engine, requests(9), Journal(tmp_path / "j"), quiet) == first
    assert len(engine.batches) == asked


def killed(path, batches, torn=0):
    """What a kill leaves of a journal: so many batches of four, then `torn` letters of a line."""
    lines = [line for line in path.read_text().splitlines() if '"key"' in line]
    path.write_text("\n".join(lines[: 4 * batches]) + "\n" + lines[4 * batches][:torn])


@pytest.mark.parametrize("torn", [0, 20])
def test_batch_that_was_cut_off_is_asked_again_whole(engine, tmp_path, torn):
    asked = requests(10)
    respond_all(engine, asked, Journal(tmp_path / "j"), quiet)
    undisturbed = engine.batches.copy()
    killed(tmp_path / "j", 1, torn)
    engine.batches.clear()
    respond_all(engine, asked, Journal(tmp_path / "j"), quiet)
    assert engine.batches == undisturbed[1:]
    engine.batches.clear()
    respond_all(engine, asked, Journal(tmp_path / "j"), quiet)
    assert engine.batches == []


def test_more_requests_are_asked_alone_and_in_batches_of_their_own(engine, tmp_path):
    respond_all(engine, requests(8), Journal(tmp_path / "j"), quiet)
    engine.batches.clear()
    asked = requests(15)
    answers = respond_all(engine, asked, Journal(tmp_path / "j"), quiet)
    assert [answer.tokens_in for answer in answers] == list(range(1, 16))
    assert engine.batches == [
        [r.prompt for r in batch] for batch in plan_batches(asked[8:], 4, engine.prompt_length)
    ]
    respond_all(engine, asked, Journal(tmp_path / "j"), quiet)
    assert len(engine.batches) == 2


def test_kill_among_new_requests_leaves_the_batches_that_nobody_disturbed(engine, tmp_path):
    """Whether the earlier answers were there before or not decides which batches are planned, and a kill does not."""
    respond_all(engine, requests(4), Journal(tmp_path / "j"), quiet)
    before = (tmp_path / "j").read_text()
    engine.batches.clear()
    asked = requests(17)
    respond_all(engine, asked, Journal(tmp_path / "j"), quiet)
    undisturbed = engine.batches.copy()
    new = (tmp_path / "j").read_text()[len(before) :]
    (tmp_path / "j").write_text(new)
    killed(tmp_path / "j", 2)
    (tmp_path / "j").write_text(before + (tmp_path / "j").read_text())
    engine.batches.clear()
    respond_all(engine, asked, Journal(tmp_path / "j"), quiet)
    assert engine.batches == undisturbed[2:]


def test_reused_answer_brings_the_seconds_that_it_took(engine, tmp_path):
    engine._delay = 0.05
    (first,) = respond_all(engine, requests(1), Journal(tmp_path / "j"), quiet)
    engine._delay = 0.0
    (again, other) = respond_all(engine, requests(2), Journal(tmp_path / "j"), quiet)
    assert again.seconds == first.seconds >= 0.05
    assert other.seconds < 0.05


def test_two_runs_that_write_at_once_lose_and_mix_up_nothing(tmp_path):
    """Two journals on one file, as two processes have them; opened anew, both know what the other wrote."""
    mine, other = Journal(tmp_path / "j"), Journal(tmp_path / "j")
    for n in range(20):
        for journal, name in ((mine, "mine"), (other, "other")):
            journal.keep([Request(f"{name} {n}", OPTIONS)], [Response(f"{name} {n}: " + "x" * n)])
            assert journal.get(Request(f"{name} 0", OPTIONS)).text == f"{name} 0: "
    again = Journal(tmp_path / "j")
    for n in range(20):
        for name in ("mine", "other"):
            assert again.get(Request(f"{name} {n}", OPTIONS)).text == f"{name} {n}: " + "x" * n


def test_failed_request_costs_one_answer_and_not_its_batch(engine, tmp_path):
    answers = respond_all(engine, requests(3, ["poison q"]), Journal(tmp_path / "j"), quiet)
    assert [answer.error for answer in answers] == ["", "", "", "RuntimeError: out of memory"]
    assert all(answer.text == "an answer" for answer in answers[:3])


def test_failed_request_is_not_kept(engine, tmp_path):
    respond_all(engine, requests(3, ["poison q"]), Journal(tmp_path / "j"), quiet)
    assert Journal(tmp_path / "j").get(Request("poison q", OPTIONS)) is None
    engine.batches.clear()
    respond_all(engine, requests(3, ["poison q"]), Journal(tmp_path / "j"), quiet)
    assert engine.batches == [["poison q"]], "what was answered is not asked again"


def test_prompt_that_does_not_fit_the_context_is_an_error_and_never_cut(engine, tmp_path):
    engine.context_length = 10
    fits, too_long = respond_all(
        engine, [Request("q", OPTIONS), Request("a b c q", OPTIONS)], Journal(tmp_path / "j"), quiet
    )
    assert fits.text == "an answer"
    assert "do not fit the model's context (10)" in too_long.error
    assert too_long.too_long
    assert engine.batches == [["q"]]
    respond_all(engine, [Request("q", OPTIONS), Request("a b c q", OPTIONS)], Journal(tmp_path / "j"), quiet)
    assert engine.batches == [["q"]], "its batch was generated again"


def test_epochs_of_one_prompt_are_kept_apart(tmp_path):
    journal = Journal(tmp_path / "j")
    first, second = Request("q", OPTIONS, 1), Request("q", OPTIONS, 2)
    journal.keep([first, second], [Response("one"), Response("two")])
    again = Journal(tmp_path / "j")
    assert (again.get(first), again.get(second)) == (Response("one"), Response("two"))


def test_other_sampling_is_another_request():
    assert Request("q", OPTIONS).key != Request("q", Options(max_tokens=9)).key
    assert Request("q", OPTIONS).key != Request("q", Options(max_tokens=8, temperature=0.5)).key


def test_answer_with_any_separator_of_lines_is_kept_whole(tmp_path):
    request = Request("?", Options(8))
    text = "one\u2028two\u0085three\x0cfour\r\nfive"
    Journal(tmp_path / "j").keep([request], [Response(text)])
    assert Journal(tmp_path / "j").get(request) == Response(text)
