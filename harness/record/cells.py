"""Cells on disk: `results/<variant>/<task>/` with samples.parquet and run.json; and the trust cards of judges.

A cell counts when its run.json is there and its checksum fits the rows: run.json goes first when a cell is written anew
and comes last, so that a kill at any moment leaves either a whole cell or none.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import ValidationError

from proctor.common import files
from proctor.common.digest import CHECK, is_whole, sha256_of
from proctor.common.json_lines import parse_json
from proctor.common.refusal import Refusal
from proctor.common.schema import SAFE_NAME, check_name
from proctor.harness.record.formats import UnreadableRecord, from_format_1, with_costs
from proctor.harness.record.run_record import FORMAT, Measurements, RunRecord

if TYPE_CHECKING:
    import pandas as pd

STATUSES = ("ok", "unparsed", "error")
DAMAGED_CARD = "The trust card of this judge is damaged: make it again with proctor judge trust."
Status = Literal["ok", "unparsed", "error"]


@dataclass(frozen=True)
class Sample:
    """One response with its score. A score of None was not given: the request or the judge failed.

    `status` says whether an answer was extracted from the response, `truncated` whether the token limit ended it: a
    response that was cut off may hold an answer or not.
    """

    variant: str
    task: str
    task_version: str
    sample_id: str
    cluster: str
    epoch: int
    doc_hash: str
    prompt_hash: str
    prompt: str
    response: str
    answer: str
    target: str
    score: float | None
    metrics: dict[str, float]
    status: Status
    explanation: str
    judge: str
    tokens_in: int | None
    tokens_out: int | None
    seconds: float | None
    truncated: bool = False


@dataclass(frozen=True)
class Cell:
    """What is on disk for one variant x task. `problem` says why its rows cannot be used, when they can't."""

    folder: Path
    record: RunRecord | None
    problem: str = ""

    @property
    def variant(self) -> str:
        return self.folder.parent.name

    @property
    def task(self) -> str:
        return self.folder.name

    @property
    def run(self) -> RunRecord:
        """What run.json holds. Ask for `problem` first: there may be nothing that can be read."""
        if self.record is None:
            raise Refusal(self.problem, remedy="make the cell again with --redo")
        return self.record

    def rows(self, columns: list[str] | None = None) -> "pd.DataFrame":
        """Sorted by item and epoch; all columns, or those named, which must hold sample_id and epoch."""
        rows: pd.DataFrame = self._table(columns).to_pandas()
        if columns is None:
            rows = self._with_two_facts(rows)
            self.know(_outcomes(rows))
        problem = _unsound(rows, *self.run.task.scale)
        if problem:
            raise Refusal(problem, remedy="make the cell again with --redo", where=self.folder)
        return rows.sort_values(["sample_id", "epoch"], ignore_index=True)

    @cached_property
    def outcomes(self) -> dict[str, int]:
        """How many rows are ok, unparsed or an error, which are all rows; and how many of all were truncated."""
        return _outcomes(self._with_two_facts(self._table(["status", "answer", "truncated"]).to_pandas()))

    def know(self, outcomes: dict[str, int]) -> None:
        """From rows that were read for something else: `outcomes` need not read them again."""
        vars(self)["outcomes"] = outcomes

    def _table(self, columns: list[str] | None) -> Any:
        """With bounds: a checksum that somebody else made fits whatever file he made."""
        from proctor.common.parquet import read_parquet

        # Earlier results lack the first.
        return read_parquet(self.folder / "samples.parquet", columns, schema([]), ("truncated", "metrics"))

    def _with_two_facts(self, rows: "pd.DataFrame") -> "pd.DataFrame":
        """Earlier results have a status 'truncated', which hid whether the response held an answer."""
        old = rows["status"] == "truncated"
        # An imported row without an answer may come from a source that tells none.
        unparsed = old & (rows["answer"] == "") & (self.run.resolved.engine != "imported")
        status = rows["status"].mask(old, "ok").mask(unparsed, "unparsed")
        return rows.assign(status=status, truncated=rows.get("truncated", False) | old)


