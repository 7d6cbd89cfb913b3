"""Responses become rows: kept first, then scored, by a task's own rules or by a judge, who may ask a model.

All responses stand in a file before anything is scored, so scoring again asks the examined model for nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import attrgetter
from pathlib import Path
from typing import Any

from proctor.common.digest import digest
from proctor.common.files import read_kept, write_kept
from proctor.harness.ask.cell import AskedSample, CellRun
from proctor.harness.ask.confidence import confidence_of, with_agreement
from proctor.harness.ask.responses import Advance
from proctor.harness.ask.second_reader import SecondReader
from proctor.harness.ask.solver import ScoreOrReason, Solver
from proctor.harness.engines.protocol import response_of
from proctor.harness.record import STATUSES, Measurements, Sample, measurements_from
from proctor.judges.cost import CostEstimate, Tally, estimate_scores, tally
from proctor.judges.graders.grader import Grader, GraderSpec
from proctor.judges.judge import Judge
from proctor.judges.panel import Panel, PanelSpec
from proctor.judges.scoring import score_all
from proctor.judges.verdict import Item
from proctor.tasks import Task, doc_hash, target_of
from proctor.tasks.score import ResponseScore, status_of


@dataclass(frozen=True)
class Scorer:
    """Who scores what the rules of a task do not: a judge, by itself or with a grader, and where replies are kept."""

    judge: str
    grader: Grader | Panel | None
    cache: Path | None
    reader: SecondReader | None = None  # of responses in which the rule finds no number
    solver: Solver | None = None  # of the questions that responses are

    @property
    def spec(self) -> GraderSpec | PanelSpec | None:
        return self.grader.spec if self.grader else None

    def estimate(self, cell: CellRun, samples: Sequence[AskedSample]) -> CostEstimate:
        """What scoring the responses would ask and cost."""
        return estimate_scores(Judge.load(self.judge), self.items(cell.task, samples), self.spec, self.cache)

    def items(self, task: Task, samples: Sequence[AskedSample]) -> list[Item]:
        """What the judge is given of the responses that did not fail."""
        items: list[Item] = []
        for sample in samples:
            if not sample.response.error:
                items += task.part("scoring").items(sample.doc, sample.response.text)
        return items


def keep_responses(path: Path, samples: Sequence[AskedSample], version: str, measured: Measurements) -> None:
    """All responses of a cell in one file, whole or not at all, with what was measured while they came."""
    entries = [
        {"id": str(sample.doc["id"]), "epoch": sample.epoch, "prompt": sample.prompt, **vars(sample.response)}
        for sample in samples
    ]
    kept = {"task_version": version, "measured": measured.as_json(), "answers": entries}
    write_kept(path, kept)


def read_responses(
    path: Path, docs: Sequence[Mapping[str, Any]]
) -> tuple[list[AskedSample], Measurements] | None:
    """What `keep_responses` kept, and what was measured; None where there is nothing that can be read."""
    kept = read_kept(path)
    if kept is None:
        return None
    by_id = {str(doc["id"]): doc for doc in docs}
    samples = []
    for entry in kept["answers"]:
        doc = by_id[entry["id"]]
        samples.append(AskedSample(doc, entry["epoch"], entry["prompt"], response_of(entry)))
    try:
        return samples, measurements_from(kept["measured"])
    except ValueError:  # another version measured otherwise: then nothing is known of the costs
        return samples, Measurements()


def counts(statuses: Sequence[str], truncated: Sequence[bool]) -> dict[str, Any]:
    """What run.json says of what became of the responses."""
    by_status = {status: statuses.count(status) for status in STATUSES}
    return {"statuses": by_status, "truncated": sum(truncated)}


def rows_of(
    variant: str, task: Task, samples: Sequence[AskedSample], scorer: Scorer, progress: Advance
) -> tuple[list[Sample], Tally | None]:
    """A row for every response, and what became of the verdicts when a judge was wanted. A response that failed is
    scored by nobody.
    """
    judge, counted = "", None
    if task.scored_by == "rules":
        scores = _by_rules(task, samples, scorer)
        progress(len(samples), 0)
    else:
        judge = Judge.load(scorer.judge).name
        scores, counted = _by_judge(task, samples, scorer, progress)
    if scorer.solver:
        answered = [(sample.doc, sample.response.text) for sample in samples]
        scores = scorer.solver.decide(answered, scores, judged=task.scored_by == "judge")
    rows = []
    for sample, (score, problem) in zip(samples, scores, strict=True):
        rows.append(_row(variant, task, judge, sample, score, problem))
    return with_agreement(rows) if task.kind == "binary" else rows, counted


def _by_rules(task: Task, samples: Sequence[AskedSample], scorer: Scorer) -> list[ScoreOrReason]:
    score = task.score
    for sample in samples:
        if sample.score is None and not sample.response.error:
            sample.score = score(sample.doc, sample.response.text)
    scores = [sample.score for sample in samples]
    answered = [(sample.doc, sample.response.text) for sample in samples]
    if scorer.reader and task.numeric:
        return scorer.reader.decide(answered, scores, score)
    return [(each, "") for each in scores]


def _by_judge(
    task: Task, samples: Sequence[AskedSample], scorer: Scorer, progress: Advance
) -> tuple[list[ScoreOrReason], Tally]:
    scoring, judge = task.part("scoring"), Judge.load(scorer.judge)
    verdicts = score_all(judge, scorer.items(task, samples), scorer.grader, scorer.cache, progress)
    left = iter(verdicts)
    scores: list[ScoreOrReason] = []
    for sample in samples:
        if sample.response.error:
            scores.append((None, ""))
            continue
        doc, text = sample.doc, sample.response.text
        own = list(islice(left, len(scoring.items(doc, text))))
        missing = next(filter(attrgetter("problem"), own), None)
        if missing:
            scores.append((None, missing.explanation))
        else:
            scores.append((scoring.from_verdicts(judge, own, doc, text), ""))
    return scores, tally(verdicts, scorer.spec)


def _row(
    variant: str, task: Task, judge: str, sample: AskedSample, score: ResponseScore | None, problem: str
) -> Sample:
    response, answer, value, why = sample.response, "", None, sample.response.error or problem
    metrics: dict[str, float] = {}
    if score is not None:
        answer, value, why = score.answer, score.score, why or score.explanation
        metrics = dict(score.metrics) | confidence_of(response, answer)
    return Sample(
        variant=variant,
        task=task.name,
        task_version=task.version,
        sample_id=str(sample.doc["id"]),
        cluster=str(sample.doc["cluster"]),
        epoch=sample.epoch,
        doc_hash=doc_hash(sample.doc),
        prompt_hash=digest(sample.prompt),
        prompt=sample.prompt,
        response=response.text,
        answer=answer,
        target=target_of(sample.doc),
        score=value,
        metrics=metrics,
        status=status_of(score),
        explanation=why,
        judge=judge,
        tokens_in=response.tokens_in,
        tokens_out=response.tokens_out,
        seconds=response.seconds,
        truncated=response.truncated,
    )
