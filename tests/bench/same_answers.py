"""Where greedy responses of two engines part: at a near tie, which rounding decides, or at a fault?

    python -m tests.bench.same_answers WEIGHTS results/smol-hf/gsm8k results/smol-vllm/gsm8k

WEIGHTS is the folder that was served, or that the GGUF was made of. At the first token where two responses differ the
weights are asked in float32 by transformers, alone and without a cache: by how much they prefer one token to the other.
An end is a token too, so a response that ran over its end parts from the other there.
"""

import sys
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from proctor.finetune.load import load_model, load_tokenizer

# In logits. bfloat16 moves the gap between the two best tokens of SmolLM2-135M by 0.06 in the median, by 0.28 in 99 of
# 100 places and by 0.47 at most (2,166 places of GSM8K): its logits reach 41, where the steps of bfloat16 are 0.25.
NEAR = 0.47


def parting(first: list[int], second: list[int]) -> int:
    """The first place where two lists of tokens differ; both end with an end token unless they were cut off."""
    for place, (a, b) in enumerate(zip(first, second, strict=False)):
        if a != b:
            return place
    return min(len(first), len(second))


class Weights:
    def __init__(self, folder: Path) -> None:
        self.tokenizer = load_tokenizer(folder)
        self.model = load_model(folder, "cpu", float32=True).eval()

    def tokens(self, row: Any) -> list[int]:
        read: list[int] = self.tokenizer(row.response, add_special_tokens=False)["input_ids"]
        return read if row.truncated else [*read, self.tokenizer.eos_token_id]

    def where_they_part(self, a: Any, b: Any) -> str:
        first, second = self.tokens(a), self.tokens(b)
        place = parting(first, second)
        if place == min(len(first), len(second)):
            return "one is the beginning of the other"
        prompt = self.tokenizer(a.prompt, add_special_tokens=False)["input_ids"]
        with torch.inference_mode():
            logits = self.model(torch.tensor([prompt + first[:place]]), logits_to_keep=1).logits[0, -1]
        gap = abs(float(logits[first[place]] - logits[second[place]]))
        behind = float(logits.max() - logits[[first[place], second[place]]].max())
        words = " or ".join(repr(self.tokenizer.decode([tokens[place]])) for tokens in (first, second))
        kind = "near tie" if max(gap, behind) <= NEAR else "NO NEAR TIE"
        return f"{kind}: token {place}, {words}, {gap:.4f} apart, the better one {behind:.4f} below the best"


def main(folder: str, *cells: str) -> None:
    weights = Weights(Path(folder))
    first, second = (pd.read_parquet(Path(cell) / "samples.parquet").set_index("sample_id") for cell in cells)
    names = [name for name in first.index if name in second.index]
    differing = [name for name in names if first.loc[name].response != second.loc[name].response]
    prompts = sum(first.loc[name].prompt == second.loc[name].prompt for name in names)
    print(
        f"{len(names)} items, {prompts} prompts equal, {len(names) - len(differing)} responses equal",
        flush=True,
    )
    for name in differing:
        print(f"{name}: {weights.where_they_part(first.loc[name], second.loc[name])}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
