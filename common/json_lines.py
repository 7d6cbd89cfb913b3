"""JSON that was written elsewhere, parsed with bounds; and files of rows that a user brings: JSON lines, CSV, Parquet.

Files of our own that grow are `common.files.LineFile`.
"""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from proctor.common.refusal import Refusal

DEEPEST = 100  # of lists and objects in each other: no step behind this one comes near Python's own bound
# Of a Parquet file: a few hundred of its bytes can say a billion rows, or one text a million times.
MOST_ROWS = 10**6
MOST_BYTES = 2**29  # of all columns
NUMBER = 8  # bytes of a number, or of where a text begins
HALF = re.compile(r"\\u[dD][89a-fA-F]")  # how JSON writes half of a pair of code units


def parse_json(text: str | bytes, pairs: Callable[[list[tuple[str, Any]]], Any] | None = None) -> Any:
    """What the text holds; a ValueError for all that is no JSON, or beyond what every later step can read.

    >>> parse_json('{"a": [1]}')
    {'a': [1]}
    >>> parse_json("[" * 101 + "]" * 101)
    Traceback (most recent call last):
    ValueError: it is nested more than 100 deep
    """
    too_deep = ValueError(f"it is nested more than {DEEPEST} deep")
    try:
        value = json.loads(text, object_pairs_hook=pairs)
    except RecursionError:
        raise too_deep from None
    level = [value]
    for _ in range(DEEPEST + 1):
        below: list[Any] = []
        for each in level:
            if isinstance(each, dict):
                below += each.values()
            elif isinstance(each, list):
                below += each
        level = below
        if not level:
            return value
    raise too_deep


def read_json_lines(path: Path, looks_like: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each object with the number of its line, empty lines left out; what is wrong with a line is refused.

    >>> list(read_json_lines(Path("texts.jsonl"), '{"text": ...}'))
    [(1, {'text': 'We add fractions.'}), (3, {'text': 'A circle.'})]
    """
    number = 1
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    row = parse_json(line, _each_key_once)
                    if HALF.search(line):
                        row = json.loads(_without_halves(row))
                    if not isinstance(row, dict):
                        raise Refusal("is no JSON object", f"rows look like {looks_like}")
                    yield number, row
    except (FileNotFoundError, IsADirectoryError):
        raise Refusal("no such file", remedy="give the path of a JSONL file", where=path) from None
    except UnicodeDecodeError:
        raise Refusal("not UTF-8 text", remedy="save it as UTF-8", where=path) from None
    except json.JSONDecodeError as broken:
        raise Refusal(
            f"line {number} is no JSON: {broken.msg}", f"rows look like {looks_like}", where=path
        ) from None
    except Refusal as refused:
        raise Refusal(f"line {number} {refused}", where=path) from None
    except ValueError:
        raise Refusal(
            f"line {number} holds a number or a nesting beyond what can be read", where=path
        ) from None


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Refusal(f"has {twice!r} twice", "which of the two counts nobody can know", "keep one")
    return fields


def csv_rows(text: str, where: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each row of a CSV with the number of its line, empty ones left out. Some spreadsheets part the columns by
    semicolons or tabs: by whatever the head has most of.
    """
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        names = list(map(str.strip, next(reader, ())))
        for name in names:
            if name and names.count(name) > 1:
                raise Refusal(f"two columns are called {name!r}", remedy="rename one of them", where=where)
        for cells in reader:
            if not "".join(cells).strip():
                continue
            if len(cells) != len(names):
                found = f"line {reader.line_num} has {len(cells)} fields, the head {len(names)}"
                raise Refusal(found, "a text with a comma in it stands in quotation marks", where=where)
            yield reader.line_num, dict(zip(names, map(str.strip, cells), strict=True))
    except csv.Error as broken:
        raise Refusal(f"line {reader.line_num} is no CSV: {broken}", where=where) from None


def _without_halves(row: Any) -> str:
    """JSON can hold half of a character, which is no text and cannot be kept as such."""
    return json.dumps(row, ensure_ascii=False).encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def read_parquet(
    path: Path, columns: Sequence[str] | None = None, types: Any = None, may_lack: Sequence[str] = ()
) -> Any:
    """An arrow table of all columns, or of those named that are there. `types`, an arrow schema, are the columns that
    the file has, but for some that it may lack.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            if types is not None:
                _refuse_other_columns(file.schema_arrow, types, may_lack)
            wanted = columns and [name for name in columns if name in file.schema_arrow.names]
            _refuse_too_large(path, file.metadata)
            return file.read(wanted)
    except (pa.ArrowException, OSError) as broken:
        why = " ".join(str(broken).split())[:200]
        raise Refusal("no parquet file that can be read", why, where=path) from None
    except Refusal as refused:
        raise Refusal(str(refused), where=path) from None


def _refuse_other_columns(there: Any, types: Any, may_lack: Sequence[str]) -> None:
    for field in types:
        count = there.names.count(field.name)
        if count > 1 or (not count and field.name not in may_lack):
            raise Refusal(f"it has {count} columns {field.name!r}")
        if count and not _same_type(there.field(field.name).type, field.type):
            raise Refusal(f"column {field.name!r} holds {there.field(field.name).type}, not {field.type}")


def _same_type(there: Any, wanted: Any) -> bool:
    """Structs have fields of any names, of the type that the wanted one's are of."""
    from pyarrow.types import is_struct

    if is_struct(wanted) and is_struct(there):
        return all(field.type == wanted[0].type for field in there)
    return bool(there == wanted)


def _refuse_too_large(path: Path, about: Any) -> None:
    if about.num_rows > MOST_ROWS:
        raise Refusal(f"it holds {about.num_rows:,} rows", f"at most {MOST_ROWS:,} are read")
    stored, values = Counter[str](), Counter[str]()
    for group in range(about.num_row_groups):
        for column in range(about.num_columns):
            chunk = about.row_group(group).column(column)
            stored[chunk.path_in_schema] += chunk.total_uncompressed_size
            values[chunk.path_in_schema] += chunk.num_values
    total = sum(stored.values()) + NUMBER * sum(values.values())
    # A dictionary holds a text once, however often rows name it.
    repeated = [name for name, size in stored.items() if size * values[name] > MOST_BYTES]
    if repeated and total <= MOST_BYTES:
        total += _text_in(path, repeated)
    if total > MOST_BYTES:
        raise Refusal(f"it takes {total:,} bytes of memory", f"at most {MOST_BYTES:,} are read")


def _text_in(path: Path, names: Sequence[str]) -> int:
    """The bytes of all texts in these columns, reckoned from dictionaries and how often rows name each entry."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path, read_dictionary=names) as file:
        columns = file.read(names).columns
    return sum(_bytes_of(chunk) for chunk in chain.from_iterable(column.chunks for column in columns))


def _bytes_of(values: Any) -> int:
    import pyarrow.compute as pc
    from pyarrow import types

    if types.is_dictionary(values.type):
        lengths = pc.binary_length(values.dictionary)
        return pc.sum(pc.take(lengths, values.indices).cast("int64")).as_py() or 0
    if types.is_struct(values.type):
        return sum(map(_bytes_of, values.flatten()))
    if types.is_list(values.type):
        return _bytes_of(values.flatten())
    return int(values.nbytes)
