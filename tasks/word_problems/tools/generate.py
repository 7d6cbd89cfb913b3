"""Makes word problems: `make(split, n, seed)`, the same call always the same problems.

The problems that ship were made, and are made again byte for byte, by

    python -m proctor.tasks.word_problems.tools.generate --split test --n 250 --seed 2026 > data/test.jsonl
    python -m proctor.tasks.word_problems.tools.generate --n 2000 --seed 11 | gzip -n > data/train.jsonl.gz
    python -m proctor.tasks.word_problems.tools.generate --n 8 --seed 52 > data/shots.jsonl
"""

import argparse
import json
import random
import sys
from collections.abc import Iterator

from proctor.common.refusal import Refusal
from proctor.tasks.word_problems.tools.families import FAMILIES
from proctor.tasks.word_problems.tools.family import ProblemFamily

# Draws in a row that give nothing new before a family counts as used up.
_PATIENCE = 3000


def make(split: str, n: int, seed: int) -> list[dict[str, str]]:
    """n problems of a split ('train' or 'test'), spread evenly over its families, no question twice.

    Each has id, family, kind, question and answer (working, then `#### number`). Fewer than n come back only when
    every family is used up.
    """
    return list(stream(split, n, seed))


def stream(split: str, n: int, seed: int) -> Iterator[dict[str, str]]:
    """`make`, one problem at a time. The first m of n problems are the same for every n."""
    families = [family for family in FAMILIES if family.split == split]
    if not families:
        raise Refusal(f"no split called {split!r}; word problems have 'train' and 'test'")
    order = random.Random(f"{split}/{seed}")
    rngs = {family.id: random.Random(f"{split}/{seed}/{family.id}") for family in families}
    seen: set[str] = set()
    made = 0
    while families and made < n:
        order.shuffle(families)
        for family in tuple(families):
            if made == n:
                return
            drawn = _fresh(family, rngs[family.id], seen)
            if drawn is None:
                families.remove(family)
                continue
            made += 1
            name = f"test-{made:04d}" if split == "test" else f"{split}-{seed}-{made:06d}"
            question, answer = drawn
            yield {
                "id": name,
                "family": family.id,
                "kind": family.kind,
                "question": question,
                "answer": answer,
            }


def _fresh(family: ProblemFamily, rng: random.Random, seen: set[str]) -> tuple[str, str] | None:
    for _ in range(_PATIENCE):
        drawn = family.draw(rng)
        if drawn is not None and drawn[0] not in seen:
            seen.add(drawn[0])
            return drawn
    return None


def main() -> None:
    """Writes JSON lines to the standard output."""
    parser = argparse.ArgumentParser(description="Makes word problems as JSON lines.")
    parser.add_argument("--split", choices=("train", "test"), default="train")
    parser.add_argument("--n", type=int, default=250)
    parser.add_argument("--seed", type=int, default=2026)
    args = parser.parse_args()
    for problem in stream(args.split, args.n, args.seed):
        sys.stdout.write(json.dumps(problem, ensure_ascii=False, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
