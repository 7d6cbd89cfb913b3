"""Models of two vocabularies: refused by name, or joined by mergekit where somebody has installed it."""

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from proctor.common.refusal import Refusal
from proctor.finetune.load import load_model, load_tokenizer
from proctor.finetune.merge.models import refuse_unlike
from proctor.finetune.merge.spec import MergeWith
from proctor.finetune.merge.vocabularies import refuse_without_mergekit, vocabulary_of
from tests.support.mini_llama import base, chat


def weights_in(folder: Path) -> dict[str, torch.Tensor]:
    return {name: weight.float() for name, weight in load_file(folder / "model.safetensors").items()}


JOIN = """
import sys
from pathlib import Path
from proctor.finetune.merge.models import merge_models
from proctor.finetune.merge.spec import MergeWith

base, other, out = map(Path, sys.argv[1:4])
for method in ("linear", "slerp"):
    spec = MergeWith(models=("other",), method=method, weight=0.25, tokenizer="union")
    (out / method).mkdir()
    merge_models(base, [("other", other), ("its own base", base)], spec, base, out / method, lambda done, what: None)
"""


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of the base's shape with a vocabulary of its own."""
    from proctor.finetune.tools.make_tiny import new_model, save
    from proctor.finetune.tools.tiny_chats import train_tokenizer
    from proctor.finetune.train.data import read_chats

    folder = tmp_path_factory.mktemp("stranger")
    words = ["apples", "pears", "boxes", "teacher", "pupils", "garden", "river", "seven", "market", "window"]
    with (folder / "chats.jsonl").open("w") as file:
        for n in range(100):
            file.write(json.dumps(chat(f"The {words[n % 10]} by the {words[n // 10]}", words[n % 7])) + "\n")
    tokenizer = train_tokenizer(read_chats(folder / "chats.jsonl"), 330)
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2}
    save(
        new_model(len(tokenizer), 3, num_hidden_layers=2, intermediate_size=256, **heads),
        tokenizer,
        folder / "model",
    )
    return folder / "model"


def test_models_of_two_vocabularies_become_one_by_mergekit(stranger, tmp_path):
    python = os.environ.get("MERGEKIT_PYTHON", sys.executable)
    if subprocess.run([python, "-c", "import mergekit.merge"], capture_output=True).returncode:
        pytest.skip(
            "no mergekit: pip install mergekit==0.1.5 elsewhere, and set MERGEKIT_PYTHON to its python"
        )
    command = [python, "-c", JOIN, str(base()), str(stranger), str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr[-2000:]
    mine, theirs = weights_in(base()), weights_in(stranger)
    ids, their_ids = (vocabulary_of(model / "tokenizer.json")[0] for model in (base(), stranger))
    alone, shared = sorted(ids.keys() - their_ids.keys()), sorted(ids.keys() & their_ids.keys())
    foreign = sorted(their_ids.keys() - ids.keys())
    assert alone
    assert foreign
    rows, inside = "model.embed_tokens.weight", "model.layers.0.mlp.up_proj.weight"
    for method in ("linear", "slerp"):
        joined = vocabulary_of(tmp_path / method / "tokenizer.json")[0]
        merged = weights_in(tmp_path / method)
        assert len(joined) == len(ids) + len(foreign) == len(merged[rows])
        for token in foreign if method == "linear" else ():
            assert torch.equal(merged[rows][joined[token]], theirs[rows][their_ids[token]])
        assert (
            load_model(tmp_path / method, "cpu").config.eos_token_id
            == load_model(base(), "cpu").config.eos_token_id
        )
        text = chat_text(tmp_path / method)
        assert text == chat_text(base())
    linear = weights_in(tmp_path / "linear")
    for token in shared[:40]:
        expected = 0.25 * theirs[rows][their_ids[token]] + 0.75 * mine[rows][ids[token]]
        assert torch.allclose(linear[rows][ids[token]], expected, atol=2e-3)
    assert torch.allclose(linear[inside], 0.25 * theirs[inside] + 0.75 * mine[inside], atol=2e-3)


def chat_text(folder: Path) -> str:
    turns = [{"role": "user", "content": "What is 3 plus 4?"}]
    return load_tokenizer(folder).apply_chat_template(turns, tokenize=False, add_generation_prompt=True)


def test_two_vocabularies_without_a_union_or_without_mergekit_are_refused(stranger, tmp_path):
    models = [("the base", base()), ("stranger", stranger)]
    with pytest.raises(Refusal, match="its vocabulary is another"):
        refuse_unlike(models)
    refuse_unlike(models, joined=True)
    shutil.copytree(stranger, tmp_path / "wide")
    weights = weights_in(stranger)
    weights["model.embed_tokens.weight"] = torch.zeros(330, 512)
    save_file(weights, tmp_path / "wide" / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(Refusal, match=r"embed_tokens.weight has the shape \(330, 512\)"):
        refuse_unlike([models[0], ("wide", tmp_path / "wide")], joined=True)
    if find_spec("mergekit") is None:
        with pytest.raises(Refusal, match="tokenizer: union without mergekit"):
            refuse_without_mergekit()
    for fields in ({"method": "linear"}, {"models": ["a"], "method": "ties", "density": 0.5}):
        with pytest.raises(ValueError, match="tokenizer: union of more than one model"):
            MergeWith.model_validate({"models": ["a", "b"], **fields, "tokenizer": "union"})
