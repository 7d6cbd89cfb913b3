"""Training sets of questions: out of exams, or written by a model on texts. What is left out is named with its reason.

questions = of_exam(read_pages(Path("exam.pdf")), "exam.pdf")
kept, dropped = sift(questions)
list(chats(kept, Pack.load("default")))      # rows with prompt, completion, source, page, subject
write_chats(questions, Path("mine/exams.jsonl"), Pack.load("default"), {})   # both steps, into files
"""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from proctor.common.files import write_json_lines
from proctor.common.refusal import Refusal
from proctor.tasks.prompt_pack import Pack, train_chat
from proctor.tasks.questions import Subject, as_text, docs, instruction
from proctor.tasks.questions.reading import ChoiceQuestion, from_text, read
from proctor.tasks.questions.rules import ALIKE, FLAWS, flaws, flaws_of_set
from proctor.tasks.text import CHINESE, pairs, runs, share_of_chinese, similarity, tidy, tokens

NUMBER = 3  # questions that are asked for on a text
LONGEST = 6_000  # characters of a text that one request takes
# What makes a question of an exam useless to learn from. Its style is the exam's own.
USELESS = ("options", "same_options", "key", "no_passage", "wrong_key")
_LEAST_PASSAGE = 40  # tokens in front of a question from which they are a text to read
_SHARED = {"en": 10, "zh": 14}  # tokens in a row that two texts do not share by chance
_PICTURE = re.compile(
    r"[如附右左上下]圖|圖中|圖[一二三四(（]|[如下附右]表"
    r"|\b(?:picture|figure|diagram|graph|chart|map|table) (?:above|below|shows?|on the)"
    r"|\b(?:in|at|does) the (?:picture|figure|diagram|graph|chart|map)\b",
    re.IGNORECASE,
)
_RANGE = re.compile(
    r"(?:Questions?|第|題號|No\.?)?\s*([0-9]{1,3})\s*(?:[-–~～至到]|to|and|through)\s*([0-9]{1,3})"
)


@dataclass(frozen=True)
class FoundQuestion:
    """A question, where it comes from, and what it is about. `why` says why it is no example, where it is none."""

    question: ChoiceQuestion
    source: str
    page: int
    subject: Subject
    passage: str = ""
    why: str = ""

    @property
    def left_out(self) -> dict[str, Any]:
        """Where, what, and why."""
        where = {"source": self.source, "page": self.page, "question": self.question.number}
        return where | {"why": self.why, "stem": self.question.stem[:80]}

    @property
    def language(self) -> str:
        if self.subject == "chinese" or CHINESE.search(self.question.stem):
            return "zh"
        return "en"


class SourceText(NamedTuple):
    """A text to ask about: the name of its file, its place in there, and what it says."""

    source: str
    page: int
    text: str


@dataclass(frozen=True)
class CollectedQuestions:
    """What `write_chats` wrote: `rows` chats with `kept` questions, and the questions that were left out."""

    chats: Path
    rows: int
    kept: int
    left_out: Path
    dropped: int
    reasons: dict[str, int]  # how often each, the most frequent first


def subject_of(question: ChoiceQuestion) -> Subject:
    """By its signs: options of numbers are mathematics, Chinese characters 國文, the rest English."""
    wordless = 0
    for option in question.options:
        words = re.findall(r"[A-Za-z\u4e00-\u9fff]{2,}", option)
        wordless += bool(re.search(r"[0-9]", option)) and len(words) <= 1
    if wordless >= 3 and re.search(r"[0-9]", question.stem):
        return "mathematics"
    if share_of_chinese(question.words) > 0.5:
        return "chinese"
    return "english"


def of_exam(pages: Sequence[str], source: str, subject: Subject | None = None) -> list[FoundQuestion]:
    """Every question of an exam, those that are no example with the reason."""
    starts, whole = [], ""
    for page in pages:
        starts.append(len(whole))
        whole += page + "\n"
    found = []
    passage, last = "", 0
    for question in from_text(whole):
        passage, last = _passage(question, passage, last)
        place = bisect_right(starts, question.start)
        each = FoundQuestion(question, source, place, subject or subject_of(question), passage)
        found.append(_judged(each))
    return found


def _passage(question: ChoiceQuestion, passage: str, last: int) -> tuple[str, int]:
    """The text that a question is about, and the number up to which it holds; 0 where no number is named."""
    number, text = 0, question.before
    if question.number.isdecimal():
        number = int(question.number)
    if len(tokens(text)) >= _LEAST_PASSAGE:
        for named in _RANGE.finditer(text[:200]):
            if int(named[1]) == number:  # 'Read the text and answer questions 4-6.' is no part of the text
                rest = re.split(r"[.:：。\n]", text[named.end() :], maxsplit=1)
                before = text[: text.rfind("\n", 0, named.start()) + 1]
                return tidy(before + "".join(rest[1:])), int(named[2])
        return tidy(text), 0
    if question.before or (last and number > last):
        return "", 0
    return passage, last


def _judged(found: FoundQuestion) -> FoundQuestion:
    doc = {"subject": found.subject, "language": found.language, "number": 1, "passage": found.passage}
    reasons = []
    for name, why in flaws(found.question, doc).items():
        if name in USELESS:
            reasons.append(f"{FLAWS[name]} ({why})")
    if _PICTURE.search(found.question.stem):
        reasons.append("needs a picture")
    return replace(found, why="; ".join(reasons))


