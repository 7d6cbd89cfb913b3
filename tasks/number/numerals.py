"""How a number is written: digits, groups, signs, fractions, scale words, as models write them.

`tidy` brings the many ways of one sign (LaTeX, full-width digits, six kinds of minus and of space) to one; `numbers`
finds every number of a tidy text. All patterns run in linear time, and a number too long to be meant is skipped.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

BOLD = "\x02"  # stands where ** stood, so that no pattern takes it for a power or a product
LONGEST = 60  # digits of a number; Python's own limit for int() is 4,300, far beyond any answer
_HIGHEST = 100  # power of ten


@dataclass(frozen=True)
class Number:
    value: Fraction
    start: int
    end: int
    others: tuple[Fraction, ...] = ()  # of '26 billion' the 26, of 65.960 the 65960: what was asked decides


_DIGIT_ROWS = (0xFF10, 0x0660, 0x06F0, 0x0966, 0x09E6)  # full-width, Arabic, Persian, Devanagari, Bengali
_PLAIN = {row + digit: str(digit) for row in _DIGIT_ROWS for digit in range(10)}
_PLAIN |= str.maketrans(
    "−‐‑‒–﹣－，．：＝＋％＄（）＃？＊／×·⋅∙÷⁄∕’≈≃≅⇒→", "-------,.:=+%$()#?*/****///'====="
)
_PLAIN |= str.maketrans(
    dict.fromkeys("\xa0\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u3000", " ")
)
_PLAIN |= str.maketrans(dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad\x02", ""))
_PLAIN |= str.maketrans({"—": " — ", "。": ". ", "！": "! ", "；": "; "})
_FRACTIONS = "½1/2 ¼1/4 ¾3/4 ⅓1/3 ⅔2/3 ⅕1/5 ⅖2/5 ⅗3/5 ⅘4/5 ⅙1/6 ⅚5/6 ⅛1/8 ⅜3/8 ⅝5/8 ⅞7/8"
_PLAIN |= {ord(sign): f" {''.join(plain)} " for sign, *plain in _FRACTIONS.split()}
_POWER = re.compile(r"(?<=[0-9)])[⁰¹²³⁴⁵⁶⁷⁸⁹](?![⁰¹²³⁴⁵⁶⁷⁸⁹])")  # of a number; m² stays a unit
_FRACTION = re.compile(r"\\[dtc]?frac\s{0,3}\{([^{}\n]{0,60})\}\s{0,3}\{([^{}\n]{0,60})\}")
_WHOLE = re.compile(r"\s{0,2}-?[$]?[0-9][0-9,.]*\s{0,2}")
_LATEX = (
    (re.compile(r"\\(?:text[a-z]{0,2}|math[a-z]{2}|mbox|operatorname)\s{0,3}\{([^{}\n]{0,200})\}"), r" \1 "),
    (re.compile(r"(?<=[0-9])(?:\{,\}|\\[,!;: ]\s{0,2}|,\\!|~)(?=[0-9]{3})"), ","),
    (re.compile(r"\\(?:times|cdot|ast)(?![a-z])"), "*"),
    (re.compile(r"\\div(?![a-z])"), "/"),
    (re.compile(r"\\(?:approx|simeq|approxeq)(?![a-z])"), "="),
    (re.compile(r"\\(?:left|right|displaystyle|quad|qquad|implies|Rightarrow|rightarrow|to)(?![a-z])"), " "),
    (re.compile(r"\\[()\[\],;:! ]"), " "),
    (re.compile(r"\\([$%#&_])"), r"\1"),
    (re.compile(r"\\[dtc]?frac\s?([0-9])([0-9])"), r" \1/\2 "),
)
_LOOSE_GROUP = re.compile(r"(?<=[0-9]), 000(?![0-9])")  # 168, 000


def tidy(text: str) -> str:
    """The text with one sign for each thing; `\\boxed{` is kept, since it marks an answer."""
    if text.isascii():
        text = text.replace(BOLD, "")
    else:
        text = _POWER.sub(lambda power: f"^{'⁰¹²³⁴⁵⁶⁷⁸⁹'.index(power[0])}", text.translate(_PLAIN))
    if "\\" in text:
        for pattern, plain in _LATEX:
            text = pattern.sub(plain, text)
        text = _FRACTION.sub(_one_line, text)
    return _LOOSE_GROUP.sub(",000", text).replace("**", BOLD)


def _one_line(fraction: re.Match[str]) -> str:
    above, below = fraction.groups()
    if _WHOLE.fullmatch(above) and _WHOLE.fullmatch(below):
        return f" {above.strip()}/{below.strip()} "
    return f" ({above})/({below}) "


_NUMBER = re.compile(
    r"""
    (?P<lead> -? (?:(?:US|CA|AU|A|C|HK|S)?[$£€¥₹][ ]?){0,3} -? )
    (?: (?P<mixed>[0-9]{1,15}) (?:[ ]{1,3}|[ ]and[ ])
        (?P<above>[0-9]{1,4})[ ]?/[ ]?(?P<below>[0-9]{1,4}) (?![0-9/])
      | (?P<spaced>[1-9][0-9]{0,2}(?:[ ][0-9]{3})+)
        (?: (?P<spaced_comma>,[0-9]{2})(?![0-9,]) | (?![0-9,/]|-[A-Za-z]) (?P<spaced_cents>\.[0-9]+)? )
      | (?P<dotted>[1-9][0-9]{0,2}(?:\.[0-9]{3})+) (?P<dotted_cents>,[0-9]{1,2}) (?![0-9])
      | (?P<dots>[1-9][0-9]{0,2}(?:\.[0-9]{3}){2,}) (?![0-9])
      | (?P<ticked>[1-9][0-9]{0,2}(?:['_][0-9]{3})+) (?![0-9])
      | (?P<plain>[0-9]+(?:,[0-9]+)*) (?P<cents>\.[0-9]+)?
      | (?P<point>(?<![A-Za-z])\.[0-9]+)
    )
    (?: [eE](?P<exponent>[-+]?[0-9]{1,5})(?![0-9A-Za-z])
      | [ ]?(?:[*x][ ]?10|(?P<base>))[ ]?\^[ ]?[{(]?(?P<power>-?[0-9]{1,5})[})]?
      | :(?P<minutes>[0-5][0-9])(?![0-9:])
      | [ ]?/[ ]?(?P<over>[0-9]+(?:,[0-9]{3})*(?:\.[0-9]+)?)(?![0-9]*/)
    )?
    """,
    re.VERBOSE,
)
_THOUSANDS = re.compile(r"[1-9][0-9]{0,2}\.[0-9]{3}")
_SCALE = re.compile(r" ?(hundred|thousand|million|billion|trillion)s?\b|(k)\b", re.IGNORECASE)
_SCALES = {
    "hundred": 100,
    "thousand": 1000,
    "k": 1000,
    "million": 10**6,
    "billion": 10**9,
    "trillion": 10**12,
}
# 'minus 7', but not '20 minus 7'.
_MINUS_WORD = re.compile(
    rf"(?:(?:^|[\n=:,.#{{(>{BOLD}]|\b(?:is|are|was|be|to|of|at|gives?|gets?|equals?|reach(?:es)?|about))\s{{0,2}}"
    r"(?P<minus>minus)|\b(?P<negative>negative)) $",
    re.IGNORECASE,
)
_NO_SPACES = "\u0e00"  # from here on stand the scripts that put no space between a word and a number
_MARK_AFTER = re.compile(rf"[.)]\s{{1,4}}[^\W\d_]|[.)]\s{{0,4}}{BOLD}|[.)]\s{{1,4}}[$(\\]")
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
        if scale and (scale[1] or "$" in found["lead"]):
            others = (value,)
            value *= _SCALES[(scale[1] or scale[2]).lower()]
            stop = scale.end()
        elif found["cents"] and _THOUSANDS.fullmatch(found["plain"] + found["cents"]):
            others = (value * 1000,)  # 65.960, as half of Europe writes it
        negative = "-" in found["lead"] and _is_sign(text, begin)
        if word := _MINUS_WORD.search(text, max(0, begin - 20), begin):
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
    digits = _digits(found)
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
        return value * Fraction(10) ** ten if abs(ten) <= _HIGHEST else None
    if found["minutes"] is not None and "." not in digits and value <= 24:
        return value + Fraction(int(found["minutes"]), 60)
    if found["over"] is not None and len(found["over"]) <= LONGEST:
        below_line = Fraction(found["over"].replace(",", ""))
        return value / below_line if below_line else value
    return value


def _digits(found: re.Match[str]) -> str:
    """The number as Python would write it. Commas group thousands (three, or the Indian two-two-three digits); one
    comma with one or two digits behind is a decimal comma; anything else between commas is a list, and its last
    counts."""
    plain = found["plain"]
    if plain is None:
        if found["point"]:
            return "0" + found["point"]
        if found["dotted"]:
            return found["dotted"].replace(".", "") + found["dotted_cents"].replace(",", ".")
        whole: str = found["spaced"] or found["dots"] or found["ticked"]
        cents = found["spaced_cents"] or (found["spaced_comma"] or "").replace(",", ".")
        return re.sub(r"[ .'_]", "", whole) + cents
    cents = found["cents"] or ""
    if "," not in plain:
        return plain + cents
    first, *rest = plain.split(",")
    if len(rest) == 1 and len(rest[0]) <= 2 and not cents:
        return f"{first}.{rest[0]}"
    if len(rest) == 1 or (
        len(rest[-1]) >= 3 and len(first) <= 3 and all(len(group) in (2, 3) for group in rest[:-1])
    ):
        return first + "".join(rest) + cents
    return rest[-1] + cents


def _is_sign(text: str, at: int) -> bool:
    """A minus is a sign, not an operator, a hyphen or a list mark, when nothing that could be subtracted from
    stands before it."""
    before = text[max(0, at - 4) : at]
    near = before.rstrip(" ")
    if not near:
        return True
    if near[-1].isdigit() or near[-1] in ")%}" or (near[-1] == "$" and near[-2:-1].isdigit()):
        return False
    return not (near == before and (near[-1].isalpha() or near[-1] in "_-"))


def _is_no_number(text: str, found: re.Match[str]) -> bool:
    """Is it glued to a letter or an index, or the mark of a list?"""
    start, digits, end = found.start(), found.end("lead"), found.end()
    before = text[digits - 1] if digits else ""
    if start == digits and before:
        if (before.isalpha() and before not in "xX" and before < _NO_SPACES) or before in "^_":
            return True
        if before == "{" and digits > 1 and text[digits - 2] in "^_":
            return True
    is_short = end - digits <= 2
    return bool(
        is_short and _MARK_AFTER.match(text, end) and _MARK_BEFORE.search(text[max(0, start - 14) : start])
    )
