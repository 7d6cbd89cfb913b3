"""How a number is written: digits, groups, signs, fractions, scale words, as models write them.

`tidy` brings the many ways of one sign (LaTeX, full-width digits, six kinds of minus and of space) to one; `numbers`
finds every number of a tidy text, but for those too long to be meant.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

BOLD = "\x02"  # stands where ** stood, so that no pattern takes it for a power or a product
LONGEST = 60  # digits of a number, and 100 its highest power of ten: far beyond any answer


@dataclass(frozen=True)
class Number:
    value: Fraction
    start: int
    end: int
    others: tuple[Fraction, ...] = ()  # of '26 billion' the 26, of 65.960 the 65960: what was asked decides


_DIGIT_ROWS = (0xFF10, 0x0660, 0x06F0, 0x0966, 0x09E6)  # full-width, Arabic, Persian, Devanagari, Bengali
_SIGNS = "−‐‑‒–﹣－，．：＝＋％＄（）＃？＊／×·⋅∙÷⁄∕’≈≃≅⇒→"
_FRACTIONS = "½1/2 ¼1/4 ¾3/4 ⅓1/3 ⅔2/3 ⅕1/5 ⅖2/5 ⅗3/5 ⅘4/5 ⅙1/6 ⅚5/6 ⅛1/8 ⅜3/8 ⅝5/8 ⅞7/8"
_PLAIN = {
    **{row + digit: str(digit) for row in _DIGIT_ROWS for digit in range(10)},
    **dict(zip(map(ord, _SIGNS), "-------,.:=+%$()#?*/****///'=====", strict=True)),
    **{ord(written[0]): f"\x01{written[1:]} " for written in _FRACTIONS.split()},
    **dict.fromkeys([0xA0, *range(0x2000, 0x200B), 0x202F, 0x3000], " "),
    **dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad\x02"), ""),
    **{ord("—"): " — ", ord("。"): ". ", ord("！"): "! ", ord("；"): "; "},
}
_POWER = re.compile(r"(?<=[0-9)])[⁰¹²³⁴⁵⁶⁷⁸⁹](?![⁰¹²³⁴⁵⁶⁷⁸⁹])")  # of a number; m² stays a unit
_ABOVE_OR_BELOW = r"\s{0,3}\{\s{0,2}(-?[$]?[0-9][0-9,.]{0,60})\s{0,2}\}"
_LATEX = (
    (re.compile(r"\\(?:text[a-z]{0,2}|math[a-z]{2}|mbox|operatorname)\s{0,3}\{([^{}\n]{0,200})\}"), r" \1 "),
    (re.compile(r"(?<=[0-9])(?:\{,\}|\\[,!;: ]\s{0,2}|,\\!|~)(?=[0-9]{3})"), ","),
    (re.compile(r"\\(?:times|cdot|ast)(?![a-z])"), "*"),
    (re.compile(r"\\div(?![a-z])"), "/"),
    (re.compile(r"\\([$%#&_])"), r"\1"),
    (re.compile(r"(-?)\\[dtc]?frac\s?([0-9])([0-9])"), r" \1\2/\3 "),
    (re.compile(rf"(-?)\\[dtc]?frac{_ABOVE_OR_BELOW}{_ABOVE_OR_BELOW}"), r" \1\2/\3 "),
    (re.compile(r"\\[dtc]?frac\s{0,3}\{([^{}\n]{0,60})\}\s{0,3}\{([^{}\n]{0,60})\}"), r" (\1)/(\2) "),
)
_CHINESE_GROUP = re.compile("(?<=[0-9])(?:万(?=[0-9]千)|千(?=[0-9]百))")  # 3万5千 is 35千
_LOOSE_GROUP = re.compile(r"(?<=[0-9]), 000(?![0-9])")  # 168, 000


def tidy(text: str) -> str:
    """The text with one sign for each thing; `\\boxed{` is kept, since it marks an answer."""
    if text.isascii():
        text = text.replace(BOLD, "")
    else:
        text = _POWER.sub(lambda power: f"^{'⁰¹²³⁴⁵⁶⁷⁸⁹'.index(power[0])}", text.translate(_PLAIN))
        text = _CHINESE_GROUP.sub("", text.replace("-\x01", "-").replace("\x01", " "))
    if "\\" in text or "{,}" in text:
        for pattern, plain in _LATEX:
            text = pattern.sub(plain, text)
    if ", 000" in text:
        text = _LOOSE_GROUP.sub(",000", text)
    return text.replace("**", BOLD)


_NUMBER = re.compile(
    r"""
    (?P<lead> -? (?:(?:US|CA|AU|A|C|HK|S)?[$£€¥₹][ ]?){0,3} -? )
    (?: (?P<mixed>[0-9]{1,15}) (?:[ ]{1,3}|[ ]and[ ])
        (?P<above>[0-9]{1,4})[ ]?/[ ]?(?P<below>[0-9]{1,4}) (?![0-9/])
      | (?P<digits>
          [1-9][0-9]{0,2}(?:[ ][0-9]{3})+ (?: ,[0-9]{2}(?![0-9,]) | (?![0-9,/]|-[A-Za-z])(?:\.[0-9]+)? )
        | [1-9][0-9]{0,2}(?:\.[0-9]{3})+,[0-9]{1,2}(?![0-9])
        | [1-9][0-9]{0,2}(?:(?:\.[0-9]{3}){2,}|(?:['_][0-9]{3})+)(?![0-9])
        | [0-9]+(?:,[0-9]+)*(?:\.[0-9]+)?
        | (?<![A-Za-z])\.[0-9]+
        )
    )
    (?: [eE](?P<exponent>[-+]?[0-9]{1,40})(?![0-9A-Za-z])
      | [ ]?(?:[*x][ ]?10|(?P<base>))[ ]?\^[ ]?[{(]?(?P<power>-?[0-9]{1,5})[})]?
      | :(?P<minutes>[0-5][0-9])(?![0-9:])
      | [ ]?/[ ]?(?P<over>[0-9]+(?:,[0-9]{3})*(?:\.[0-9]+)?)(?![0-9]*/)
    )?
    """,
    re.VERBOSE,
)
_THOUSANDS = re.compile(r"[1-9][0-9]{0,2}\.[0-9]{3}")
_SCALE = re.compile(
    r"(?i) ?(hundred|thousand|million|billion|trillion)s?\b|(k\b|[万亿]|百(?!分)|千(?![克米瓦卡]))"
)
SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12}
SHORT_SCALES = {"k": 1000, "百": 100, "千": 1000, "万": 10**4, "亿": 10**8}
# 'minus 7', but not '20 minus 7'.
MINUS_WORD = re.compile(
    rf"(?i)(?:(?:^|[\n=:,.#{{(>{BOLD}]|\b(?:is|ist|est?|are|was|be|to|of|at|as|gives?|gets?|equals?|reach(?:es)?|about"
    r"|so|thus|hence|therefore|leaves?|ha[sd]|have|owes?)|'s)\s{0,2}"
    r"(?P<minus>minus|menos|moins)|\b(?P<negative>negative)) $|(?P<sign>[负負]|マイナス)$"
)
_MINUS_ENDS = frozenset(
    "sSſeE负負ド"
)  # the last letter of each: to look for them takes half the time of a number
# A minus behind one of these is an operator, a hyphen or the mark of a list.
_SUBTRACTED_FROM = re.compile(r"(?:[0-9)%}]|[0-9]\$) *\Z|(?:[^\W\d\u0e00-\U0010ffff]|-)\Z")
# Letters and indices; from U+0E00 on stand the scripts that put no space between a word and a number.
_GLUED = re.compile("(?:[^\\W\\d_xX\u0e00-\U0010ffff]|[_^]\\{?)\\Z")
_MARK_AFTER = re.compile(rf"[.)]\s{{1,4}}[^\W\d_]|[.)]\s{{0,4}}{BOLD}|[.)]\s{{1,4}}[$(\\0-9]")
_MARK_BEFORE = re.compile(rf"(?:^|\n)[ \t>*#({BOLD}-]{{0,12}}$")


def numbers(text: str, start: int = 0, end: int | None = None) -> Iterator[Number]:
    """Every number between start and end of a tidy text, in order; not the 2 of m^2 and x2, and no list's '1.'."""
    for found in _NUMBER.finditer(text, start, len(text) if end is None else end):
        value = _value(found)
        if value is None or _is_no_number(text, found):
            continue
        begin, stop = found.start(), found.end()
        scale = _SCALE.match(text, stop, stop + 12)
        others: tuple[Fraction, ...] = ()
        if scale and (scale[1] or scale[2] not in "kK" or "$" in found["lead"]):
            others = (value,)
            value *= (SCALES | SHORT_SCALES)[(scale[1] or scale[2]).lower()]
            stop = scale.end()
        elif found["digits"] and _THOUSANDS.fullmatch(found["digits"]):
            others = (value * 1000,)  # 65.960, as half of Europe writes it
        negative = "-" in found["lead"] and not _SUBTRACTED_FROM.search(text, max(0, begin - 4), begin)
        before = text[max(0, begin - 3) : begin].rstrip()[-1:]
        if before in _MINUS_ENDS and (word := MINUS_WORD.search(text, max(0, begin - 20), begin)):
            negative, begin = True, word.start(str(word.lastgroup))
        if negative:
            value, others = -value, tuple(-other for other in others)
        yield Number(value, begin, stop, others)


def _value(found: re.Match[str]) -> Fraction | None:
    if found["mixed"]:
        whole, above, below = (int(found[name]) for name in ("mixed", "above", "below"))
        if below == 0:
            return Fraction(whole)
        # '5 9/3' is two numbers: the last counts
        return Fraction(above, below) + (whole if above < below else 0)
    digits = _in_python(found["digits"])
    whole_part, point, decimals = digits.partition(".")
    if len(whole_part) > LONGEST:
        return None
    # A model in a loop writes thirds without end.
    value = Fraction(f"{whole_part}{point}{decimals[:LONGEST]}") if decimals else Fraction(int(whole_part))
    if found["power"] is not None and found["base"] is not None:
        power = int(found["power"])
        return value**power if 0 <= power <= 64 and len(digits) <= 6 else None
    exponent = found["exponent"] or found["power"]
    if exponent is not None:
        ten = int(exponent)
        return value * Fraction(10) ** ten if abs(ten) <= 100 else None
    if found["minutes"] is not None and "." not in digits and value <= 24:
        return value + Fraction(int(found["minutes"]), 60)
    if found["over"] is not None and len(found["over"]) <= LONGEST:
        below_line = Fraction(found["over"].replace(",", ""))
        return value / below_line if below_line else value
    return value


def _in_python(digits: str) -> str:
    """The number as Python would write it. Commas group thousands (three, or the Indian two-two-three digits); one
    comma with one or two digits behind is a decimal comma; anything else between commas is a list, and its last
    counts."""
    if any(gap in digits for gap in " '_") or digits.count(".") > 1 or "," in digits.partition(".")[2]:
        whole, comma, cents = digits.partition(",")  # 1 000,50 and 1.234,56
        if not comma and digits.count(".") == 1:
            whole, _, cents = digits.partition(".")
        return re.sub(r"[ .'_]", "", whole) + (f".{cents}" if cents else "")
    plain, point, cents = digits.partition(".")
    first, *rest = plain.split(",")
    if not rest:
        return f"{plain or 0}{point}{cents}"
    if len(rest) == 1 and len(rest[0]) <= 2 and not cents:
        return f"{first}.{rest[0]}"
    grouped = len(rest[-1]) >= 3 and len(first) <= 3 and all(len(group) in (2, 3) for group in rest[:-1])
    return (first + "".join(rest) if grouped or len(rest) == 1 else rest[-1]) + point + cents


def _is_no_number(text: str, found: re.Match[str]) -> bool:
    """Is it glued to a letter or an index, or the mark of a list?"""
    start, digits, end = found.start(), found.end("lead"), found.end()
    if start == digits and _GLUED.search(text, max(0, start - 2), start):
        return True
    marked = end - digits <= 2 and _MARK_AFTER.match(text, end)
    return bool(marked and _MARK_BEFORE.search(text[max(0, start - 14) : start]))
