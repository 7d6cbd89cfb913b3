"""Step validity: is the arithmetic in a piece of working right? Knows nothing about which problem is being
solved.

Both calculator annotations (`<<16-3=13>>13`) and plain equations (`16 - 3 = 13`, `$5 x 3 = $15`, `20% of 50 =
10`, `9 eggs * $2 = $18`) are worked out again with exact fractions; a result may be rounded to the decimals
it shows. An equation with no arithmetic on its left (`x = 5`) is not a step, and an annotation that repeats
its plain equation is the same step. Every length is bounded, so that no answer of a model can make this slow.
"""

import re
from collections import Counter
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import TypeAlias

from tasks.numerals import BOLD, tidy

# Whole numbers stay int as long as they can: Fraction is ten times slower, and most sums of a school book are
# whole.
_Value: TypeAlias = int | Fraction

LONGEST = 200  # characters of one expression; a longer one is not worked out
_DEEPEST = 20
_DIGITS = 30
_POWER = 12

_TOKEN = re.compile(r"\d+(?:\.\d+)?|\.\d+|\*\*|[-+*/^()%]")


_ANNOTATION = re.compile(r"<<([^<>\n=]{1,200})=([^<>\n=]{1,80})>>")
_LIST_MARK = re.compile(r"^[ \t]*(?:[0-9]{1,2}[.)]|[-*])[ \t]+", re.MULTILINE)
# One way of writing a sum for many; each pattern looks at a bounded piece of text.
_SIGNS = (
    (re.compile(r",(?<=[0-9],)(?=[0-9]{3})"), ""),
    (re.compile(r"(?<=[0-9)%]) ?[xX] ?(?=[0-9(.])|(?<=[a-z]) [xX] (?=[0-9(.])"), "*"),
    (re.compile(r"(?<=[0-9)%]) of (?=[0-9(])"), "*"),
    (re.compile(r"/[ ]?[A-Za-z]{2,20}"), ""),  # 5 dollars/hour
    (re.compile(r"(?<=[0-9)%]) ?(?:[A-Za-z]{2,20}[ -]?){1,3}(?=[-+*/=^])"), " "),  # 9 eggs * 2
    (re.compile(r"(?<=[0-9.])-(?=[A-Za-z])"), " "),
)
_CURRENCY = dict.fromkeys(map(ord, "$£€¥₹" + BOLD))
_RUN = re.compile(r"[-0-9.()+*/^%= ]+")
_SENTENCES = re.compile(r"\.(?= |$)")
_VARIABLE = re.compile(r"(?<=[0-9)])[A-Za-z](?![A-Za-z])")
_LATE_START = re.compile(r" ?[+*/^)]")
_SIGN_FIRST = re.compile(r" ?-")
_OPERATOR = re.compile(r"[0-9)%] ?[-+*/^]")


def check_steps(text: str) -> tuple[int, int]:
    """How many equations of the working are right, and how many there are."""
    if "=" not in text and "\\" not in text and text.isascii():
        return 0, 0
    annotated = "<<" in text
    plain: Counter[tuple[_Value, _Value]] = Counter()
    right = total = 0
    for left, shown in _equations(_ANNOTATION.sub("", text) if annotated else text):
        one, other = _worth(left), _worth(shown)
        if one is None or other is None:
            continue
        plain[one, other] += 1
        total += 1
        right += _agree(one, other, left, shown)
    for left, shown in _ANNOTATION.findall(text) if annotated else ():
        one, other = (_worth(side.replace(",", "").replace("$", "")) for side in (left, shown))
        if one is None or other is None:
            continue
        if plain[one, other]:
            plain[one, other] -= 1  # the annotation of an equation that was counted
            continue
        total += 1
        right += _agree(one, other, left, shown)
    return right, total


def _equations(text: str) -> list[tuple[str, str]]:
    """The two sides of every equation that works something out; of a = b = c, both a = b and b = c."""
    lines = [line for line in tidy(text).split("\n") if "=" in line]
    if not lines:
        return []
    text = _LIST_MARK.sub("", "\n".join(lines)).translate(_CURRENCY)
    for pattern, plain in _SIGNS:
        text = pattern.sub(plain, text)
    found = []
    for run in _RUN.finditer(text):
        if "=" not in run[0]:
            continue
        sentences = [sentence.split("=") for sentence in _SENTENCES.split(run[0])]
        if _begins_in_algebra(text, run.start()):
            sentences[0][0] = ""
        if _VARIABLE.match(text, run.end()):
            sentences[-1][-1] = ""
        for sentence in sentences:
            sides = [_balanced(side.strip()) for side in sentence]
            for at, (left, shown) in enumerate(pairwise(sides)):
                summed = _OPERATOR.search(left) or (
                    at and _OPERATOR.search(shown)
                )  # 'Day 2 = 20 - 3' is a label
                if left and shown and summed:
                    found.append((left, shown))
    return found


