"""Runs of HELM 0.5.16, NeMo Evaluator 0.3.0, evalscope 1.14.1 and promptfoo 0.121.20, as these tools wrote them.

Made offline for these tests: in HELM a client that says A or B and typos in the questions, in the others a server on
this machine, or a provider that fails where it is asked for 4 and a grader that says hm. Two trials or repeats each.
"""

import contextlib
import functools
import json
import math
import operator
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from typer.testing import CliRunner

from proctor.common.refusal import Refusal
from proctor.harness.imports.foreign import Wish
from proctor.harness.imports.imports import import_files
from proctor.leaderboard.cli.main import app
from tests.support.import_rows import refused, scores

RUNS = Path(__file__).parents[1] / "support/data/foreign_runs.zip"
HELM = "helm/runs/mine/parity:model=tiny_tiny,data_augmentation=typo0.3"
FILES = {
    "helm": f"{HELM}/per_instance_stats.json",
    "nemo": "nemo/sums/eval-20261129T184945Z-sums.json",
    "evalscope": "evalscope/reports/tiny/general_mcq.json",
    "promptfoo": "promptfoo/sums.json",
}
EXACT_MATCH = 12  # the first of HELM's entries with this metric: those of the other metric come before
METRIC = {"helm": "exact_match,test", "nemo": None, "evalscope": None, "promptfoo": "score"}


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    with ZipFile(RUNS) as file:
        file.extractall(tmp_path / "runs")
    return tmp_path / "runs"


def change(path: Path, how: Callable[[Any], object]) -> None:
    value = json.loads(path.read_text())
    how(value)
    path.write_text(json.dumps(value))


def change_lines(path: Path, how: Callable[[list[str]], list[str]]) -> None:
    path.write_text("\n".join(how(path.read_text().splitlines())) + "\n")


@pytest.mark.parametrize("tool", FILES)
def test_a_folder_is_read_as_its_one_file_is_and_a_second_time_changes_nothing(tool, runs, tmp_path):
    wish = Wish(metric=METRIC[tool])
    first = import_files([runs / FILES[tool]], tmp_path / "results", wish)
    again = import_files([runs / tool], tmp_path / "results", wish)
    assert {done.format for done in first} == {tool}
    assert {done.state for done in again} == {"there already"}
    assert [done.mean for done in again] == [done.mean for done in first]


def test_helms_trials_are_epochs_and_its_figure_is_the_cells(runs, tmp_path):
    (done,) = import_files([runs / FILES["helm"]], tmp_path / "results", Wish(metric="exact_match,test"))
    assert (done.variant, done.samples, done.rows) == ("tiny-tiny", 3, 6)
    assert done.mean == done.reported == pytest.approx(2 / 3)
    cell, rows = scores(tmp_path / "results", done.variant, done.task)
    assert "model" not in done.task
    assert sorted(rows.loc["id41", "epoch"]) == [1, 2]
    assert rows.loc["id41", "score"].tolist() == [0, 0]
    assert rows.loc["id60", "response"].tolist() == ["A", "A"]
    assert "Is 70 even or odd?" in rows.loc["id60", "prompt"].iloc[0]
    assert cell.run.task.kind == "binary"


def test_helms_perturbed_instances_are_a_figure_of_their_own(runs, tmp_path):
    assert "exact_match,test, exact_match,test,typos" in refused(
        runs / FILES["helm"], tmp_path / "results", metric="exact_match"
    )
    (done,) = import_files(
        [runs / FILES["helm"]], tmp_path / "results", Wish(metric="exact_match,test,typos")
    )
    assert done.rows == 6
    assert "belongs to all samples together" in refused(
        runs / FILES["helm"], tmp_path / "results", metric="num_instances,test"
    )


def test_an_instance_without_a_value_keeps_its_row_and_has_no_score(runs, tmp_path):
    """Id 60 was right in both trials; the mean of the two others is then HELM's figure."""
    path = runs / FILES["helm"]

    def forget(entries):
        for entry in entries:
            if entry["instance_id"] == "id60":
                entry["stats"] = [stat for stat in entry["stats"] if stat["name"]["name"] != "exact_match"]

    change(path, forget)
    assert "is 0.666667 in the results, and 0.5 as the mean" in refused(
        path, tmp_path / "results", metric="exact_match,test"
    )

    def agree(stats):
        for stat in stats:
            if stat["name"] == {"name": "exact_match", "split": "test"}:
                stat["mean"] = 0.5

    change(path.with_name("stats.json"), agree)
    (done,) = import_files([path], tmp_path / "results", Wish(metric="exact_match,test"))
    assert (done.mean, done.samples, done.rows, done.statuses["error"]) == (0.5, 2, 6, 2)


