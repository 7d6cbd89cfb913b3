"""Base + chats -> adapter (lora, qlora) or whole weights (full), with trl and peft.

train(Path("finetune/tiny"), Recipe.load("tiny-lora"), {"word_problems": chats, "concepts": more}, out, tell)
"""

import math
import os
import shutil
import sys
import time
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from proctor.common.refusal import Refusal
from proctor.common.schema import nearest
from proctor.finetune import checks
from proctor.finetune.base import digest_of_base
from proctor.finetune.folder import parameters_of, read_json, shapes_of, write_json
from proctor.finetune.load import best_device, load_model, load_tokenizer
from proctor.finetune.recipe import Recipe
from proctor.finetune.store import Tell
from proctor.finetune.train.data import Mixture, mix
from proctor.finetune.train.watch import CHECKPOINT_SECONDS, Watch, callback, last_checkpoint, log_of

LARGE = 10**9  # parameters: between the 135 M and the 3 B at which trainers and memory were measured


def train(
    base: Path, recipe: Recipe, files: Mapping[str, Path], out: Path, tell: Tell,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
) -> dict[str, Any]:  # fmt: skip
    """Train into `out`, going on from the last whole checkpoint in it. Returns figures for the stage's record."""
    tell(0.0, "loading the base and the chats")
    device = best_device()
    unsloth = with_unsloth(recipe, base)
    if unsloth:
        import_module("unsloth")  # changes transformers and trl while they load, so it comes first
    from transformers import set_seed

    _refuse_several_gpus(device)
    _refuse_unknown_modules(recipe, base)
    tokenizer = load_tokenizer(base)
    mixture = mix(recipe, files, tokenizer)
    set_seed(recipe.seed)
    if unsloth:
        model = _unsloth_model(base, recipe)
    else:
        model = load_model(base, device, nf4=recipe.method == "qlora", float32=recipe.method == "full")
    watch = Watch(recipe, total_steps(recipe, len(mixture.rows)), tell)
    recomputed = recomputes(recipe, base, device)
    trainer = _trainer(
        model, tokenizer, mixture, recipe, out, watch, device, unsloth, recomputed, checkpoint_seconds
    )
    checkpoint = last_checkpoint(out)
    if checkpoint is not None:
        watch.first = int(checkpoint.name.rpartition("-")[2])
        watch.log += log_of(checkpoint)
        tell(watch.first / watch.total, f"going on from step {watch.first}")
    start = time.monotonic()
    trainer.train(resume_from_checkpoint=checkpoint and str(checkpoint))
    seconds = time.monotonic() - start
    tell(1.0, "saving and checking")
    trained = trainer.accelerator.unwrap_model(trainer.model)
    _save(trained, tokenizer, base, recipe, out)
    figures: dict[str, Any] = {
        "base": base.name,
        "base_digest": digest_of_base(str(base)),
        "method": recipe.method,
        "trainer": "unsloth" if unsloth else "trl",
        **_machine(trained, device),
        "steps": watch.total,
        "resumed_from": watch.first,
        "examples": mixture.examples,
        "left_out_too_long": mixture.too_long,
        "tokens": trainer.state.num_input_tokens_seen or None,
        "tokens_an_epoch": mixture.tokens,
        "seconds": round(seconds, 2),
        "log": watch.log,
    }
    write_json(out / "train.json", figures)
    passed = _checked(trained, tokenizer, base, recipe, out)
    for leftover in out.glob("checkpoint-*"):
        shutil.rmtree(leftover)
    kept = ("steps", "tokens", "device", "trainer", "precision", "peak_memory_bytes")
    return {"checks": passed, "loss": watch.log[-1]["loss"], **{key: figures[key] for key in kept}}


def with_unsloth(recipe: Recipe, base: Path) -> bool:
    """Whether Unsloth trains this. By itself only where it gains: of 3 B parameters it trained 3.2 times as many steps
    a second as trl, of 135 M half as many, in a thirtieth of the memory (docs/gpu.md).
    """
    there = best_device() == "cuda" and find_spec("unsloth") is not None
    if recipe.trainer == "unsloth" and not there:
        raise Refusal(
            "trainer: unsloth", "it wants a GPU and the package unsloth", "take trainer: trl, or auto"
        )
    if recipe.trainer != "auto":
        return recipe.trainer == "unsloth"
    return there and recipe.method != "full" and parameters_of(base) >= LARGE


def recomputes(recipe: Recipe, base: Path, device: str) -> bool:
    """Whether activations are computed twice to save memory: where a large model trains an adapter on a GPU."""
    return device == "cuda" and recipe.method != "full" and parameters_of(base) >= LARGE


def _refuse_several_gpus(device: str) -> None:
    """The trainer would split each batch over all of them, and `batch` would mean another thing."""
    import torch

    if device == "cuda" and torch.cuda.device_count() > 1 and "LOCAL_RANK" not in os.environ:
        raise Refusal(
            f"{torch.cuda.device_count()} GPUs are visible and training uses one; set CUDA_VISIBLE_DEVICES=0"
        )


def _refuse_unknown_modules(recipe: Recipe, base: Path) -> None:
    """peft is content when one of them is there, and trains less than the recipe says."""
    checks.check_safetensors(base)
    there = {name.split(".")[-2] for name in shapes_of(base) if name.count(".") > 1}
    for name in recipe.target_modules:
        if recipe.method != "full" and name not in there:
            raise Refusal(
                f"target_modules: the base has no {name!r}", nearest(name, sorted(there)), where=base
            )


def _machine(trained: Any, device: str) -> dict[str, Any]:
    import torch

    precision = next(part.dtype for part in trained.parameters() if part.requires_grad)
    return {
        "device": torch.cuda.get_device_name() if device == "cuda" else "cpu",
        "threads": torch.get_num_threads(),
        "precision": str(precision).removeprefix("torch."),
        "peak_memory_bytes": _peak_memory(device),
    }


