"""A model's own chat template, rendered in a process of its own, with bounds on time and memory.

    render_chat(template, [{"role": "user", "content": "How much is 3 + 4?"}], {"bos_token": "<s>"})

A template is a program that came with somebody's weights. Jinja's sandbox keeps it from files and from Python, but
neither a loop over loops nor a text times a billion can be bounded inside our own process: render_chat.py can be ended.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from proctor.common.refusal import Refusal

Chat = Sequence[Mapping[str, str]]
WITHOUT_SYSTEM = "take a prompt pack without a system text, such as 'default'"
WITHOUT_TURNS = "take a prompt pack with 'turns: text', such as 'text-2shot'"
_OVER_BOUNDS = {"problem": "it takes too much time or memory"}


def render_chat(
    template: str | None,
    chat: Chat,
    tokens: Mapping[str, Any],
    ask: bool = True,
    go_on: bool = False,
    where: Path | str | None = None,
) -> str:
    """The prompt that a chat is for the model: `ask` opens the next turn, `go_on` leaves the last one open.

    `tokens` are the special ones that the template may name.
    """
    if not template:
        raise Refusal(
            "the model has no chat template",
            "the prompt pack asks in turns of a chat",
            f"{WITHOUT_TURNS}, or add a chat_template.jinja to its folder",
            where,
        )
    job = {"template": template, "chat": list(chat), "tokens": dict(tokens), "ask": ask, "go_on": go_on}
    reply = _renderer(os.getpid()).reply_to(job)
    if "text" in reply:
        return reply["text"]
    bare = [turn for turn in chat if turn["role"] != "system"]
    remedy = WITHOUT_TURNS
    if 0 < len(bare) < len(chat) and "text" in _renderer(os.getpid()).reply_to({**job, "chat": bare}):
        remedy = WITHOUT_SYSTEM
    raise Refusal("the model's chat template fails", reply["problem"], remedy, where)


def render_for(tokenizer: Any, chat: Chat, ask: bool = True, go_on: bool = False) -> str:
    """The same by the template of a tokenizer of transformers."""
    template = tokenizer.chat_template
    if isinstance(template, dict):  # several by name, for tools and the like
        template = template.get("default")
    return render_chat(template, chat, tokenizer.special_tokens_map, ask, go_on, tokenizer.name_or_path)


class _Renderer:
    """The process, started when it is needed and again after it was ended. It ends with ours."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: Connection[Any, Any] | None = None

    def reply_to(self, job: Mapping[str, Any]) -> dict[str, str]:
        with self._lock:
            if self._connection is None:
                self._start()
            assert self._connection is not None
            try:
                self._connection.send_bytes(json.dumps(job, default=str).encode())
                reply: dict[str, str] = json.loads(self._connection.recv_bytes())
            except (EOFError, OSError):
                self._connection.close()
                self._process.wait()
                self._connection = None
                return _OVER_BOUNDS
            return reply

    def _start(self) -> None:
        self._connection, theirs = Pipe()
        script = str(Path(__file__).with_name("render_chat.py"))
        self._process = subprocess.Popen(
            [sys.executable, "-P", script, str(theirs.fileno())],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, pass_fds=[theirs.fileno()], start_new_session=True,
        )  # fmt: skip
        theirs.close()


@cache
def _renderer(process: int) -> _Renderer:
    """One for each process of ours: a fork must not read the replies to its parent."""
    return _Renderer()