def _outcomes(rows: "pd.DataFrame") -> dict[str, int]:
    counted = {status: int((rows["status"] == status).sum()) for status in STATUSES}
    return counted | {"truncated": int(rows["truncated"].sum())}


def _unsound(rows: "pd.DataFrame", lowest: float, highest: float) -> str:
    """What no cell holds that was written here, in those columns that are there."""
    if rows.duplicated(["sample_id", "epoch"]).any():
        return "a sample stands there twice"
    if "score" in rows:
        scores = rows["score"][rows["score"] != 0]  # an unparsed response gets 0, whatever the scale
        if ((scores < lowest) | (scores > highest)).any():
            return f"a score is outside of its scale, {lowest:g} to {highest:g}"
    # Both it may have: Inspect counts a score that was given before another scorer failed.
    if {"score", "status"} <= set(rows) and (rows["score"].isna() & (rows["status"] != "error")).any():
        return "a row has neither a score nor an error"
    return ""


def write(results: Path, samples: list[Sample], run: RunRecord) -> Cell:
    """Writes a whole cell, atomically, into the place that `run` names. The caller holds the cell's lock."""
    ordered = sorted(samples, key=lambda sample: (sample.sample_id, sample.epoch))
    return write_table(results, table_of([vars(sample) for sample in ordered]), run)


def table_of(rows: Sequence[Mapping[str, Any]], extras: Sequence[str] = ()) -> Any:
    """Rows as an arrow table of this `schema`, with more columns of text.

    Through JSON: every other way from Python's objects to a table imports pandas, which takes half a second.
    """
    import pyarrow as pa
    from pyarrow import json as arrow_json

    metrics: set[str] = set()
    for row in rows:
        metrics.update(row["metrics"])
    fields = schema(sorted(metrics))
    for name in extras:
        fields = fields.append(pa.field(name, pa.string()))
    names = fields.names
    lines = []
    for row in rows:
        lines.append(json.dumps({name: row[name] for name in names}))
    text = "\n".join(lines).encode()
    options = arrow_json.ParseOptions(explicit_schema=fields, unexpected_field_behavior="error")
    # One block: a row longer than a block would be refused.
    blocks = arrow_json.ReadOptions(use_threads=False, block_size=len(text) + 1)
    return arrow_json.read_json(pa.BufferReader(text), read_options=blocks, parse_options=options)


def write_table(results: Path, table: Any, run: RunRecord) -> Cell:
    """The same for rows that are an arrow table already, of this `schema` and sorted by item and epoch."""
    import pyarrow.parquet as pq

    folder = cell_folder(results, run.variant, run.task.name)
    with files.replacing(folder / "samples.parquet") as part:
        pq.write_table(table, part, compression="zstd")
        checksum = sha256_of(part)
        (folder / "run.json").unlink(missing_ok=True)
    whole = run.changed(rows=table.num_rows, samples_sha256=checksum)
    write_run(folder, whole)
    return Cell(folder, whole)


def write_run(folder: Path, run: RunRecord) -> None:
    """How the rows were made, without touching them. The caller holds the cell's lock."""
    files.write_text(folder / "run.json", run.text())


def read(results: Path, variant: str, task: str) -> Cell | None:
    """The cell, or None when there is none. A damaged one comes back with its `problem` named."""
    folder = cell_folder(results, variant, task)
    notes, rows = folder / "run.json", folder / "samples.parquet"
    if not notes.exists():
        return None
    try:
        run = record_from(parse_json(files.read_text(notes)))
    except UnreadableRecord as why:
        return Cell(folder, None, f"{notes} is damaged: {why}")
    except (OSError, ValueError):
        return Cell(folder, None, f"{notes} is damaged")
    if not rows.is_file():
        return Cell(folder, run, f"{rows} is missing")
    if sha256_of(rows) != run.samples_sha256:
        return Cell(folder, run, f"{rows} is damaged: its checksum is not the one in run.json")
    return Cell(folder, run)


