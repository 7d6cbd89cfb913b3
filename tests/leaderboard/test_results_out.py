"""Results that travel: the Hub's own forms, held to its own client, and Every Eval Ever, held to its own validator."""

import json
import math
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from huggingface_hub import ModelCard, parse_eval_result_entries

from proctor.common.refusal import Refusal
from proctor.harness import record
from proctor.harness.imports.foreign import Wish
from proctor.harness.imports.imports import import_files
from proctor.leaderboard.compare.items import estimate_cell, load_cells
from proctor.leaderboard.report import eee, formats, hub, report
from tests.support.board_results import EXAMS, rows_of, small_results, write
from tests.support.command import ROOT
from tests.support.comparing import compare_variants, run

DEMO = ROOT / "results" / "demo"


def export_hub(results: Path, name: str, out: Path) -> list[str]:
    made = report.make(results, only=[name])
    return hub.export_hub(made, formats.render(made, "md"), out)


def export_eee(results: Path, name: str, out: Path, org: str) -> list[Path]:
    return eee.export_eee(report.make(results, only=[name]).scores, out, org)


def gsm8k_results(results: Path, items: int = 12, **task: Any) -> Path:
    """A base and its child on a task that is published, as far as run.json says."""
    for name, ability, parent in (("base", 1, None), ("child", 3, "base")):
        rows = rows_of(name, "word_problems", ability=ability)
        write(results, rows, parent=parent, base="org-of/a-base")
        folder = results / name / "word_problems"
        run = json.loads((folder / "run.json").read_text())
        run["task"] |= {"name": "gsm8k", "title": "GSM8K", **task}
        run["definition"] |= {"items": items}
        run["finished"] = "2026-11-28T10:00:00+00:00"
        (folder / "run.json").write_text(json.dumps(run | {"check": None}))
        folder.rename(results / name / "gsm8k")
    return results


def test_a_published_benchmark_becomes_an_entry_that_the_hubs_client_reads_back(tmp_path: Path) -> None:
    assert export_hub(gsm8k_results(tmp_path / "r"), "child", tmp_path / "out") == []
    text = (tmp_path / "out" / "model" / ".eval_results" / "gsm8k.yaml").read_text()
    (entry,) = parse_eval_result_entries(yaml.safe_load(text))
    assert (entry.dataset_id, entry.task_id, entry.value, entry.date) == (
        "openai/gsm8k",
        "gsm8k",
        75.0,
        "2026-11-28",
    )
    assert entry.notes is not None
    assert entry.notes.startswith("prompt pack default, n=12, 95% CI ")


@pytest.mark.parametrize("why", ["own data", "a part", "not told which items"])
def test_no_claim_on_a_published_benchmark_of_what_is_not_all_of_it(why: str, tmp_path: Path) -> None:
    results = gsm8k_results(tmp_path / "r", items=1319 if why == "a part" else 12, own_data=why == "own data")
    if why.startswith("not told"):
        notes = results / "child" / "gsm8k" / "run.json"
        run = json.loads(notes.read_text())
        run["definition"]["dataset"] = None
        notes.write_text(json.dumps(run | {"check": None}))
    export_hub(results, "child", tmp_path / "out")
    assert not (tmp_path / "out" / "model" / ".eval_results").exists()


def test_an_entry_of_an_earlier_export_does_not_outlive_its_results(tmp_path: Path) -> None:
    export_hub(gsm8k_results(tmp_path / "r"), "child", tmp_path / "out")
    export_hub(small_results(tmp_path / "s"), "tiny", tmp_path / "out")
    assert list((tmp_path / "out" / "model" / ".eval_results").iterdir()) == []


