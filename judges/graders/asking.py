"""Asks a grader many questions: each once, kept when read, asked again when nobody can read the reply.

What comes out depends on the questions alone, not on their order, on how many are asked at a time, or on what was kept
from an earlier run. Knows graders; must not know rubrics.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from proctor.judges.graders.grader import Grader, GraderSpec, Question, Reply
from proctor.judges.graders.kept import Kept
from proctor.judges.graders.reply import Read
from proctor.judges.verdict import Reason, Usage

# Replies that came but were none: another one may be better. The network's own troubles were tried again already.
_AGAIN: tuple[Reason, ...] = ("unreadable", "out of range", "cut off")


@dataclass(frozen=True)
class Ask:
    """A question, under what key its reply is kept, and how the reply is read."""

    key: str
    question: Question
    read: Callable[[str], Read]


@dataclass(frozen=True)
class Asked:
    read: Read
    usage: Usage


async def ask_all(
    asks: Sequence[Ask], grader: Grader, kept: Kept | None, progress: Callable[[int, int], None]
) -> list[Asked]:
    """What became of each, in their order. Equal keys are asked once. `progress` is told of replies that were read:
    what failed, or was not asked any more, is not done.
    """
    once = {ask.key: ask for ask in asks}
    times = Counter(ask.key for ask in asks)
    found: dict[str, Asked] = {}
    spent: dict[str, Usage] = {}

    def settle(key: str, read: Read, usage: Usage, made: int) -> None:
        found[key] = Asked(read, usage)
        progress(0 if read.problem else times[key], made)

    pending = []
    for key, ask in once.items():
        reply = kept.get(key) if kept and not grader.resumes else None
        read = ask.read(reply.text) if reply else None
        if reply and read and not read.problem:
            settle(key, read, usage_of(reply, grader.spec, kept=True), 0)
        else:
            pending.append(ask)
    for attempt in range(grader.spec.attempts):
        last = attempt + 1 == grader.spec.attempts
        again: list[Ask] = []

        def done(
            index: int, reply: Reply, now: list[Ask] = pending, again: list[Ask] = again, last: bool = last
        ) -> None:
            ask = now[index]
            read = Read(problem=reply.problem, reason=reply.reason) if reply.problem else ask.read(reply.text)
            usage = spent.get(ask.key, Usage()) + usage_of(reply, grader.spec, kept=False)
            spent[ask.key] = usage
            if not read.problem:
                if kept and not grader.resumes:
                    kept.keep(ask.key, reply)
                settle(ask.key, read, usage, reply.tokens_out or 0)
            elif read.reason in _AGAIN and not last:
                again.append(ask)
            else:
                if read.reason in _AGAIN and grader.spec.attempts > 1:
                    read = replace(read, problem=f"{read.problem} (asked {grader.spec.attempts} times)")
                settle(ask.key, read, usage, reply.tokens_out or 0)

        if pending:
            await grader.answer([replace(ask.question, attempt=attempt) for ask in pending], done)
        # In the order of the questions, not of the replies: a local engine plans its batches from it.
        order = {ask.key: at for at, ask in enumerate(pending)}
        pending = sorted(again, key=lambda ask: order[ask.key])
    if kept:
        kept.sync()
    return [found[ask.key] for ask in asks]


def usage_of(reply: Reply, spec: GraderSpec, kept: bool) -> Usage:
    """What one reply cost, now or when it was kept."""
    cost = spec.price.of(reply.tokens_in, reply.tokens_out) if spec.price else None
    answered = bool(reply.text) or reply.tokens_out is not None
    return Usage(
        now=int(answered and not kept),
        kept=int(kept),
        tokens_in=reply.tokens_in,
        tokens_out=reply.tokens_out,
        cost=cost,
        spent=(0.0 if kept else cost) if cost is not None else None,
    )
