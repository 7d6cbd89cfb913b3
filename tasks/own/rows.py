"""Rows of the user's data: JSONL, JSON, CSV, TSV or parquet, or a data set of the hub.

read_rows("data/quiz.csv")      # [{'question': 'How many sides has a hexagon?', 'answer': '6'}, ...]
"""

from pathlib import Path
from typing import Any

from pydantic import Field

from proctor.common.files import read_text
from proctor.common.json_lines import csv_rows, parse_json, read_json_lines, read_parquet
from proctor.common.paths import resolve
from proctor.common.refusal import Refusal
from proctor.common.schema import Frozen
from proctor.tasks.data import from_hub

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
        return from_hub(data.hub, data.split, data.config, "let `datasets` fetch it once, or give a file")
    path = resolve(data)
    if path.suffix.lower() not in SUFFIXES:
        raise Refusal(
            f"{path.name} is no kind of data that is read here",
            f"there are {', '.join(SUFFIXES)}",
            where=path,
        )
    if not path.is_file():
        raise Refusal(f"no file of data {data!r}", remedy="relative paths start from the project", where=path)
    rows = _read(path)
    if not rows:
        raise Refusal("holds no rows", "there is nothing to ask", where=path)
    return rows


def _read(path: Path) -> Rows:
    kind = path.suffix.lower()
    if kind == ".parquet":
        rows: Rows = read_parquet(path).to_pylist()
        return rows
    if kind in (".jsonl", ".ndjson"):
        return [row for _, row in read_json_lines(path, ROW)]
    text = read_text(path)
    if kind in (".csv", ".tsv"):
        return [row for _, row in csv_rows(text, path)]
    try:
        rows = parse_json(text)
    except ValueError:
        raise Refusal("it is no JSON", where=path) from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Refusal("holds no list of rows", f"rows look like {ROW}", where=path)
    return rows
