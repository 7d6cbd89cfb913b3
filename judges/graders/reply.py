"""Reads a grader's reply: the last verdict in it that carries the tag of its request, or why there is none.

Whatever else looks like a verdict was quoted, recited or written by somebody else: the tag stands in no text that is
judged (see judges/prompt.py). Tolerant of what stands around a verdict, strict about the verdict: a score that is
missing, stands twice, lies off the scale, or is cut off gives no verdict at all. Never raises, whatever the reply.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from proctor.judges.verdict import ParsedReply

LONGEST = 100_000
TAG = "tag"  # the key under which a verdict carries the tag of its request
# What stands in the form that a grader is asked to fill in, for the reason of a score and of a choice.
REASON_OF_SCORE, REASON_OF_CHOICE = "one or two sentences", "two or three sentences"
_SCORE_KEYS = ("mark", "score", "level", "rating", "value", "grade")
_REASON_KEYS = ("reason", "why", "explanation", "rationale", "justification", "comment", "reasoning")
_CHOICE_KEYS = ("better", "winner", "verdict", "preference", "preferred", "choice")
_CHOICES = {
    "first": "first", "1": "first", "one": "first",
    "second": "second", "2": "second", "two": "second",
    "tie": "tie", "a_tie": "tie", "equal": "tie", "both": "tie", "neither": "tie", "draw": "tie", "same": "tie",
}  # fmt: skip
_NUMBER = re.compile(r"\s*([+-]?\d{1,9}(?:\.\d{1,9})?)\s*(?:(?:/|out of)\s*(\d{1,9}))?\s*")
_TWICE = object()


def read_scores(reply: str, dimensions: Sequence[str], levels: range, tag: str) -> ParsedReply:
    """The scores of the last verdict in the reply that carries the tag."""
    wanted = {plain(name): name for name in dimensions}
    verdict = _verdict(reply[:LONGEST], tag, lambda named: not named.keys().isdisjoint(wanted))
    if isinstance(verdict, ParsedReply):
        return verdict
    return _scores(verdict, wanted, levels)


def read_choice(reply: str, tag: str) -> ParsedReply:
    """Which of two the last verdict prefers that carries the tag: 'first', 'second' or 'tie'."""
    verdict = _verdict(reply[:LONGEST], tag, lambda named: _choice_in(named) is not None)
    if isinstance(verdict, ParsedReply):
        return verdict
    return _choice(_choice_in(verdict), _reason(verdict))


def _verdict(reply: str, tag: str, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any] | ParsedReply:
    """The last object with the tag, or within it, that fits; or the reply without a verdict."""
    objects, cut = objects_in(reply)
    if cut is not None and (tag in reply[cut:] or not objects):
        return ParsedReply(problem="the reply is half a JSON", reason="unreadable")
    tagged = next(_inside(objects, lambda named: str(named.get(TAG)) == tag), None)
    verdicts = list(_inside(tagged, fits))
    if len(verdicts) > 1:  # one of them may be the judged text's own, told again
        return ParsedReply(problem="the verdict holds several verdicts", reason="unreadable")
    if verdicts:
        return verdicts[0]
    shown = " ".join(reply.split())
    if not shown:
        return ParsedReply(problem="the reply is empty", reason="unreadable")
    if len(shown) > 80:
        shown = f"{shown[:80]}…"
    return ParsedReply(
        problem=f"no verdict in the reply {shown!r} has the request's tag", reason="unreadable"
    )


def plain(name: str) -> str:
    """A name as graders write it: 'Personalization' is 'personalisation', 'Detailed-actionable' is one too."""
    return re.sub(r"[\s_-]+", "_", name.strip().casefold()).replace("z", "s")


def _choice_in(verdict: dict[str, Any]) -> object:
    for key in _CHOICE_KEYS:
        if key in verdict and not isinstance(verdict[key], dict):
            return verdict[key]
    return None


def _choice(value: object, reason: str) -> ParsedReply:
    choice = _CHOICES.get(plain(str(value)).removeprefix("the_").removeprefix("plan_").removesuffix("_plan"))
    if choice is None:
        problem = f"{str(value)[:40]!r} is none of first, second and tie"
        return ParsedReply(problem=problem, reason="out of range")
    reasons = {}
    if reason:
        reasons["better"] = reason
    return _filled_in(ParsedReply(choice=choice, reasons=reasons))


def _scores(verdict: dict[str, Any], wanted: dict[str, str], levels: range) -> ParsedReply:
    scores, reasons = {}, {}
    for key, name in wanted.items():
        if key not in verdict:
            return ParsedReply(problem=f"the verdict has no score for {name!r}", reason="unreadable")
        value = verdict[key]
        if isinstance(value, dict):
            reason = _reason(value)
            if reason:
                reasons[name] = reason
            value = next((value[key] for key in _SCORE_KEYS if key in value), None)
        number = _number(value, levels)
        if number is None:
            shown = "given twice" if value is _TWICE else repr(value)[:40]
            problem = f"the score for {name!r} is {shown}, no number"
            return ParsedReply(problem=problem, reason="unreadable")
        if number not in levels:
            problem = f"{number:g} for {name!r} is not on the scale of {levels[0]} to {levels[-1]}"
            return ParsedReply(problem=problem, reason="out of range")
        scores[name] = float(number)
        beside = verdict.get(f"{key}_reason")
        if isinstance(beside, str) and beside.strip():
            reasons[name] = beside.strip()
    whole = _reason(verdict)
    if not reasons and whole:
        reasons[next(iter(scores))] = whole
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
    match = _NUMBER.fullmatch(str(value).replace("−", "-"))
    if not isinstance(value, str) or not match or int(match[2] or levels[-1]) != levels[-1]:
        return None
    return float(match[1])


def _reason(verdict: dict[str, Any]) -> str:
    for key in _REASON_KEYS:
        if isinstance(verdict.get(key), str):
            return str(verdict[key]).strip()
    return ""


def _inside(
    value: object, fits: Callable[[dict[str, Any]], bool], depth: int = 5
) -> Iterator[dict[str, Any]]:
    """The object, or those within it, that fit, from the last on; with plain names for keys."""
    if isinstance(value, dict):
        named = _pairs([(plain(key), each) for key, each in value.items()])
        if fits(named):
            for name, each in named.items():
                if isinstance(each, dict):
                    named[name] = {plain(inner): below for inner, below in each.items()}
            yield named
            return
        value = list(value.values())
    if isinstance(value, list | tuple) and depth:
        for each in reversed(value):
            yield from _inside(each, fits, depth - 1)


def objects_in(reply: str) -> tuple[list[dict[str, Any]], int | None]:
    """Every JSON object that stands in the reply outside of others, and where the last one begins if it is cut off."""
    objects: list[dict[str, Any]] = []
    for start, end, value in _decoded(re.sub(r",(\s{0,20}[}\]])", r"\1", reply)):
        if end is None:
            return objects, start
        objects.append(value)
    return objects, None


def _decoded(text: str) -> Iterator[tuple[int, int | None, Any]]:
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
        except RecursionError:  # asked again at each of its brackets it would take hundreds of times as long
            yield at, None, None
            return
        except ValueError:
            end = at + 1
        else:
            yield at, end, value
        at = text.find("{", end)


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A key that stands twice with two values has neither."""
    made: dict[str, Any] = {}
    for key, value in pairs:
        if made.setdefault(key, value) != value:
            value = _TWICE
        made[key] = value
    return made
