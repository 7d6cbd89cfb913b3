"""All attacks, or those named, and the table of docs/reliability.md: `make chaos`, `python -m tests.chaos disk_full`.

With `--seconds 200` it ends then, with what was tried; `--seed 2` draws other moments.
"""

import argparse
import math
import sys
import tempfile
import time
from pathlib import Path

from tests.chaos.attacks import DAMAGES, FAULTS, Attacks, OutOfTime, Result

SIZES = {
    "kills_at_random": 40, "kills_at_each_write": 80, "disk_full": 12, "clock_back": 8, "two_at_once": 8,
    "engine_dies": 5, "server_faults": list(FAULTS), "store_damaged": list(DAMAGES),
}  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("attacks", nargs="*", default=list(SIZES))
    parser.add_argument("--seconds", type=float, default=math.inf)
    parser.add_argument("--seed", type=int, default=0)
    wanted = parser.parse_args()
    until, broke = time.monotonic() + wanted.seconds, []
    with tempfile.TemporaryDirectory() as folder:
        attacks = Attacks(Path(folder) / "chaos", wanted.seed, until)
        print("| attack | tried | ended in the undisturbed rows |\n| --- | --- | --- |", flush=True)
        for name in wanted.attacks:
            try:
                result: Result = getattr(attacks, name)(SIZES[name])
            except OutOfTime as ended:
                result = ended.result
            broke += result.broke
            print(result.row(), flush=True)
            if time.monotonic() > until:
                break
    print(*broke, sep="\n", file=sys.stderr)
    return int(bool(broke))


if __name__ == "__main__":
    sys.exit(main())
