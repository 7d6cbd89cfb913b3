"""One quantity said in more than one unit: '160 minutes, or 2 hours and 40 minutes', '2 hours (120 minutes)'.

Such words name one answer, and which unit was asked for only the question tells: the number comes with what it is in
the other units that were named. Knows units and their sizes; must not know where in a text the answer stands.
"""

import re
from dataclasses import dataclass, replace
from fractions import Fraction

from tasks.numerals import Number

_AROUND = 90  # characters on either side of the number that are looked at
# Of each kind the unit's names and its size.
_KINDS: tuple[dict[str, int], ...] = (
    {"second": 1, "sec": 1, "minute": 60, "min": 60, "hour": 3600, "hr": 3600, "day": 86_400, "week": 604_800},
    {"month": 1, "year": 12},
    {"inch": 1, "inche": 1, "foot": 12, "feet": 12, "yard": 36, "mile": 63_360},
    {"millimeter": 1, "mm": 1, "centimeter": 10, "cm": 10, "meter": 1000, "m": 1000, "kilometer": 10**6, "km": 10**6},
    {"ounce": 1, "oz": 1, "pound": 16, "lb": 16, "ton": 32_000},
    {"gram": 1, "g": 1, "kilogram": 1000, "kg": 1000},
    {"milliliter": 1, "ml": 1, "liter": 1000, "l": 1000},
    {"pint": 1, "quart": 2, "gallon": 8},
    {"cent": 1, "dollar": 100},
)  # fmt: skip
_UNITS = {name: (kind, size) for kind, sizes in enumerate(_KINDS) for name, size in sizes.items()}
_UNITS |= {name.replace("meter", "metre").replace("liter", "litre"): of for name, of in _UNITS.items()}
_QUANTITY = re.compile(
    r"(?<![0-9A-Za-z.,/])(?P<dollar>\$ ?)?(?P<number>[0-9]{1,9}(?:,[0-9]{3}){0,4}(?:\.[0-9]{1,6})?)(?![0-9.,/]*[0-9])"
    rf"(?:[ -]{{0,3}}(?P<unit>{'|'.join(sorted(_UNITS, key=len, reverse=True))})s?\b)?",
    re.IGNORECASE,
)
_AND = re.compile(r",? {1,3}and {1,3}|,? {1,3}")
_RATE = re.compile(r" {1,3}(?:an?|per|of|each|every|in)\b")  # 3 days, 2 hours a day
_OR = re.compile(
    r"(?: long| wide| tall| high| deep)?,? {0,3}(?:\(? ?(?:(?:or|that is,?|which is(?: the same as)?|which equals"
    r"|equivalent to|equal to|is equal to|equals)\b"
    r"|i\.?e\.?,?)|[(=])(?: (?:about|exactly|just|equivalent to|equal to|the same as))? {0,3}",
    re.IGNORECASE,
)
_CLOCK = re.compile(r"([0-9]{1,2}):([0-5][0-9])")  # 3:45, where 225 minutes were said too
_COMES_TO = re.compile(r"=|which|equal")
_MONEY = len(_KINDS) - 1


@dataclass(frozen=True)
class _Quantity:
    """`worth` in the smallest unit of its kind; `sizes` of the units that it was said in."""

    start: int
    end: int
    kind: int
    worth: Fraction
    sizes: tuple[int, ...]

    @property
    def readings(self) -> list[Fraction]:
        """The number in each of its units: 160 minutes go before 2 2/3 hours, but $3.45 before 345 cents."""
        return [self.worth / size for size in sorted(self.sizes, reverse=self.kind == _MONEY)]


def restated(text: str, number: Number) -> Number:
    """The number with its readings in the other units that stand beside it as the same quantity. Where it is one part
    of '2 hours and 40 minutes', the whole."""
    if clock := _CLOCK.fullmatch(text, number.start, number.end):
        minutes = 60 * int(clock[1]) + int(clock[2])
        if f"{minutes} minutes" in text:
            return replace(number, others=(*number.others, Fraction(minutes)))
    hundreds = 100 * number.value  # $1.05 where 105 cents were said too, 1/4 where 25% were
    for shown, other in (("$", f"{hundreds} cents"), ("/", f"{hundreds}%")):
        if shown in text[number.start : number.end] and hundreds.denominator == 1 and other in text:
            return replace(number, others=(*number.others, hundreds))
    start = max(text.rfind("\n", 0, number.start) + 1, number.start - _AROUND)
    end = text.find("\n", number.end, number.end + _AROUND)
    said = _joined(text, _quantities(text, start, end if end >= 0 else min(len(text), number.end + _AROUND)))
    at = next((n for n, one in enumerate(said) if one.start <= number.start + 1 < one.end + 1), None)
    if at is None or (abs(number.value) not in said[at].readings and len(said[at].sizes) == 1):
        return number
    first = last = at
    while first > 0 and _same(text, said[first - 1], said[first]):
        first -= 1
    while last + 1 < len(said) and _same(text, said[last], said[last + 1]):
        last += 1
    if first == last and len(said[at].sizes) == 1:
        return number
    main = at  # 'an hour, or 60 minutes' is an hour, but 1 hour = 60 minutes comes to 60
    while main > first and not _COMES_TO.search(text, said[main - 1].end, said[main].start):
        main -= 1
    sign = -1 if number.value < 0 else 1
    chosen, *more = (sign * reading for reading in said[main].readings)
    others = [
        sign * reading for one in said[first : last + 1] if one is not said[main] for reading in one.readings
    ]
    return replace(
        number,
        value=chosen,
        start=said[main].start,
        end=said[main].end,
        others=(*number.others, *more, *others),
    )


def _quantities(text: str, start: int, end: int) -> list[_Quantity]:
    found = []
    for one in _QUANTITY.finditer(text, start, end):
        unit = (one["unit"] or ("dollar" if one["dollar"] else "")).lower()
        if unit in _UNITS:
            kind, size = _UNITS[unit]
            worth = Fraction(one["number"].replace(",", "")) * size
            begin = one.start() if kind == _MONEY else one.start("number")  # '$2 hours' is LaTeX
            found.append(_Quantity(begin, one.end(), kind, worth, (size,)))
    return found


def _joined(text: str, found: list[_Quantity]) -> list[_Quantity]:
    """Neighbours like '2 hours' and '40 minutes' as one."""
    joined: list[_Quantity] = []
    for one in found:
        before = joined[-1] if joined else None
        if (
            before
            and before.kind == one.kind
            and before.sizes[-1] > one.sizes[0]
            and one.worth < before.sizes[-1]
            and _AND.fullmatch(text, before.end, one.start)
            and not _RATE.match(text, one.end)
        ):
            whole = _Quantity(
                before.start, one.end, one.kind, before.worth + one.worth, (*before.sizes, *one.sizes)
            )
            joined[-1] = whole
        else:
            joined.append(one)
    return joined


def _same(text: str, one: _Quantity, other: _Quantity) -> bool:
    return (
        one.kind == other.kind
        and one.worth == other.worth
        and bool(_OR.fullmatch(text, one.end, other.start))
    )
