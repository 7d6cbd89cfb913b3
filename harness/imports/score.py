"""Scores responses that exist already and writes them as a cell: `proctor score TASK ANSWERS.jsonl --variant NAME`.

Rows that are unknown, repeated, missing or empty are counted and named, and left out only when that was asked for.
Opens no engine and no weights.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from proctor.common.digest import digest, sha256_of
from proctor.common.json_lines import read_json_lines
from proctor.common.refusal import Refusal, located
from proctor.common.schema import check_name, nearest
from proctor.common.side_by_side import processes, side_by_side
from proctor.harness import record
from proctor.harness.ask.cell import AskedSample
from proctor.harness.ask.scoring import Scorer, counts, rows_of
from proctor.harness.engines.protocol import Response
from proctor.harness.imports.foreign import headline_of
from proctor.harness.plan.grading import grading
from proctor.judges.judge import Judge
from proctor.tasks import Task, dataset_hash
from proctor.tasks.index import as_judged, find_task
from proctor.tasks.score import ResponseScore

RULES = "checklist"  # the judge that asks nobody
LOOKS_LIKE = '{"sample_id": ..., "response": ...}'
MANY = 1000  # answers that are worth a process more
NAMED = 5  # of a kind are told by name; the number of all is told too
# Fields of a row that have a column of their own; any other is kept beside, as JSON.
OWN = ("response", "question", "epoch", "prompt", "tokens_in", "tokens_out", "seconds", "truncated")
LEFT_OVER = ("unknown", "given_twice", "missing", "empty")
Row = Mapping[str, Any]


@dataclass
class Matched:
    """The samples, each with its row's other fields as JSON; and what was left over, named by sample or by line."""

    answers: list[tuple[AskedSample, str]] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    given_twice: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)

    def counted(self) -> dict[str, dict[str, Any]]:
        counts = {}
        for kind in LEFT_OVER:
            names = getattr(self, kind)
            counts[kind] = {"n": len(names), "named": names[:NAMED]}
        return counts


@dataclass(frozen=True)
class Scored:
    cell: record.Cell
    headline: str
    score: float | None
    items: int
    scored_items: int  # those with a score: a request that failed has none
    figures: dict[str, float]
    matched: Matched

    def as_dict(self) -> dict[str, Any]:
        run = self.cell.run
        return {
            "variant": run.variant,
            "task": run.task.name,
            "headline": self.headline,
            "score": self.score,
            "items": self.items,
            "scored_items": self.scored_items,
            "rows": run.rows,
            "statuses": self.cell.outcomes,
            "figures": self.figures,
            **self.matched.counted(),
            "cell": str(self.cell.folder),
        }


def score_file(
    task_name: str, path: Path, variant: str, results: Path, scorer: Scorer | None = None, partial: bool = False,
    epochs: bool = False, redo: bool = False,
) -> Scored:  # fmt: skip
    """`epochs`: several rows for one item are its answers in the order of the file."""
    task = find_task(task_name)
    scorer = scorer or Scorer(task.judge or RULES, None, None)
    task = as_judged(task, scorer.judge)
    check_name(variant, "variant")
    docs = task.docs("test")
    with located(path):
        matched = match(task, docs, read_json_lines(path, LOOKS_LIKE), epochs)
        refuse_left_over(matched, partial, epochs)
    items = len({sample.doc["id"] for sample, _ in matched.answers})
    definition: dict[str, Any] = {
        "dataset": dataset_hash(docs),
        "items": items,
        "task_version": task.version,
        "judge": _judge_digest(task, scorer),
        "answers": sha256_of(path),
    }
    if task.numeric:
        definition["extractor"] = scorer.reader.extractor.identity if scorer.reader else None
    _refuse_other(results, variant, task_name, definition, redo)
    with located(path):
        table = _scored(task, variant, matched, scorer)
        run = _run_record(task, variant, path, definition, matched, table, scorer.judge)
    with record.lock(results, variant, task_name):
        cell = record.write_table(results, table, run)
    rows = table.to_pandas()
    headline, with_score = headline_of(rows, task.kind == "counts"), rows[rows["score"].notna()]
    return Scored(
        cell, task.headline, headline, items, int(with_score["sample_id"].nunique()), _figures(rows), matched
    )


