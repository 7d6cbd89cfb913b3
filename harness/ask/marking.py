"""Answers become rows: kept first, then marked, by an exam's own rules or by a judge, who may ask a model.

What was answered stands in a file before anything is marked, so marking again asks the examined model for nothing.
Knows exams, judges and rows; must not know engines.
"""

import importlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from proctor.common.digest import digest
from proctor.harness.ask.answers import Answer, Journal
from proctor.harness.ask.second_reader import SecondReader
from proctor.harness.config.variant import Variant
from proctor.harness.record import STATUSES, Sample, write_text
from proctor.judges.cost import CostEstimate, Tally, estimate_scores, tally
from proctor.judges.graders.grader import Grader
from proctor.judges.judge import Judge
from proctor.judges.panel import Panel
from proctor.tasks import Task, doc_hash, target_of
from proctor.tasks.mark import Mark, status_of

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Exam:
    """One variant before one task: what a runner needs to know, and nothing of how it came about."""

    variant: Variant
    task: Task
    docs: list[dict[str, Any]]
    judge: str
    journal: Journal
    logs: Path

    @property
    def answers(self) -> int:
        return len(self.docs) * self.variant.sampling.epochs


@dataclass(frozen=True)
class Answered:
    """One item with the answer that was given to it, whatever the framework, and its mark when rules gave it one as
    it came.
    """

    doc: Mapping[str, Any]
    epoch: int
    prompt: str
    answer: Answer
    mark: Mark | None = None


@dataclass(frozen=True)
class Marker:
    """Who marks what rules of an exam do not: a judge, by itself or with a grader, and where replies are kept."""

    judge: str
    grader: Grader | Panel | None
    cache: Path
    reader: SecondReader | None = None  # of answers in which the rule finds no number

    def estimate(self, exam: Exam, answered: Sequence[Answered]) -> CostEstimate:
        """What marking the answers would ask and cost."""
        item = importlib.import_module(f"proctor.tasks.{exam.task.name}.marking").item
        items = [item(one.doc, one.answer.text) for one in answered if not one.answer.error]
        return estimate_scores(
            Judge.load(self.judge), items, self.grader.spec if self.grader else None, self.cache
        )


def keep_answered(
    path: Path, answered: Sequence[Answered], version: str, measured: Mapping[str, Any]
) -> None:
    """All answers of a cell in one file, whole or not at all, with what was measured while they were given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = {
        "task_version": version,
        "measured": dict(measured),
        "answers": [
            {"id": str(one.doc["id"]), "epoch": one.epoch, "prompt": one.prompt, **vars(one.answer)}
            for one in answered
        ],
    }
    write_text(path, json.dumps(kept))


def read_answered(
    path: Path, docs: Sequence[Mapping[str, Any]]
) -> tuple[list[Answered], dict[str, Any]] | None:
    """What `keep_answered` kept, and what was measured; None where there is nothing that can be read."""
    by_id = {str(doc["id"]): doc for doc in docs}
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        answered = [
            Answered(by_id[one.pop("id")], one.pop("epoch"), one.pop("prompt"), Answer(**one))
            for one in kept["answers"]
        ]
        return answered, dict(kept["measured"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def counts(rows: Sequence[Sample]) -> dict[str, Any]:
    """What run.json says of what became of the answers."""
    return {
        "statuses": {status: sum(row.status == status for row in rows) for status in STATUSES},
        "truncated": sum(row.truncated for row in rows),
        "errors": sum(row.status == "error" for row in rows),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def mark_answered(
    exam: Exam, answered: Sequence[Answered], marker: Marker, progress: Progress
) -> tuple[list[Sample], Tally | None]:
    """A row for every answer, and what became of the verdicts when a judge was wanted. An answer that failed is
    marked by nobody.
    """
    if exam.task.marked_by == "rules":
        module = importlib.import_module(f"proctor.tasks.{exam.task.name}.task")
        rules = [
            one.mark or (None if one.answer.error else module.mark(one.doc, one.answer.text))
            for one in answered
        ]
        if marker.reader and exam.task.numeric:
            texts = [(one.doc, one.answer.text) for one in answered]
            read = marker.reader.decide(texts, rules, module.mark)
        else:
            read = [(mark, "") for mark in rules]
        progress(len(answered), 0)
        return [_row(exam, one, *found) for one, found in zip(answered, read, strict=True)], None
    there = [one for one in answered if not one.answer.error]
    mark_all = importlib.import_module(f"proctor.tasks.{exam.task.name}.marking").mark_all
    pairs = [(one.doc, one.answer.text) for one in there]
    found = mark_all(pairs, marker.judge, marker.grader, marker.cache, progress)
    marks = {(str(one.doc["id"]), one.epoch): given for one, given in zip(there, found, strict=True)}
    rows = []
    for one in answered:
        mark, verdict = marks.get((str(one.doc["id"]), one.epoch), (None, None))
        rows.append(_row(exam, one, mark, verdict.explanation if verdict and mark is None else ""))
    spec = marker.grader.spec if marker.grader else None
    return rows, tally([verdict for _, verdict in found], spec)


def _row(exam: Exam, one: Answered, mark: Mark | None, problem: str) -> Sample:
    answer = one.answer
    return Sample(
        variant=exam.variant.name,
        task=exam.task.name,
        task_version=exam.task.version,
        sample_id=str(one.doc["id"]),
        cluster=str(one.doc["cluster"]),
        epoch=one.epoch,
        doc_hash=doc_hash(one.doc),
        prompt_hash=digest(one.prompt),
        prompt=one.prompt,
        response=answer.text,
        answer=mark.answer if mark else "",
        target=target_of(one.doc),
        score=mark.score if mark else None,
        metrics=dict(mark.metrics) if mark else {},
        status=status_of(mark),
        explanation=answer.error or problem or (mark.explanation if mark else ""),
        judge=Judge.load(exam.judge).name if exam.task.marked_by == "judge" else "",
        tokens_in=answer.tokens_in,
        tokens_out=answer.tokens_out,
        seconds=answer.seconds,
        truncated=answer.truncated,
    )
