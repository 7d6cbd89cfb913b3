"""One look at a server before anything is asked of it: who is refused at once, and who is let through."""

import socket
import time

import pytest

from proctor.common.http import bounded_http, chat_client
from proctor.common.http.chat_client import refuse_unreachable
from proctor.common.refusal import Refusal
from tests.support.openai_server import NO_LIST, Reply, listed, serve

SECRET = "sk-a-key-that-nobody-may-see"


def look(url: str, model: str = "qwen3:8b", key: str | None = None) -> None:
    refuse_unreachable(f"grader {model!r}", url, key, model)


def unused_address() -> str:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{bound.getsockname()[1]}/v1"


@pytest.mark.parametrize("url", ["http://no-such-host.invalid/v1", ""])
def test_server_that_is_not_there_is_refused_within_seconds(url):
    url = url or unused_address()
    start = time.monotonic()
    with pytest.raises(Refusal) as refused:
        look(url)
    assert time.monotonic() - start < 4
    words = str(refused.value)
    assert words.startswith(f"grader 'qwen3:8b' cannot be reached at {url}; ")
    assert words.endswith("; start its server, or correct the address")


def test_server_that_hangs_up_on_everybody_is_refused():
    silent = serve(lambda request, _: Reply("x"), models=Reply(hang_up=True))
    with silent as server, pytest.raises(Refusal, match="cannot be reached"):
        look(server.url)


def test_key_that_is_not_taken_is_refused_by_its_variable_and_never_shown(monkeypatch):
    monkeypatch.setenv("MY_KEY", SECRET)
    body = f'{{"error": {{"message": "no such key: {SECRET}"}}}}'
    with serve(lambda request, _: Reply("x"), models=Reply(status=401, body=body)) as server:
        with pytest.raises(Refusal, match=r"refuses the key; .*put a valid one into MY_KEY") as refused:
            look(server.url, key="MY_KEY")
        assert SECRET not in str(refused.value)
        assert server.keys == [f"Bearer {SECRET}"]
        with pytest.raises(
            Refusal, match=r"refuses to answer without a key; .*name its variable with `key:`"
        ):
            look(server.url)
        assert not server.asked


def test_model_of_the_list_costs_no_token():
    with serve(lambda request, _: Reply("x"), models=listed("qwen3:8b", "b")) as server:
        look(server.url)
        assert (server.looks, server.asked) == (1, [])


UNKNOWN = {
    404: '{"error": {"message": "The model `qwen3:8b` does not exist."}}',
    400: '{"error": {"message": "qwen3:8b is not a valid model ID"}}',
}


@pytest.mark.parametrize("status", UNKNOWN)
def test_model_that_the_server_does_not_have_is_refused_with_those_that_it_has(status):
    no = Reply(status=status, body=UNKNOWN[status])
    with serve(lambda request, _: no, models=listed("qwen3:14b", "llama3")) as server:
        with pytest.raises(Refusal) as refused:
            look(server.url)
        assert "has no model 'qwen3:8b'; did you mean 'qwen3:14b'?" in str(refused.value)
        assert len(server.asked) == 1


def test_model_under_a_name_that_is_not_listed_is_asked_for_one_token():
    with serve(lambda request, _: Reply("x"), models=listed("/models/qwen3.gguf")) as server:
        look(server.url)
        assert [asked["max_tokens"] for asked in server.asked] == [1]


def test_server_that_has_no_chat_may_know_the_model_by_another_name():
    no = Reply(status=404, body='{"detail": "Not Found"}')
    with serve(lambda request, _: no, models=listed("/models/qwen3.gguf")) as server:
        look(server.url)
        assert [asked["path"] for asked in server.asked] == ["/v1/chat/completions", "/v1/completions"]


OTHERWISE = {
    "no list": NO_LIST,
    "no such method": Reply(status=501, body=""),
    "not allowed to read the list": Reply(status=403, body="{}"),
    "still loading": Reply(status=503, body="{}"),
    "elsewhere": Reply(status=307, body="", headers={"location": "/v2/models"}),
    "an empty list": listed(),
    "no JSON": Reply(body="<html>"),
    "another form": Reply(body='{"data": [1, {"id": 2}, null]}'),
    "nested without end": Reply(body="[" * 100_000),
}


@pytest.mark.parametrize("models", OTHERWISE.values(), ids=OTHERWISE)
def test_server_without_a_list_that_can_be_read_passes_if_it_answers_one_token(models):
    with serve(lambda request, _: Reply("x"), models=models) as server:
        look(server.url)
        assert server.looks == 1
        assert [asked["max_tokens"] for asked in server.asked] == [1]


@pytest.mark.parametrize("status", [404, 405, 501])
def test_address_where_nothing_is_is_refused_with_what_is_missing_mostly(status):
    nothing = Reply(status=status, body="404 page not found")
    with serve(lambda request, _: nothing, models=nothing) as server:
        with pytest.raises(Refusal) as refused:
            look(server.url.removesuffix("/v1"))
        assert [asked["path"] for asked in server.asked] == ["/chat/completions", "/completions"]
    assert "has neither /models nor completions; " in str(refused.value)
    assert "correct the address, which ends in /v1 for most servers" in str(refused.value)


def test_server_with_plain_completions_alone_and_one_that_is_busy_pass_without_a_list():
    for status, path in (
        (404, "/v1/completions"),
        (503, "/v1/chat/completions"),
        (400, "/v1/chat/completions"),
    ):
        fault = Reply(status=status, body="{}")
        with serve(
            lambda request, before, fault=fault: Reply("x") if before else fault, models=NO_LIST
        ) as server:
            look(server.url)
            assert server.asked[-1]["path"] == path


def test_server_that_is_too_busy_to_answer_passes_after_seconds(monkeypatch):
    monkeypatch.setattr(chat_client, "LOOK_SECONDS", 0.3)
    with serve(lambda request, _: Reply("x"), models=Reply(body="{}", wait=30)) as server:
        start = time.monotonic()
        look(server.url)
        assert time.monotonic() - start < 5


def test_list_too_long_to_read_and_a_refused_token_count_say_nothing_of_the_model(monkeypatch):
    monkeypatch.setattr(bounded_http, "LARGEST", 100)
    with serve(lambda request, _: Reply("x"), models=listed("m" * 200)) as server:
        look(server.url)
    monkeypatch.undo()
    no = Reply(status=400, body='{"error": {"message": "qwen3:8b: max_tokens must be at least 16"}}')
    with serve(lambda request, _: no, models=listed("another-name")) as server:
        look(server.url)
        assert len(server.asked) == 1
