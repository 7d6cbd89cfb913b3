"""Reads a grader's reply: the last verdict in it, in JSON or in lines, or the reason why there is none.

Tolerant of what stands around a verdict, strict about the verdict: a score that is missing, stands twice, lies off the
scale, or is cut off gives no verdict at all. A JSON that stands word for word in the text being scored is a quotation.
Never raises, whatever the reply.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from proctor.judges.verdict import Reason

LONGEST = 100_000
# What stands in the form that a grader is asked to fill in, for the reason of a score and of a choice.
REASON_OF_SCORE, REASON_OF_CHOICE = "one or two sentences", "two or three sentences"
_SCORE_KEYS = ("mark", "score", "level", "rating", "value", "grade")
_REASON_KEYS = ("reason", "why", "explanation", "rationale", "justification", "comment", "reasoning")
_CHOICE_KEYS = ("better", "winner", "verdict", "preference", "preferred", "choice")
_CHOICES = {
    "first": "first", "1": "first", "a": "first", "one": "first",
    "second": "second", "2": "second", "b": "second", "two": "second",
    "tie": "tie", "equal": "tie", "both": "tie", "neither": "tie", "draw": "tie", "same": "tie",
}  # fmt: skip
_NUMBER = re.compile(r"\s*([+-]?\d{1,9}(?:\.\d{1,9})?)\s*(?:(?:/|out of)\s*(\d{1,9}))?\s*")
_CHOICE_LINE = re.compile(
    r"(?<![\"\w])(?:better|winner|verdict|preference|preferred|choice)[*_`]*\s{0,3}[:=][*_`\s]{0,6}(?:the )?(?:plan )?"
    r"(\w+)",
    re.I,
)
_TWICE = object()


@dataclass(frozen=True)
class ParsedReply:
    """`scores` by dimension, or `choice`; neither with a `problem`."""

    scores: dict[str, float] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    choice: str = ""
    problem: str = ""
    reason: Reason = ""


def read_scores(
    reply: str, dimensions: Sequence[str], levels: range, texts: Sequence[str] = ()
) -> ParsedReply:
    """The scores of the last verdict in the reply. `texts` are those that were scored."""
    wanted = {plain(name): name for name in dimensions}
    found, cut = _objects(reply[:LONGEST], texts)
    verdicts = [inner for each in found if (inner := _inside(each, set(wanted))) is not None]
    if verdicts:
        return _scores(verdicts[-1], wanted, levels)
    if cut:
        return ParsedReply(problem="the reply is half a JSON", reason="unreadable")
    lines = {name: _last_line(reply[:LONGEST], name, levels) for name in dimensions}
    if not any(value is not None for value in lines.values()):
        return _unreadable(reply)
    return _scores({plain(name): value for name, value in lines.items() if value is not None}, wanted, levels)


def read_choice(reply: str, texts: Sequence[str] = ()) -> ParsedReply:
    """Which of two the last verdict prefers: 'first', 'second' or 'tie'."""
    found, cut = _objects(reply[:LONGEST], texts)
    verdicts = [
        inner for each in found if (inner := _inside(each, set(_CHOICE_KEYS), leaves=True)) is not None
    ]
    if verdicts:
        key = next(
            key for key in _CHOICE_KEYS if key in verdicts[-1] and not isinstance(verdicts[-1][key], dict)
        )
        return _choice(verdicts[-1][key], _reason(verdicts[-1]))
    if cut:
        return ParsedReply(problem="the reply is half a JSON", reason="unreadable")
    lines = _CHOICE_LINE.findall(reply[:LONGEST])
    return _choice(lines[-1], "") if lines else _unreadable(reply)


def plain(name: str) -> str:
    """A name as graders write it: 'Personalization' is 'personalisation', 'Detailed-actionable' is one too."""
    return re.sub(r"[\s_-]+", "_", name.strip().casefold()).replace("z", "s")


def _unreadable(reply: str) -> ParsedReply:
    said = " ".join(reply.split())
    shown = f"{said[:80]}…" if len(said) > 80 else said
    return ParsedReply(
        problem=f"no verdict in the reply {shown!r}" if said else "the reply is empty", reason="unreadable"
    )


def _choice(value: object, reason: str) -> ParsedReply:
    said = plain(str(value)).removeprefix("the_").removeprefix("plan_").removesuffix("_plan")
    if said not in _CHOICES:
        return ParsedReply(
            problem=f"{str(value)[:40]!r} is none of first, second and tie", reason="out of range"
        )
    return _filled_in(ParsedReply(choice=_CHOICES[said], reasons={"better": reason} if reason else {}))


def _scores(given: dict[str, Any], wanted: dict[str, str], levels: range) -> ParsedReply:
    scores, reasons = {}, {}
    for key, name in wanted.items():
        if key not in given:
            return ParsedReply(problem=f"the verdict has no score for {name!r}", reason="unreadable")
        value = given[key]
        if isinstance(value, dict):
            if said := _reason(value):
                reasons[name] = said
            value = next((value[one] for one in _SCORE_KEYS if one in value), None)
        number = _number(value, levels)
        if number is None:
            return ParsedReply(
                problem=f"the score for {name!r} is {_shown(value)}, no number", reason="unreadable"
            )
        if number not in levels:
            shown = f"{number:g} for {name!r} is not on the scale of {levels[0]} to {levels[-1]}"
            return ParsedReply(problem=shown, reason="out of range")
        scores[name] = float(number)
        beside = given.get(f"{key}_reason")
        if isinstance(beside, str) and beside.strip():
            reasons[name] = beside.strip()
    if not reasons and (said := _reason(given)):
        reasons = {next(iter(wanted.values())): said}
    return _filled_in(ParsedReply(scores, reasons))


def _filled_in(read: ParsedReply) -> ParsedReply:
    """A form that comes back with our own words in the place of a reason was recited: its score was given by nobody."""
    for reason in read.reasons.values():
        if " ".join(re.findall(r"\w+", reason.casefold())) in (REASON_OF_SCORE, REASON_OF_CHOICE):
            return ParsedReply(problem=f"the reason is the form's own {reason[:40]!r}", reason="unreadable")
    return read


def _number(value: object, levels: range) -> float | None:
    """A whole number as a number or as text; None for anything that is not a number."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return float(value) if abs(value) < 1e15 else None
    if not isinstance(value, str) or not (match := _NUMBER.fullmatch(value.replace("−", "-"))):
        return None
    return None if match[2] and int(match[2]) != levels[-1] else float(match[1])


