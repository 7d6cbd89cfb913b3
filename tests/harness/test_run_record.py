"""What run.json holds comes back as it was written, by this version and by every earlier one."""

import json
from pathlib import Path

import pytest

from proctor.harness import record
from proctor.harness.record.cells import measurements_from, record_from
from proctor.harness.record.formats import COSTS_OF_FORMAT_1, UnreadableRecord
from proctor.harness.record.run_record import SamplingRecord
from tests.support.records import run_record, sample

# As the version before formats wrote it: a quantised variant on study plans.
OLD = json.loads(
    (Path(__file__).parents[1] / "support" / "data" / "run-format-1.json").read_text(encoding="utf-8")
)
# As it wrote an import, with the least that it told.
OLD_IMPORT = {
    "definition": {"dataset": None, "items": 2, "judge": None, "metric": None, "task_version": None},
    "errors": 1, "hardware": {}, "margin": None, "rows": 2, "samples_sha256": "0" * 64, "stages": [],
    "exam": {"title": "quiz", "kind": "binary", "headline": "score", "scale": [0.0, 1.0], "framework": "other",
             "marked_by": "rules"},
    "origin": {"kind": "plain", "called": "First!", "files": ["s.csv"], "lacks": ["prompt"], "responses": False},
    "resolved": {"name": "first", "engine": "imported", "prompt": None, "sampling": {}},
    "statuses": {"ok": 1, "unparsed": 0, "error": 1}, "task": "quiz", "tokens_in": 7, "variant": "first",
    "versions": {},
}  # fmt: skip


def test_a_run_json_of_an_earlier_version_says_all_that_it_said() -> None:
    run = record_from(OLD)
    assert run.definition.as_json() == OLD["definition"]
    assert run.resolved.as_json() == OLD["resolved"]
    assert (run.variant, run.task.name, run.suite, run.margin) == (
        "tiny-q4",
        "study_plan",
        "demo",
        OLD["margin"],
    )
    about = OLD["exam"]
    assert (run.task.title, run.task.kind, run.task.headline) == (
        about["title"],
        about["kind"],
        about["headline"],
    )
    assert run.task.scale == tuple(about["scale"])
    assert (run.task.scored_by, run.task.judge_kind) == (about["marked_by"], about["judge_kind"])
    assert run.task.kinds["grade"]["10"] == tuple(OLD["kinds"]["grade"]["10"])
    assert run.costs.as_json() == {name: OLD[name] for name in record.CostRecord.model_fields if name in OLD}
    assert set(COSTS_OF_FORMAT_1) <= set(record.CostRecord.model_fields)
    assert run.costs.size_bytes == OLD["size_bytes"]
    assert [list(step) for step in run.loss] == OLD["loss"]
    assert run.overlap[0].set == OLD["overlap"][0]["set"]
    assert run.overlap[0].shares == [(n, OLD["overlap"][0][f"share_{n}"]) for n in (8, 10, 13)]
    assert (run.rows, run.samples_sha256, run.errors) == (OLD["rows"], OLD["samples_sha256"], OLD["errors"])
    assert run.statuses == OLD["statuses"]
    assert run.hardware.cores == OLD["hardware"]["cores"]
    assert run.versions == OLD["versions"]
    assert run.finished == OLD["finished"]
    assert run.origin is None


def test_overlap_that_was_noted_in_words_is_kept() -> None:
    (found,) = record_from(OLD | {"overlap": ["all of it"]}).overlap
    assert (found.set, found.items, found.shares) == ("all of it", None, [])


def test_an_import_of_an_earlier_version_says_what_its_source_lacked() -> None:
    run = record_from(OLD_IMPORT)
    assert run.origin
    assert (run.origin.called, run.lacks, run.errors) == ("First!", ("prompt",), 1)
    assert (run.costs.tokens_in, run.costs.tokens_out, run.costs.size_bytes) == (7, None, None)
    assert not run.hardware.known
    assert run.definition.as_json() == OLD_IMPORT["definition"]


@pytest.mark.parametrize("old", [OLD, OLD_IMPORT])
def test_written_anew_it_reads_the_same_and_is_written_the_same(old: dict) -> None:
    run = record_from(old)
    new = json.loads(run.text())
    assert new["format"] == 2
    assert record_from(new) == run
    assert record_from(new).text() == run.text()


