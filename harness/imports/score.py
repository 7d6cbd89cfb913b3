"""Scores responses that exist already and writes them as a cell: `proctor score TASK ANSWERS.jsonl --variant NAME`.

Which row answers which item is in answer_file.py. Opens no engine and no weights.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from proctor.common.digest import digest, sha256_of
from proctor.common.json_lines import read_json_lines
from proctor.common.refusal import Refusal, located
from proctor.common.schema import check_name
from proctor.harness import record
from proctor.harness.ask.cell import AskedSample
from proctor.harness.ask.scoring import Scorer, rows_of
from proctor.harness.engines.protocol import Response
from proctor.harness.imports.answer_file import LOOKS_LIKE, Given, Matched, match, refuse_left_over
from proctor.harness.imports.foreign import micro_f1
from proctor.tasks import Task, dataset_hash
from proctor.tasks.index import find_task

if TYPE_CHECKING:
    import pandas as pd

    from proctor.harness.ask.second_reader import SecondReader
    from proctor.judges.panel import AnySpec


@dataclass(frozen=True)
class By:
    """Who scores what rules do not: a judge, with the grader that it asks, and a second reader of numbers."""

    judge: str = "checklist"
    spec: "AnySpec | None" = None
    reader: "SecondReader | None" = None
    cache: Path | None = None

    def digest(self) -> str:
        """Of the judge and its grader; a judge that asks a model which is not named, or that compares, is refused."""
        from proctor.harness.plan.grading import grading
        from proctor.judges.judge import Judge

        return grading(Judge.load(self.judge), self.spec).digest

    def scorer(self) -> Scorer:
        from proctor.judges.panel import open_graders

        grader = open_graders(self.spec) if self.spec else None
        return Scorer(self.judge, grader, self.cache, self.reader)


@dataclass(frozen=True)
class Scored:
    cell: record.Cell
    headline: str
    score: float | None
    items: int
    figures: dict[str, float]
    matched: Matched

    def as_dict(self) -> dict[str, Any]:
        run, matched = self.cell.run, self.matched
        return {
            "variant": run.variant,
            "task": run.task.name,
            "headline": self.headline,
            "score": self.score,
            "items": self.items,
            "rows": run.rows,
            "statuses": self.cell.outcomes,
            "figures": self.figures,
            **matched.counted(),
            "cell": str(self.cell.folder),
        }


def score_file(
    task_name: str, path: Path, variant: str, results: Path, by: "By | None" = None, partial: bool = False,
    epochs: bool = False, redo: bool = False,
) -> Scored:  # fmt: skip
    """`epochs`: several rows for one item are its answers in the order of the file."""
    task = find_task(task_name)
    by = by or By(task.judge or By.judge)
    check_name(variant, "variant")
    docs = task.docs("test")
    with located(path):
        matched = match(task, docs, read_json_lines(path, LOOKS_LIKE), epochs)
        refuse_left_over(matched, partial, epochs)
    definition: dict[str, Any] = {
        "dataset": dataset_hash(docs),
        "items": len({answer.doc["id"] for answer in matched.answers}),
        "task_version": task.version,
        "judge": by.digest() if task.scored_by == "judge" else None,
        "answers": sha256_of(path),
    }
    if task.numeric:
        definition["extractor"] = by.reader.extractor.identity if by.reader else None
    _refuse_other(results, variant, task_name, definition, redo)
    with located(path):
        rows = _scored_rows(task, variant, matched.answers, by)
        run = _run_record(task, variant, path, definition, matched, rows, by.judge)
    with record.lock(results, variant, task_name):
        cell = record.write_table(results, _table(rows, matched.answers), run)
    return Scored(cell, task.headline, _headline(task, rows), definition["items"], _figures(rows), matched)


def score_rows(task_name: str, rows: Sequence[Mapping[str, Any]], judge: str = "checklist") -> "pd.DataFrame":
    """Rows with `response` and `sample_id` or `question`, scored; nothing is written, and items may be missing.

    Several rows for one item are its epochs, in their order.

    >>> score_rows("word_problems", [{"sample_id": "test-0001", "response": "It is 14."}])["score"]   # doctest: +SKIP
    """
    task, by = find_task(task_name), By(judge)
    if task.scored_by == "judge":
        by.digest()
    matched = match(task, task.docs("test"), enumerate(rows, 1), epochs=True)
    if matched.unknown:
        raise Refusal(
            f"no sample of {task_name}: {matched.unknown[0]}", remedy="leave it out, or mend its id"
        )
    scored = _scored_rows(task, "answers", matched.answers, by)
    frame: pd.DataFrame = _table(scored, matched.answers).to_pandas()
    return frame[["sample_id", "epoch", "response", "answer", "target", "score", "status", "explanation"]]


def _refuse_other(results: Path, variant: str, task: str, definition: dict[str, Any], redo: bool) -> None:
    there = record.read(results, variant, task)
    if there is None or there.problem:
        return
    if there.run.origin is None or there.run.origin.kind != "answers":
        raise Refusal(
            f"{variant} x {task} has results that were made another way", "marked answers never replace them",
            "give another --variant", there.folder,
        )  # fmt: skip
    earlier = there.run.definition.as_json()
    changed = [name for name in definition if earlier.get(name) != definition[name]]
    if changed and not redo:
        raise Refusal(
            f"{variant} x {task} is there already", f"its {' and '.join(changed)} differ",
            "give --redo to replace it, or another --variant", there.folder,
        )  # fmt: skip


def _scored_rows(task: Task, variant: str, answers: Sequence[Given], by: By) -> list[record.Sample]:
    """A row for each answer, as for one that an engine gave; without a response there is no score."""
    samples = []
    for answer in answers:
        response = Response(
            answer.response or "",
            _number(answer, "tokens_in", int),
            _number(answer, "tokens_out", int),
            answer.row.get("truncated") is True,
            _number(answer, "seconds", int | float),
            error="there was no response to mark" if answer.response is None else "",
        )
        prompt = str(answer.row.get("prompt") or "")
        samples.append(AskedSample(answer.doc, answer.epoch, prompt, response))
    rows, _ = rows_of(variant, task, samples, by.scorer(), lambda done, made: None)
    return rows


def _number(answer: Given, name: str, kind: Any) -> Any:
    value = answer.row.get(name)
    if value is not None and (not isinstance(value, kind) or isinstance(value, bool)):
        raise Refusal(
            f"line {answer.line}: {name} is {value!r}", "a number is wanted", "mend or leave it out"
        )
    return value


def _table(rows: Sequence[record.Sample], answers: Sequence[Given]) -> Any:
    """The rows in record's columns, and what else the file held as JSON in a column `extra`."""
    fields: list[dict[str, Any]] = []
    extras: tuple[str, ...] = ()
    for row, answer in zip(rows, answers, strict=True):
        extra = ""
        if answer.extra:
            extra = json.dumps(answer.extra, ensure_ascii=False, sort_keys=True)
            extras = ("extra",)
        fields.append(vars(row) | {"extra": extra})
    return record.table_of(fields, extras)


