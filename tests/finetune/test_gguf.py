"""GGUF: written here, run by llama.cpp, compared with transformers; what is not known is refused."""

import json
import shutil

import pytest
import torch

import proctor.finetune.gguf.convert
from proctor.finetune.checks import compare_logits, logits_of, prompt_ids
from proctor.finetune.gguf.convert import Architecture, write_gguf
from proctor.finetune.gguf.header import read_header
from proctor.finetune.gguf.probe import probe
from proctor.finetune.gguf.quantize import to_f16, to_smaller
from proctor.finetune.gguf.vocabulary import pre_tokenizer_name
from proctor.finetune.load import load_model, load_tokenizer
from proctor.finetune.recipe import GGUF_TYPES
from tests.support.mini_llama import base, quiet

LLAMA_3_1 = {
    "rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0, "low_freq_factor": 1.0,
    "high_freq_factor": 4.0, "original_max_position_embeddings": 32,
}  # fmt: skip


@pytest.fixture(scope="module")
def f16(tmp_path_factory):
    out = tmp_path_factory.mktemp("f16")
    return out / "f16.gguf", to_f16(base(), out, quiet)


def copy_of_base(folder, **config):
    shutil.copytree(base(), folder)
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | config))
    return folder


def random_model(folder, architecture, **changes):
    """A model of that kind with the base's tokenizer, and weights so large that every part matters."""
    import transformers

    shutil.copytree(base(), folder)
    told = {"vocab_size": len(load_tokenizer(base())), "hidden_size": 256, "intermediate_size": 256,
            "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 64,
            "max_position_embeddings": 4096, "tie_word_embeddings": False, "eos_token_id": 2,
            "bos_token_id": None, "pad_token_id": 0} | changes  # fmt: skip
    torch.manual_seed(7)
    model = getattr(transformers, f"{architecture}ForCausalLM")(
        getattr(transformers, f"{architecture}Config")(**told)
    )
    for name, weight in model.named_parameters():
        torch.nn.init.normal_(
            weight, mean=1.0 if "norm" in name else 0.0, std=0.2 if "norm" in name else 0.08
        )
    model.save_pretrained(folder)
    return folder


def test_f16_reads_and_answers_as_transformers(f16):
    _, figures = f16
    tokens, answers = figures["checks"]
    assert tokens["figures"]["texts"] == 8, "digits, runs of spaces, emoji: every prompt must be read alike"
    assert answers["figures"]["answer_tokens"] >= 16
    assert answers["figures"]["kl_mean"] < 1e-5


def test_template_and_stop_token_travel_inside_the_file(f16):
    from gguf import GGUFReader

    fields = GGUFReader(f16[0]).fields
    assert fields["tokenizer.chat_template"].contents() == (base() / "chat_template.jinja").read_text()
    assert fields["tokenizer.ggml.pre"].contents() == "smollm"
    assert fields["tokenizer.ggml.eos_token_id"].contents() == 2
    assert fields["tokenizer.ggml.add_bos_token"].contents() is False


@pytest.mark.parametrize("type", ["q8_0", "q3_k_m"])
def test_a_smaller_type_reports_what_it_lost(f16, tmp_path, type):
    """The largest and the smallest; that llama.cpp knows the others' names is asserted below."""
    figures = to_smaller(f16[0], type, base(), tmp_path, quiet)["checks"][0]["figures"]
    assert (tmp_path / f"{type}.gguf").stat().st_size == figures["bytes"] < figures["bytes_of_f16"]
    assert 0 < figures["kl_mean"] < 0.5
    assert 0.7 < figures["top1_agreement"] <= 1


def test_a_scaled_rope_gives_transformers_logits(tmp_path):
    folder = random_model(tmp_path / "model", "Llama", rope_parameters=LLAMA_3_1)
    file = tmp_path / "f16.gguf"
    write_gguf(folder, file)
    rows = [row[:60] for row in prompt_ids(load_tokenizer(folder))[:3]]
    figures = compare_logits(logits_of(load_model(folder, "cpu"), rows), probe(file, [], rows).logits)
    assert figures["kl_mean"] < 1e-4
    assert figures["top1_agreement"] > 0.95


