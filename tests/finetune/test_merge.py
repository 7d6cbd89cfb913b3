"""Merging: one folder that answers as base and adapter did, or a refusal."""

import json
import shutil

import numpy as np
import pytest
import torch

from proctor.finetune.checks import compare_logits, logits_of, prompt_ids
from proctor.finetune.load import load_model, load_tokenizer
from proctor.finetune.merge.adapter import merge_adapter
from proctor.finetune.train.trainer import train
from tests.support.mini_llama import base, chats, quiet, recipe


@pytest.fixture(scope="module")
def adapter(tmp_path_factory):
    out = tmp_path_factory.mktemp("adapter")
    train(base(), recipe(method="qlora", rslora=True), {"additions": chats()}, out, quiet)
    return out


def test_logits_are_compared_place_by_place_over_the_words():
    old, new = np.log([[0.5, 0.25, 0.25], [0.1, 0.1, 0.8]]), np.log([[0.25, 0.25, 0.5], [0.1, 0.1, 0.8]])
    figures = compare_logits([old + 3.0, old[:1]], [new, new[:1]])  # a constant for all words says nothing
    kl = 0.5 * np.log(2.0) + 0.25 * np.log(0.5)
    assert figures["kl_max"] == pytest.approx(kl)
    assert figures["kl_mean"] == pytest.approx(kl * 2 / 3)
    assert (figures["places"], figures["top1_agreement"]) == (3, pytest.approx(1 / 3))


def test_merged_weights_answer_as_base_and_adapter_did(adapter, tmp_path):
    from peft import PeftModel

    figures = merge_adapter(base(), adapter, tmp_path, quiet)
    changed, same = (check["figures"] for check in figures["checks"])
    assert changed["kl_mean"] > 1e-4, "the adapter must change something, or the comparison shows nothing"
    assert same["kl_mean"] < 1e-6
    rows = prompt_ids(load_tokenizer(tmp_path))
    plain = load_model(base(), "cpu")
    before = logits_of(plain, rows)
    with_adapter = logits_of(PeftModel.from_pretrained(plain, adapter).eval(), rows)
    after = logits_of(load_model(tmp_path, "cpu"), rows)
    assert compare_logits(with_adapter, after)["largest_change"] < 1e-3
    assert compare_logits(before, after)["largest_change"] > 0.01


def test_an_adapter_trained_on_four_bits_is_merged_into_unquantised_weights(adapter, tmp_path):
    merge_adapter(base(), adapter, tmp_path, quiet)
    config = json.loads((tmp_path / "config.json").read_text())
    assert "quantization_config" not in config
    assert config["dtype"] == "float32"
    for name in ("tokenizer.json", "chat_template.jinja", "generation_config.json"):
        assert (tmp_path / name).is_file()
    assert (tmp_path / "chat_template.jinja").read_bytes() == (base() / "chat_template.jinja").read_bytes()


def test_an_adapter_that_changes_nothing_is_refused(adapter, tmp_path):
    from safetensors.torch import load_file, save_file

    lost = tmp_path / "lost"
    shutil.copytree(adapter, lost)
    file = lost / "adapter_model.safetensors"
    # Not all zeros, but A is: its product with B changes nothing either.
    weights = {name: torch.zeros_like(v) if ".lora_A." in name else v for name, v in load_file(file).items()}
    save_file(weights, file)
    with pytest.raises(ValueError, match="changes no logit"):
        merge_adapter(base(), lost, tmp_path / "out", quiet)


def test_a_folder_without_an_adapter_is_refused(tmp_path):
    with pytest.raises(ValueError, match="this is no adapter"):
        merge_adapter(base(), base(), tmp_path, quiet)
