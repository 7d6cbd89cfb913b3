"""A miniature Llama, made once for all tests: two layers, trained for a few seconds to add small numbers."""

import json
import random
from argparse import Namespace
from functools import cache, partial
from pathlib import Path

from proctor.finetune.recipe import Recipe
from tests.support.once import made_once


def chat(question: str, answer: str) -> dict:
    return {
        "prompt": [{"role": "user", "content": question}],
        "completion": [{"role": "assistant", "content": answer}],
    }


@cache
def chats() -> Path:
    """240 additions, as a file of chats."""
    return made_once("additions", _write_chats) / "additions.jsonl"


def _write_chats(folder: Path) -> None:
    rng = random.Random(1)
    rows = []
    for _ in range(240):
        a, b = rng.randint(1, 9), rng.randint(1, 9)
        rows.append(chat(f"What is {a} plus {b}?", f"{a} + {b} = {a + b}\n#### {a + b}"))
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "additions.jsonl").write_text(text, encoding="utf-8")


@cache
def base(seed: int = 0, steps: int = 40) -> Path:
    """The model's folder, with tokenizer and chat template."""
    return made_once(f"base-{seed}-{steps}", partial(_train_base, seed, steps))


def _train_base(seed: int, steps: int, folder: Path) -> None:
    import torch

    from proctor.finetune.tools.make_tiny import new_model, save, train
    from proctor.finetune.tools.tiny_chats import batches, encode, train_tokenizer
    from proctor.finetune.train.data import read_chats

    torch.manual_seed(seed)
    read = read_chats(chats())
    tokenizer = train_tokenizer(read, 400)
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2}
    model = new_model(len(tokenizer), seed, num_hidden_layers=2, intermediate_size=256, **heads)
    rows = batches(encode(tokenizer, read, 0.1, 128), [1.0] * len(read), 4, 128, seed)
    train(model, rows, Namespace(device="cpu", steps=steps, learning_rate=4e-3))
    save(model, tokenizer, folder)


def recipe(**changes: object) -> Recipe:
    """Six quick steps on the additions, unless told otherwise."""
    told = {
        "method": "lora", "data": [{"source": "additions", "examples": 64}], "steps": 6, "rank": 4,
        "alpha": 8, "learning_rate": 5e-3, "batch": 4, "max_length": 128, "seed": 3,
    }  # fmt: skip
    told |= changes
    if "epochs" in changes:
        told.pop("steps")
    return Recipe.model_validate(told)


def quiet(*_: object) -> None:
    """Progress that nobody looks at."""
