"""Compares two texts for one pupil, in both orders. A preference that only one order has is a tie, and is counted.

'first' and 'second' are places and stay in here; what comes out names the texts: a, b or tie.

    compare_all(Judge.load("pairwise"), [Pair("leo", "Pupil: Leo.", plan, other_plan)], grader)[0].verdict
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

from proctor.judges.graders.asking import KeptReplies, Progress, run
from proctor.judges.graders.grader import Grader
from proctor.judges.judge import Judge
from proctor.judges.panel import Panel, combined, missing_member
from proctor.judges.prompt import profile_text
from proctor.judges.rules.text import words
from proctor.judges.verdict import (
    ORDERS,
    WORTH,
    Choice,
    Order,
    Pair,
    PairVerdict,
    ParsedReply,
    preferred,
    usage_of,
)  # fmt: skip

# What a place in the prompt says of the texts, in each order.
_NAMED: dict[Order, dict[str, Choice]] = {
    "ab": {"first": "a", "second": "b", "tie": "tie"},
    "ba": {"first": "b", "second": "a", "tie": "tie"},
}


def compare_all(
    judge: Judge,
    pairs: Sequence[Pair],
    grader: Grader | Panel | None = None,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> list[PairVerdict]:
    """A verdict for each pair, in their order. `progress` hears of every order of every pair."""
    judge.refuse_unfit(grader, pairs=True)
    assert grader is not None
    kept = judge.kept_replies(cache)
    if not isinstance(grader, Panel):
        return run(_by_one(judge, pairs, grader, kept, progress))
    columns = [run(_by_one(judge, pairs, member, kept, progress)) for member in grader.graders]
    return [_together(judge, grader, members) for members in zip(*columns, strict=True)]


async def _by_one(
    judge: Judge, pairs: Sequence[Pair], grader: Grader, kept: KeptReplies | None, progress: Progress | None
) -> list[PairVerdict]:
    readings = iter(await judge.readings(texts_of(pairs), grader, kept, progress))
    verdicts = []
    for pair in pairs:
        choice, each = _judged_unasked(pair), {order: next(readings) for order in ORDERS}
        if choice is None:
            verdicts.append(_verdict(judge, grader, pair, each))
        else:
            why = dict.fromkeys(ORDERS, "one of the two says nothing, or both say the same")
            orders: dict[Order, Choice | None] = dict.fromkeys(ORDERS, choice)
            verdicts.append(PairVerdict(judge.name, grader.spec.name, pair.id, orders, choice, why))
    return verdicts


def texts_of(pairs: Sequence[Pair]) -> list[Mapping[str, str] | None]:
    """What a prompt says of each pair in each order; nothing where nobody need be asked."""
    texts: list[Mapping[str, str] | None] = []
    for pair in pairs:
        for first, second in ((pair.a, pair.b), (pair.b, pair.a)):  # in the order of ORDERS
            text = {"profile": profile_text(pair.profile), "first": first, "second": second}
            texts.append(text if _judged_unasked(pair) is None else None)
    return texts


def _judged_unasked(pair: Pair) -> Choice | None:
    """What needs no grader: the same text twice, or a text without a word."""
    a_is_empty, b_is_empty = not words(pair.a), not words(pair.b)
    if pair.a.strip() == pair.b.strip() or (a_is_empty and b_is_empty):
        return "tie"
    if a_is_empty:
        return "b"
    return "a" if b_is_empty else None


def _verdict(
    judge: Judge, grader: Grader, pair: Pair, readings: Mapping[Order, Sequence[ParsedReply]]
) -> PairVerdict:
    """A preference is one only when both orders have it; all readings are needed."""
    orders: dict[Order, Choice | None] = dict.fromkeys(ORDERS)
    reasons: dict[Order, str] = {}
    missing: list[ParsedReply] = []
    for order, replies in readings.items():
        problems = [read for read in replies if read.problem]
        missing += problems
        if not problems:
            orders[order] = preferred(sum(WORTH[_NAMED[order][read.choice]] for read in replies))
            if "better" in replies[0].reasons:
                reasons[order] = replies[0].reasons["better"]
    usage = usage_of(chain.from_iterable(readings.values()))
    verdict = PairVerdict(judge.name, grader.spec.name, pair.id, orders, reasons=reasons, usage=usage)
    if missing:
        count = f"{len(missing)} of {judge.repeats * len(ORDERS)} readings are missing: "
        return replace(verdict, problem=count + missing[0].problem, reason=missing[0].reason)
    if verdict.consistent:
        return replace(verdict, verdict=orders["ab"])
    return replace(verdict, verdict="tie")


def _together(judge: Judge, panel: Panel, members: Sequence[PairVerdict]) -> PairVerdict:
    whole = PairVerdict(
        judge.name, panel.spec.name, members[0].item, dict.fromkeys(ORDERS), members=tuple(members),
        usage=usage_of(members),
    )  # fmt: skip
    problem, why = missing_member(members)
    if problem:
        return replace(whole, problem=problem, reason=why)
    orders: dict[Order, Choice | None] = {}
    for order in ORDERS:
        orders[order] = _combined([member.orders[order] for member in members], panel)
    return replace(whole, orders=orders, verdict=_combined([member.verdict for member in members], panel))


def _combined(choices: Sequence[Choice | None], panel: Panel) -> Choice:
    """What a panel says; a member without a verdict counts nothing."""
    return preferred(combined([WORTH[choice] for choice in choices if choice], panel.spec.combine))
