"""Templates that came from elsewhere, rendered in a process of its own, with bounds on time and memory.

    rendered({"prompt": "How much is {{ a }} + 4?", "values": {"a": 3}})     # {"text": "How much is 3 + 4?"}

A template is a program. Jinja's sandbox keeps it from files and from Python, but neither a loop over loops nor a text
times a billion can be bounded inside our own process: the one of render.py can be ended.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from functools import cache
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

_OVER_BOUNDS = {"problem": "it takes too much time or memory"}


def rendered(job: Mapping[str, Any]) -> dict[str, Any]:
    """The `text` that a template makes, the `names` that it uses, or its `problem`. The kinds of jobs: render.py."""
    return _renderer(os.getpid()).reply_to(job)


class _Renderer:
    """The process, started when it is needed and again after it was ended. It ends with ours."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: Connection[Any, Any] | None = None

    def reply_to(self, job: Mapping[str, Any]) -> dict[str, Any]:
        with self._lock:
            if self._connection is None:
                self._start()
            assert self._connection is not None
            try:
                self._connection.send_bytes(json.dumps(job, default=str).encode())
                reply: dict[str, Any] = json.loads(self._connection.recv_bytes())
            except (EOFError, OSError):
                self._connection.close()
                self._process.wait()
                self._connection = None
                return _OVER_BOUNDS
            return reply

    def _start(self) -> None:
        self._connection, theirs = Pipe()
        script = str(Path(__file__).with_name("render.py"))
        self._process = subprocess.Popen(
            [sys.executable, "-P", script, str(theirs.fileno())],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, pass_fds=[theirs.fileno()], start_new_session=True,
        )  # fmt: skip
        theirs.close()


@cache
def _renderer(process: int) -> _Renderer:
    """One for each process of ours: a fork must not read the replies to its parent."""
    return _Renderer()
