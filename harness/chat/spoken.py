"""Numbers as they are spoken become digits: 'seven hundred and five' is 705, 'two and a half' is 2 1/2.

    with_digits("three quarters of forty eight")    # '3/4 of 48'

A lone 'one', ordinals and 'half' without a number stay words. Speech to text writes some numbers in digits itself, and
some by half ('700 and 5'): both are read.
"""

import re

_UNDER_TEN = "zero one two three four five six seven eight nine"
_TEEN = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_WORTH = {word: n for n, word in enumerate(f"{_UNDER_TEN} {_TEEN}".split())}
_WORTH |= {word: 10 * n for n, word in enumerate(_TENS.split(), 2)}
_SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9}
_ORDINALS = "third fourth fifth sixth seventh eighth ninth tenth"
_PARTS = {word: n for n, word in enumerate(_ORDINALS.split(), 3)}
_PARTS |= {"half": 2, "quarter": 4, "hundredth": 100, "thousandth": 1000}
_OF_TWO = re.compile(
    r"(?i)\b(?:sum|difference|product|average|mean|between|both|add|multiply)\b[^.?!]{0,25}\Z"
)


def _any(words: str) -> str:
    return f"(?:{words.replace(' ', '|')})"


_ONE, _PART = rf"(?:{_any(_UNDER_TEN)}\b)", _any(" ".join(_PARTS))
_CALCULATING = _any("plus minus times over divided multiplied equals point")
_TEN = rf"{_any(_TENS)}\b(?![ -](?:first|second|{_any(_ORDINALS)})\b)(?:[ -]{_ONE})?"
_SMALL = rf"(?:{_TEN}|{_any(_TEEN)}\b|{_ONE}|[0-9]{{1,3}}\b)"
# 'a hundred and three quarters' is no 103
_AND = rf"(?: and(?! (?:an?|{_SMALL})[ -](?:{_PART}s?|hundred)\b))? "
_GROUP = rf"(?:(?:{_SMALL}|an?) hundred\b(?:{_AND}{_SMALL})?|{_SMALL})"
_LARGE = rf"(?:{_GROUP}|an?) (?:thousand|million|billion)\b"
_WHOLE = re.compile(
    rf"(?i)\b(?<!half )(?:{_LARGE}(?:,?{_AND}{_LARGE}){{0,2}}(?:,?{_AND}{_GROUP})?|{_GROUP})(?![.,]?[0-9])"
)
_YEAR = re.compile(
    rf"(?i)\b(eighteen|nineteen|twenty) ({_any(_TENS)}\b(?:[ -]{_ONE})?|{_any(_TEEN)}\b)(?! {_PART}s)"
)
_DICTATED = re.compile(rf"(?i)\b{_ONE}(?:[ -]oh\b(?:[ -](?:{_ONE}|oh\b))+|(?:[ -](?:{_ONE}|oh\b)){{2,}})")
_JOINED = re.compile(rf"(?<![0-9.,])([1-9][0-9,]{{0,8}}00) and ([1-9][0-9]?)\b(?![.,]?[0-9]|[ -]{_PART}| ?/)")
_SHARE = re.compile(rf"(?i)\b(?:([0-9]+)[ -]({_PART}|halve)s|1[ -]({_PART})|an? ({_PART}) (?=of\b))\b")
_HALVED = re.compile(rf"(?i)\b([0-9]+) and an? ({_PART})\b")
_CALCULATED_ONE = re.compile(
    rf"(?i)\bone(?= {_CALCULATING}\b|(?:[ -]| and an? ){_PART}\b)"
    r"|(?:(?<=plus )|(?<=point )|(?<=minus )|(?<=times )|(?<=over ))one\b"
)


def with_digits(text: str) -> str:
    """The text with its spoken numbers in digits."""
    text = _DICTATED.sub(lambda run: "".join(map(str, map(_worth, re.split("[ -]", run[0])))), text)
    text = _YEAR.sub(lambda year: f"{_worth(year[1])}{_worth(year[2])}", text)
    text = _CALCULATED_ONE.sub("1", text)
    text = _WHOLE.sub(_in_digits, text)
    text = _JOINED.sub(_joined, text)
    text = re.sub(
        r"(?i)\b([0-9]+) point ([0-9]+(?: [0-9])*)\b", lambda n: f"{n[1]}.{n[2].replace(' ', '')}", text
    )
    text = re.sub(r"(?i)\bpoint ([0-9]+(?: [0-9])*)\b", lambda n: f"0.{n[1].replace(' ', '')}", text)
    text = _HALVED.sub(lambda n: f"{n[1]} 1/{_PARTS[n[2].lower()]}", text)
    text = _SHARE.sub(_fraction, text)
    text = re.sub(r"\b([0-9]+) and (?=[0-9]+/[0-9])", r"\1 ", text)
    return re.sub(r"(?i)\bnegative (?=[0-9])", "-", text)


def _worth(words: str) -> int:
    total = group = 0
    for word in re.findall("[a-z]+|[0-9]+", words.lower()):
        scale = _SCALES.get(word, 1)
        if scale > 100:
            total, group = total + (group or 1) * scale, 0
        elif scale == 100:
            group = (group or 1) * 100
        elif word.isdecimal():
            group += int(word)
        else:
            group += _WORTH.get(word, 0)  # 'and', 'a' and 'oh' add nothing
    return total + group


def _in_digits(number: re.Match[str]) -> str:
    if number[0].isdecimal() or number[0].lower() == "one":
        return number[0]
    return str(_worth(number[0]))


def _joined(pair: re.Match[str]) -> str:
    """Of 700 and 5 one number, but not in 'the sum of 700 and 5'."""
    if _OF_TWO.search(pair.string, max(0, pair.start() - 40), pair.start()):
        return pair[0]
    return str(int(pair[1].replace(",", "")) + int(pair[2]))


def _fraction(share: re.Match[str]) -> str:
    above = int(share[1] or 1)
    below = _PARTS[(share[2] or share[3] or share[4]).lower().replace("halve", "half")]
    if share[1] and above >= below:  # 'four quarters' may be coins
        return share[0]
    return f"{above}/{below}" + " " * bool(share[4])
