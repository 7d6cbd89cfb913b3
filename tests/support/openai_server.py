"""A local server that speaks the OpenAI protocol, chat and plain completions, well or badly, as a test wants it."""

import json
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Reply:
    """What the server does with one request: a status with a body, or text that it wraps as a completion."""

    text: str | None = None
    status: int = 200
    body: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    finish: str = "stop"
    hang_up: bool = False
    wait: float = 0.0


NO_LIST = Reply(status=404, body="{}")


@dataclass
class Server:
    url: str
    asked: list[dict] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    looks: int = 0  # times that its models were asked for
    peak: int = 0  # most requests at a time


def with_tag(text: str | None, request: dict) -> str | None:
    """A verdict with the tag that its request asks for, as a grader writes it that does what it is told."""
    tags = re.findall(r'"tag": "([0-9a-f]{12})"', str(request.get("messages", [{}])[-1].get("content")))
    if not tags or not isinstance(text, str) or '"tag"' in text:
        return text
    return text.replace("{", f'{{"tag": "{tags[-1]}", ', 1)


class Listener(ThreadingHTTPServer):
    request_queue_size = (
        64  # of the standard five, a busy machine refuses a client that opens sixteen lines at once
    )

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that has had enough is no fault."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def listed(*names: str) -> Reply:
    """The models of a server, as it answers to GET /models."""
    return Reply(body=json.dumps({"object": "list", "data": [{"id": name} for name in names]}))


@contextmanager
def serve(reply: Callable[[dict, int], Reply], models: Reply = NO_LIST) -> Iterator[Server]:
    """`reply(request, how many came before)` decides each answer; `models` is the one to GET /models."""
    lock, stopped, busy = threading.Lock(), threading.Event(), 0

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 2**16  # head and body go out together: apart, the second waits 40 ms for the client's nod

        def log_message(self, *_: object) -> None:
            pass

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["content-length"])))
            nonlocal busy
            with lock:
                before = len(server.asked)
                server.asked.append(request | {"path": self.path})
                server.keys.append(self.headers.get("authorization", ""))
                busy += 1
                server.peak = max(server.peak, busy)
            told = reply(request, before)
            stopped.wait(told.wait)
            with lock:
                busy -= 1
            self._send(told, request)

        def do_GET(self) -> None:
            with lock:
                server.looks += 1
                server.keys.append(self.headers.get("authorization", ""))
            stopped.wait(models.wait)
            self._send(models, {})

        def _send(self, told: Reply, request: dict) -> None:
            if told.hang_up:
                self.close_connection = True
                self.connection.close()
                return
            body = (
                told.body if told.body is not None else json.dumps(self._completion(request, told))
            ).encode()
            self.send_response(told.status)
            for name, value in {
                "content-type": "application/json",
                "content-length": str(len(body)),
                **told.headers,
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def _completion(self, request: dict, told: Reply) -> dict:
            chat = "messages" in request
            text = with_tag(told.text, request)
            said = {"message": {"role": "assistant", "content": text}} if chat else {"text": text}
            return {
                "id": "c",
                "object": "chat.completion" if chat else "text_completion",
                "created": 1,
                "model": request["model"],
                "choices": [{"index": 0, "finish_reason": told.finish, **said}],
                "usage": {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12},
            }

    http = Listener(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    server = Server(f"http://127.0.0.1:{http.server_address[1]}/v1")
    # It looks whether it has to end as often as this: half a second, as is usual, is long for hundreds of tests.
    thread = threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        stopped.set()
        http.shutdown()
        http.server_close()
