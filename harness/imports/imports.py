"""Scores that other tools made become cells like any other: `proctor import`.

Chooses the reader by what a file is, decides what kind of task its scores are, says what the source lacks, and writes
the cells. What is in a file is read in lm_eval_logs.py, inspect_logs.py and plain_scores.py.
"""

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from proctor.common.digest import digest
from proctor.common.refusal import Refusal
from proctor.common.schema import SAFE_NAME, suggest_name
from proctor.harness import record
from proctor.harness.imports.foreign import Foreign, Format, Wish, without_a_score
from proctor.harness.imports.inspect_logs import read_inspect
from proctor.harness.imports.lm_eval_logs import read_lm_eval, runs_of_lm_eval
from proctor.harness.imports.plain_scores import json_lines, read_plain
from proctor.harness.record import (
    CostRecord,
    Definition,
    Kind,
    OriginRecord,
    RunRecord,
    TaskRecord,
    VariantRecord,
)

if TYPE_CHECKING:
    import pandas as pd

READERS: Mapping[Format, Callable[[Path, Wish], Iterator[Foreign]]] = {
    "lm-eval": read_lm_eval,
    "inspect": read_inspect,
    "plain": read_plain,
}
State = Literal["new", "made again", "there already"]
FRAMEWORK = {"lm-eval": "lm_eval", "inspect": "inspect", "plain": "other"}


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
    paths: Sequence[Path],
    results: Path,
    wish: Wish,
    form: Format | None = None,
    scale: tuple[float, float] | None = None,
    redo: bool = False,
) -> list[Imported]:
    """Everything is read and checked before the first cell is written."""
    cells: dict[tuple[str, str], Foreign] = {}
    for one in _read(paths, wish, form):
        name = _safe(one.called, "variant", one.files[0]), _safe(one.task, "task", one.files[0])
        if (other := cells.get(name)) is not None:
            raise Refusal(
                f"{other.called!r} x {other.task!r} and {one.called!r} x {one.task!r} become {' x '.join(name)}",
                "each cell is one variant x one task", "import one of them with --variant or --task",
                ", ".join(dict.fromkeys(file.name for file in (*other.files, *one.files))),
            )  # fmt: skip
        cells[name] = one
    if not cells:
        raise Refusal("nothing to import", "no file of scores was found", where=", ".join(map(str, paths)))
    tasks = _tasks(cells, scale)
    made = []
    for name, one in cells.items():
        rows = _complete(one, *name)
        made.append(
            (
                name,
                one,
                _table(rows, one.files[0]),
                _run(one, rows, name[0], tasks[name[1]], scale is not None),
            )
        )
    states = [_state(results, name, one, table, run, redo) for name, one, table, run in made]
    done = []
    for (name, one, table, run), state in zip(made, states, strict=True):
        if state != "there already":
            with record.lock(results, *name):
                record.write_table(results, table, run)
        done.append(_imported(results, name, one, table, run, state))
    return done


def _read(paths: Sequence[Path], wish: Wish, form: Format | None) -> Iterator[Foreign]:
    for path in paths:
        for file, how in _files(path, form):
            try:
                yield from READERS[how](file, wish)
            except (OverflowError, RecursionError):  # no log of a real run holds such a thing
                raise Refusal("holds a number or a nesting beyond what can be read", where=file) from None


def _imported(
    results: Path, name: tuple[str, str], one: Foreign, table: Any, run: RunRecord, state: State
) -> Imported:
    scored = one.rows[one.rows["score"].notna()]
    return Imported(
        variant=name[0],
        called=one.called,
        task=name[1],
        format=one.format,
        headline=one.headline,
        mean=one.mean,
        reported=one.reported,
        samples=int(scored["sample_id"].nunique()),
        rows=table.num_rows,
        scored=len(scored),
        statuses=run.statuses,
        clustered=not table["cluster"].equals(table["sample_id"]),
        state=state,
        lacks=run.lacks,
        ignored=one.ignored,
        cell=record.cell_folder(results, *name),
    )


def _files(path: Path, form: Format | None) -> Iterator[tuple[Path, Format]]:
    """The file, or all logs in a folder: those of lm-eval by their names, Inspect's by their endings."""
    if not path.exists():
        raise Refusal("no such file or folder", where=path)
    if path.is_file():
        yield path, form or _format(path)
        return
    logs: list[tuple[Path, Format]] = [(file, "lm-eval") for file in runs_of_lm_eval(path)]
    logs += [
        (file, "inspect")
        for file in sorted(path.rglob("*"))
        if file.suffix == ".eval" or (file.suffix == ".json" and _is_inspect(file))
    ]
    if not logs:
        raise Refusal(
            "no logs in this folder", "lm-eval's are called samples_*.jsonl, Inspect's *.eval or *.json",
            "give the files of plain scores by name", path,
        )  # fmt: skip
    yield from ((file, how) for file, how in logs if form in (None, how))


