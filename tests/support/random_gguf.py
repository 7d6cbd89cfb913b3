"""Writes small GGUF files: random Llamas of any shape with a byte-level vocabulary."""

import ctypes
from pathlib import Path
from typing import Any

import numpy as np

# ChatML, as the embedded model's, so that a rendered prompt holds control tokens.
TEMPLATE = (
    "{% for turn in messages %}<|im_start|>{{ turn['role'] }}\n{{ turn['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
TINY = {"vocab": 2048, "hidden": 256, "layers": 6, "heads": 8, "kv_heads": 4, "forward": 768}
MIDDLE = {"vocab": 32000, "hidden": 1024, "layers": 12, "heads": 16, "kv_heads": 8, "forward": 2816}
SMALL = {"vocab": 320, "hidden": 64, "layers": 2, "heads": 4, "kv_heads": 2, "forward": 128}


def byte_letters() -> list[str]:
    """The 256 characters that stand for bytes in a byte-level vocabulary, by byte."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in shown]
    return [chr(byte) if byte in shown else chr(256 + hidden.index(byte)) for byte in range(256)]


def vocabulary(size: int) -> tuple[list[str], list[str]]:
    """Tokens (the special ones, the bytes, then pairs of letters) and the merges that make the pairs."""
    letters = byte_letters()
    plain = [
        letters[ord(c)] for c in " etaoinshrdlucmfwypvbgkjqxzETAOINSHRDLUCMFWYPVBGKJQXZ,.:;!?'\"()-+*/=#$%"
    ]
    pairs = [(a, b) for a in plain for b in plain if b != plain[0]]
    triples = ((a + b, c) for a, b in pairs for c in plain[1:])
    tokens, merges = [*SPECIAL, *letters], []
    for left, right in (*pairs, *(() if size < 5000 else triples)):
        if len(tokens) == size:
            break
        tokens.append(left + right)
        merges.append(f"{left} {right}")
    return tokens, merges


def write_llama(
    path: Path, shape: dict[str, int], seed: int = 0, template: str | None = TEMPLATE, context: int = 2048
) -> Path:
    """A random Llama as f16 GGUF. The head is scaled so that the best token mostly stands clear."""
    import gguf

    random = np.random.default_rng(seed)
    hidden, forward, size = shape["hidden"], shape["forward"], shape["vocab"]
    kv = hidden // shape["heads"] * shape["kv_heads"]
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("random")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    writer.add_block_count(shape["layers"])
    writer.add_context_length(context)
    writer.add_embedding_length(hidden)
    writer.add_feed_forward_length(forward)
    writer.add_head_count(shape["heads"])
    writer.add_head_count_kv(shape["kv_heads"])
    writer.add_rope_dimension_count(hidden // shape["heads"])
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(size)
    tokens, merges = vocabulary(size)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types(
        [gguf.TokenType.CONTROL] * len(SPECIAL) + [gguf.TokenType.NORMAL] * (size - len(SPECIAL))
    )
    writer.add_token_merges(merges)
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(2)
    writer.add_pad_token_id(0)
    writer.add_add_bos_token(False)
    if template is not None:
        writer.add_chat_template(template)

    def matrix(name: str, rows: int, columns: int, scale: float = 1.0) -> None:
        values = random.standard_normal((rows, columns), dtype=np.float32) * (scale / columns**0.5)
        writer.add_tensor(f"{name}.weight", values.astype(np.float16))

    matrix("token_embd", size, hidden, hidden**0.5)
    matrix("output", size, hidden, 4.0)
    writer.add_tensor("output_norm.weight", np.ones(hidden, dtype=np.float32))
    for layer in range(shape["layers"]):
        block = f"blk.{layer}"
        for norm in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"{block}.{norm}.weight", np.ones(hidden, dtype=np.float32))
        matrix(f"{block}.attn_q", hidden, hidden, 2.0)
        matrix(f"{block}.attn_k", kv, hidden, 2.0)
        matrix(f"{block}.attn_v", kv, hidden, 2.0)
        matrix(f"{block}.attn_output", hidden, hidden)
        matrix(f"{block}.ffn_gate", forward, hidden)
        matrix(f"{block}.ffn_up", forward, hidden)
        matrix(f"{block}.ffn_down", hidden, forward)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def quantize(source: Path, target: Path, kind: str) -> Path:
    import llama_cpp

    how: Any = llama_cpp.llama_model_quantize_default_params()
    how.ftype = {"q8_0": llama_cpp.LLAMA_FTYPE_MOSTLY_Q8_0, "q4_k_m": llama_cpp.LLAMA_FTYPE_MOSTLY_Q4_K_M}[
        kind
    ]
    if llama_cpp.llama_model_quantize(str(source).encode(), str(target).encode(), ctypes.byref(how)) != 0:
        raise RuntimeError(f"llama.cpp could not quantise {source} to {kind}")
    return target
