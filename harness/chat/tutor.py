"""One opened variant for many visitors: what is sent for each scene, and answers that grow while they are written.

tutor.answer(tutor.request("word_problems", "Tom has 3 apples ..."), "visitor 1")   # yields 'Tom', 'Tom has', ...
"""

import importlib
import queue
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from proctor.common.progress import Reporter
from proctor.finetune.recipe import GGUF_TYPES
from proctor.harness.ask.lm_eval import laid_out, limits, lm_eval_task
from proctor.harness.chat.words import PageRefusal
from proctor.harness.config.variant import Variant
from proctor.harness.engines.protocol import Engine, Options, Request, Response
from proctor.harness.weights import open_variant
from proctor.tasks import TASKS
from proctor.tasks.prompt_pack import Pack, render

SOLVE, PLAN, MISTAKES = "word_problems", "study_plan", "diagnosis"  # the tasks that the scenes are
SCENES = {"solve": SOLVE, "plan": PLAN, "mistakes": MISTAKES}
LONGEST = 20_000  # characters of what a visitor sends
SHORTEST_ANSWER = 64  # tokens; a prompt that leaves less room is refused
FREE_TOKENS = 512
CLOSING_SECONDS = 10.0
WARM = 0.7  # the temperature of another try, where the variant's own is 0


def as_served(variant: Variant) -> Variant:
    """Weights of ours are served by llama.cpp, as a GGUF: for a pupil's laptop. Other engines serve themselves."""
    if variant.engine not in ("hf", "vllm") or variant.quantization in GGUF_TYPES:
        return variant
    fields = variant.model_dump(exclude={"serving"}, exclude_unset=True)
    served = {"engine": "llamacpp", "quantization": "f16", "merge": variant.recipe is not None}
    return Variant.model_validate(fields | served)


