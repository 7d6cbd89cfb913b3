"""What a recipe would take on this machine, for `proctor run --dry-run`: steps, tokens, time and memory.

    estimate_training("finetune/tiny", Recipe.load("tiny-lora"), files).seconds   # 38.2 on two CPU cores

Arithmetic about the base's layers and one short measurement of this machine; nothing is trained. Time is right within
a factor of two.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from proctor.finetune.base import Base, resolve_base
from proctor.finetune.folder import config_of, parameters_of, shapes_of
from proctor.finetune.load import best_device, load_tokenizer
from proctor.finetune.recipe import Recipe
from proctor.finetune.train.data import mix
from proctor.finetune.train.trainer import recomputes, total_steps

PADDING = 1.2  # tokens that only fill up a batch, for each that counts
STEP_SECONDS = {"cpu": 0.08, "cuda": 0.06}  # what a step costs apart from arithmetic
USED = {"cpu": 0.45, "cuda": 0.35}  # share of the measured speed of large products that training reaches


@dataclass(frozen=True)
class TrainingEstimate:
    steps: int
    tokens: int
    left_out_too_long: int
    seconds: float
    memory_bytes: int
    device: str


def estimate_training(base: Base, recipe: Recipe, files: Mapping[str, Path]) -> TrainingEstimate:
    """Reads and tokenises the chats, looks at the base's layers, times one product of matrices."""
    folder = resolve_base(base)
    mixture = mix(recipe, files, load_tokenizer(folder))
    device = best_device()
    steps = total_steps(recipe, len(mixture.rows))
    tokens_a_step = recipe.batch * recipe.accumulation * mixture.tokens / len(mixture.rows)
    shapes = shapes_of(folder)
    parameters = parameters_of(folder)
    full = recipe.method == "full"
    trained = parameters
    if not full:
        modules = tuple(f".{name}.weight" for name in recipe.target_modules)
        trained = recipe.rank * sum(sum(shape) for name, shape in shapes.items() if name.endswith(modules))
    recomputed = recomputes(recipe, folder, device)
    # For each token and parameter 2 operations for the answer and 2 for the way back through the layers, 2 more for
    # the gradients of weights that learn.
    operations = 4 * parameters + 2 * trained
    if full or recomputed:
        operations += 2 * parameters
    seconds_a_token = PADDING * operations / (USED[device] * _operations_a_second(device))
    longest = max(len(row["input_ids"]) for row in mixture.rows)
    seconds = steps * (STEP_SECONDS[device] + tokens_a_step * seconds_a_token)
    memory = _memory(folder, recipe, parameters, trained, device, longest, recomputed)
    return TrainingEstimate(
        steps, round(tokens_a_step * steps), mixture.too_long, round(seconds, 1), memory, device
    )


def _memory(
    folder: Path, recipe: Recipe, parameters: int, trained: int, device: str, longest: int, recomputed: bool
) -> int:
    config = config_of(folder)
    hidden = int(config["hidden_size"])
    value_bytes = 4
    values_a_layer = 8 * hidden + 4 * int(config["intermediate_size"])
    if device == "cuda" and recipe.method != "full":
        value_bytes = 2  # bfloat16
    if recomputed:
        values_a_layer = 2 * hidden
    weights = parameters * value_bytes
    if recipe.method == "qlora":
        weights = round(parameters * 0.6)
    learning = trained * 16  # weight, gradient and two moments, four bytes each
    layers = int(config["num_hidden_layers"])
    token_bytes = layers * values_a_layer * value_bytes + int(config["vocab_size"]) * 10
    libraries = {"cpu": 5e8, "cuda": 1.5e9}[device]
    return round(weights + learning + recipe.batch * longest * token_bytes + libraries)


def _operations_a_second(device: str) -> float:
    """Multiplications and additions in a product of matrices of the size that training multiplies."""
    import torch

    size, number = (768, torch.float32) if device == "cpu" else (8192, torch.bfloat16)
    matrix = torch.randn(size, size, device=device, dtype=number)
    times = []
    for _ in range(5):
        start = time.perf_counter()
        (matrix @ matrix)[0, 0].item()
        times.append(time.perf_counter() - start)
    return float(2 * size**3 / min(times))
