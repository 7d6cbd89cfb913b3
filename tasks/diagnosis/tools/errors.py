"""Errors that pupils make, and the work of pupils who make them: problems with what was answered and how.

    draw_set(random.Random(1), Pupil("Ada", 4, 2))["items"][0]
    # {'problem': '403 - 168', 'answer': '365', 'right': '235', 'topic': 'regrouping', 'slip': False, ...}

What is wrong is known, because it was made: `errors.yaml` says how each error turns right numbers into wrong ones.
"""

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import chain, repeat
from pathlib import Path
from typing import Any

from proctor.common.refusal import Refusal
from proctor.common.schema import Frozen, load_yaml, parse
from proctor.tasks.number.steps import evaluate

ERRORS = Path(__file__).with_name("errors.yaml")
FEWEST, MOST = 4, 8  # problems in a set
_TRIES = 1000
_PART = re.compile(r"\{([^{}:]+)(?::([f2]))?\}")
_LETTER = re.compile(r"[a-z]")


class ErrorKind(Frozen):
    """One way to go wrong. A slip is carelessness: the pupil knows the way, and its topic is no weakness."""

    id: str
    topic: str
    grades: str
    why: str
    numbers: dict[str, str | list[int]]
    where: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()
    rules_out: tuple[str, ...] = ()
    right: str
    wrong: str
    working: str
    ask: tuple[str, ...]
    slip: bool = False
    train: bool = True

    def fits(self, grade: int) -> bool:
        lowest, highest = map(int, self.grades.split("-"))
        return lowest <= grade <= highest

    def goes_with(self, other: "ErrorKind") -> bool:
        """Whether one pupil can make both: two topics, and neither working shows that the other error is not made."""
        ruled_out = self.id in other.rules_out or other.id in self.rules_out
        return self.topic != other.topic and not ruled_out

    def draw(self, rng: random.Random) -> dict[str, int]:
        """Numbers with which the error gives a wrong answer."""
        for _ in range(_TRIES):
            values = {letter: rng.choice(choices(wanted)) for letter, wanted in self.numbers.items()}
            if self.possible(values):
                return values
        raise Refusal(f"error {self.id!r}: no numbers go with it", where=ERRORS)

    def possible(self, values: Mapping[str, int]) -> bool:
        if any(worth(text, values) <= 0 for text in self.where):
            return False
        if any(worth(text, values).denominator > 1 for text in self.whole):
            return False
        return fill(self.right, values) != fill(self.wrong, values)


@dataclass(frozen=True)
class Pupil:
    name: str
    grade: int
    weaknesses: int


@cache
def error_kinds() -> tuple[ErrorKind, ...]:
    return tuple(parse(entry, ErrorKind, ERRORS) for entry in load_yaml(ERRORS))


def worth(expression: str, values: Mapping[str, int]) -> Fraction:
    """What an expression is worth; each letter stands for its value."""
    value = evaluate(_LETTER.sub(lambda letter: f"({values[letter[0]]})", expression))
    if value is None:
        raise Refusal(f"{expression!r} is no arithmetic", where=ERRORS)
    return value


def fill(text: str, values: Mapping[str, int]) -> str:
    """The text with every {expression} worked out."""
    return _PART.sub(lambda part: _written(worth(part[1], values), part[2]), text)


def _written(value: Fraction, form: str | None) -> str:
    if form == "f":
        return f"{value.numerator}/{value.denominator}"
    if form == "2":
        return f"{float(value):.2f}"
    return str(value.numerator) if value.denominator == 1 else f"{float(value):.6g}"


def choices(wanted: str | list[int]) -> list[int]:
    if isinstance(wanted, list):
        return wanted
    lowest, highest = map(int, wanted.split("-"))
    return list(range(lowest, highest + 1))


def draw_set(rng: random.Random, pupil: Pupil) -> dict[str, Any]:
    """`items` and `weak_topics` of a pupil to train on: each weakness in two problems or more, a slip at most once."""
    kinds = [kind for kind in error_kinds() if kind.train and kind.fits(pupil.grade)]
    weak = _that_go_together(rng, [kind for kind in kinds if not kind.slip], pupil.weaknesses)
    careless = [kind for kind in kinds if kind.slip and all(kind.goes_with(other) for other in weak)]
    slips = _that_go_together(rng, careless, rng.choice((0, 1, 1, 2) if pupil.weaknesses > 1 else (1, 1, 2)))
    size = rng.randint(max(FEWEST, 2 * len(weak) + len(slips)), min(MOST, 3 * len(weak) + len(slips)))
    often = [*weak, *weak, *rng.sample(weak, size - 2 * len(weak) - len(slips))]
    items = []
    for kind in [*weak, *slips]:
        count = max(1, often.count(kind))
        numbers: list[dict[str, int]] = []
        for ask in _ways_to_ask(rng, kind, count):
            numbers.append(_new_numbers(rng, kind, numbers))
            items.append(_item(kind, ask, numbers[-1]))
    rng.shuffle(items)
    return {"items": items, "weak_topics": [kind.topic for kind in weak]}


def _that_go_together(rng: random.Random, kinds: Sequence[ErrorKind], count: int) -> list[ErrorKind]:
    chosen: list[ErrorKind] = []
    for kind in rng.sample(kinds, len(kinds)):
        if len(chosen) < count and all(kind.goes_with(other) for other in chosen):
            chosen.append(kind)
    return chosen


def _ways_to_ask(rng: random.Random, kind: ErrorKind, count: int) -> list[str]:
    """No way twice while there is another; the third is the test's."""
    ways = kind.ask[:2]
    shuffled = rng.sample(ways, len(ways))
    return list(chain.from_iterable(repeat(shuffled, count)))[:count]


def _new_numbers(rng: random.Random, kind: ErrorKind, used: list[dict[str, int]]) -> dict[str, int]:
    """Others than those that are used, where there are any."""
    for _ in range(_TRIES):
        values = kind.draw(rng)
        if values not in used:
            break
    return values


def _item(kind: ErrorKind, ask: str, values: dict[str, int]) -> dict[str, Any]:
    return {
        "problem": fill(ask, values),
        "working": fill(kind.working, values),
        "answer": fill(kind.wrong, values),
        "right": fill(kind.right, values),
        "topic": kind.topic,
        "slip": kind.slip,
        "error": kind.id,
        "why": kind.why,
        "numbers": values,
    }
