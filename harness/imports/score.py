"""Marks answers that exist already and writes them as a cell: `proctor score TASK ANSWERS.jsonl --variant NAME`.

Which row answers which item is in answer_file.py. Knows the exams' marks and the columns of a cell; no engine and no
weights. A table of thousands of objects would cost a second, so the rows are built a column at a time.
"""

import hashlib
import importlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from proctor.common.digest import digest
from proctor.common.refusal import Refusal, located
from proctor.common.schema import check_name, nearest
from proctor.harness import record
from proctor.harness.imports.answer_file import Given, Matched, match, read_bytes, refuse_left_over
from proctor.tasks import TASKS, Task, dataset_hash, doc_hash, target_of
from proctor.tasks.mark import Mark, status_of

if TYPE_CHECKING:
    from proctor.harness.ask.second_reader import SecondReader
    from proctor.harness.judging.grading import AnySpec

Marked = tuple[Mark | None, str]  # or why there is no mark


@dataclass(frozen=True)
class By:
    """Who marks what rules do not: a judge, with the grader that it asks, and a second reader of numbers."""

    judge: str = "checklist"
    spec: "AnySpec | None" = None
    reader: "SecondReader | None" = None
    cache: Path | None = None

    def digest(self) -> str:
        from proctor.harness.judging.grading import grading
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
            "variant": run["variant"],
            "task": run["task"],
            "headline": self.headline,
            "score": self.score,
            "items": self.items,
            "rows": run["rows"],
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
    if task_name not in TASKS:
        raise Refusal(f"no task {task_name!r}", nearest(task_name, list(TASKS)))
    check_name(variant, "variant")
    task, by = TASKS[task_name], by or By()
    docs = task.docs("test")
    data = read_bytes(path)
    matched = match(task, docs, data, path, epochs)
    refuse_left_over(matched, path, partial, epochs)
    definition: dict[str, Any] = {
        "dataset": dataset_hash(docs),
        "items": len({given.doc["id"] for given in matched.answers}),
        "task_version": task.version,
        "judge": by.digest() if task.marked_by == "judge" else None,
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
        cell = record.write_table(results, variant, task_name, table, run)
    return Scored(
        cell,
        task.headline,
        _headline(task, matched.answers, marks),
        definition["items"],
        _figures(marks),
        matched,
    )


def _refuse_other(results: Path, variant: str, task: str, definition: dict[str, Any], redo: bool) -> None:
    there = record.read(results, variant, task)
    if there is None or there.problem:
        return
    if (there.run.get("origin") or {}).get("kind") != "answers":
        raise Refusal(
            f"{variant} x {task} has results that were made another way", "marked answers never replace them",
            "give another --variant", there.folder,
        )  # fmt: skip
    earlier = there.run["definition"]
    changed = [name for name in definition if earlier.get(name) != definition[name]]
    if changed and not redo:
        raise Refusal(
            f"{variant} x {task} is there already", f"its {' and '.join(changed)} differ",
            "give --redo to replace it, or another --variant", there.folder,
        )  # fmt: skip


def mark_all(task: Task, answers: Sequence[Given], by: By) -> list[Marked]:
    """A mark for each answer; none where there was no answer to mark, or no verdict."""
    there = [(given.doc, given.response) for given in answers if given.response is not None]
    found = iter(_by_judge(task, there, by) if task.marked_by == "judge" else _by_rules(task, there, by))
    unasked = (None, "there was no response to mark")
    return [unasked if given.response is None else next(found) for given in answers]


def _by_rules(task: Task, answers: Sequence[tuple[Mapping[str, Any], str]], by: By) -> list[Marked]:
    mark = importlib.import_module(f"proctor.tasks.{task.name}.task").mark
    marks = [mark(doc, response) for doc, response in answers]
    reader = by.reader if task.numeric else None
    return reader.decide(answers, marks, mark) if reader else [(mark, "") for mark in marks]


def _by_judge(task: Task, answers: Sequence[tuple[Mapping[str, Any], str]], by: By) -> list[Marked]:
    from proctor.judges.panel import open_graders

    grader = open_graders(by.spec) if by.spec else None
    module = importlib.import_module(f"proctor.tasks.{task.name}.marking")
    marked = module.mark_all(answers, by.judge, grader, by.cache)
    return [(mark, "" if mark or not verdict else verdict.explanation) for mark, verdict in marked]


def _table(task: Task, variant: str, answers: Sequence[Given], marked: Sequence[Marked], judge: str) -> Any:
    """The rows in record's columns, and what else the file held as JSON in a column `extra`."""
    import pyarrow as pa

    marks = [mark for mark, _ in marked]
    names = sorted({name for mark in marks if mark for name in mark.metrics})
    schema = record.schema(names)
    hashes = {id(doc): doc_hash(doc) for doc in {id(given.doc): given.doc for given in answers}.values()}
    extras = [given.extra for given in answers]
    prompts = [str(given.row.get("prompt") or "") for given in answers]
    none = digest("")
    columns: dict[str, list[Any]] = {
        "variant": [variant] * len(answers),
        "task": [task.name] * len(answers),
        "task_version": [task.version] * len(answers),
        "sample_id": [str(given.doc["id"]) for given in answers],
        "cluster": [str(given.doc["cluster"]) for given in answers],
        "epoch": [given.epoch for given in answers],
        "doc_hash": [hashes[id(given.doc)] for given in answers],
        "prompt_hash": [digest(prompt) if prompt else none for prompt in prompts],
        "prompt": prompts,
        "response": [given.response or "" for given in answers],
        "answer": [mark.answer if mark else "" for mark in marks],
        "target": [target_of(given.doc) for given in answers],
        "score": [mark.score if mark else None for mark in marks],
        "metrics": [dict(mark.metrics) if mark else {} for mark in marks],
        "status": [status_of(mark) for mark in marks],
        "explanation": [mark.explanation if mark else why for mark, why in marked],
        "judge": [judge if task.marked_by == "judge" else ""] * len(answers),
        **{
            name: [_number(given, name) for given in answers]
            for name in ("tokens_in", "tokens_out", "seconds")
        },
        "truncated": [given.row.get("truncated") is True for given in answers],
    }
    if any(extras):
        schema = schema.append(pa.field("extra", pa.string()))
        columns["extra"] = [
            json.dumps(extra, ensure_ascii=False, sort_keys=True) if extra else "" for extra in extras
        ]
    return _as_table(columns, schema)


def _as_table(columns: Mapping[str, Sequence[Any]], schema: Any) -> Any:
    """Through JSON: every other way from Python's objects to a table imports pandas, which takes half a second."""
    import io

    from pyarrow import json as reading

    names = schema.names
    rows = zip(*(columns[name] for name in names), strict=True)
    text = "\n".join(json.dumps(dict(zip(names, row, strict=True))) for row in rows).encode()
    options = reading.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error")
    # One block: a row longer than a block would be refused.
    blocks = reading.ReadOptions(use_threads=False, block_size=len(text) + 1)
    return reading.read_json(io.BytesIO(text), read_options=blocks, parse_options=options)


def _number(given: Given, name: str) -> float | int | None:
    value = given.row.get(name)
    if value is None or (isinstance(value, float) and name == "seconds"):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise Refusal(f"line {given.line}: {name} is {value!r}", "a number is wanted", "mend or leave it out")


def _run(
    task: Task,
    variant: str,
    path: Path,
    definition: dict[str, Any],
    matched: Matched,
    marks: Sequence[Mark | None],
    judge: str,
) -> dict[str, Any]:
    """run.json as for a cell of our own, without a clock: the same file gives the same bytes."""
    statuses: list[str] = [status_of(mark) for mark in marks]
    told = {
        name: sum(given.row[name] for given in matched.answers)
        for name in ("tokens_in", "tokens_out")
        if all(given.row.get(name) is not None for given in matched.answers)
    }
    lacks = [] if all(given.row.get("prompt") for given in matched.answers) else ["prompt"]
    return told | {
        "definition": definition,
        "resolved": {
            "name": variant, "about": f"answers that came from elsewhere ({path.name})", "base": variant,
            "engine": "answers", "quantization": "none", "prompt": None, "parent": None, "sampling": None,
            "digest": digest([variant, definition["answers"]]),
        },
        "stages": [],
        "exam": {
            **task.about_data(), "kind": task.kind, "headline": task.headline, "scale": list(task.scale),
            "framework": task.framework, "marked_by": judge if task.marked_by == "judge" else "rules",
        },
        "margin": None,
        "statuses": {status: statuses.count(status) for status in record.STATUSES},
        "truncated": sum(given.row.get("truncated") is True for given in matched.answers),
        "errors": statuses.count("error"),
        "versions": {},
        "hardware": {},
        "origin": {
            "kind": "answers",
            "files": [path.name],
            "lacks": ["weights", *lacks],
            "left_over": {name: found for name, found in matched.counted().items() if found["n"]},
        },
    }  # fmt: skip


def _headline(task: Task, answers: Sequence[Given], marks: Sequence[Mark | None]) -> float | None:
    """As the board computes it: epochs are averaged within their item first; no score, no share in it."""
    by_item: dict[str, list[Mark]] = {}
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


def _figures(marks: Sequence[Mark | None]) -> dict[str, float]:
    """The mean of every metric, over the answers that have it."""
    found: dict[str, list[float]] = {}
    for mark in marks:
        for name, value in mark.metrics.items() if mark else ():
            found.setdefault(name, []).append(value)
    return {name: round(sum(values) / len(values), 6) for name, values in sorted(found.items())}