def test_the_model_card_holds_the_boards_figures_as_the_hubs_client_reads_them(tmp_path: Path) -> None:
    export_hub(gsm8k_results(tmp_path / "r"), "child", tmp_path / "out")
    card = ModelCard.load(tmp_path / "out" / "model" / "README.md")
    (result,) = card.data.eval_results
    assert card.data.base_model == "org-of/a-base"
    assert (result.dataset_type, result.metric_type, result.metric_value) == (
        "openai/gsm8k",
        "accuracy",
        75.0,
    )
    cell = load_cells(tmp_path / "r")["child", "gsm8k"]
    estimate = estimate_cell(cell)
    assert estimate is not None
    assert result.metric_args == {"low": round(estimate.low, 6), "high": round(estimate.high, 6), "n": 12}
    assert "| child | 75.0 | " in card.content


def test_a_folder_of_this_machine_is_no_base_on_the_hub_and_private_text_is_named(tmp_path: Path) -> None:
    rows = rows_of("tiny", "word_problems")
    write(
        tmp_path / "r", [replace(rows[0], response="see /home/ada/models"), *rows[1:]], base="finetune/tiny"
    )
    (private,) = export_hub(tmp_path / "r", "tiny", tmp_path / "out")
    assert private == "a home folder '/home/ada' in dataset/word_problems/samples.parquet"
    assert "base_model" not in (tmp_path / "out" / "model" / "README.md").read_text()


