"""Scores that other tools made become cells like any other: `proctor import`.

Chooses the reader by what a file is, decides what kind of task its scores are, says what the source lacks, and writes
the cells. What is in a file is read in a module for each format.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from proctor.common.digest import digest, sha256_of
from proctor.common.json_lines import read_json_lines
from proctor.common.refusal import Refusal
from proctor.common.schema import SAFE_NAME, suggest_name
from proctor.harness import record
from proctor.harness.imports.eee import ENDING, MARKS, read_eee
from proctor.harness.imports.evalscope_runs import read_evalscope
from proctor.harness.imports.foreign import Foreign, Format, Wish, checked
from proctor.harness.imports.helm_runs import PER_INSTANCE, read_helm
from proctor.harness.imports.inspect_logs import read_inspect
from proctor.harness.imports.lm_eval_logs import read_lm_eval, runs_of_lm_eval
from proctor.harness.imports.nemo_runs import read_nemo
from proctor.harness.imports.plain_scores import read_plain
from proctor.harness.imports.promptfoo_results import read_promptfoo

READERS: Mapping[Format, Callable[[Path, Wish], Iterator[Foreign]]] = {
    "lm-eval": read_lm_eval,
    "inspect": read_inspect,
    "plain": read_plain,
    "eee": read_eee,
    "helm": read_helm,
    "evalscope": read_evalscope,
    "nemo": read_nemo,
    "promptfoo": read_promptfoo,
}
# What a JSON file of each form has in its first lines.
HEADS: Mapping[Format, tuple[str, str]] = {
    "inspect": ('"version"', '"status"'),
    "evalscope": ('"schema_version"', '"dataset_pretty_name"'),
    "nemo": ('"config_hash"', '"sdk_version"'),
    "promptfoo": ('"evalId"', '"results"'),
}
Scale = tuple[float, float]
State = Literal["new", "made again", "there already"]
FRAMEWORK = {"lm-eval": "lm_eval", "inspect": "inspect"}  # of all others it is "other"


@dataclass(frozen=True)
class Imported:
    """What became of one variant x task: a new cell, or one that is there already with the same rows."""

    variant: str
    called: str
    task: str
    format: Format
    headline: str
    mean: float
    reported: float | None  # the same figure as the source's own results tell it
    differs: bool  # that figure is over all rows, and not the mean of the scores that are kept here
    samples: int  # those with a score
    rows: int
    scored: int
    statuses: Mapping[str, int]
    clustered: bool
    state: State
    lacks: tuple[str, ...]
    ignored: tuple[str, ...]
    cell: Path


def import_files(
    paths: Sequence[Path], results: Path, wish: Wish, form: Format | None = None, scale: Scale | None = None,
    redo: bool = False,
) -> list[Imported]:  # fmt: skip
    """Everything is read and checked before the first cell is written."""
    cells: dict[tuple[str, str], Foreign] = {}
    for foreign in _read(paths, wish, form):
        where = foreign.files[0]
        name = _safe_name(foreign.called, "variant", where), _safe_name(foreign.task, "task", where)
        if name in cells:
            other = cells[name]
            files = dict.fromkeys(file.name for file in (*other.files, *foreign.files))
            raise Refusal(
                f"{other.called!r} x {other.task!r} and {foreign.called!r} x {foreign.task!r} become "
                f"{' x '.join(name)}",
                "each cell is one variant x one task", "import one of them with --variant or --task", ", ".join(files),
            )  # fmt: skip
        cells[name] = foreign
    if not cells:
        raise Refusal("nothing to import", "no file of scores was found", where=", ".join(map(str, paths)))
    tasks = _task_records(cells, scale)
    ready = []
    for (variant, task), foreign in cells.items():
        rows = _completed(foreign, variant, task)
        table = _table(rows, foreign.files[0])
        told = scale is not None or tasks[task].scale == foreign.scale
        run = _run_record(foreign, rows, variant, tasks[task], told)
        ready.append((foreign, table, run, _state(results, table, run, redo)))
    return [_written(results, *each) for each in ready]


def _read(paths: Sequence[Path], wish: Wish, form: Format | None) -> Iterator[Foreign]:
    for path in paths:
        for file, format_ in _files(path, form):
            try:
                for foreign in READERS[format_](file, wish):
                    yield checked(foreign, wish)
            except (OverflowError, RecursionError):  # no log of a real run holds such a thing
                raise Refusal("holds a number or a nesting beyond what can be read", where=file) from None


def _written(results: Path, foreign: Foreign, table: Any, run: record.RunRecord, state: State) -> Imported:
    if state != "there already":
        with record.lock(results, run.variant, run.task.name):
            record.write_table(results, table, run)
    scored = foreign.rows[foreign.rows["score"].notna()]
    return Imported(
        variant=run.variant,
        called=foreign.called,
        task=run.task.name,
        format=foreign.format,
        headline=foreign.headline,
        mean=foreign.mean,
        reported=foreign.reported,
        differs=foreign.differs,
        samples=int(scored["sample_id"].nunique()),
        rows=table.num_rows,
        scored=len(scored),
        statuses=run.statuses,
        clustered=not table["cluster"].equals(table["sample_id"]),
        state=state,
        lacks=run.lacks,
        ignored=foreign.ignored,
        cell=record.cell_folder(results, run.variant, run.task.name),
    )


def _files(path: Path, form: Format | None) -> Iterator[tuple[Path, Format]]:
    """The file, or all logs in a folder, told by their names or by their first lines."""
    if not path.exists():
        raise Refusal("no such file or folder", where=path)
    if path.is_file():
        yield path, form or _format(path)
        return
    logs: list[tuple[Path, Format]] = [(file, "lm-eval") for file in runs_of_lm_eval(path)]
    for file in sorted(path.rglob("*")):
        format_ = "eee" if file.name.endswith(ENDING) else _format_of_run(file)
        if format_:
            logs.append((file, format_))
    if not logs:
        raise Refusal(
            "no logs in this folder",
            f"those of {', '.join(name for name in READERS if name != 'plain')} are found by what they are",
            "give the files of plain scores by name", path,
        )  # fmt: skip
    for file, format_ in logs:
        if form in (None, format_):
            yield file, format_


def _format(path: Path) -> Format:
    """By what the file is: its ending, and for JSONL what its first row holds."""
    ending, format_ = path.suffix.lower(), _format_of_run(path)
    if format_:
        return format_
    if ending in (".csv", ".tsv"):
        return "plain"
    if ending == ".json":
        raise Refusal(
            "is no log of Inspect, HELM, NeMo Evaluator, evalscope or promptfoo: it doesn't begin as theirs do",
            "lm-eval's samples stand in samples_*.jsonl beside its results, plain scores are JSONL or CSV",
            "give that file, or --format inspect for a log that was rewritten", path,
        )  # fmt: skip
    if ending not in (".jsonl", ".ndjson"):
        raise Refusal(
            f"{path.suffix or 'no ending'!r} is no format that is known",
            "lm-eval's samples_*.jsonl, Inspect's .eval and .json, and plain .csv, .tsv and .jsonl can be read",
            "rename it, or give --format", path,
        )  # fmt: skip
    for _, row in read_json_lines(path, '{"doc_id": ...} or {"variant": ...}'):
        if set(row) >= MARKS:
            return "eee"
        return "lm-eval" if {"doc_id", "metrics"} <= set(row) else "plain"
    raise Refusal("is empty", "there is nothing to import", where=path)


def _format_of_run(path: Path) -> Format | None:
    """Of the file that stands for a run in its folder; lm-eval's and plain files are told by their rows."""
    if path.suffix.lower() == ".eval":
        return "inspect"
    if path.name == PER_INSTANCE:
        return "helm"
    if path.suffix.lower() == ".json" and path.is_file():
        with path.open(encoding="utf-8", errors="replace") as file:
            head = file.read(400)
        for format_, words in HEADS.items():
            if all(word in head for word in words):
                return format_
    return None


