"""Makes the embedded model from scratch: a Llama of about five million parameters with its own tokenizer.

    python -m proctor.finetune.tools.make_tiny --chats FILE[=WEIGHT] ... --out DIR --steps N --seed S --device cuda

Chats come as JSONL files of {"prompt": [turns], "completion": [turns]}.
"""

import argparse
import json
import math
import random
import time
from collections.abc import Iterator
from contextlib import nullcontext
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from proctor.common.digest import sha256_of
from proctor.common.refusal import Refusal
from proctor.finetune.tools.tiny_chats import (
    CONTEXT,
    Chat,
    Encoded,
    batches,
    encode,
    pack,
    tensors,
    train_tokenizer,
)
from proctor.finetune.train.data import read_chats


def new_model(vocab_size: int, seed: int, **sizes: int) -> LlamaForCausalLM:
    """Every row length is a multiple of 256, which llama.cpp's K-quants need."""
    torch.manual_seed(seed)
    shape = {
        "hidden_size": 256,
        "intermediate_size": 768,
        "num_hidden_layers": 6,
        "num_attention_heads": 8,
        "num_key_value_heads": 4,
    }
    config = LlamaConfig(
        vocab_size=vocab_size,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=True,
        rms_norm_eps=1e-5,
        bos_token_id=None,
        pad_token_id=0,
        eos_token_id=2,
        **{**shape, **sizes},
    )
    model = LlamaForCausalLM(config)
    # Transformers' default of 0.02 for every matrix makes the residual stream grow with depth: scale the last ones.
    for name, weight in model.named_parameters():
        if name.endswith(("o_proj.weight", "down_proj.weight")):
            torch.nn.init.normal_(weight, std=0.02 / math.sqrt(2 * config.num_hidden_layers))
    return model


def loss_of(model: Any, batch: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, torch.Tensor]:
    """Weighted sum of the losses, and the sum of the weights. A token sees only its own chat."""
    ids, weights, positions, owner = batch
    causal = torch.ones(ids.shape[1], ids.shape[1], dtype=torch.bool, device=ids.device).tril()
    mask = (owner[:, :, None] == owner[:, None, :])[:, None] & causal
    logits = model(input_ids=ids, attention_mask=mask, position_ids=positions, use_cache=False).logits
    each = functional.cross_entropy(
        logits[:, :-1].float().flatten(0, 1), ids[:, 1:].flatten(), reduction="none"
    )
    return (each * weights[:, 1:].flatten()).sum(), weights[:, 1:].sum()