def test_a_request_that_failed_is_no_zero_though_nemo_evaluator_counts_it_as_one(runs, tmp_path):
    (done,) = import_files([runs / "nemo"], tmp_path / "results", Wish(cluster="category"))
    assert (done.reported, done.rows, done.statuses["error"]) == (0.5, 8, 2)
    assert done.mean == pytest.approx(2 / 3)
    cell, rows = scores(tmp_path / "results", "tiny", "sums")
    assert all(math.isnan(score) for score in rows.loc["3", "score"])
    assert "HTTP 500" in rows.loc["3", "explanation"].iloc[0]
    assert sorted(set(rows["cluster"])) == ["A", "B"]
    assert cell.run.origin is not None
    assert cell.run.origin.reported == 0.5


def test_a_judge_whose_reply_was_not_read_gave_no_score(runs, tmp_path):
    """NeMo Evaluator's rows in its own form for judges; none of its runs here had a judge."""
    details = '"scoring_details": {"judge": {"normalized": 0.0, "parse_error": true}, "method"'
    path = runs / "nemo/sums/results.jsonl"
    path.write_text(path.read_text().replace('"scoring_details": {"method"', details, 1))
    (done,) = import_files([runs / "nemo"], tmp_path / "results", Wish())
    assert done.statuses["error"] == 3
    assert done.mean == pytest.approx(2 / 3)


def test_the_command_says_where_the_source_counts_errors(runs, tmp_path):
    told = CliRunner().invoke(app, ["import", str(runs / "nemo"), "--results", str(tmp_path / "results")])
    assert "pass@1 66.7 % over 3 samples (8 rows), 0 unparsed, 2 errors" in told.output
    assert "the source reports 0.5 over all its rows, those without a score here among them" in told.output


def test_the_subsets_of_an_evalscope_benchmark_are_one_task_held_to_its_score(runs, tmp_path):
    (done,) = import_files([runs / "evalscope"], tmp_path / "results", Wish())
    assert (done.variant, done.task, done.samples, done.rows) == ("tiny", "general_mcq", 5, 10)
    assert done.mean == pytest.approx(0.6)
    cell, rows = scores(tmp_path / "results", "tiny", "general_mcq")
    assert sorted(set(rows.index)) == ["more/0", "more/1", "sums/0", "sums/1", "sums/2"]
    assert rows.loc["sums/2", "score"].tolist() == [0, 0]
    assert rows.loc["sums/2", "answer"].tolist() == ["A", "A"]
    assert cell.run.task.scale == (0.0, 1.0)


def test_promptfoos_providers_are_variants_and_what_nobody_scored_has_no_score(runs, tmp_path):
    echo, halting = import_files([runs / "promptfoo"], tmp_path / "results", Wish(metric="score"))
    assert [(done.variant, done.task, done.rows) for done in (echo, halting)] == [
        ("echo", "sums", 10),
        ("halting", "sums", 10),
    ]
    assert echo.reported == pytest.approx(6.333333333 / 10)
    assert echo.mean == pytest.approx(
        (1 + 2 / 3 + 0) / 3
    )  # the fourth test has no assertion, the fifth no verdict
    assert halting.mean == pytest.approx((0 + 1) / 2)  # and of the first there was no answer
    assert (echo.statuses["error"], halting.statuses["error"]) == (4, 6)
    _, rows = scores(tmp_path / "results", "halting", "sums")
    assert set(rows[rows["score"].isna()]["explanation"]) == {
        "out of memory", "No assertions", "Could not extract JSON from llm-rubric response",
    }  # fmt: skip
    assert set(rows["epoch"]) == {1, 2}


def test_promptfoos_passes_are_a_metric_beside_its_scores(runs, tmp_path):
    assert "there are: score, pass" in refused(runs / "promptfoo/sums.json", tmp_path / "results")
    echo, _ = import_files([runs / "promptfoo"], tmp_path / "results", Wish(metric="pass"))
    assert echo.reported == 6 / 10
    assert echo.mean == pytest.approx(2 / 3)


