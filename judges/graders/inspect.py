"""A grader that Inspect reaches: any of its providers, by Inspect's own name for the model ('anthropic/...').

Inspect sends again what its provider calls worth it, and waits as long as it thinks right. Whatever else happens
becomes the reply's problem.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from proctor.common.refusal import Refusal
from proctor.judges.graders.grader import Done, GraderSpec, Question, Reply, side_by_side
from proctor.judges.verdict import Reason

_SHOWN = 300


class InspectGrader:
    resumes = False

    def __init__(self, spec: GraderSpec) -> None:
        self.spec = spec
        self._models: dict[int | None, Any] = {}
        self._gate: asyncio.Semaphore | None = None
        self._schema_refused = spec.schema_ == "never"
        self._model(spec.seed)  # an unknown provider or a missing key is refused before anything is asked

    async def answer(self, questions: Sequence[Question], done: Done) -> None:
        await side_by_side(questions, self.spec.concurrency, self.reply, done)

    async def reply(self, question: Question) -> Reply:
        """One question, however many others are asked at the time."""
        self._gate = self._gate or asyncio.Semaphore(self.spec.concurrency)
        async with self._gate:
            try:
                async with asyncio.timeout(self.spec.patience):
                    return await self._ask(question)
            except TimeoutError:
                return Reply(
                    problem=f"no verdict within {self.spec.patience:g} s, waits included", reason="timed out"
                )
            except Exception as failed:  # whatever a provider raises becomes the reply's problem
                return _failed(failed)

    async def aclose(self) -> None:
        for model in self._models.values():
            await model.api.aclose()
        self._models, self._gate = {}, None

    def _model(self, seed: int | None) -> Any:
        if seed not in self._models:
            from inspect_ai.model import GenerateConfig, get_model

            spec = self.spec
            config = GenerateConfig(
                temperature=spec.temperature,
                max_tokens=spec.max_tokens,
                seed=seed,
                max_connections=spec.concurrency,
                max_retries=spec.retries,
                attempt_timeout=max(1, round(spec.timeout)),
                timeout=max(1, round(spec.patience)),
            )
            try:
                self._models[seed] = get_model(spec.model, config=config, memoize=False)
            except Exception as refused:  # Inspect has several ways to say that a provider is not to be had
                why = " ".join(str(refused).split())[:_SHOWN]
                raise Refusal(f"Inspect cannot open the grader {spec.model!r}: {why}") from None
        return self._models[seed]

    async def _ask(self, question: Question) -> Reply:
        if self._schema_refused or not question.schema:
            return await self._send(question, None)
        try:
            return await self._send(question, question.schema)
        except Exception as refused:
            if getattr(refused, "status_code", None) not in (400, 404, 415, 422, 501):
                raise
            reply = await self._send(question, None)
            self._schema_refused = True
            return reply

    async def _send(self, question: Question, schema: dict[str, Any] | None) -> Reply:
        from inspect_ai.model import ChatMessageSystem, ChatMessageUser, GenerateConfig, ResponseSchema
        from inspect_ai.util import JSONSchema

        kinds: dict[str, Any] = {"system": ChatMessageSystem, "user": ChatMessageUser}
        messages = [kinds[role](content=text) for role, text in question.turns]
        config = GenerateConfig()
        if schema is not None:
            form = JSONSchema.model_validate(json.loads(json.dumps(schema)))
            config = GenerateConfig(
                response_schema=ResponseSchema(name="verdict", json_schema=form, strict=True)
            )
        output = await self._model(question.seed(self.spec.seed)).generate(messages, config=config)
        reply = Reply(output.completion)
        if output.usage:
            reply = Reply(output.completion, output.usage.input_tokens, output.usage.output_tokens)
        if output.stop_reason in ("max_tokens", "model_length"):
            return reply.cut_off(self.spec)
        if output.error or output.stop_reason == "content_filter":
            why = f"the grader refused: {output.error or 'its filter stopped it'}"[:_SHOWN]
            return replace(reply, problem=why, reason="refused")
        return reply


# What went wrong, by the names of the exceptions that providers raise.
_NAMED: tuple[tuple[set[str], str, Reason], ...] = (
    ({"TimeoutError", "APITimeoutError", "AttemptTimeoutError", "TimeoutException"}, "no answer in time", "timed out"),
    ({"ConnectionError", "APIConnectionError", "TransportError"}, "the connection broke", "connection broken"),
)  # fmt: skip


def _failed(failed: BaseException) -> Reply:
    """What went wrong, from the exception or one that it comes from; that retries are at an end says nothing."""
    chain = [failed]
    while chain[-1].__cause__ is not None and len(chain) < 10:
        chain.append(chain[-1].__cause__)
    names: set[str] = set()
    for error in chain:
        names.update(kind.__name__ for kind in type(error).__mro__)
    cause = next((error for error in chain if type(error).__name__ != "RetryError"), failed)
    message = " ".join(f"{type(cause).__name__}: {cause}".split())[:_SHOWN]
    status = 0
    for error in reversed(chain):
        code = getattr(error, "status_code", None)
        if isinstance(code, int):
            status = code
    if status == 429:
        return Reply(problem=f"429, too many requests: {message}", reason="rate limited")
    if status >= 500:
        return Reply(problem=f"{status} from the server: {message}", reason="server error")
    if status:
        return Reply(problem=f"{status}, the server refused: {message}", reason="refused")
    for known, problem, reason in _NAMED:
        if names & known:
            return Reply(problem=f"{problem}: {message}", reason=reason)
    return Reply(problem=f"the grader gave nothing to read: {message}", reason="unreadable")
