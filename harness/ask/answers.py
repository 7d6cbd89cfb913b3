"""Asks an engine, and keeps every answer as soon as it is there.

Whatever the journal has is not asked again. Most engines are asked the rest in batches that are planned in advance. A
batch is then the unit of resuming: near a tie, a greedy answer can depend on what else is in the batch, so a batch that
was cut off is asked again whole and in the same company. An engine that mixes requests as it likes is asked everything
at once. Knows requests and engines; must not know tasks or marks.
"""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict

from proctor.common.digest import digest
from proctor.harness.ask.journal import Answer, Journal, Options, Request
from proctor.harness.engines import Ask, Engine, EngineDied, Finish, Streams

__all__ = ["Answer", "Journal", "Options", "Request", "answer_all", "answering", "plan_batches"]

KEEP_EVERY_SECONDS = 0.5  # answers that come one by one go to the disk this often: what a kill can cost
Progress = Callable[[int, int], None]


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


def answer_all(
    engine: Engine, requests: Sequence[Request], journal: Journal, progress: Progress
) -> list[Answer]:
    """Answers to all requests, in their order."""
    found = dict(answering(engine, requests, journal, progress))
    return [found[place] for place in range(len(requests))]


def answering(
    engine: Engine, requests: Iterable[Request], journal: Journal, progress: Progress
) -> Iterator[tuple[int, Answer]]:
    """The place of each request and its answer, as they come: whoever marks them need not wait for the last one.

    `progress` is told of requests done and tokens made. Equal requests are asked once. An engine that streams takes
    the requests while they are being made.
    """
    if isinstance(engine, Streams):
        yield from _kept_as_they_come(_Coming(engine, requests, journal), journal, progress)
        return
    places: dict[str, list[int]] = {}
    wanted = []
    for place, request in enumerate(requests):
        if request.key not in places:
            wanted.append(request)
        places.setdefault(request.key, []).append(place)
    for request, answer in _by_batches(engine, wanted, journal, progress):
        for place in places[request.key]:
            yield place, answer


def _by_batches(
    engine: Engine, requests: Sequence[Request], journal: Journal, progress: Progress
) -> Iterator[tuple[Request, Answer]]:
    new = []
    for request in requests:
        answer = journal.get(request) or _too_long(engine, request)
        if answer is None:
            new.append(request)
        else:
            progress(1, 0)
            yield request, answer
    if not new:
        return
    plan = digest([engine.batch_size, *sorted(request.key for request in new)])[:16]
    for batch in plan_batches(new, engine.batch_size, engine.prompt_length):
        kept = [answer for request in batch if (answer := journal.get(request, plan))]
        if len(kept) == len(batch):
            progress(len(batch), 0)
            yield from zip(batch, kept, strict=True)
            continue
        answers = _ask(engine, batch)
        journal.keep(batch, answers, plan)
        progress(len(batch), sum(answer.tokens_out or 0 for answer in answers))
        yield from zip(batch, answers, strict=True)
    journal.finish(plan)


class _Coming:
    """What a streaming engine makes of requests that are still being written."""

    def __init__(self, engine: Streams, requests: Iterable[Request], journal: Journal) -> None:
        self._engine = engine
        self._journal = journal
        self._left = enumerate(requests)
        self._asked: list[Request] = []
        self._places: dict[str, list[int]] = {}  # where each request stands, by its key
        self._known: list[tuple[int, Answer]] = []
        self._done: dict[str, Answer] = {}
        self._broken: BaseException | None = None

    def answers(self) -> Iterator[tuple[list[int], Request | None, Answer]]:
        """Places, the request, and its answer; without a request for an answer that was kept from before."""
        while True:
            first, waiting = len(self._asked), set[int]()
            try:
                for place, text, finish in self._engine.stream(self._asks(waiting)):
                    waiting.discard(first + place)
                    yield self._found(first + place, _answer(text, finish))
            except EngineDied:
                raise
            except Exception as failed:
                if (
                    self._broken is failed or not waiting
                ):  # whoever writes the requests failed, or nothing was asked
                    raise
                for number in sorted(waiting):
                    yield self._found(number, self._alone(self._asked[number], failed, len(waiting)))
                continue
            break
        for place, answer in self._known:
            yield [place], None, answer

    def _asks(self, waiting: set[int]) -> Iterator[Ask]:
        try:
            for place, request in self._left:
                if (kept := self._done.get(request.key) or self._journal.get(request)) is not None:
                    self._known.append((place, kept))
                elif request.key in self._places:
                    self._places[request.key].append(place)
                else:
                    self._places[request.key] = [place]
                    waiting.add(len(self._asked))
                    self._asked.append(request)
                    yield Ask(request.prompt, request.options.as_lm_eval(), int(request.key[:8], 16))
        except Exception as broken:
            self._broken = broken
            raise

    def _found(self, number: int, answer: Answer) -> tuple[list[int], Request, Answer]:
        request = self._asked[number]
        self._done[request.key] = answer
        return self._places[request.key], request, answer

    def _alone(self, request: Request, failed: Exception, beside: int) -> Answer:
        """What failed together is tried alone, so that one bad request costs one sample."""
        if beside == 1:
            return _failed(failed)
        ask = Ask(request.prompt, request.options.as_lm_eval(), int(request.key[:8], 16))
        try:
            ((_, text, finish),) = self._engine.stream([ask])
        except EngineDied:
            raise
        except Exception as alone:
            return _failed(alone)
        return _answer(text, finish)


