"""Dequantize: a GGUF file -> a folder of safetensors with its tokenizer, to train on or to serve elsewhere.

transformers reads the tensors; what a model reads and where it stops comes from the file itself. Nothing counts before
llama.cpp, which runs the file as it is, reads the same tokens and chooses the same words.
"""

from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from typing import Any

from proctor.common.refusal import Refusal
from proctor.finetune.checks import compare_logits, logits_of, passed, prompt_ids, prompt_texts
from proctor.finetune.folder import config_of, write_json
from proctor.finetune.gguf.header import Header, read_header
from proctor.finetune.gguf.probe import check_tokens, probe
from proctor.finetune.gguf.tokenizer import OTHERWISE, save_tokenizer
from proctor.finetune.load import load_model, load_tokenizer
from proctor.finetune.store import Tell

# llama.cpp multiplies 4-bit weights with activations of 8 bits, so its logits are never quite those of the floats.
MOST_KL = 0.02


def dequantize(file: Path, out: Path, tell: Tell) -> dict[str, Any]:
    """Weights in bfloat16, tokenizer and chat template in `out`; refused unless they answer as the file does."""
    header = read_header(file)
    check_architecture(header, file)
    tell(0.0, f"reading {header.weight_type} tensors")
    save_tokenizer(file, out)
    _save_weights(header, file, out)
    tell(0.6, "answering with llama.cpp")
    tokenizer = load_tokenizer(out)
    texts, rows = prompt_texts(tokenizer), prompt_ids(tokenizer)
    probed = probe(file, texts, rows)
    why = f"the file's pre-tokenizer {header.fields.get('tokenizer.ggml.pre')!r} is not known here"
    same_tokens = check_tokens(probed, texts, tokenizer, why, OTHERWISE, file)
    tell(0.8, "comparing with llama.cpp")
    figures = compare_logits(probed.logits, logits_of(load_model(out, "cpu", float32=True), rows))
    if figures["kl_mean"] > MOST_KL:
        raise Refusal(
            f"dequantised weights answer otherwise than the file (mean KL {figures['kl_mean']:.4f}, at most {MOST_KL})",
            f"transformers does not read this {header.architecture} file rightly",
            "take the model's safetensors as the base",
            file,
        )
    checks = [same_tokens, passed("dequantised weights answer as the file", figures)]
    return {"checks": checks, "dequantized_from": header.weight_type}


def check_architecture(header: Header, file: Path) -> None:
    from transformers.modeling_gguf_pytorch_utils import GGUF_SUPPORTED_ARCHITECTURES

    if header.architecture not in GGUF_SUPPORTED_ARCHITECTURES:
        problem = f"transformers cannot dequantise a GGUF of architecture {header.architecture!r}"
        raise Refusal(problem, remedy=OTHERWISE, where=file)


def _save_weights(header: Header, file: Path, out: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    logging.disable_progress_bar()
    # The bar of reading a GGUF has no switch, and would run across ours.
    with redirect_stderr(StringIO()):
        model = AutoModelForCausalLM.from_pretrained(
            file.parent, gguf_file=file.name, dtype=torch.float32, local_files_only=True
        )
    # transformers refuses to save a model that it read from a GGUF while it believes it is still quantised.
    model.hf_quantizer, model.is_quantized = None, False
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    for settings in (model.config, model.generation_config):
        settings.bos_token_id, settings.eos_token_id = header.token("bos"), header.token("eos")
        settings.pad_token_id = header.token("padding")
    model.to(torch.bfloat16).save_pretrained(out)
    config = config_of(out)
    config.pop("_name_or_path", None)
    write_json(out / "config.json", config, indent=2)
