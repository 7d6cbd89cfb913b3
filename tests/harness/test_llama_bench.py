"""The JSON of llama-bench becomes speeds of a variant on a phone, if it measured that variant's very file."""

import json
from pathlib import Path
from time import process_time

import pytest
from typer.testing import CliRunner

from proctor.common.refusal import Refusal
from proctor.finetune.gguf.header import read_header
from proctor.harness import record
from proctor.harness.imports.llama_bench import import_bench
from proctor.leaderboard.cli.main import app
from tests.support.board_results import change, rows_of, write
from tests.support.embedded_gguf import embedded_gguf

DATA = Path(__file__).parent.parent / "support" / "data"
# Measured on the embedded model's f16 file, on a machine with two x86 cores.
REAL = DATA / "llama_bench_tiny_f16.json"
LINES = DATA / "llama_bench_tiny_f16.jsonl"  # of the same file, written by -o jsonl


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Results of a variant on the file that was measured, as its header tells it."""
    header = read_header(embedded_gguf())
    write(tmp_path / "results", rows_of("small", "word_problems"), engine="llamacpp", quantization="f16")
    about = {"parameters": header.parameters, "tensor_bytes": header.tensor_bytes}
    change(tmp_path / "results", "small", "word_problems", gguf=about)
    return tmp_path / "results"


def rows() -> list[dict[str, object]]:
    return json.loads(REAL.read_text(encoding="utf-8"))


def written(path: Path, *rows: object) -> Path:
    path.write_text(json.dumps(list(rows)), encoding="utf-8")
    return path


def test_a_real_file_is_matched_to_the_gguf_and_kept(results):
    made = import_bench(REAL, results, "small", "Pixel 8")
    reading, writing = rows()
    assert (reading["n_prompt"], writing["n_gen"]) == (512, 128)
    assert made.best(generated=False).speeds == tuple(reading["samples_ts"])
    test = made.best(generated=True)
    assert test.first == writing["samples_ts"][0]
    # The later half of the repetitions: so many tokens in so much time.
    later = writing["samples_ns"][len(writing["samples_ns"]) // 2 :]
    assert test.sustained == pytest.approx(128 * len(later) / (sum(later) / 1e9), rel=1e-4)
    assert test.seconds == pytest.approx(sum(writing["samples_ns"]) / 1e9, rel=1e-4)
    assert record.read_devices(results) == {"small": {"Pixel 8": made}}


def test_lines_and_a_log_around_the_json_are_read_alike(results, tmp_path):
    lines = import_bench(LINES, results, "small", "by lines")
    assert [(test.prompt, test.generated) for test in lines.tests] == [(512, 0), (0, 128)]
    noisy = tmp_path / "noisy.json"
    noisy.write_text(f"load_backend: loaded CPU\n[1/2] warm\n{REAL.read_text(encoding='utf-8')}\ndone [2]\n")
    assert (
        import_bench(noisy, results, "small", "noisy").tests
        == import_bench(REAL, results, "small", "x").tests
    )


def test_older_and_newer_versions_are_read(results, tmp_path):
    reading, writing = rows()
    old = {name: writing[name] for name in ("n_prompt", "n_gen", "samples_ts")}
    old |= {
        "model_size": str(writing["model_size"]),
        "model_n_params": str(writing["model_n_params"]),
        "cuda": False,
    }
    (test,) = import_bench(written(tmp_path / "old.json", old), results, "small", "old").tests
    assert (test.depth, test.threads, test.backend) == (0, None, "")
    empty = {**writing, "n_depth": None, "backends": None, "build_commit": None, "test_time": None}
    made = import_bench(written(tmp_path / "empty.json", empty), results, "small", "empty")
    assert (made.tests[0].backend, made.build, made.measured) == ("", "", "")
    new = {**writing, "n_depth": 512, "some_field_of_tomorrow": {"deep": [1]}}
    both = {**writing, "n_prompt": 512}
    made = import_bench(written(tmp_path / "new.json", new, both, reading), results, "small", "new")
    assert [(test.prompt, test.generated, test.depth) for test in made.tests] == [(0, 128, 512), (512, 0, 0)]
    assert made.best(generated=True) is None, "a speed behind 512 tokens is not that of an empty cache"


def test_of_several_settings_the_fastest_that_lasts_counts(results, tmp_path):
    _, writing = rows()
    cool = {**writing, "n_threads": 8, "samples_ts": [30.0, 20.0, 5.0, 5.0]}
    even = {**writing, "n_threads": 4, "samples_ts": [12.0, 12.0, 11.0, 11.0]}
    made = import_bench(written(tmp_path / "b.json", cool, even), results, "small", "warm")
    assert (made.best(generated=True).threads, made.best(generated=True).sustained) == (
        4,
        pytest.approx(11.0),
    )
    few = {**writing, "samples_ts": [30.0, 20.0, 5.0]}
    test = import_bench(written(tmp_path / "c.json", few), results, "small", "short").best(generated=True)
    assert (test.first, test.sustained) == (30.0, None), "three repetitions do not tell what lasts"


def test_the_file_of_another_model_is_refused_and_writes_nothing(results, tmp_path):
    reading, writing = rows()
    for name in ("model_size", "model_n_params"):
        other = [{**row, name: row[name] + 1} for row in (reading, writing)]
        with pytest.raises(Refusal, match=r"it measured a model of .* small has 5,246,208 parameters"):
            import_bench(written(tmp_path / "other.json", *other), results, "small", "Pixel 8")
    assert record.read_devices(results) == {}
    made = import_bench(
        written(tmp_path / "both.json", *other, reading, writing), results, "small", "Pixel 8"
    )
    assert len(made.tests) == 2, "of a file with two models, the tests of the variant's count"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("| model | size |\n| --- | --- |\n", "holds no test of llama-bench"),
        ("", "holds no test of llama-bench"),
        ('[{"model_size": 1', "holds no test of llama-bench"),
        ("[" * 100_000, "holds no test of llama-bench"),
        ("\n" * 50_000, "holds no test of llama-bench"),
        ('[{"model_size": "many"}]', "model_size is 'many'"),
        ('[{"model_size": -1}]', "model_size is '-1'"),
        ('[{"model_size": true}]', "model_size is 'True'"),
        ("[" + " " * 1_000_000 + "]", "is larger than 1,000,000 bytes"),
    ],
)
def test_what_is_no_file_of_llama_bench_is_refused(results, tmp_path, content, why):
    path = tmp_path / "bad.json"
    path.write_text(content)
    before = process_time()
    with pytest.raises(Refusal, match=why):
        import_bench(path, results, "small", "Pixel 8")
    assert process_time() - before < 3


@pytest.mark.parametrize("speed", [0, -1.0, float("nan"), float("inf"), 10**400, "7", None, True])
def test_a_speed_that_is_none_is_refused(results, tmp_path, speed):
    _, writing = rows()
    path = written(tmp_path / "bad.json", {**writing, "samples_ts": [12.0, speed]})
    with pytest.raises(Refusal, match="tokens a second"):
        import_bench(path, results, "small", "Pixel 8")


def test_a_mean_alone_does_not_tell_the_first_run_from_those_that_follow(results, tmp_path):
    _, writing = rows()
    for samples in (None, [], 7.5):
        path = written(tmp_path / "mean.json", {**writing, "samples_ts": samples})
        with pytest.raises(Refusal, match="no test of reading or of writing alone"):
            import_bench(path, results, "small", "Pixel 8")


def test_results_that_do_not_tell_their_file_are_refused(results, tmp_path):
    change(results, "small", "word_problems", gguf=None)
    with pytest.raises(Refusal, match="do not tell the size of a GGUF"):
        import_bench(REAL, results, "small", "Pixel 8")
    with pytest.raises(Refusal, match="no results of 'nobody'"):
        import_bench(REAL, results, "nobody", "Pixel 8")
    with pytest.raises(Refusal, match="has no letters"):
        import_bench(REAL, results, "small", "📱")


def test_the_command_imports_repeats_and_replaces_only_when_told(results, tmp_path):
    def run(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["import", *words, "--results", str(results)])
        return done.exit_code, done.output + str(done.exception or "")

    real = ("llama-bench", str(REAL), "--variant", "small", "--device", "Pixel 8")
    code, text = run(*real)
    assert code == 0
    assert "small on Pixel 8, writing 128 tokens after 0: " in text
    assert "tokens/s at first" in text
    assert "in the later half of" in text
    assert run(*real) == (0, text)
    assert run(str(REAL), "--format", *real[:1], *real[2:]) == (0, text)
    _, writing = rows()
    other = str(written(tmp_path / "other.json", {**writing, "samples_ts": [1.0]}))
    assert "small has other speeds on 'Pixel 8'" in run("llama-bench", other, *real[2:])[1]
    assert run("llama-bench", other, *real[2:], "--redo")[0] == 0
    assert record.read_devices(results)["small"]["Pixel 8"].tests[0].speeds == (1.0,)
    assert "wants one file, --variant and --device" in run("llama-bench", other)[1]
    assert "--device goes with llama-bench" in run(other, "--device", "Pixel 8")[1]


def test_the_committed_files_name_no_place(results):
    for path in (REAL, LINES):
        assert "/" not in json.dumps([row["model_filename"] for row in map(json.loads, _objects(path))])


def _objects(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8")
    return [json.dumps(row) for row in json.loads(text)] if path == REAL else text.splitlines()


def test_a_short_test_that_is_faster_does_not_stand_for_the_long_one(results, tmp_path):
    _, writing = rows()
    short = {**writing, "n_gen": 8, "samples_ts": [900.0, 900.0, 900.0, 900.0]}
    made = import_bench(written(tmp_path / "b.json", short, writing, short), results, "small", "phone")
    assert made.best(generated=True).generated == 128
