"""Compares two texts for one pupil, in both orders. A preference that only one order has is a tie, and is counted.

'first' and 'second' are places and stay in here; what comes out names the texts: a, b or tie.

    compare_all(Judge.load("pairwise"), [Pair("leo", "Pupil: Leo.", plan, other_plan)], grader)[0].verdict
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from proctor.judges.graders.asking import AnsweredQuestion, KeptReplies, KeyedQuestion, Progress, ask_all, run
from proctor.judges.graders.grader import Grader, GraderSpec
from proctor.judges.judge import Judge
from proctor.judges.panel import Panel, combined
from proctor.judges.prompt import profile_text
from proctor.judges.rules.text import words
from proctor.judges.verdict import Reason, Usage

Order = Literal["ab", "ba"]
Choice = Literal["a", "b", "tie"]
ORDERS: tuple[Order, ...] = ("ab", "ba")
_WORTH = {"a": 1.0, "tie": 0.0, "b": -1.0}


@dataclass(frozen=True)
class Pair:
    """Two texts for the same pupil."""

    id: str
    profile: Mapping[str, Any] | str
    a: str
    b: str


@dataclass(frozen=True)
class PairVerdict:
    """`orders` is what was preferred in each order, by the text's name and not its place; None where there is no
    verdict. `verdict` is the preference of both orders together, None with a `problem`.
    """

    judge: str
    method: str
    item: str
    orders: dict[Order, Choice | None]
    verdict: Choice | None = None
    reasons: dict[Order, str] = field(default_factory=dict)
    problem: str = ""
    reason: Reason = ""
    usage: Usage = field(default_factory=Usage)
    members: tuple["PairVerdict", ...] = ()

    @property
    def flipped(self) -> bool:
        """Whether the order decided: a in one, b in the other."""
        return set(self.orders.values()) == {"a", "b"}

    @property
    def consistent(self) -> bool | None:
        """Whether both orders say the same; None where one of them is missing."""
        said = list(self.orders.values())
        return None if None in said else said[0] == said[1]

    @property
    def explanation(self) -> str:
        if self.problem:
            return f"{self.method}: no verdict: {self.problem}"
        said = [f"{order}: {self.orders[order]}{_said(self.reasons, order)}" for order in self.orders]
        turned = "" if self.consistent else ", because the preference changed with the order"
        return f"{self.method}. {self.verdict}{turned}. " + " ".join(said)


def compare_all(
    judge: Judge,
    pairs: Sequence[Pair],
    grader: Grader | Panel | None = None,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> list[PairVerdict]:
    """A verdict for each pair, in their order. `progress` hears of every order of every pair."""
    return run(compare_items(judge, pairs, grader, cache, progress))


async def compare_items(
    judge: Judge,
    pairs: Sequence[Pair],
    grader: Grader | Panel | None = None,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> list[PairVerdict]:
    """The same inside an event loop."""
    judge.refuse_unfit(grader, pairs=True)
    progress = progress or (lambda done, tokens: None)
    kept = judge.kept_replies(cache)
    if isinstance(grader, Panel):
        columns = [await _by_one(judge, pairs, member, kept, progress) for member in grader.graders]
        return [_together(judge, grader, members) for members in zip(*columns, strict=True)]
    assert grader is not None
    return await _by_one(judge, pairs, grader, kept, progress)


async def _by_one(
    judge: Judge, pairs: Sequence[Pair], grader: Grader, kept: KeptReplies | None, progress: Progress
) -> list[PairVerdict]:
    asks = questions(judge, pairs, grader.spec)
    if unasked := sum(_judged_unasked(pair) is not None for pair in pairs):
        progress(unasked * len(ORDERS) * judge.repeats, 0)
    try:
        answered = iter(await ask_all(asks, grader, kept, progress))
    finally:
        await grader.aclose()
    verdicts = []
    for pair in pairs:
        if (plain := _judged_unasked(pair)) is not None:
            why = dict.fromkeys(ORDERS, "one of the two says nothing, or both say the same")
            said = dict.fromkeys(ORDERS, plain)
            verdicts.append(PairVerdict(judge.name, grader.spec.name, pair.id, {**said}, plain, why))
            continue
        readings = {order: [next(answered) for _ in range(judge.repeats)] for order in ORDERS}
        verdicts.append(_verdict(judge, grader, pair, readings))
    return verdicts


def questions(judge: Judge, pairs: Sequence[Pair], spec: GraderSpec) -> list[KeyedQuestion]:
    """All that is asked about the pairs: each in both orders, where there is anything to ask."""
    texts = []
    for pair in pairs:
        for order in ORDERS if _judged_unasked(pair) is None else ():
            first, second = (pair.a, pair.b) if order == "ab" else (pair.b, pair.a)
            texts.append({"profile": profile_text(pair.profile), "first": first, "second": second})
    return judge.questions(texts, spec)


def both(one: Choice, other: Choice) -> Choice:
    """What two orders say together: a preference is one only when both have it."""
    return one if one == other else "tie"


def _judged_unasked(pair: Pair) -> Choice | None:
    """What needs no grader: the same text twice, or a text without a word."""
    said_a, said_b = bool(words(pair.a)), bool(words(pair.b))
    if pair.a.strip() == pair.b.strip() or not (said_a or said_b):
        return "tie"
    if said_a != said_b:
        return "a" if said_a else "b"
    return None


def _verdict(
    judge: Judge, grader: Grader, pair: Pair, readings: Mapping[Order, Sequence[AnsweredQuestion]]
) -> PairVerdict:
    usage = sum((one.usage for each in readings.values() for one in each), Usage())
    orders = {order: _preferred(order, each) for order, each in readings.items()}
    reasons: dict[Order, str] = {}
    for order, each in readings.items():
        if orders[order] and (said := each[0].read.reasons.get("better")):
            reasons[order] = said
    verdict = PairVerdict(judge.name, grader.spec.name, pair.id, orders, reasons=reasons, usage=usage)
    missing = [one.read for each in readings.values() for one in each if one.read.problem]
    if missing:
        count = f"{len(missing)} of {sum(map(len, readings.values()))} readings are missing: "
        return replace(verdict, problem=count + missing[0].problem, reason=missing[0].reason)
    ab, ba = orders["ab"], orders["ba"]
    assert ab is not None
    assert ba is not None
    return replace(verdict, verdict=both(ab, ba))


def _preferred(order: Order, readings: Sequence[AnsweredQuestion]) -> Choice | None:
    """The text that the readings in this order prefer; None when one of them is missing."""
    if any(one.read.problem for one in readings):
        return None
    named: dict[str, Choice] = (
        {"first": "a", "second": "b"} if order == "ab" else {"first": "b", "second": "a"}
    )
    return _sign(sum(_WORTH[named.get(one.read.choice, "tie")] for one in readings))


def _together(judge: Judge, panel: Panel, members: Sequence[PairVerdict]) -> PairVerdict:
    usage = sum((member.usage for member in members), Usage())
    whole = PairVerdict(
        judge.name,
        panel.spec.name,
        members[0].item,
        dict.fromkeys(ORDERS),
        usage=usage,
        members=tuple(members),
    )
    missing = [member for member in members if member.problem]
    if missing:
        said = "; ".join(f"{member.method}: {member.problem}" for member in missing)
        return replace(whole, problem=said, reason=missing[0].reason)
    orders: dict[Order, Choice | None] = {}
    for order in ORDERS:
        worth = [_WORTH[choice] for member in members if (choice := member.orders[order])]
        orders[order] = _sign(combined(worth, panel.spec.combine))
    verdict = _sign(combined([_WORTH[m.verdict] for m in members if m.verdict], panel.spec.combine))
    return replace(whole, orders=orders, verdict=verdict)


def _sign(worth: float) -> Choice:
    return "tie" if worth == 0 else "a" if worth > 0 else "b"


def _said(reasons: Mapping[Order, str], order: Order) -> str:
    return f" ({reasons[order]})" if order in reasons else ""