def _safe_name(name: str, what: str, where: Path) -> str:
    safe = suggest_name(name)
    if not SAFE_NAME.fullmatch(safe):
        remedy = f"give one with --{what}"
        raise Refusal(f"{what} {name!r} has no letters for a folder's name", "", remedy, where)
    return safe


def _task_records(
    cells: Mapping[tuple[str, str], Foreign], scale: Scale | None
) -> dict[str, record.TaskRecord]:
    by_task: dict[str, list[Foreign]] = {}
    for (_, task), foreign in cells.items():
        by_task.setdefault(task, []).append(foreign)
        if foreign.rows["score"].isna().all():
            nothing = f"{foreign.called} x {foreign.task}: no row has a score"
            raise Refusal(nothing, "there is nothing to compare", where=foreign.files[0])
    records = {}
    for task, foreigns in by_task.items():
        told = {foreign.scale for foreign in foreigns}
        own = told.pop() if len(told) == 1 else None
        records[task] = _task_record(task, foreigns, scale or own)
    return records


def _task_record(task: str, foreigns: Sequence[Foreign], scale: Scale | None) -> record.TaskRecord:
    """The task's kind and scale, from all its scores: counts where a log has them, 0/1 where all are."""
    first = foreigns[0]
    counted = ["metrics" in foreign.rows for foreign in foreigns]
    if any(counted) and not all(counted):
        raise Refusal(
            f"{task}: counts from one file and scores from another", "they can't be compared",
            "import them one by one, with --task", first.files[0],
        )  # fmt: skip
    scores = pd.concat([foreign.rows["score"] for foreign in foreigns]).dropna()
    lowest, highest = float(scores.min()), float(scores.max())
    if scale and not (scale[0] <= lowest and highest <= scale[1]):
        raise Refusal(
            f"{task}: scores from {lowest:g} to {highest:g}", f"the scale given is {scale[0]:g} to {scale[1]:g}",
            "give a scale that holds them", first.files[0],
        )  # fmt: skip
    kind: record.Kind = "real"
    if any(counted):
        kind = "counts"
    elif scale in (None, (0.0, 1.0)) and scores.isin((0.0, 1.0)).all():
        kind = "binary"
    made = record.TaskRecord(
        name=task, title=first.title or first.task, kind=kind, headline=first.headline,
        scale=scale or _scale(lowest, highest), framework=FRAMEWORK.get(first.format, "other"),
        scored_by=first.scored_by,
    )  # fmt: skip
    if kind == "real" and not scale and made.scale != (0.0, 1.0):
        return made.changed(scale_stated=False)
    return made