@pytest.mark.parametrize(
    ("architecture", "tokenizer"),
    [
        ("Qwen3", "llama-bpe"), ("Qwen2", "qwen2"), ("Mistral", "tekken"), ("Mistral", "first"), ("Llama", "legacy"),
    ],
)  # fmt: skip
def test_models_of_every_known_family_read_and_answer_as_in_transformers(tmp_path, architecture, tokenizer):
    """Tokenizer, pre-tokenizer's name, template and weights together, through the stage's own checks."""
    from gguf import GGUFReader

    from tests.support.foreign_tokenizers import EXPRESSIONS, byte_level, save, sentencepiece

    folder = random_model(
        tmp_path / "model", architecture, vocab_size=700, tie_word_embeddings=architecture == "Qwen3"
    )
    made = byte_level(tokenizer) if tokenizer in EXPRESSIONS else sentencepiece(tokenizer)
    template = "{{ bos_token }}" + (base() / "chat_template.jinja").read_text()
    assert save(made, folder, template, starts=tokenizer not in EXPRESSIONS) <= 700
    tokens, answers = to_f16(folder, tmp_path, quiet)["checks"]
    assert tokens["figures"]["texts"] == 8
    assert answers["figures"]["answer_tokens"] > 8 * 20
    fields = GGUFReader(tmp_path / "f16.gguf").fields
    assert fields["tokenizer.ggml.pre"].contents() == (tokenizer if tokenizer in EXPRESSIONS else "default")
    assert fields["tokenizer.ggml.add_bos_token"].contents() is (tokenizer not in EXPRESSIONS)


def test_a_conversion_that_moves_rows_wrongly_is_caught_by_its_check(tmp_path, monkeypatch):
    monkeypatch.setitem(
        proctor.finetune.gguf.convert.ARCHITECTURES, "LlamaForCausalLM", Architecture("llama", False)
    )
    with pytest.raises(ValueError, match="f16 GGUF answers otherwise than transformers"):
        to_f16(base(), tmp_path, quiet)


def test_a_file_cut_in_half_is_refused(f16, tmp_path):
    half = tmp_path / "half.gguf"
    content = f16[0].read_bytes()
    for length in (len(content) // 2, len(content) - 64, 1000):
        half.write_bytes(content[:length])
        with pytest.raises(ValueError, match="GGUF is cut off") as refused:
            read_header(half)
        assert "\n" not in str(refused.value)
    with pytest.raises(ValueError, match=r"llama\.cpp cannot run this file"):
        probe(half, [], [[1, 2, 3]])


def test_a_failed_quantisation_leaves_no_file(f16, tmp_path, monkeypatch):
    import llama_cpp

    from proctor.finetune.gguf.quantize import _quantise

    broken = tmp_path / "broken.gguf"
    broken.write_bytes(f16[0].read_bytes()[:200_000])
    assert all(hasattr(llama_cpp, f"LLAMA_FTYPE_MOSTLY_{name.upper()}") for name in GGUF_TYPES)
    with pytest.raises(ValueError, match="cannot quantise to q8_0"):
        _quantise(broken, tmp_path / "q8_0.gguf", "q8_0")
    assert not (tmp_path / "q8_0.gguf").exists()


def test_an_unknown_architecture_is_refused_with_the_way_out(tmp_path):
    folder = copy_of_base(tmp_path / "m", architectures=["MambaForCausalLM"])
    with pytest.raises(
        ValueError, match=r"architecture 'MambaForCausalLM' is none of .*; convert it with llama"
    ):
        write_gguf(folder, tmp_path / "f16.gguf")
    assert not (tmp_path / "f16.gguf").exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"pre_tokenizer": {"type": "Whitespace"}}, r"pre-tokenizer \(Whitespace\) has no name here"),
        ({"pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": r"\d+"}, "behavior": "Isolated"},
            {"type": "ByteLevel", "add_prefix_space": False, "use_regex": False}]}}, "Split, then ByteLevel"),
        ({"pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": True}}, "puts a space in front"),
    ],
)  # fmt: skip
def test_an_unknown_pre_tokenizer_is_refused_and_not_guessed(tmp_path, change, said):
    folder = copy_of_base(tmp_path / "m")
    path = folder / "tokenizer.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ValueError, match=said):
        write_gguf(folder, tmp_path / "f16.gguf")


def test_known_pre_tokenizers_have_llama_cpps_names():
    def split(digits: str) -> dict:
        expression = (
            rf"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}{digits}"
            r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
        )
        parts = [
            {"type": "Split", "pattern": {"Regex": expression}, "behavior": "Isolated", "invert": False},
            {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False},
        ]
        return {"pre_tokenizer": {"type": "Sequence", "pretokenizers": parts}}

    assert pre_tokenizer_name(split("{1,3}")) == "llama-bpe"
    assert pre_tokenizer_name(split("")) == "qwen2"
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True}
    assert pre_tokenizer_name({"pre_tokenizer": byte_level}) == "gpt-2"


def test_a_crash_in_llama_cpp_is_told_and_not_shared(tmp_path):
    """The probe runs in its own process: whatever happens to it, this one goes on."""
    file = tmp_path / "no.gguf"
    file.write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(ValueError, match=r"llama\.cpp cannot run this file"):
        probe(file, [], [[1]])
