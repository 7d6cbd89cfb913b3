"""Marks answers that exist already and writes them as a cell: `proctor score TASK ANSWERS.jsonl --variant NAME`.

Which row answers which item is in answer_file.py. Knows the tasks' scores and the columns of a cell; no engine and no
weights. A table of thousands of objects would cost a second, so the rows are built a column at a time.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from proctor.common.digest import digest
from proctor.common.refusal import Refusal, located
from proctor.common.schema import check_name
from proctor.harness import record
from proctor.harness.imports.answer_file import Given, Matched, match, read_bytes, refuse_left_over
from proctor.tasks import Task, dataset_hash, doc_hash, target_of
from proctor.tasks.index import find_task
from proctor.tasks.score import ResponseScore, status_of

if TYPE_CHECKING:
    import pandas as pd

    from proctor.harness.ask.second_reader import SecondReader
    from proctor.harness.plan.grading import AnySpec

Marked = tuple[ResponseScore | None, str]  # or why there is no mark


@dataclass(frozen=True)
class By:
    """Who marks what rules do not: a judge, with the grader that it asks, and a second reader of numbers."""

    judge: str = "checklist"
    spec: "AnySpec | None" = None
    reader: "SecondReader | None" = None
    cache: Path | None = None

    def digest(self) -> str:
        from proctor.harness.plan.grading import grading
        from proctor.judges.judge import Judge

        return grading(Judge.load(self.judge), self.spec).digest


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
    task_name: str,
    path: Path,
    variant: str,
    results: Path,
    by: "By | None" = None,
    partial: bool = False,
    epochs: bool = False,
    redo: bool = False,
) -> Scored:
    """`epochs`: several rows for one item are its answers in the order of the file."""
    check_name(variant, "variant")
    task = find_task(task_name)
    by = by or By(task.judge or "checklist")
    docs = task.docs("test")
    data = read_bytes(path)
    matched = match(task, docs, data, path, epochs)
    refuse_left_over(matched, path, partial, epochs)
    definition: dict[str, Any] = {
        "dataset": dataset_hash(docs),
        "items": len({given.doc["id"] for given in matched.answers}),
        "task_version": task.version,
        "judge": by.digest() if task.scored_by == "judge" else None,
        "answers": hashlib.sha256(data).hexdigest(),
    }
    if task.numeric:
        definition["extractor"] = by.reader.extractor.identity if by.reader else None
    _refuse_other(results, variant, task_name, definition, redo)
    with located(path):
        marked = mark_all(task, matched.answers, by)
    marks = [mark for mark, _ in marked]
    table = _table(task, variant, matched.answers, marked, by.judge)
    run = _run(task, variant, path, definition, matched, marks, by.judge)
    with record.lock(results, variant, task_name):
        cell = record.write_table(results, table, run)
    return Scored(
        cell,
        task.headline,
        _headline(task, matched.answers, marks),
        definition["items"],
        _figures(marks),
        matched,
    )


def score_rows(task_name: str, rows: Sequence[Mapping[str, Any]], judge: str = "checklist") -> "pd.DataFrame":
    """Rows with `response` and `sample_id` or `question`, scored; nothing is written, and items may be missing.

    Several rows for one item are its epochs, in their order.
    """
    task, by = find_task(task_name), By(judge)
    if task.scored_by == "judge":
        by.digest()  # refuses a judge that asks a model, or that compares
    data = "\n".join(json.dumps(dict(row)) for row in rows).encode()
    matched = match(task, task.docs("test"), data, Path("answers"), epochs=True)
    if matched.unknown:
        raise Refusal(
            f"no sample of {task_name}: {matched.unknown[0]}", remedy="leave it out, or mend its id"
        )
    marked = mark_all(task, matched.answers, by)
    frame: pd.DataFrame = _table(task, "answers", matched.answers, marked, judge).to_pandas()
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


def mark_all(task: Task, answers: Sequence[Given], by: By) -> list[Marked]:
    """A mark for each answer; none where there was no answer to mark, or no verdict."""
    there = [(given.doc, given.response) for given in answers if given.response is not None]
    found = iter(_by_judge(task, there, by) if task.scored_by == "judge" else _by_rules(task, there, by))
    unasked = (None, "there was no response to mark")
    return [unasked if given.response is None else next(found) for given in answers]


def _by_rules(task: Task, answers: Sequence[tuple[Mapping[str, Any], str]], by: By) -> list[Marked]:
    mark = task.score
    marks = [mark(doc, response) for doc, response in answers]
    reader = by.reader if task.numeric else None
    return reader.decide(answers, marks, mark) if reader else [(mark, "") for mark in marks]


def _by_judge(task: Task, answers: Sequence[tuple[Mapping[str, Any], str]], by: By) -> list[Marked]:
    from proctor.judges.panel import open_graders

    grader = open_graders(by.spec) if by.spec else None
    module = task.part("scoring")
    marked = module.score_all(answers, by.judge, grader, by.cache)
    return [(mark, "" if mark or not verdict else verdict.explanation) for mark, verdict in marked]


def _table(task: Task, variant: str, answers: Sequence[Given], marked: Sequence[Marked], judge: str) -> Any:
    """The rows in record's columns, and what else the file held as JSON in a column `extra`."""
    rows = []
    for given, (mark, why) in zip(answers, marked, strict=True):
        prompt = str(given.row.get("prompt") or "")
        sample = record.Sample(
            variant=variant,
            task=task.name,
            task_version=task.version,
            sample_id=str(given.doc["id"]),
            cluster=str(given.doc["cluster"]),
            epoch=given.epoch,
            doc_hash=doc_hash(given.doc),
            prompt_hash=digest(prompt),
            prompt=prompt,
            response=given.response or "",
            answer=mark.answer if mark else "",
            target=target_of(given.doc),
            score=mark.score if mark else None,
            metrics=mark.metrics if mark else {},
            status=status_of(mark),
            explanation=mark.explanation if mark else why,
            judge=judge if task.scored_by == "judge" else "",
            tokens_in=_whole(given, "tokens_in"),
            tokens_out=_whole(given, "tokens_out"),
            seconds=_number(given, "seconds"),
            truncated=given.row.get("truncated") is True,
        )
        extra = json.dumps(given.extra, ensure_ascii=False, sort_keys=True) if given.extra else ""
        rows.append(vars(sample) | {"extra": extra})
    extras = ("extra",) if any(row["extra"] for row in rows) else ()
    return record.table_of(rows, extras)