def _format(path: Path) -> Format:
    """By what the file is: its ending, and for JSONL what its first row holds."""
    ending = path.suffix.lower()
    if ending == ".eval" or (ending == ".json" and _is_inspect(path)):
        return "inspect"
    if ending in (".csv", ".tsv"):
        return "plain"
    if ending == ".json":
        raise Refusal(
            "is no log of Inspect: it doesn't begin with a version and a status",
            "lm-eval's samples stand in samples_*.jsonl beside its results, plain scores are JSONL or CSV",
            "give that file, or --format inspect for a log that was rewritten", path,
        )  # fmt: skip
    if ending not in (".jsonl", ".ndjson"):
        raise Refusal(
            f"{path.suffix or 'no ending'!r} is no format that is known",
            "lm-eval's samples_*.jsonl, Inspect's .eval and .json, and plain .csv, .tsv and .jsonl can be read",
            "rename it, or give --format", path,
        )  # fmt: skip
    first: Any = next((row for _, row in json_lines(path)), None)
    if first is None:
        raise Refusal("is empty", "there is nothing to import", where=path)
    return "lm-eval" if isinstance(first, dict) and {"doc_id", "metrics"} <= set(first) else "plain"


def _is_inspect(path: Path) -> bool:
    """Inspect's JSON logs begin with their version and status; lm-eval's results do not."""
    with path.open(encoding="utf-8", errors="replace") as file:
        head = file.read(400)
    return '"version"' in head and '"status"' in head


def _safe(name: str, what: str, where: Path) -> str:
    safe = suggest_name(name)
    if not SAFE_NAME.fullmatch(safe):
        raise Refusal(
            f"{what} {name!r} has no letters for a folder's name", "", f"give one with --{what}", where
        )
    return safe


def _tasks(
    cells: Mapping[tuple[str, str], Foreign], scale: tuple[float, float] | None
) -> dict[str, TaskRecord]:
    """Each task's kind and scale, from all its scores: counts where a log has them, 0/1 where all are."""
    tasks: dict[str, TaskRecord] = {}
    for task in dict.fromkeys(task for _, task in cells):
        mine = [one for (_, of), one in cells.items() if of == task]
        lowest = min((_bound(one, "min") for one in mine), default=math.inf)
        highest = max((_bound(one, "max") for one in mine), default=-math.inf)
        counts = {"metrics" in one.rows for one in mine}
        if len(counts) > 1:
            raise Refusal(
                f"{task}: counts from one file and scores from another", "they can't be compared",
                "import them one by one, with --task", mine[0].files[0],
            )  # fmt: skip
        binary = all(one.rows["score"].dropna().isin((0.0, 1.0)).all() for one in mine)
        if scale and not (scale[0] <= lowest and highest <= scale[1]):
            raise Refusal(
                f"{task}: scores from {lowest:g} to {highest:g}", f"the scale given is {scale[0]:g} to {scale[1]:g}",
                "give a scale that holds them", mine[0].files[0],
            )  # fmt: skip
        kind: Kind = "real"
        if True in counts:
            kind = "counts"
        elif binary and scale in (None, (0.0, 1.0)):
            kind = "binary"
        shown = scale or _scale(lowest, highest)
        tasks[task] = TaskRecord(
            name=task,
            title=mine[0].title or mine[0].task,
            kind=kind,
            headline=mine[0].headline,
            scale=shown,
            framework=FRAMEWORK[mine[0].format],
            scored_by=mine[0].marked_by,
        )
        if kind == "real" and not scale and shown != (0.0, 1.0):
            tasks[task] = tasks[task].changed(scale_stated=False)
    return tasks


def _bound(one: Foreign, which: Literal["min", "max"]) -> float:
    scores = one.rows["score"].dropna()
    if scores.empty:
        raise without_a_score(one.called, one.task, one.files[0])
    return float(scores.min() if which == "min" else scores.max())


def _scale(lowest: float, highest: float) -> tuple[float, float]:
    """Shares, or whole numbers around the scores that were seen: how far a plot reaches, and never printed."""
    if lowest >= 0.0 and highest <= 1.0:
        return 0.0, 1.0
    low, high = float(math.floor(lowest)), float(math.ceil(highest))
    return low, high if high > low else low + 1.0


