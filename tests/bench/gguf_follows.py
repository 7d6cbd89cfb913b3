"""Would llama.cpp, asked greedily, write what another engine wrote from the same weights?

    python -m tests.bench.gguf_follows f16.gguf results/smol-hf/gsm8k --tokens 240

Feeds each prompt and response to the GGUF and says at which places it prefers another token, and by how many logits.
The end of a response that was not cut off is a place too. Longer responses are looked at up to `--tokens`.
"""

from argparse import ArgumentParser
from pathlib import Path

import llama_cpp
import numpy as np
import pandas as pd


def main(gguf: str, cell: str, most: int) -> None:
    model = llama_cpp.Llama(gguf, n_ctx=2048, logits_all=True, verbose=False)
    rows = pd.read_parquet(Path(cell) / "samples.parquet").sort_values("tokens_out")
    places, other, whole = 0, 0, 0
    for row in rows.itertuples():
        prompt = model.tokenize(row.prompt.encode(), add_bos=False, special=True)
        tokens = model.tokenize(row.response.encode(), add_bos=False, special=False)
        if len(tokens) <= most and not row.truncated:
            tokens.append(model.token_eos())
            whole += 1
        tokens = tokens[: most + 1]
        model.reset()
        model.eval([*prompt, *tokens[:-1]])
        logits = model.scores[len(prompt) - 1 : len(prompt) - 1 + len(tokens)]
        best = logits.argmax(axis=1)
        gaps = logits.max(axis=1) - logits[np.arange(len(tokens)), tokens]
        differing = np.flatnonzero(best != np.array(tokens))
        places, other = places + len(tokens), other + len(differing)
        for at in differing:
            words = [
                model.detokenize([int(token)]).decode("utf-8", "replace") for token in (tokens[at], best[at])
            ]
            print(
                f"{row.sample_id}, token {at}: {words[0]!r} where it prefers {words[1]!r} by {gaps[at]:.4f}",
                flush=True,
            )
    print(
        f"{len(rows)} responses, {whole} of them to their end: {places} places, another token preferred at {other}"
    )


if __name__ == "__main__":
    parser = ArgumentParser()
    parser.add_argument("gguf")
    parser.add_argument("cell")
    parser.add_argument("--tokens", type=int, default=512)
    asked = parser.parse_args()
    main(asked.gguf, asked.cell, asked.tokens)