class Tutor:
    """`packs` names the prompt pack of each scene's task."""

    def __init__(self, variant: Variant, engine: Engine, packs: Mapping[str, str]) -> None:
        self.name, self.sampling = variant.name, variant.sampling
        self._engine, self._packs = engine, packs
        self._lock = threading.Lock()  # one request at a time: no engine is made for several threads
        self._stops: dict[str, threading.Event] = {}

    @classmethod
    def open(cls, variant: Variant, packs: Mapping[str, str], store: Path, reporter: Reporter) -> "Tutor":
        lm_eval_task(TASKS[SOLVE], packs[SOLVE])  # seconds that the first visitor need not wait
        return cls(variant, open_variant(as_served(variant), store, reporter, "tutor"), packs)

    def request(self, task: str, text: str, again: int = 0) -> Request:
        """What the task asks of the variant for this item; `again` counts the tries after the first."""
        _refuse_long(text)
        pack, asks, until = Pack.load(self._packs[task]), TASKS[task].asks, tuple[str, ...]()
        system, user = render(pack, task, {asks: text})
        if TASKS[task].framework == "inspect":
            limit = int(importlib.import_module(f"proctor.tasks.{task}").MAX_TOKENS)
            prompt = system + user
            if pack.turns == "chat":
                turns = [{"role": "system", "content": system}, {"role": "user", "content": user}]
                prompt = self._engine.apply_chat_template([turn for turn in turns if turn["content"]])
        else:
            asked = lm_eval_task(TASKS[task], self._packs[task])
            limit, until = limits(asked)
            item = asked.eval_docs[0] | {asks: text, "answer": "", "system": system, "prompt": user}
            shots = pack.for_task(task).shots
            prompt = laid_out(asked, item, pack, shots, self._engine.apply_chat_template)
        return self._fitting(prompt, self.sampling.max_tokens or limit, until, again)

    def free(self, turns: Sequence[Mapping[str, str]], again: int = 0) -> Request:
        """A talk as it stands, the visitor's words last."""
        _refuse_long("".join(turn["content"] for turn in turns))
        prompt = self._engine.apply_chat_template([dict(turn) for turn in turns])
        return self._fitting(prompt, self.sampling.max_tokens or FREE_TOKENS, (), again)

    def _fitting(self, prompt: str, limit: int, until: tuple[str, ...], again: int) -> Request:
        if self._engine.context_length:
            length = self._engine.prompt_length(prompt)
            room = self._engine.context_length - length
            if room < SHORTEST_ANSWER:
                raise PageRefusal(
                    "this is too long for {name}: {length:,} tokens leave no room for an answer in {most:,}; make it "
                    "shorter, or begin anew",
                    name=self.name, length=length, most=self._engine.context_length,
                )  # fmt: skip
            limit = min(limit, room)
        own = self.sampling
        temperature = own.temperature
        if again:
            temperature = temperature or WARM
        return Request(prompt, Options(limit, until, temperature, own.top_p, own.seed + again), again + 1)

    def answer(self, request: Request, visitor: str = "") -> Iterator[str]:
        """The text so far, again and again, until it is whole. A visitor's new question ends the old answer."""
        self.stop(visitor)
        stopped = self._stops[visitor] = threading.Event()
        grown: queue.SimpleQueue[str | Response] = queue.SimpleQueue()

        def watch(text: str) -> bool:
            grown.put(text)
            return stopped.is_set()

        threading.Thread(target=self._work, args=(request, watch, stopped, grown), daemon=True).start()
        try:
            while isinstance(now := grown.get(), str):
                yield now
            if now.error:
                raise _no_answer(now.error)
            yield now.text
        finally:
            stopped.set()

    def _work(
        self, request: Request, watch: Callable[[str], bool], stopped: threading.Event,
        grown: "queue.SimpleQueue[str | Response]",
    ) -> None:  # fmt: skip
        """In a thread of its own, which holds the engine until the model has really ended."""
        with self._lock:
            if stopped.is_set():
                grown.put(Response("", error="stopped"))
                return
            try:
                self._engine.reseed(request.seed)
                grown.put(self._engine.write(request, watch))
            except Exception as broken:  # whatever the model's library raises: the visitor must hear of it
                traceback.print_exc(file=sys.stderr)
                grown.put(Response("", error=_named(broken)))

    def tries(self, request: Request, count: int, visitor: str = "") -> list[str]:
        """More answers to the same question, each drawn by chance, one by one: others are answered in between."""
        stopped = self._stops[visitor] = threading.Event()
        warm = replace(request.options, temperature=request.options.temperature or WARM)
        texts = []
        for number in range(1, count + 1):
            asked = Request(request.prompt, warm, request.epoch + number)
            with self._lock:
                if stopped.is_set():
                    break
                try:
                    self._engine.reseed(asked.seed)
                    response = self._engine.write(asked, lambda _: stopped.is_set())
                except Exception as broken:
                    traceback.print_exc(file=sys.stderr)
                    raise _no_answer(_named(broken)) from broken
            if not response.error:
                texts.append(response.text)
        return texts

    def stop(self, visitor: str) -> None:
        """Ends what is being written for this visitor: he asked for it, or has left."""
        if stopped := self._stops.pop(visitor, None):
            stopped.set()

    def close(self) -> None:
        for visitor in list(self._stops):
            self.stop(visitor)
        # An engine that cannot be stopped may write for long; the process ends with it open.
        if self._lock.acquire(timeout=CLOSING_SECONDS):
            self._engine.close()


def _no_answer(why: str) -> PageRefusal:
    return PageRefusal("no answer came ({why}); try again, or tell whoever runs this page", why=why)


def _named(broken: Exception) -> str:
    first, _, _ = f"{type(broken).__name__}: {broken}".partition("\n")
    return first[:200]


def _refuse_long(text: str) -> None:
    if not text.strip():
        raise PageRefusal("there is nothing to answer yet; write something first")
    if len(text) > LONGEST:
        raise PageRefusal(
            "this has {count:,} characters; {most:,} are the most: send less at once",
            count=len(text),
            most=LONGEST,
        )