def _table(rows: "pd.DataFrame", where: Path) -> Any:
    """The rows in record's columns, sorted: the order of the file leaves no trace."""
    import pyarrow as pa

    counts = "metrics" in rows
    schema = record.schema(["fn", "fp", "tp"] if counts else [])
    columns = []
    for field in schema:
        try:
            columns.append(
                pa.nulls(len(rows), field.type)
                if field.name not in rows
                else pa.Array.from_pandas(rows[field.name], type=field.type)
            )
        except (OverflowError, pa.ArrowException, UnicodeEncodeError):
            raise Refusal(f"{field.name}: a value that no table can hold", where=where) from None
    return pa.Table.from_arrays(columns, schema=schema)


def _complete(one: Foreign, variant: str, task: str) -> "pd.DataFrame":
    rows = one.rows.copy()
    given: dict[str, Any] = {
        "variant": variant, "task": task, "task_version": one.task_version or "", "cluster": rows["sample_id"],
        "epoch": 1, "doc_hash": "", "prompt_hash": "", "prompt": "", "response": "", "answer": "", "target": "",
        "explanation": "", "judge": one.judge or "", "tokens_in": None, "tokens_out": None, "seconds": None,
        "truncated": False,
    }  # fmt: skip
    for name, value in given.items():
        if name not in rows:
            rows[name] = value
    if "status" not in rows:
        rows["status"] = rows["score"].notna().map({True: "ok", False: "error"})
    return rows.sort_values(["sample_id", "epoch"], ignore_index=True)


def _run(one: Foreign, rows: "pd.DataFrame", variant: str, task: TaskRecord, scaled: bool) -> RunRecord:
    """As for a cell of our own. No clock: the same files give the same bytes."""
    counts = rows["status"].value_counts()
    known_scale = scaled or task.kind in ("binary", "counts")
    tokens = {name: int(rows[name].sum()) for name in ("tokens_in", "tokens_out") if rows[name].notna().any()}
    definition = {
        "task_version": one.task_version, "dataset": one.dataset, "judge": one.judge, "metric": one.metric,
        "items": int(rows["sample_id"].nunique()), **one.asked,
    }  # fmt: skip
    return RunRecord(
        variant=variant,
        task=task,
        definition=Definition.model_validate(definition),
        resolved=VariantRecord(
            name=variant, about=f"{one.called}, imported ({one.format})", base=one.model or one.called,
            engine="imported", quantization="none", prompt=one.prompt, parent=None, sampling=one.sampling,
            digest=digest([one.called, one.task]),
        ),
        margin=None,
        statuses={status: int(counts.get(status, 0)) for status in record.STATUSES},
        truncated=int(rows["truncated"].sum()),
        costs=CostRecord.model_validate(tokens),
        versions=one.versions,
        origin=OriginRecord(
            kind=one.format,
            called=one.called,
            files=tuple(sorted(file.name for file in one.files)),
            sha256={file.name: _sha256(file) for file in one.files},
            reported=one.reported,
            responses="response" in one.rows,
            lacks=one.lacks if known_scale else (*one.lacks, "scale"),
        ),
    )  # fmt: skip


def _same(there: record.Cell, table: Any, run: RunRecord) -> bool:
    """Whether the cell holds these rows and says of them what would be said now, whatever file they came in."""
    import pyarrow.parquet as pq

    same = there.run.lacks == run.lacks and all(
        was.as_json() == now.as_json()
        for was, now in (
            (there.run.definition, run.definition),
            (there.run.resolved, run.resolved),
            (there.run.task, run.task),
        )
    )
    return same and bool(pq.read_table(there.folder / "samples.parquet").equals(table))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _state(
    results: Path, name: tuple[str, str], one: Foreign, table: Any, run: RunRecord, redo: bool
) -> State:
    there = record.read(results, *name)
    if there is None:
        return "new"
    origin = None if there.problem else there.run.origin
    if not there.problem and (origin is None or origin.kind not in READERS):
        raise Refusal(
            f"{' x '.join(name)} has results that Proctor made", "an import never replaces them",
            "give another --variant", there.folder,
        )  # fmt: skip
    if not there.problem and _same(there, table, run):
        return "there already"
    if not redo:
        was = ", ".join(origin.files) if origin and origin.files else "a damaged cell"
        raise Refusal(
            f"{' x '.join(name)} is there already", f"it was made from {was}",
            "give --redo to replace it, or another --variant", there.folder,
        )  # fmt: skip
    return "made again"
