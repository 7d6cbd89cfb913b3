"""Answers are asked in planned batches, kept as they come, and asked again in the same company."""

from pathlib import Path

import pytest

from harness.answers import Answer, Journal, Options, Request, answer_all, plan_batches
from harness.engines.echo import EchoEngine

OPTIONS = Options(max_tokens=8)


class Counting(EchoEngine):
    """Echo that remembers which batches it was asked, and fails whole batches that hold a poisoned prompt."""

    batch_size = 4

    def __init__(self, answers: Path) -> None:
        super().__init__(answers)
        self.batches: list[list[str]] = []

    def generate_until(self, requests, disable_tqdm=False):
        self.batches.append([request.args[0] for request in requests])
        if any("poison" in request.args[0] for request in requests):
            raise RuntimeError("out of memory")
        return super().generate_until(requests, disable_tqdm)


@pytest.fixture
def engine(tmp_path):
    path = tmp_path / "answers.jsonl"
    path.write_text('{"question": "q", "response": "an answer"}\n')
    return Counting(path)


def requests(n, extra=()):
    return [Request("word " * i + "q", OPTIONS) for i in range(n)] + [
        Request(text, OPTIONS) for text in extra
    ]


def quiet(done, tokens):
    pass


def test_batches_do_not_depend_on_the_order_of_requests():
    asked = requests(11)
    assert plan_batches(asked, 4, len) == plan_batches(asked[::-1], 4, len)
    assert [len(batch) for batch in plan_batches(asked, 4, len)] == [4, 4, 3]


def test_answers_come_in_the_order_of_the_requests(engine, tmp_path):
    asked = requests(9)
    answers = answer_all(engine, asked, Journal(tmp_path / "j"), quiet)
    assert [answer.tokens_in for answer in answers] == [i + 1 for i in range(9)]


def test_kept_answers_are_not_asked_again(engine, tmp_path):
    first = answer_all(engine, requests(9), Journal(tmp_path / "j"), quiet)
    asked = len(engine.batches)
    assert answer_all(engine, requests(9), Journal(tmp_path / "j"), quiet) == first
    assert len(engine.batches) == asked


def test_batch_that_was_cut_off_is_asked_again_whole(engine, tmp_path):
    answer_all(engine, requests(8), Journal(tmp_path / "j"), quiet)
    lines = (tmp_path / "j").read_text().splitlines(keepends=True)
    (tmp_path / "j").write_text("".join(lines[:-1]) + lines[-1][:20])  # a kill in the middle of the last line
    engine.batches.clear()
    answer_all(engine, requests(8), Journal(tmp_path / "j"), quiet)
    assert [len(batch) for batch in engine.batches] == [4]
    assert answer_all(engine, requests(8), Journal(tmp_path / "j"), quiet)[0].text == "an answer"


def test_failed_request_costs_one_answer_and_not_its_batch(engine, tmp_path):
    answers = answer_all(engine, requests(3, ["poison q"]), Journal(tmp_path / "j"), quiet)
    assert [answer.error for answer in answers] == ["", "", "", "RuntimeError: out of memory"]
    assert all(answer.text == "an answer" for answer in answers[:3])


def test_failed_request_is_not_kept(engine, tmp_path):
    answer_all(engine, requests(3, ["poison q"]), Journal(tmp_path / "j"), quiet)
    assert Journal(tmp_path / "j").get(Request("poison q", OPTIONS)) is None


def test_prompt_that_does_not_fit_the_context_is_an_error_and_never_cut(engine, tmp_path):
    engine.context_length = 10
    fits, too_long = answer_all(
        engine, [Request("q", OPTIONS), Request("a b c q", OPTIONS)], Journal(tmp_path / "j"), quiet
    )
    assert fits.text == "an answer"
    assert "do not fit the model's context (10)" in too_long.error


def test_epochs_of_one_prompt_are_kept_apart(tmp_path):
    journal = Journal(tmp_path / "j")
    first, second = Request("q", OPTIONS, 1), Request("q", OPTIONS, 2)
    journal.keep([first, second], [Answer("one"), Answer("two")])
    again = Journal(tmp_path / "j")
    assert (again.get(first), again.get(second)) == (Answer("one"), Answer("two"))


def test_other_sampling_is_another_request():
    assert Request("q", OPTIONS).key != Request("q", Options(max_tokens=9)).key
    assert Request("q", OPTIONS).key != Request("q", Options(max_tokens=8, temperature=0.5)).key


def test_answer_with_any_separator_of_lines_is_kept_whole(tmp_path):
    request = Request("?", Options(8))
    text = "one\u2028two\u0085three\x0cfour\r\nfive"
    Journal(tmp_path / "j").keep([request], [Answer(text)])
    assert Journal(tmp_path / "j").get(request) == Answer(text)
