"""Puts an Inspect task to an open engine: where Inspect meets lm-eval, by an Inspect model provider of ours.

Inspect asks for samples one by one and all at once; an engine is fast in batches. The desk between them gathers what
was asked, hands it over together, and gives each sample its own response or its own error. Inspect runs the task
without its scorer; the responses are kept like any others.
"""

import asyncio
import importlib
import queue
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, InvalidStateError, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any, TypeVar

import inspect_ai
from inspect_ai.model import (
    ChatMessage,
    GenerateConfig,
    Logprob,
    Logprobs,
    Model,
    ModelAPI,
    ModelOutput,
    ModelUsage,
    StopReason,
    get_model,
    modelapi,
)
from inspect_ai.solver._task_state import (
    sample_state,
)  # not exported: the only way to learn a request's epoch

from proctor.common.refusal import Refusal
from proctor.harness.ask.cell import AskedSample, CellRun
from proctor.harness.ask.responses import Advance, respond
from proctor.harness.config.variant import Sampling
from proctor.harness.engines.protocol import Chat, Engine, Options, Request, Response
from proctor.tasks import TASKS
from proctor.tasks.prompt_pack import STOCK, Pack

Log = TypeVar("Log")
Waiting = tuple[Request, "Future[Response]"]

FIRST_QUIET_SECONDS = 5.0  # the first round waits this long for the samples that are still on their way
MOST_TOKENS = 2048
NEXT_QUIET_SECONDS = 0.05  # later rounds (a task with several turns) cannot know how many will come


