"""The questions task: write multiple-choice questions on a passage, or on a topic of a subject.

    docs("test")[0]["material"]
    # 'Write 3 multiple-choice questions in English on the passage below, for a reading test in grade 5. ...'

The task for Inspect and the scores are in task.py, the rules in rules.py; reading.py reads questions out of text.
"""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

from proctor.common.schema import load_yaml
from proctor.tasks.data import Items, read_items, shuffled

VERSION = "1.0"
DATA = Path(__file__).parent / "data"
FILES = ("passages.en", "passages.zh", "briefs")
LETTERS = "ABCD"
Subject = Literal["english", "chinese", "mathematics"]


def docs(split: str) -> Items:
    """The passages and briefs of 'train' or 'test', in file order.

    Fields: id, cluster (= id), subject, language, kind, grade, number (of questions asked for), passage or topic,
    questions (model questions by hand), material (what a model reads), target (the model questions as text).
    """
    return [dict(doc) for doc in _read() if doc["split"] == split]


def train_docs(seed: int) -> Items:
    return shuffled(docs("train"), seed)


def instruction(doc: Mapping[str, Any]) -> str:
    """What a model is asked: the instruction of the subject, filled in."""
    # A passage of mathematics is asked about as one in its language.
    name = str(doc["subject"])
    if doc.get("passage"):
        name = {"zh": "chinese_reading"}.get(doc["language"], "english_reading")
    lines = []
    for line in _instructions()[name].split("\n"):
        fields = re.findall(r"\{(\w+)\}", line)
        if doc.keys() >= set(fields):
            lines.append(line.format(**doc))
    return "\n".join(lines)


def as_text(questions: list[dict[str, Any]], language: str) -> str:
    """Questions in the form that the instruction asks for."""
    key, evidence = "Answer: ", "Evidence: "
    if language == "zh":
        key, evidence = "答案：", "依據："
    blocks = []
    for number, question in enumerate(questions, 1):
        lines = [f"{number}. {question['stem']}"]
        lines += [f"{letter}. {option}" for letter, option in zip(LETTERS, question["options"], strict=True)]
        lines.append(key + question["key"])
        if question.get("evidence"):
            lines.append(evidence + question["evidence"])
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


@cache
def _instructions() -> dict[str, str]:
    return dict(load_yaml(DATA / "instructions.yaml"))


@cache
def _read() -> tuple[dict[str, Any], ...]:
    made = []
    for name in FILES:
        for doc in read_items(DATA / f"{name}.jsonl"):
            doc |= {"cluster": doc["id"], "number": len(doc["questions"])}
            doc["material"] = instruction({**doc, "evidence": ""})
            doc["target"] = as_text(doc["questions"], doc["language"])
            made.append(doc)
    return tuple(made)
