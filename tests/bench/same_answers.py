"""Are greedy responses what the weights say, token by token, and does each end where they end it?

    python -m tests.bench.same_answers WEIGHTS results/smol-f16/gsm8k results/smol-vllm/gsm8k --items 20

WEIGHTS is the folder that was served, or that the GGUF was made of; then cells of any engine. Each response is fed to
the weights in float32 by transformers, alone and without a cache. At each place the token that was taken is laid beside
the one that they would have taken: its logit is less by a gap that is 0, or small where rounding decides between two
that are close. The end token is one of the places: a response that runs over its end, or stops before it, has a wide gap.
"""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from proctor.finetune.base_settings import base_settings
from proctor.finetune.load import load_model, load_tokenizer

NEAR = 0.25  # in logits: half precision and other kernels move the difference of two logits of a 135 M model by less


class Weights:
    def __init__(self, folder: Path) -> None:
        self.tokenizer = load_tokenizer(folder)
        self.model = load_model(folder, "cpu", float32=True).eval()
        ends = base_settings(str(folder.resolve()))["ends"]
        self.ends = [self.tokenizer.convert_tokens_to_ids(end) for end in ends]

    def widest_gap(self, row: Any) -> tuple[float, str]:
        """Of all places of a response, and what was taken there instead of what."""
        prompt = self.tokenizer(row.prompt, add_special_tokens=False)["input_ids"]
        tokens = self.tokenizer(row.response, add_special_tokens=False)["input_ids"]
        with torch.inference_mode():
            logits = self.model(torch.tensor([prompt + tokens]), logits_to_keep=len(tokens) + 1).logits[0]
        best = logits.max(dim=-1)
        gaps = [float(best.values[at] - logits[at, token]) for at, token in enumerate(tokens)]
        if not row.truncated:
            gaps.append(float(best.values[-1] - logits[-1, self.ends].max()))
        if not gaps:
            return 0.0, ""
        at = max(range(len(gaps)), key=gaps.__getitem__)
        taken = tokens[at] if at < len(tokens) else self.ends[0]
        words = [repr(self.tokenizer.decode([token])) for token in (taken, int(best.indices[at]))]
        return gaps[at], f"token {at} of {len(tokens)}: {words[0]} instead of {words[1]}"


def main(folder: str, cells: list[str], items: int | None) -> None:
    weights = Weights(Path(folder))
    names: list[str] | None = None  # those of the first cell, of every other one too
    for cell in cells:
        rows = pd.read_parquet(Path(cell) / "samples.parquet").set_index("sample_id")
        names = names or list(rows.index)[:items]
        gaps = {}
        for name in names:
            gaps[name], where = weights.widest_gap(rows.loc[name])
            if gaps[name] > NEAR:
                print(f"  {cell} {name}: {gaps[name]:.3f} at {where}", flush=True)
            print(f"{cell} {len(gaps)} of {len(names)}: {gaps[name]:.4f}", file=sys.stderr, flush=True)
        seen = pd.Series(gaps)
        print(
            f"{cell}: {len(seen)} responses; every token the weights' own: {int((seen == 0).sum())}; apart at near "
            f"ties alone: {int(((seen > 0) & (seen <= NEAR)).sum())}; elsewhere: {int((seen > NEAR).sum())}; "
            f"widest {seen.max():.3f}",
            flush=True,
        )


if __name__ == "__main__":
    parser = ArgumentParser()
    parser.add_argument("weights")
    parser.add_argument("cells", nargs="+")
    parser.add_argument("--items", type=int)
    asked = parser.parse_args()
    main(asked.weights, asked.cells, asked.items)
