"""What vLLM is opened with for some weights, and what it cannot take: known without vLLM and without a GPU."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from proctor.common.refusal import Refusal
from proctor.finetune.folder import config_of, read_json
from proctor.harness.engines.protocol import Weights

# Tokens for a prompt and its answer: room for all that a model can read would leave room for few answers at a time.
CONTEXT = 8192
SEQUENCES = 1536  # answered together where the cache has room; vLLM's own 1,024 cut a GSM8K cell in two
RANKS = (8, 16, 32, 64, 128, 256, 320, 512)  # what vLLM has kernels for
# With an adapter a step is many small kernels, and starting them one by one costs a quarter of it. vLLM records them
# up to 512 answers together; beyond that, sizes far apart keep the recording short.
RECORDED = (1, 2, 4, 8, 16, 32, 64, 96, 128, 192, *range(256, SEQUENCES + 1, 128))
QUANTIZED = {"none": None, "nf4": "bitsandbytes", "fp8": "fp8"}


def settings_for(weights: Weights) -> dict[str, Any]:
    """What lm-eval's class, and vLLM under it, are opened with."""
    from proctor.finetune.base import resolve_base

    config = config_of(resolve_base(weights.source))
    longest = int(config.get("max_position_embeddings", CONTEXT))
    if weights.context and weights.context > longest:
        raise Refusal(
            f"serving.context is {weights.context}",
            f"{weights.source} was made for {longest} tokens at most",
            f"ask for {longest} or fewer",
        )
    settings = {
        "pretrained": weights.source,
        "dtype": "bfloat16",  # as everything of ours is on a GPU, whatever a folder's config says
        "max_model_len": weights.context or min(longest, CONTEXT),
        "gpu_memory_utilization": weights.memory,
        "tensor_parallel_size": weights.gpus,
        "quantization": QUANTIZED[weights.quantization],
        "load_format": "bitsandbytes" if weights.quantization == "nf4" else "safetensors",  # never a pickle
        "enable_prefix_caching": True,  # the shots of a prompt are read once
        "max_num_seqs": SEQUENCES,
        "batch_size": SEQUENCES,  # lm-eval's class would say "auto", and every engine of ours has a number
        "seed": 0,
    }
    if weights.adapters:
        settings |= {
            "enable_lora": True,
            "max_loras": 1,  # one adapter answers at a time
            "max_cpu_loras": len(weights.adapters),
            "max_lora_rank": rank_for(weights.adapters),
            "compilation_config": {"cudagraph_capture_sizes": list(RECORDED)},
        }
    return settings


def rank_for(adapters: Sequence[Path]) -> int:
    """The smallest rank of vLLM's that takes every adapter."""
    ranks = []
    for adapter in adapters:
        config = read_json(adapter / "adapter_config.json")
        whole, bias = config.get("modules_to_save"), config.get("bias", "none")
        if config.get("use_dora") or whole or bias != "none":
            what = "biases"
            if config.get("use_dora"):
                what = "DoRA"
            elif whole:
                what = "whole modules"
            raise Refusal(
                f"the adapter {adapter.name} has {what}", "vLLM takes plain LoRA alone",
                "merge it ('merge: true'), or use engine hf",
            )  # fmt: skip
        ranks.append(int(config["r"]))
    if max(ranks) > RANKS[-1]:
        raise Refusal(
            f"an adapter of rank {max(ranks)}", f"vLLM takes {RANKS[-1]} at most",
            "merge it ('merge: true'), or use engine hf",
        )  # fmt: skip
    return next(rank for rank in RANKS if rank >= max(ranks))