def _run_record(
    task: Task, variant: str, path: Path, definition: dict[str, Any], matched: Matched, rows: Sequence[record.Sample],
    judge: str,
) -> record.RunRecord:  # fmt: skip
    """As for a cell of our own, without a clock: the same file gives the same bytes."""
    statuses: list[str] = [row.status for row in rows]
    tokens = {}
    for name in ("tokens_in", "tokens_out"):
        counts = [getattr(row, name) for row in rows]
        if None not in counts:
            tokens[name] = sum(counts)
    left_over: Any = {kind: left for kind, left in matched.counted().items() if left["n"]}
    lacks = ["weights"]
    if not all(row.prompt for row in rows):
        lacks.append("prompt")
    about = task.about_data() | {
        "name": task.name, "kind": task.kind, "headline": task.headline, "scale": task.scale,
        "framework": task.framework, "scored_by": judge if task.scored_by == "judge" else "rules",
    }  # fmt: skip
    return record.RunRecord(
        variant=variant,
        task=record.TaskRecord.model_validate(about),
        definition=record.Definition.model_validate(definition),
        resolved=record.VariantRecord(
            name=variant, about=f"answers that came from elsewhere ({path.name})", base=variant, engine="answers",
            quantization="none", prompt=None, parent=None, sampling=None,
            digest=digest([variant, definition["answers"]]),
        ),
        margin=None,
        statuses={status: statuses.count(status) for status in record.STATUSES},
        truncated=sum(row.truncated for row in rows),
        costs=record.CostRecord.model_validate(tokens),
        origin=record.OriginRecord(kind="answers", files=(path.name,), lacks=tuple(lacks), left_over=left_over),
    )  # fmt: skip


def _headline(task: Task, rows: Sequence[record.Sample]) -> float | None:
    """As the board computes it: epochs are averaged within their item first; no score, no share in it."""
    by_item: dict[str, list[record.Sample]] = {}
    for row in rows:
        if row.score is not None:
            by_item.setdefault(row.sample_id, []).append(row)
    if not by_item:
        return None
    if task.kind == "counts":
        return micro_f1(
            _sum_of_means(by_item, lambda row: row.metrics["tp"]),
            _sum_of_means(by_item, lambda row: row.metrics["fp"]),
            _sum_of_means(by_item, lambda row: row.metrics["fn"]),
        )
    return _sum_of_means(by_item, lambda row: row.score or 0.0) / len(by_item)


def _sum_of_means(
    by_item: Mapping[str, Sequence[record.Sample]], value: Callable[[record.Sample], float]
) -> float:
    total = 0.0
    for rows in by_item.values():
        total += sum(map(value, rows)) / len(rows)
    return total


def _figures(rows: Sequence[record.Sample]) -> dict[str, float]:
    """The mean of every metric, over the answers that have it."""
    values: dict[str, list[float]] = {}
    for row in rows:
        for name, value in row.metrics.items():
            values.setdefault(name, []).append(value)
    return {name: round(sum(each) / len(each), 6) for name, each in sorted(values.items())}