def total_steps(recipe: Recipe, rows: int) -> int:
    if recipe.steps is not None:
        return recipe.steps
    assert recipe.epochs is not None
    an_epoch = math.ceil(math.ceil(rows / recipe.batch) / recipe.accumulation)
    return max(1, math.ceil(an_epoch * recipe.epochs))


def _trainer(
    model: Any, tokenizer: Any, mixture: Mixture, recipe: Recipe, out: Path, watch: Watch, device: str,
    unsloth: bool, recomputed: bool, checkpoint_seconds: float,
) -> Any:  # fmt: skip
    from datasets import Dataset
    from peft import LoraConfig
    from transformers import PrinterCallback
    from trl import SFTConfig, SFTTrainer

    schedules = {"linear": "linear", "cosine": "cosine", "constant": "constant_with_warmup"}
    config = SFTConfig(
        output_dir=str(out),
        per_device_train_batch_size=recipe.batch,
        gradient_accumulation_steps=recipe.accumulation,
        max_steps=watch.total,
        learning_rate=recipe.learning_rate,
        lr_scheduler_type=schedules[recipe.schedule],
        warmup_steps=recipe.warmup_steps,
        optim="adamw_torch",
        weight_decay=0.0,
        seed=recipe.seed,
        data_seed=recipe.seed,
        max_length=recipe.max_length if recipe.packing else None,  # chats that are too long are out already
        packing=recipe.packing,
        # trl turns both on by itself. bfloat16 is for GPUs; recomputing activations saves memory that only large
        # models lack, and costs a third of the speed.
        bf16=device == "cuda",
        gradient_checkpointing=recomputed and not unsloth,
        use_cpu=device == "cpu",
        loss_type="nll",
        logging_steps=1,
        logging_nan_inf_filter=False,  # on, it shows the last good loss in place of a NaN
        include_num_input_tokens_seen="non_padding",
        save_strategy="no",  # the watch asks for checkpoints by the clock
        save_total_limit=2,
        report_to=[],
        disable_tqdm=True,
        dataloader_pin_memory=device == "cuda",
    )
    adapter = None
    if recipe.method != "full" and not unsloth:  # Unsloth's model has its adapter already
        adapter = LoraConfig(task_type="CAUSAL_LM", **_lora(recipe))
    trainer = SFTTrainer(
        model=model,
        args=config,
        train_dataset=Dataset.from_list(mixture.rows),
        processing_class=tokenizer,
        peft_config=adapter,
        callbacks=[callback(watch, checkpoint_seconds)],
    )
    trainer.remove_callback(PrinterCallback)  # it prints a line of raw figures for every step
    # trl rounds an adapter on 4-bit weights to bfloat16, in which small updates vanish. It is small: keep float32.
    for parameter in trainer.model.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()
    return trainer


def _lora(recipe: Recipe) -> dict[str, Any]:
    """The adapter's settings, in the names that peft and Unsloth share."""
    return {
        "r": recipe.rank,
        "lora_alpha": recipe.alpha,
        "lora_dropout": recipe.dropout,
        "use_rslora": recipe.rslora,
        "target_modules": list(recipe.target_modules),
        "bias": "none",
    }


def _unsloth_model(base: Path, recipe: Recipe) -> Any:
    """The same recipe with Unsloth's kernels; without the package, trl runs."""
    from unsloth import FastLanguageModel

    model, _ = FastLanguageModel.from_pretrained(
        model_name=str(base), max_seq_length=recipe.max_length, load_in_4bit=recipe.method == "qlora"
    )
    return FastLanguageModel.get_peft_model(
        model, **_lora(recipe), use_gradient_checkpointing="unsloth", random_state=recipe.seed
    )


def _save(model: Any, tokenizer: Any, base: Path, recipe: Recipe, out: Path) -> None:
    if recipe.method == "full":
        import torch

        model.to(torch.bfloat16).save_pretrained(out)
        tokenizer.save_pretrained(out)
    else:
        model.save_pretrained(out)
        # peft writes where the base lay on this machine; the next machine has it elsewhere.
        path = out / "adapter_config.json"
        config = read_json(path)
        config["base_model_name_or_path"] = base.name
        config["target_modules"] = sorted(config["target_modules"])  # a set: in any order
        write_json(path, config)
    (out / "README.md").unlink(missing_ok=True)  # peft's empty model card
    (out / "training_args.bin").unlink(missing_ok=True)  # a pickle
    for path in out.glob("*.safetensors"):
        path.chmod(0o644)


def _checked(model: Any, tokenizer: Any, base: Path, recipe: Recipe, out: Path) -> list[dict[str, Any]]:
    """What was trained must change what the base says, or a lost adapter would be examined as a fine-tune."""
    rows = checks.prompt_ids(tokenizer)
    model.eval()
    after = checks.logits_of(model, rows)
    if recipe.method == "full":
        before = checks.logits_of(load_model(base, str(model.device.type)), rows)
    else:
        checks.check_adapter(base, out)
        with model.disable_adapter():
            before = checks.logits_of(model, rows)
    figures = checks.compare_logits(before, after)
    if figures["largest_change"] < 1e-5:
        raise Refusal(
            f"training changed no logit; raise learning_rate (now {recipe.learning_rate:g}) or steps"
        )
    return [checks.passed("training changes the logits", figures)]


def _peak_memory(device: str) -> int:
    """On a GPU what torch took; on a CPU the most that this process ever held, whatever it did before."""
    if device == "cuda":
        import torch

        return int(torch.cuda.max_memory_allocated())
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # Linux counts in KiB
