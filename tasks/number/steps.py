"""Step validity: is the arithmetic in a piece of working right? Knows nothing about which problem is being solved.

Both calculator annotations (`<<16-3=13>>13`) and plain equations (`$5 x 3 = $15`, `20% of 50 = 10`, `9 eggs * 2 = 18`)
are worked out again with exact fractions; a result may be rounded or cut off at the last decimal that it shows. `x = 5`
and `18 = 9 * 2` are no steps, and an annotation that repeats its plain equation is the same step.
"""

import re
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from operator import add, mul, sub, truediv

from proctor.tasks.number.numerals import BOLD, tidy

LONGEST = 200  # characters of one expression; a longer one is not worked out
_DEEPEST, _DIGITS, _POWER = 20, 30, 12

_TOKEN = re.compile(r"\d+(?:\.\d+)?|\.\d+|\*\*|[-+*/^()%]")
_ANNOTATION = re.compile(r"<<([^<>\n=]{1,200})=([^<>\n=]{1,80})>>")
_LIST_MARK = re.compile(r"^[ \t]*(?:[0-9]{1,2}[.)]|[-*])[ \t]+", re.MULTILINE)
# One way of writing a sum for many; each pattern looks at a bounded piece of text.
_SIGNS = (
    (re.compile(r",(?<=[0-9],)(?=[0-9]{3})"), ""),
    (re.compile(r" of (?<=[0-9)%] of )(?=[0-9(])"), "*"),
    (re.compile(r"/[ ]?[A-Za-z]{2,20}"), ""),  # 5 dollars/hour
    (re.compile(r"(?<=[0-9)%]) ?(?:[A-Za-z]{2,20}[ -]?){1,3}(?=[-+*/=^])"), " "),  # 9 eggs * 2
    (re.compile(r"(?<== )(?:\\boxed\{|\*)([0-9.]{1,30})[*}]"), r"\1"),  # a result in a box or in italics
)
_TIMES = re.compile(r"(?<=[0-9)%]) ?[xX] ?(?=[0-9(.])|(?<=[a-z]) [xX] (?=[0-9(.])")
_CURRENCY = dict.fromkeys(map(ord, "$£€¥₹" + BOLD))
_ROUGHLY = re.compile(r"[≈≃≅]|\\(?:approx|simeq|approxeq)(?![a-z])")
_RUN = re.compile(r"[-0-9.()+*/^%=~ ]+")
_SENTENCES = re.compile(r"\.(?= |$)")
_VARIABLE = re.compile(r"(?<=[0-9)])[A-Za-z](?![A-Za-z])")
_CARRIES_ON = re.compile(r" ?[+*/^)]|(?<=[^A-Za-z][A-Za-z]) ?-")  # from a variable, as in '2x + 4 = 12'
_OPERATOR = re.compile(r"[0-9)%] {0,2}[-+*/^]")
_SHOWN = re.compile(r"-?(?:[0-9]*\.(?P<decimals>[0-9]+)|[0-9]+) ?%?")


def check_steps(text: str) -> tuple[int, int]:
    """How many equations of the working are right, and how many there are."""
    steps = [step for left, shown in _equations(_ANNOTATION.sub("", text)) if (step := _step(left, shown))]
    plain = Counter(sides for sides, _ in steps)
    for left, shown in _ANNOTATION.findall(text):
        step = _step(left.replace(",", "").replace("$", ""), shown.replace(",", "").replace("$", ""))
        if step and plain[step[0]]:
            plain[step[0]] -= 1  # the annotation of an equation that was counted
        elif step:
            steps.append(step)
    return sum(right for _, right in steps), len(steps)


def checked_equations(text: str) -> list[tuple[str, bool]]:
    """Every plain equation of the working, as it was read, and whether it is right."""
    checked = []
    for left, shown in _equations(_ANNOTATION.sub("", text)):
        if step := _step(left, shown):
            checked.append((f"{left} = {shown}", step[1]))
    return checked


@lru_cache(maxsize=16_384)
def _step(left: str, shown: str) -> tuple[tuple[int, ...], bool] | None:
    """What both sides are worth (a Fraction's own hash takes a tenth of all scoring), and whether they agree."""
    left, number = left.lstrip("~ "), shown.lstrip("~ ")
    exact, result = evaluate(left), evaluate(number)
    if exact is None or result is None:
        return None
    worth = (*exact.as_integer_ratio(), *result.as_integer_ratio())
    return worth, _agree(exact, result, left, number, roughly=number != shown)