def test_a_test_that_stands_twice_in_promptfoo_weighs_once(runs, tmp_path):
    """promptfoo's figure is over all rows: of nine, echo passed five."""

    def forget(output):
        rows = output["results"]["results"]
        rows.remove(next(row for row in rows if (row["promptIdx"], row["testIdx"]) == (0, 1)))
        output["results"]["prompts"][0]["metrics"].update(testPassCount=5)

    change(runs / FILES["promptfoo"], forget)
    echo, _ = import_files([runs / FILES["promptfoo"]], tmp_path / "results", Wish(metric="pass"))
    assert (echo.reported, echo.differs) == (5 / 9, True)
    assert echo.mean == pytest.approx(2 / 3)


def test_the_same_test_is_the_same_sample_of_both_providers(runs, tmp_path):
    import_files([runs / "promptfoo"], tmp_path / "results", Wish(metric="pass"))
    tables = [scores(tmp_path / "results", name, "sums")[1] for name in ("echo", "halting")]
    assert set(tables[0].index) == set(tables[1].index)
    assert len(set(tables[0].index)) == 5


def cut_nemo(runs: Path) -> None:
    change_lines(runs / "nemo/sums/results.jsonl", lambda lines: lines[:-1])


def skipped_by_nemo(runs: Path) -> None:
    """As with skip_failed: the bundle counts what came back, and only the data set's size tells of the rest."""
    change_lines(runs / "nemo/sums/results.jsonl", lambda lines: lines[:-1])
    change(runs / FILES["nemo"], lambda bundle: bundle.update(n_results=7))


def cut_promptfoo(runs: Path) -> None:
    change(runs / FILES["promptfoo"], lambda output: output["results"]["results"].pop())


def stray_promptfoo(runs: Path) -> None:
    change(runs / FILES["promptfoo"], lambda output: output["results"]["results"][0].update(promptIdx=7))


def failed_evalscope(runs: Path) -> None:
    change(
        runs / FILES["evalscope"],
        lambda report: report["execution_summary"].update(errored=2, incomplete=True),
    )


def other_nemo(runs: Path) -> None:
    path = runs / "nemo/sums/results.jsonl"
    path.write_text(path.read_text().replace('"reward": 0.0', '"reward": 1.0', 1))


def other_helm(runs: Path) -> None:
    change(
        runs / FILES["helm"],
        lambda entries: [stat.update(mean=0.5) for stat in entries[EXACT_MATCH]["stats"]],
    )


def other_evalscope(runs: Path) -> None:
    change(runs / FILES["evalscope"], lambda report: report["metrics"][0].update(score=0.6003))


def other_promptfoo(runs: Path) -> None:
    change(
        runs / FILES["promptfoo"], lambda output: output["results"]["prompts"][0]["metrics"].update(score=5)
    )


def second_value(runs: Path) -> None:
    """HELM repeats what two of its metrics measure; but then the values are the same."""
    path = runs / FILES["helm"]
    again = json.loads(path.read_text())[EXACT_MATCH]
    change(path, lambda entries: entries.append(again))
    import_files([path], runs / "results", Wish(metric=METRIC["helm"]))
    for stat in again["stats"]:
        stat["mean"] = 0.25
    change(path, lambda entries: entries.append(again))


def cut_review(runs: Path) -> None:
    change_lines(runs / "evalscope/reviews/tiny/general_mcq_more.jsonl", lambda lines: lines[1:])


def second_bundle(runs: Path) -> None:
    shutil.copy(runs / FILES["nemo"], runs / "nemo/sums/eval-2.json")


def lost(file: str) -> Callable[[Path], None]:
    return lambda runs: (runs / file).unlink()


def changed(file: str, how: Callable[[Any], object]) -> Callable[[Path], None]:
    return lambda runs: change(runs / file, how)


SUBSET = "evalscope/reviews/tiny/general_mcq_more.jsonl"