def record_from(content: object) -> RunRecord:
    """The record in the parsed content of a run.json of any format; raises UnreadableRecord."""
    if not isinstance(content, dict):
        raise UnreadableRecord("it holds no fields")
    number = content.get("format", 1)
    if isinstance(number, int) and number > FORMAT:
        raise UnreadableRecord(f"a newer Proctor wrote it (format {number}); update Proctor to read it")
    check = content.pop(CHECK, None)  # format 1 had none
    if check is not None and not is_whole({**content, CHECK: check}):
        raise UnreadableRecord("its fields are not those that its checksum was made of")
    if number != FORMAT:
        content = from_format_1(content)
    try:
        return RunRecord.model_validate(content)
    except ValidationError as invalid:
        first = invalid.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise UnreadableRecord(f"{field}: {first['msg']}".removeprefix(": ")) from None


def measurements_from(content: Mapping[str, Any]) -> Measurements:
    """The measurements that are kept beside responses, by this version or an earlier one."""
    return Measurements.model_validate(with_costs(content))


def cells(results: Path) -> list[Cell]:
    """All cells under a results folder, damaged ones included, in a fixed order.

    Every byte of every cell is read for its checksum: ask once, and hand the cells on.
    """
    there = []
    for notes in sorted(results.glob("*/*/run.json")):
        variant, task = notes.parent.parent.name, notes.parent.name
        if not variant.startswith((".", "_")):
            cell = read(results, variant, task)
            if cell:
                there.append(cell)
    return there


def variants(results: Path) -> list[str]:
    """The names of those that have results, without reading any."""
    return sorted({notes.parent.parent.name for notes in results.glob("*/*/run.json")})


def set_aside(cell: Cell) -> Path:
    """Moves a damaged cell's files out of the way and keeps them: nothing that was measured is thrown away."""
    number, kept = 1, cell.folder.parent / ".aside"
    while (kept / f"{cell.task}-{number}").exists():
        number += 1
    aside = kept / f"{cell.task}-{number}"
    aside.mkdir(parents=True)
    for path in (cell.folder / "run.json", cell.folder / "samples.parquet"):
        if path.exists():  # not the whole folder: the lock that we hold is in it
            path.rename(aside / path.name)
    return aside


@contextmanager
def lock(results: Path, variant: str, task: str) -> Iterator[None]:
    """One writer at a time; a second one is refused and told who holds the cell."""
    folder = cell_folder(results, variant, task)

    def refuse(holder: str) -> None:
        raise Refusal(
            f"{variant} x {task} is being written by {holder}", "one writer at a time holds a cell",
            "wait for it or end it, then run again", folder,
        )  # fmt: skip

    with files.lock(folder / ".lock", refuse):
        yield


def cell_folder(results: Path, variant: str, task: str) -> Path:
    check_name(variant, "variant", results / variant)
    check_name(task, "task", results / variant / task)
    return results / variant / task


def schema(names: list[str]) -> Any:
    """Fixed types, so that a column of nulls stays a column of numbers and every cell of a task reads alike.

    `names` are those of the metrics.
    """
    import pyarrow as pa

    text, whole, number = pa.string(), pa.int64(), pa.float64()
    types = {
        "epoch": whole,
        "tokens_in": whole,
        "tokens_out": whole,
        "score": number,
        "seconds": number,
        "truncated": pa.bool_(),
        "metrics": pa.struct([(name, number) for name in names or ["none"]]),
    }
    return pa.schema([(name, types.get(name, text)) for name in Sample.__dataclass_fields__])


def write_card(results: Path, card: dict[str, Any]) -> Path:
    """A judge's trust card in `_judges/<judge>/trust.json`, whole, or the old one stays."""
    folder = results / "_judges" / check_name(card["judge"], "judge")
    text = json.dumps(card, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    files.write_text(folder / "trust.json", text)
    return folder / "trust.json"


def read_cards(results: Path) -> dict[str, dict[str, Any]]:
    """All trust cards by judge. A damaged one warns wherever that judge's scores are; the warning names no path."""
    cards: dict[str, dict[str, Any]] = {}
    for path in sorted(results.glob("_judges/*/trust.json")):
        judge = path.parent.name
        try:
            card: Any = parse_json(files.read_text(path))
        except ValueError:
            card = None
        if SAFE_NAME.fullmatch(judge):
            whole = isinstance(card, dict) and "checks" in card
            cards[judge] = card if whole else {"judge": judge, "warning": DAMAGED_CARD}
    return cards
