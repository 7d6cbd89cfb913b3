"""Logs of others, damaged: Inspect's in both of its formats, Every Eval Ever's, and what llama-bench prints.

Each is sound when Inspect, the exporter or llama-bench made it; it is damaged in its values, and as bytes.
"""

import io
import json
import tempfile
from functools import cache
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from hypothesis import strategies as st

from proctor.common.refusal import Refusal
from proctor.harness import record
from proctor.harness.imports.foreign import Wish
from proctor.harness.imports.imports import import_files
from proctor.harness.imports.llama_bench import import_bench
from proctor.leaderboard.report import eee, report
from tests.fuzz.strategies import damaged, torn
from tests.support.board_results import change, rows_of, small_results, write
from tests.support.command import ROOT

BENCH = ROOT / "tests" / "support" / "data" / "llama_bench_tiny_f16.json"
Files = dict[str, bytes]


@cache
def inspect_logs() -> tuple[dict[str, Any], dict[str, Any]]:
    """One log as JSON, and the members of the same as an archive."""
    import inspect_ai
    from inspect_ai.dataset import Sample
    from inspect_ai.scorer import match

    read = []
    with tempfile.TemporaryDirectory() as folder:
        for form in ("json", "eval"):
            dataset = [Sample(input="2 + 2?", target="4", id=f"s{number}") for number in range(2)]
            inspect_ai.eval(
                inspect_ai.Task(dataset=dataset, scorer=match(), name="sums"), model="mockllm/model",
                log_dir=f"{folder}/{form}", log_format=form, display="none", log_level="error", ctl_server=False,
            )  # fmt: skip
            read.append(next(Path(folder, form).iterdir()).read_bytes())
    with ZipFile(io.BytesIO(read[1])) as archive:
        members = {name: json.loads(archive.read(name)) for name in archive.namelist()}
    return json.loads(read[0]), members


@st.composite
def inspect_files(draw: st.DrawFn) -> Files:
    log, members = inspect_logs()
    if draw(st.booleans()):
        return {"log.json": draw(torn(damaged(log).map(json.dumps)))}
    name = draw(st.sampled_from(sorted(members)))
    content = io.BytesIO()
    with ZipFile(content, "w") as archive:
        for member, value in members.items():
            written = json.dumps(value).encode()
            if member == name:
                written = draw(torn(damaged(value).map(json.dumps)))
            archive.writestr(member, written)
    archived = content.getvalue()
    return {"log.eval": draw(st.sampled_from([archived, archived, archived[:-30], archived * 2]))}


@cache
def published() -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """An aggregate of Every Eval Ever and the first of its lines."""
    with tempfile.TemporaryDirectory() as folder:
        scores = report.make(small_results(Path(folder) / "results"), only=["tiny"]).scores
        aggregate, samples, *_ = eee.export_eee(scores, Path(folder) / "out", "org")
        lines = [json.loads(line) for line in samples.read_text(encoding="utf-8").splitlines()]
        return json.loads(aggregate.read_text(encoding="utf-8")), lines


@st.composite
def eee_files(draw: st.DrawFn) -> Files:
    aggregate, lines = published()
    if draw(st.booleans()):
        aggregate = draw(damaged(aggregate))
    else:
        lines = draw(damaged(lines))
    if not isinstance(lines, list):
        lines = [lines]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    return {
        "x_samples.jsonl": draw(torn(st.just(text))),
        "x.json": draw(torn(st.just(json.dumps(aggregate)))),
    }


def check_files(files: Files) -> None:
    from tests.fuzz.properties import one_line, sound_cell

    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "in").mkdir()
        for name, content in files.items():
            (home / "in" / name).write_bytes(content)
        first = home / "in" / next(iter(files))
        imported = []
        try:
            imported = import_files([first], home / "results", Wish(metric="match"))
        except Refusal as refused:
            one_line(refused)
        assert {each.name for each in home.iterdir()} <= {"in", "results"}
        for each in imported:
            assert each.cell.is_relative_to(home / "results")
            sound_cell(record.read(home / "results", *each.cell.parts[-2:]))


@st.composite
def bench_files(draw: st.DrawFn) -> bytes:
    rows = damaged(json.loads(BENCH.read_text(encoding="utf-8")))
    noise = draw(st.sampled_from(["", "load_backend: loaded CPU\n", "[1/2] warm\n", "{" * 500 + "\n"]))
    return draw(torn(rows.map(lambda value: noise + json.dumps(value))))


def check_bench(content: bytes) -> None:
    from tests.fuzz.properties import finite, one_line

    with tempfile.TemporaryDirectory() as folder:
        results, path = Path(folder) / "results", Path(folder) / "bench.json"
        path.write_bytes(content)
        measured = json.loads(BENCH.read_text(encoding="utf-8"))[0]
        write(results, rows_of("small", "word_problems"), engine="llamacpp", quantization="f16")
        about = {"parameters": measured["model_n_params"], "tensor_bytes": measured["model_size"]}
        change(results, "small", "word_problems", gguf=about)
        try:
            made = import_bench(path, results, "small", "Pixel 8")
        except Refusal as refused:
            one_line(refused)
            return
        finite(made.as_json())
        for test in made.tests:
            finite([test.first, test.sustained, test.seconds])
        assert record.read_devices(results)["small"]["Pixel 8"] == made