@pytest.mark.parametrize(
    ("tool", "damage", "says"),
    [
        ("nemo", cut_nemo, "holds 7 results, and the bundle speaks of 8"),
        ("nemo", skipped_by_nemo, "holds 7 results, and the bundle speaks of 8"),
        ("nemo", second_bundle, "several bundles"),
        ("nemo", changed(FILES["nemo"], lambda bundle: bundle.pop("n_results")), "no bundle of NeMo Evaluator 0.3"),
        ("nemo", lost("nemo/sums/results.jsonl"), "no such file"),
        ("nemo", other_nemo, "is 0.5 in the results, and 0.625 as the mean of its samples"),
        ("evalscope", failed_evalscope, "2 of 10 requests failed"),
        ("evalscope", lost(SUBSET), "no such file"),
        ("evalscope", cut_review, "holds 3 scores, and the report speaks of 4"),
        ("evalscope", changed(FILES["evalscope"], lambda report: report.update(schema_version=1)), "is version 1"),
        ("evalscope", other_evalscope, "is 0.6003 in the results, and 0.6 as the mean of its samples"),
        ("promptfoo", cut_promptfoo, "holds 9 results of a prompt that was tested 10 times"),
        ("promptfoo", stray_promptfoo, "1 row of a prompt that the file does not have"),
        ("promptfoo", changed(FILES["promptfoo"], lambda output: output["results"].update(version=4)), "is version 4"),
        ("promptfoo", other_promptfoo, "is 0.5 in the results, and 0.633333 as the mean of its samples"),
        ("helm", second_value, "id60 has 2 values of this metric"),
        ("helm", lost(f"{HELM}/stats.json"), "it should be HELM's figures of the run"),
        ("helm", changed(f"{HELM}/scenario_state.json", lambda state: state.clear()), "holds no requests of HELM"),
        ("helm", other_helm, "is 0.666667 in the results, and 0.583333 as the mean of its samples"),
    ],
)  # fmt: skip
def test_a_run_that_is_cut_changed_or_of_another_version_is_refused(tool, damage, says, runs, tmp_path):
    damage(runs)
    path = runs / FILES[tool]
    with pytest.raises(Refusal) as caught:
        import_files([path], tmp_path / "results", Wish(metric=METRIC[tool]))
    assert says in str(caught.value)
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize("tool", FILES)
def test_half_a_file_of_json_is_refused(tool, runs, tmp_path):
    path = runs / FILES[tool]
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert "is no JSON that can be read" in refused(path, tmp_path / "results", metric=METRIC[tool])


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to each value inside a JSON value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value if isinstance(value, list) else ())
    for name, part in inside:
        yield (*path, name)
        yield from places(part, (*path, name))


@pytest.mark.parametrize("tool", FILES)
def test_whatever_stands_in_a_file_it_is_read_or_refused(tool, runs, tmp_path):
    path, rng = runs / FILES[tool], random.Random(tool)
    sound = path.read_text()
    ways = list(places(json.loads(sound)))
    for odd in (None, "x", "", [], {}, -1, 1e400, True, 10**30, math.nan, "\ud800", 0.5, [1], {"a": 1}):
        value = json.loads(sound)
        *way, last = rng.choice(ways)
        functools.reduce(operator.getitem, way, value)[last] = odd
        path.write_text(json.dumps(value))
        with contextlib.suppress(Refusal):
            import_files([path], tmp_path / "results", Wish(metric=METRIC[tool]), form=tool, redo=True)


def test_a_metric_of_which_less_is_better_is_turned_round_just_when_asked(runs, tmp_path):
    path = runs / FILES["evalscope"]
    change(path, lambda report: report["metrics"][0]["semantics"].update(direction="lower_is_better"))
    assert "give --lower-is-better" in refused(path, tmp_path / "results")
    (done,) = import_files([path], tmp_path / "results", Wish(negate=True))
    assert done.mean == pytest.approx(-0.6)


def test_a_figure_of_evalscope_that_no_sample_has_is_refused_by_name(runs, tmp_path):
    path = runs / FILES["evalscope"]

    def pass_at_k(report):
        other = json.loads(json.dumps(report["metrics"][0]))
        other["identity"] = {"name": "accuracy", "aggregation": "pass_at_k", "dimensions": {"k": 2}}
        report["metrics"].append(other)

    change(path, pass_at_k)
    assert "'accuracy,pass_at_k' belongs to all samples together" in refused(
        path, tmp_path / "results", metric="accuracy,pass_at_k"
    )
    (done,) = import_files([path], tmp_path / "results", Wish(metric="accuracy"))
    assert done.mean == pytest.approx(0.6)
