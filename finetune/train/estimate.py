"""Estimate: what a recipe would take on this machine, told without training.

Knows arithmetic about layers and one short measurement of this machine. An estimate is right within a factor
of two.
"""

import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from proctor.finetune.base import Base, resolve_base
from proctor.finetune.checks import shapes_of
from proctor.finetune.load import best_device, load_tokenizer
from proctor.finetune.recipe import Recipe
from proctor.finetune.train.data import mix
from proctor.finetune.train.train import total_steps

PADDING = 1.2  # tokens that only fill up a batch, for each that counts
STEP_SECONDS = {"cpu": 0.08, "cuda": 0.06}  # what a step costs apart from arithmetic
USED = {"cpu": 0.45, "cuda": 0.35}  # share of the measured speed of large products that training reaches


@dataclass(frozen=True)
class Estimate:
    steps: int
    examples: Mapping[str, int]
    left_out_too_long: int
    tokens: int
    parameters: int
    trained_parameters: int
    seconds: float
    memory_bytes: int
    device: str


def dry_run(base: Base, recipe: Recipe, files: Mapping[str, Path]) -> Estimate:
    """Reads and tokenises the chats, looks at the base's layers, times one product of matrices; trains
    nothing.
    """
    folder = resolve_base(base)
    mixture = mix(recipe, files, load_tokenizer(folder))
    device = best_device()
    steps = total_steps(recipe, len(mixture.rows))
    per_step = recipe.batch * recipe.accumulation * mixture.tokens / len(mixture.rows)
    shapes = shapes_of(folder)
    parameters = sum(math.prod(shape) for shape in shapes.values())
    trained = parameters if recipe.method == "full" else _adapter_size(shapes, recipe)
    # 2 for the answer, 2 for the way back through the layers, 2 more for the gradients of weights that learn.
    work = (6 if recipe.method == "full" else 4) * parameters + 2 * trained
    if device == "cuda" and recipe.method != "full":
        work += 2 * parameters  # activations are computed twice to save memory
    seconds = steps * (STEP_SECONDS[device] + per_step * PADDING * work / (USED[device] * _speed(device)))
    return Estimate(
        steps=steps,
        examples=mixture.examples,
        left_out_too_long=mixture.too_long,
        tokens=round(per_step * steps),
        parameters=parameters,
        trained_parameters=trained,
        seconds=round(seconds, 1),
        memory_bytes=_memory(
            folder, recipe, parameters, trained, device, max(len(r["input_ids"]) for r in mixture.rows)
        ),
        device=device,
    )


def _adapter_size(shapes: Mapping[str, tuple[int, ...]], recipe: Recipe) -> int:
    wanted = tuple(f".{name}.weight" for name in recipe.target_modules)
    return sum(recipe.rank * sum(shape) for name, shape in shapes.items() if name.endswith(wanted))


def _memory(folder: Path, recipe: Recipe, parameters: int, trained: int, device: str, longest: int) -> int:
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    layers, hidden, inner = (
        int(config[key]) for key in ("num_hidden_layers", "hidden_size", "intermediate_size")
    )
    full = 4 if device == "cpu" or recipe.method == "full" else 2
    held = parameters * (0.6 if recipe.method == "qlora" else full)
    learning = trained * 16  # weight, gradient and two moments, four bytes each
    tokens = recipe.batch * longest
    again = device == "cuda" and recipe.method != "full"
    per_layer = 2 * hidden if again else 8 * hidden + 4 * inner
    activations = tokens * (layers * per_layer * full + int(config["vocab_size"]) * 10)
    return round(held + learning + activations + (5e8 if device == "cpu" else 1.5e9))


def _speed(device: str) -> float:
    """Multiplications and additions a second in a product of the size that training does."""
    import torch

    size = 768 if device == "cpu" else 8192
    left = torch.randn(size, size, device=device, dtype=torch.float32 if device == "cpu" else torch.bfloat16)
    times = []
    for _ in range(5):
        began = time.perf_counter()
        (left @ left)[0, 0].item()
        times.append(time.perf_counter() - began)
    return float(2 * size**3 / min(times))
