"""Cells are whole or not there, one writer at a time holds one, and damage is named."""

import json
import math
import multiprocessing
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from proctor.common.digest import sha256_of
from proctor.common.refusal import Refusal
from proctor.harness import record
from tests.support.records import run_record, sample

RUN = run_record()


def test_rows_come_back_as_they_were_written(tmp_path):
    rows = [sample("b", score=None, status="error", tokens_in=None), sample("a", response="<script>\x00é")]
    record.write(tmp_path, rows, run_record(definition={"x": 1}))
    cell = record.read(tmp_path, "v", "t")
    assert cell is not None
    assert not cell.problem
    back = cell.rows()
    assert list(back["sample_id"]) == ["a", "b"]
    assert back["response"][0] == "<script>\x00é"
    assert back["score"].isna().tolist() == [False, True]
    assert back["metrics"][0] == {"steps": 2.0}
    assert cell.run.definition.as_json() == {"x": 1}


def test_same_rows_in_any_order_give_the_same_bytes(tmp_path):
    rows = [sample(str(i)) for i in range(20)]
    one = record.write(tmp_path / "1", rows, RUN).run.samples_sha256
    assert one == record.write(tmp_path / "2", rows[::-1], RUN).run.samples_sha256


def test_missing_score_stays_missing_when_all_are(tmp_path):
    record.write(tmp_path, [sample(score=None, status="error", metrics={})], RUN)
    cell = record.read(tmp_path, "v", "t")
    assert cell is not None
    assert str(cell.rows()["score"].dtype) == "float64"


def test_rows_without_run_json_are_no_cell(tmp_path):
    record.write(tmp_path, [sample()], RUN)
    (tmp_path / "v/t/run.json").unlink()
    assert record.read(tmp_path, "v", "t") is None


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (lambda folder: (folder / "samples.parquet").write_bytes(b"PAR1"), "samples.parquet"),
        (lambda folder: (folder / "samples.parquet").unlink(), "samples.parquet"),
        (lambda folder: (folder / "run.json").write_text("{"), "run.json"),
        (lambda folder: (folder / "run.json").write_text("[]"), "run.json"),
        (lambda folder: (folder / "run.json").write_text("{}"), "run.json"),
        (lambda folder: (folder / "run.json").write_text('{"samples_sha256": "0"}'), "run.json"),
    ],
)
def test_damaged_cell_is_named_and_kept_aside(tmp_path, damage, named):
    record.write(tmp_path, [sample()], RUN)
    damage(tmp_path / "v/t")
    cell = record.read(tmp_path, "v", "t")
    assert cell is not None
    assert named in cell.problem
    with record.lock(tmp_path, "v", "t"):
        aside = record.set_aside(cell)
        with pytest.raises(Refusal, match="one writer at a time"), record.lock(tmp_path, "v", "t"):
            pass
    assert (aside / "run.json").exists()
    assert record.read(tmp_path, "v", "t") is None
    assert record.cells(tmp_path) == []


@pytest.mark.parametrize("put", [lambda path: path.symlink_to("/dev/zero"), os.mkfifo, Path.mkdir])
def test_what_has_no_end_in_the_place_of_a_record_is_a_damaged_cell(tmp_path, put):
    record.write(tmp_path, [sample()], RUN)
    (tmp_path / "v/t/run.json").unlink()
    put(tmp_path / "v/t/run.json")
    (cell,) = record.cells(tmp_path)
    assert "run.json is damaged" in cell.problem


@pytest.mark.parametrize("put", [lambda path: path.symlink_to("/dev/zero"), os.mkfifo, Path.mkdir])
def test_what_has_no_end_in_the_place_of_a_trust_card_is_a_damaged_card(tmp_path, put):
    (tmp_path / "_judges/j").mkdir(parents=True)
    put(tmp_path / "_judges/j/trust.json")
    assert "is damaged" in record.read_cards(tmp_path)["j"]["warning"]


def instead(rows, name, value):
    """The one row with another value in this column."""
    return rows.set_column(rows.schema.get_field_index(name), name, pa.array([value]))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda rows: pa.concat_tables([rows, rows]), "a sample stands there twice"),
        (lambda rows: instead(rows, "score", 7.0), "a score is outside of its scale, 0 to 1"),
        (lambda rows: instead(rows, "score", math.inf), "a score is outside of its scale"),
        (lambda rows: instead(rows, "score", math.nan), "neither a score nor an error"),
        (lambda rows: instead(rows, "score", "1"), "column 'score' holds string"),
        (lambda rows: rows.drop_columns(["response"]), "0 columns 'response'"),
    ],
)
def test_rows_that_are_not_as_they_are_written_here_are_refused_whatever_their_checksum(
    tmp_path, change, named
):
    cell = record.write(tmp_path, [sample()], RUN)
    path = cell.folder / "samples.parquet"
    pq.write_table(change(pq.read_table(path)), path)
    record.write_run(cell.folder, cell.run.changed(samples_sha256=sha256_of(path)))
    there = record.read(tmp_path, "v", "t")
    assert there.problem == ""
    with pytest.raises(Refusal, match=named):
        there.rows()


def _hold(folder, ready, done):
    with record.lock(folder, "v", "t"):
        ready.set()
        done.wait(30)


def test_second_writer_is_told_who_holds_the_cell_and_a_dead_one_holds_nothing(tmp_path):
    ours = multiprocessing.get_context("spawn")
    ready, done = ours.Event(), ours.Event()
    other = ours.Process(target=_hold, args=(tmp_path, ready, done))
    other.start()
    assert ready.wait(60)
    with pytest.raises(Refusal, match=f"process {other.pid}"), record.lock(tmp_path, "v", "t"):
        pass
    other.kill()
    other.join()
    with record.lock(tmp_path, "v", "t"):
        pass
    assert not (tmp_path / "v/t/.lock").exists()


@pytest.mark.parametrize("name", ["../up", "A", "a/b", "", ".hidden"])
def test_name_that_is_no_safe_path_never_becomes_one(tmp_path, name):
    with pytest.raises(Refusal):
        record.cell_folder(tmp_path, name, "t")


def test_run_json_says_how_many_rows_and_their_checksum(tmp_path):
    record.write(tmp_path, [sample("a"), sample("b")], RUN)
    run = json.loads((tmp_path / "v/t/run.json").read_text())
    assert run["rows"] == 2
    assert len(run["samples_sha256"]) == 64


def as_earlier_versions_wrote(cell):
    """The same cell without a column of its own for truncation: 'truncated' was a status."""
    table = pq.read_table(cell.folder / "samples.parquet").drop_columns(["truncated"])
    return record.write_table(cell.folder.parent.parent, table, cell.run)


@pytest.mark.parametrize(("engine", "unparsed"), [("hf", 2), ("imported", 1)])
def test_a_response_that_was_cut_off_without_an_answer_is_unparsed_in_earlier_results_too(
    tmp_path, engine, unparsed
):
    rows = [
        sample("a"),
        sample("b", status="unparsed", answer=""),
        sample("c", status="truncated"),
        sample("d", status="truncated", answer=""),  # an import's source may tell no answers
        sample("e", status="error", score=None, answer=""),
    ]
    cell = as_earlier_versions_wrote(record.write(tmp_path, rows, run_record(resolved={"engine": engine})))
    back = cell.rows()
    assert list(back["truncated"]) == [False, False, True, True, False]
    assert list(back["status"]) == ["ok", "unparsed", "ok", "unparsed" if unparsed == 2 else "ok", "error"]
    assert cell.outcomes == {"ok": 4 - unparsed, "unparsed": unparsed, "error": 1, "truncated": 2}
