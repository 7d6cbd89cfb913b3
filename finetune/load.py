"""Loading weights with transformers: which precision on which machine, and what 4-bit means here.

The one place that says so, used for training, for merging and by the engines, so that "nf4" is the same everywhere.
"""

from pathlib import Path
from typing import Any

from proctor.finetune.checks import check_safetensors, check_vocabulary


def best_device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def load_tokenizer(folder: Path) -> Any:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    check_vocabulary(folder, tokenizer)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def load_model(folder: Path, device: str, nf4: bool = False, float32: bool = False) -> Any:
    """float32 on a CPU (bfloat16 gains nothing there at this size), bfloat16 on a GPU, or 4-bit on either."""
    import torch
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    logging.disable_progress_bar()
    check_safetensors(folder)
    dtype = torch.float32 if device == "cpu" or float32 else torch.bfloat16
    quantization = nf4_config(dtype) if nf4 else None
    return AutoModelForCausalLM.from_pretrained(
        folder,
        dtype=dtype,
        device_map={"": device},
        quantization_config=quantization,
        local_files_only=True,
        use_safetensors=True,
    )


def nf4_config(compute: Any) -> Any:
    """4-bit NormalFloat with the scales quantised again: what QLoRA means."""
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=compute,
    )
