"""Checks that weights must pass before they count: whole files, an adapter that fits its base and changes something.

compare_logits(logits_of(base, rows), logits_of(merged, rows))["kl_mean"]   # how far one is from the other, in nats
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from proctor.common.refusal import Refusal
from proctor.finetune.base import digest_of_base
from proctor.finetune.chat_template import render_for
from proctor.finetune.folder import config_of, read_json, shapes_of, tensors

# Asked of every model, so that figures of different stages stand for the same thing. The last one is there for the
# tokenizer: runs of spaces, digits, marks outside ASCII.
PROMPTS = (
    "Sam has 3 apples and buys 4 more. How many apples does Sam have now?",
    'A ticket costs $12. How much do 7 cost? Finish with a line that says "#### " and the final number.',
    "A train travels 180 km in 3 hours. How far does it travel in 5 hours at the same speed?",
    "Name the mathematics concepts that this text is about: We add two fractions with unlike denominators.",
    "Write a study plan for a pupil who has 4 hours a week for 3 weeks. Weak topics: fractions, equations.",
    "What is 25 % of 1,480?",
    "Solve for x: 3x + 5 = 20. Show each step.",
    "Zoë’s   café – 1.5 × 10 = ½ ÷ π?\n\n  “naïve”\t100%  don't it's  x²≥0 日本 🙂 a_b=c;d",
)


def check_safetensors(folder: Path) -> None:
    """Every weights file opens and has all the bytes that its header promises."""
    from safetensors import SafetensorError, safe_open

    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise Refusal(f"no safetensors file in it; point to the folder that holds the weights ({folder})")
    for path in files:
        try:
            with safe_open(path, "pt") as weights:
                weights.keys()
        except (SafetensorError, OSError) as broken:
            problem = f"weights file is cut off or damaged: {str(broken).splitlines()[0]}"
            raise Refusal(problem, remedy="copy or make it again", where=path) from None
    index = folder / "model.safetensors.index.json"
    if not index.is_file():
        return
    for name in read_json(index)["weight_map"].values():
        if not (folder / name).is_file():
            raise Refusal(
                f"weights file {name} is missing, though the index names it; copy it too ({folder})"
            )


def check_adapter(base: Path, adapter: Path) -> None:
    """The adapter is whole, was made for this base, and is not all zeros. Loads no base weights."""
    import torch

    check_safetensors(adapter)
    if not (adapter / "adapter_config.json").is_file():
        remedy = "give an adapter's folder"
        raise Refusal("no adapter_config.json in it, so this is no adapter", remedy=remedy, where=adapter)
    made_for = read_json(adapter / "train.json", optional=True).get("base_digest")
    if made_for not in (None, digest_of_base(str(base))):
        raise Refusal(f"the adapter was trained on another base, not on {base.name}; use its own ({adapter})")
    shapes = shapes_of(base)
    changes = False
    for name, file in tensors(adapter):
        values = file.get_tensor(name)
        if not torch.isfinite(values).all():
            raise Refusal(f"the adapter holds NaN or infinity in {name}; train it again ({adapter})")
        if ".lora_A." not in name and ".lora_B." not in name:
            continue
        module = name.removeprefix("base_model.model.").split(".lora_")[0] + ".weight"
        side = 1 if ".lora_A." in name else 0  # A reads what the layer reads, B writes what it writes
        _check_fits(module, shapes.get(module), side, values.shape[side], base, adapter)
        changes |= side == 0 and bool(values.any())
    if not changes:
        raise Refusal(f"the adapter is all zeros, so it changes nothing; train it again ({adapter})")


def _check_fits(
    module: str, shape: tuple[int, ...] | None, side: int, size: int, base: Path, adapter: Path
) -> None:
    if shape is not None and shape[side] == size:
        return
    why = "has no such layer" if shape is None else f"has {shape[side]} there, not {size}"
    raise Refusal(f"the adapter does not fit: {module} of {base.name} {why}; use its own base ({adapter})")


def check_vocabulary(folder: Path, tokenizer: Any) -> None:
    """No token id may lie beyond the embedding's last row: a GPU would crash on it, far from the cause."""
    rows = config_of(folder).get("vocab_size", 0)
    if len(tokenizer) > rows:
        raise Refusal(
            f"the tokenizer knows {len(tokenizer)} tokens but the weights only {rows}; use the tokenizer "
            f"that belongs to these weights ({folder})"
        )


def prompt_ids(tokenizer: Any) -> list[list[int]]:
    """The fixed prompts as the model reads them; as plain text where it has no chat template."""
    chats = bool(tokenizer.chat_template)
    return [tokenizer(text, add_special_tokens=not chats)["input_ids"] for text in prompt_texts(tokenizer)]


def prompt_texts(tokenizer: Any) -> list[str]:
    if not tokenizer.chat_template:
        return list(PROMPTS)
    rendered = []
    for text in PROMPTS:
        rendered.append(render_for(tokenizer, [{"role": "user", "content": text}]))
    return rendered


def logits_of(model: Any, rows: Sequence[Sequence[int]]) -> list[Any]:
    """Logits at every place of each row, one row after another (padding would change the last digits)."""
    import torch

    logits = []
    with torch.no_grad():
        for row in rows:
            answer = model(torch.tensor([list(row)], device=model.device))
            logits.append(answer.logits[0].float().cpu().numpy())
    return logits


def passed(name: str, figures: dict[str, Any]) -> dict[str, Any]:
    """A check as the stage's record has it. One that fails is a refusal, so every check in a record has passed."""
    return {"name": name, "passed": True, "figures": figures}


def compare_logits(before: Sequence[Any], after: Sequence[Any]) -> dict[str, float]:
    """How far `after` is from `before`: mean KL divergence in nats, share of equal first choices, largest change."""
    import numpy
    from scipy.special import log_softmax

    kl: list[float] = []
    same = places = 0
    largest = 0.0
    for old, new in zip(before, after, strict=True):
        p, q = (log_softmax(logits.astype(numpy.float64), axis=1) for logits in (old, new))
        kl += numpy.sum(numpy.exp(p) * (p - q), axis=1).tolist()
        same += int((old.argmax(axis=1) == new.argmax(axis=1)).sum())
        places += len(old)
        largest = max(largest, float(numpy.abs(old - new).max()))
    mean = float(numpy.mean(kl))
    if not math.isfinite(mean):
        raise Refusal("the weights answer with NaN; make them again with a lower learning_rate")
    return {
        "kl_mean": max(0.0, mean),
        "kl_max": max(0.0, float(numpy.max(kl))),
        "top1_agreement": same / places,
        "largest_change": largest,
        "places": places,
    }