def _equations(text: str) -> list[tuple[str, str]]:
    """The two sides of every equation that works something out; of a = b = c, both a = b and b = c."""
    if "\\" in text or not text.isascii():
        text = _ROUGHLY.sub("=~", text)
    lines = [line for line in tidy(text).split("\n") if "=" in line]
    text = "\n" + _LIST_MARK.sub("", "\n".join(lines)).translate(_CURRENCY)
    if "x" in text or "X" in text:
        text = _TIMES.sub("*", text)
    for pattern, plain in _SIGNS:
        text = pattern.sub(plain, text)
    found = []
    for run in _RUN.finditer(text):
        if "=" not in run[0]:  # nearly all: every space between two words is one
            continue
        sentences = [sentence.split("=") for sentence in _SENTENCES.split(run[0])]
        if _CARRIES_ON.match(text, run.start()):
            sentences[0][0] = ""
        if _VARIABLE.match(text, run.end()):
            sentences[-1][-1] = ""
        for sentence in sentences:
            sides = [_balanced(side.strip()) for side in sentence]
            for at, (left, shown) in enumerate(pairwise(sides)):
                # 'Day 2 = 20 - 3' is a label, and '2 kg = 2 * 1000' turns one unit into another
                summed = _OPERATOR.search(left) or (at and _OPERATOR.search(shown))
                if left and shown and summed:
                    found.append((left, shown))
    return found


def _balanced(side: str) -> str:
    """Without a bracket that opens or closes outside of the equation, as in '(16 - 3 = 13)', or a dash in front."""
    if side.count("(") > side.count(")"):
        side = side.removeprefix("(")
    elif side.count(")") > side.count("("):
        side = side.removesuffix(")")
    return side.removeprefix("- ").strip()


def _agree(exact: Fraction, result: Fraction, left: str, shown: str, roughly: bool) -> bool:
    """Equal, equal as a percentage, or equal up to the decimals that are shown, rounded or cut off there; a whole
    number that is said to be about right has to be rounded rightly."""
    if exact == result:
        return True
    worked_out = [exact]
    if "%" in shown:
        worked_out.append(exact / 100)  # 18 / 20 * 100 = 90%
    if "%" in left:
        worked_out.append(exact * 100)  # 20% + 30% = 50
    digits = _SHOWN.fullmatch(shown)
    decimals = digits["decimals"] if digits else None
    if digits is None or result == 0 or not (decimals or roughly):  # 1 / 1000 = 0.00 says nothing
        return result in worked_out
    last_digit = Fraction(1, 10 ** len(decimals or "")) / (100 if "%" in shown else 1)
    # 10 / 3 is 3.3 and 3.33; 2 / 3 is both 0.67 and, as many write it, 0.66.
    offs = [abs(value) - abs(result) for value in worked_out if value * result > 0]
    return any(-last_digit / 2 <= off < (last_digit if decimals else last_digit / 2) for off in offs)


def evaluate(expression: str) -> Fraction | None:
    """The exact value of `+ - * / ^ % ( )` over plain numbers; None for all else, division by zero too."""
    tokens = _TOKEN.findall(expression) if len(expression) <= LONGEST else []
    if not tokens or sum(map(len, tokens)) != len("".join(expression.split())):
        return None
    try:
        tokens.reverse()
        value = _value(tokens, 1, 0)
    except (ValueError, IndexError, ZeroDivisionError):  # no arithmetic, or more than we care to work out
        return None
    return None if tokens else value


_DOES: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
    "+": add,
    "-": sub,
    "*": mul,
    "(": mul,
    "/": truediv,
}
_BINDS = {"+": 1, "-": 1, "*": 2, "/": 2, "(": 2, "^": 4, "**": 4}  # 2(3 + 4) is a product; a sign: 3


def _value(tokens: list[str], least: int, depth: int) -> Fraction:
    """Takes from the end of the tokens all that is bound at least as tightly as `least`."""
    token = tokens.pop()
    if depth > _DEEPEST or len(token) > _DIGITS:
        raise ValueError
    if token in "+-":
        value = _value(tokens, 3, depth + 1) * (-1 if token == "-" else 1)
    elif token == "(":
        value = _value(tokens, 1, depth + 1)
        if tokens.pop() != ")":
            raise ValueError
    else:
        value = Fraction(int(token)) if token.isdecimal() else Fraction(token)
    if tokens and tokens[-1] == "%":
        tokens.pop()
        value /= 100
    while tokens and _BINDS.get(tokens[-1], 0) >= least:
        operator = tokens[-1] if tokens[-1] == "(" else tokens.pop()
        tighter = operator not in ("^", "**")  # 2 ^ 3 ^ 2 is 2 ^ 9, but 5 - 3 - 2 is 0
        value = _applied(operator, value, _value(tokens, _BINDS[operator] + tighter, depth + 1))
    return value


def _applied(operator: str, left: Fraction, right: Fraction) -> Fraction:
    if operator in _DOES:
        return _DOES[operator](left, right)
    small = -_POWER <= right <= _POWER and max(abs(left.numerator), left.denominator) < 10**_DIGITS
    if right.denominator != 1 or not small:
        raise ValueError
    return left ** int(right)
