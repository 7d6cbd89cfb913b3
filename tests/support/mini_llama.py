"""A miniature Llama, made once for all tests: two layers, trained for a few seconds to add small numbers."""

import atexit
import json
import random
import shutil
import tempfile
from argparse import Namespace
from functools import cache
from pathlib import Path

from proctor.finetune.recipe import Recipe

HOME = Path(tempfile.mkdtemp(prefix="mini-llama-"))
atexit.register(shutil.rmtree, HOME, ignore_errors=True)


def chat(question: str, answer: str) -> dict:
    return {
        "prompt": [{"role": "user", "content": question}],
        "completion": [{"role": "assistant", "content": answer}],
    }


@cache
def chats() -> Path:
    """240 additions, as a file of chats."""
    rng = random.Random(1)
    rows = []
    for _ in range(240):
        a, b = rng.randint(1, 9), rng.randint(1, 9)
        rows.append(chat(f"What is {a} plus {b}?", f"{a} + {b} = {a + b}\n#### {a + b}"))
    path = HOME / "additions.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@cache
def base(seed: int = 0, steps: int = 40) -> Path:
    """The model's folder, with tokenizer and chat template."""
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
    train(model, rows, Namespace(device="cpu", compile=False, steps=steps, minutes=0, learning_rate=4e-3))
    folder = HOME / f"base-{seed}-{steps}"
    save(model, tokenizer, folder)
    return folder


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