def score_rows(task_name: str, rows: Sequence[Mapping[str, Any]], judge: str = RULES) -> pd.DataFrame:
    """Rows with `response` and `sample_id` or `question`, scored; nothing is written, and items may be missing.

    Several rows for one item are its epochs, in their order.

    >>> score_rows("word_problems", [{"sample_id": "test-0001", "response": "It is 14."}])["score"]   # doctest: +SKIP
    """
    task, scorer = find_task(task_name), Scorer(judge, None, None)
    _judge_digest(task, scorer)
    matched = match(task, task.docs("test"), enumerate(rows, 1), epochs=True)
    if matched.unknown:
        raise Refusal(
            f"no sample of {task_name}: {matched.unknown[0]}", remedy="leave it out, or mend its id"
        )
    frame: pd.DataFrame = _scored(task, "answers", matched, scorer).to_pandas()
    return frame[["sample_id", "epoch", "response", "answer", "target", "score", "status", "explanation"]]


def _judge_digest(task: Task, scorer: Scorer) -> str | None:
    """Of the judge and its grader; a judge that asks a model which is not named, or that compares, is refused."""
    if task.scored_by != "judge":
        return None
    return grading(Judge.load(scorer.judge), scorer.spec).digest


def _refuse_other(results: Path, variant: str, task: str, definition: dict[str, Any], redo: bool) -> None:
    there = record.read(results, variant, task)
    if there is None or there.problem:
        return
    if there.run.origin is None or there.run.origin.kind != "answers":
        raise Refusal(
            f"{variant} x {task} has results that were made another way", "scored responses never replace them",
            "give another --variant", there.folder,
        )  # fmt: skip
    earlier = there.run.definition.as_json()
    changed = [name for name in definition if earlier.get(name) != definition[name]]
    if changed and not redo:
        raise Refusal(
            f"{variant} x {task} is there already", f"its {' and '.join(changed)} differ",
            "give --redo to replace it, or another --variant", there.folder,
        )  # fmt: skip


def _scored(task: Task, variant: str, matched: Matched, scorer: Scorer) -> Any:
    """The rows as a table, as for responses that an engine gave, and what else the file held in a column `extra`."""
    samples = [sample for sample, _ in matched.answers]
    if task.scored_by == "rules" and len(samples) >= MANY:
        parts = processes()
        jobs = [partial(_scores, task, samples[part::parts]) for part in range(parts)]
        for part, scores in enumerate(side_by_side(jobs)):
            for sample, score in zip(samples[part::parts], scores, strict=True):
                sample.score = score
    rows, _ = rows_of(variant, task, samples, scorer, lambda done, made: None)
    fields = []
    for row, (_, extra) in zip(rows, matched.answers, strict=True):
        fields.append(vars(row) | {"extra": extra})
    return record.table_of(fields, sorted({"extra" for _, extra in matched.answers if extra}))


def _scores(task: Task, samples: Sequence[AskedSample]) -> list[ResponseScore | None]:
    return [
        None if sample.response.error else task.score(sample.doc, sample.response.text) for sample in samples
    ]


def _run_record(
    task: Task, variant: str, path: Path, definition: dict[str, Any], matched: Matched, table: Any, judge: str
) -> record.RunRecord:
    """As for a cell of our own, without a clock: the same file gives the same bytes."""
    tokens = {}
    for name in ("tokens_in", "tokens_out"):
        if not table[name].null_count:
            tokens[name] = sum(table[name].to_pylist())
    left_over: Any = {kind: left for kind, left in matched.counted().items() if left["n"]}
    lacks = ["weights"]
    if not all(sample.prompt for sample, _ in matched.answers):
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
        **counts(table["status"].to_pylist(), table["truncated"].to_pylist()),
        costs=record.CostRecord.model_validate(tokens),
        origin=record.OriginRecord(kind="answers", files=(path.name,), lacks=tuple(lacks), left_over=left_over),
    )  # fmt: skip


def _figures(rows: pd.DataFrame) -> dict[str, float]:
    """The mean of every metric, over the answers that have it."""
    means = pd.DataFrame(list(rows["metrics"])).astype("float64").mean().dropna()
    return {str(name): float(mean) for name, mean in means.round(6).sort_index().items()}


