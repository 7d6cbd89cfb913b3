"""A folder of weights that brings Python files along: they are never run, and nobody is asked whether to."""

import json
from pathlib import Path

import pytest

from proctor.common.refusal import Refusal
from proctor.finetune.load import load_model, load_tokenizer

CODE = 'open({mark!r}, "w").close()\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The embedded weights, with a model class and a tokenizer of their own."""
    from proctor.common.paths import PACKAGE

    for file in (PACKAGE / "finetune" / "tiny").iterdir():
        if file.is_file():
            (tmp_path / file.name).write_bytes(file.read_bytes())
    for name in ("modeling_own.py", "configuration_own.py", "tokenization_own.py"):
        (tmp_path / name).write_text(CODE.format(mark=str(tmp_path / "it-ran")))
    classes = {"AutoConfig": "configuration_own.Own", "AutoModelForCausalLM": "modeling_own.Own"}
    change(tmp_path / "config.json", model_type="own", auto_map=classes)
    tokenizers = {"AutoTokenizer": ["tokenization_own.Own", None]}
    change(tmp_path / "tokenizer_config.json", tokenizer_class="Own", auto_map=tokenizers)
    return tmp_path


def change(file: Path, **fields: object) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | fields))


@pytest.mark.parametrize("load", [load_tokenizer, lambda folder: load_model(folder, "cpu")])
def test_python_files_of_a_model_are_refused_and_not_run(folder: Path, load, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda *_: "y")  # what a user in a hurry types
    with pytest.raises(Refusal, match="it wants Python files of its own to be run"):
        load(folder)
    assert not (folder / "it-ran").exists()
