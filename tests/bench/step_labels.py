"""What the step check sees of wrong steps that people labelled, for docs/confidence.md:

    python -m tests.bench.step_labels gsm8k.json

The file is yours to fetch: ProcessBench's form, an array or a line each, with `steps` (texts) and `label` (the index of
the first wrong step, -1 where none is). Prints shares with Wilson's intervals.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from proctor.common.stats import estimate
from proctor.tasks.number.steps import check_steps


def first_wrong(steps: Sequence[str]) -> int:
    """The index of the first step with a wrong equation, -1 where there is none."""
    for index, step in enumerate(steps):
        right, total = check_steps(step)
        if right < total:
            return index
    return -1


def seen(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[bool]]:
    """What each figure is the share of."""
    wrong = [row for row in rows if row["label"] >= 0]
    flagged = [row for row in wrong if first_wrong(row["steps"]) >= 0]
    return {
        "wrong solutions that are flagged": [first_wrong(row["steps"]) >= 0 for row in wrong],
        "of these, at the labelled step": [first_wrong(row["steps"]) == row["label"] for row in flagged],
        "of these, before it (a false alarm)": [first_wrong(row["steps"]) < row["label"] for row in flagged],
        "right solutions that are flagged": [
            first_wrong(row["steps"]) >= 0 for row in rows if row["label"] < 0
        ],
    }


def main(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    rows = json.loads(text) if text.lstrip().startswith("[") else list(map(json.loads, text.splitlines()))
    for name, shares in seen(rows).items():
        if len(shares) < 2:
            print(f"{name}: {len(shares)} of them, too few")
            continue
        share = estimate([float(one) for one in shares], kind="binary")
        print(
            f"{name}: {100 * share.mean:.1f} % ({100 * share.low:.1f} to {100 * share.high:.1f}) of {share.n:,}"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
