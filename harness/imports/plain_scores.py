"""Plain scores: CSV or JSONL rows `variant, task, sample_id, score[, cluster, epoch]`, a million of them if need be.

An empty score is none; what is no number is refused with its row.
"""

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from proctor.common.refusal import Refusal
from proctor.common.schema import nearest
from proctor.harness.imports.foreign import Foreign, Wish, refuse_rows, refuse_unusable

if TYPE_CHECKING:
    import pandas as pd

NEEDED = ("variant", "task", "sample_id", "score")
TEXTS = ("doc_hash", "prompt", "response", "answer", "target")
WORDS = {"true": 1.0, "false": 0.0}
HALF = re.compile(r"\\u[dD][89a-fA-F]")  # how a code unit that is no character is written in JSON
MAY = ("cluster", "epoch", *TEXTS)


def read_plain(path: Path, wish: Wish) -> Iterator[Foreign]:
    """One for each variant x task in the file. `--variant` and `--task` stand in for columns that it lacks."""
    table, columns = _csv(path) if path.suffix.lower() in (".csv", ".tsv") else _jsonl(path)
    if len(table) == 0:
        raise Refusal("holds no rows", "there is nothing to import", where=path)
    for name, given in (("variant", wish.variant), ("task", wish.task)):
        if given:
            table[name] = given
    if wish.cluster:
        if wish.cluster not in columns:
            raise Refusal(f"no column {wish.cluster!r}", nearest(wish.cluster, columns), where=path)
        table["cluster"] = table[wish.cluster]
    if missing := [name for name in NEEDED if name not in table]:
        raise Refusal(
            f"no column {missing[0]!r}", f"found: {', '.join(columns)}",
            f"rows are {', '.join(NEEDED)}[, cluster, epoch]"
            + ("; or give --variant or --task" if missing[0] in NEEDED[:2] else ""), path,
        )  # fmt: skip
    known = [name for name in (*NEEDED, *MAY) if name in table]
    rows = table[known].copy()
    rows["score"] = _scores(rows["score"], path) * (-1.0 if wish.negate else 1.0)
    if "epoch" in rows:
        rows["epoch"] = _epochs(rows["epoch"], path)
    for name in ("variant", "task"):
        refuse_rows(rows[name] == "", f"without a {name}", "give every row one", path)
        rows[name] = rows[name].str.strip()
    rows["sample_id"] = rows["sample_id"].str.strip()
    refuse_unusable(rows, path, ("variant", "task"))
    if "cluster" in rows:
        rows["cluster"] = rows["cluster"].where(rows["cluster"] != "", rows["sample_id"])
    ignored = tuple(name for name in columns if name not in known and name != wish.cluster)
    tells_documents = "doc_hash" in rows and bool((rows["doc_hash"] != "").all())
    lacks = (
        *(() if tells_documents else ("document hash",)),
        *(() if "prompt" in rows else ("prompt",)),
        "task version", "dataset hash", "judge", "metric",
    )  # fmt: skip
    for (variant, task), mine in rows.groupby(["variant", "task"], sort=True):
        yield Foreign(
            "plain", str(variant), str(task), mine.drop(columns=["variant", "task"]), (path,), "score", lacks,
            marked_by="not told", ignored=ignored,
        )  # fmt: skip


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
        if twice := next((name for name in columns if columns.count(name) > 1), None):
            raise Refusal(f"two columns are called {twice!r}", "", "rename one", path)
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
    for number, line in json_lines(path):
        if not isinstance(line, dict):
            raise Refusal(f"row {number} is no JSON object", 'each row is {"variant": ..., ...}', where=path)
        rows.append(line)
    columns = list(dict.fromkeys(name for row in rows for name in row))
    table = {name: [_text(row.get(name, "")) for row in rows] for name in columns if name != "score"}
    if "score" in columns:
        refuse_rows(
            ["score" not in row for row in rows], "without a score", "write null where there is none", path
        )
        table["score"] = [row["score"] if row["score"] is not None else "" for row in rows]
    return pd.DataFrame(table, columns=columns), columns


def json_lines(path: Path) -> Iterator[tuple[int, Any]]:
    """Each line that holds something, with its number."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield number, json.loads(_without_halves(line) if HALF.search(line) else line)
    except json.JSONDecodeError as broken:
        raise Refusal(f"row {number} is no JSON: {broken.msg}", where=path) from None
    except UnicodeDecodeError:
        raise Refusal("not UTF-8 text", remedy="save it as UTF-8", where=path) from None
    except (ValueError, RecursionError):
        raise Refusal(
            f"row {number} holds a number or a nesting beyond what can be read", where=path
        ) from None


def _without_halves(line: str) -> str:
    """JSON can hold half of a pair of code units, which is no text and can't be kept as such."""
    whole = json.dumps(json.loads(line), ensure_ascii=False)
    return whole.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


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
    refuse_rows(
        numbers.isna() | (numbers % 1 != 0),
        "with an epoch that is no whole number",
        "count epochs from 1",
        path,
    )
    return numbers.astype("int64")
