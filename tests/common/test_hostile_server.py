"""A server that means harm: what it gets to see, and how long and how much its replies may be."""

import asyncio
import gzip
import json
import resource
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from proctor.common.http.chat_client import ChatClient, Completion
from proctor.common.refusal import Refusal
from proctor.common.schema import parse
from proctor.harness.config.variant import Variant
from proctor.judges.graders.grader import GraderSpec

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
GOOD = json.dumps(
    {"choices": [{"message": {"content": "fine"}, "finish_reason": "stop"}], "usage": {}}
).encode()


def whole(body: bytes, extra: bytes = b"") -> bytes:
    return HEAD + extra + b"content-length: %d\r\n\r\n" % len(body) + body


class Listening(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


@contextmanager
def server(answer: Callable[[Callable[[bytes], None]], None]) -> Iterator[tuple[str, list[str]]]:
    """Its address, and the requests as they came; `answer` writes what goes back."""
    requests: list[str] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += self.rfile.readline()
            length = next(
                int(line.split(b":")[1])
                for line in head.lower().split(b"\r\n")
                if line.startswith(b"content-length")
            )
            requests.append((head + self.rfile.read(length)).decode())
            try:
                answer(self.wfile.write)
            except OSError:
                return  # the client has had enough

    with Listening(("127.0.0.1", 0), Handler) as listening:
        threading.Thread(target=listening.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_address[1]}/v1", requests
        listening.shutdown()


def ask(url: str, timeout: float = 5.0) -> Completion:
    async def once() -> Completion:
        client = ChatClient("model 'm'", url, timeout=timeout, retries=0)
        try:
            return await client.post("/chat/completions", {"model": "m", "messages": []})
        finally:
            await client.aclose()

    return asyncio.run(once())


def test_reply_without_end_is_an_error_before_it_fills_the_memory():
    def answer(write):
        write(HEAD + b"transfer-encoding: chunked\r\n\r\n")
        block = b" " * 2**20
        while True:
            write(b"%x\r\n" % len(block) + block + b"\r\n")

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with server(answer) as (url, _):
        completion = ask(url, timeout=30)
    assert "larger than 33,554,432 bytes" in completion.problem
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 2**10


def test_reply_of_a_byte_now_and_then_ends_with_the_time_of_a_try():
    def answer(write):
        write(HEAD + b"content-length: 100000\r\n\r\n")
        while True:
            write(b" ")
            time.sleep(0.05)

    start = time.monotonic()
    with server(answer) as (url, _):
        completion = ask(url, timeout=0.5)
    assert completion.trouble == "timed out"
    assert time.monotonic() - start < 5


def test_compressed_reply_is_refused_unread():
    bomb = gzip.compress(b" " * 2**24)
    with server(lambda write: write(whole(bomb, b"content-encoding: gzip\r\n"))) as (url, requests):
        assert "compressed, which was not asked for" in ask(url).problem
    assert "accept-encoding: identity" in requests[0].lower()


def test_nothing_leaves_but_what_the_request_needs(monkeypatch):
    monkeypatch.setenv("OPENAI_ORG_ID", "org-of-mine")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "project-of-mine")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Secret: s3cret")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-mine")
    with server(lambda write: write(whole(GOOD))) as (url, requests):
        assert ask(url).text == "fine"
    for private in ("org-of-mine", "project-of-mine", "s3cret", "sk-of-mine", "x-stainless"):
        assert private not in requests[0].lower()


def test_request_is_never_sent_on_to_another_place():
    with server(lambda write: write(whole(GOOD))) as (other, requests_there):
        moved = (
            b"HTTP/1.1 307 Moved\r\nlocation: %s/chat/completions\r\ncontent-length: 0\r\n\r\n"
            % other.encode()
        )
        with server(lambda write: write(moved)) as (url, _):
            completion = ask(url)
    assert completion.text is None
    assert "307" in completion.problem
    assert "not followed" in completion.problem
    assert requests_there == []


@pytest.mark.parametrize("count", ["1e30", "NaN", "-40", "1" + "0" * 30, "true", "[1]"])
def test_usage_that_is_no_count_is_null(count: str):
    body = b'{"choices": [{"message": {"content": "fine"}, "finish_reason": {}}], "usage": {"prompt_tokens": %s}}'
    with server(lambda write: write(whole(body % count.encode()))) as (url, _):
        completion = ask(url)
    assert (completion.text, completion.tokens_in, completion.ended) == ("fine", None, None)


def test_reply_that_is_nested_too_deep_is_unreadable():
    with server(lambda write: write(whole(b"[" * 200_000))) as (url, _):
        assert ask(url).trouble == "unreadable"


def test_text_that_would_take_minutes_to_read_is_no_response():
    body = json.dumps({"choices": [{"message": {"content": "1. " * 10**6}}]}).encode()
    with server(lambda write: write(whole(body))) as (url, _):
        completion = ask(url)
    assert completion.trouble == "unreadable"
    assert "its text has 3,000,000 letters" in completion.problem


@pytest.mark.parametrize("address", ["https://me:password@host/v1", "host/v1"])
def test_address_with_a_password_is_refused_in_every_yaml(address: str):
    with pytest.raises(Refusal, match="endpoint"):
        parse({"name": "m", "base": "m", "engine": "openai", "endpoint": address}, Variant, "m.yaml")
    with pytest.raises(Refusal, match="endpoint"):
        parse({"model": "m", "endpoint": address}, GraderSpec, "grader.yaml")
