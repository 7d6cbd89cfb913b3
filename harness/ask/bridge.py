"""Where Inspect meets lm-eval: an Inspect model provider whose answers come from an open engine.

Inspect asks for samples one by one and all at once; an engine is fast in batches. The desk between them gathers what
was asked, hands it over together, and gives each sample its own answer or its own error. The one file that knows both
frameworks; must not know tasks or marks.
"""

import asyncio
import concurrent.futures
import queue
import uuid
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessage,
    ChatMessageAssistant,
    GenerateConfig,
    Model,
    ModelAPI,
    ModelOutput,
    ModelUsage,
    get_model,
    modelapi,
)
from inspect_ai.solver._task_state import (
    sample_state,
)  # not exported; the only way to learn a request's epoch

from proctor.harness.ask.answers import Answer, Options, Request

Answerer = Callable[[Sequence[Request]], list[Answer]]
Log = TypeVar("Log")
Renderer = Callable[[list[dict[str, str]]], str]

FIRST_QUIET_SECONDS = 5.0  # the first round waits this long for the samples that are still on their way
NEXT_QUIET_SECONDS = 0.05  # later rounds (a task with several turns) cannot know how many will come


class RequestFailed(Exception):
    """The engine failed on this request: Inspect notes it as this sample's error and goes on with the others."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message  # what Inspect keeps of an error that has one


class Desk:
    """Gathers requests from Inspect's event loop, which runs in a thread of its own, and answers them together here.

    The engine stays in the thread that opened it: from another one the same answers took a quarter longer on a CPU.
    """

    def __init__(self, answer: Answerer, render: Renderer, expected: int) -> None:
        self.render = render
        self._answer = answer
        self._expected = expected
        self._waiting: queue.Queue[tuple[Request, concurrent.futures.Future[Answer]] | None] = queue.Queue()

    def submit(self, request: Request) -> "concurrent.futures.Future[Answer]":
        future: concurrent.futures.Future[Answer] = concurrent.futures.Future()
        self._waiting.put((request, future))
        return future

    def close(self) -> None:
        """Nothing more will come: `serve` returns when all that waits is answered."""
        self._waiting.put(None)

    def _gather(self) -> list[tuple[Request, concurrent.futures.Future[Answer]]] | None:
        first = self._waiting.get()
        if first is None:
            return None
        round_ = [first]
        quiet = FIRST_QUIET_SECONDS if self._expected > 1 else NEXT_QUIET_SECONDS
        while self._expected == 0 or len(round_) < self._expected:
            try:
                entry = self._waiting.get(timeout=quiet)
            except queue.Empty:
                break
            if entry is None:
                self._waiting.put(None)
                break
            round_.append(entry)
        self._expected = 0
        return round_

    def serve(self) -> None:
        """Answers until the desk is closed."""
        while (round_ := self._gather()) is not None:
            live = [(request, future) for request, future in round_ if future.set_running_or_notify_cancel()]
            if not live:
                continue
            try:
                answers = self._answer([request for request, _ in live])
            except BaseException as failed:  # the samples must hear of it, or they would wait for ever
                for _, future in live:
                    future.set_exception(RequestFailed(repr(failed)) if _is_stop(failed) else failed)
                if _is_stop(failed):
                    raise
                continue
            for (_, future), answer in zip(live, answers, strict=True):
                if answer.error:
                    future.set_exception(RequestFailed(answer.error))
                else:
                    future.set_result(answer)


def _is_stop(failed: BaseException) -> bool:
    """Somebody wants the whole run to end, not only this batch."""
    return not isinstance(failed, Exception)


# Live desks by model name: what stands in model_args is logged as JSON, and a desk cannot.
_DESKS: dict[str, Desk] = {}


def evaluate(
    name: str, answer: Answerer, render: Renderer, expected: int, run: Callable[[Model], Log]
) -> Log:
    """What `run` makes of an Inspect model whose answers come from `answer`. `expected` requests come at first."""
    key = f"{name}@{uuid.uuid4().hex[:8]}"
    _DESKS[key] = desk = Desk(answer, render, expected)

    def beside() -> Log:
        try:
            # A fixed number of connections: Inspect's adaptive ones would break the requests up into small batches.
            connections = GenerateConfig(max_connections=max(expected, 1))
            return run(get_model(f"proctor/{key}", config=connections, memoize=False))
        finally:
            desk.close()

    try:
        with concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="inspect") as pool:
            log = pool.submit(beside)
            desk.serve()
            return log.result()
    finally:
        del _DESKS[key]


@modelapi(name="proctor")
class EngineAPI(ModelAPI):
    """The provider `proctor/<name>`; it answers only inside `serve`."""

    def __init__(
        self,
        model_name: str,
        base_url: str | None = None,
        api_key: str | None = None,
        config: GenerateConfig = GenerateConfig(),  # noqa: B008  (Inspect's own signature)
        **model_args: Any,
    ) -> None:
        super().__init__(model_name, base_url, api_key, [], config)
        self._desk = _DESKS.get(
            model_name
        )  # none when Inspect builds a log's model again only to mark its answers

    def should_retry(self, ex: BaseException) -> bool:
        return False

    async def generate(
        self, input: list[ChatMessage], tools: Any, tool_choice: Any, config: GenerateConfig
    ) -> ModelOutput:
        if self._desk is None:
            raise RequestFailed(
                f"no engine is open for {self.model_name!r}: it answers only while a run is on"
            )
        if tools:
            raise RequestFailed("this model calls no tools")
        state = sample_state()
        prompt = self._desk.render([{"role": message.role, "content": message.text} for message in input])
        request = Request(prompt, _options(config), state.epoch if state else 1)
        answer = await asyncio.wrap_future(self._desk.submit(request))
        return ModelOutput(
            model=self.model_name,
            choices=[
                ChatCompletionChoice(
                    message=ChatMessageAssistant(content=answer.text, source="generate"),
                    stop_reason="max_tokens" if answer.truncated else "stop",
                )
            ],
            usage=_usage(answer),
            # Inspect puts its own time in the place of ours, and that is how long the whole batch took.
            metadata={"prompt": prompt, "seconds": answer.seconds},
        )


def _options(config: GenerateConfig) -> Options:
    if config.max_tokens is None:
        raise RequestFailed("the task sets no max_tokens; an answer without a limit could go on for ever")
    return Options(
        max_tokens=config.max_tokens,
        until=tuple(config.stop_seqs or ()),
        temperature=config.temperature or 0.0,
        top_p=config.top_p,
        seed=config.seed or 0,
    )


def _usage(answer: Answer) -> ModelUsage | None:
    if answer.tokens_in is None or answer.tokens_out is None:
        return None  # not told, which is not 0
    total = answer.tokens_in + answer.tokens_out
    return ModelUsage(input_tokens=answer.tokens_in, output_tokens=answer.tokens_out, total_tokens=total)
