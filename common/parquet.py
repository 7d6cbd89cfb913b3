"""Parquet files that may come from elsewhere: what their rows would take is reckoned before they are read.

    table = read_parquet(Path("rows.parquet"))

A few hundred bytes can say a billion rows, or one text a million times.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from proctor.common.refusal import Refusal

MOST_ROWS = 10**6
MOST_BYTES = 2**29  # of all columns
NUMBER = 8  # bytes of a number, or of where a text begins


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
