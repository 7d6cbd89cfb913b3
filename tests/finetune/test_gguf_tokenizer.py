"""A tokenizer is taken out of a GGUF file whole, or refused in one line: a wrong guess would read other tokens."""

from pathlib import Path

import gguf
import numpy as np
import pytest
from transformers import PreTrainedTokenizerFast

from proctor.common.refusal import Refusal
from proctor.finetune.gguf.tokenizer import save_tokenizer
from tests.support.random_gguf import SPECIAL, vocabulary


def write(
    path: Path, kind: str = "gpt2", pre: str | None = "gpt-2", without: str = "", short: str = ""
) -> Path:
    """A file with a tokenizer and one small tensor, in which one list is missing or has an entry too few."""
    tokens, merges = vocabulary(300)
    control, normal = int(gguf.TokenType.CONTROL), int(gguf.TokenType.NORMAL)
    types = [control] * len(SPECIAL) + [normal] * (len(tokens) - len(SPECIAL))
    lists = {"tokens": tokens, "token_type": types, "scores": [0.0] * len(tokens), "merges": merges}
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_tokenizer_model(kind)
    if pre is not None:
        writer.add_tokenizer_pre(pre)
    for name, values in lists.items():
        if name != without:
            writer.add_array(f"tokenizer.ggml.{name}", values[:-1] if name == short else values)
    writer.add_eos_token_id(2)
    writer.add_tensor("token_embd.weight", np.zeros((4, 4), dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.mark.parametrize("kind", ["gpt2", "llama"])
def test_a_whole_tokenizer_keeps_its_special_tokens(tmp_path: Path, kind: str) -> None:
    save_tokenizer(write(tmp_path / "whole.gguf", kind), tmp_path / "out")
    tokenizer = PreTrainedTokenizerFast.from_pretrained(tmp_path / "out")
    assert tokenizer("<|im_start|><|im_end|>", add_special_tokens=False)["input_ids"] == [1, 2]
    assert tokenizer.eos_token == "<|im_end|>"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"without": "merges"}, "this GGUF has no tokenizer.ggml.merges; its tokenizer is not whole"),
        ({"without": "token_type"}, "this GGUF has no tokenizer.ggml.token_type"),
        ({"without": "tokens"}, "this GGUF has no tokenizer.ggml.tokens"),
        ({"kind": "llama", "without": "scores"}, "this GGUF has no tokenizer.ggml.scores"),
        ({"kind": "llama", "without": "token_type"}, "this GGUF has no tokenizer.ggml.token_type"),
        ({"short": "token_type"}, "token_type of this GGUF has 299 entries; there are 300 tokens"),
        ({"kind": "llama", "short": "scores"}, "scores of this GGUF has 299 entries; there are 300 tokens"),
        ({"pre": None}, "this GGUF does not name its pre-tokenizer"),
        ({"pre": "default"}, "the pre-tokenizer 'default' of this GGUF is not known here"),
        ({"kind": "bert"}, "a tokenizer of kind 'bert' cannot be taken out"),
    ],
)
def test_a_tokenizer_that_is_not_whole_or_not_known_is_refused_in_one_line(
    tmp_path: Path, fields: dict[str, str], words: str
) -> None:
    file = write(tmp_path / "part.gguf", **fields)
    with pytest.raises(Refusal) as refused:
        save_tokenizer(file, tmp_path / "out")
    assert words in str(refused.value)
    assert "serve the file as it is" in str(refused.value)
    assert str(file) in str(refused.value)
    assert not (tmp_path / "out").exists()
