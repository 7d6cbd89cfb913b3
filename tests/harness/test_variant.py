"""A variant refuses what cannot go together, in one line that says how to mend it."""

import pytest
import yaml

from proctor.common.paths import PACKAGE
from proctor.common.refusal import Refusal
from proctor.harness.config.suite import expand
from proctor.harness.config.variant import LOADS, Variant
from proctor.harness.plan.plan import weights_of


def refusal(tmp_path, stem="v", **fields):
    path = tmp_path / f"{stem}.yaml"
    path.write_text(yaml.safe_dump(fields))
    with pytest.raises(Refusal) as refused:
        Variant.load(path)
    message = str(refused.value)
    assert "\n" not in message
    assert str(path) in message
    return message


def test_variant_is_called_as_its_file_is(tmp_path):
    path = tmp_path / "tiny-q4.yaml"
    path.write_text("base: finetune/tiny\nengine: llamacpp\nquantization: q4_k_m\n")
    assert Variant.load(path).name == "tiny-q4"


def test_misspelt_field_is_refused_with_the_nearest_right_name(tmp_path):
    assert "did you mean 'quantization'?" in refusal(tmp_path, base="x/y", quantisation="nf4")


def test_field_that_stands_twice_is_refused_with_both_lines(tmp_path):
    path = tmp_path / "twice.yaml"
    path.write_text("base: x/y\nsampling: {seed: 1}\nbase: x/z\n")
    with pytest.raises(Refusal, match="'base' stands twice, in lines 1 and 3"):
        Variant.load(path)


def test_misspelt_value_is_refused_with_the_nearest_right_value(tmp_path):
    assert "did you mean 'q4_k_m'?" in refusal(tmp_path, base="x/y", engine="llamacpp", quantization="q4_km")


def test_misspelt_field_inside_sampling_is_refused_with_the_nearest_right_name(tmp_path):
    assert "did you mean 'temperature'?" in refusal(tmp_path, base="x/y", sampling={"temprature": 0.5})


def test_unknown_engine_is_refused_with_the_nearest_right_name(tmp_path):
    assert "did you mean 'llamacpp'?" in refusal(tmp_path, base="x/y", engine="llama.cpp")


@pytest.mark.parametrize(
    ("fields", "remedy"),
    [
        ({"engine": "llamacpp", "quantization": "nf4"}, "engine hf"),
        ({"engine": "hf", "quantization": "q4_k_m"}, "engine llamacpp"),
        ({"merge": True}, "name a recipe"),
        ({"engine": "echo", "recipe": "r"}, "leave out recipe"),
        ({"engine": "openai"}, "endpoint"),
        ({"endpoint": "http://localhost:1/v1"}, "engine 'openai'"),
        ({"parent": "v"}, "itself"),
        ({"examples": 5}, "recipe"),
        ({"sampling": {"epochs": 3}}, "set a temperature"),
        ({"recipe": "r", "merge": True, "quantization": "nf4"}, "leave one of them out"),
    ],
)
def test_parts_that_cannot_go_together_are_refused_with_a_remedy(tmp_path, fields, remedy):
    assert remedy in refusal(tmp_path, base="x/y", **fields)


def test_name_inside_the_file_is_refused(tmp_path):
    assert "called 'v'" in refusal(tmp_path, base="x/y", name="other")


def test_unsafe_name_is_refused_with_a_safe_one(tmp_path):
    assert "'my-model'" in refusal(tmp_path, stem="My Model", base="x/y")


@pytest.mark.parametrize("text", ["base: [", "- a\n- b\n", "just words", ""])
def test_unreadable_yaml_is_refused_in_one_line(tmp_path, text):
    path = tmp_path / "v.yaml"
    path.write_text(text)
    with pytest.raises(Refusal) as refused:
        Variant.load(path)
    assert "\n" not in str(refused.value)


def test_digest_ignores_the_name_and_nothing_else():
    one = Variant(name="a", base="x/y")
    assert one.digest == Variant(name="b", base="x/y", about="words", parent="c").digest
    assert one.digest != Variant(name="a", base="x/y", prompt="other").digest
    assert one.digest != Variant(name="a", base="x/y", sampling={"max_tokens": 7}).digest


def test_every_engine_of_ours_loads_something():
    assert all(LOADS.values())


def load(tmp_path, **fields):
    path = tmp_path / "v.yaml"
    path.write_text(yaml.safe_dump(fields))
    return Variant.load(path)


SERVED = {"base": "some-model", "engine": "openai", "endpoint": "http://127.0.0.1:9/v1"}


def test_null_is_a_field_that_is_not_sent_and_a_field_left_out_is_the_tasks(tmp_path):
    null = load(tmp_path, **SERVED, sampling={"max_tokens": None, "temperature": None})
    left_out = load(tmp_path, **SERVED)
    assert (null.sampling.max_tokens, null.sampling.temperature) == (0, None)
    assert (left_out.sampling.max_tokens, left_out.sampling.temperature) == (None, 0.0)
    assert null.digest != left_out.digest


@pytest.mark.parametrize("field", ["max_tokens", "temperature"])
def test_null_is_refused_where_no_server_has_a_default(tmp_path, field):
    assert f"sampling.{field} is null" in refusal(tmp_path, base="x/y", engine="hf", sampling={field: None})


def test_extra_fields_are_refused_where_there_is_no_server(tmp_path):
    assert "extra goes with engine 'openai'" in refusal(tmp_path, base="x/y", extra={"top_k": 3})


def test_extra_fields_are_another_variant_and_none_leave_the_digest_alone(tmp_path):
    plain = load(tmp_path, **SERVED)
    assert "extra" not in plain.model_dump()
    assert plain.digest != load(tmp_path, **SERVED, extra={"reasoning_effort": "low"}).digest


def test_variant_of_a_matrix_is_not_described_as_the_one_it_is_made_of(tmp_path):
    adapter = Variant(name="adapter", about="A 16-bit adapter", base="b", recipe="tiny-lora", engine="hf")
    (made,) = expand(adapter, {"recipe": ["tiny-full"]}, tmp_path)
    assert (made.about, made.recipe) == ("adapter with recipe tiny-full", "tiny-full")


def test_variants_of_a_matrix_keep_what_is_null_and_what_is_left_out(tmp_path):
    for sampling, limit in (({}, None), ({"max_tokens": None}, 0)):
        variant = load(tmp_path, **SERVED, sampling=sampling)
        (made,) = expand(variant, {"prompt": ["cot-2shot"]}, tmp_path)
        assert made.sampling.max_tokens == limit


def test_an_engine_without_adapters_serves_what_was_trained_whole_and_refuses_an_adapter(tmp_path):
    trained = {"name": "mine", "base": "finetune/tiny", "engine": "llamacpp", "quantization": "q8_0"}
    with pytest.raises(Refusal, match="cannot put an adapter on its weights; add 'merge: true'"):
        weights_of(Variant(**trained, recipe="tiny-lora"), tmp_path)
    whole = {**yaml.safe_load((PACKAGE / "finetune/recipes/tiny-lora.yaml").read_text()), "method": "full"}
    (tmp_path / "whole.yaml").write_text(yaml.safe_dump(whole))
    stages, _, _ = weights_of(Variant(**trained, recipe=str(tmp_path / "whole.yaml")), tmp_path)
    assert [(stage.kind, stage.type) for stage in stages] == [
        ("train", None), ("quantize", "f16"), ("quantize", "q8_0")
    ]  # fmt: skip