def test_the_rows_load_as_a_data_set_with_a_configuration_a_task(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    export_hub(DEMO, "tiny-q8", tmp_path / "out")
    for task, count in (("word_problems", 250), ("study_plan", 24)):
        rows = datasets.load_dataset(
            str(tmp_path / "out" / "dataset"), task, split="test", cache_dir=str(tmp_path / "cache")
        )
        assert len(rows) == count
        assert {"prompt", "response", "score"} <= set(rows.column_names)


def test_every_eval_ever_and_back_is_the_same_figure_with_its_interval(tmp_path: Path) -> None:
    run("export", "eee", "tiny-q8", "--results", DEMO, "--out", tmp_path / "out", "--org", "org")
    run("import", "eee", tmp_path / "out", "--results", tmp_path / "r")
    before, after = load_cells(DEMO), load_cells(tmp_path / "r")
    assert {task for _, task in after} == set(EXAMS)
    for (variant, task), cell in after.items():
        a, b = estimate_cell(before[variant, task]), estimate_cell(cell)
        assert a is not None
        assert b is not None
        assert (b.mean, b.n, b.clusters) == (a.mean, a.n, a.clusters)
        assert (b.low, b.high, b.se) == pytest.approx((a.low, a.high, a.se))
        assert cell.run.origin is not None
        assert cell.run.origin.reported == pytest.approx(a.mean)
        assert cell.run.task.scale == before[variant, task].run.task.scale
        assert cell.rows()["response"].tolist() == before[variant, task].rows()["response"].tolist()


def test_what_is_exported_twice_is_the_same_bytes_and_says_its_uncertainty(tmp_path: Path) -> None:
    first, second = (export_eee(DEMO, "tiny-q4", tmp_path / name, "org") for name in ("a", "b"))
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    whole = json.loads(first[0].read_text())
    (result,) = whole["evaluation_results"]
    figure = result["score_details"]
    assert figure["uncertainty"]["confidence_interval"]["lower"] < figure["score"]
    assert figure["uncertainty"]["standard_error"]["value"] > 0
    assert figure["uncertainty"]["num_samples"] == 250
    assert whole["detailed_evaluation_results"]["total_rows"] == len(first[1].read_text().splitlines()) == 250


def test_an_older_export_of_the_model_goes_and_nothing_else_does(tmp_path: Path) -> None:
    out = tmp_path / "out"
    older = export_eee(small_results(tmp_path / "r"), "tiny-q4", out, "org")
    neighbour = export_eee(DEMO, "tiny", out, "org")
    foreign = older[0].with_name("of-another-tool.json")
    foreign.write_text(json.dumps({"eval_library": {"name": "another"}}))
    newer = export_eee(DEMO, "tiny-q4", out, "org")
    assert set(out.rglob("*.json*")) == {*neighbour, *newer, foreign}


def test_a_response_without_a_score_is_counted_and_is_no_zero(tmp_path: Path) -> None:
    paths = export_eee(small_results(tmp_path / "r"), "tiny-lora", tmp_path / "out", "org")
    for aggregate, samples in zip(paths[::2], paths[1::2], strict=True):
        details = json.loads(aggregate.read_text())["detailed_evaluation_results"]
        assert details["additional_details"] == {"rows_without_score": "1"}
        assert len(samples.read_text().splitlines()) == 11
    import_files(paths[1::2], tmp_path / "back", Wish())
    before = estimate_cell(load_cells(tmp_path / "r")["tiny-lora", "word_problems"])
    after = estimate_cell(load_cells(tmp_path / "back")["tiny-lora", "word_problems"])
    assert before is not None
    assert after is not None
    assert (after.mean, after.n) == (before.mean, before.n)


def test_two_imported_variants_compare_as_they_did(tmp_path: Path) -> None:
    for name in ("tiny-q8", "tiny"):
        export_eee(DEMO, name, tmp_path / "out", "org")
    import_files([tmp_path / "out"], tmp_path / "r", Wish())
    (before,) = compare_variants(DEMO, "tiny-q8", "tiny", ["word_problems"])
    (after,) = compare_variants(tmp_path / "r", "tiny-q8", "tiny", ["word_problems"])
    assert after.difference.difference == before.difference.difference
    assert after.difference.p == pytest.approx(before.difference.p)


def test_what_was_imported_goes_out_again_without_what_it_never_had(tmp_path: Path) -> None:
    export_eee(small_results(tmp_path / "r"), "tiny", tmp_path / "out", "org")
    import_files([tmp_path / "out"], tmp_path / "back", Wish())
    _, samples, *_ = export_eee(tmp_path / "back", "tiny", tmp_path / "again", "org")
    (line, *_) = map(json.loads, samples.read_text().splitlines())
    assert "token_usage" not in line
    assert "performance" not in line


def changed(tmp_path: Path, **fields: Any) -> Path:
    """The word problems of tiny-q8 with fields of the aggregate changed."""
    aggregate, samples, *_ = export_eee(DEMO, "tiny-q8", tmp_path / "out", "org")
    whole = json.loads(aggregate.read_text())
    whole["evaluation_results"][0]["metric_config"] |= fields.pop("metric", {})
    whole["evaluation_results"][0]["score_details"] |= fields.pop("score", {})
    aggregate.write_text(json.dumps(whole | fields))
    return samples


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"score": {"score": 0.5}}, "is 0.5 in the results, and 0.436 as the mean of its samples"),
        ({"metric": {"lower_is_better": True}}, "give --lower-is-better"),
        (
            {"detailed_evaluation_results": {"total_rows": 251}},
            "holds 250 lines, and the aggregate speaks of 251",
        ),
    ],
)
def test_an_aggregate_that_does_not_fit_its_lines_is_refused(
    fields: dict[str, Any], says: str, tmp_path: Path
) -> None:
    with pytest.raises(Refusal, match=says):
        import_files([changed(tmp_path, **fields)], tmp_path / "r", Wish())
    assert record.cells(tmp_path / "r") == []


def test_a_line_without_a_number_is_refused(tmp_path: Path) -> None:
    samples = changed(tmp_path)
    lines = samples.read_text().splitlines()
    line = json.loads(lines[3]) | {"evaluation": {"score": True, "is_correct": True}}
    samples.write_text("\n".join([*lines[:3], json.dumps(line), *lines[4:]]) + "\n")
    with pytest.raises(Refusal, match="has a score that is no number"):
        import_files([samples], tmp_path / "r", Wish())


def test_an_organisation_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="is no name of a folder"):
        export_eee(DEMO, "tiny-q8", tmp_path / "out", "../elsewhere")


