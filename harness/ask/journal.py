"""Requests, answers, and the file that answers are kept in as soon as they are there.

Knows what decides an answer, which is its key; must not know engines, tasks or marks.
"""

import fcntl
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from proctor.common.digest import digest


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

    @cached_property
    def key(self) -> str:
        return digest([self.prompt, vars(self.options), self.epoch])


@dataclass(frozen=True)
class Answer:
    """What came back. With an `error`, nothing did: it is then no answer of the model's and is never marked. One that
    is `too_long` for the context would fail at every try.
    """

    text: str
    tokens_in: int | None = None
    tokens_out: int | None = None
    truncated: bool = False
    seconds: float | None = None
    error: str = ""
    too_long: bool = False


class Journal:
    """The answers of one set of weights, whoever asked for them, in one file: a line each, added and never changed.

    An engine's batches are planned together, and an answer counts for everybody when all batches of its plan are done.
    Until then it counts for the same plan alone, so that a run that was killed goes on with the same batches. In memory
    is only where each line begins.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.asked = 0  # answers that were kept since this was opened
        self._done: dict[str, int] = {}  # key of a request: where its answer stands in the file
        self._begun: dict[str, dict[str, int]] = {}  # the same for each plan that was not finished
        if path.exists():
            with path.open("rb") as file:
                start = 0
                for line in file:
                    # An empty line, or the one that a kill cut off, is passed over: its request is asked again.
                    with suppress(ValueError, KeyError, TypeError):
                        self._note(json.loads(line), start)
                    start += len(line)

    def get(self, request: Request, plan: str = "") -> Answer | None:
        """The answer that is kept for a request; with a `plan`, what that plan has of it so far."""
        place = (self._begun.get(plan, {}) if plan else self._done).get(request.key)
        if place is None:
            return None
        with self.path.open("rb") as file:
            file.seek(place)
            entry = json.loads(file.readline())
        return Answer(**{name: entry[name] for name in Answer.__dataclass_fields__ if name in entry})

    def keep(self, batch: Sequence[Request], answers: Sequence[Answer], plan: str = "") -> None:
        """Failed requests are not kept: the next run asks them again."""
        pairs = [
            (request, answer) for request, answer in zip(batch, answers, strict=True) if not answer.error
        ]
        self.asked += len(pairs)
        self._add([{"key": request.key, "plan": plan, **vars(answer)} for request, answer in pairs])

    def finish(self, plan: str) -> None:
        """All batches of a plan are done."""
        self._add([{"finished": plan}])

    def _note(self, entry: Mapping[str, Any], start: int) -> None:
        if "finished" in entry:
            self._done |= self._begun.pop(entry["finished"], {})
        elif plan := entry.get("plan"):
            self._begun.setdefault(plan, {})[entry["key"]] = start
        else:
            self._done[entry["key"]] = start

    def _add(self, entries: Sequence[Mapping[str, Any]]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # another run may ask the same weights
            file.seek(0, os.SEEK_END)
            # A kill may have left half a line without its end: a newline first keeps it from swallowing ours. In ASCII,
            # because what a model says may hold what Python takes for the end of a line, or half a character.
            file.write(b"\n")
            for entry in entries:
                start = file.tell()
                file.write(json.dumps(entry).encode("ascii") + b"\n")
                self._note(entry, start)
            file.flush()
            os.fsync(file.fileno())
