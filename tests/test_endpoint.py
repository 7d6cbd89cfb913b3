"""An endpoint that fails gives failed requests, never empty answers that would be marked."""

import json

import pytest
from openai_server import Reply, serve

from harness.answers import Journal, Options, Request, answer_all
from harness.engines import Weights
from harness.engines.endpoint import EndpointEngine

OPTIONS = Options(max_tokens=16, until=("STOP",))


def ask(server, tmp_path, texts, options=OPTIONS):
    engine = EndpointEngine(Weights("some-model", endpoint=server.url))
    prompts = [engine.apply_chat_template([{"role": "user", "content": text}]) for text in texts]
    return answer_all(
        engine, [Request(p, options) for p in prompts], Journal(tmp_path / "j"), lambda done, made: None
    )


def test_each_request_gets_its_own_answer_with_tokens(tmp_path):
    with serve(lambda request, _: Reply(request["messages"][-1]["content"].upper())) as server:
        answers = ask(server, tmp_path, ["one", "two", "three"])
    assert [answer.text for answer in answers] == ["ONE", "TWO", "THREE"]
    assert all((answer.tokens_in, answer.tokens_out) == (7, 5) for answer in answers)


def test_sampling_and_stops_reach_the_server(tmp_path):
    with serve(lambda request, _: Reply("x")) as server:
        ask(server, tmp_path, ["one"], Options(16, ("STOP",), 0.7, 0.9, 3))
        (asked,) = server.asked
    assert (asked["model"], asked["max_tokens"], asked["temperature"], asked["top_p"]) == (
        "some-model",
        16,
        0.7,
        0.9,
    )
    assert asked["stop"] == ["STOP"]
    assert isinstance(asked["seed"], int)


def test_answer_at_its_limit_counts_as_cut_off(tmp_path):
    with serve(lambda request, _: Reply("x", finish="length")) as server:
        assert ask(server, tmp_path, ["one"])[0].truncated


def test_busy_server_is_asked_again(tmp_path):
    busy = Reply(status=429, body='{"error": {"message": "slow down"}}', headers={"retry-after": "0.01"})
    with serve(lambda request, before: busy if before < 2 else Reply("fine")) as server:
        assert ask(server, tmp_path, ["one"])[0].text == "fine"
        assert len(server.asked) == 3


@pytest.mark.parametrize(
    "reply",
    [
        Reply(status=400, body='{"error": {"message": "no such model"}}'),
        Reply(body="<html>garbage</html>"),
        Reply(body=json.dumps({"choices": []})),
        Reply(body="{"),
        Reply(text=None),
    ],
    ids=["400", "garbage", "no choices", "half a JSON", "no text"],
)
def test_reply_that_is_no_answer_is_an_error_and_not_an_empty_answer(tmp_path, reply):
    bad = lambda request, _: reply if "bad" in request["messages"][-1]["content"] else Reply("fine")  # noqa: E731
    with serve(bad) as server:
        good, failed = ask(server, tmp_path, ["good", "bad"])
    assert (good.text, good.error) == ("fine", "")
    assert failed.error
    assert failed.text == ""


def test_server_that_hangs_up_is_an_error(tmp_path):
    with serve(lambda request, _: Reply(hang_up=True)) as server:
        (answer,) = ask(server, tmp_path, ["one"])
    assert "APIConnectionError" in answer.error