def ask_inspect(engine: Engine, cell: CellRun, progress: Advance) -> list[AskedSample]:
    """A response to every sample, by Inspect's own solver."""
    docs = {doc["id"]: doc for doc in cell.docs}
    failed: dict[str, Response] = {}  # by its error, which is all that Inspect keeps of it
    expected = cell.requests * _epochs(cell) // cell.variant.sampling.epochs
    render: Callable[[Chat], str] = engine.apply_chat_template
    if Pack.load(cell.variant.prompt).turns != "chat":
        render = _as_text
    # Tokens of a response where the task sets no limit: as many as Inspect's own provider gives, if they fit.
    room = min(MOST_TOKENS, (engine.context_length or MOST_TOKENS * 2) // 2)
    desk = Desk(render, expected, cell.variant.sampling, room)
    with evaluating(cell.variant.name, desk, lambda model: _evaluate(cell, model, docs)) as logs:
        for requests in desk.rounds():
            try:
                responses = dict(respond(engine, requests, cell.journal, progress))
            except Exception as broken:  # the samples must hear of it, or they would wait for ever
                desk.fail(broken)
                continue
            failed |= {response.error: response for response in responses.values() if response.error}
            desk.settle([responses[index] for index in range(len(requests))])
    (log,) = logs.result()
    if log.status != "success" or log.samples is None:
        why = str(log.error.message if log.error else log.status)
        raise Refusal(f"Inspect could not run {cell.task.name!r}", why)
    asked = [_as_asked(docs[str(sample.id)], sample, failed) for sample in log.samples]
    if cell.task.asks == STOCK:
        for mine, sample in zip(asked, log.samples, strict=True):
            mine.score = None if mine.response.error else cell.task.definition.scored(sample)
            if mine.score is None and not mine.response.error:
                mine.response = replace(mine.response, error="Inspect's scorer gave no score")
    return asked


def _epochs(cell: CellRun) -> int:
    """The variant's, or a stock task's own where the variant has one only."""
    epochs = cell.variant.sampling.epochs
    return epochs if epochs > 1 or cell.task.asks != STOCK else int(cell.task.definition.epochs)


def _as_text(turns: Chat) -> str:
    return "\n\n".join(turn["content"] for turn in turns)


def _evaluate(cell: CellRun, model: Model, docs: Mapping[str, Any]) -> Any:
    """Inspect's own logs of the task under the model. Runs beside the engine, in a thread of its own."""
    if cell.task.asks == STOCK:
        task = cell.task.definition.make()
    else:
        module = importlib.import_module(f"proctor.tasks.{cell.task.name}.task")
        judged = {"judge": cell.judge} if TASKS[cell.task.name].scored_by == "judge" else {}
        task = getattr(module, cell.task.name)(prompt=cell.variant.prompt, **judged)
    task.dataset = task.dataset.filter(lambda sample: str(sample.id) in docs)
    config = cell.variant.sampling.model_dump(include={"temperature", "top_p", "seed", "max_tokens"})
    if config["max_tokens"] is None:  # as the task says
        del config["max_tokens"]
    return inspect_ai.eval(
        task, model=model, score=cell.task.asks == STOCK, epochs=_epochs(cell), fail_on_error=False,
        max_samples=len(cell.docs) * _epochs(cell),
        display="none", log_dir=str(cell.logs), log_level="error", log_format="eval", ctl_server=False, **config,
        log_realtime=False,  # nobody watches this log live, and its database would compete with the engine
    )  # fmt: skip


def _as_asked(doc: Mapping[str, Any], sample: Any, failed: Mapping[str, Response]) -> AskedSample:
    if sample.error:
        error = sample.error.message
        return AskedSample(doc, sample.epoch, "", failed.get(error, Response("", error=error)))
    usage, kept = sample.output.usage, sample.output.metadata or {}
    response = Response(
        sample.output.completion,
        usage.input_tokens if usage else None,
        usage.output_tokens if usage else None,
        # A limit of the task's own leaves no choice, or one that it broke off.
        bool(sample.limit) or sample.output.stop_reason == "max_tokens",
        kept.get("seconds"),
        logprobs=kept.get("logprobs"),
    )
    return AskedSample(doc, sample.epoch, kept.get("prompt", ""), response)


class RequestFailed(Exception):
    """The engine failed on this request: Inspect notes it as this sample's error and goes on with the others."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message  # what Inspect keeps of an error that has one


class Desk:
    """Gathers requests from Inspect's event loop, which runs in a thread of its own, for an engine in this one.

    The engine stays in the thread that opened it: from another one the same responses took a quarter longer on a CPU.
    """

    def __init__(
        self, render: Callable[[Chat], str], expected: int, sampling: Sampling, room: int | None = None
    ) -> None:
        """`room`: tokens of a response to a task that sets no limit."""
        self.render, self.expected, self.sampling, self.room = render, expected, sampling, room
        self._waiting: queue.Queue[Waiting | None] = queue.Queue()
        self._round: list[Waiting] = []
        self._open: set[Future[Response]] = set()  # all that have no response yet, wherever they are
        self._stopped = False

    def submit(self, request: Request) -> "Future[Response]":
        future: Future[Response] = Future()
        self._open.add(future)
        future.add_done_callback(self._open.discard)
        self._waiting.put((request, future))
        if self._stopped:
            _fail(future, RequestFailed("stopped"))
        return future

    def close(self) -> None:
        """Nothing more will come: `rounds` ends when all that waits is answered."""
        self._waiting.put(None)

    def stop(self) -> None:
        """Nobody answers any more: what waits, or comes from now on, fails, or Inspect would wait for it for ever."""
        self._stopped = True
        for future in tuple(self._open):
            _fail(future, RequestFailed("stopped"))

    def rounds(self) -> Iterator[list[Request]]:
        """What is to be answered together, until the desk is closed. `settle` or `fail` ends each round."""
        while self._gather():
            self._round = [entry for entry in self._round if entry[1].set_running_or_notify_cancel()]
            if self._round:
                yield [request for request, _ in self._round]

    def settle(self, responses: Sequence[Response]) -> None:
        for (_, future), response in zip(self._round, responses, strict=True):
            if response.error:
                future.set_exception(RequestFailed(response.error))
            else:
                future.set_result(response)

    def fail(self, why: Exception) -> None:
        for _, future in self._round:
            _fail(future, why)

    def _gather(self) -> bool:
        self._round = []
        quiet: float | None = None  # the first may take as long as it likes
        while self.expected == 0 or len(self._round) < self.expected:
            try:
                entry = self._waiting.get(timeout=quiet)
            except queue.Empty:
                break
            if entry is None:
                if self._round:  # for the next round to find
                    self.close()
                break
            self._round.append(entry)
            quiet = FIRST_QUIET_SECONDS if self.expected > 1 else NEXT_QUIET_SECONDS
        self.expected = 0
        return bool(self._round)


def _fail(future: "Future[Response]", why: Exception) -> None:
    with suppress(InvalidStateError):  # it has its response, or another thread was first
        if not future.done() and (future.running() or future.set_running_or_notify_cancel()):
            future.set_exception(why)


# Live desks by model name: what stands in model_args is logged as JSON, and a desk cannot.
_DESKS: dict[str, Desk] = {}


@contextmanager
def evaluating(name: str, desk: Desk, run: Callable[[Model], Log]) -> "Iterator[Future[Log]]":
    """What `run` will make of an Inspect model that asks at the desk, while the caller serves there."""
    key = f"{name}@{uuid.uuid4().hex[:8]}"
    _DESKS[key] = desk
    # A fixed number of connections: Inspect's adaptive ones would break the requests up into small batches.
    connections = GenerateConfig(max_connections=max(desk.expected, 1))

    def beside() -> Log:
        try:
            return run(get_model(f"proctor/{key}", config=connections, memoize=False))
        finally:
            desk.close()

    try:
        with ThreadPoolExecutor(1, thread_name_prefix="inspect") as pool:
            try:
                yield pool.submit(beside)
            finally:
                desk.stop()
    finally:
        del _DESKS[key]


@modelapi(name="proctor")
class EngineAPI(ModelAPI):
    """The provider `proctor/<name>`; it answers only while its desk is served."""

    def __init__(
        self,
        model_name: str,
        base_url: str | None = None,
        api_key: str | None = None,
        config: GenerateConfig = GenerateConfig(),  # noqa: B008  (Inspect's own signature)
        **model_args: Any,
    ) -> None:
        super().__init__(model_name, base_url, api_key, [], config)
        # None when Inspect builds a log's model again only to score its responses.
        self._desk = _DESKS.get(model_name)

    def max_tokens(self) -> int | None:
        return self._desk.room if self._desk else None

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
        options = _options(config, self._desk.sampling)
        request = Request(prompt, options, state.epoch if state else 1)
        response = await asyncio.wrap_future(self._desk.submit(request))
        ended: StopReason = "max_tokens" if response.truncated else "stop"
        output = ModelOutput.from_content(self.model_name, response.text, ended)
        if response.logprobs is not None:
            output.choices[0].logprobs = _as_inspect(response.text, response.logprobs)
        if response.tokens_in is not None and response.tokens_out is not None:
            total = response.tokens_in + response.tokens_out
            output.usage = ModelUsage(
                input_tokens=response.tokens_in, output_tokens=response.tokens_out, total_tokens=total
            )
        # Inspect puts its own time in the place of ours, and that is how long the whole batch took.
        output.metadata = {"prompt": prompt, "seconds": response.seconds, "logprobs": response.logprobs}
        return output


def _options(config: GenerateConfig, sampling: Sampling) -> Options:
    if config.max_tokens is None:
        raise RequestFailed("the task sets no max_tokens; an answer without a limit could go on for ever")
    return Options(
        max_tokens=config.max_tokens,
        until=tuple(config.stop_seqs or ()),
        temperature=None if sampling.temperature is None else config.temperature or 0.0,
        top_p=config.top_p,
        seed=config.seed or 0,
        logprobs=sampling.logprobs,
    )


def _as_inspect(text: str, logprobs: Sequence[tuple[int, float]]) -> Logprobs:
    """Inspect keeps each token's text in the place of where it ends."""
    content, begin = [], 0
    for end, logprob in logprobs:
        content.append(Logprob(token=text[begin:end], logprob=logprob))
        begin = max(begin, end)
    return Logprobs(content=content)
