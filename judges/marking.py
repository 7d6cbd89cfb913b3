"""Marks texts with a judge: by rules, or by asking a grader, or several. The face that everybody else uses.

Knows judges and graders; must not know exams. A verdict that could not be had has a `problem` and no scores.
"""

import asyncio
import statistics
import threading
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from proctor.common.refusal import Refusal
from proctor.judges.graders.asking import Ask, Asked, ask_all
from proctor.judges.graders.grader import Grader, GraderSpec, Question, fingerprint
from proctor.judges.graders.kept import Kept
from proctor.judges.judge import Judge
from proctor.judges.panel import Panel, together
from proctor.judges.rules.checklist import METHOD
from proctor.judges.rules.text import words
from proctor.judges.verdict import Usage, Verdict

Progress = Callable[[int, int], None]  # verdicts done, tokens that the grader made
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Item:
    """One text to mark and whom it is for. `profile` is text, or facts by name as judges/rules/checklist.py lists them;
    `facts` are for rules when the profile is text.
    """

    id: str
    profile: Mapping[str, Any] | str
    text: str
    facts: Mapping[str, Any] | None = None


def mark_all(
    judge: Judge,
    items: Sequence[Item],
    grader: Grader | Panel | None = None,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> list[Verdict]:
    """A verdict for each item, in their order. `cache` is the folder where replies are kept between runs."""
    return run(mark_items(judge, items, grader, cache, progress))


async def mark_items(
    judge: Judge,
    items: Sequence[Item],
    grader: Grader | Panel | None = None,
    cache: Path | None = None,
    progress: Progress | None = None,
    close: bool = True,
) -> list[Verdict]:
    """The same inside an event loop. `close` lets go of the grader's connections at the end."""
    refuse_unfit(judge, grader)
    told = progress or (lambda done, tokens: None)
    if not judge.asks or grader is None:
        verdicts = []
        for item in items:
            facts = _facts(item)
            if (
                not facts
            ):  # with nothing known of the pupil every mark for personalisation would be an accident
                raise Refusal(
                    f"item {item.id!r}: judge {judge.name!r} marks by rules and needs facts of the pupil"
                )
            verdicts.append(replace(judge.mark(item.text, facts), item=item.id))
            told(1, 0)
        return verdicts
    kept = open_kept(judge, cache)
    if isinstance(grader, Panel):
        return await _by_panel(judge, items, grader, kept, told, close)
    return await _by_one(judge, items, grader, kept, told, close)


def refuse_unfit(judge: Judge, grader: Grader | Panel | None, pairs: bool = False) -> None:
    """A judge, what it is to mark and who is to be asked must fit together."""
    if (judge.kind == "pairwise") != pairs:
        raise Refusal(
            f"judge {judge.name!r} compares two plans and marks none; use it with 'proctor judge pairs'"
            if judge.kind == "pairwise"
            else f"judge {judge.name!r} marks one plan at a time and compares none; use a judge of kind pairwise"
        )
    if judge.asks and grader is None:
        raise Refusal(f"judge {judge.name!r} asks a model; name a grader")
    if not judge.asks and grader is not None:
        raise Refusal(f"judge {judge.name!r} marks by rules and asks no model; leave the grader out")


def method_of(grader: Grader | Panel | None) -> str:
    """Who marks, as it is shown."""
    return METHOD if grader is None else grader.spec.name


def open_kept(judge: Judge, cache: Path | None) -> Kept | None:
    return Kept(cache / f"{judge.name}-{judge.digest[:16]}.jsonl") if cache else None


def run(work: Coroutine[Any, Any, _Result]) -> _Result:
    """Waits for it, also where an event loop is running already (a notebook, a scorer)."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    results: list[_Result] = []
    failures: list[BaseException] = []

    def beside() -> None:
        try:
            results.append(asyncio.run(work))
        except BaseException as failed:
            failures.append(failed)

    thread = threading.Thread(target=beside)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]
    return results[0]


def profile_text(profile: Mapping[str, Any] | str) -> str:
    """A profile as a grader reads it: as it is, or one fact a line."""
    if isinstance(profile, str):
        return profile
    if isinstance(text := profile.get("profile"), str):
        return text
    return "\n".join(
        f"{name}: {_plain(value)}" for name, value in profile.items() if value not in (None, "", [])
    )


async def _by_panel(
    judge: Judge, items: Sequence[Item], panel: Panel, kept: Kept | None, told: Progress, close: bool
) -> list[Verdict]:
    async def one(grader: Grader) -> list[Verdict]:
        return await _by_one(judge, items, grader, kept, told, close)

    # A local engine holds the thread while it works, so it goes first, alone; servers are asked side by side.
    alone = {id(grader): await one(grader) for grader in panel.graders if grader.resumes}
    served = [grader for grader in panel.graders if not grader.resumes]
    side_by_side = dict(zip(map(id, served), await asyncio.gather(*map(one, served)), strict=True))
    columns = [(alone | side_by_side)[id(grader)] for grader in panel.graders]
    return [
        together(judge.name, panel.spec.name, members, panel.spec.combine)
        for members in zip(*columns, strict=True)
    ]


async def _by_one(
    judge: Judge, items: Sequence[Item], grader: Grader, kept: Kept | None, told: Progress, close: bool
) -> list[Verdict]:
    asks = questions(judge, items, grader.spec)
    if without := sum(not words(item.text) for item in items):
        told(without * judge.repeats, 0)
    try:
        answered = iter(await ask_all(asks, grader, kept, told))
    finally:
        if close:
            await grader.aclose()
    verdicts = []
    for item in items:
        if words(item.text):
            verdicts.append(_verdict(judge, grader, item, [next(answered) for _ in range(judge.repeats)]))
        else:  # there is nothing to ask about; what that is worth is for the exam to say
            verdicts.append(Verdict(judge.name, grader.spec.name, {}, parsed=False, item=item.id))
    return verdicts


def questions(judge: Judge, items: Sequence[Item], spec: GraderSpec) -> list[Ask]:
    """All that is asked about the items, in their order; nothing about one without a word."""
    texts = [{"profile": profile_text(item.profile), "plan": item.text} for item in items if words(item.text)]
    return asks_for(judge, texts, spec)


def asks_for(judge: Judge, all_texts: Iterable[Mapping[str, str]], spec: GraderSpec) -> list[Ask]:
    """The questions about texts or pairs: one for each, or as many as the judge repeats."""
    digest, identity, schema = judge.digest, spec.identity, judge.schema_
    asks = []
    for texts in all_texts:
        turns = judge.turns(texts, digest)
        read = partial(judge.read, texts=tuple(texts.values()))
        for repeat in range(judge.repeats):
            key = fingerprint([digest, identity, dict(texts), repeat])
            asks.append(Ask(key, Question(turns, schema, repeat), read))
    return asks


def _verdict(judge: Judge, grader: Grader, item: Item, readings: Sequence[Asked]) -> Verdict:
    """One reading, or the mean of all; all are needed, so that a mark is never the mean of those that came."""
    each = [
        Verdict(
            judge.name,
            grader.spec.name,
            dict(one.read.scores),
            item=item.id,
            reasons=dict(one.read.reasons),
            problem=one.read.problem,
            reason=one.read.reason,
            usage=one.usage,
            above_weakest=judge.above_weakest,
        )
        for one in readings
    ]
    if len(each) == 1:
        return each[0]
    usage = sum((one.usage for one in each), Usage())
    missing = [one for one in each if one.problem]
    if missing:
        said = f"{len(missing)} of {len(each)} readings are missing: {missing[0].problem}"
        return replace(
            each[0],
            scores={},
            reasons={},
            problem=said,
            reason=missing[0].reason,
            usage=usage,
            repeats=tuple(each),
        )
    scores = {name: statistics.fmean(one.scores[name] for one in each) for name in judge.dimensions}
    return replace(each[0], scores=scores, usage=usage, repeats=tuple(each))


def _facts(item: Item) -> Mapping[str, Any]:
    if item.facts is not None:
        return item.facts
    return item.profile if isinstance(item.profile, Mapping) else {}


def _plain(value: object) -> str:
    if isinstance(value, list | tuple):
        return "; ".join(_plain(each) for each in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_plain(each)}" for name, each in value.items())
    return str(value)
