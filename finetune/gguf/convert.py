"""A folder of safetensors -> one f16 GGUF file for llama.cpp, with tokenizer and chat template inside.

What it does not know for certain it refuses: a wrong guess here gives a model that talks, only worse.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proctor.common.refusal import Refusal
from proctor.finetune.checks import check_safetensors
from proctor.finetune.folder import config_of, tensors
from proctor.finetune.gguf.vocabulary import UnknownModel, add_tokenizer


@dataclass(frozen=True)
class Architecture:
    """llama.cpp's name for it, and whether its rotary halves are interleaved there (then Q and K rows move)."""

    name: str
    interleaved: bool


ARCHITECTURES = {
    "LlamaForCausalLM": Architecture("llama", True),
    "MistralForCausalLM": Architecture("llama", True),
    "Qwen2ForCausalLM": Architecture("qwen2", False),
    "Qwen3ForCausalLM": Architecture("qwen3", False),
}


def write_gguf(weights: Path, out: Path) -> None:
    """Writes `out` as f16.

    >>> write_gguf(Path("finetune/tiny"), Path("f16.gguf"))   # doctest: +SKIP
    """
    try:
        _write(weights, out)
    except BaseException as broken:
        out.unlink(missing_ok=True)
        if isinstance(broken, UnknownModel):
            remedy = "convert it with llama.cpp's own converter, and give the GGUF file as the base"
            raise Refusal(str(broken), remedy=remedy, where=weights) from None
        raise


def _write(weights: Path, out: Path) -> None:
    import gguf

    config = config_of(weights)
    class_name = (config.get("architectures") or ["none"])[0]
    if class_name not in ARCHITECTURES:
        raise UnknownModel(f"architecture {class_name!r} is none of {', '.join(ARCHITECTURES)}")
    if config.get("quantization_config"):
        remedy = "merge into the unquantised base first"
        raise Refusal("these weights are quantised already", remedy=remedy, where=weights)
    check_safetensors(weights)
    architecture = ARCHITECTURES[class_name]
    writer = gguf.GGUFWriter(out, architecture.name)
    try:
        _add_sizes(writer, config, weights.name)
        add_tokenizer(writer, weights, int(config["vocab_size"]))
        for name, tensor in _tensors(weights, config, architecture):
            writer.add_tensor(name, tensor)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
    finally:
        writer.close()


def _add_sizes(writer: Any, config: dict[str, Any], name: str) -> None:
    import gguf

    heads = int(config["num_attention_heads"])
    head = _head_size(config)
    rope = _rope(config)
    if rope.get("rope_type", "default") not in ("default", "llama3"):
        raise UnknownModel(f"rope type {rope['rope_type']!r} is not known")
    writer.add_type("model")
    writer.add_name(name)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_block_count(int(config["num_hidden_layers"]))
    writer.add_context_length(_context(config))
    writer.add_embedding_length(int(config["hidden_size"]))
    writer.add_feed_forward_length(int(config["intermediate_size"]))
    writer.add_head_count(heads)
    writer.add_head_count_kv(int(config.get("num_key_value_heads") or heads))
    writer.add_key_length(head)
    writer.add_value_length(head)
    writer.add_rope_dimension_count(head)
    writer.add_rope_freq_base(float(rope.get("rope_theta", 10000.0)))
    writer.add_layer_norm_rms_eps(float(config["rms_norm_eps"]))
    writer.add_vocab_size(int(config["vocab_size"]))


def _tensors(weights: Path, config: dict[str, Any], architecture: Architecture) -> Iterator[tuple[str, Any]]:
    import gguf
    import numpy

    number_of = {name: number for number, name in gguf.MODEL_ARCH_NAMES.items()}
    names = gguf.get_tensor_name_map(number_of[architecture.name], int(config["num_hidden_layers"]))
    heads = int(config["num_attention_heads"])
    groups = {"q_proj": heads, "k_proj": int(config.get("num_key_value_heads") or heads)}
    rope = _rope(config)
    if rope.get("rope_type") == "llama3":
        yield "rope_freqs.weight", _llama3_factors(rope, _head_size(config))
    for key, file in tensors(weights):
        if key == "lm_head.weight" and config.get("tie_word_embeddings"):
            continue
        if key.endswith("rotary_emb.inv_freq"):  # old files hold what follows from the settings
            continue
        name = names.get_name(key, try_suffixes=(".weight", ".bias"))
        if name is None:
            raise UnknownModel(f"tensor {key!r} has no place in a {architecture.name} file")
        values = file.get_tensor(key).float().numpy()
        part = key.split(".")[-2]
        if architecture.interleaved and part in groups:
            values = _interleave(values, groups[part])
        # Norms and biases stay f32: they are few, and llama.cpp adds and multiplies with them in f32.
        number = numpy.float32 if values.ndim == 1 else numpy.float16
        yield name, numpy.ascontiguousarray(values, number)


def _interleave(values: Any, heads: int) -> Any:
    """Hugging Face keeps the two rotary halves one after the other, llama.cpp's Llama side by side."""
    half = values.shape[0] // heads // 2
    return values.reshape(heads, 2, half, *values.shape[1:]).swapaxes(1, 2).reshape(values.shape)


def _llama3_factors(rope: dict[str, Any], head: int) -> Any:
    """By how much Llama 3.1 slows each rotary frequency: long waves by `factor`, short ones not, blended between."""
    import numpy

    wave = 2 * numpy.pi * float(rope["rope_theta"]) ** (numpy.arange(0, head, 2, dtype=numpy.float64) / head)
    reach = float(rope["original_max_position_embeddings"])
    low, high, factor = (float(rope[key]) for key in ("low_freq_factor", "high_freq_factor", "factor"))
    blend = numpy.clip((reach / wave - low) / (high - low), 0.0, 1.0)
    return (1 / ((1 - blend) / factor + blend)).astype(numpy.float32)


def _rope(config: dict[str, Any]) -> dict[str, Any]:
    """transformers 5 keeps it in rope_parameters, 4 in rope_theta and rope_scaling."""
    if config.get("rope_parameters"):
        return dict(config["rope_parameters"])
    scaling = dict(config.get("rope_scaling") or {})
    if "type" in scaling:
        scaling["rope_type"] = scaling.pop("type")
    return {"rope_theta": config.get("rope_theta", 10000.0), **scaling}


def _context(config: dict[str, Any]) -> int:
    """llama.cpp's Llama has no sliding window: where a model counts on one, the context ends with it."""
    longest = int(config["max_position_embeddings"])
    window = config.get("sliding_window")
    if window and config.get("model_type") == "mistral":
        return min(longest, int(window))
    return longest


def _head_size(config: dict[str, Any]) -> int:
    return int(config.get("head_dim") or int(config["hidden_size"]) // int(config["num_attention_heads"]))
