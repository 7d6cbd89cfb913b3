"""Scores texts with a judge: by rules, or by asking a grader, or several. The face that everybody else uses.

    score_all(Judge.load("study_plan"), [Item("leo", "Pupil: Leo. Weak in areas.", plan)], open_grader(spec))

A verdict that could not be had has a `problem` and no scores.
"""

import asyncio
import statistics
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from proctor.common.refusal import Refusal
from proctor.judges.graders.asking import KeptReplies, Progress, run
from proctor.judges.graders.grader import Grader
from proctor.judges.judge import Judge
from proctor.judges.panel import Panel, together
from proctor.judges.prompt import SCORED, profile_text
from proctor.judges.rules.checklist import METHOD, score_by_rules
from proctor.judges.rules.text import words
from proctor.judges.verdict import Item, JudgeVerdict, ParsedReply, usage_of


def score_all(
    judge: Judge,
    items: Sequence[Item],
    grader: Grader | Panel | None = None,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> list[JudgeVerdict]:
    """A verdict for each item, in their order. `cache` is the folder where replies are kept between runs."""
    return run(score_items(judge, items, grader, cache, progress))


async def score_items(
    judge: Judge,
    items: Sequence[Item],
    grader: Grader | Panel | None = None,
    cache: Path | None = None,
    progress: Progress | None = None,
    close: bool = True,
) -> list[JudgeVerdict]:
    """The same inside an event loop. `close` lets go of the grader's connections at the end."""
    judge.refuse_unfit(grader)
    if grader is None:
        return [_by_rules(judge, item, progress) for item in items]
    ask = partial(_by_one, judge, items, judge.kept_replies(cache), progress, close)
    if isinstance(grader, Panel):
        return await _by_panel(judge, grader, ask)
    return await ask(grader)


def method_of(grader: Grader | Panel | None) -> str:
    """Who scores, as it is shown."""
    if grader is None:
        return METHOD
    return grader.spec.name


def _by_rules(judge: Judge, item: Item, progress: Progress | None) -> JudgeVerdict:
    facts = item.facts
    if facts is None and isinstance(item.profile, Mapping):
        facts = item.profile
    if not facts:  # with nothing known of the pupil every score for personalisation would be an accident
        raise Refusal(f"item {item.id!r}: judge {judge.name!r} scores by rules and needs facts of the pupil")
    verdict = score_by_rules(judge, item.text, facts)
    if progress:
        progress(1, 0)
    return replace(verdict, item=item.id)


async def _by_panel(
    judge: Judge, panel: Panel, ask_one: Callable[[Grader], Awaitable[list[JudgeVerdict]]]
) -> list[JudgeVerdict]:
    columns: dict[int, list[JudgeVerdict]] = {}

    async def ask(place: int) -> None:
        columns[place] = await ask_one(panel.graders[place])

    # Servers are asked side by side, and refused at once where they are not there. A local engine holds the thread
    # while it works, so it goes last, alone.
    local, served = [], []
    for place, grader in enumerate(panel.graders):
        if grader.resumes:
            local.append(place)
        else:
            served.append(place)
    await asyncio.gather(*map(ask, served))
    for place in local:
        await ask(place)
    rows = zip(*(columns[place] for place in sorted(columns)), strict=True)
    return [together(judge.name, panel.spec.name, members, panel.spec.combine) for members in rows]


async def _by_one(
    judge: Judge, items: Sequence[Item], kept: KeptReplies | None, progress: Progress | None, close: bool,
    grader: Grader,
) -> list[JudgeVerdict]:  # fmt: skip
    readings = await judge.readings(texts_of(judge, items), grader, kept, progress, close)
    return [_verdict(judge, grader, item, each) for item, each in zip(items, readings, strict=True)]


def texts_of(judge: Judge, items: Sequence[Item]) -> list[Mapping[str, str] | None]:
    """What a prompt says of each item; nothing of one without a word."""
    names = SCORED[judge.subject]
    texts: list[Mapping[str, str] | None] = []
    for item in items:
        both = profile_text(item.profile), item.text
        texts.append(dict(zip(names, both, strict=True)) if words(item.text) else None)
    return texts


def _verdict(judge: Judge, grader: Grader, item: Item, readings: Sequence[ParsedReply]) -> JudgeVerdict:
    """One reading, or the mean of all; all are needed, so that a score is never the mean of those that came."""
    if not readings:  # there is nothing to ask about; what that is worth is for the task to say
        return JudgeVerdict(judge.name, grader.spec.name, {}, parsed=False, item=item.id)
    each = []
    for read in readings:
        verdict = JudgeVerdict(
            judge.name, grader.spec.name, dict(read.scores), item=item.id, reasons=dict(read.reasons),
            problem=read.problem, reason=read.reason, usage=read.usage, above_weakest=judge.above_weakest,
        )  # fmt: skip
        each.append(verdict)
    if len(each) == 1:
        return each[0]
    whole = replace(each[0], usage=usage_of(each), repeats=tuple(each))
    missing = [verdict for verdict in each if verdict.problem]
    if missing:
        problem = f"{len(missing)} of {len(each)} readings are missing: {missing[0].problem}"
        return replace(whole, scores={}, reasons={}, problem=problem, reason=missing[0].reason)
    scores = {name: statistics.fmean(one.scores[name] for one in each) for name in judge.dimensions}
    return replace(whole, scores=scores)
