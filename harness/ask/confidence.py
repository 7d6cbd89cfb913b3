"""How sure a response is, as metrics of its row: from the model's probabilities, from its words, from its fellows.

Nothing is asked again. A metric that a response does not allow is not there, and is never taken for a number.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from math import isfinite

from proctor.common.answers import classes_of, value_of
from proctor.common.stats.calibration import agreement
from proctor.harness.engines.protocol import Response
from proctor.harness.record import Sample

# On a line of its own, as the prompt pack `confidence` asks for it; the last one counts.
STATED = re.compile(r"^\W*confidence\W*(\d{1,3}(?:\.\d+)?) ?%", re.IGNORECASE | re.MULTILINE)
ROUNDING = 0.001  # by which a server's log-probability of a sure token may lie above 0
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?(?:/\d+)?")


def confidence_of(response: Response, answer: str) -> dict[str, float]:
    """Of one response by itself; log-probabilities are those of the model at temperature 1.

    >>> confidence_of(Response("It is 7.\\nConfidence: 80 %"), "7")
    {'stated_confidence': 0.8}
    """
    metrics: dict[str, float] = {}
    stated = STATED.findall(response.text)
    if stated and float(stated[-1]) <= 100:
        metrics["stated_confidence"] = float(stated[-1]) / 100
    logprobs = [logprob for _, logprob in response.logprobs or ()]
    if not logprobs or not all(isfinite(logprob) and logprob <= ROUNDING for logprob in logprobs):
        return metrics  # some servers write no number, or something else, in the place of one
    whole = _between(response, 0, len(response.text))
    if whole:
        metrics["logprob_mean"], metrics["logprob_least"] = sum(whole) / len(whole), min(whole)
    span = answer_span(response.text, answer)
    part = _between(response, *span) if span else []
    if part:
        metrics["answer_logprob_mean"], metrics["answer_logprob_least"] = sum(part) / len(part), min(part)
    return metrics


def answer_span(text: str, answer: str) -> tuple[int, int] | None:
    """Where the extracted answer stands last in its response; a number is looked for by its value."""
    if not answer:
        return None
    for found in reversed(list(NUMBER.finditer(text))):
        if value_of(found.group().rstrip(",")) == value_of(answer.lstrip("-+")):
            return found.span()
    start = text.rfind(answer)
    return (start, start + len(answer)) if start >= 0 else None


def _between(response: Response, start: int, end: int) -> list[float]:
    """The log-probabilities of the tokens that wrote this part. One that wrote nothing, as an end token, has none."""
    inside, begin = [], 0
    for token_end, logprob in response.logprobs or ():
        if token_end > begin and begin < end and token_end > start:
            inside.append(min(logprob, 0.0))
        begin = max(begin, token_end)
    return inside


def with_agreement(rows: Sequence[Sample]) -> list[Sample]:
    """Rows of items with several answers, with how far these agree; what could not be read is an answer of its own.

    A failed request gave no answer, and an item with one answer has nothing to agree with.
    """
    answered = [row for row in rows if row.status != "error"]
    classes = classes_of([row.status for row in answered], [row.answer for row in answered])
    if not classes:
        return list(rows)
    by_item: dict[str, list[str | None]] = {}
    for row, answer in zip(answered, classes, strict=True):
        by_item.setdefault(row.sample_id, []).append(answer)
    metrics: dict[str, dict[str, float]] = {}
    for item, answers in by_item.items():
        if len(answers) > 1:
            found = agreement(answers)
            metrics[item] = {"self_consistency": found.share, "semantic_entropy": found.entropy}
    agreed = []
    for row in rows:
        if row.status != "error" and row.sample_id in metrics:
            row = replace(row, metrics=row.metrics | metrics[row.sample_id])
        agreed.append(row)
    return agreed
