"""The one client that asks servers: what it sends again, when it stops, and what it says of a failure."""

import asyncio
import json

import pytest

from proctor.common.http.chat_client import ChatClient
from proctor.common.refusal import Refusal
from tests.support.openai_server import Reply, serve

PATH = "/chat/completions"
BODY = {"model": "m", "messages": [{"role": "user", "content": "?"}]}
QUICK = {"retry-after": "0"}


def ask(server, times=1, path=PATH, body=BODY, **settings):
    """Completions of so many requests at once."""

    async def all_of_them():
        client = ChatClient("model 'm'", server.url, **settings)
        try:
            return await asyncio.gather(*(client.post(path, body) for _ in range(times)))
        finally:
            await client.aclose()

    return asyncio.run(all_of_them())


def test_text_comes_with_its_tokens_and_its_end():
    with serve(lambda request, _: Reply("fine")) as server:
        (completion,) = ask(server)
    assert (completion.text, completion.tokens_in, completion.tokens_out, completion.ended) == (
        "fine",
        7,
        5,
        "stop",
    )
    assert completion.problem == ""
    assert completion.seconds > 0


def test_failed_request_is_sent_again_so_many_times_and_no_more():
    with serve(lambda request, _: Reply(status=503, body="{}", headers=QUICK)) as server:
        (completion,) = ask(server, retries=2)
        assert len(server.asked) == 3
    assert completion.problem.startswith("503 from the server (up to 3 tries)")


def test_no_more_requests_at_a_time_than_are_allowed():
    with serve(lambda request, _: Reply("x", wait=0.05)) as server:
        ask(server, times=12, concurrency=3)
        assert (len(server.asked), server.peak) == (12, 3)


def test_request_ends_with_its_time():
    with serve(lambda request, _: Reply("x", wait=30)) as server:
        (by_try,) = ask(server, timeout=0.2, retries=0)
        (by_request,) = ask(server, timeout=20, patience=0.2)
    assert by_try.problem == "no answer within 0.2 s (one try)"
    assert by_request.problem == "no reply within 0.2 s, waits included"
    assert by_try.trouble == by_request.trouble == "timed out"


def test_server_that_does_not_know_a_form_of_reply_is_not_gone():
    unknown = Reply(
        status=500, body=json.dumps({"error": {"message": "response_format is unknown"}}), headers=QUICK
    )
    with serve(lambda request, _: unknown) as server:
        completions = ask(server, times=30, retries=0)
        assert len(server.asked) == 30
    assert {completion.trouble for completion in completions} == {"refused"}


def test_prompt_that_does_not_fit_is_told_from_other_refusals():
    too_long = Reply(
        status=400, body=json.dumps({"error": {"message": "x" * 400 + " maximum context length"}})
    )
    with serve(lambda request, before: too_long if before == 0 else Reply(status=400, body="{}")) as server:
        assert [ask(server)[0].too_long, ask(server)[0].too_long] == [True, False]


def test_short_key_is_no_word_of_a_text_but_is_scrubbed_from_errors(monkeypatch):
    monkeypatch.setenv("MY_KEY", "18")
    refused = Reply(status=400, body=json.dumps({"error": {"message": "key 18 is no good"}}))
    with serve(lambda request, before: Reply("#### 18") if before == 0 else refused) as server:
        assert ask(server, key="MY_KEY")[0].text == "#### 18"
        assert "***" in ask(server, key="MY_KEY")[0].problem


@pytest.mark.parametrize("field", ["text", "finish_reason", "refusal"])
def test_key_that_a_server_repeats_in_a_reply_is_scrubbed_wherever_it_stands(monkeypatch, field):
    key = "sk-SECRET-0123456789"
    monkeypatch.setenv("MY_KEY", key)
    choice = {"message": {"content": "fine", "refusal": None}, "finish_reason": "stop"}
    place = choice if field == "finish_reason" else choice["message"]
    place[field.replace("text", "content")] = f"your key is {key}"
    with serve(lambda request, _: Reply(body=json.dumps({"choices": [choice]}))) as server:
        (completion,) = ask(server, key="MY_KEY")
    assert key not in repr(completion)
    assert "your key is ***" in repr(completion)


@pytest.mark.parametrize("inside", [" ", "\n", "\r\n    ", "\t", "\u00a0", "\u2028"], ids=repr)
def test_key_that_a_server_repeats_with_white_space_inside_is_scrubbed_too(monkeypatch, inside):
    key = "sk-SECRET.0123456789"
    monkeypatch.setenv("MY_KEY", key)
    words = f"your key {key[:9]}{inside}{key[9:]} is no good"
    refused = Reply(status=400, body=json.dumps({"error": {"message": words}}))
    with serve(lambda request, before: refused if before else Reply(words)) as server:
        text, problem = ask(server, key="MY_KEY")[0].text, ask(server, key="MY_KEY")[0].problem
    assert text == "your key *** is no good"
    assert "your key *** is no good" in problem


def test_text_that_shares_some_letters_with_the_key_stays_as_it_is(monkeypatch):
    monkeypatch.setenv("MY_KEY", "0123456789abcdef")
    text = "0 1 2 3 4 5 6 7 8 9\na b c d e g; 012345678 9abcde f"
    with serve(lambda request, before: Reply(text)) as server:
        assert ask(server, key="MY_KEY")[0].text == text.replace("012345678 9abcde f", "***")


def test_reason_for_an_end_that_is_no_word_is_cut():
    choice = {"message": {"content": None, "refusal": "n" * 10**6}, "finish_reason": "x" * 10**6}
    with serve(lambda request, _: Reply(body=json.dumps({"choices": [choice]}))) as server:
        (completion,) = ask(server)
    assert len(completion.ended) == len(completion.refusal) == 300


def test_no_key_goes_to_an_address_that_it_was_not_named_for(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "for-openai")
    with serve(lambda request, _: Reply("x")) as server:
        ask(server)
        assert server.keys == ["Bearer none"]
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(Refusal, match="model 'm' needs a key in the environment variable OPENAI_API_KEY"):
        ChatClient("model 'm'", None)
