"""Reads multiple-choice questions out of text: a model's response, or the pages of an exam.

    read("1. Where does Ben live?\\nA. On a farm\\nB. In a town\\nC. At sea\\nD. In a cave\\nAnswer: B")
    # [ChoiceQuestion(stem='Where does Ben live?', options=('On a farm', ...), key='B', ...)]

Two forms are understood: JSON objects, and lines with a stem, marked options and a key, which may stand behind the
options, in brackets in front of the number, or in a list at the end. A key that is not clear is no key. Every pattern
looks at a bounded piece of text, so a response of any length is read in linear time.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from proctor.tasks.questions.keys import LETTERS, ROWS, WIDE, as_letter, key_list, read_key
from proctor.tasks.text import tidy

LONGEST = 30_000  # characters of a response that are read
MOST = 40  # questions of a response that are read


@dataclass(frozen=True)
class ChoiceQuestion:
    """`key` is one letter; empty where none is given, and 'AC' where two are."""

    stem: str
    options: tuple[str, ...]
    key: str
    evidence: str = ""
    number: str = ""
    before: str = ""  # what stands between the question before and this one: a heading, or a text to read
    start: int = 0  # where it stands in the text

    @property
    def words(self) -> str:
        """Stem and options."""
        return " ".join((self.stem, *self.options))


@dataclass(frozen=True)
class _Mark:
    """A sign that may begin an option: its style and its place in A, B, C, D."""

    style: str
    index: int
    start: int
    end: int


_MARK = re.compile(
    r"[(（\[【〔]\s{0,2}(?P<round>[A-Ha-hＡ-Ｈ])\s{0,2}[)）\]】〕]"
    r"|(?P<circled>[①-⑧])"
    r"|[(（]\s{0,2}(?P<digit>[1-8１-８])\s{0,2}[)）]"
    r"|(?:(?<=\s)|(?<=\A)|(?<=\*))(?P<plain>[A-Ha-hＡ-Ｈ])\s?[.)．、:：）](?![A-Za-z]\.)"
    r"|(?P<stem>[甲乙丙丁])\s?[.．、](?!\s?[甲乙丙丁])"
)
_BRACKET = r"[(（\[【〔][ \u3000]{0,8}(?P<key>[A-Ha-hＡ-Ｈ①-⑧1-4]?)[ \u3000]{0,8}[)）\]】〕]"
_NUMBER = re.compile(
    rf"(?m)^[ \t\u3000>#*_]{{0,8}}(?:{_BRACKET}[ \t]{{0,4}})?(?:Question|Q|題目|第)?[ \t]{{0,2}}"
    r"(?P<number>[0-9０-９]{1,3}|[一二三四五六七八九十]{1,3}(?=[、題：:]))[ \t]{0,2}"
    r"(?:題[.．、:：]?|[.．、:：)）](?![0-9]))"
    rf"[* \t]{{0,4}}(?:{_BRACKET.replace('key', 'later')})?"
)
_LABELS = {
    "key": r"(?:the )?(?:correct )?(?:answer|ans|key|option|choice)|(?:正確|參考|标准|標準)?(?:答案|解答|正解)|答",
    "evidence": r"(?:text )?evidence|proof|quote|(?:文中)?(?:依據|證據|依据|证据|出處)",
    "other": r"explanation|rationale|reason|why|解析|解說|說明|難易度|出題概念",
}
_LABEL = re.compile(
    r"(?im)^[ \t\u3000>#*_\-【\[（(]{0,8}(?:"
    + "|".join(f"(?P<{name}>{words})" for name, words in _LABELS.items())
    + r")(?:[ \t]?(?:is|為|是|[(（][^()（）\n]{1,20}[)）]))?[*_】\]]{0,3}[ \t]{0,3}"
    r"(?:[:：]|(?<=[】\]])|(?=[ \t]?[(（][A-Ha-hＡ-Ｈ1-4][)）]))[*_]{0,3}"
)
_PART = re.compile(  # of an exam
    r"(?im)^[ \t]*(?:(?:part|section) (?:[ivx]{1,4}|[0-9]{1,2}|[a-d]|one|two|three|four)\b"
    r"|(?:read|study|look at) (?:the|this) [^\n]{0,60}\bquestions?\b|questions? [0-9]{1,3} ?(?:[-–~]|to|and) ?[0-9])"
)
_ENDED = re.compile(r"\n[ \t\u3000]*\n")
_RIGHT = re.compile(
    r"\s{0,3}(?:[(（](?:correct(?: answer)?|right|正確(?:答案)?)[)）]|[✓✔✅])\s*", re.IGNORECASE
)


def read(response: str) -> list[ChoiceQuestion]:
    """The questions of a response, in order; empty when it holds none in a form we understand."""
    text = response.rpartition("</think>")[2][:LONGEST]
    return (_from_json(text) or from_text(text))[:MOST]


def from_text(text: str) -> list[ChoiceQuestion]:
    """The questions of a text of any length that has no JSON."""
    text, keys = key_list(text.replace("\r\n", "\n"))
    questions: list[ChoiceQuestion] = []
    marks, end, last = _option_marks(text), 0, ""
    for index, run in enumerate(marks):
        limit = len(text)
        if index + 1 < len(marks):
            limit = marks[index + 1][0].start
        question, end = _question(text, end, run, limit, last)
        questions.append(question)
        last = question.number
    return _with_keys(questions, keys)


def _option_marks(text: str) -> list[list[_Mark]]:
    """The marks of each question's options. A list of statements in a stem gives way to the options behind it."""
    runs: list[dict[int, _Mark]] = []
    bracketed = set()  # keys in brackets beside the number of a question
    for number in _NUMBER.finditer(text):
        bracketed.update({number.start("key") - 1, number.start("later") - 1})
    labelled = 0  # where the line of a label ends: '(A), (C)' in it are no options
    for found in _MARK.finditer(text):
        line = text.rfind("\n", 0, found.start()) + 1
        if line >= labelled and _LABEL.match(text, line, found.end()):
            labelled = (text.find("\n", found.end()) + 1 or len(text) + 1) - 1
        style = str(found.lastgroup)
        if found.start() < labelled or not bracketed.isdisjoint(range(found.start(), found.start(style))):
            continue
        sign = found[style].translate(WIDE)
        row = ROWS.get(style, LETTERS)
        if sign.upper() != sign:
            style += " small"
        mark = _Mark(style, row.index(sign.upper()), *found.span())
        if mark.index == 0:
            runs.append({0: mark})
            continue
        for run in reversed(runs[-3:]):
            if run[0].style == mark.style:
                run.setdefault(mark.index, mark)  # in any order: A and C on one line, B and D on the next
                break
    return _whole_runs(text, list(map(_without_gaps, runs)))