def _begins_in_algebra(text: str, start: int) -> bool:
    """Does the run carry on from a variable, as `+ 4 = 12` does in `2x + 4 = 12`?"""
    if _LATE_START.match(text, start):
        return True
    before = text[max(0, start - 2) : start]
    return before[-1:].isalpha() and not before[:-1].isalpha() and bool(_SIGN_FIRST.match(text, start))


def _balanced(side: str) -> str:
    """Without a bracket that opens or closes outside of the equation, as in '(16 - 3 = 13)', or a dash in
    front."""
    if side.count("(") > side.count(")"):
        side = side.removeprefix("(")
    elif side.count(")") > side.count("("):
        side = side.removesuffix(")")
    return side.removeprefix("- ").strip()


def _agree(one: _Value, other: _Value, left: str, shown: str) -> bool:
    """Equal, equal as a percentage, or equal up to the decimals that are shown."""
    if one == other or one == other * 100 * ("%" in shown) or one * 100 * ("%" in left) == other:
        return True
    decimals = len(shown.rstrip(" %").rpartition(".")[2]) if "." in shown else 0
    return decimals > 0 and abs(Fraction(one) - other) < Fraction(1, 10**decimals)


class _Unreadable(Exception):
    """Not arithmetic, or more of it than we care to work out."""


def evaluate(expression: str) -> Fraction | None:
    """The exact value of `+ - * / ^ % ( )` over plain numbers; None for all else, division by zero too."""
    value = _worth(expression)
    return None if value is None else Fraction(value)


@lru_cache(maxsize=16_384)
def _worth(expression: str) -> _Value | None:
    if expression.isdecimal() and len(expression) <= _DIGITS and expression.isascii():
        return int(expression)
    if len(expression) > LONGEST:
        return None
    tokens = _TOKEN.findall(expression)
    if not tokens or sum(map(len, tokens)) != len("".join(expression.split())):
        return None
    try:
        reader = _Reader(tokens)
        value = reader.sum(0)
    except (_Unreadable, ZeroDivisionError):
        return None
    if not reader.done():
        return None
    return value.numerator if value.denominator == 1 else value


class _Reader:
    """Recursive descent over the tokens of one expression."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = [*tokens, ""]
        self._at = 0

    def done(self) -> bool:
        return self._at == len(self._tokens) - 1

    def _next(self, *wanted: str) -> str:
        """Takes the next token if it is one of those."""
        token = self._tokens[self._at]
        if token not in wanted:
            return ""
        self._at += 1
        return token

    def sum(self, depth: int) -> _Value:
        if depth > _DEEPEST:
            raise _Unreadable
        value = self._product(depth)
        while sign := self._next("+", "-"):
            term = self._product(depth)
            value = value + term if sign == "+" else value - term
        return value

    def _product(self, depth: int) -> _Value:
        value = self._signed(depth)
        while True:
            if self._next("/"):
                value = _divide(value, self._signed(depth))
            elif self._next("*") or self._tokens[self._at] == "(":  # 2(3 + 4) is a product too
                value *= self._signed(depth)
            else:
                return value

    def _signed(self, depth: int) -> _Value:
        sign = 1
        while taken := self._next("+", "-"):
            sign = -sign if taken == "-" else sign
        return sign * self._power(depth)

    def _power(self, depth: int) -> _Value:
        base = self._atom(depth)
        if not self._next("^", "**"):
            return base
        exponent = self._atom(depth)
        if exponent.denominator != 1 or not -_POWER <= exponent <= _POWER:
            raise _Unreadable
        if max(abs(base.numerator), base.denominator) >= 10**_DIGITS:
            raise _Unreadable
        return Fraction(base) ** int(exponent)

    def _atom(self, depth: int) -> _Value:
        token = self._tokens[self._at]
        if token == "(":
            self._at += 1
            value = self.sum(depth + 1)
            if not self._next(")"):
                raise _Unreadable
        elif token and (token[0].isdigit() or token[0] == ".") and len(token) <= _DIGITS:
            self._at += 1
            value = int(token) if token.isdigit() else Fraction(token)
        else:
            raise _Unreadable
        return _divide(value, 100) if self._next("%") else value


def _divide(value: _Value, by: _Value) -> _Value:
    result = Fraction(value, by)
    return result.numerator if result.denominator == 1 else result
