"""Asks a grader many questions: each once, kept when read, asked again when nobody can read the reply.

What comes out depends on the questions alone, not on their order, on how many are asked at a time, or on what was kept
from an earlier run.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import filterfalse
from pathlib import Path
from typing import Any, TypeVar

from proctor.common.files import LineFile
from proctor.judges.graders.grader import Grader, GraderSpec, Question, Reply
from proctor.judges.verdict import ParsedReply, Reason, Usage

Progress = Callable[[int, int], None]  # verdicts done, tokens that the grader made
_Result = TypeVar("_Result")
# Replies that came but were none: another one may be better. The network's own troubles were tried again already.
_AGAIN: tuple[Reason, ...] = ("unreadable", "out of range", "cut off")


class KeptReplies:
    """Replies that a grader gave, kept in a file as they come, so that no question is paid for twice.

    A key holds the judge's digest, the grader, the texts and the repeat. What is kept is the reply, which is read anew
    each time. Safe against a kill at any moment: a line that was cut off is set aside, and its question asked again.
    """

    def __init__(self, path: Path) -> None:
        self._lines = LineFile(path)
        self._kept: dict[str, Reply] = {}
        for _, entry in self._lines:
            self._kept[entry["key"]] = Reply(entry["text"], entry["tokens_in"], entry["tokens_out"])

    def get(self, key: str) -> Reply | None:
        return self._kept.get(key)

    def keep(self, key: str, reply: Reply) -> None:
        entry = {"key": key, "text": reply.text, "tokens_in": reply.tokens_in, "tokens_out": reply.tokens_out}
        self._lines.add([entry], durable=False)
        self._kept[key] = reply

    def sync(self) -> None:
        """Onto the disk. A kill loses nothing without it; it is for a power cut, and would hold up every reply."""
        self._lines.sync()


async def ask_all(
    questions: Sequence[Question], grader: Grader, kept: KeptReplies | None = None, progress: Progress | None = None,
    close: bool = True,
) -> list[ParsedReply]:  # fmt: skip
    """What became of each, in their order. Equal keys are asked once. `progress` is told of replies that were read:
    what failed, or was not asked any more, is not done. `close` lets go of the grader's connections at the end.
    """
    if grader.resumes:
        kept = None
    times = Counter(question.key for question in questions)
    answered: dict[str, ParsedReply] = {}
    spent: dict[str, Usage] = {}

    def settle(key: str, read: ParsedReply, usage: Usage, made: int) -> None:
        answered[key] = replace(read, usage=usage)
        if progress:
            progress(0 if read.problem else times[key], made)

    def is_kept(question: Question) -> bool:
        reply = kept.get(question.key) if kept else None
        if reply is None:
            return False
        read = question.read(reply.text)
        if not read.problem:
            settle(question.key, read, cost_of(reply, grader.spec, kept=True), 0)
        return not read.problem

    def hear(now: list[Question], again: list[Question], last: bool, index: int, reply: Reply) -> None:
        question = now[index]
        read = question.read(reply.text)
        if reply.problem:
            read = ParsedReply(problem=reply.problem, reason=reply.reason)
        usage = spent.get(question.key, Usage()) + cost_of(reply, grader.spec, kept=False)
        spent[question.key] = usage
        if read.reason in _AGAIN and not last:
            again.append(question)
            return
        if not read.problem and kept:
            kept.keep(question.key, reply)
        if read.reason in _AGAIN and grader.spec.attempts > 1:
            read = replace(read, problem=f"{read.problem} (asked {grader.spec.attempts} times)")
        settle(question.key, read, usage, reply.tokens_out or 0)

    pending = list(filterfalse(is_kept, {question.key: question for question in questions}.values()))
    try:
        for attempt in range(grader.spec.attempts):
            again: list[Question] = []
            if pending:
                done = partial(hear, pending, again, attempt + 1 == grader.spec.attempts)
                await grader.answer([replace(question, attempt=attempt) for question in pending], done)
            # In the order of the questions, not of the replies: a local engine plans its batches from it.
            order = {question.key: place for place, question in enumerate(pending)}
            pending = sorted(again, key=lambda question: order[question.key])
    finally:
        if close:
            await grader.aclose()
    if kept:
        kept.sync()
    return [answered[question.key] for question in questions]


def cost_of(reply: Reply, spec: GraderSpec, kept: bool) -> Usage:
    """What one reply cost, now or when it was kept."""
    cost = spent = None
    if spec.price:
        cost = spent = spec.price.of(reply.tokens_in, reply.tokens_out)
    if kept and cost is not None:
        spent = 0.0
    answered = bool(reply.text) or reply.tokens_out is not None
    return Usage(int(answered and not kept), int(kept), reply.tokens_in, reply.tokens_out, cost, spent)


def run(work: Coroutine[Any, Any, _Result]) -> _Result:
    """Waits for it, also where an event loop is running already (a notebook, a scorer)."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    with ThreadPoolExecutor(1) as beside:
        return beside.submit(asyncio.run, work).result()