def train(
    model: LlamaForCausalLM, source: Iterator[tuple[torch.Tensor, ...]], arguments: argparse.Namespace
) -> dict[str, Any]:
    """AdamW with warm-up and a cosine to a twentieth."""
    device, lively = torch.device(arguments.device), arguments.device == "cuda"
    model.to(device).train()
    decayed = [weight for weight in model.parameters() if weight.ndim > 1]
    kept = [weight for weight in model.parameters() if weight.ndim <= 1]
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": 0.1}, {"params": kept, "weight_decay": 0.0}],
        lr=arguments.learning_rate, betas=(0.9, 0.95), fused=lively,
    )  # fmt: skip
    cast = torch.autocast("cuda", dtype=torch.bfloat16) if lively else nullcontext()
    began, tokens, step, log, shown = time.monotonic(), 0, 0, [], 0.0
    while step < arguments.steps:
        done = step / arguments.steps
        warm = min(1.0, (step + 1) / min(100, max(1, arguments.steps // 10)))
        for group in optimizer.param_groups:
            group["lr"] = arguments.learning_rate * warm * (0.05 + 0.95 * (1 + math.cos(math.pi * done)) / 2)
        batch = next(source)
        tokens += int((batch[3] > 0).sum())
        with cast:
            total, weight = loss_of(model, tuple(part.to(device, non_blocking=True) for part in batch))
        loss = total / weight.clamp(min=1e-9)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        step += 1
        if time.monotonic() - shown > 5 or step == arguments.steps:
            shown, value = time.monotonic(), float(loss.detach())
            seconds = shown - began
            if not math.isfinite(value):
                raise Refusal(f"the loss is {value} at step {step}; lower --learning-rate")
            log.append({"step": step, "loss": round(value, 4), "seconds": round(seconds, 1)})
            print(
                f"step {step} loss {value:.4f} {tokens / seconds:,.0f} tokens/s {seconds:.0f} s", flush=True
            )
    return {"steps": step, "tokens": tokens, "seconds": round(time.monotonic() - began, 1), "log": log}


@torch.no_grad()
def held_out_loss(model: LlamaForCausalLM, chats: list[Encoded], length: int, device: str) -> float:
    model.eval()
    total = weight = 0.0
    rows = pack(chats, length)
    for at in range(0, len(rows), 16):
        part, counted = loss_of(model, tuple(t.to(device) for t in tensors(rows[at : at + 16], length)))
        total, weight = total + float(part), weight + float(counted)
    return round(total / max(weight, 1e-9), 4)


def save(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, out: Path) -> None:
    """bfloat16 on disk; `model` itself is rounded too, so that its held-out loss is that of what was saved."""
    out.mkdir(parents=True, exist_ok=True)
    model.to(torch.bfloat16)
    generation = model.generation_config
    generation.eos_token_id, generation.pad_token_id, generation.bos_token_id = [2, 0], 0, None
    generation.do_sample = False
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)
    for file in out.iterdir():
        file.chmod(0o644)  # safetensors writes files that only their owner can read


def main(arguments: argparse.Namespace) -> None:
    began = time.monotonic()
    torch.set_float32_matmul_precision("high")
    rng = random.Random(arguments.seed)
    files = [_weighted(option) for option in arguments.chats]
    training: list[Chat] = []
    repeats: list[float] = []
    held_out: list[Chat] = []
    for path, weight in files:
        chats = read_chats(path)
        rng.shuffle(chats)
        kept_out = min(arguments.held_out, len(chats) // 10)
        held_out += chats[:kept_out]
        training += chats[kept_out:]
        repeats += [weight] * (len(chats) - kept_out)
    tokenizer = train_tokenizer(rng.sample(training, min(len(training), 60_000)), arguments.vocab)
    encoded = encode(tokenizer, training, arguments.prompt_weight, arguments.length)
    cut = sum(len(chat.ids) == arguments.length for chat in encoded)
    mean = sum(len(chat.ids) for chat in encoded) / len(encoded)
    print(
        f"{len(encoded)} chats of {mean:.0f} tokens, {cut} cut at {arguments.length}; {len(tokenizer)} words"
    )
    print(f"read in {time.monotonic() - began:.0f} s", flush=True)
    model = new_model(len(tokenizer), arguments.seed)
    source = batches(encoded, repeats, arguments.batch, arguments.length, arguments.seed)
    figures = train(model, source, arguments)
    save(model, tokenizer, arguments.out)
    unseen = encode(tokenizer, held_out, arguments.prompt_weight, arguments.length)
    made = {
        "seed": arguments.seed,
        "batch": arguments.batch,
        "length": arguments.length,
        "learning_rate": arguments.learning_rate,
        "prompt_weight": arguments.prompt_weight,
        "device": torch.cuda.get_device_name() if arguments.device == "cuda" else "cpu",
        "parameters": model.num_parameters(),
        "held_out_loss": held_out_loss(model, unseen, arguments.length, arguments.device) if unseen else None,
        "chats": {path.name: {"sha256": sha256_of(path), "weight": weight} for path, weight in files},
        "versions": {name: version(name) for name in ("torch", "transformers", "tokenizers")},
        **figures,
    }
    written = json.dumps(made, indent=1, sort_keys=True) + "\n"
    (arguments.out / "made.json").write_text(written, encoding="utf-8")
    shown = ("parameters", "steps", "tokens", "seconds", "held_out_loss")
    print({key: made[key] for key in shown})


def options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Train the embedded model from scratch.")
    parser.add_argument("--chats", nargs="+", required=True, metavar="FILE[=WEIGHT]")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--batch", type=int, default=256, help="rows of --length tokens in a step")
    parser.add_argument("--length", type=int, default=512)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cpu")
    parser.add_argument("--learning-rate", type=float, default=3e-3)
    parser.add_argument(
        "--prompt-weight", type=float, default=0.1, help="0: loss on answers only; 1: on every token"
    )
    parser.add_argument("--vocab", type=int, default=2048)
    parser.add_argument("--held-out", type=int, default=64, help="chats of each file kept out of training")
    return parser


def _weighted(option: str) -> tuple[Path, float]:
    name, _, weight = option.partition("=")
    return Path(name), float(weight or 1)


if __name__ == "__main__":
    main(options().parse_args())