def _whole_runs(text: str, runs: list[list[_Mark]]) -> list[list[_Mark]]:
    kept: list[list[_Mark]] = []
    for run in runs:
        # Two letters may be all the options there are; '(1)' and '(2)' in a row are mostly something else.
        if len(run) < 2 + (run[0].style in ROWS):
            continue
        if kept and run[0].start < kept[-1][-1].end:
            # Marks inside another run: '(A) ①② (B) ②③' is about statements.
            if run[0].start > kept[-1][0].start:
                continue
            kept.pop()
        elif kept and kept[-1][0].style in ("circled", "digit", "stem") and run[0].style not in ROWS:
            between = text[kept[-1][-1].end : run[0].start]
            if not _NUMBER.search(between) and not _LABEL.search(between):
                kept.pop()
        kept.append(run)
    return kept


def _without_gaps(run: dict[int, _Mark]) -> list[_Mark]:
    """A, B, C and D of A, B, C, D and G, as they stand in the text."""
    size = 0
    while size in run:
        size += 1
    return [mark for mark in run.values() if mark.index < size]


def _question(text: str, begin: int, run: list[_Mark], limit: int, last: str) -> tuple[ChoiceQuestion, int]:
    """The question with these options, and where what belongs to it ends."""
    chunk = text[begin : run[0].start]
    number, named, bracket = None, "", ""
    for number in _NUMBER.finditer(chunk):
        if last.isdigit() and number["number"] == str(int(last) + 1):
            break  # else the last one before the options
    if number:
        stem, before = chunk[number.end() :], chunk[: number.start()]
        start = begin + number.start()
        named, bracket = number["number"], number["key"] or number["later"] or ""
    else:
        before, _, stem = chunk.rstrip().rpartition("\n\n")
        start = run[0].start - len(chunk.lstrip("\n"))
    end, labels = _end_of(text, run[-1].end, limit)
    borders = [mark.start for mark in run[1:]] + [end]
    options, right = [""] * len(run), ""
    for mark, border in zip(run, borders, strict=True):
        option, ticked = _RIGHT.subn(" ", text[mark.end : border])
        options[mark.index] = tidy(option)
        right += LETTERS[mark.index] * (ticked > 0)
    if "key" in labels:
        key = read_key(labels["key"], options)
    else:
        key = right or read_key(f"({bracket})", options)
    if labels:
        end = int(labels["end"])
    evidence = tidy(labels.get("evidence", "")).strip(" \"'“”‘’「」『』")
    return ChoiceQuestion(tidy(stem), tuple(options), key, evidence, named, before.strip(), start), end