def test_fields_of_a_later_version_are_kept_and_another_format_is_refused_by_name() -> None:
    new = json.loads(run_record().text()) | {"mood": {"good": 1}, "check": None}
    new["task"]["colour"] = "blue"
    again = json.loads(record_from(new).text())
    assert (again["mood"], again["task"]["colour"]) == ({"good": 1}, "blue")
    with pytest.raises(UnreadableRecord, match=r"a newer Proctor wrote it \(format 3\)"):
        record_from(new | {"format": 3})


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"task": {"name": "t"}}, "task.title"),
        ({"definition": []}, "definition"),
        (
            {"task": {"name": "t", "title": "t", "kind": "binary", "headline": "h", "scale": [1, 1]}},
            "larger one",
        ),
        (
            {
                "task": {
                    "name": "t",
                    "title": "t",
                    "kind": "binary",
                    "headline": "h",
                    "scale": [0, float("inf")],
                }
            },
            "scale",
        ),
        ({"task": {"name": "t", "title": "t", "kind": "odd", "headline": "h", "scale": [0, 1]}}, "task.kind"),
        ({"rows": "many"}, "rows"),
        ({"format": "two"}, "task"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, change: dict, named: str) -> None:
    cell = record.write(tmp_path, [sample()], run_record())
    notes = cell.folder / "run.json"
    notes.write_text(json.dumps(json.loads(notes.read_text()) | change | {"check": None}))
    found = record.read(tmp_path, "v", "t")
    assert found is not None
    assert "run.json is damaged" in found.problem
    assert named in found.problem
    with pytest.raises(ValueError, match="is damaged"):
        print(found.run)


@pytest.mark.parametrize("field", ["margin", "costs", "resolved", "definition", "statuses", "task"])
def test_a_changed_field_is_seen_by_its_checksum_and_an_earlier_record_has_none(
    tmp_path: Path, field: str
) -> None:
    cell = record.write(tmp_path, [sample()], run_record(margin=0.05, statuses={"ok": 1}))
    notes = cell.folder / "run.json"
    fields = json.loads(notes.read_text())
    other = {"margin": 0.5, "statuses": {"ok": 2}, "task": fields["task"] | {"title": "another"}}
    changed = fields | {field: other.get(field, {"name": "x"})}
    notes.write_text(json.dumps(changed))
    found = record.read(tmp_path, "v", "t")
    assert found
    assert "its checksum" in found.problem
    del fields["check"]
    notes.write_text(json.dumps(fields))
    again = record.read(tmp_path, "v", "t")
    assert again
    assert (again.problem, again.run.margin) == ("", 0.05)


def test_measurements_kept_beside_responses_by_an_earlier_version_are_read() -> None:
    loose = {name: OLD[name] for name in ("wall_seconds", "tokens_in", "versions", "hardware", "loss")}
    found = measurements_from(loose | {"too_long": 2})
    assert (found.costs.wall_seconds, found.too_long) == (OLD["wall_seconds"], 2)
    assert found.costs.size_bytes is None
    assert measurements_from(found.as_json()) == found
    run = run_record().measured(found)
    assert (run.costs, run.loss, run.too_long) == (found.costs, found.loss, 2)
    assert run.task.name == "t"


def test_a_misspelt_field_of_a_change_is_a_bug_and_lands_in_no_run_json() -> None:
    with pytest.raises(TypeError, match="SamplingRecord has no field sead"):
        SamplingRecord(seed=1).changed(sead=3)
    with pytest.raises(TypeError, match="RunRecord has no field marjin"):
        run_record().changed(marjin=0.02, rows=3)
    assert SamplingRecord(seed=1).changed(seed=3).as_json() == {"seed": 3}


def test_shares_of_an_overlap_are_numbers_and_those_that_are_not_known_are_left_out() -> None:
    overlap = record.OverlapRecord.model_validate({"set": "a", "share_13": 0.05, "hits_13": 1, "share_8": 0})
    assert (overlap.shares, overlap.hits_13) == ([(8, 0.0), (13, 0.05)], 1)
    with pytest.raises(UnreadableRecord, match=r"overlap\.0\.share_8"):
        record_from(json.loads(run_record().text()) | {"overlap": [{"share_8": "most"}], "check": None})


def test_a_variant_comes_from_its_parent_and_from_those_that_it_is_merged_with_each_once() -> None:
    merge = {"models": ["maths", "base", "org/model"], "method": "ties", "weights": [1.0, 1.0, 0.5]}
    variant = record.VariantRecord.model_validate({"parent": "base", "merge_with": merge})
    assert variant.parents == ("base", "maths")
    assert variant.as_json()["merge_with"] == merge
    assert record.VariantRecord().parents == ()
