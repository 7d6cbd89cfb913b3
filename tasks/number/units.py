"""One quantity in two units, or in words: '2 hours and 40 minutes', '120 minutes (2 hours)', 'twenty-five'.

Such words name one answer, and which unit was asked for only the question tells: the number comes with what it is in
the other unit. Knows units and their sizes; must not know where in a text the answer stands.
"""

import re
from collections.abc import Iterator
from fractions import Fraction

from proctor.tasks.number.numerals import MINUS_WORD, SCALES, SHORT_SCALES, Number

_AROUND = 60  # characters on either side of the number that are looked at
# How many of the smaller unit make one of the larger.
_SIZES = {
    ("minute", "second"): 60, ("hour", "minute"): 60, ("day", "hour"): 24, ("week", "day"): 7, ("year", "month"): 12,
    ("foot", "inch"): 12, ("feet", "inch"): 12, ("meter", "centimeter"): 100, ("m", "cm"): 100, ("cm", "mm"): 10,
    ("kilometer", "meter"): 1000, ("km", "m"): 1000, ("kg", "g"): 1000, ("dollar", "cent"): 100,
}  # fmt: skip
_NAMES = "|".join(sorted({name for pair in _SIZES for name in pair}, key=len, reverse=True))
_AMOUNT = r"(?<![0-9A-Za-z.,/])[0-9]{1,9}(?:,[0-9]{3}){0,4}(?:\.[0-9]{1,6})?"
_PAIR = re.compile(  # what stands behind is only looked at: it may begin a pair of its own
    rf"(?i)(?P<sign>\$)?(?P<first>{_AMOUNT})(?:[ -]{{0,3}}(?P<unit>{_NAMES})(?:e?s)?\b|(?(sign)|(?!)))"
    rf"(?=(?P<between>[^0-9!?\n]{{1,40}})(?P<second>{_AMOUNT})[ -]{{0,3}}(?P<other>{_NAMES})(?:e?s)?\b"
    r"(?P<rate> (?:an?|per|each)\b)?)"
)
_AND = re.compile(r",?\s{1,3}and\s{1,3}|,?\s{1,3}")


def in_other_units(text: str, number: Number) -> Number:
    """With what it is in the other unit that stands beside it; for one part of '2 hours and 40 minutes', the whole."""
    for pair in _PAIR.finditer(text, max(0, number.start - _AROUND), number.end + _AROUND):
        if not (pair.start() <= number.start + 1 and number.end - 1 <= pair.end("second")):
            continue
        first, second = (Fraction(pair[name].replace(",", "")) for name in ("first", "second"))
        unit, other = (pair["unit"] or "dollar").lower(), pair["other"].lower()
        if size := _SIZES.get((unit, other)):
            if first * size == second:
                return _either(pair, number, first, second)
            if second < size and _AND.fullmatch(pair["between"]) and not pair["rate"]:
                whole = first * size + second
                chosen, in_other = (whole / size, whole) if unit == "dollar" else (whole, whole / size)
                return Number(chosen, pair.start("first"), pair.end("other"), (in_other,))
        elif (other, unit) in _SIZES and second * _SIZES[other, unit] == first:
            return _either(pair, number, first, second)
    return number


def _either(pair: re.Match[str], number: Number, first: Fraction, second: Fraction) -> Number:
    """'120 minutes, or 2 hours' says 120; '2 hours = 120 minutes' comes to 120."""
    if "=" in pair["between"]:
        return Number(second, pair.start("second"), pair.end("other"), (*number.others, first))
    return Number(first, pair.start("first"), pair.end(), (*number.others, second))


_UNDER_TEN = "zero one two three four five six seven eight nine"
_TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_WORDS = {word: n for n, word in enumerate(f"{_UNDER_TEN} {_TEENS}".split())}
_WORDS |= {word: 10 * n for n, word in enumerate(_TENS.split(), 2)}
_ENGLISH = "|".join([*_WORDS, *SCALES, "dozen"])
_WORDS |= {sign: n for n, sign in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "廿": 20, "卅": 30}
_SCALES = SCALES | SHORT_SCALES | {"dozen": 12, "十": 10}
_ORDINALS = "halve third fourth fifth sixth seventh eighth ninth tenth"
_PARTS = {"half": 2, "quarter": 4} | {word: n for n, word in enumerate(_ORDINALS.split(), 2)}
_PART = "|".join(_PARTS)
_CHINESE = "[零〇一二两三四五六七八九十廿卅百千万亿]+"
_DECIMALS = "(?:点[零〇一二三四五六七八九]+)?"
_SPELLED = re.compile(
    rf"(?i)\b(?:half (?=a))?(?:(?:{_ENGLISH})|an?(?=[ ](?:hundred|thousand|million|dozen|{_PART})\b))\b"
    rf"(?:(?:[- ]|(?<=thousand),[ ])(?:and )?(?:{_ENGLISH}|an?(?= (?:{_PART})\b))\b){{0,9}}"
    rf"(?:[- ](?P<part>(?:{_PART})s|(?:(?<=\ba )|(?<=\ban )|(?<=\bone[- ]))(?:{_PART}))\b)?"
    rf"|(?:(?P<whole>{_CHINESE})又)?(?P<below>{_CHINESE})分之(?P<above>{_CHINESE}{_DECIMALS})"
    rf"|{_CHINESE}{_DECIMALS}(?:(?P<half>个半)|(?P<tenths>成(?!为)))?(?![共起样些])"
)


def in_words(text: str, start: int, end: int) -> Iterator[Number]:
    """The numbers in words of a stretch: 'sixty-five thousand, nine hundred and sixty', 'two and a half', '十八'."""
    for words in _SPELLED.finditer(text, start, min(end, start + 1000)):
        value = _worth(words[0]) / (2 if words[0].lower().startswith("half") else 1)
        if words["half"]:  # 一个半小时
            value += Fraction(1, 2)
        elif words["tenths"]:  # 三成
            value *= 10
        elif words["part"]:
            whole, _, above = words[0][: words.start("part") - words.start()].rpartition(" and ")
            value = (
                _worth(whole)
                + (_worth(above) or Fraction(1)) / _PARTS[words["part"].lower().removesuffix("s")]
            )
        elif words["below"]:
            below = _worth(words["below"].removeprefix("百")) or Fraction(1)  # 百分之五 is 5 per cent
            value = _worth(words["whole"] or "") + _worth(words["above"]) / below
        negative = MINUS_WORD.search(text, max(0, words.start() - 20), words.start())
        yield Number(-value if negative else value, words.start(), words.end())


def last_in_words(text: str) -> Number | None:
    """The last number in words of a text without digits; 'one' is mostly no number."""
    words = [] if re.search("[0-9]", text) else list(in_words(text, max(0, len(text) - 1000), len(text)))
    return next((number for number in reversed(words) if number.value != 1), None)


def _worth(words: str) -> Fraction:
    whole, _, decimals = words.partition("点")
    total = group = below = 0  # of 12,345,678: 12,345,000, 600 and 78
    for word in re.findall("[a-z]+|[^ -~]", whole.lower()):
        scale = _SCALES.get(word, 0)
        if scale >= 1000 and word != "千":
            total, group, below = total + (group + below or 1) * scale, 0, 0
        elif scale:
            group, below = group + (below or 1) * scale, 0
        else:
            below += _WORDS.get(word, 0)  # 'and' adds nothing
    digits = "".join(str(_WORDS[digit]) for digit in decimals)
    return total + group + below + Fraction(f"0.{digits or 0}")
