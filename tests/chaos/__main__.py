"""All attacks, and the table of docs/reliability.md: `make chaos`."""

import sys
import tempfile
from pathlib import Path

from tests.chaos.attacks import DAMAGES, FAULTS, Attacks, Result


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        attacks = Attacks(Path(folder) / "chaos")
        print("| attack | tried | ended in the undisturbed rows |\n| --- | --- | --- |", flush=True)
        broke: list[str] = []
        for attack, size in (
            (attacks.kills_at_random, 40), (attacks.kills_at_each_write, 80), (attacks.disk_full, 12),
            (attacks.clock_back, 8), (attacks.two_at_once, 8), (attacks.engine_dies, 5),
            (attacks.server_faults, list(FAULTS)), (attacks.store_damaged, list(DAMAGES)),
        ):  # fmt: skip
            result: Result = attack(size)  # type: ignore[operator]
            broke += result.broke
            print(result.row(), flush=True)
    print(*broke, sep="\n", file=sys.stderr)
    return int(bool(broke))


if __name__ == "__main__":
    sys.exit(main())