def _shown(value: object) -> str:
    return "given twice" if value is _TWICE else repr(value)[:40]


def _reason(given: dict[str, Any]) -> str:
    return next((given[key].strip() for key in _REASON_KEYS if isinstance(given.get(key), str)), "")


def _inside(value: object, keys: set[str], leaves: bool = False, depth: int = 4) -> dict[str, Any] | None:
    """The object, or the last one within it, that has one of the keys; with plain names for keys. With `leaves`
    a key counts only when no object stands behind it.
    """
    if isinstance(value, list | tuple) and depth:
        inner = [found for each in value if (found := _inside(each, keys, leaves, depth - 1)) is not None]
        return inner[-1] if inner else None
    if not isinstance(value, dict):
        return None
    named: dict[str, Any] = {}
    for key, each in value.items():
        named[plain(key)] = _TWICE if plain(key) in named and named[plain(key)] != each else each
    if any(key in named and not (leaves and isinstance(named[key], dict)) for key in keys):
        return {
            key: {plain(k): v for k, v in each.items()} if isinstance(each, dict) else each
            for key, each in named.items()
        }
    return _inside(list(value.values()), keys, leaves, depth) if depth else None


def _objects(reply: str, texts: Sequence[str]) -> tuple[list[object], bool]:
    """Every JSON object that stands in the reply outside of others, and whether the last one is cut off."""
    for text in (reply, re.sub(r",(\s{0,20}[}\]])", r"\1", reply)):
        pieces, cut = [], False
        for start, end, value in _decoded(text):
            if end is None:
                cut = True
                break
            pieces.append((text[start:end], value))
        if pieces or cut:
            break
    if cut:
        return [], True
    squeezed = ["".join(text.split()) for text in texts]
    return [
        value for raw, value in pieces if not any("".join(raw.split()) in text for text in squeezed)
    ], False


def _decoded(text: str) -> Iterator[tuple[int, int | None, object]]:
    """(start, end, object) of each object; an end of None when the text stops inside it."""
    decoder = json.JSONDecoder(object_pairs_hook=_pairs)
    whole, at, tries = len(text.rstrip("` \n\t")), text.find("{"), 0
    while at >= 0 and tries < 500:
        tries += 1
        try:
            value, end = decoder.raw_decode(text, at)
        except json.JSONDecodeError as broken:
            if broken.pos >= whole or broken.msg.startswith("Unterminated string"):
                yield at, None, None
                return
            end = at + 1
        except (RecursionError, ValueError):
            end = at + 1
        else:
            yield at, end, value
        at = text.find("{", end)


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A key that stands twice with two values has neither."""
    made: dict[str, Any] = {}
    for key, value in pairs:
        made[key] = _TWICE if key in made and made[key] != value else value
    return made


def _last_line(reply: str, name: str, levels: range) -> str | None:
    """The number in the last line that says 'name: number'; a recited 'name: 1 to 5' is none."""
    words = r"[\s_-]".join(re.escape(part) for part in re.split(r"[\s_-]+", name))
    pattern = re.compile(
        rf"(?<![\"\w]){words}[*_`]{{0,3}}(?:\s(?:mark|score|level|rating))?\s{{0,3}}[:=][*_`\s]{{0,6}}"
        r"([+\-−]?\d{1,9}(?:\.\d{1,9})?(?:\s?(?:/|out of)\s?\d{1,9})?)(?![\d.]*\d|\s?(?:to|or|-|–|,)\s?[-−+]?\d)",
        re.I,
    )
    found = pattern.findall(reply.replace("personaliz", "personalis").replace("Personaliz", "Personalis"))
    return found[-1] if found else None
