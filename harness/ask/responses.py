"""Asks an engine, and keeps every response as soon as it is there.

Whatever the journal has is not asked again. Most engines are asked the rest in batches that are planned in advance. A
batch is then the unit of resuming: near a tie, a greedy response can depend on what else is in the batch, so a batch
that was cut off is asked again whole and in the same company. An engine that streams is asked everything at once.
"""

import json
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from proctor.common.digest import digest
from proctor.common.files import LineFile
from proctor.harness.engines.protocol import (
    Engine,
    EngineDied,
    Indexed,
    Options,
    Request,
    Response,
    StreamingEngine,
    as_instances,
    response_of,
)

KEEP_EVERY_SECONDS = 0.5  # responses that come one by one go to the disk this often: what a kill can cost
Advance = Callable[[int, int], None]  # told of requests that are done and tokens that were made


class Journal:
    """The responses of one set of weights, whoever asked for them, in one file: a line each, added and never changed.

    An engine's batches are planned together, and a response counts for everybody when all batches of its plan are done.
    Until then it counts for the same plan alone, so that a run that was killed goes on with the same batches. A plan
    that has lost a line is not done any more: its batch is asked again. In memory is only where each line begins.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.asked = 0  # responses that were kept since this was opened
        self.latest: deque[str] = deque(maxlen=3)  # for whoever watches
        self._done: dict[str, int] = {}  # key of a request: where its response stands in the file
        self._begun: dict[str, dict[str, int]] = {}  # the same for each plan that was not finished
        self._lines = LineFile(path)
        for start, entry in self._lines:
            self._note(entry, start)

    def get(self, request: Request, plan: str = "") -> Response | None:
        """The response that is kept for a request; with a `plan`, what that plan has of it so far."""
        kept = self._begun.get(plan, {}) if plan else self._done
        start = kept.get(request.key)
        entry = self._lines.at(start) if start is not None else None
        if entry is None or entry.get("key") != request.key:
            return None
        return response_of(entry)

    def keep(self, batch: Sequence[Request], responses: Sequence[Response], plan: str = "") -> None:
        """Failed requests are not kept: the next run asks them again."""
        entries = []
        for request, response in zip(batch, responses, strict=True):
            if not response.error:
                entries.append({"key": request.key, "plan": plan, **vars(response)})
                self.latest.append(response.text)
        self.asked += len(entries)
        self._add(entries)

    def finish(self, plan: str) -> None:
        """All batches of a plan are done."""
        self._add([{"finished": plan, "of": len(self._begun.get(plan, {}))}])

    def _note(self, entry: Mapping[str, Any], start: int) -> None:
        if "finished" in entry:
            if len(self._begun.get(entry["finished"], {})) >= entry["of"]:
                self._done |= self._begun.pop(entry["finished"], {})
        elif plan := entry.get("plan"):
            self._begun.setdefault(plan, {})[entry["key"]] = start
        else:
            self._done[entry["key"]] = start

    def _add(self, entries: Sequence[Mapping[str, Any]]) -> None:
        for entry, start in zip(entries, self._lines.add(entries), strict=True):
            self._note(entry, start)


def respond(
    engine: Engine, requests: Iterable[Request], journal: Journal, progress: Advance
) -> Iterator[Indexed]:
    """The index of each request and its response, as they come: whoever scores them need not wait for the last one.

    Equal requests are asked once. An engine that streams takes the requests while they are being written.
    """
    if isinstance(engine, StreamingEngine):
        return _streamed(engine, requests, journal, progress)
    return respond_in_batches(engine, requests, journal, progress)


def respond_all(
    engine: Engine, requests: Sequence[Request], journal: Journal, progress: Advance
) -> list[Response]:
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


def respond_in_batches(
    engine: Engine, requests: Iterable[Request], journal: Journal, progress: Advance
) -> Iterator[Indexed]:
    """Log-likelihoods, and what an engine writes that does not stream. The text of a log-likelihood is JSON."""
    asked, new = _Asked(requests, journal), []
    for request in asked:
        too_long = _too_long(engine, request)
        if too_long:
            progress(1, 0)
            yield from asked.answered(request, too_long)
        else:
            new.append(request)
    yield from asked.known(progress)
    if not new:
        return
    plan = digest([engine.batch_size, *sorted(request.key for request in new)])[:16]
    writes, told = new[0].asks == "generate_until", 0

    def tell(tokens: int) -> None:
        nonlocal told
        told += tokens
        progress(0, tokens)

    engine.tell_tokens = tell
    batches = engine.likelihood_batches(new)
    if writes:
        batches = plan_batches(new, engine.batch_size, engine.prompt_length)
    left = deque(batches)
    while left:
        batch = left.popleft()
        responses = [response for request in batch if (response := journal.get(request, plan))]
        if len(responses) == len(batch):
            progress(len(batch), 0)
        else:
            start, told = time.perf_counter(), 0
            try:
                if writes:
                    _seed(engine, batch)
                    answers = engine.answer(batch)
                else:
                    values = getattr(engine, batch[0].asks)(as_instances(batch), disable_tqdm=True)
                    answers = _likelihoods(engine, batch, values)
                responses = _timed(answers, len(batch), time.perf_counter() - start)
            except Exception as failed:  # any engine, any library: what it raises becomes the sample's error
                if len(batch) > 1:  # each is tried alone, so that one bad request costs one sample
                    left.extendleft([request] for request in reversed(batch))
                    continue
                responses = [_failed(failed)]
            journal.keep(batch, responses, plan)
            progress(len(batch), _tokens(responses) - told)
        for request, response in zip(batch, responses, strict=True):
            yield from asked.answered(request, response)
    journal.finish(plan)


def _likelihoods(engine: Engine, batch: Sequence[Request], values: Sequence[Any]) -> list[Response]:
    """As responses: the choices of a prompt have its length in common."""
    lengths = {prompt: engine.prompt_length(prompt) for prompt in {request.prompt for request in batch}}
    pairs = zip(batch, values, strict=True)
    return [Response(json.dumps(value), lengths[request.prompt], 0) for request, value in pairs]


def _seed(engine: Engine, batch: Sequence[Request]) -> None:
    """By the batch itself: a batch that is asked again draws what it drew before."""
    options = batch[0].options
    if options.temperature:
        engine.reseed(int(digest([options.seed, [request.key for request in batch]])[:8], 16))


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
    engine: StreamingEngine, requests: Iterable[Request], journal: Journal, progress: Advance
) -> Iterator[Indexed]:
    asked, fresh = _Asked(requests, journal), _Fresh(journal, progress)
    waiting: dict[int, Request] = {}  # what the engine has taken, by its own numbers

    def taken() -> Iterator[Request]:
        for number, request in enumerate(asked):
            waiting[number] = request
            yield request

    try:
        going = True
        while going:
            try:
                for number, response in engine.stream(taken()):
                    request = waiting.pop(number)
                    fresh.add(request, response)
                    yield from asked.answered(request, response)
                going = False
            except EngineDied:
                raise
            except Exception as failed:
                # Whoever writes the requests failed, or none was asked.
                if asked.broken is failed or not waiting:
                    raise
                alone = len(waiting) == 1
                for request in waiting.values():
                    response = _failed(failed) if alone else _alone(engine, request)
                    fresh.add(request, response)
                    yield from asked.answered(request, response)
                waiting.clear()
        yield from asked.known(progress)
    finally:
        fresh.keep()


def _alone(engine: StreamingEngine, request: Request) -> Response:
    """What failed together is tried alone, so that one bad request costs one sample."""
    try:
        return engine.answer([request])[0]
    except EngineDied:
        raise
    except Exception as failed:
        return _failed(failed)


class _Asked:
    """The requests that are new, each once, while they are being written; the others have their responses."""

    def __init__(self, requests: Iterable[Request], journal: Journal) -> None:
        self.broken: BaseException | None = None
        self._requests, self._journal = enumerate(requests), journal
        self._indexes: dict[str, list[int]] = {}  # where each request stands, by its key
        self._answered: dict[str, Response] = {}
        self._known: list[Indexed] = []

    def __iter__(self) -> Iterator[Request]:
        try:
            for index, request in self._requests:
                kept = self._answered.get(request.key) or self._journal.get(request)
                if kept is not None:
                    self._known.append((index, kept))
                elif request.key in self._indexes:
                    self._indexes[request.key].append(index)
                else:
                    self._indexes[request.key] = [index]
                    yield request
        except Exception as broken:
            self.broken = broken
            raise

    def answered(self, request: Request, response: Response) -> Iterator[Indexed]:
        """The response, wherever its request stands."""
        self._answered[request.key] = response
        for index in self._indexes[request.key]:
            yield index, response

    def known(self, progress: Advance) -> Iterator[Indexed]:
        for index, response in self._known:
            progress(1, 0)
            yield index, response


class _Fresh:
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
    tokens = engine.prompt_length(request.prompt)
    why = engine.why_too_long(tokens, request.options.max_tokens)
    return Response("", tokens_in=tokens, error=why, too_long=True) if why else None


def _failed(failed: Exception) -> Response:
    return Response("", error=" ".join(f"{type(failed).__name__}: {failed}".split())[:500])
