"""One template family of word problems: how its numbers are drawn, its wordings and its working.

A family is data. Its `text` is a row of slots, and a question takes one wording of each slot. A wording says `{who}`,
`{they}`, `{their}`, `{them}` (or `{They}`, `{Their}`) for its person, `{other}` and `{third}` for two more names,
`{a_NOUN}` for a noun with its article, and else the names of its numbers and of its scene. A step is a sentence with
one sum in brackets: `{who} has [left = have - gone] apples left.` becomes `Mia has 12 - 5 = <<12-5=7>>7 apples left.`;
a dollar sign before the name, `[$cost = n * price]`, makes the result money.
"""

import operator
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import gcd
from typing import Any

from proctor.common.refusal import Refusal
from proctor.tasks.number.steps import evaluate
from proctor.tasks.word_problems.tools.words import PEOPLE, with_article, words_of

Scene = Mapping[str, str | int]
Numbers = Mapping[str, Sequence[Fraction]]

_PLACE = re.compile(r"\{(\w+)\}")
_SUM = re.compile(r"\[(\$?)(\w+) = ([^\]]+)\]")
_NAME = re.compile(r"[a-z_]\w*")
_RANGE = re.compile(r"(\d+)(?:-| to )(\d+)(?: by (\d+))?")
_CONDITION = re.compile(r"(.+) (<|<=|!=|coprime) (.+)")
_HOLDS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    "!=": operator.ne,
    "coprime": lambda left, right: gcd(int(left), int(right)) == 1,
}


@dataclass(frozen=True)
class ProblemFamily:
    """`where` (as 'gone < have') refuses draws that make no sense; every result must lie in `between`, and be whole
    unless `cents`.
    """

    id: str
    kind: str
    split: str
    numbers: Numbers
    text: Sequence[Sequence[str]]
    steps: Sequence[str]
    scenes: Sequence[Scene] = ({},)
    where: Sequence[str] = ()
    between: Sequence[int] = (2, 2000)
    cents: bool = False

    def draw(self, rng: random.Random) -> tuple[str, str] | None:
        """A question and its worked answer, or None where the numbers drawn do not fit (draw again)."""
        scene = rng.choice(self.scenes)
        values = {key: rng.choice(numbers) for key, numbers in self.numbers.items()}
        values |= {key: Fraction(value) for key, value in scene.items() if isinstance(value, int)}
        words = self._words(rng, scene)
        wording = " ".join(rng.choice(slot) for slot in self.text)
        lines = []
        for step in self.steps:
            line = self._work(step, values)
            if line is None:
                return None
            lines.append(line)
        if not all(holds(condition, values) for condition in self.where):
            return None
        words |= {key: show(value) for key, value in values.items()}
        final = values[_SUM.findall(self.steps[-1])[-1][1]]
        answer = "\n".join(fill(line, words) for line in lines)
        return fill(wording, words), f"{answer}\n#### {show(final)}"

    def _words(self, rng: random.Random, scene: Scene) -> dict[str, str]:
        words = words_of(*rng.sample(PEOPLE, 3))
        for key, value in scene.items():
            if isinstance(value, str):
                words |= with_article(key, value)
                words[key.capitalize()] = value[0].upper() + value[1:]
        return words

    def _work(self, step: str, values: dict[str, Fraction]) -> str | None:
        """The step with its sum worked out, its result kept in `values`; None where the result is not a clean one."""
        match = sum_in(step, f"family {self.id}")
        shown = filled_in(match[3], values)
        result = evaluate(shown)
        low, high = self.between
        if result is None or not low <= result <= high:
            return None
        if (100 * result if self.cents else result).denominator != 1:
            return None
        values[match[2]] = result
        return worked_out(match, shown, result)


def sum_in(step: str, where: str) -> re.Match[str]:
    """The one sum of a step: whether its result is money, the result's name, and the terms."""
    match = _SUM.search(step)
    if match is None:
        raise Refusal(f"{where}: the step {step!r} has no [name = sum]; every step works one out")
    return match


def worked_out(match: re.Match[str], shown: str, result: Fraction) -> str:
    """The step with its sum as a learner would write it, and its result."""
    plain = f"{float(result):g}"
    clean = show(result) if match[1] else plain
    worked = f"{shown} = {match[1]}<<{shown.replace(' ', '')}={plain}>>{clean}"
    return match.string[: match.start()] + worked + match.string[match.end() :]


def filled_in(terms: str, values: Mapping[str, Fraction]) -> str:
    return _NAME.sub(lambda term: show(values[term.group()]), terms)


def holds(condition: str, values: Mapping[str, Fraction]) -> bool:
    match = _CONDITION.fullmatch(condition)
    assert match, condition
    left, right = evaluate(filled_in(match[1], values)), evaluate(filled_in(match[3], values))
    return left is not None and right is not None and _HOLDS[match[2]](left, right)


def each_with_each(scenes: Sequence[Scene], parts: Sequence[Scene]) -> list[Scene]:
    """Every scene with every one of the parts."""
    both: list[Scene] = []
    for scene in scenes:
        both += [{**scene, **part} for part in parts]
    return both


def show(value: Fraction) -> str:
    """A whole number as it is, cents with two digits."""
    return str(value.numerator) if value.denominator == 1 else f"{float(value):.2f}"


def numbers_in(wanted: str | Sequence[float | str]) -> Sequence[Fraction]:
    """'5-45', '3 to 12 by 3', or the numbers one by one."""
    if not isinstance(wanted, str):
        return list(map(Fraction, wanted))
    match = _RANGE.fullmatch(wanted)
    assert match, wanted
    return list(map(Fraction, range(int(match[1]), int(match[2]) + 1, int(match[3] or 1))))


def fill(template: str, words: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda place: words[place.group(1)], template)
