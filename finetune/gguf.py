"""GGUF: a folder of safetensors -> one f16 file for llama.cpp, with tokenizer and chat template inside.

Knows the tensor names, the tokenizer's fields and the pre-tokenizers of Llama-like models. What it does not
know for certain it refuses: a wrong guess here gives a model that talks, only worse. Must not know how the
weights were made.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_REST = r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
# llama.cpp knows a pre-tokenizer by a name. Each expression here is the one behind that name.
PRE_TOKENIZERS = {
    rf"{_CONTRACTIONS}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}{{1,3}}|{_REST}": "llama-bpe",
    rf"{_CONTRACTIONS}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}|{_REST}": "qwen2",
}
CONVERTER = "convert_hf_to_gguf.py"


@dataclass(frozen=True)
class Architecture:
    """llama.cpp's name for it, and whether its rotary halves are interleaved there (then Q and K rows
    move).
    """

    name: str
    interleaved: bool


ARCHITECTURES = {
    "LlamaForCausalLM": Architecture("llama", True),
    "MistralForCausalLM": Architecture("llama", True),
    "Qwen2ForCausalLM": Architecture("qwen2", False),
    "Qwen3ForCausalLM": Architecture("qwen3", False),
}


class Unknown(ValueError):
    """This writer does not know the model; llama.cpp's own converter may."""


def write_gguf(weights: Path, out: Path) -> str:
    """Write `out` as f16 and say by which way: 'own', or 'llama.cpp' when only its converter knows the
    model.
    """
    try:
        _write(weights, out)
    except Unknown as refused:
        out.unlink(missing_ok=True)
        given = os.environ.get("LLAMA_CPP_DIR")
        if not given:
            remedy = "set LLAMA_CPP_DIR to a llama.cpp checkout to use its converter"
            raise ValueError(f"{refused}; {remedy} ({weights})") from None
        _convert_with(Path(given).expanduser() / CONVERTER, weights, out, refused)
        return "llama.cpp"
    except BaseException:
        out.unlink(missing_ok=True)
        raise
    return "own"


def check_gguf(path: Path) -> None:
    """The file opens and has every byte of every tensor that its header lists."""
    from gguf import GGUFReader

    try:
        reader = GGUFReader(path)
        # The last field of a tensor is mapped lazily; its end is compared with the file's.
        needed = max((int(tensor.data_offset) + int(tensor.n_bytes) for tensor in reader.tensors), default=0)
    except Exception as broken:  # the reader raises whatever its arrays raise
        why = (str(broken).splitlines() or [type(broken).__name__])[0]
        raise ValueError(f"GGUF is cut off or damaged: {why}; make it again ({path})") from None
    if needed == 0 or needed > path.stat().st_size:
        raise ValueError(
            f"GGUF is cut off: {path.stat().st_size:,} bytes of {needed:,}; make it again ({path})"
        )


def _write(weights: Path, out: Path) -> None:
    import gguf

    config = json.loads((weights / "config.json").read_text(encoding="utf-8"))
    named = (config.get("architectures") or ["none"])[0]
    if named not in ARCHITECTURES:
        raise Unknown(f"architecture {named!r} is none of {', '.join(ARCHITECTURES)}")
    if config.get("quantization_config"):
        raise ValueError(
            f"these weights are quantised already; merge into the unquantised base first ({weights})"
        )
    architecture = ARCHITECTURES[named]
    writer = gguf.GGUFWriter(out, architecture.name)
    try:
        _add_sizes(writer, config, weights.name)
        _add_tokenizer(writer, weights, int(config["vocab_size"]))
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
        raise Unknown(f"rope type {rope['rope_type']!r} is not known")
    writer.add_type("model")
    writer.add_name(name)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_block_count(int(config["num_hidden_layers"]))
    writer.add_context_length(int(config["max_position_embeddings"]))
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


def _add_tokenizer(writer: Any, weights: Path, rows: int) -> None:
    from gguf import TokenType

    path = weights / "tokenizer.json"
    if not path.is_file():
        raise Unknown("there is no tokenizer.json")
    told = json.loads(path.read_text(encoding="utf-8"))
    settings_path = weights / "tokenizer_config.json"
    settings = json.loads(settings_path.read_text(encoding="utf-8")) if settings_path.is_file() else {}
    if told["model"].get("type") != "BPE" or told["model"].get("byte_fallback"):
        raise Unknown("the tokenizer is not byte-level BPE")
    name = pre_tokenizer_name(told)
    tokens = [f"[PAD{at}]" for at in range(rows)]
    types = [TokenType.UNUSED] * rows
    for token, at in told["model"]["vocab"].items():
        tokens[at], types[at] = token, TokenType.NORMAL
    ids: dict[str, int] = {}
    for token in told["added_tokens"]:
        if token["id"] >= rows:
            raise ValueError(
                f"token {token['content']!r} lies beyond the {rows} rows of the weights ({weights})"
            )
        ids[token["content"]] = token["id"]
        tokens[token["id"]] = token["content"]
        types[token["id"]] = TokenType.CONTROL if token["special"] else TokenType.USER_DEFINED
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(name)
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges(
        [pair if isinstance(pair, str) else " ".join(pair) for pair in told["model"]["merges"]]
    )
    special = {kind: _content(settings.get(f"{kind}_token")) for kind in ("bos", "eos", "pad")}
    starts = special["bos"] is not None and special["bos"] in json.dumps(told.get("post_processor"))
    if special["bos"] not in ids:
        # Without one llama.cpp takes token 11, whatever that is. It is never put in front (add_bos is false).
        special["bos"] = special["pad"] if special["pad"] in ids else special["eos"]
    adds = {"bos": writer.add_bos_token_id, "eos": writer.add_eos_token_id, "pad": writer.add_pad_token_id}
    for kind, add in adds.items():
        if (token_text := special[kind]) is not None and token_text in ids:
            add(ids[token_text])
    writer.add_add_bos_token(starts)
    template = weights / "chat_template.jinja"
    text = template.read_text(encoding="utf-8") if template.is_file() else settings.get("chat_template")
    if isinstance(text, str):
        writer.add_chat_template(text)


