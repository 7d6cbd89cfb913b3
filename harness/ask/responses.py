"""Asks an engine, and keeps every response as soon as it is there.

Whatever the journal has is not asked again. Most engines are asked the rest in batches that are planned in advance. A
batch is then the unit of resuming: near a tie, a greedy response can depend on what else is in the batch, so a batch
that was cut off is asked again whole and in the same company. An engine that streams is asked everything at once.
"""

import json
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any

from proctor.common.digest import digest
from proctor.common.refusal import Refusal
from proctor.harness.ask.journal import Journal
from proctor.harness.engines.protocol import (
    Engine,
    EngineDied,
    GivesLikelihoods,
    Indexed,
    Options,
    Request,
    Response,
    Streams,
    TellsTokens,
)

KEEP_EVERY_SECONDS = 0.5  # responses that come one by one go to the disk this often: what a kill can cost
Advance = Callable[[int, int], None]  # told of requests that are done and tokens that were made


def respond(
    engine: Engine, requests: Iterable[Request], journal: Journal, progress: Advance
) -> Iterator[Indexed]:
    """The index of each request and its response, as they come: whoever scores them need not wait for the last one.

    Equal requests are asked once. An engine that streams takes the requests while they are being written.
    """
    if isinstance(engine, Streams):
        return _streamed(engine, requests, journal, progress)
    return _batched(engine, requests, journal, progress)


def respond_likelihoods(
    engine: Engine, requests: Sequence[Request], journal: Journal, progress: Advance
) -> Iterator[tuple[int, Response]]:
    """The same where log-likelihoods are asked, which no engine streams. A response's text is the answer as JSON."""
    return _batched(engine, requests, journal, progress)


def respond_all(
    engine: Engine, requests: Sequence[Request], journal: Journal, progress: Advance
) -> list[Response]:
    """Responses to all requests, in their order."""
    responses = dict(respond(engine, requests, journal, progress))
    return [responses[index] for index in range(len(requests))]


def plan_batches(requests: Sequence[Request], size: int, length: Callable[[str], int]) -> list[list[Request]]:
    """Longest first, as lm-eval does it, so that the same requests always make the same batches."""
    groups: dict[Options, list[Request]] = {}
    for request in requests:
        groups.setdefault(request.options, []).append(request)
    batches: list[list[Request]] = []
    for options in sorted(groups, key=lambda o: json.dumps(asdict(o), sort_keys=True)):
        group = sorted(groups[options], key=lambda r: (-length(r.prompt), r.prompt, r.epoch))
        batches += [group[i : i + size] for i in range(0, len(group), size)]
    return batches


def _batched(
    engine: Engine, requests: Iterable[Request], journal: Journal, progress: Advance
) -> Iterator[Indexed]:
    indexes: dict[str, list[int]] = {}
    wanted: list[Request] = []
    for index, request in enumerate(requests):
        if request.key not in indexes:
            wanted.append(request)
        indexes.setdefault(request.key, []).append(index)
    new: list[Request] = []
    for request in wanted:
        known = journal.get(request) or _too_long(engine, request)
        if known is None:
            new.append(request)
            continue
        progress(1, 0)
        for index in indexes[request.key]:
            yield index, known
    if not new:
        return
    plan = digest([engine.batch_size, *sorted(request.key for request in new)])[:16]
    batches = deque(_planned(engine, new))
    while batches:
        batch = batches.popleft()
        kept = [journal.get(request, plan) for request in batch]
        responses = [response for response in kept if response]
        if len(responses) == len(batch):
            progress(len(batch), 0)
        else:
            start = time.perf_counter()
            shown = _Shown(progress)
            if isinstance(engine, TellsTokens):
                engine.tell_tokens = shown.add
            try:
                _prepare(engine, batch)
                answers = getattr(engine, batch[0].asks)(_as_instances(batch), disable_tqdm=True)
                seconds = time.perf_counter() - start
                responses = _timed(_as_responses(engine, batch, answers), len(batch), seconds)
            except Exception as failed:  # any engine, any library: what it raises becomes the sample's error
                if len(batch) > 1:  # each is tried alone, so that one bad request costs one sample
                    batches.extendleft([request] for request in reversed(batch))
                    continue
                responses = [_failed(failed)]
            journal.keep(batch, responses, plan)
            progress(len(batch), _tokens(responses) - shown.tokens)
        for request, response in zip(batch, responses, strict=True):
            for index in indexes[request.key]:
                yield index, response
    journal.finish(plan)


def _planned(engine: Engine, requests: Sequence[Request]) -> list[list[Request]]:
    """Log-likelihoods go as the engine wants them, or in their own order: what shares a prompt stays together."""
    if requests[0].asks == "generate_until":
        return plan_batches(requests, engine.batch_size, engine.prompt_length)
    likelihood_batches = getattr(engine, "likelihood_batches", None)
    if likelihood_batches and requests[0].asks == "loglikelihood":
        batches: list[list[Request]] = likelihood_batches(requests)
        return batches
    size = 4 * engine.batch_size
    return [list(requests[at : at + size]) for at in range(0, len(requests), size)]


def _prepare(engine: Engine, batch: Sequence[Request]) -> None:
    engine.logprobs = batch[0].options.logprobs
    if batch[0].asks == "generate_until":
        _seed(engine, batch)
    elif not isinstance(engine, GivesLikelihoods):
        raise Refusal("this engine gives no log-likelihoods")


