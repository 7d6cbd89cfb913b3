"""Requests, answers, and the file that answers are kept in as soon as they are there.

Knows what decides an answer, which is its key; must not know engines, tasks or marks.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

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

    @cached_property
    def key(self) -> str:
        return digest([self.prompt, vars(self.options), self.epoch])


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
            for line in path.read_text(encoding="utf-8").split("\n"):
                try:
                    entry = json.loads(line)
                except ValueError:
                    continue  # an empty line, or the one that a kill cut off; its batch is asked again
                key = entry.pop("key")
                self._kept[key] = Answer(**entry)

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, request: Request) -> Answer | None:
        return self._kept.get(request.key)

    def keep(self, batch: Sequence[Request], answers: Sequence[Answer]) -> None:
        """Failed requests are not kept: the next run asks them again."""
        done = {r.key: a for r, a in zip(batch, answers, strict=True) if not a.error}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # A kill may have left half a line without its end: a newline first keeps it from swallowing ours. In ASCII,
        # because what a model says may hold what Python takes for the end of a line, or half a character.
        lines = "\n" + "".join(json.dumps({"key": k, **vars(a)}) + "\n" for k, a in done.items())
        with self.path.open("a", encoding="utf-8") as file:
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())
        self._kept |= done
