"""How much memory opening and using an engine took, as the operating system counts it.

Counts from what the process held before, so that libraries and earlier work are left out. Linux alone keeps such a
count for a process; elsewhere nothing is measured.
"""

import ctypes
import gc
from pathlib import Path

STATUS = Path("/proc/self/status")
FORGET = Path("/proc/self/clear_refs")  # writing 5 makes the highest count start anew


class Memory:
    def __init__(self) -> None:
        """From now on: what was freed is given back first, or the engine would move into it unseen."""
        gc.collect()
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim:
            trim(0)
        self._before = _held("VmRSS")

    def restart(self) -> None:
        """Forget the peak so far, but not what was held before the engine was opened."""
        try:
            FORGET.write_text("5")
        except OSError:
            self._before = None

    def peak(self) -> int | None:
        """The most bytes held at once since the restart, above what was held before; None where nobody counts."""
        most = _held("VmHWM")
        if self._before is None or most is None:
            return None
        return max(0, most - self._before)


def _held(what: str) -> int | None:
    try:
        lines = STATUS.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{what}:")), None)
