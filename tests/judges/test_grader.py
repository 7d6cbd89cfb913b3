"""Graders behind a server that works, and behind one that does everything wrong."""

import asyncio
import json
import socket
import threading
import time
from contextlib import suppress
from email.utils import formatdate

import pytest

from proctor.judges.graders.endpoint import EndpointGrader
from proctor.judges.graders.grader import GraderSpec
from proctor.judges.judge import Judge
from proctor.judges.panel import open_grader
from proctor.judges.scoring import score_all
from tests.support.graders import QUICK, asked_for, grader_at, items, marks_for, verdict
from tests.support.openai_server import Reply, serve

JUDGE = Judge.load("study_plan")
BUSY = Reply(status=429, body='{"error": {"message": "slow down"}}', headers={"retry-after": "0.01"})
DOWN = Reply(status=500, body='{"error": {"message": "oops"}}', headers={"retry-after": "0.01"})
GOOD = json.dumps(dict.fromkeys(JUDGE.dimensions, 3))


def mark(server, count=1, **changes):
    return score_all(JUDGE, items(count), grader_at(server.url, **changes))


def test_each_plan_gets_its_own_verdict_with_reasons_and_tokens():
    with serve(lambda request, _: verdict(request)) as server:
        verdicts = mark(server, 5)
        sent = {each["messages"][-1]["content"] for each in server.asked}
    assert {json.dumps(one.scores) for one in verdicts} == {
        json.dumps({name: float(value) for name, value in marks_for(text).items()}) for text in sent
    }
    assert [one.item for one in verdicts] == [f"p{n}" for n in range(5)]
    assert verdicts[0].reasons["fluency"] == "about fluency"
    assert verdicts[0].method == "some-grader"
    assert (verdicts[0].usage.tokens_in, verdicts[0].usage.tokens_out, verdicts[0].usage.now) == (7, 5, 1)


def test_schema_is_sent_with_the_reason_before_the_mark():
    with serve(lambda request, _: verdict(request)) as server:
        mark(server)
        (asked,) = server.asked
    form = asked["response_format"]["json_schema"]
    assert form["strict"]
    assert list(form["schema"]["properties"]) == ["tag", *JUDGE.dimensions]
    assert list(form["schema"]["properties"]["fluency"]["properties"]) == ["reason", "mark"]
    assert form["schema"]["properties"]["fluency"]["properties"]["mark"]["enum"] == [1, 2, 3, 4, 5]
    assert (asked["temperature"], asked["seed"], asked["max_tokens"]) == (0, 0, 1024)
    assert [message["role"] for message in asked["messages"]] == ["system", "user"]


@pytest.mark.parametrize("status", [400, 404, 415, 422, 501])
def test_server_that_refuses_a_schema_is_asked_without_one(status):
    refused = Reply(status=status, body='{"error": {"message": "response_format is not supported"}}')

    def reply(request, _):
        return refused if "response_format" in request else Reply(f"Here you are: {GOOD}")

    with serve(reply) as server:
        verdicts = mark(server, 6, concurrency=1, retries=0)
        with_schema = sum("response_format" in one for one in server.asked)
    assert [one.overall for one in verdicts] == [3.0] * 6
    assert with_schema == 2


def test_server_that_knows_only_the_older_form_of_a_schema_gets_that():
    """llama-cpp-python's server answers 500 to the newer one."""
    refused = Reply(
        status=500, body='{"error": {"message": "body, response_format, type: text or json_object"}}'
    )

    def reply(request, _):
        return refused if request["response_format"]["type"] == "json_schema" else verdict(request)

    with serve(reply) as server:
        assert not any(one.problem for one in mark(server, 3, concurrency=1, retries=0))
        forms = [one["response_format"] for one in server.asked]
    assert [form["type"] for form in forms] == ["json_schema", *["json_object"] * 3]
    assert list(forms[1]["schema"]["properties"]) == ["tag", *JUDGE.dimensions]


@pytest.mark.parametrize("fault", [BUSY, DOWN, Reply(hang_up=True)], ids=["429", "500", "closed"])
def test_fault_that_passes_costs_no_verdict(fault):
    with serve(lambda request, before: fault if before < 3 else verdict(request)) as server:
        verdicts = mark(server, 4, retries=4)
    assert [one.problem for one in verdicts] == [""] * 4


def test_servers_wish_to_wait_is_honoured_in_seconds():
    wish = Reply(status=429, body="{}", headers={"retry-after": "0.7"})
    with serve(lambda request, before: wish if before == 0 else verdict(request)) as server:
        start = time.perf_counter()
        assert not mark(server)[0].problem
        assert time.perf_counter() - start >= 0.7


