"""Logs of Inspect, written by Inspect itself, become cells; those that are not whole are refused."""

import json
import os
import shutil
import warnings
import zipfile

import pytest

from proctor.common.refusal import Refusal
from proctor.harness.imports.foreign import Wish
from proctor.harness.imports.imports import import_files
from tests.support.import_rows import refused, scores, write

# Inspect: real logs, made by the Inspect that is installed.


@pytest.fixture(scope="module")
def inspect_logs(tmp_path_factory):
    """One task in both formats: two scorers, one of several figures; a sample without a verdict, and two epochs."""
    import inspect_ai
    from inspect_ai.dataset import Sample
    from inspect_ai.model import ModelOutput, ModelUsage, get_model
    from inspect_ai.scorer import Score, match, mean, scorer

    @scorer(metrics={"fluency": [mean()], "depth": [mean()]})
    def marks():
        async def score(state, target):
            if state.sample_id == "s4":
                return Score.unscored(reason="the judge gave no verdict")
            return Score(value={"fluency": 3 + int(state.sample_id[1]) % 2, "depth": 2.5}, explanation="read")

        return score

    def output(k):
        made = ModelOutput.from_content("mockllm/model", "four" if k % 4 else "4")
        made.usage = ModelUsage(input_tokens=5, output_tokens=1, total_tokens=6)
        return made

    folder = tmp_path_factory.mktemp("inspect")
    for form in ("eval", "json"):
        inspect_ai.eval(
            inspect_ai.Task(
                dataset=[
                    Sample(input="2 + 2?", target="4", id=f"s{i}", metadata={"source": f"book {i // 3}"})
                    for i in range(6)
                ],
                scorer=[match(), marks()], name="sums", version=3,
            ),
            model=get_model("mockllm/model", custom_outputs=[output(k) for k in range(12)]),
            log_dir=str(folder / form), log_format=form, display="none", log_level="error", epochs=2, ctl_server=False,
            log_realtime=False, max_samples=1,
        )  # fmt: skip
    return {form: next((folder / form).iterdir()) for form in ("eval", "json")}


@pytest.mark.parametrize("form", ["eval", "json"])
def test_inspects_logs_become_cells_and_a_missing_verdict_is_no_zero(inspect_logs, form, tmp_path):
    (done,) = import_files([inspect_logs[form]], tmp_path, Wish(metric="marks/fluency", cluster="source"))
    assert (done.variant, done.task, done.rows, done.scored) == ("mockllm-model", "sums", 12, 10)
    cell, rows = scores(tmp_path, "mockllm-model", "sums")
    assert rows.loc["s4", "score"].isna().all()
    assert set(rows.loc["s4", "status"]) == {"error"}
    assert set(rows.loc["s1", "score"]) == {4.0}
    assert list(rows.loc["s1", "epoch"]) == [1, 2]
    assert set(rows["cluster"]) == {"book 0", "book 1"}
    assert rows["prompt"].eq("2 + 2?").all()
    assert (rows["tokens_in"].sum(), rows["tokens_out"].sum()) == (60, 12)
    assert cell.run.task.headline == "marks/fluency"
    assert cell.run.statuses["error"] == 2
    assert cell.run.definition.task_version == "inspect 3"
    assert cell.run.definition.judge.startswith("marks ")


def test_both_of_inspects_formats_give_the_same_rows(inspect_logs, tmp_path):
    for form, path in inspect_logs.items():
        import_files([path], tmp_path / form, Wish(metric="match"))
    one, other = (scores(tmp_path / form, "mockllm-model", "sums")[1] for form in inspect_logs)
    assert one.drop(columns="seconds").equals(other.drop(columns="seconds"))
    assert set(one["score"]) == {0.0, 1.0}  # C and I


def test_inspects_scorers_are_listed_when_none_was_chosen(inspect_logs, tmp_path):
    with pytest.raises(Refusal, match="there are: match, marks/fluency, marks/depth"):
        import_files([inspect_logs["eval"]], tmp_path, Wish())


def test_a_log_that_is_not_whole_is_refused(inspect_logs, tmp_path):
    told = json.loads(inspect_logs["json"].read_text())
    stopped = write(tmp_path / "stopped.json", json.dumps(told | {"status": "cancelled"}))
    assert "status is 'cancelled'" in refused(stopped, tmp_path, metric="match")
    empty = write(tmp_path / "empty.json", json.dumps(told | {"samples": []}))
    assert "holds no samples" in refused(empty, tmp_path, metric="match")
    broken = tmp_path / "broken.eval"
    broken.write_bytes(inspect_logs["eval"].read_bytes()[:500])
    assert "no log that Inspect can read" in refused(broken, tmp_path, metric="match")
    told["samples"][0]["scores"]["match"]["value"] = "superb"
    odd = write(tmp_path / "odd.json", json.dumps(told))
    assert "'superb' is no score" in refused(odd, tmp_path, metric="match")


