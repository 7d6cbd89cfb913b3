"""The diagnosis task as a stock Inspect task, and its scores.

inspect eval tasks/diagnosis/task.py --model openai/gpt-4o-mini     # from the repository root

score(doc, "Answers:\n1. 235 ...\n\nWeak topics: Regrouping\n\nPlan: ...").metrics
# {'tp': 1.0, 'fp': 0.0, 'fn': 0.0, ..., 'f1': 1.0, 'corrected': 1.0, 'slips_named': 0.0, 'plan': 4.9}
"""

import json
from collections.abc import Mapping
from typing import Any

from inspect_ai import Task, task
from inspect_ai.scorer import Metric, SampleScore, Score, Scorer, Target, Value, mean, metric, scorer
from inspect_ai.solver import TaskState

from proctor.judges.judge import Judge
from proctor.judges.rules.checklist import score_by_rules
from proctor.tasks.concepts.task import ids_in, micro_f1
from proctor.tasks.concepts.task import score as score_topics
from proctor.tasks.diagnosis import MAX_TOKENS
from proctor.tasks.diagnosis.reading import read_diagnosis
from proctor.tasks.inspected import inspect_task
from proctor.tasks.number import read_number
from proctor.tasks.score import ResponseScore
from proctor.tasks.study_plan.scoring import facts


def score(doc: Mapping[str, Any], response: str) -> ResponseScore:
    """F1 of the weak topics. Beside it the share of corrected answers, and the checklist's score of the plan (1 to 5;
    0 where there is none)."""
    items = doc["items"]
    diagnosis = read_diagnosis(response, len(items))
    right = 0
    for number, item in enumerate(items, 1):
        right += _is_right(diagnosis.answers.get(number, ""), item["right"])
    verdict = score_by_rules(Judge.load("checklist"), diagnosis.plan, facts(doc))
    overall = (verdict.overall or 0.0) if verdict.parsed else 0.0
    named = json.dumps(diagnosis.topics) if diagnosis.topics is not None else ""
    topics = score_topics({"concepts": doc["weak_topics"]}, named)
    careless = {item["topic"] for item in items if item["slip"]}
    metrics = {
        **topics.metrics,
        "corrected": right / len(items),
        "slips_named": float(len(careless.intersection(ids_in(topics.answer)))),
        "plan": round(overall, 4),
    }
    corrected = f"{right} of {len(items)} answers corrected"
    if not topics.parsed:
        return ResponseScore("", 0.0, metrics, False, f"no line says which topics are weak; {corrected}")
    why = f"{topics.explanation}; {corrected}; plan {overall:.2f} of 5"
    return ResponseScore(topics.answer, topics.score, metrics, True, why)


def _is_right(answer: str, right: str) -> bool:
    gold, reading = read_number(right), read_number(answer)
    if gold is None or reading is None:
        return False
    # 0.25 is right where 25% is, but 25 is meant by both.
    return reading.gives(gold.value) or (
        "%" in right and "%" not in answer and reading.gives(gold.value / 100)
    )


@task
def diagnosis(prompt: str = "default", judge: str = "checklist") -> Task:
    """The error sets of the test in a prompt pack's wording. The plan is always scored by the checklist."""
    return inspect_task("diagnosis", prompt, diagnosis_scorer(), MAX_TOKENS)


@metric
def weak_topics_f1() -> Metric:
    """Micro F1 over all sets: the headline."""

    def compute(scores: list[SampleScore]) -> Value:
        counts = []
        for sample in scores:
            values = sample.score.as_dict()
            counts.append((int(values["tp"] or 0), int(values["fp"] or 0), int(values["fn"] or 0)))
        return micro_f1(counts)

    return compute


@scorer(metrics=[weak_topics_f1(), {"*": [mean()]}])
def diagnosis_scorer() -> Scorer:
    async def score_one(state: TaskState, target: Target) -> Score:
        scored = score(state.metadata["doc"], state.output.completion)
        return Score(value={**scored.metrics}, answer=scored.answer, explanation=scored.explanation)

    return score_one
