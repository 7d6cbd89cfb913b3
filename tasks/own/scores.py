"""How a user's own task is scored: number, choice, exact, contains, set, regex, or a judge.

    read_choice("The answer is (B).", ["6", "8"])       # 1

A response in which no answer can be read scores 0 and counts as unparsed.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import ascii_uppercase
from typing import Any, Literal

from proctor.common.refusal import Refusal
from proctor.judges import scoring
from proctor.judges.graders.asking import Progress
from proctor.judges.graders.grader import Grader
from proctor.judges.judge import Judge
from proctor.judges.panel import Panel
from proctor.judges.verdict import Item, JudgeVerdict
from proctor.tasks import numeric
from proctor.tasks.number import read_number
from proctor.tasks.score import ResponseScore

JUDGE = "judge:"
LONGEST = 20_000  # letters of a response that a pattern is looked for in
Gold = dict[str, Any]  # fields of an item: `answer` as shots show it, `target`, and what the score needs


@dataclass(frozen=True)
class Way:
    kind: Literal["binary", "real", "counts"]
    headline: str
    score: Callable[[Mapping[str, Any], str, str], ResponseScore]  # of an item and a response, by a pattern


def letters(choices: Sequence[str]) -> list[tuple[str, str]]:
    return list(zip(ascii_uppercase, choices, strict=False))


def as_list(value: Any) -> list[str]:
    """A list, the JSON of one, or text with a separator: what a field of a CSV can hold."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            value = value.strip().strip("[]")
    if isinstance(value, str):
        separator = next((sign for sign in ("|", "\n", ";", ",") if sign in value), None)
        value = value.split(separator) if separator else [value]
    if not isinstance(value, list):
        value = [value]
    return [text for each in value if (text := str(each).strip().strip("\"'`").lstrip("-*• ").strip())]


def plain(text: str) -> str:
    """Text as answers are compared: without case, runs of white space, or a full stop at its end."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split()).rstrip(".。").strip()


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as broken:
        raise Refusal(f"pattern: {broken}") from None


def gold_of(
    score: str, field: str, rows: Sequence[Mapping[str, Any]],
    choices_of: Callable[[Mapping[str, Any], int], list[str]],
) -> list[Gold]:  # fmt: skip
    """The right answer of each row, checked: one that nobody could give is refused before anybody is asked."""
    if score == "choice":
        return _gold_choices(rows, field, choices_of)
    golds = []
    for number, row in enumerate(rows, 1):
        value = row.get(field, "")
        listed = as_list(value) if score == "set" else value if isinstance(value, list) else [value]
        texts = [_text(each) for each in listed]
        by_judge = score.startswith(JUDGE)
        if not by_judge and (not texts or not all(plain(text) for text in texts)):
            raise Refusal(f"row {number} has no {field!r}", "an item without a right answer cannot be scored")
        if score == "number" and (len(texts) != 1 or read_number(texts[0]) is None):
            raise Refusal(f"the {field!r} of row {number} is no number", f"it is {_text(value)[:60]!r}")
        shown = json.dumps(texts, ensure_ascii=False) if score == "set" else texts[0]
        golds.append({"answer": shown} | ({"right": texts} if score not in ("number",) else {}))
    return golds


def _text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # a column of numbers with a gap in it comes as floats
    return "" if value is None else str(value).strip()


def _gold_choices(
    rows: Sequence[Mapping[str, Any]], field: str, choices_of: Callable[[Mapping[str, Any], int], list[str]]
) -> list[Gold]:
    """The answer is a choice's text, its letter, or its number, counted from 0 or 1 as all rows together say."""
    listed = [choices_of(row, number) for number, row in enumerate(rows, 1)]
    named = [_index(_text(row[field]), choices) for row, choices in zip(rows, listed, strict=True)]
    numbers = [
        (int(_text(row[field])), len(choices))
        for row, choices, index in zip(rows, listed, named, strict=True)
        if index is None and _text(row[field]).isdecimal()
    ]
    first = 0 if any(n == 0 for n, _ in numbers) else 1
    if numbers and first and not any(n == size for n, size in numbers):
        raise Refusal(
            f"whether {field!r} counts the choices from 0 or from 1 cannot be known", remedy="write letters"
        )
    golds = []
    for number, (row, choices, index) in enumerate(zip(rows, listed, named, strict=True), 1):
        text = _text(row[field])
        place = index if index is not None else int(text) - first if text.isdecimal() else -1
        if not 0 <= place < len(choices):
            raise Refusal(f"the {field!r} of row {number} is none of its choices", f"it is {text[:60]!r}")
        letter = ascii_uppercase[place]
        golds.append(
            {"answer": letter, "target": f"{letter}. {choices[place]}", "choices": choices, "gold": place}
        )
    return golds


