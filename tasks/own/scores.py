"""How a user's own task is scored: number, choice, exact, contains, set, regex, or a judge.

    read_choice("The answer is (B).", ["6", "8"])       # 1

A response in which no answer can be read scores 0 and counts as unparsed.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from string import ascii_uppercase
from typing import Any, Literal

from proctor.common.json_lines import parse_json
from proctor.common.refusal import Refusal
from proctor.common.templates.bounded import rendered
from proctor.judges.judge import Judge
from proctor.judges.verdict import Item, JudgeVerdict
from proctor.tasks import numeric
from proctor.tasks.number import read_number
from proctor.tasks.score import ResponseScore

JUDGE = "judge:"
LONGEST = 20_000  # letters of a response that a pattern is looked for in
_RUN = re.compile(r"\d(?:[\d.,/:^'’ ]*\d)?")  # digits that may be one number
Gold = dict[str, Any]  # fields of an item: `answer` as shots show it, `target`, and what the score needs


@dataclass(frozen=True)
class Way:
    kind: Literal["binary", "real", "counts"]
    headline: str
    score: Callable[[Mapping[str, Any], str, str], ResponseScore]  # of an item and a response, by a pattern


def as_list(value: Any) -> list[str]:
    """A list, the JSON of one, or text with a separator: what a field of a CSV can hold."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = parse_json(value)
        except ValueError:
            value = value.strip().strip("[]")
    if isinstance(value, str):
        value = value.split(next(filter(value.__contains__, "|\n;,"), "|"))
    if not isinstance(value, list):
        value = [value]
    texts = (str(each).strip().strip("\"'`").lstrip("-*• ").strip() for each in value)
    return list(filter(None, texts))


def plain(text: str) -> str:
    """Text as answers are compared: without case, runs of white space, or a full stop at its end."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split()).rstrip(".。").strip()


def last_match(pattern: str, text: str, where: str = "") -> str:
    """What the first group of the last match holds, or the whole match; "" where nothing matches."""
    reply = rendered({"pattern": pattern, "text": text})
    if "problem" in reply:
        raise Refusal(f"pattern: {reply['problem']}", remedy="write a simpler one", where=where)
    return str(reply["text"])


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
        listed = value
        if score == "set":
            listed = as_list(value)
        elif not isinstance(value, list):
            listed = [value]
        texts = list(map(text_of, listed))
        if not score.startswith(JUDGE) and not (texts and all(map(plain, texts))):
            raise Refusal(f"row {number} has no {field!r}", "an item without a right answer cannot be scored")
        if any(isinstance(each, Mapping) for each in listed):
            raise Refusal(f"the {field!r} of row {number} is an object", f"it is {text_of(value)[:60]!r}")
        if score == "number" and (len(texts) != 1 or not is_number(texts[0])):
            raise Refusal(f"the {field!r} of row {number} is no number", f"it is {text_of(value)[:60]!r}")
        gold: Gold = {"answer": texts[0]}
        if score == "set":
            gold["answer"] = json.dumps(texts, ensure_ascii=False)
        if score != "number":
            gold["right"] = texts
        golds.append(gold)
    return golds


def is_number(text: str) -> bool:
    """Whether a right answer is one number: no date, no range, no 3 m 20 cm, and no root."""
    reading = read_number(text)
    if reading is None:
        return False
    return reading.rule != "last number" or (len(_RUN.findall(text)) < 2 and not set(text) & set("√π"))


def text_of(value: Any) -> str:
    if value is None or value != value:  # a table's gap in a column of numbers
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # a column of numbers with a gap in it comes as floats
    return str(value).strip()


def _gold_choices(
    rows: Sequence[Mapping[str, Any]], field: str, choices_of: Callable[[Mapping[str, Any], int], list[str]]
) -> list[Gold]:
    """The answer is a choice's text or its letter; or in all rows its number, from 0 or 1 as they together say."""
    texts = [text_of(row[field]) for row in rows]
    listed = [choices_of(row, number) for number, row in enumerate(rows, 1)]
    places = list(map(_index, texts, listed))
    # "1" may be a choice's text by chance: a column that is no choice in one row counts them in all.
    if None in places and all(map(str.isdecimal, texts)):
        places = _counted(field, list(map(int, texts)), listed)
    golds = []
    for at, (choices, place) in enumerate(zip(listed, places, strict=True)):
        if place is None or not 0 <= place < len(choices):
            raise Refusal(
                f"the {field!r} of row {at + 1} is none of its choices", f"it is {texts[at][:60]!r}"
            )
        letter = ascii_uppercase[place]
        target = f"{letter}. {choices[place]}"
        golds.append({"answer": letter, "target": target, "choices": choices, "gold": place})
    return golds


def _counted(field: str, numbers: Sequence[int], listed: Sequence[Sequence[str]]) -> list[int | None]:
    first = int(0 not in numbers)
    if first and not any(number == len(choices) for number, choices in zip(numbers, listed, strict=True)):
        raise Refusal(
            f"whether {field!r} counts the choices from 0 or from 1 cannot be known", remedy="write letters"
        )
    return [number - first for number in numbers]


def _index(text: str, choices: Sequence[str]) -> int | None:
    texts = list(map(plain, choices))
    if texts.count(plain(text)) == 1:
        return texts.index(plain(text))
    letter = text.strip("().: ").upper()
    if len(letter) == 1 and letter in ascii_uppercase[: len(choices)]:
        return ascii_uppercase.index(letter)
    return None


