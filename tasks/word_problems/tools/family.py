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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import gcd

from proctor.common.refusal import Refusal
from proctor.tasks.number.steps import evaluate
from proctor.tasks.word_problems.tools.words import PEOPLE, with_article

Scene = Mapping[str, str | int]
Numbers = Mapping[str, Sequence[int | Fraction]]

_PLACE = re.compile(r"\{(\w+)\}")
_SUM = re.compile(r"\[(\$?)(\w+) = ([^\]]+)\]")
_NAME = re.compile(r"[a-z_]\w*")
_CONDITION = re.compile(r"(.+) (<|<=|!=) (.+)")
_SIGNS = {"<": operator.lt, "<=": operator.le, "!=": operator.ne}


@dataclass(frozen=True)
class ProblemFamily:
    """`where` (as 'gone < have') and `coprime` (two numbers) refuse draws that make no sense; every result must lie in
    `between`, and be whole unless `cents`.
    """

    id: str
    kind: str
    split: str
    numbers: Numbers
    text: Sequence[Sequence[str]]
    steps: Sequence[str]
    scenes: Sequence[Scene] = ({},)
    where: Sequence[str] = ()
    coprime: Sequence[str] = ()
    between: Sequence[int] = (2, 2000)
    cents: bool = False

    def draw(self, rng: random.Random) -> tuple[str, str] | None:
        """A question and its worked answer, or None where the numbers drawn do not fit (draw again)."""
        scene = rng.choice(self.scenes)
        values: dict[str, Fraction] = {}
        for key, numbers in self.numbers.items():
            values[key] = Fraction(rng.choice(numbers))
        values |= {key: Fraction(value) for key, value in scene.items() if isinstance(value, int)}
        words = self._words(rng, scene)
        wording = " ".join(rng.choice(slot) for slot in self.text)
        lines = []
        for step in self.steps:
            line = self._work(step, values)
            if line is None:
                return None
            lines.append(line)
        shares = gcd(*(int(values[name]) for name in self.coprime)) > 1
        if shares or not all(_holds(condition, values) for condition in self.where):
            return None
        words |= {key: show(value) for key, value in values.items()}
        final = values[_SUM.findall(self.steps[-1])[-1][1]]
        answer = "\n".join(_fill(line, words) for line in lines)
        return _fill(wording, words), f"{answer}\n#### {show(final)}"

    def _words(self, rng: random.Random, scene: Scene) -> dict[str, str]:
        who, other, third = rng.sample(PEOPLE, 3)
        words = {"who": who.name, "other": other.name, "third": third.name}
        words |= {"they": who.they, "their": who.their, "them": who.them}
        words |= {"They": who.they.capitalize(), "Their": who.their.capitalize()}
        for key, value in scene.items():
            if isinstance(value, str):
                words[key] = value
                words[f"a_{key}"] = with_article(value)
                words[f"A_{key}"] = with_article(value).capitalize()
                words[key.capitalize()] = value[0].upper() + value[1:]
        return words

    def _work(self, step: str, values: dict[str, Fraction]) -> str | None:
        """The step with its sum worked out, its result kept in `values`; None where the result is not a clean one."""
        match = _SUM.search(step)
        if match is None:
            raise Refusal(
                f"family {self.id}: the step {step!r} has no [name = sum]; every step works one out"
            )
        dollar, name, terms = match.groups()
        shown = _filled_in(terms, values)
        result = evaluate(shown)
        low, high = self.between
        if result is None or not low <= result <= high:
            return None
        if (100 * result if self.cents else result).denominator != 1:
            return None
        values[name] = result
        plain = f"{float(result):g}"
        clean = show(result) if dollar else plain
        worked = f"{shown} = {dollar}<<{shown.replace(' ', '')}={plain}>>{clean}"
        return step[: match.start()] + worked + step[match.end() :]


def _filled_in(terms: str, values: Mapping[str, Fraction]) -> str:
    return _NAME.sub(lambda term: show(values[term.group()]), terms)


def _holds(condition: str, values: Mapping[str, Fraction]) -> bool:
    match = _CONDITION.fullmatch(condition)
    assert match, condition
    left, right = evaluate(_filled_in(match[1], values)), evaluate(_filled_in(match[3], values))
    return left is not None and right is not None and bool(_SIGNS[match[2]](left, right))


def each_with_each(scenes: Sequence[Scene], parts: Sequence[Scene]) -> list[Scene]:
    """Every scene with every one of the parts."""
    both: list[Scene] = []
    for scene in scenes:
        both += [{**scene, **part} for part in parts]
    return both


def show(value: Fraction) -> str:
    """A whole number as it is, cents with two digits."""
    return str(value.numerator) if value.denominator == 1 else f"{float(value):.2f}"


def _fill(template: str, words: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda place: words[place.group(1)], template)
