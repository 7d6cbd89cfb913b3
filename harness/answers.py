"""Asks an engine in batches that are planned in advance, and keeps every answer as soon as its batch is done.

A batch is the unit of resuming: near a tie, a greedy answer can depend on what else is in the batch, so a batch that
was cut off is asked again whole and in the same company. Knows requests and engines; must not know tasks or marks.
"""

import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from harness.engines import Engine, Finish
from harness.schema import digest


@dataclass(frozen=True)
class Options:
    """How an answer is to be sampled. `until` are stop strings besides the model's own end of turn."""

    max_tokens: int
    until: tuple[str, ...] = ()
    temperature: float = 0.0
    top_p: float | None = None
    seed: int = 0

    def as_lm_eval(self) -> dict[str, object]:
        """lm-eval's generation arguments for the same."""
        sampled: dict[str, object] = {"do_sample": True, "temperature": self.temperature}
        if self.top_p is not None:
            sampled["top_p"] = self.top_p
        greedy: dict[str, object] = {"do_sample": False, "temperature": 0.0}
        return {"until": list(self.until), "max_gen_toks": self.max_tokens} | (
            sampled if self.temperature else greedy
        )


@dataclass(frozen=True)
class Request:
    """`prompt` is the text as the engine reads it, chat template and all. Epochs of one prompt are told apart."""

    prompt: str
    options: Options
    epoch: int = 1

    @property
    def key(self) -> str:
        return digest([self.prompt, asdict(self.options), self.epoch])


@dataclass(frozen=True)
class Answer:
    """What came back. With an `error`, nothing did: it is then no answer of the model's and is never marked."""

    text: str
    tokens_in: int | None = None
    tokens_out: int | None = None
    truncated: bool = False
    seconds: float | None = None
    error: str = ""


class Journal:
    """Answers of one engine setting in one file, a line each, on disk before the next batch begins."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._kept: dict[str, Answer] = {}
        if path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                try:
                    entry = json.loads(line)
                except ValueError:
                    continue  # an empty line, or the one that a kill cut off; its batch is asked again
                key = entry.pop("key")
                self._kept[key] = Answer(**entry)

    def get(self, request: Request) -> Answer | None:
        return self._kept.get(request.key)

    def keep(self, batch: Sequence[Request], answers: Sequence[Answer]) -> None:
        """Failed requests are not kept: the next run asks them again."""
        done = {r.key: a for r, a in zip(batch, answers, strict=True) if not a.error}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # A kill may have left half a line without its end: a newline first keeps it from swallowing ours.
        lines = "\n" + "".join(
            json.dumps({"key": k, **asdict(a)}, ensure_ascii=False) + "\n" for k, a in done.items()
        )
        with self.path.open("a", encoding="utf-8") as file:
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())
        self._kept |= done


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
    engine: Engine, requests: Sequence[Request], journal: Journal, progress: Callable[[int, int], None]
) -> list[Answer]:
    """Answers to all requests, in their order. `progress` is told of requests done and tokens made, batch by batch."""
    found: dict[str, Answer] = {}
    for batch in plan_batches(requests, engine.batch_size, engine.prompt_length):
        kept = [journal.get(request) for request in batch]
        if any(answer is None for answer in kept):
            answers = _ask(engine, batch)
            journal.keep(batch, answers)
            progress(len(batch), sum(answer.tokens_out or 0 for answer in answers))
        else:
            answers = [answer for answer in kept if answer is not None]
            progress(len(batch), 0)
        found |= {request.key: answer for request, answer in zip(batch, answers, strict=True)}
    return [found[request.key] for request in requests]


def _ask(engine: Engine, batch: list[Request]) -> list[Answer]:
    """One batch. When it fails as a whole, each request is tried alone, so that one bad request costs one sample."""
    room = engine.context_length
    fits = [r for r in batch if room is None or engine.prompt_length(r.prompt) + r.options.max_tokens <= room]
    answers = {r.key: _too_long(engine, r) for r in batch if r not in fits}
    try:
        answers |= dict(zip((r.key for r in fits), _generate(engine, fits), strict=True))
    except Exception as failed:  # any engine, any library: what it raises becomes the sample's error
        for request in fits:
            try:
                answers[request.key] = _generate(engine, [request])[0] if len(fits) > 1 else _failed(failed)
            except Exception as alone:
                answers[request.key] = _failed(alone)
    return [answers[request.key] for request in batch]


def _generate(engine: Engine, batch: list[Request]) -> list[Answer]:
    from lm_eval.api.instance import Instance

    if not batch:
        return []
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
    return [
        Answer(
            text,
            f.tokens_in,
            f.tokens_out,
            f.truncated,
            round(f.seconds if f.seconds is not None else seconds, 6),
            f.error,
        )
        for text, f in zip(texts, finishes, strict=True)
    ]


def _too_long(engine: Engine, request: Request) -> Answer:
    return Answer(
        "",
        tokens_in=engine.prompt_length(request.prompt),
        error=f"the prompt ({engine.prompt_length(request.prompt)} tokens) and the answer "
        f"({request.options.max_tokens}) do not fit the model's context ({engine.context_length})",
    )


def _failed(failed: Exception) -> Answer:
    return Answer("", error=" ".join(f"{type(failed).__name__}: {failed}".split())[:500])
