"""Plain scores: CSV or JSONL rows `variant, task, sample_id, score[, cluster, epoch]`, a million of them if need be.

An empty score is none; what is no number is refused with its row.
"""

from collections.abc import Collection, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from pyarrow import csv

from proctor.common.json_lines import read_json_lines
from proctor.common.refusal import Refusal
from proctor.common.schema import nearest
from proctor.harness import record
from proctor.harness.imports.foreign import LARGEST, Foreign, Wish, as_text, refuse_rows, refuse_unusable

NEEDED = ("variant", "task", "sample_id", "score")
MAY = ("cluster", "epoch", "doc_hash", "prompt", "response", "answer", "target")
ROW = '{"variant": ..., "task": ..., "sample_id": ..., "score": ...}'
WORDS = {"true": 1.0, "false": 0.0}


def read_plain(path: Path, wish: Wish) -> Iterator[Foreign]:
    """One for each variant x task in the file. `--variant` and `--task` stand in for columns that it lacks."""
    if path.suffix.lower() in (".csv", ".tsv"):
        table = _csv(path)
        columns = list(table.columns)
    else:
        table, columns = _jsonl(path, {*NEEDED, *MAY, wish.cluster})
    if len(table) == 0:
        raise Refusal("holds no rows", "there is nothing to import", where=path)
    if wish.variant:
        table["variant"] = wish.variant
    if wish.task:
        table["task"] = wish.task
    if wish.cluster:
        if wish.cluster not in columns:
            raise Refusal(f"no column {wish.cluster!r}", nearest(wish.cluster, columns), where=path)
        table["cluster"] = table[wish.cluster]
    for name in NEEDED:
        if name not in table:
            remedy = f"rows are {', '.join(NEEDED)}[, cluster, epoch]"
            if name in ("variant", "task"):
                remedy += "; or give --variant or --task"
            raise Refusal(f"no column {name!r}", f"found: {', '.join(columns)}", remedy, path)
    known = [name for name in (*NEEDED, *MAY) if name in table]
    rows = _checked(table[known].copy(), wish, path)
    lacks = ["task version", "dataset hash", "judge", "metric"]
    if "prompt" not in rows:
        lacks.insert(0, "prompt")
    if "doc_hash" not in rows or (rows["doc_hash"] == "").any():
        lacks.insert(0, "document hash")
    ignored = tuple(name for name in columns if name not in (*known, wish.cluster))
    for (variant, task), part in rows.groupby(["variant", "task"], sort=True):
        yield Foreign(
            "plain", str(variant), str(task), part.drop(columns=["variant", "task"]), (path,), "score", tuple(lacks),
            scored_by=record.NOT_TOLD, ignored=ignored,
        )  # fmt: skip


def _checked(rows: pd.DataFrame, wish: Wish, path: Path) -> pd.DataFrame:
    rows["score"] = _scores(rows["score"], path)
    if "epoch" in rows:
        rows["epoch"] = _epochs(rows["epoch"], path)
    for name in ("variant", "task"):
        refuse_rows(rows[name] == "", f"without a {name}", "give every row one", path)
        rows[name] = rows[name].str.strip()
    rows["sample_id"] = rows["sample_id"].str.strip()
    refuse_unusable(rows, path, ("variant", "task"))
    if "cluster" in rows:
        rows["cluster"] = rows["cluster"].where(rows["cluster"] != "", rows["sample_id"])
    return rows


def _csv(path: Path) -> pd.DataFrame:
    """Every field as the text that it is: no id loses its zeros, no word becomes a missing value."""
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    as_it_is = csv.ConvertOptions(default_column_type=pa.string(), strings_can_be_null=False)
    try:
        table = csv.read_csv(
            path, parse_options=csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=as_it_is,
        )  # fmt: skip
    except pa.ArrowInvalid as broken:
        raise Refusal("not readable as CSV: " + " ".join(str(broken).split())[:200], where=path) from None
    try:
        columns = [name.strip() for name in table.column_names]
    except UnicodeDecodeError:
        raise Refusal("not UTF-8 text", remedy="save it as UTF-8", where=path) from None
    for name in columns:
        if columns.count(name) > 1:
            raise Refusal(f"two columns are called {name!r}", "", "rename one", path)
    rows: pd.DataFrame = table.rename_columns(columns).to_pandas()
    return rows


def _jsonl(path: Path, wanted: Collection[str | None]) -> tuple[pd.DataFrame, list[str]]:
    """The wanted columns, and the names of all: a file of other things may have a hundred thousand."""
    rows = [row for _, row in read_json_lines(path, ROW)]
    columns = list(dict.fromkeys(chain.from_iterable(rows)))
    table = pd.DataFrame(index=range(len(rows)))
    for name in columns:
        if name in wanted:
            table[name] = [as_text(row.get(name)) for row in rows]
    if "score" in columns:
        without = ["score" not in row for row in rows]
        refuse_rows(without, "without a score", "write null where there is none", path)
        table["score"] = ["" if row["score"] is None else row["score"] for row in rows]
    return table, columns


def _scores(column: "pd.Series[Any]", path: Path) -> "pd.Series[float]":
    try:
        numbers = pd.to_numeric(column.where(column != "", None), errors="coerce").astype("float64")
    except OverflowError:
        raise Refusal(
            "a score has hundreds of digits", f"beyond {LARGEST:g} none can be", where=path
        ) from None
    unclear = numbers.isna() & (column != "")
    if unclear.any():
        words = column[unclear].astype(str).str.strip().str.lower()
        numbers[unclear] = words.map(WORDS)
        unclear[unclear] = ~words.isin([*WORDS, ""])
    refuse_rows(unclear, "with a score that is no number", "leave it empty where there is no score", path)
    return numbers


def _epochs(column: "pd.Series[Any]", path: Path) -> "pd.Series[int]":
    numbers = pd.to_numeric(column, errors="coerce")
    broken = numbers.isna() | (numbers % 1 != 0) | (numbers.abs() > 2**53)
    refuse_rows(broken, "with an epoch that is no whole number", "count epochs from 1", path)
    return numbers.astype("int64")
