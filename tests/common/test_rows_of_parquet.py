"""Parquet files that mean harm are refused in a line, before their rows fill the memory."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from proctor.common.json_lines import read_parquet
from proctor.common.refusal import Refusal

TYPES = pa.schema([("name", pa.string()), ("score", pa.float64())])


def written(path, table, **how):
    pq.write_table(table, path, compression="zstd", **how)
    return path


def rows(**columns):
    return pa.table({"name": ["a", "b"], "score": [0.5, 1.0], **columns})


def test_a_sound_file_is_read_with_all_columns_or_those_that_are_there(tmp_path):
    path = written(tmp_path / "sound.parquet", rows(more=[1, 2]))
    assert read_parquet(path, types=TYPES).equals(rows(more=[1, 2]))
    assert read_parquet(path, ["score", "nothing"]).to_pydict() == {"score": [0.5, 1.0]}


def test_a_file_of_more_rows_than_memory_holds_is_refused_unread(tmp_path):
    many = pa.table({"name": pa.array([None] * 2_000_000, pa.string())})
    path = written(tmp_path / "many.parquet", many)
    assert path.stat().st_size < 10_000
    with pytest.raises(Refusal, match="it holds 2,000,000 rows"):
        read_parquet(path)


@pytest.mark.parametrize("shape", ["text", "struct", "list"])
def test_one_text_that_a_million_rows_name_is_counted_for_each_of_them(tmp_path, shape):
    text = pa.DictionaryArray.from_arrays(pa.array([0] * 2_000, pa.int32()), pa.array(["x" * 10**6]))
    column = text
    if shape == "struct":
        column = pa.StructArray.from_arrays([text], ["inner"])
    elif shape == "list":
        column = pa.ListArray.from_arrays(pa.array(range(2_001), pa.int32()), text)
    path = written(tmp_path / "text.parquet", pa.table({"text": column}), store_schema=False)
    assert path.stat().st_size < 10_000
    before = pa.total_allocated_bytes()
    with pytest.raises(Refusal, match=r"it takes 2,0\d\d,\d\d\d,\d\d\d bytes of memory"):
        read_parquet(path)
    assert pa.total_allocated_bytes() - before < 2**26


def test_a_long_text_that_stands_once_is_read(tmp_path):
    path = written(tmp_path / "long.parquet", pa.table({"text": ["x" * 10**7, *"abc" * 100]}))
    assert read_parquet(path).num_rows == 301


def test_no_parquet_file_is_refused(tmp_path):
    for content in (b"", b"PAR1", b"PAR1 hello PAR1"):
        (tmp_path / "no.parquet").write_bytes(content)
        with pytest.raises(Refusal, match="no parquet file that can be read"):
            read_parquet(tmp_path / "no.parquet")


def test_other_columns_than_the_wanted_are_refused_by_their_names(tmp_path):
    cases = {
        "it has 0 columns 'score'": rows().drop_columns(["score"]),
        "it has 2 columns 'score'": rows().append_column("score", pa.array([1.0, 1.0])),
        "column 'score' holds string, not double": rows(score=["1", "2"]),
    }
    for why, table in cases.items():
        with pytest.raises(Refusal, match=why):
            read_parquet(written(tmp_path / "other.parquet", table), types=TYPES)
    lacking = written(tmp_path / "lacking.parquet", rows().drop_columns(["score"]))
    assert read_parquet(lacking, types=TYPES, may_lack=["score"]).column_names == ["name"]