def _scale(lowest: float, highest: float) -> Scale:
    """Shares, or whole numbers around the scores that were seen: how far a plot reaches, and never printed."""
    if lowest >= 0.0 and highest <= 1.0:
        return 0.0, 1.0
    low, high = float(math.floor(lowest)), float(math.ceil(highest))
    return low, max(high, low + 1.0)


def _table(rows: pd.DataFrame, where: Path) -> Any:
    """The rows in record's columns, sorted: the order of the file leaves no trace."""
    metrics = ["fn", "fp", "tp"] if "metrics" in rows else []
    schema = record.schema(metrics)
    columns = []
    for field in schema:
        if field.name not in rows:
            columns.append(pa.nulls(len(rows), field.type))
            continue
        try:
            columns.append(pa.Array.from_pandas(rows[field.name], type=field.type))
        except (OverflowError, pa.ArrowException, UnicodeEncodeError):
            raise Refusal(f"{field.name}: a value that no table can hold", where=where) from None
    return pa.Table.from_arrays(columns, schema=schema)


def _completed(foreign: Foreign, variant: str, task: str) -> pd.DataFrame:
    rows = foreign.rows.copy()
    untold: dict[str, Any] = {
        "variant": variant, "task": task, "task_version": foreign.task_version or "", "cluster": rows["sample_id"],
        "epoch": 1, "doc_hash": "", "prompt_hash": "", "prompt": "", "response": "", "answer": "", "target": "",
        "status": rows["score"].notna().map({True: "ok", False: "error"}),
        "explanation": "", "judge": foreign.judge or "", "tokens_in": None, "tokens_out": None, "seconds": None,
        "truncated": False,
    }  # fmt: skip
    for name, value in untold.items():
        if name not in rows:
            rows[name] = value
    return rows.sort_values(["sample_id", "epoch"], ignore_index=True)