def _end_of(text: str, start: int, limit: int) -> tuple[int, dict[str, str]]:
    """Where the last option ends, and what the labelled lines behind it say."""
    end = _first_end(text, start, limit)
    labels: dict[str, str] = {}
    at = end
    while True:
        while at < limit and text[at] in " \t\n\u3000*_-":
            at += 1
        line = text.rfind("\n", 0, at) + 1  # a label begins its line
        found = _LABEL.match(text, line, limit)
        if not found or found.end() <= at:
            return end, labels
        stop = _first_end(text, found.end(), limit)
        labels.setdefault(str(found.lastgroup), text[found.end() : stop])
        labels["end"] = str(stop)
        at = stop


def _first_end(text: str, start: int, limit: int) -> int:
    """Where the next question, a label, a part or an empty line begins; the limit where none does."""
    for pattern in (_NUMBER, _LABEL, _PART, _ENDED):
        found = pattern.search(text, start, limit)
        if found:
            limit = found.start()
    return limit


def index_of_mark(text: str) -> int | None:
    """0 where a text begins with the mark of a first option, 1 of a second; None where it begins with none."""
    found = _MARK.match(text)
    if found is None:
        return None
    return LETTERS.index(as_letter(found[str(found.lastgroup)]))


def begins_question(line: str) -> bool:
    return bool(_NUMBER.match(line))


def begins_label(line: str) -> bool:
    """Whether a line says of itself that it is a key, evidence or an explanation."""
    return bool(_LABEL.match(line))


def _with_keys(questions: list[ChoiceQuestion], keys: dict[str, list[str]]) -> list[ChoiceQuestion]:
    """Keys of a list go to their numbers, part by part; where the parts do not match, nobody gets one."""
    numbered: dict[str, list[int]] = defaultdict(list)
    for at, question in enumerate(questions):
        numbered[question.number].append(at)
    keyed = list(questions)
    for number, places in numbered.items():
        letters = keys.get(number, [])
        if number and len(letters) == len(places):
            for at, letter in zip(places, letters, strict=True):
                if not keyed[at].key:
                    keyed[at] = replace(keyed[at], key=letter)
    return keyed


_STEM_KEYS = ("question", "stem", "prompt", "題目", "題幹", "问题", "題干")
_OPTION_KEYS = ("options", "choices", "選項", "选项")
_KEY_KEYS = ("answer", "key", "correct_answer", "correct", "correct_option", "答案", "正確答案", "正解")
_EVIDENCE_KEYS = ("evidence", "quote", "proof", "依據", "證據", "文中依據", "依据")


def _from_json(text: str) -> list[ChoiceQuestion]:
    """Every object that has a stem. An outer object or list that is cut off does not hide the whole ones in it."""
    questions: list[ChoiceQuestion] = []
    decoder = json.JSONDecoder()
    at, tries = text.find("{"), 0
    while at >= 0 and tries < 200:
        tries += 1
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            end = at + 1
        else:
            questions += _in_object(value, at, 0)
        at = text.find("{", end)
    return questions


def _in_object(value: Any, start: int, depth: int) -> Iterator[ChoiceQuestion]:
    if isinstance(value, list) and depth < 5:
        for each in value:
            yield from _in_object(each, start, depth + 1)
    if not isinstance(value, dict) or depth >= 5:
        return
    fields = {str(name).strip().casefold(): each for name, each in value.items()}
    stem = _first(fields, _STEM_KEYS)
    if not isinstance(stem, str):
        for each in fields.values():
            yield from _in_object(each, start, depth + 1)
        return
    options = _first(fields, _OPTION_KEYS) or {name: fields[name] for name in "abcde" if name in fields}
    if isinstance(options, dict):
        options = [options[name] for name in sorted(options, key=str)]
    texts = []
    if isinstance(options, list):
        texts = list(map(tidy, map(_without_mark, options, count())))
    evidence = _first(fields, _EVIDENCE_KEYS)
    if not isinstance(evidence, str):
        evidence = ""
    key = read_key(_first(fields, _KEY_KEYS), texts)
    stem = tidy(_NUMBER.sub("", stem, count=1))
    yield ChoiceQuestion(stem, tuple(texts), key, tidy(evidence), start=start)


def _without_mark(option: Any, index: int) -> str:
    """'B. On a farm' without its letter."""
    if isinstance(option, dict):
        option = _first(option, ("text", "option", "content", "內容"))
    if not isinstance(option, str | int | float) or isinstance(option, bool):
        return ""
    text = str(option)
    mark = _MARK.match(text)
    if mark and as_letter(mark[str(mark.lastgroup)]) == LETTERS[index : index + 1]:
        return text[mark.end() :]
    return text


def _first(fields: dict[str, Any], names: tuple[str, ...]) -> Any:
    """What stands under the first of the names that there are."""
    return next(map(fields.get, filter(fields.__contains__, names)), None)