def _kept_as_they_come(coming: _Coming, journal: Journal, progress: Progress) -> Iterator[tuple[int, Answer]]:
    fresh: list[tuple[Request, Answer]] = []
    last = time.monotonic()

    def keep() -> None:
        nonlocal last
        if fresh:
            journal.keep([request for request, _ in fresh], [answer for _, answer in fresh])
            progress(len(fresh), sum(answer.tokens_out or 0 for _, answer in fresh))
            fresh.clear()
        last = time.monotonic()

    try:
        for places, request, answer in coming.answers():
            if request is None:
                progress(1, 0)
            else:
                fresh.append((request, answer))
            for place in places:
                yield place, answer
            if time.monotonic() - last > KEEP_EVERY_SECONDS:
                keep()
    finally:
        keep()


def _ask(engine: Engine, batch: list[Request]) -> list[Answer]:
    """One batch. When it fails as a whole, each request is tried alone, so that one bad request costs one sample."""
    try:
        return _generate(engine, batch)
    except Exception as failed:  # any engine, any library: what it raises becomes the sample's error
        if len(batch) == 1:
            return [_failed(failed)]
    return [answer for request in batch for answer in _ask(engine, [request])]


def _generate(engine: Engine, batch: list[Request]) -> list[Answer]:
    from lm_eval.api.instance import Instance

    options = batch[0].options
    if options.temperature:
        # Seeded by the batch itself: a batch that is asked again draws what it drew before.
        engine.reseed(int(digest([options.seed, [r.key for r in batch]])[:8], 16))
    asked = [Instance("generate_until", {}, (r.prompt, options.as_lm_eval()), i) for i, r in enumerate(batch)]
    start = time.perf_counter()
    texts = engine.generate_until(asked, disable_tqdm=True)
    seconds = (time.perf_counter() - start) / len(batch)
    finishes: Sequence[Finish] = engine.finishes
    if len(texts) != len(batch) or len(finishes) != len(batch):
        raise RuntimeError(f"the engine gave {len(texts)} answers to {len(batch)} requests")
    return [_answer(text, finish, seconds) for text, finish in zip(texts, finishes, strict=True)]


def _answer(text: str, finish: Finish, seconds: float = 0.0) -> Answer:
    """`seconds` is this answer's share of its batch's time, for an engine that does not time each by itself."""
    took = round(finish.seconds if finish.seconds is not None else seconds, 6)
    return Answer(
        text, finish.tokens_in, finish.tokens_out, finish.truncated, took, finish.error, finish.too_long
    )


def _too_long(engine: Engine, request: Request) -> Answer | None:
    """An answer that says so, for a prompt that leaves no room for an answer in the model's context."""
    if engine.context_length is None:
        return None
    tokens, room = engine.prompt_length(request.prompt), request.options.max_tokens
    if tokens + room <= engine.context_length:
        return None
    why = f"the prompt ({tokens} tokens) and the answer ({room}) do not fit the model's context"
    return Answer("", tokens_in=tokens, error=f"{why} ({engine.context_length})", too_long=True)


def _failed(failed: Exception) -> Answer:
    return Answer("", error=" ".join(f"{type(failed).__name__}: {failed}".split())[:500])
