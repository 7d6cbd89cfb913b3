"""Plain scores: CSV or JSONL rows `variant, task, sample_id, score[, cluster, epoch]`, a million of them if need be.

An empty score is none; what is no number is refused with its row.
"""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from proctor.common.json_lines import read_json_lines
from proctor.common.refusal import Refusal
from proctor.common.schema import nearest
from proctor.harness.imports.foreign import Foreign, Wish, as_text, refuse_rows, refuse_unusable

if TYPE_CHECKING:
    import pandas as pd

NEEDED = ("variant", "task", "sample_id", "score")
MAY = ("cluster", "epoch", "doc_hash", "prompt", "response", "answer", "target")
WORDS = {"true": 1.0, "false": 0.0}


def read_plain(path: Path, wish: Wish) -> Iterator[Foreign]:
    """One for each variant x task in the file. `--variant` and `--task` stand in for columns that it lacks."""
    read = _csv if path.suffix.lower() in (".csv", ".tsv") else _jsonl
    table, columns = read(path)
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
    _refuse_missing_columns(table, columns, path)
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
            scored_by="not told", ignored=ignored,
        )  # fmt: skip


def _refuse_missing_columns(table: "pd.DataFrame", columns: list[str], path: Path) -> None:
    for name in NEEDED:
        if name not in table:
            remedy = f"rows are {', '.join(NEEDED)}[, cluster, epoch]"
            if name in ("variant", "task"):
                remedy += "; or give --variant or --task"
            raise Refusal(f"no column {name!r}", f"found: {', '.join(columns)}", remedy, path)


def _checked(rows: "pd.DataFrame", wish: Wish, path: Path) -> "pd.DataFrame":
    rows["score"] = _scores(rows["score"], path)
    if wish.negate:
        rows["score"] *= -1.0
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


def _csv(path: Path) -> tuple["pd.DataFrame", list[str]]:
    """Every field as the text that it is: no id loses its zeros, no word becomes a missing value."""
    import pyarrow as pa
    from pyarrow import csv as arrow

    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = next(csv.reader(file, delimiter=delimiter), [])
        columns = [name.strip() for name in header]
        if not columns:
            raise Refusal("is empty", "there is nothing to import", where=path)
        for name in columns:
            if columns.count(name) > 1:
                raise Refusal(f"two columns are called {name!r}", "", "rename one", path)
        table = arrow.read_csv(
            path,
            read_options=arrow.ReadOptions(column_names=columns, skip_rows=1),
            parse_options=arrow.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=arrow.ConvertOptions(
                column_types=dict.fromkeys(columns, pa.string()), strings_can_be_null=False
            ),
        )
    except (pa.ArrowInvalid, UnicodeDecodeError) as broken:
        raise Refusal("not readable as CSV: " + " ".join(str(broken).split())[:200], where=path) from None
    return table.to_pandas(), columns


def _jsonl(path: Path) -> tuple["pd.DataFrame", list[str]]:
    import pandas as pd

    rows: list[dict[str, Any]] = []
    columns: dict[str, None] = {}
    for _, row in read_json_lines(path, '{"variant": ..., "task": ..., "sample_id": ..., "score": ...}'):
        rows.append(row)
        columns |= dict.fromkeys(row)
    table: dict[str, list[Any]] = {}
    for name in columns:
        table[name] = [as_text(row.get(name)) for row in rows]
    if "score" in columns:
        unscored = ["score" not in row for row in rows]
        refuse_rows(unscored, "without a score", "write null where there is none", path)
        table["score"] = [_blank_for_null(row["score"]) for row in rows]
    return pd.DataFrame(table, columns=list(columns)), list(columns)


def _blank_for_null(value: Any) -> Any:
    return "" if value is None else value


def _scores(column: "pd.Series[Any]", path: Path) -> "pd.Series[float]":
    import pandas as pd

    numbers = pd.to_numeric(column.where(column != "", None), errors="coerce").astype("float64")
    unclear = numbers.isna() & (column != "")
    if unclear.any():
        words = column[unclear].astype(str).str.strip().str.lower()
        numbers[unclear] = words.map(WORDS)
        unclear[unclear] = ~words.isin([*WORDS, ""])
    refuse_rows(unclear, "with a score that is no number", "leave it empty where there is no score", path)
    return numbers


def _epochs(column: "pd.Series[Any]", path: Path) -> "pd.Series[int]":
    import pandas as pd

    numbers = pd.to_numeric(column, errors="coerce")
    broken = numbers.isna() | (numbers % 1 != 0)
    refuse_rows(broken, "with an epoch that is no whole number", "count epochs from 1", path)
    return numbers.astype("int64")
