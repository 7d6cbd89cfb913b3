"""Loading weights with transformers: which precision on which machine, and what 4-bit means here.

The one place that says so, used for training, for merging and by the engines, so that "nf4" is the same everywhere.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from proctor.common.refusal import Refusal
from proctor.finetune.checks import check_safetensors, check_vocabulary


def best_device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


@contextmanager
def no_foreign_code(folder: Path) -> Iterator[None]:
    """Weights are data. A folder may name Python files of its own, and where `trust_remote_code=False` is not said
    transformers asks at a terminal whether to run them."""
    try:
        yield
    except ValueError as refused:
        if "trust_remote_code" not in str(refused):
            raise
        raise Refusal(
            "it wants Python files of its own to be run", "weights are loaded and never run",
            "take a model that transformers knows", folder,
        ) from None  # fmt: skip


def load_tokenizer(folder: Path) -> Any:
    from transformers import AutoTokenizer

    with no_foreign_code(folder):
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    check_vocabulary(folder, tokenizer)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def load_model(folder: Path, device: str, nf4: bool = False, float32: bool = False) -> Any:
    """float32 on a CPU (bfloat16 gains nothing there at this size), bfloat16 on a GPU, or 4-bit on either."""
    import torch
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig
    from transformers.utils import logging

    logging.disable_progress_bar()
    check_safetensors(folder)
    dtype = torch.float32 if device == "cpu" or float32 else torch.bfloat16
    settings: dict[str, Any] = {"dtype": dtype, "device_map": {"": device}}
    if nf4:  # 4-bit NormalFloat with the scales quantised again: what QLoRA means
        settings["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=dtype
        )  # fmt: skip
    settings |= {"local_files_only": True, "use_safetensors": True, "trust_remote_code": False}
    with no_foreign_code(folder):
        return AutoModelForCausalLM.from_pretrained(folder, **settings)