def _as_responses(engine: Engine, batch: Sequence[Request], answers: Sequence[Any]) -> Sequence[Response]:
    """lm-eval returns the texts of what was generated; the engine has the responses that they stand in."""
    if batch[0].asks == "generate_until":
        return engine.responses
    responses = []
    for request, answer in zip(batch, answers, strict=True):
        responses.append(Response(json.dumps(answer), engine.prompt_length(request.prompt), 0))
    return responses


class _Shown:
    """The tokens of a batch that were shown before it was done. What they were in the end is known only then."""

    def __init__(self, progress: Advance) -> None:
        self.tokens = 0
        self._progress = progress

    def add(self, tokens: int) -> None:
        self.tokens += tokens
        self._progress(0, tokens)


def _seed(engine: Engine, batch: Sequence[Request]) -> None:
    """By the batch itself: a batch that is asked again draws what it drew before."""
    options = batch[0].options
    if options.temperature:
        engine.reseed(int(digest([options.seed, [request.key for request in batch]])[:8], 16))


def _as_instances(batch: Sequence[Request]) -> list[Any]:
    from lm_eval.api.instance import Instance

    return [Instance(request.asks, {}, request.arguments, index) for index, request in enumerate(batch)]


def _timed(responses: Sequence[Response], wanted: int, seconds: float) -> list[Response]:
    """Each with its share of its batch's time, where the engine does not time it by itself."""
    if len(responses) != wanted:
        raise RuntimeError(f"the engine gave {len(responses)} responses to {wanted} requests")
    timed = []
    for response in responses:
        if response.seconds is None:
            response = replace(response, seconds=round(seconds / wanted, 6))
        timed.append(response)
    return timed


def _streamed(
    engine: Streams, requests: Iterable[Request], journal: Journal, progress: Advance
) -> Iterator[Indexed]:
    feed = _Feed(requests, journal)
    fresh = _Fresh(journal, progress)
    try:
        while True:
            first = feed.begin()
            try:
                for number, response in engine.stream(feed):
                    request = feed.done(first + number, response)
                    fresh.add(request, response)
                    for index in feed.indexes[request.key]:
                        yield index, response
                break
            except EngineDied:
                raise
            except Exception as failed:
                # Whoever writes the requests failed, or none was asked.
                if feed.broken is failed or not feed.open:
                    raise
                alone = len(feed.open) == 1
                for number in sorted(feed.open):
                    response = _failed(failed) if alone else _alone(engine, feed.asked[number])
                    request = feed.done(number, response)
                    fresh.add(request, response)
                    for index in feed.indexes[request.key]:
                        yield index, response
        for index, response in feed.known:
            progress(1, 0)
            yield index, response
    finally:
        fresh.keep()


def _alone(engine: Streams, request: Request) -> Response:
    """What failed together is tried alone, so that one bad request costs one sample."""
    try:
        ((_, response),) = engine.stream([request])
    except EngineDied:
        raise
    except Exception as failed:
        return _failed(failed)
    return response


class _Feed:
    """The requests that a streaming engine takes: those that are new, each once, while they are being written."""

    def __init__(self, requests: Iterable[Request], journal: Journal) -> None:
        self.asked: list[Request] = []
        self.open: set[int] = set()  # numbers in `asked` that have no response yet
        self.indexes: dict[str, list[int]] = {}  # where each request stands, by its key
        self.known: list[tuple[int, Response]] = []
        self.broken: BaseException | None = None
        self._left = enumerate(requests)
        self._journal = journal
        self._done: dict[str, Response] = {}

    def begin(self) -> int:
        """The engine takes requests from the beginning: what its number 0 is in `asked`."""
        self.open = set()
        return len(self.asked)

    def done(self, number: int, response: Response) -> Request:
        request = self.asked[number]
        self.open.discard(number)
        self._done[request.key] = response
        return request

    def __iter__(self) -> Iterator[Request]:
        try:
            for index, request in self._left:
                kept = self._done.get(request.key) or self._journal.get(request)
                if kept is not None:
                    self.known.append((index, kept))
                elif request.key in self.indexes:
                    self.indexes[request.key].append(index)
                else:
                    self.indexes[request.key] = [index]
                    self.open.add(len(self.asked))
                    self.asked.append(request)
                    yield request
        except Exception as broken:
            self.broken = broken
            raise


class _Fresh:
    """Responses on their way to the disk."""

    def __init__(self, journal: Journal, progress: Advance) -> None:
        self._journal = journal
        self._progress = progress
        self._pairs: list[tuple[Request, Response]] = []
        self._last = time.monotonic()

    def add(self, request: Request, response: Response) -> None:
        self._pairs.append((request, response))
        if time.monotonic() - self._last > KEEP_EVERY_SECONDS:
            self.keep()

    def keep(self) -> None:
        if self._pairs:
            requests, responses = zip(*self._pairs, strict=True)
            self._journal.keep(requests, responses)
            self._progress(len(responses), _tokens(responses))
            self._pairs = []
        self._last = time.monotonic()


def _tokens(responses: Iterable[Response]) -> int:
    return sum(response.tokens_out or 0 for response in responses)


def _too_long(engine: Engine, request: Request) -> Response | None:
    """A response that says so, for a prompt that leaves no room for a response in the model's context."""
    if engine.context_length is None or request.cut or request.asks != "generate_until":
        return None
    tokens, room = engine.prompt_length(request.prompt), request.options.max_tokens
    if tokens + room <= engine.context_length:
        return None
    why = f"the prompt ({tokens} tokens) and the answer ({room}) do not fit the model's context"
    return Response("", tokens_in=tokens, error=f"{why} ({engine.context_length})", too_long=True)


def _failed(failed: Exception) -> Response:
    return Response("", error=" ".join(f"{type(failed).__name__}: {failed}".split())[:500])
