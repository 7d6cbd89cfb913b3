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
    """What a judge is told of a passage or brief."""
    known = {name: fields[name] for name in MATERIAL if fields.get(name)}
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

    def mean(scores: Sequence[float]) -> float:
        return round((sum(scores) + nothing * (wanted - len(scores))) / wanted, 4)

    metrics = {"usable_by_rules": by_rules.score}
    for name in judge.dimensions:
        metrics[name] = mean([verdict.scores[name] for verdict in verdicts])
    overall = mean([verdict.overall for verdict in verdicts if verdict.overall is not None])
    lines = [f"Question {number}: {verdict.explanation}" for number, verdict in enumerate(verdicts, 1)]
    explained = "\n".join([*lines, f"By rules: {by_rules.answer or by_rules.explanation}."])
    return ResponseScore(by_rules.answer, overall, metrics, by_rules.parsed, explained)