def changed(path, target, change):
    """The log in JSON with other samples; its results, which are those of all samples, stay."""
    log = json.loads(path.read_text())
    change(log["samples"])
    return write(target, json.dumps(log))


def test_a_sample_that_is_missing_in_the_log_is_refused_even_where_the_mean_stays(inspect_logs, tmp_path):
    entries = zipfile.ZipFile(inspect_logs["eval"])
    lost = tmp_path / "lost.eval"
    with zipfile.ZipFile(lost, "w") as archive:
        for entry in entries.infolist():
            if not entry.filename.startswith("samples/s1_epoch_"):
                archive.writestr(entry, entries.read(entry))
    assert "does not hold each sample" in refused(lost, tmp_path / "r", metric="marks/depth")
    less = changed(inspect_logs["json"], tmp_path / "less.json", lambda samples: samples.pop(0))
    assert "does not hold each sample" in refused(less, tmp_path / "r", metric="marks/depth")


def test_an_archive_with_two_entries_of_one_sample_is_refused(inspect_logs, tmp_path):
    doubled = tmp_path / "doubled.eval"
    doubled.write_bytes(inspect_logs["eval"].read_bytes())
    with warnings.catch_warnings(), zipfile.ZipFile(doubled, "a") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("samples/s1_epoch_1.json", archive.read("samples/s1_epoch_1.json"))
    assert "does not hold each sample" in refused(doubled, tmp_path / "r", metric="marks/depth")


def test_a_score_of_several_figures_among_numbers_is_refused(inspect_logs, tmp_path):
    def mix(samples):
        samples[0]["scores"]["match"]["value"] = {"accuracy": 1}

    path = changed(inspect_logs["json"], tmp_path / "mixed.json", mix)
    assert "gives one value to some samples and several to others" in refused(
        path, tmp_path / "r", metric="match/accuracy"
    )


@pytest.mark.parametrize("word", ["1_0", "nan", "0x1", "１", "1e", "infinity"])
def test_a_word_that_python_alone_takes_for_a_number_is_no_score(inspect_logs, word, tmp_path):
    def spell(samples):
        for sample in samples:
            sample["scores"]["match"]["value"] = word

    path = changed(inspect_logs["json"], tmp_path / "words.json", spell)
    assert "is no score" in refused(path, tmp_path / "r", metric="match")


def swollen(log, path, size, **declared):
    """The log with so many spaces in a sample; the archive declares another size where it lies."""
    with zipfile.ZipFile(log) as whole, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        first, *others = sorted(whole.namelist(), key=lambda name: not name.startswith("samples/"))
        with made.open(first, "w") as sample:
            for _ in range(size // 2**20):
                sample.write(b" " * 2**20)
            sample.write(whole.read(first))
        for name, value in declared.items():
            setattr(made.infolist()[0], name, value)
        for name in others:
            made.writestr(name, whole.read(name))
    return path


def test_an_archive_that_holds_more_than_any_memory_is_refused_unread(inspect_logs, tmp_path):
    bomb = swollen(inspect_logs["eval"], tmp_path / "bomb.eval", 2**28)
    assert bomb.stat().st_size < 2**20
    assert "a log of more than 268,435,456 is not read" in refused(bomb, tmp_path, metric="match")


def test_an_archive_that_lies_about_its_size_takes_no_more_memory_than_a_log_may(
    inspect_logs, tmp_path, monkeypatch
):
    monkeypatch.setattr("proctor.harness.imports.inspect_logs.MEMORY", 2**26)
    lying = swollen(inspect_logs["eval"], tmp_path / "lying.eval", 2**27, file_size=100)
    assert "MemoryError" in refused(lying, tmp_path, metric="match")


def test_a_pipe_among_logs_is_not_waited_for(inspect_logs, tmp_path):
    shutil.copy(inspect_logs["eval"], tmp_path)
    for name in ("pipe.json", "samples_t_2024-01-01T00-00-00.0.jsonl"):
        os.mkfifo(tmp_path / name)
    (imported,) = import_files([tmp_path], tmp_path / "r", Wish(metric="match"))
    assert imported.task == "sums"
