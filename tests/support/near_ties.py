"""Where two decodings of one prompt part: at a near tie, which rounding decides, or at a fault? Knows llama-cpp-python
alone."""

import math
from collections.abc import Sequence
from typing import Any

# In logits. Between one token at a time and many together the difference of two logits of the embedded model moves
# by 0.003 mostly and by 0.05 at most (9,340 tokens, f16, AVX-512): an answer can part only where two are that close.
NEAR = 0.05


def gap_where_they_part(alone: Any, prompt: Sequence[int], tokens: Sequence[int]) -> float:
    """How much better the best token is than the one that was taken, where it first was another; `alone` is a `Llama`
    with `logits_all`, which is fed one token at a time. Infinite where they never part: then it was no
    rounding that made the texts differ."""
    alone.reset()
    alone.eval(list(prompt))
    for token in tokens:
        logits = alone.scores[alone.n_tokens - 1]
        if int(logits.argmax()) != token:
            return float(logits.max() - logits[token])
        alone.eval([token])
    return math.inf
