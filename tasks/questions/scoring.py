"""Scores of written questions by a judge: each question by itself, then their mean.

items(doc, "1. Where does Ben live? ...")[0].text
# 'Where does Ben live?\nA. On a farm\n...\nKey: B'
"""

from collections.abc import Mapping, Sequence
from typing import Any

from proctor.judges.judge import Judge
from proctor.judges.prompt import question_text
from proctor.judges.verdict import Item, JudgeVerdict
from proctor.tasks.questions.reading import read
from proctor.tasks.questions.task import score
from proctor.tasks.score import ResponseScore

MATERIAL = ("subject", "language", "grade", "topic", "difficulty", "passage")
LANGUAGES = {"en": "English", "zh": "Traditional Chinese"}


def material(fields: Mapping[str, Any]) -> dict[str, Any]:
    """What a judge is told of a passage or brief, as far as it is known."""
    known = {}
    for name in MATERIAL:
        if fields.get(name):
            known[name] = fields[name]
    if "language" in known:
        known["language"] = LANGUAGES.get(str(known["language"]), known["language"])
    return known


def items(doc: Mapping[str, Any], response: str) -> list[Item]:
    """The written questions, of as many as were asked for."""
    judged = []
    for number, question in enumerate(read(response)[: int(doc["number"])], 1):
        text = question_text(question.stem, question.options, question.key)
        judged.append(Item(f"{doc['id']} {number}", material(doc), text))
    return judged


def from_verdicts(
    judge: Judge, verdicts: Sequence[JudgeVerdict], doc: Mapping[str, Any], response: str
) -> ResponseScore:
    """The mean over the questions. One that is missing, or more than was asked for, counts 0, or the scale's lowest
    value where that is less. Beside it stands what the rules say.
    """
    by_rules, nothing = score(doc, response), float(min(0, judge.scale.lowest))
    wanted = max(int(doc["number"]), len(read(response)))

    unwritten = nothing * (wanted - len(verdicts))
    total, sums, lines = unwritten, dict.fromkeys(judge.dimensions, unwritten), []
    for number, verdict in enumerate(verdicts, 1):
        assert (
            verdict.overall is not None
        )  # a question has words, and a verdict that is missing does not come here
        total += verdict.overall
        for name, mark in verdict.scores.items():
            sums[name] += mark
        lines.append(f"Question {number}: {verdict.explanation}")
    metrics = {name: round(each / wanted, 4) for name, each in sums.items()}
    metrics["usable_by_rules"] = by_rules.score
    lines.append(f"By rules: {by_rules.answer or by_rules.explanation}.")
    return ResponseScore(
        by_rules.answer, round(total / wanted, 4), metrics, by_rules.parsed, "\n".join(lines)
    )