def _index(text: str, choices: Sequence[str]) -> int | None:
    """The choice of this text, or of this letter."""
    same = [index for index, choice in enumerate(choices) if plain(choice) == plain(text)]
    if len(same) == 1:
        return same[0]
    letter = text.strip("().: ").upper()
    return (
        ascii_uppercase.index(letter)
        if len(letter) == 1 and letter in ascii_uppercase[: len(choices)]
        else None
    )


_NAMED = re.compile(
    r"(?:answer|choice|option|答案|选项|选择|选)\s*(?:is|:|：|是|为)*\s*[\"'*(（\[]*([A-Z])(?![A-Za-z'’])",
    re.IGNORECASE,
)
_ALONE = re.compile(r"[\"'*(（\[\s]*([A-Z])[\"'*)）\]]*\s*(?:[.:;。：]|[,、](?!\s*[A-Z]\b)|$|\n)")
_MARKED = re.compile(r"[(（]([A-Z])[)）]|\*\*([A-Z])\*\*|\\boxed\{\s*([A-Z])\s*\}")


def read_choice(response: str, choices: Sequence[str]) -> int | None:
    """The choice that a response names: behind a word for it, at its beginning, marked, or by its text alone."""
    named = [match[1].upper() for match in _NAMED.finditer(response) if match[1].isupper()]
    if named:
        return _of_letters(named[-1:], choices)
    alone = _ALONE.match(response)
    if alone:
        return _of_letters([alone[1]], choices)
    marked = [next(filter(None, match.groups())) for match in _MARKED.finditer(response)]
    if marked:
        return _of_letters(marked, choices)
    text = plain(response)
    there = [index for index, choice in enumerate(choices) if holds(text, plain(choice))]
    # "12" stands in "12 apples" too: the longer choice is what was said.
    longest = [
        index for index in there
        if not any(index != other and holds(plain(choices[other]), plain(choices[index])) for other in there)
    ]  # fmt: skip
    return longest[0] if len(longest) == 1 else None


def _of_letters(found: Sequence[str], choices: Sequence[str]) -> int | None:
    places = {ascii_uppercase.index(letter) for letter in found}
    place = places.pop()
    return place if not places and place < len(choices) else None


def holds(text: str, part: str) -> bool:
    """Whether a text holds a part as whole words: no 'no' in 'know'. Chinese has no spaces to look for."""
    before = r"(?<![^\W_])" if part[:1].isascii() and part[:1].isalnum() else ""
    after = r"(?![^\W_])" if part[-1:].isascii() and part[-1:].isalnum() else ""
    return bool(part) and re.search(before + re.escape(part) + after, text) is not None


def _number(doc: Mapping[str, Any], response: str, pattern: str) -> ResponseScore:
    return numeric.score(doc, response)


def _choice(doc: Mapping[str, Any], response: str, pattern: str) -> ResponseScore:
    place = read_choice(response[:LONGEST], doc["choices"])
    if place is None:
        return ResponseScore("", 0.0, {}, False, f"No choice could be read; right is {doc['target']}.")
    answer = f"{ascii_uppercase[place]}. {doc['choices'][place]}"
    return ResponseScore(answer, float(place == doc["gold"]), {}, True, f"Right is {doc['target']}.")


