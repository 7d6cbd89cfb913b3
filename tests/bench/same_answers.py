"""The same weights in two engines: the same greedy responses but at near ties, and none that runs over its end token.

    python -m tests.bench.same_answers WEIGHTS results/smol-hf/gsm8k results/smol-f16/gsm8k

WEIGHTS is the folder that was served, or that the GGUF was made of; then two cells of one task. Every response is fed
to the weights in float32, alone and without a cache: what they would have written at each place is then known. Prints the
figures, and every response that is not as it should be.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from proctor.finetune.base_settings import base_settings
from proctor.finetune.load import load_model, load_tokenizer

NEAR = 0.1  # in logits: the most by which half precision moved the difference of two logits of these models


@dataclass(frozen=True)
class Response:
    tokens: list[int]
    truncated: bool
    logits: torch.Tensor  # a row for each token and one for what comes after the last


class Weights:
    def __init__(self, folder: Path) -> None:
        self.tokenizer = load_tokenizer(folder)
        self.model = load_model(folder, "cpu", float32=True).eval()
        self.ends = [
            self.tokenizer.convert_tokens_to_ids(end) for end in base_settings(str(folder.resolve()))["ends"]
        ]
        self._fed: dict[tuple[str, str], torch.Tensor] = {}

    def fed(self, row: Any) -> Response:
        prompt = self.tokenizer(row.prompt, add_special_tokens=False)["input_ids"]
        tokens = self.tokenizer(row.response, add_special_tokens=False)["input_ids"]
        key = (row.prompt, row.response)
        if key not in self._fed:
            with torch.inference_mode():
                ids = torch.tensor([prompt + tokens])
                self._fed[key] = self.model(ids, logits_to_keep=len(tokens) + 1).logits[0]
        return Response(tokens, row.status == "truncated", self._fed[key])

    def ran_over(self, response: Response) -> bool:
        """Whether the weights were clear that it ends, and it went on."""
        best, token = response.logits[:-1].max(dim=-1)
        for place, taken in enumerate(response.tokens):
            if int(token[place]) in self.ends and float(best[place] - response.logits[place, taken]) > NEAR:
                return True
        return False

    def ended_early(self, response: Response) -> bool:
        """Whether it stopped, not at its limit, where the weights were clear that it goes on."""
        last = response.logits[-1]
        return not response.truncated and float(last.max() - last[self.ends].max()) > NEAR


def gap(a: Response, b: Response) -> float:
    """In logits, between the two tokens at the place where two responses part."""
    for place, (mine, other) in enumerate(zip(a.tokens, b.tokens, strict=False)):
        if mine != other:
            return abs(float(a.logits[place, mine] - a.logits[place, other]))
    shorter, longer = sorted((a, b), key=lambda response: len(response.tokens))
    place = len(shorter.tokens)
    if place == len(longer.tokens):
        return 0.0  # the same tokens, laid out as other text
    logits = longer.logits[place]
    return float(logits.max() - logits[longer.tokens[place]])


def main(folder: str, *cells: str) -> None:
    weights = Weights(Path(folder))
    first, second = (pd.read_parquet(Path(cell) / "samples.parquet").set_index("sample_id") for cell in cells)
    shared = [name for name in first.index if name in second.index]
    gaps, clear, over, early, prompts = [], [], [], [], 0
    for number, name in enumerate(shared, 1):
        rows = first.loc[name], second.loc[name]
        prompts += rows[0].prompt == rows[1].prompt
        mine, other = (weights.fed(row) for row in rows)
        for cell, response in zip(cells, (mine, other), strict=True):
            if weights.ran_over(response):
                over.append(f"{cell} {name}")
            if weights.ended_early(response):
                early.append(f"{cell} {name}")
        if rows[0].response != rows[1].response:
            gaps.append(gap(mine, other))
            if gaps[-1] > NEAR:
                clear.append(f"{name} ({gaps[-1]:.3f})")
        print(f"{number} of {len(shared)}", file=sys.stderr)
    print(f"items: {len(shared)}, prompts equal: {prompts}")
    print(
        f"responses equal: {len(shared) - len(gaps)}; parted at a near tie (at most {NEAR}): {len(gaps) - len(clear)}"
    )
    print(f"gaps where they part: {', '.join(f'{each:.4f}' for each in sorted(gaps)) or 'none'}")
    print(f"parted where the weights were clear: {', '.join(clear) or 'none'}")
    print(
        f"ran over an end token: {', '.join(over) or 'none'}; ended before it: {', '.join(early) or 'none'}"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
