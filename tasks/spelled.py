"""Numbers in words: 'twenty-five', 'sixty-five thousand, nine hundred and sixty', 'a dozen'. Knows no answer rules."""

import re
from fractions import Fraction

from tasks.numerals import Number

_UNITS = "zero one two three four five six seven eight nine"
_TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_WORDS = {word: n for n, word in enumerate(f"{_UNITS} {_TEENS}".split())}
_WORDS |= {word: 10 * n for n, word in enumerate(_TENS.split(), 2)}
_SPELLED = re.compile(
    rf"\b(?:(?:{'|'.join(_WORDS)})|an?(?=[ ](?:hundred|thousand|dozen)\b))\b"
    rf"(?:(?:[- ]|(?<=thousand),[ ])(?:and )?(?:{'|'.join(_WORDS)}|hundred|thousand|million|dozen)\b){{0,9}}",
    re.IGNORECASE,
)


# 'eight thirds', 'three quarters', 'two and a half'
_PARTS = {
    "half": 2,
    "halves": 2,
    "third": 3,
    "fourth": 4,
    "quarter": 4,
    "fifth": 5,
    "sixth": 6,
    "eighth": 8,
    "tenth": 10,
}
_FRACTION = re.compile(
    rf"(?: and a (?P<half>half)|[ -](?P<part>{'|'.join(_PARTS)})s?)\b(?! (?:of|the)? ?(?:day|week|month|year|place)\b)",
    re.IGNORECASE,
)


def spelled(text: str, start: int) -> Number | None:
    """The number in words that begins right at `start`: 'twenty-five', 'one hundred and two'."""
    words = _SPELLED.match(text, start)
    return _worth(words) if words else None


def every_spelled(text: str, start: int, end: int) -> list[Number]:
    return [_worth(words) for words in _SPELLED.finditer(text, start, min(end, start + 1000))]


def last_spelled(text: str) -> Number | None:
    """The last number in words of a text without digits. 'one' is mostly no number, and 'zero' hardly ever one."""
    found = [words for words in _SPELLED.finditer(text[-1000:]) if words[0].lower() not in ("one", "zero")]
    if not found:
        return None
    shift = max(0, len(text) - 1000)
    number = _worth(found[-1])
    return Number(number.value, number.start + shift, number.end + shift, "")


def _worth(words: re.Match[str]) -> Number:
    total = group = 0
    for word in re.findall("[a-z]+", words[0].lower()):
        if word in ("hundred", "dozen"):
            group = max(group, 1) * (100 if word == "hundred" else 12)
        elif word in ("thousand", "million"):
            total, group = total + max(group, 1) * {"thousand": 1000, "million": 10**6}[word], 0
        else:
            group += _WORDS.get(word, 0)  # 'and' adds nothing
    value, end = Fraction(total + group), words.end()
    if part := _FRACTION.match(words.string, end):
        value = value + Fraction(1, 2) if part["half"] else value / _PARTS[part["part"].lower()]
        end = part.end()
    return Number(value, words.start(), end, "")