def article_doc(text: str) -> dict[str, Any]:
    """What a model is asked to write on a text."""
    doc = {"subject": "english", "language": "en", "number": NUMBER, "passage": text.strip(), "evidence": ""}
    if share_of_chinese(text) > 0.5:
        doc |= {"subject": "chinese", "language": "zh"}
    return {**doc, "material": instruction(doc)}


def usable_texts(texts: Sequence[SourceText]) -> tuple[list[SourceText], list[FoundQuestion]]:
    """Which texts a model may be asked about, and the others with the reason: nobody is asked about those."""
    known, seen = Known(), set()
    usable, refused = [], []
    for source, page, text in texts:
        why = known.overlap(text)
        if len(tokens(text)) < _LEAST_PASSAGE:
            why = "too short to ask about"
        elif len(text) > LONGEST:
            why = f"more than {LONGEST:,} characters"
        elif text in seen:
            why = "the same text again"
        seen.add(text)
        if why:
            empty = ChoiceQuestion(" ".join(text[:80].split()), (), "")
            refused.append(FoundQuestion(empty, source, page, article_doc(text)["subject"], why=why))
        else:
            usable.append(SourceText(source, page, text))
    return usable, refused


def of_article(doc: dict[str, Any], source: str, page: int, response: str) -> list[FoundQuestion]:
    """What a model wrote on a text; every rule of the task has to hold."""
    written = read(response)
    found = []
    for question, flawed in zip(written, flaws_of_set(written, doc), strict=True):
        why = "; ".join(f"{FLAWS[name]} ({reason})" for name, reason in flawed.items())
        found.append(FoundQuestion(question, source, page, doc["subject"], doc["passage"], why))
    return found


class Known:
    """What may not come again: the questions and passages of the test, and every question that was kept."""

    def __init__(self) -> None:
        self._questions: list[tuple[str, set[tuple[str, ...]]]] = []
        self._runs: dict[tuple[str, ...], str] = {}
        for doc in docs("test"):
            for question in doc["questions"]:
                words = " ".join((question["stem"], *question["options"]))
                self._questions.append((f"a question of the test ({doc['id']})", pairs(words)))
            for run in runs(tokens(doc.get("passage", "")), _SHARED[doc["language"]]):
                self._runs[run] = str(doc["id"])

    def overlap(self, passage: str) -> str:
        """The test's passage with which this one shares a run of words."""
        words = tokens(passage)
        for n in _SHARED.values():
            for run in runs(words, n) & self._runs.keys():
                return f"shares {n} words or characters in a row with the test ({self._runs[run]})"
        return ""

    def repeats(self, question: ChoiceQuestion, source: str) -> str:
        """What the question repeats; one that repeats nothing is known from now on."""
        words = pairs(question.words)
        for name, other in self._questions:
            few, many = sorted((len(words), len(other)))
            if few >= ALIKE * many and similarity(words, other) >= ALIKE:
                return f"repeats {name}"
        self._questions.append((f"question {question.number or '?'} of {source}", words))
        return ""


def sift(found: Sequence[FoundQuestion]) -> tuple[list[FoundQuestion], list[FoundQuestion]]:
    """What is kept, and what is left out: flawed, seen before, or overlapping with the test."""
    known, kept, dropped = Known(), list[FoundQuestion](), list[FoundQuestion]()
    for each in found:
        text = known.overlap(each.passage) or known.overlap(each.question.words)
        why = each.why or text or known.repeats(each.question, each.source)
        if why:
            dropped.append(replace(each, why=why))
        else:
            kept.append(each)
    return kept, dropped


def chats(kept: Sequence[FoundQuestion], pack: Pack) -> Iterator[dict[str, Any]]:
    """One chat for each question, and one for all questions on the same passage."""
    groups: list[list[FoundQuestion]] = []
    for each in kept:
        before = groups[-1][0] if groups else None
        if before and each.passage and (each.passage, each.source) == (before.passage, before.source):
            groups[-1].append(each)
        else:
            groups.append([each])
    for group in groups:
        first, evidence = group[0], all(each.question.evidence for each in group)
        doc: dict[str, Any] = {"subject": first.subject, "language": first.language, "number": len(group)}
        if first.passage:
            doc["passage"] = first.passage
        if evidence:
            doc["evidence"] = ""
        questions = []
        for each in group:
            question = each.question
            questions.append(vars(question if evidence else replace(question, evidence="")))
        doc["material"] = instruction(doc)
        chat = train_chat(pack, "questions", doc, as_text(questions, first.language))
        about = {"source": first.source, "page": first.page, "subject": first.subject}
        yield {**chat, **about, "questions": len(group)}


def write_chats(
    questions: Sequence[FoundQuestion], out: Path, pack: Pack, about: Mapping[str, Any]
) -> CollectedQuestions:
    """Sifts the questions; writes the chats, each with `about`, and beside them `.dropped.jsonl`, what was left out."""
    kept, dropped = sift(questions)
    left_out = out.with_suffix(".dropped.jsonl")
    write_json_lines(left_out, [question.left_out for question in dropped])
    if not kept:
        reason = f"{len(dropped)} left out, and {left_out} says why"
        raise Refusal("no question to learn from", reason, "give other files")
    rows = [{**chat, **about} for chat in chats(kept, pack)]
    write_json_lines(out, rows)
    counts = dict(reasons(dropped).most_common())
    return CollectedQuestions(out, len(rows), len(kept), left_out, len(dropped), counts)


def reasons(dropped: Sequence[FoundQuestion]) -> Counter[str]:
    """How often each reason stands, without its details."""
    return Counter(re.split(r" \(|; ", each.why)[0] for each in dropped)