def test_the_receivers_own_validator_passes_every_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its package needs Python 3.12 and other versions than ours: unpacked beside, it is found by PYTHONPATH."""
    validator = pytest.importorskip(
        "every_eval_ever.validator.validate", reason="every-eval-ever is not here"
    )
    export_eee(DEMO, "tiny-q8", tmp_path, "org")
    export_eee(small_results(tmp_path / "r"), "tiny-lora", tmp_path, "org")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["eee-validate"])
    assert validator.main(["data/*/*/*/*.json", "data/*/*/*/*.jsonl"]) == 0


LINE = {
    "schema_version": "0.2", "evaluation_id": "e", "evaluation": {"score": 1}, "interaction_type": "single_turn",
    "sample_id": "1", "evaluation_name": "t", "model_id": "org/m",
}  # fmt: skip


def brought(folder: Path, line: dict[str, Any], **whole: Any) -> Path:
    """A file of this line alone, with an aggregate of these fields."""
    (folder / "x_samples.jsonl").write_text(json.dumps(LINE | line) + "\n")
    (folder / "x.json").write_text(json.dumps(whole))
    return folder / "x_samples.jsonl"


@pytest.mark.parametrize("results", [7, None, "text", [7, None], {"a": 1}])
def test_an_aggregate_whose_results_are_none_tells_nothing(tmp_path: Path, results: Any) -> None:
    path = brought(tmp_path, {}, evaluation_results=results)
    (imported,) = import_files([path], tmp_path / "r", Wish())
    assert (imported.mean, imported.reported) == (1.0, None)


@pytest.mark.parametrize(
    "scale", [{"min_score": 0, "max_score": 1e999}, {"min_score": -(10**400), "max_score": 1}]
)
def test_a_scale_without_end_is_none(tmp_path: Path, scale: dict[str, Any]) -> None:
    path = brought(tmp_path, {}, evaluation_results=[{"evaluation_name": "t", "metric_config": scale}])
    import_files([path], tmp_path / "r", Wish())
    assert load_cells(tmp_path / "r")["m", "t"].run.task.scale == (0.0, 1.0)


def test_an_epoch_of_thousands_of_digits_is_counted_instead(tmp_path: Path) -> None:
    path = brought(tmp_path, {"metadata": {"epoch": "9" * 5000}})
    import_files([path], tmp_path / "r", Wish())
    assert list(load_cells(tmp_path / "r")["m", "t"].rows()["epoch"]) == [1]


@pytest.mark.parametrize("count", ["x", None, [], -1, math.nan, 10**400])
def test_a_count_that_is_no_count_is_refused(tmp_path: Path, count: Any) -> None:
    path = brought(tmp_path, {"metadata": {"tp": count, "fp": 0, "fn": 0}})
    with pytest.raises(Refusal, match="which is no count"):
        import_files([path], tmp_path / "r", Wish())


def test_what_a_record_says_of_itself_names_no_file_and_writes_no_card(tmp_path: Path) -> None:
    small_results(tmp_path / "r")
    hostile = "../../../../../outside\n<script>"
    for cell in record.cells(tmp_path / "r"):
        fields = json.loads((cell.folder / "run.json").read_text())
        del fields["check"]
        fields |= {
            "variant": hostile,
            "finished": "99999-99-99",
            "stages": [{"kind": hostile, "digest": hostile}],
        }
        (cell.folder / "run.json").write_text(json.dumps(fields))
    export_eee(tmp_path / "r", "tiny", tmp_path / "deep/out", "org")
    export_hub(tmp_path / "r", "tiny", tmp_path / "hub")
    assert {path.name for path in tmp_path.iterdir()} == {"r", "deep", "hub"}
    assert {path.name for path in (tmp_path / "deep").iterdir()} == {"out"}
    assert "<script>" not in (tmp_path / "hub/model/README.md").read_text()