class _ItemsByName:
    """The items of a task, by id and by their own text."""

    def __init__(self, task: Task, docs: Sequence[Row]) -> None:
        self.wording = task.asks
        self.by_id = {str(doc["id"]): doc for doc in docs}
        self._by_text = {_folded(doc[self.wording]): doc for doc in docs}

    def answered_by(self, row: Row, line: int) -> tuple[Row | None, str]:
        """The item, and how the row calls it. A `sample_id` of ours decides; another's ids may stand beside the
        question's text.
        """
        text, item = row.get("question", row.get(self.wording)), row.get("sample_id")
        if text is None and item is None:
            raise Refusal(
                f"line {line} has neither 'sample_id' nor 'question'", "nothing says which item it answers"
            )
        by_id, by_text = self.by_id.get(str(item)), self._by_text.get(_folded(text))
        if by_id and text is not None and by_text is not by_id:
            raise Refusal(
                f"line {line} has the sample_id of one item and the text of another ({item!r})",
                "either could be meant", "leave one of them out, or mend it",
            )  # fmt: skip
        called = _folded(item or text)
        if len(called) > 60:
            called = called[:57] + "..."
        return by_id or by_text, called


def match(task: Task, docs: Sequence[Row], rows: Iterable[tuple[int, Row]], epochs: bool) -> Matched:
    """Each row, which comes with the number of its line, with its item, by `sample_id` or by the item's own text."""
    items, matched = _ItemsByName(task, docs), Matched()
    seen: dict[str, set[int]] = {}
    for line, row in rows:
        response = _response(row, line)
        doc, called = items.answered_by(row, line)
        if doc is None:
            matched.unknown.append(f"line {line} ({called})")
            continue
        name = str(doc["id"])
        there = seen.setdefault(name, set())
        epoch = row.get("epoch", len(there) + 1 if epochs else 1)
        if not isinstance(epoch, int) or isinstance(epoch, bool) or epoch < 1:
            raise Refusal(f"line {line}: epoch is {epoch!r}", "epochs are counted from 1")
        if epoch in there:
            label = name if epoch == 1 else f"{name}, epoch {epoch}"
            matched.given_twice.append(f"line {line} ({label})")
            continue
        there.add(epoch)
        if not response.error and not response.text.strip():
            matched.empty.append(f"{name} (line {line})")
        sample = AskedSample(doc, epoch, str(row.get("prompt") or ""), response)
        matched.answers.append((sample, _other_fields(row, name)))
    matched.missing = [name for name in items.by_id if name not in seen]
    matched.answers.sort(key=lambda answer: (str(answer[0].doc["id"]), answer[0].epoch))
    return matched


def _response(row: Row, line: int) -> Response:
    if "response" not in row:
        raise Refusal(
            f"line {line} has no 'response'", nearest("response", list(row)),
            "put the model's text there; null where the request failed",
        )  # fmt: skip
    text = row["response"]
    if text is not None and not isinstance(text, str):
        raise Refusal(
            f"line {line}: response is {type(text).__name__}, not text", "it is scored as the model wrote it",
            "put it in quotes; null where the request failed",
        )  # fmt: skip
    for name in ("tokens_in", "tokens_out", "seconds"):
        value = row.get(name)
        whole_or_seconds = type(value) is int or (name == "seconds" and type(value) is float)
        if value is not None and not whole_or_seconds:
            raise Refusal(f"line {line}: {name} is {value!r}", "a number is wanted", "mend or leave it out")
    return Response(
        text or "", row.get("tokens_in"), row.get("tokens_out"), row.get("truncated") is True, row.get("seconds"),
        error="there was no response to score" if text is None else "",
    )  # fmt: skip


def _other_fields(row: Row, item: str) -> str:
    """As JSON, what has no column: other fields, and another's sample_id."""
    other = {name: value for name, value in row.items() if name not in OWN}
    if other.get("sample_id") == item:
        del other["sample_id"]
    return json.dumps(other, ensure_ascii=False, sort_keys=True) if other else ""


def _folded(text: object) -> str:
    return " ".join(str(text).split())


def refuse_left_over(matched: Matched, partial: bool, epochs: bool) -> None:
    """Fewer than all, or rows that cannot count, are accepted only when that was said."""
    if not matched.answers:
        raise Refusal("not one row answers an item of this task" + _named(matched.unknown, "; such as"))
    if partial:
        return
    remedy = "give each row its 'epoch'"
    if not epochs:
        remedy += ", or --epochs to count them in their order"
    wrong = [
        (matched.unknown, "rows answer no item of this task", "--partial leaves them out"),
        (
            matched.given_twice, "rows answer an item that was answered before",
            f"{remedy}; --partial keeps the first",
        ),
        (matched.missing, "items have no answer", "--partial scores those that are there"),
    ]  # fmt: skip
    for names, problem, remedy in wrong:
        if names:
            raise Refusal(f"{len(names)} {problem}{_named(names, ':')}", remedy=remedy)


def _named(names: Sequence[str], before: str) -> str:
    if not names:
        return ""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{before} {', '.join(names[:NAMED])}{more}"