def _compared(answer: str, right: Sequence[str], fits: Callable[[str], bool]) -> ResponseScore:
    if not answer.strip():
        return ResponseScore("", 0.0, {}, False, "The response is empty.")
    return ResponseScore(answer, float(any(map(fits, right))), {}, True, f"Right is {' or '.join(right)}.")


def _exact(doc: Mapping[str, Any], response: str, pattern: str) -> ResponseScore:
    said = plain(response)
    return _compared(response.strip(), doc["right"], lambda right: plain(right) == said)


def _contains(doc: Mapping[str, Any], response: str, pattern: str) -> ResponseScore:
    said = plain(response)
    return _compared(response.strip(), doc["right"], lambda right: holds(said, plain(right)))


def _regex(doc: Mapping[str, Any], response: str, pattern: str) -> ResponseScore:
    """The last match: what a text says at its end is its answer."""
    matches = list(compiled(pattern).finditer(response[-LONGEST:]))
    groups = [(match[1] if match.re.groups else match[0]) or "" for match in matches]
    if not groups or not groups[-1].strip():
        return ResponseScore("", 0.0, {}, False, f"Nothing matches; right is {' or '.join(doc['right'])}.")
    said = plain(groups[-1])
    return _compared(groups[-1].strip(), doc["right"], lambda right: plain(right) == said)


def _set(doc: Mapping[str, Any], response: str, pattern: str) -> ResponseScore:
    """The names in the response's list, wherever in it that stands, against the right ones."""
    listed = re.findall(r"\[[^\[\]]*\]", response[:LONGEST])
    said = {plain(each): each for each in as_list(listed[-1] if listed else response[:LONGEST])}
    right = {plain(each) for each in doc["right"]}
    hits = len(right & set(said))
    metrics = {"tp": float(hits), "fp": float(len(said) - hits), "fn": float(len(right) - hits)}
    f1 = 2 * hits / (len(said) + len(right))
    answer = json.dumps(list(said.values()), ensure_ascii=False) if said else ""
    return ResponseScore(answer, f1, metrics, bool(said), f"Right are {', '.join(doc['right'])}.")


WAYS: Mapping[str, Way] = {
    "number": Way("binary", "accuracy", _number),
    "choice": Way("binary", "accuracy", _choice),
    "exact": Way("binary", "exact match", _exact),
    "contains": Way("binary", "share that contains it", _contains),
    "set": Way("counts", "micro F1", _set),
    "regex": Way("binary", "match", _regex),
    JUDGE: Way("real", "mean score", _exact),  # scored by score_all
}


def item(doc: Mapping[str, Any], response: str) -> Item:
    """What a judge is given: what was asked, with the right answer where the task has one, and the response."""
    right = [text for text in doc.get("right", ()) if text]
    asked = str(doc["prompt"]) + (f"\n\nA right answer: {' or '.join(right)}" if right else "")
    return Item(str(doc["id"]), asked, response, None)


def score_all(
    responses: Sequence[tuple[Mapping[str, Any], str]],
    judge: str,
    grader: Grader | Panel | None = None,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> list[tuple[ResponseScore | None, JudgeVerdict]]:
    """A score for each response and the verdict it comes from. Without a verdict the score is None; an empty response
    is the model's failure and scores 0, or the scale's lowest value where that is less.
    """
    loaded = Judge.load(judge)
    verdicts = scoring.score_all(
        loaded, [item(doc, text) for doc, text in responses], grader, cache, progress
    )
    nothing = float(min(0, loaded.scale.lowest))
    scored: list[tuple[ResponseScore | None, JudgeVerdict]] = []
    for (_, text), verdict in zip(responses, verdicts, strict=True):
        score = None
        if not verdict.problem and (not verdict.parsed or verdict.overall is None):
            score = ResponseScore("", nothing, {}, False, verdict.explanation)
        elif not verdict.problem and verdict.overall is not None:
            answer = " ".join(text.split())[:200]
            score = ResponseScore(
                answer, round(verdict.overall, 4), dict(verdict.scores), True, verdict.explanation
            )
        scored.append((score, verdict))
    return scored
