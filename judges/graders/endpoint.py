"""A grader behind an OpenAI-compatible server: OpenAI itself, vLLM, Ollama, llama.cpp, asked with the `openai` client.

The client sends again what failed with 408, 409, 429 or 5xx, timed out or lost its connection, after the server's
Retry-After or a growing wait with jitter. Whatever else happens becomes the reply's problem. Knows no rubric.
"""

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from proctor.common.refusal import Refusal
from proctor.judges.graders.grader import Done, GraderSpec, Question, Reply
from proctor.judges.graders.outage import Outage
from proctor.judges.verdict import Reason

# How a server may be asked for JSON: as OpenAI does it, as llama.cpp's older servers do, in words alone.
_FORMS = ("json_schema", "json_object", "")
_SHOWN = 300
_GONE: tuple[Reason, ...] = ("rate limited", "server error", "timed out", "connection broken")
# Seconds between the first requests. Sent all at once they would come back all at once, round after round, and the
# server would wait each time until the last of them is read.
_APART = 0.002


class EndpointGrader:
    resumes = False

    def __init__(self, spec: GraderSpec) -> None:
        self.spec = spec
        self._key = os.environ.get(spec.key_name, "") if spec.key_name else ""
        if spec.key_name and not self._key:
            raise Refusal(
                f"grader {spec.model!r} needs a key in the environment variable {spec.key_name}; there is none; "
                "set it, or name another one with `key:`"
            )
        self._client: Any = None
        self._gate: asyncio.Semaphore | None = None
        self._form = 0 if spec.schema_ == "auto" else len(_FORMS) - 1
        self._outage = Outage(spec.give_up)

    async def answer(self, questions: Sequence[Question], done: Done) -> None:
        self._open()
        waiting = iter(enumerate(questions))

        async def work(
            place: int,
        ) -> None:  # as many of these as may ask at a time, not a task for every question
            await asyncio.sleep(place * _APART)
            for index, question in waiting:
                done(index, await self.reply(question))

        await asyncio.gather(*(work(place) for place in range(min(self.spec.concurrency, len(questions)))))

    async def reply(self, question: Question) -> Reply:
        """One question, however many others are asked at the time."""
        self._open()
        assert self._gate is not None
        async with self._gate:
            if self._outage.reason:
                return Reply(problem=self._outage.reason, reason="not asked")
            try:
                async with asyncio.timeout(self.spec.patience):
                    reply = await self._ask(question)
            except TimeoutError:
                reply = Reply(
                    problem=f"no verdict within {self.spec.patience:g} s, waits included", reason="timed out"
                )
        self._outage.count(reply.problem, reply.reason in _GONE)
        return reply

    async def aclose(self) -> None:
        if self._client is not None:
            await self._client.close()
        self._client = self._gate = None

    def _open(self) -> None:
        if self._client is not None:
            return
        from openai import AsyncOpenAI

        # A local server wants no key, but the client wants some text.
        self._client = AsyncOpenAI(
            base_url=self.spec.address,
            api_key=self._key or "none",
            timeout=self.spec.timeout,
            max_retries=self.spec.retries,
        )
        self._gate = asyncio.Semaphore(self.spec.concurrency)
        self._outage = Outage(self.spec.give_up)

    async def _ask(self, question: Question) -> Reply:
        from openai import APIConnectionError, APIStatusError, APITimeoutError, OpenAIError

        tries = f"up to {self.spec.retries + 1} tries" if self.spec.retries else "one try"
        try:
            return await self._once(question)
        except APITimeoutError:
            return Reply(problem=f"no answer within {self.spec.timeout:g} s ({tries})", reason="timed out")
        except APIConnectionError as broken:
            return Reply(
                problem=f"the connection broke ({tries}): {self._told(broken.__cause__ or broken)}",
                reason="connection broken",
            )
        except APIStatusError as refused:
            return self._status(refused.status_code, self._told(refused), tries)
        except (OpenAIError, LookupError, AttributeError, TypeError, ValueError) as unreadable:
            return Reply(
                problem=f"the server's reply is no chat completion: {self._told(unreadable)}",
                reason="unreadable",
            )

    async def _once(self, question: Question) -> Reply:
        """With the schema first; a server that refuses one form is asked in the next, and never in that one again."""
        from openai import APIStatusError

        last = len(_FORMS) - 1
        for at in range(self._form if question.schema else last, last + 1):
            try:
                reply = await self._send(question, _FORMS[at])
            except APIStatusError as refused:
                if at == last or not _refuses_form(refused.status_code, str(refused)):
                    raise
            else:
                if question.schema:
                    self._form = max(self._form, at)
                return reply
        raise AssertionError("the last form either answers or raises")

    async def _send(self, question: Question, form: str) -> Reply:
        spec = self.spec
        body: dict[str, Any] = {"model": spec.model, "messages": question.messages}
        if form == "json_schema":
            described = {"name": "verdict", "schema": question.schema, "strict": True}
            body["response_format"] = {"type": form, "json_schema": described}
        elif form:
            body["response_format"] = {"type": form, "schema": question.schema}
        if spec.temperature is not None:
            body["temperature"] = spec.temperature
        if spec.max_tokens is not None:
            body["max_tokens"] = spec.max_tokens
        if spec.seed is not None:
            body["seed"] = spec.seed + 1000 * question.repeat + question.attempt
        # chat.completions.create walks through every body and builds a model of every reply, for a third of the time
        # that a request takes of the processor.
        said = await self._client.post("/chat/completions", cast_to=object, body=body | spec.extra)
        choice, usage = said["choices"][0], said.get("usage") or {}
        message, ended = choice["message"], choice.get("finish_reason")
        text = message.get("content")
        if text is not None and not isinstance(text, str):
            raise TypeError("the message is no text")
        reply = Reply(text or "", _count_of(usage, "prompt_tokens"), _count_of(usage, "completion_tokens"))
        if ended == "length":
            limit = f"at {spec.max_tokens} tokens" if spec.max_tokens else "at the server's limit"
            return replace(reply, problem=f"the verdict was cut off {limit}", reason="cut off")
        if refusal := message.get("refusal"):
            return replace(reply, problem=f"the grader refused: {refusal}"[:_SHOWN], reason="refused")
        if text is None:
            return replace(reply, problem=f"the grader gave no text ({ended})", reason="unreadable")
        return reply

    def _status(self, status: int, told: str, tries: str) -> Reply:
        if status == 429:
            return Reply(problem=f"429, too many requests ({tries}): {told}", reason="rate limited")
        if status >= 500:
            return Reply(problem=f"{status} from the server ({tries}): {told}", reason="server error")
        if status == 401:  # it will not change its mind for the next question
            self._outage.reason = (
                f"not asked: the server refuses the key ({self.spec.key_name or 'none was given'})"
            )
        return Reply(problem=f"{status}, the server refused: {told}", reason="refused")

    def _told(self, failed: BaseException) -> str:
        """What went wrong in one line, without the key, whoever repeated it."""
        said = " ".join((str(failed) or type(failed).__name__).split())
        return (said.replace(self._key, "***") if self._key else said)[:_SHOWN]


def _refuses_form(status: int, said: str) -> bool:
    """Whether a server minds how it was asked for JSON; some say so with a 500."""
    return status in (400, 404, 415, 422, 501) or (status == 500 and "response_format" in said)


def _count_of(usage: Mapping[str, Any], name: str) -> int | None:
    """Tokens, where the server tells a number of them."""
    found = usage.get(name)
    return found if isinstance(found, int) and not isinstance(found, bool) else None
