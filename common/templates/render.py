"""The process that renders templates: a script that `bounded.py` starts, with nothing but Jinja in it.

    {"prompt": ..., "values": ...}      a prompt of a user's task, over the fields of a row
    {"names": ...}                      the fields that such a prompt uses
    {"pattern": ..., "text": ...}       what a user's regular expression finds last: some take for ever
    {"template": ..., "chat": ..., "tokens": ..., "ask": ..., "go_on": ...}     a model's chat template

Chats are rendered as transformers renders them; a test holds it to that. A template that goes over the bounds ends this
process or raises here, and nowhere else.
"""

import json
import re
import resource
import sys
import time
from collections.abc import Sequence
from datetime import date
from functools import cache, partial
from multiprocessing.connection import Connection
from typing import Any

from jinja2 import StrictUndefined, TemplateError, meta, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

SECONDS = 2  # of a processor, at most, for one prompt; a thousand turns take a hundredth of one
MEMORY = 2**29
LONGEST = 2**24  # letters of a prompt
_TAG = "CONTINUE_FINAL_MESSAGE_TAG "


class _Generation(Extension):
    """`{% generation %}` marks what an assistant says, for trainings that look for it; here it is nothing."""

    tags = {"generation"}  # noqa: RUF012 (so it stands in Jinja)

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        return nodes.Scope(parser.parse_statements(("name:endgeneration",), drop_needle=True), lineno=line)


def _refuse(message: object) -> None:
    raise TemplateError(str(message))


def _same_day(form: str) -> str:
    """The date for a chat template that asks for today's (Llama 3.2's does).

    Always the same day, the one that this template falls back to: a prompt, and so an answer and every digest of
    them, must not change at midnight, and a model must be asked on the day on which it was trained.
    """
    return date(2024, 7, 26).strftime(form)


_PROMPTS = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
_prompt = cache(_PROMPTS.from_string)


@cache
def _compiled(template: str) -> Any:
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, "jinja2.ext.loopcontrols"]
    )
    environment.filters["tojson"] = partial(json.dumps, ensure_ascii=False)
    environment.globals |= {"raise_exception": _refuse, "strftime_now": _same_day}
    return environment.from_string(template)


def _chat(
    template: str, chat: Sequence[dict[str, str]], tokens: dict[str, str], ask: bool, go_on: bool
) -> str:
    """`ask` for the next turn, or `go_on` with the last one, whose end is then left out."""
    last = chat[-1]["content"]
    if go_on:
        chat = [*chat[:-1], {**chat[-1], "content": last + _TAG}]
    text: str = _compiled(template).render(
        messages=chat, tools=None, documents=None, add_generation_prompt=ask, **tokens
    )
    if go_on:
        if last.strip() not in text or _TAG.strip() not in text:
            raise TemplateError("it leaves out part of the turn that is to be gone on with")
        at = text.rindex(_TAG.strip())
        text, trimmed = text[:at], not text.startswith(_TAG, at)
        if trimmed:
            text = text.rstrip()
    return text


def _reply_to(job: dict[str, Any]) -> dict[str, Any]:
    if "names" in job:
        _prompt(job["names"])
        return {"names": sorted(meta.find_undeclared_variables(_PROMPTS.parse(job["names"])))}
    if "pattern" in job:
        answer = ""
        for match in re.finditer(job["pattern"], job["text"]):
            answer = match[min(match.re.groups, 1)] or ""
        return {"text": answer.strip()}
    if "prompt" in job:
        text = _prompt(job["prompt"]).render(job["values"])
    else:
        text = _chat(**job)
    if len(text) > LONGEST:
        raise TemplateError(f"it makes a prompt of {len(text):,} letters")
    return {"text": text}


def main() -> None:
    connection = Connection(int(sys.argv[1]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    while True:
        try:
            job = json.loads(connection.recv_bytes())
        except EOFError:  # whoever asked is gone
            return
        hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
        resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + SECONDS, hard))
        try:
            reply = _reply_to(job)
        except Exception as broken:  # a template may raise anything
            reply = {"problem": " ".join(str(broken).split())[:200] or type(broken).__name__}
        connection.send_bytes(json.dumps(reply).encode())


if __name__ == "__main__":
    main()
