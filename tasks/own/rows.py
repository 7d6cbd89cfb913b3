"""Rows of the user's data: JSONL, JSON, CSV, TSV or parquet, or a data set of the hub.

read_rows("data/quiz.csv")      # [{'question': 'How many sides has a hexagon?', 'answer': '6'}, ...]
"""

import csv
import json
from pathlib import Path
from typing import Any

from pydantic import Field

from proctor.common.json_lines import read_json_lines
from proctor.common.paths import resolve
from proctor.common.refusal import Refusal
from proctor.common.schema import Frozen

SUFFIXES = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet")
ROW = '{"question": ..., "answer": ...}'
Rows = list[dict[str, Any]]


class HubData(Frozen):
    hub: str = Field(description="owner/name of a data set on the hub")
    config: str | None = Field(default=None, description="the data set's configuration")
    split: str = Field(default="test", description="the part of it that is read")


def read_rows(data: str | HubData) -> Rows:
    """All rows, each with its fields by name. A relative path starts from the project."""
    if isinstance(data, HubData):
        return _from_hub(data)
    path = resolve(data)
    if path.suffix.lower() not in SUFFIXES:
        raise Refusal(
            f"{path.name} is no kind of data that is read here",
            f"there are {', '.join(SUFFIXES)}",
            where=path,
        )
    if not path.is_file():
        raise Refusal(f"no file of data {data!r}", remedy="relative paths start from the project", where=path)
    try:
        rows = _read(path)
    except UnicodeDecodeError:
        raise Refusal(
            "not UTF-8 text", remedy="save it as UTF-8 (in Excel: 'CSV UTF-8')", where=path
        ) from None
    except (csv.Error, OSError) as broken:
        raise Refusal(f"cannot be read: {broken}", where=path) from None
    if not rows:
        raise Refusal("holds no rows", "there is nothing to ask", where=path)
    return rows


def _read(path: Path) -> Rows:
    kind = path.suffix.lower()
    if kind == ".parquet":
        return _from_parquet(path)
    if kind in (".jsonl", ".ndjson"):
        return [row for _, row in read_json_lines(path, ROW)]
    text = path.read_text(encoding="utf-8-sig")
    if kind in (".csv", ".tsv"):
        return _from_csv(text, path)
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError):
        raise Refusal("it is no JSON", where=path) from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Refusal("holds no list of rows", f"rows look like {ROW}", where=path)
    return rows


def _from_csv(text: str, path: Path) -> Rows:
    """Some spreadsheets part the columns by semicolons or tabs: whatever the head has most of."""
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    reader = csv.DictReader(text.splitlines(keepends=True), delimiter=delimiter, strict=True)
    names = [name.strip() for name in reader.fieldnames or ()]
    for name in names:
        if name and names.count(name) > 1:
            raise Refusal(f"two columns are called {name!r}", remedy="rename one of them", where=path)
    rows = []
    for row in reader:
        if None in row or None in row.values():
            raise Refusal(
                f"line {reader.line_num} has another number of columns than the head",
                "a text with a comma in it stands in quotation marks", where=path,
            )  # fmt: skip
        if any(value.strip() for value in row.values()):
            rows.append({name.strip(): value.strip() for name, value in row.items()})
    return rows


def _from_parquet(path: Path) -> Rows:
    import pyarrow
    import pyarrow.parquet as pq

    try:
        rows: Rows = pq.read_table(path).to_pylist()
    except pyarrow.ArrowException as broken:
        raise Refusal(f"no parquet file: {str(broken).splitlines()[0]}", where=path) from None
    return rows


def _from_hub(data: HubData) -> Rows:
    import datasets

    try:
        return list(datasets.load_dataset(data.hub, data.config, split=data.split))
    except Exception as failed:  # the hub's client raises a dozen kinds for 'not here and no network'
        why = str(failed).strip().splitlines() or [type(failed).__name__]
        raise Refusal(
            f"the data set {data.hub!r} ({data.split}) is not here", why[0][:200],
            "let `datasets` fetch it once, or give a file",
        ) from None  # fmt: skip