def pre_tokenizer_name(told: dict[str, Any]) -> str:
    """llama.cpp's name for how tokenizer.json cuts text up before merging."""
    parts = list(_flat(told.get("pre_tokenizer")))
    kinds = [part["type"] for part in parts]
    if any(part["type"] == "ByteLevel" and part.get("add_prefix_space") for part in parts):
        raise Unknown("the pre-tokenizer puts a space in front")
    if kinds == ["ByteLevel"] and parts[0].get("use_regex", True):
        return "gpt-2"
    if kinds == ["Digits", "ByteLevel"] and parts[0]["individual_digits"] and parts[1].get("use_regex", True):
        return "smollm"  # every digit by itself, then GPT-2's expression
    if kinds == ["Split", "ByteLevel"] and not parts[1].get("use_regex", True):
        expression = parts[0]["pattern"].get("Regex", "")
        if expression in PRE_TOKENIZERS and parts[0].get("behavior") == "Isolated":
            return PRE_TOKENIZERS[expression]
    raise Unknown(f"the pre-tokenizer ({', then '.join(kinds) or 'none'}) has no name here")


def _tensors(weights: Path, config: dict[str, Any], architecture: Architecture) -> Iterator[tuple[str, Any]]:
    import gguf
    import numpy
    from safetensors import safe_open

    family = {name: key for key, name in gguf.MODEL_ARCH_NAMES.items()}[architecture.name]
    names = gguf.get_tensor_name_map(family, int(config["num_hidden_layers"]))
    heads = int(config["num_attention_heads"])
    groups = {"q_proj": heads, "k_proj": int(config.get("num_key_value_heads") or heads)}
    rope = _rope(config)
    if rope.get("rope_type") == "llama3":
        yield "rope_freqs.weight", _llama3_factors(rope, _head_size(config))
    for path in sorted(weights.glob("*.safetensors")):
        with safe_open(path, "pt") as stored:
            for key in stored.keys():  # noqa: SIM118 (it is no dict)
                if key == "lm_head.weight" and config.get("tie_word_embeddings"):
                    continue
                name = names.get_name(key, try_suffixes=(".weight", ".bias"))
                if name is None:
                    raise Unknown(f"tensor {key!r} has no place in a {architecture.name} file")
                values = stored.get_tensor(key).float().numpy()
                part = key.split(".")[-2]
                if architecture.interleaved and part in groups:
                    values = _interleave(values, groups[part])
                # Norms and biases stay f32: they are few, and llama.cpp adds and multiplies with them in f32.
                yield (
                    name,
                    numpy.ascontiguousarray(values, numpy.float32 if values.ndim == 1 else numpy.float16),
                )


def _interleave(values: Any, heads: int) -> Any:
    """Hugging Face keeps the two rotary halves one after the other, llama.cpp's Llama side by side."""
    half = values.shape[0] // heads // 2
    return values.reshape(heads, 2, half, *values.shape[1:]).swapaxes(1, 2).reshape(values.shape)


def _llama3_factors(rope: dict[str, Any], head: int) -> Any:
    """By how much Llama 3.1 slows each rotary frequency: long waves by `factor`, short ones not, blended
    between.
    """
    import numpy

    wave = 2 * numpy.pi * float(rope["rope_theta"]) ** (numpy.arange(0, head, 2, dtype=numpy.float64) / head)
    reach = float(rope["original_max_position_embeddings"])
    low, high, factor = (float(rope[key]) for key in ("low_freq_factor", "high_freq_factor", "factor"))
    blend = numpy.clip((reach / wave - low) / (high - low), 0.0, 1.0)
    return (1 / ((1 - blend) / factor + blend)).astype(numpy.float32)


def _convert_with(script: Path, weights: Path, out: Path, refused: Unknown) -> None:
    if not script.is_file():
        raise ValueError(
            f"{refused}, and LLAMA_CPP_DIR has no {CONVERTER}; point it to a llama.cpp checkout ({script})"
        )
    command = [sys.executable, str(script), str(weights), "--outfile", str(out), "--outtype", "f16"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode != 0 or not out.is_file():
        out.unlink(missing_ok=True)
        last = (ran.stderr.strip().splitlines() or ["no message"])[-1]
        raise ValueError(f"{refused}, and llama.cpp's converter refused too: {last} ({weights})")


def _flat(part: dict[str, Any] | None) -> Iterator[dict[str, Any]]:
    if part is None:
        return
    if part["type"] == "Sequence":
        for inner in part["pretokenizers"]:
            yield from _flat(inner)
    else:
        yield part


def _rope(config: dict[str, Any]) -> dict[str, Any]:
    """transformers 5 keeps it in rope_parameters, 4 in rope_theta and rope_scaling."""
    if config.get("rope_parameters"):
        return dict(config["rope_parameters"])
    scaling = dict(config.get("rope_scaling") or {})
    if "type" in scaling:
        scaling["rope_type"] = scaling.pop("type")
    return {"rope_theta": config.get("rope_theta", 10000.0), **scaling}


def _head_size(config: dict[str, Any]) -> int:
    return int(config.get("head_dim") or int(config["hidden_size"]) // int(config["num_attention_heads"]))


def _content(token: Any) -> str | None:
    found = token.get("content") if isinstance(token, dict) else token
    return found if isinstance(found, str) else None