def _whole(given: Given, name: str) -> int | None:
    value = given.row.get(name)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise Refusal(f"line {given.line}: {name} is {value!r}", "a number is wanted", "mend or leave it out")
    return value


def _number(given: Given, name: str) -> float | None:
    value = given.row.get(name)
    return value if isinstance(value, float) else _whole(given, name)


def _run(
    task: Task,
    variant: str,
    path: Path,
    definition: dict[str, Any],
    matched: Matched,
    marks: Sequence[ResponseScore | None],
    judge: str,
) -> record.RunRecord:
    """As for a cell of our own, without a clock: the same file gives the same bytes."""
    statuses: list[str] = [status_of(mark) for mark in marks]
    tokens = {
        name: sum(given.row[name] for given in matched.answers)
        for name in ("tokens_in", "tokens_out")
        if all(given.row.get(name) is not None for given in matched.answers)
    }
    about = task.about_data() | {
        "name": task.name, "kind": task.kind, "headline": task.headline, "scale": task.scale,
        "framework": task.framework, "scored_by": judge if task.scored_by == "judge" else "rules",
    }  # fmt: skip
    no_prompt = () if all(given.row.get("prompt") for given in matched.answers) else ("prompt",)
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
        truncated=sum(given.row.get("truncated") is True for given in matched.answers),
        costs=record.CostRecord.model_validate(tokens),
        origin=record.OriginRecord(
            kind="answers",
            files=(path.name,),
            lacks=("weights", *no_prompt),
            left_over={name: found for name, found in matched.counted().items() if found["n"]},
        ),
    )  # fmt: skip


def _headline(task: Task, answers: Sequence[Given], marks: Sequence[ResponseScore | None]) -> float | None:
    """As the board computes it: epochs are averaged within their item first; no score, no share in it."""
    by_item: dict[str, list[ResponseScore]] = {}
    for given, mark in zip(answers, marks, strict=True):
        if mark is not None:
            by_item.setdefault(str(given.doc["id"]), []).append(mark)
    if not by_item:
        return None
    if task.kind == "counts":
        tp, fp, fn = (
            sum(sum(mark.metrics[name] for mark in mine) / len(mine) for mine in by_item.values())
            for name in ("tp", "fp", "fn")
        )
        return 2 * tp / (2 * tp + fp + fn) if tp else 0.0
    return sum(sum(mark.score for mark in mine) / len(mine) for mine in by_item.values()) / len(by_item)


def _figures(marks: Sequence[ResponseScore | None]) -> dict[str, float]:
    """The mean of every metric, over the answers that have it."""
    found: dict[str, list[float]] = {}
    for mark in marks:
        for name, value in mark.metrics.items() if mark else ():
            found.setdefault(name, []).append(value)
    return {name: round(sum(values) / len(values), 6) for name, values in sorted(found.items())}
