"""Families made of three moves: how many there are, what happens to them, what is done with the rest.

Train and test hold different combinations of the same moves, so a model that learnt the moves can work a
combination that it never saw, and one that learnt whole problems by heart cannot.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from proctor.tasks.word_problems.family import ProblemFamily, Scene, each_with_each

_SCENES = (
    {"things": "marbles"},
    {"things": "stickers"},
    {"things": "stamps"},
    {"things": "shells"},
    {"things": "pencils"},
    {"things": "postcards"},
    {"things": "buttons"},
    {"things": "beads"},
    {"things": "apples"},
    {"things": "cookies"},
    {"things": "oranges"},
    {"things": "badges"},
)
_PARTS: tuple[Scene, ...] = (
    {"part": "half", "f": 2},
    {"part": "a third", "f": 3},
    {"part": "a quarter", "f": 4},
    {"part": "a fifth", "f": 5},
)


@dataclass(frozen=True)
class _Move:
    text: Sequence[str]
    steps: Sequence[str]
    numbers: Mapping[str, Sequence[int]] = field(default_factory=dict)
    kind: str = "multi-step"


_OPENINGS = {
    "boxes": _Move(
        (
            "{who} has {boxes} boxes of {things} with {each} {things} in each box.",
            "{who} buys {boxes} boxes of {things}. There are {each} {things} in each box.",
            "A box holds {each} {things}, and {who} has {boxes} full boxes.",
        ),
        ("{who} has [have = boxes * each] {things}.",),
        {"boxes": range(3, 13), "each": range(4, 25)},
    ),
    "days": _Move(
        (
            "{who} collects {a} {things} on Saturday and {b} {things} on Sunday.",
            "On Saturday {who} is given {a} {things}, and on Sunday {b} more.",
            "{who} has {a} {things} and gets {b} more for {their} birthday.",
        ),
        ("{who} has [have = a + b] {things}.",),
        {"a": range(12, 120), "b": range(8, 90)},
    ),
    "times": _Move(
        (
            "{other} has {a} {things}, and {who} has {k} times as many.",
            "{who} has {k} times as many {things} as {other}, who has {a}.",
            "{other} owns {a} {things}. {who} owns {k} times as many {things} as {other}.",
        ),
        ("{who} has [have = a * k] {things}.",),
        {"a": range(6, 45), "k": range(3, 8)},
        "comparison",
    ),
    "more": _Move(
        (
            "{other} has {a} {things}, and {who} has {b} more than {other}.",
            "{who} has {b} more {things} than {other}, who has {a}.",
            "{other} owns {a} {things}. {who} owns {b} more {things} than {other}.",
        ),
        ("{who} has [have = a + b] {things}.",),
        {"a": range(12, 90), "b": range(5, 60)},
        "comparison",
    ),
}

_MIDDLES = {
    "give": _Move(
        (
            "{They} gives {gone} of the {things} to {their} cousin.",
            "{who} gives {gone} {things} away.",
            "{They} loses {gone} of the {things}.",
        ),
        ("That leaves [left = have - gone] {things}.",),
        {"gone": range(5, 80)},
    ),
    "friends": _Move(
        (
            "{They} gives {g} {things} to each of {n} friends.",
            "{who} then gives {n} friends {g} {things} each.",
            "{They} hands out {g} {things} to each of {n} neighbors.",
        ),
        ("{who} gives away [gone = n * g] {things}.", "That leaves [left = have - gone] {things}."),
        {"n": range(2, 9), "g": range(2, 13)},
    ),
    "part": _Move(
        (
            "{They} gives {part} of the {things} to {their} cousin.",
            "{who} gives {part} of the {things} away.",
            "{They} loses {part} of the {things}.",
        ),
        ("That takes away [gone = have / f] {things}.", "That leaves [left = have - gone] {things}."),
        kind="fractions",
    ),
    "percent": _Move(
        (
            "{They} gives {pct}% of the {things} to {their} cousin.",
            "{who} gives {pct}% of the {things} away.",
            "{They} loses {pct}% of the {things}.",
        ),
        ("That takes away [gone = have * pct / 100] {things}.", "That leaves [left = have - gone] {things}."),
        {"pct": (10, 20, 25, 30, 40, 50, 60, 75)},
        "percent",
    ),
}

_ENDS = {
    "left": _Move(
        (
            "How many {things} does {who} have left?",
            "How many {things} are left?",
            "How many {things} does {they} still have?",
        ),
        (),
    ),
    "share": _Move(
        (
            "{They} puts the rest equally into {k2} bags. How many {things} are in each bag?",
            "The rest are shared equally by {k2} children. How many {things} does each child get?",
            "{They} divides the remaining {things} equally among {k2} jars. How many {things} does each"
            " jar hold?",
        ),
        ("Each share is [share = left / k2] {things}.",),
        {"k2": range(2, 10)},
    ),
    "sell": _Move(
        (
            "{They} sells the rest for ${price} each. How much money does {who} make?",
            "{They} sells each of the remaining {things} for ${price}. How many dollars does {they} get?",
            "Then {they} sells all that are left at ${price} apiece. How much money does {they} earn?",
        ),
        ("{who} makes [$money = left * price].",),
        {"price": range(2, 7)},
        "money",
    ),
    "pack": _Move(
        (
            "{They} packs the rest into bags of {m}. How many bags does {who} fill?",
            "The remaining {things} go into bags, {m} to a bag. How many bags does {they} need?",
            "{They} puts {m} of the remaining {things} into each bag. How many bags does {they} fill?",
        ),
        ("That makes [bags = left / m] bags.",),
        {"m": range(2, 13)},
    ),
}

_TRAIN = """
boxes-give-left boxes-give-share boxes-friends-sell boxes-part-left boxes-part-sell boxes-percent-share
days-give-left days-give-sell days-friends-share days-part-share days-percent-left days-percent-pack
times-give-pack times-friends-left times-part-pack times-percent-left times-percent-sell
more-give-share more-friends-pack more-part-left more-percent-share more-give-sell
"""

_TEST = """
boxes-give-pack boxes-percent-sell days-friends-left days-part-sell times-friends-share times-part-left
more-percent-pack more-friends-sell
"""


def _chain(name: str, split: str) -> ProblemFamily:
    """The three moves of `name` as one family. Its kind is that of its rarest move, the plainest one last."""
    opening, middle, end = name.split("-")
    moves = (_OPENINGS[opening], _MIDDLES[middle], _ENDS[end])
    scenes: Sequence[Scene] = _SCENES
    if middle == "part":
        scenes = each_with_each(scenes, _PARTS)
    text = [move.text for move in moves]
    if opening in ("times", "more"):  # two people stand in the first sentence: a pronoun could mean either
        text[1] = [wording.replace("{They}", "{who}") for wording in text[1]]
    kinds = [move.kind for move in (moves[1], moves[0], moves[2]) if move.kind != "multi-step"]
    numbers: dict[str, Sequence[int | Fraction]] = {}
    steps: list[str] = []
    for move in moves:
        numbers |= move.numbers
        steps += move.steps
    return ProblemFamily(
        id=name,
        kind=[*kinds, "multi-step"][0],
        split=split,
        numbers=numbers,
        text=text,
        steps=steps,
        scenes=scenes,
        between=(2, 1500),
    )


FAMILIES = (
    *(_chain(name, "train") for name in _TRAIN.split()),
    *(_chain(name, "test") for name in _TEST.split()),
)