_BEHIND = r"\s*(?:is|:|：|是|为)*\s*[\"'*(（\[]*([A-Z])(?![A-Za-z'’])"
_ANSWERED = re.compile(rf"(?:answer|答案)(?:选项|选择|选)?{_BEHIND}", re.IGNORECASE)
_CHOSEN = re.compile(rf"(?:choice|option|选项|选择|选){_BEHIND}", re.IGNORECASE)
_BARE = re.compile(r"\W*([A-Z])\W*", re.IGNORECASE)
_ALONE = re.compile(r"[\"'*(（\[\s]*([A-Z])[\"'*)）\]]*\s*(?:[.:;。：]|[,、](?!\s*[A-Z]\b)|$|\n)")
_MARKED = re.compile(r"[(（]([A-Z])[)）]|\*\*([A-Z])\*\*|\\boxed\{\s*([A-Z])\s*\}")


def read_choice(response: str, choices: Sequence[str]) -> int | None:
    """The choice that a response names: as its answer, by nothing but the letter, as the one that it chose, at its
    beginning, marked, or by its text alone.
    """
    response = unicodedata.normalize("NFKC", response)
    answered = list(filter(str.isupper, _ANSWERED.findall(response)))
    if answered:
        return _of_letters(answered[-1:], choices)
    bare = _BARE.fullmatch(response)
    if bare:
        return _of_letters([bare[1].upper()], choices)
    alone = _ALONE.match(response)
    if alone:
        return _of_letters([alone[1]], choices)
    chosen = list(filter(str.isupper, _CHOSEN.findall(response)))
    if chosen:  # several are weighed, and none of them is the answer
        return _of_letters(chosen, choices)
    marked = [match[match.lastindex or 0] for match in _MARKED.finditer(response)]
    if marked:
        return _of_letters(marked, choices)
    text, texts = plain(response), list(map(plain, choices))
    there = {index for index, choice in enumerate(texts) if holds(text, choice)}
    inside = set()  # "12" stands in "12 apples" too: the longer choice is what was said
    for index, other in permutations(there, 2):
        if holds(texts[other], texts[index]):
            inside.add(index)
    return _only(there - inside, choices)


def _of_letters(letters: Sequence[str], choices: Sequence[str]) -> int | None:
    return _only(set(map(ascii_uppercase.index, letters)), choices)


def _only(places: set[int], choices: Sequence[str]) -> int | None:
    """The place that is the only one, and is a choice's."""
    if len(places) == 1 and max(places) < len(choices):
        return max(places)
    return None


def holds(text: str, part: str) -> bool:
    """Whether a text holds a part as whole words: no 'no' in 'know'. Chinese has no spaces to look for."""
    pattern = re.escape(part)
    if part[:1].isascii() and part[:1].isalnum():
        pattern = r"(?<![^\W_])" + pattern
    if part[-1:].isascii() and part[-1:].isalnum():
        pattern += r"(?![^\W_])"
    return bool(part) and re.search(pattern, text) is not None


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
    answer = last_match(pattern, response[-LONGEST:], f"the response to {doc['id']}")
    if not answer:
        return ResponseScore("", 0.0, {}, False, f"Nothing matches; right is {' or '.join(doc['right'])}.")
    return _exact(doc, answer, pattern)


def _set(doc: Mapping[str, Any], response: str, pattern: str) -> ResponseScore:
    """The names in the response's list, wherever in it that stands, against the right ones."""
    text = response[:LONGEST]
    listed = [text, *re.findall(r"\[[^\[\]]*\]", text)]
    said = {plain(each): each for each in as_list(listed[-1])}
    right = {plain(each) for each in doc["right"]}
    hits = len(right & said.keys())
    metrics = {"tp": float(hits), "fp": float(len(said) - hits), "fn": float(len(right) - hits)}
    f1 = 2 * hits / (len(said) + len(right))
    why = f"Right are {', '.join(doc['right'])}."
    if not said:
        return ResponseScore("", f1, metrics, False, why)
    return ResponseScore(json.dumps(list(said.values()), ensure_ascii=False), f1, metrics, True, why)


WAYS: Mapping[str, Way] = {
    "number": Way("binary", "accuracy", lambda doc, response, _: numeric.score(doc, response)),
    "choice": Way("binary", "accuracy", _choice),
    "exact": Way("binary", "exact match", _exact),
    "contains": Way("binary", "share that contains it", _contains),
    "set": Way("counts", "micro F1", _set),
    "regex": Way("binary", "match", _regex),
    JUDGE: Way("real", "mean score", _exact),  # scored by from_verdicts
}


def items(doc: Mapping[str, Any], response: str) -> list[Item]:
    """What a judge is given: what was asked, with the right answer where the task has one, and the response."""
    asked = str(doc["prompt"])
    if right := [text for text in doc.get("right", ()) if text]:
        asked += f"\n\nA right answer: {' or '.join(right)}"
    return [Item(str(doc["id"]), asked, response, None)]


def from_verdicts(
    judge: Judge, verdicts: Sequence[JudgeVerdict], doc: Mapping[str, Any], response: str
) -> ResponseScore:
    """An empty response is the model's failure and scores 0, or the scale's lowest value where that is less."""
    (verdict,) = verdicts
    if not verdict.parsed or verdict.overall is None:
        return ResponseScore("", float(min(0, judge.scale.lowest)), {}, False, verdict.explanation)
    answer, overall = " ".join(response.split())[:200], round(verdict.overall, 4)
    return ResponseScore(answer, overall, dict(verdict.scores), True, verdict.explanation)