def test_servers_wish_to_wait_is_honoured_as_a_date():
    came = []

    def reply(request, before):
        came.append(time.time())
        until = formatdate(int(time.time()) + 2, usegmt=True)
        return (
            Reply(status=503, body="{}", headers={"retry-after": until}) if before == 0 else verdict(request)
        )

    with serve(reply) as server:
        assert not mark(server)[0].problem
    assert came[1] >= int(came[0]) + 2


def test_wait_that_is_longer_than_anybody_has_ends_at_once_and_is_named():
    wish = Reply(
        status=429, body='{"error": {"message": "quota is spent"}}', headers={"retry-after": "86400"}
    )
    with serve(lambda request, _: wish) as server:
        start = time.perf_counter()
        (found,) = mark(server, retries=5)
        assert time.perf_counter() - start < 2
        assert len(server.asked) == 1
    assert found.reason == "rate limited"
    assert "quota is spent" in found.problem


def test_retries_of_many_requests_do_not_come_back_all_at_once():
    came = []

    def reply(request, before):
        came.append(time.monotonic())
        return Reply(status=503, body="{}") if before < 8 else verdict(request)

    with serve(reply) as server:
        assert not any(one.problem for one in mark(server, 8, concurrency=8))
    assert max(came[8:]) - min(came[8:]) > max(came[:8]) - min(came[:8]) + 0.02


