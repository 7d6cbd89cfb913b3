"""What a base brings along besides weights, as its own files say it."""

import json

import pytest

from proctor.common.paths import PACKAGE
from proctor.finetune.base_settings import base_settings
from tests.support.random_gguf import SMALL, TEMPLATE, write_llama


def folder_of(path, generation, **config):
    path.mkdir()
    (path / "config.json").write_text(json.dumps(config))
    (path / "model.safetensors").write_bytes(b"")
    (path / "tokenizer.json").write_text(json.dumps({"added_tokens": [{"id": 7, "content": "<end>"}]}))
    if generation is not None:
        (path / "generation_config.json").write_text(json.dumps(generation))
    return str(path)


def test_the_embedded_model_ends_its_turn_with_two_tokens():
    settings = base_settings("finetune/tiny")
    assert settings["ends"] == ["<|im_end|>", "<|endoftext|>"]
    assert settings["sampling"] == {"do_sample": False}
    template = (PACKAGE / "finetune/tiny/chat_template.jinja").read_text(encoding="utf-8")
    assert settings["template"] == template[:240]
    assert len(settings["template_digest"]) == 64


def test_a_gguf_file_says_its_end_token_and_its_template(tmp_path):
    file = write_llama(tmp_path / "some.gguf", SMALL)
    settings = base_settings(str(file))
    assert settings["ends"] == ["<|im_end|>"]
    assert settings["sampling"] == {}
    assert settings["template"] == TEMPLATE[:240]
    bare = write_llama(tmp_path / "bare.gguf", SMALL, template=None)
    assert set(base_settings(str(bare))) == {"ends", "sampling", "cache_bytes"}


@pytest.mark.parametrize(
    ("generation", "config", "ends", "sampling"),
    [
        (
            {"eos_token_id": [7, 9], "temperature": 0.6, "top_p": None},
            {},
            ["<end>", "9"],
            {"temperature": 0.6},
        ),
        ({"top_k": 20}, {"eos_token_id": 7}, ["<end>"], {"top_k": 20}),
        (None, {"eos_token_id": None}, [], {}),
        (None, {}, [], {}),
    ],
)
def test_a_folder_says_them_in_its_configs(tmp_path, generation, config, ends, sampling):
    settings = base_settings(folder_of(tmp_path / "model", generation, **config))
    assert settings == {"ends": ends, "sampling": sampling}


def test_a_model_of_the_hub_that_is_not_here_says_nothing():
    assert base_settings("nobody/has-this-model") == {}
