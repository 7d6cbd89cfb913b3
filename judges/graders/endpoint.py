"""A grader behind an OpenAI-compatible server, asked with the one client in common/http/chat_client.py."""

from collections.abc import Sequence
from typing import Any

from proctor.common.http.chat_client import SHOWN, ChatClient, Completion
from proctor.judges.graders.grader import Done, GraderSpec, Question, Reply, side_by_side

# How a server may be asked for JSON: as OpenAI does it, as llama.cpp's older servers do, in words alone.
_FORMS = ("json_schema", "json_object", "")
# Seconds between the first requests. Sent all at once they would come back all at once, round after round, and the
# server would wait each time until the last of them is read.
_APART = 0.002


class EndpointGrader:
    resumes = False

    def __init__(self, spec: GraderSpec) -> None:
        self.spec = spec
        self._client = ChatClient(
            f"grader {spec.model!r}", spec.endpoint, spec.key, timeout=spec.timeout, patience=spec.patience,
            retries=spec.retries, concurrency=spec.concurrency, give_up=spec.give_up,
        )  # fmt: skip
        self._form = 0
        if spec.schema_ == "never":
            self._form = len(_FORMS) - 1

    async def answer(self, questions: Sequence[Question], done: Done) -> None:
        self._client.open()
        await self._client.refuse_unreachable(self.spec.model)
        await side_by_side(questions, self.spec.concurrency, self.reply, done, _APART)

    async def reply(self, question: Question) -> Reply:
        """One question, with the schema first; a server that refuses one form is asked in the next, and never in that
        one again.
        """
        last = len(_FORMS) - 1
        form = self._form if question.schema else last
        completion = await self._send(question, form)
        while form < last and _refuses_form(completion):
            form += 1
            completion = await self._send(question, form)
        if question.schema and not completion.problem:
            self._form = max(self._form, form)
        return self._as_reply(completion)

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _send(self, question: Question, form: int) -> Completion:
        spec, kind = self.spec, _FORMS[form]
        body: dict[str, Any] = {"model": spec.model, "messages": question.messages}
        if kind == "json_schema":
            described = {"name": "verdict", "schema": question.schema, "strict": True}
            body["response_format"] = {"type": kind, "json_schema": described}
        elif kind:
            body["response_format"] = {"type": kind, "schema": question.schema}
        if spec.temperature is not None:
            body["temperature"] = spec.temperature
        if spec.max_tokens is not None:
            body["max_tokens"] = spec.max_tokens
        if spec.seed is not None:
            body["seed"] = question.seed(spec.seed)
        return await self._client.post("/chat/completions", body | spec.extra)

    def _as_reply(self, completion: Completion) -> Reply:
        counts = completion.tokens_in, completion.tokens_out
        text = completion.text or ""
        if completion.trouble:
            return Reply(problem=completion.problem, reason=completion.trouble)
        if completion.ended == "length":
            return Reply(text, *counts).cut_off(self.spec)
        if completion.refusal:
            return Reply(text, *counts, f"the grader refused: {completion.refusal}"[:SHOWN], "refused")
        if completion.text is None:
            return Reply("", *counts, f"the grader gave no text ({completion.ended})", "unreadable")
        return Reply(text, *counts)


def _refuses_form(completion: Completion) -> bool:
    """Whether a server minds how it was asked for JSON; some say so with a 500."""
    return completion.trouble == "refused" and completion.status in (400, 404, 415, 422, 500, 501)
