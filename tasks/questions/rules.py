"""What makes a question unusable, by rules: each flaw has a name and a sentence that says where it lies.

    flaws(question, doc)     # {'key': 'no letter of an option is named as the key'}

The rules know form, language and the passage; whether a question is worth asking they do not know.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from proctor.tasks.number import read_number
from proctor.tasks.number.numerals import tidy
from proctor.tasks.number.steps import evaluate
from proctor.tasks.questions.keys import LETTERS
from proctor.tasks.questions.reading import ChoiceQuestion
from proctor.tasks.text import (
    CHINESE,
    longest_run,
    pairs,
    share_of_chinese,
    similarity,
    simplified,
    stands_in,
    tokens,
)

Flaws = dict[str, str]

# Every flaw by its name, in the order in which they are looked for.
FLAWS = {
    "stem": "the stem asks nothing",
    "options": "not four options",
    "same_options": "two options are the same",
    "key": "no key, or more than one",
    "language": "not in the language that was asked for",
    "all_of_the_above": "an option is about the other options",
    "length": "an option stands out by its length",
    "copied": "only the key is copied from the passage",
    "in_stem": "the key stands in the stem",
    "parallel": "one option has another form than the three others",
    "evidence": "the evidence does not stand in the passage",
    "no_passage": "asks about a passage, and there is none",
    "off_topic": "names nothing of the topic",
    "wrong_key": "the key is not what the calculation gives",
    "repeated": "repeats a question before it",
    "same_keys": "the key of every question is the same letter",
    "surplus": "more questions than were asked for",
}
ALIKE = 0.75  # share of neighbouring words from which two questions are one
OWN_TEXT = 60  # words or characters: a stem that long may bring the text that it asks about

_ASKS = re.compile(
    r"[?？]|_{2,}|＿|…|[(（][ \u3000]*[)）]|□|[:：—]\s*$"
    r"|\b(?:what|which|who|whom|whose|why|when|where|how)\b"
    r"|\b(?:choose|find|calculate|work out|solve|simplify|complete|select|round)\b"
    r"|下列|何|哪|什麼|誰|幾|多少|請|選出|計算|求|是否|怎麼|為什麼",
    re.IGNORECASE,
)
# A stem may be the beginning of a sentence that the options end.
_GOES_ON = re.compile(
    r"\b(?:is|are|was|were|be|to|of|the|an?|that|because|by|in|on|at|for|from|with|means?|as|if|when|than|has|have|had|can|will"
    r"|equals?|gives?|makes?|costs?|called|into|about|should|would|must|who|which|where)$"
    r"|(?:是|為|指|在於|因為|表示|指的是|說明)$",
    re.IGNORECASE,
)
_OF_OTHERS = re.compile(
    r"\b(?:all|none|both|neither|any|some|two)\b.{0,12}\b(?:above|below|options|choices)\b"
    r"|\b(?:all|none|both|neither)\b.{0,12}\b(?:of|are) (?:these|them|correct|true|right)$"
    r"|\b(?:both|neither|either)\W{0,2}\(?[A-D]\)?\W{1,2}(?:and|n?or)\W{1,2}\(?[A-D]\b"
    r"|\b[A-D] (?:and|or) [A-D]\b(?! \w)"
    r"|以上皆|以上都|以上均|上述皆|上列皆|皆是$|皆非$|都不是$|以上選項",
    re.IGNORECASE,
)
_OF_PASSAGE = re.compile(
    r"\b(?:in|to|from) (?:the|this) (?:passage|text|article|story|notice|paragraph|author|writer)\b"
    r"|本文|文中|文章|這篇|短文|上文|作者認為",
    re.IGNORECASE,
)
_NUMBER_ONLY = re.compile(r"[-+]?[$£€]?[0-9][0-9,.\s/:%^()×*-]*(?:[A-Za-z°²³%]{0,12}|[\u4e00-\u9fff]{0,3})")


def flaws(question: ChoiceQuestion, doc: Mapping[str, Any]) -> Flaws:
    """The flaws of one question by itself. `doc` says `language` and `subject`, and `passage` where there is one."""
    passage, key = str(doc.get("passage", "")), None
    if len(question.key) == 1 and question.key in LETTERS[: len(question.options)]:
        key = LETTERS.index(question.key)
    found = {
        "stem": _stem(question.stem),
        "options": _options(question.options),
        "same_options": _same_options(question.options),
        "key": _unclear(question.key, key),
        "language": _language(question, doc["language"]),
        "all_of_the_above": next(filter(_OF_OTHERS.search, question.options), ""),
    }
    if not (found["options"] or found["same_options"] or found["all_of_the_above"]):
        found |= _among_options(question, passage, key)
    if passage:
        found["evidence"] = _evidence(question.evidence, passage)
    elif _OF_PASSAGE.search(question.stem) and len(tokens(question.stem)) < OWN_TEXT:
        found["no_passage"] = question.stem[:60]
    else:
        found["off_topic"] = _off_topic(question, doc.get("terms", ()))
    if key is not None and doc["subject"] == "mathematics":
        found["wrong_key"] = _wrong_key(question)
    return {name: why for name, why in found.items() if why}


def flaws_of_set(questions: Sequence[ChoiceQuestion], doc: Mapping[str, Any]) -> list[Flaws]:
    """The flaws of each question among the others. Of two that are alike, the second one is flawed."""
    found = [flaws(question, doc) for question in questions]
    words = [pairs(question.words) for question in questions]
    stems = [tokens(question.stem) for question in questions]
    values = [computed(question.stem) for question in questions]
    for at in range(len(questions)):
        for before in range(at):
            if values[at] != values[before]:  # 2 + 3 × 4 and (2 + 3) × 4 have the same words
                continue
            same_stem = bool(doc.get("passage")) and stems[at] == stems[before]
            if same_stem or similarity(words[at], words[before]) >= ALIKE:
                found[at].setdefault("repeated", f"is question {before + 1} again")
    keys = [question.key for question in questions]
    if len(questions) > 2 and len(set(keys)) == 1 and keys[0]:
        for each in found:
            each["same_keys"] = f"all {len(keys)} keys are {keys[0]}"
    for at in range(doc["number"], len(questions)):
        found[at]["surplus"] = f"{doc['number']} were asked for"
    return found


def _unclear(stated: str, key: int | None) -> str:
    if key is not None:
        return ""
    if stated:
        return f"the key is {stated!r}"
    return "no key is named"


def _stem(stem: str) -> str:
    if len(tokens(stem)) < 2:
        return "there is no stem"
    if _ASKS.search(stem) or _GOES_ON.search(stem.rstrip(" .。")):
        return ""
    return f"nothing is asked: {stem[:60]}"


def _options(options: Sequence[str]) -> str:
    if len(options) != 4:
        return f"{len(options)} options"
    if not all(map(str.strip, options)):
        return "an option is empty"
    return ""


def _same_options(options: Sequence[str]) -> str:
    """Signs count where an option has nothing else: '<' and '>' differ."""
    compared, values = [], []
    for option in options:
        # In a calculation and in punctuation the signs are what differs.
        signs = "".join(re.findall(r"[^\w\s]", tidy(option))).rstrip(".,;!。")
        compared.append((" ".join(tokens(option)) or option.strip(), signs))
        values.append(evaluate(tidy(option).strip()))
    for text, signs in compared:
        if compared.count((text, signs)) > 1:
            return f"{text or 'nothing'!r} stands twice"
    for option, value in zip(options, values, strict=True):
        if value is not None and values.count(value) > 1:
            return f"{option!r} stands twice"
    return ""


def _language(question: ChoiceQuestion, language: str) -> str:
    chinese = share_of_chinese(question.words)
    if language == "en":
        if chinese > 0.3:
            return "Chinese, and English was asked for"
        return ""
    if chinese < 0.5 and CHINESE.search(question.stem) is None:
        return "no Chinese, which was asked for"
    wrong = simplified(question.words)
    return f"Simplified characters: {wrong[:10]}" if wrong else ""


def _among_options(question: ChoiceQuestion, passage: str, key: int | None) -> Flaws:
    """What gives an option away beside the three others."""
    words = list(map(tokens, question.options))
    found = {"length": _length(words), "parallel": _parallel(question.options, words)}
    if key is None:
        return found
    copied, in_stem, unit = 5, 2, "words"  # from how many on it is no chance
    if CHINESE.search(question.options[key]):
        copied, in_stem, unit = 8, 4, "characters"
    if passage:
        text = tokens(passage)
        run = longest_run(words[key], text)
        others = words[:key] + words[key + 1 :]
        if run >= copied and all(longest_run(other, text) < max(3, run // 2) for other in others):
            found["copied"] = f"{run} {unit} in a row"
    stem, inside = tokens(question.stem), []
    for at, option in enumerate(words):
        if len(option) >= in_stem and stands_in(option, stem):
            inside.append(at)
    if inside == [key]:
        found["in_stem"] = question.options[key][:60]
    return found


def _length(words: Sequence[Sequence[str]]) -> str:
    sizes = list(map(len, words))
    shortest, second, third, longest = sorted(sizes)
    if longest >= 2 * third and longest - third >= 4:
        return f"{LETTERS[sizes.index(longest)]} is much longer than the others"
    if second >= 2.5 * shortest and second - shortest >= 5:
        return f"{LETTERS[sizes.index(shortest)]} is much shorter than the others"
    return ""


def _parallel(options: Sequence[str], words: Sequence[Sequence[str]]) -> str:
    """Three options that agree in something which the fourth has not."""
    forms: list[dict[str, object]] = []
    for option, each in zip(options, words, strict=True):
        first = next(iter(each), "")
        forms.append(
            {
                "a number": bool(_NUMBER_ONLY.fullmatch(tidy(option).strip())),
                "a closing mark": bool(each and re.search(r"[.!?。！？][」』”\"')）]*$", option)),
                "the first word": len(each) > 1 and first in _FIRST_WORDS and first,
                "the form in -ing": len(first) > 4 and first.endswith("ing"),
            }
        )
    for name in forms[0]:
        values = [form[name] for form in forms]
        value, n = Counter(values).most_common(1)[0]
        if n == 3 and (value or name in ("a number", "a closing mark")):
            odd = values.index(min(values, key=values.count))
            return f"{LETTERS[odd]} differs from the others in {name}"
    return ""


_FIRST_WORDS = {"to", "because", "by", "so", "when", "if", "因", "為"}


def _evidence(evidence: str, passage: str) -> str:
    """Word for word, but for case, width and punctuation; a word is no evidence, and neither is the whole passage."""
    words, text = tokens(evidence), tokens(passage)
    if not words:
        return "no evidence is named"
    if len(words) < 3:
        return f"too short to show anything: {evidence}"
    if len(words) > max(0.6 * len(text), 40):
        return "most of the passage is named"
    if stands_in(words, text):
        return ""
    return f"not in the passage: {evidence[:60]}"


def _off_topic(question: ChoiceQuestion, terms: Sequence[str]) -> str:
    """A brief lists words of which a question on its topic has one; signs and Chinese words may stand anywhere."""
    text = question.words.casefold()
    words = {*tokens(text), *text.split()}
    for term in terms:
        anywhere = CHINESE.search(term) or not term.isalpha()
        if term in words or (anywhere and term in text):
            return ""
    return f"none of its words, such as {', '.join(terms[:3])}" if terms else ""


_CALCULATION = re.compile(
    r"(?i)^(?:what is|what does|calculate|work out|evaluate|compute|find|simplify|solve|計算|求)?[ :]*"
    r"(?:the (?:value|sum|result) of )?"
    r"(?P<sum>[-0-9.()+*/^%, ]*[0-9)%][-0-9.()+*/^%, ]*?)[ ]*"
    r"(?:=[ ]*[?_( )]*|equal|的值|等於多少)?[ ]*[?.:_]*$"
)
_EQUATION = re.compile(r"(?<![\w.])[-0-9.()+*/ a-z]{1,60}=[-0-9.()+*/ a-z]{1,60}")
_DIGIT = re.compile("[0-9]")
_TIMES = re.compile(r"(?<=[0-9)%]) ?(?:[xX×]|of) ?(?=[0-9(])")


def computed(stem: str) -> Fraction | None:
    """What a stem that is a calculation, or a linear equation in one letter, gives; None for every other stem."""
    text = _TIMES.sub("*", tidy(stem).strip())
    whole = _CALCULATION.match(text[:200])
    if whole and re.search(r"[0-9)%]\s*[-+*/^]", whole["sum"]):
        return evaluate(re.sub(r"(?<=[0-9]),(?=[0-9]{3})", "", whole["sum"]).strip())
    if re.search(r"\b(?:solve|value of|what is|find)\b|求|解", text, re.IGNORECASE):
        return _root(text[:200])
    return None


def _root(text: str) -> Fraction | None:
    """Where both sides of the one equation are equal. A line is known by two points; the third shows that it is one."""
    equations = list(filter(_DIGIT.search, _EQUATION.findall(re.sub(r"\b[A-Za-z]{2,}\b", ";", text))))
    letters = set(re.findall(r"[a-z]", "".join(equations)))
    if len(equations) != 1 or len(letters) != 1:
        return None
    letter, gaps = letters.pop(), []
    for value in "012":
        left, right = equations[0].replace(letter, f"({value})").split("=")
        a, b = evaluate(left.strip(" .")), evaluate(right.strip(" ."))
        if a is None or b is None:
            return None
        gaps.append(a - b)
    slope = gaps[1] - gaps[0]
    if slope == 0 or gaps[2] - gaps[1] != slope:
        return None
    return -gaps[0] / slope


def _wrong_key(question: ChoiceQuestion) -> str:
    value = computed(question.stem)
    if value is None:
        return ""
    readings = [read_number(option) for option in question.options]
    right = [LETTERS[at] for at, reading in enumerate(readings) if reading and reading.gives(value)]
    if question.key in right and len(right) == 1:
        return ""
    key = readings[LETTERS.index(question.key)]
    if key is None or (not right and abs(key.value - value) * 200 <= abs(value)):
        return ""  # said in words, or rounded
    why = f"the key is {question.key}"
    if question.key in right:
        why = f"{' and '.join(right)} are that"
    return f"{question.stem[:60]} gives {value}, and {why}"