def _run_record(
    foreign: Foreign, rows: pd.DataFrame, variant: str, task: record.TaskRecord, scaled: bool
) -> record.RunRecord:
    """As for a cell of our own. No clock: the same files give the same bytes."""
    counts = rows["status"].value_counts()
    tokens = {}
    for name in ("tokens_in", "tokens_out"):
        if rows[name].notna().any():
            tokens[name] = int(rows[name].sum())
    lacks = foreign.lacks
    if task.kind == "real" and not scaled:
        lacks = (*lacks, "scale")
    definition = {
        "task_version": foreign.task_version, "dataset": foreign.dataset, "judge": foreign.judge,
        "metric": foreign.metric, "items": int(rows["sample_id"].nunique()), **foreign.asked,
    }  # fmt: skip
    return record.RunRecord(
        variant=variant,
        task=task,
        definition=record.Definition.model_validate(definition),
        resolved=record.VariantRecord(
            name=variant, about=f"{foreign.called}, imported ({foreign.format})", base=foreign.model or foreign.called,
            engine="imported", quantization="none", prompt=foreign.prompt, parent=None, sampling=foreign.sampling,
            digest=digest([foreign.called, foreign.task]),
        ),
        margin=None,
        statuses={status: int(counts.get(status, 0)) for status in record.STATUSES},
        truncated=int(rows["truncated"].sum()),
        costs=record.CostRecord.model_validate(tokens),
        versions=foreign.versions,
        origin=record.OriginRecord(
            kind=foreign.format,
            called=foreign.called,
            files=tuple(sorted(file.name for file in foreign.files)),
            sha256={file.name: sha256_of(file) for file in foreign.files},
            reported=foreign.reported,
            responses="response" in foreign.rows,
            lacks=lacks,
        ),
    )  # fmt: skip


def _state(results: Path, table: Any, run: record.RunRecord, redo: bool) -> State:
    there = record.read(results, run.variant, run.task.name)
    if there is None:
        return "new"
    name, was = f"{run.variant} x {run.task.name}", "a damaged cell"
    if not there.problem:
        origin = there.run.origin
        if origin is None or origin.kind not in READERS:
            raise Refusal(
                f"{name} has results that Proctor made", "an import never replaces them", "give another --variant",
                there.folder,
            )  # fmt: skip
        if _same(there, table, run):
            return "there already"
        was = ", ".join(origin.files) or was
    if not redo:
        raise Refusal(
            f"{name} is there already", f"it was made from {was}",
            "give --redo to replace it, or another --variant", there.folder,
        )  # fmt: skip
    return "made again"


def _same(there: record.Cell, table: Any, run: record.RunRecord) -> bool:
    """Whether the cell holds these rows and says of them what would be said now, whatever file they came in."""
    was, now = there.run.as_json(), run.as_json()
    told = all(was[name] == now[name] for name in ("definition", "resolved", "task"))
    rows = pq.read_table(there.folder / "samples.parquet")
    return told and there.run.lacks == run.lacks and bool(rows.equals(table))