FAULTS = {
    "429": (BUSY, "rate limited", "429"),
    "500": (DOWN, "server error", "500"),
    "400": (Reply(status=400, body='{"error": {"message": "no such model"}}'), "refused", "no such model"),
    "closed": (Reply(hang_up=True), "connection broken", "connection broke"),
    "silence": (Reply(GOOD, wait=60), "timed out", "no answer within 0.5 s"),
    "html": (Reply(body="<html>garbage</html>"), "unreadable", "no chat completion"),
    "half a body": (Reply(body='{"choices": [{"mess'), "unreadable", "no chat completion"),
    "a list": (Reply(body="[1, 2]"), "unreadable", "no chat completion"),
    "words": (Reply(body="busy", headers={"content-type": "text/plain"}), "unreadable", "no chat completion"),
    "null": (Reply(body="null"), "unreadable", "no chat completion"),
    "no message": (Reply(body='{"choices": [{"text": "5"}]}'), "unreadable", "no chat completion"),
    "a message of words": (Reply(body='{"choices": [{"message": "5"}]}'), "unreadable", "no chat completion"),
    "tokens of words": (
        Reply(body=json.dumps({"choices": [{"message": {"content": "5"}}], "usage": "many"})), "unreadable", "no chat"),
    "no choices": (Reply(body='{"choices": []}'), "unreadable", "no chat completion"),
    "no text": (Reply(None), "unreadable", "no text"),
    "a list for text": (Reply([{"type": "x"}]), "unreadable", "no chat completion"),  # type: ignore[arg-type]
    "garbage": (Reply("42 is a fine number"), "unreadable", "no verdict in the reply"),
    "empty": (Reply(""), "unreadable", "empty"),
    "half a JSON": (Reply(GOOD[:40]), "unreadable", "half a JSON"),
    "off the scale": (Reply(GOOD.replace("3", "7")), "out of range", "7 for 'fluency' is not on the scale"),
    "one mark": (Reply('{"fluency": 4}'), "unreadable", "no score for 'personalisation'"),
    "cut off": (Reply(GOOD, finish="length"), "cut off", "cut off at 1024 tokens"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_fault_that_stays_is_a_missing_verdict_with_its_reason_and_spoils_no_other(fault):
    bad, reason, said = FAULTS[fault]
    with serve(lambda request, _: bad if "number 1" in asked_for(request) else verdict(request)) as server:
        good, failed, other = mark(server, 3, retries=0)
    assert not good.problem
    assert not other.problem
    assert (failed.scores, failed.overall, failed.reason) == ({}, None, reason)
    assert said in failed.problem
    assert "no verdict" in failed.explanation


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"HTTP/1.1 200 OK\r\ncont",
        b"SSH-2.0-hello\r\n",
        b'HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n{"choices": [',
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\nabcd",
    ],
    ids=[
        "nothing",
        "half a header",
        "another protocol",
        "half a body",
        "broken chunks",
        "broken compression",
    ],
)
def test_socket_that_closes_in_the_middle_is_a_broken_connection(said):
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def say_and_close() -> None:
            with listening.accept()[0] as line:
                line.recv(65536)
                line.sendall(b"HTTP/1.1 404 No list\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            for _ in range(2):  # the look's one token, and the request
                with listening.accept()[0] as line:
                    line.recv(65536)
                    line.sendall(said)

        threading.Thread(target=say_and_close, daemon=True).start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
        (found,) = score_all(JUDGE, items(1), grader_at(url, retries=0))
    assert (found.scores, found.reason) == ({}, "connection broken")


def test_drip_of_bytes_does_not_hold_the_run():
    """A server that keeps the line open without an end: the client's own limit counts silence only."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip() -> None:
            for _ in range(2):  # the look at its models, and the request
                with listening.accept()[0] as line, suppress(OSError):
                    line.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
                    for _ in range(600):
                        line.sendall(b" ")
                        time.sleep(0.05)

        threading.Thread(target=drip, daemon=True).start()
        start = time.perf_counter()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
        (found,) = score_all(JUDGE, items(1), grader_at(url, patience=1.0, timeout=0.2, retries=0))
        assert time.perf_counter() - start < 5
    assert found.reason == "timed out"


def test_unreadable_verdict_is_asked_for_again_and_paid_for():
    with serve(lambda request, before: Reply("hm") if before == 0 else verdict(request)) as server:
        (found,) = mark(server)
        assert server.asked[0]["seed"] != server.asked[1]["seed"]
    assert not found.problem
    assert (found.usage.now, found.usage.tokens_out) == (2, 10)


def test_server_that_is_gone_is_not_waited_for_a_thousand_times():
    with serve(lambda request, _: DOWN) as server:
        verdicts = mark(server, 50, retries=0, give_up=5, concurrency=2)
        asked = len(server.asked)
    assert asked < 10
    assert {one.reason for one in verdicts} == {"server error", "not asked"}
    assert "500" in verdicts[-1].problem


def test_no_more_are_asked_at_a_time_than_is_set():
    def slow(request, _):
        told = verdict(request)
        told.wait = 0.05
        return told

    with serve(slow) as server:
        mark(server, 12, concurrency=3)
        assert server.peak == 3


def test_key_goes_only_where_it_was_named_for_and_is_never_shown(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-open-secret")
    monkeypatch.setenv("MY_KEY", "sk-my-secret")
    refused = Reply(
        status=401, body='{"error": {"message": "wrong key sk-my-secret, got Bearer sk-my-secret"}}'
    )
    with serve(lambda request, _: refused) as server:
        mark(server)
        (named,) = mark(server, key="MY_KEY")
        keys = server.keys
    assert "sk-open-secret" not in " ".join(keys)
    assert keys[-1] == "Bearer sk-my-secret"
    assert "secret" not in named.problem + named.explanation
    assert named.reason == "refused"


def test_missing_key_is_told_before_anything_is_asked(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(ValueError, match="needs a key in the environment variable OPENAI_API_KEY"):
        open_grader(GraderSpec(model="gpt-4o-mini"))


def test_identity_holds_what_decides_the_verdict_and_nothing_else():
    one = GraderSpec(model="m", endpoint="http://x/v1")
    assert (
        one.identity
        == GraderSpec(model="m", endpoint="http://x/v1", concurrency=1, timeout=1, key="K").identity
    )
    for changes in (
        {"temperature": 1},
        {"seed": 1},
        {"extra": {"top_p": 0.5}},
        {"model": "n"},
        {"max_tokens": 5},
    ):
        assert one.identity != one.model_copy(update=changes).identity


def test_extra_fields_and_what_is_not_to_be_sent():
    with serve(lambda request, _: verdict(request)) as server:
        mark(
            server,
            temperature=None,
            max_tokens=None,
            seed=None,
            schema="never",
            extra={"reasoning_effort": "low"},
        )
        (asked,) = server.asked
    assert asked["reasoning_effort"] == "low"
    assert not {"temperature", "max_tokens", "seed", "response_format"} & set(asked)


def test_grader_can_be_used_in_an_event_loop_and_again_in_another():
    async def inside(grader):
        return score_all(JUDGE, items(2), grader)

    with serve(lambda request, _: verdict(request)) as server:
        grader = EndpointGrader(GraderSpec.model_validate({"model": "m", "endpoint": server.url, **QUICK}))
        first = asyncio.run(inside(grader))
        assert [one.scores for one in score_all(JUDGE, items(2), grader)] == [one.scores for one in first]
