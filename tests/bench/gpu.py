"""`make bench-gpu`: Proctor on one GPU at real size, as ratios measured in one run. Needs the extra `gpu` and GSM8K.

Weights of Llama-3.2-3B's shape are made with random values (see gpu_weights.py), so nothing is downloaded but GSM8K,
which PROCTOR_DATA can point to. Each part runs in a process of its own, measured while no other is at work, and writes
each figure down as soon as it is there: a part that fails or runs out of time costs what it had not measured yet.
Libraries are loaded beforehand, side by side; the separate runs alone are whole processes from start to end.

    python -m tests.bench.gpu                                         all of it, in less than ten minutes
    python -m tests.bench.gpu --parts weights,merged --work W --keep  some of it, to go on with the others later
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from datetime import UTC, datetime
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.bench.gpu_measuring import Figures
from tests.bench.gpu_parts import NEVER_EARLY, PARTS
from tests.bench.gpu_table import printed

ROOT = Path(__file__).resolve().parent.parent.parent
os.environ.setdefault("HF_HUB_OFFLINE", "1")

PACKAGES = (
    "torch", "transformers", "vllm", "lm-eval", "inspect-ai", "unsloth", "trl", "peft", "datasets", "bitsandbytes",
)  # fmt: skip
CACHES = {"VLLM_CACHE_ROOT": "vllm", "TORCHINDUCTOR_CACHE_DIR": "inductor", "TRITON_CACHE_DIR": "triton"}


class Part:
    """A part in a process of its own: a failed one costs its own figures, and the GPU is free after each."""

    def __init__(self, name: str, work: Path, given: argparse.Namespace) -> None:
        self.name, self._work = name, work
        for left in (f"{name}.json", f"{name}.go"):
            (work / left).unlink(missing_ok=True)
        environment = os.environ | {key: str(work / "caches" / folder) for key, folder in CACHES.items()}
        environment["PROCTOR_BENCH_BEGAN"] = str(time.time())
        told = ["--one", name, "--work", str(work), "--device", given.device, "--shape", given.shape]
        # A session of its own, so that vLLM's processes go with it.
        self._process = subprocess.Popen(
            [sys.executable, __file__, *told], cwd=ROOT, env=environment, start_new_session=True
        )

    def measure(self, left: float) -> dict[str, Any]:
        """It is its turn."""
        print(f"== {self.name} ({left:.0f} s left)", flush=True)
        began, failed = time.perf_counter(), {}
        (self._work / f"{self.name}.go").touch()
        try:
            if status := self._process.wait(timeout=max(left, 0.0)):
                failed = {"failed": f"exit status {status}"}
        except subprocess.TimeoutExpired:
            failed = {"failed": "its time was up"}
        finally:
            self.end()
        out = self._work / f"{self.name}.json"
        found = json.loads(out.read_text(encoding="utf-8")) if out.is_file() else {}
        return {**found, **failed, "part_seconds": time.perf_counter() - began}

    def end(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def measured(names: list[str], work: Path, given: argparse.Namespace, told: dict[str, Any]) -> None:
    """All parts, one after the other; their figures go into `told`, and to the disk after each."""
    start = time.perf_counter()
    earlier = told.get("seconds", 0.0)
    early = {name: Part(name, work, given) for name in names if name not in NEVER_EARLY}
    try:
        for name in names:
            part = early.pop(name, None) or Part(name, work, given)
            told[name] = part.measure(given.seconds - (time.perf_counter() - start))
            told["seconds"] = earlier + time.perf_counter() - start
            keep(told, given.out)
    finally:
        for part in early.values():
            part.end()


def keep(told: dict[str, Any], out: Path) -> None:
    out.write_text(json.dumps(told, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def machine() -> dict[str, Any]:
    import torch

    def version(name: str) -> str | None:
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            return None

    card = torch.cuda.get_device_properties(0) if torch.cuda.is_available() else None
    return {
        "gpu": f"{card.name}, {card.total_memory // 2**20:,} MiB" if card else "none", "cuda": torch.version.cuda,
        "cores": os.cpu_count(), "python": sys.version.split()[0], "date": datetime.now(UTC).date().isoformat(),
        "versions": {name: version(name) for name in PACKAGES},
    }  # fmt: skip


def refuse_what_lacks(device: str) -> None:
    from proctor.common.refusal import Refusal
    from proctor.harness.engines import refuse_unusable

    if lacking := [name for name in ("torch", "vllm", "unsloth") if find_spec(name) is None]:
        sys.exit(f"{sys.executable} has no {lacking[0]}; use the Python of an environment with proctor[gpu]")
    if device == "cuda":
        try:
            refuse_unusable("vllm", "bench")
        except Refusal as refused:
            sys.exit(str(refused))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--parts", default=",".join(PARTS), help="some of: " + ", ".join(PARTS))
    parser.add_argument(
        "--work", type=Path, help="where weights and caches lie; a temporary folder unless given"
    )
    parser.add_argument("--keep", action="store_true", help="leave the work folder for the next parts")
    parser.add_argument("--out", type=Path, default=Path("bench-gpu.json"))
    parser.add_argument(
        "--seconds", type=float, default=590, help="no part goes on after so many; default 590"
    )
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--shape", default="3b", help="3b, or small to try the script itself")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if wrong := [name for name in given.parts.split(",") if name not in PARTS]:
        parser.error(f"no part is called {wrong[0]!r}; there are {', '.join(PARTS)}")
    return given


def main() -> None:
    given = arguments()
    if given.one:
        PARTS[given.one](given.work, Figures(given.work, given.one), given.device, given.shape)
        return
    refuse_what_lacks(given.device)
    work = given.work or Path(tempfile.mkdtemp(prefix="proctor-bench-"))
    work.mkdir(parents=True, exist_ok=True)
    earlier = json.loads(given.out.read_text(encoding="utf-8")) if given.keep and given.out.is_file() else {}
    told = dict(earlier)
    try:
        measured([name for name in PARTS if name in given.parts.split(",")], work, given, told)
        told["machine"] = machine()  # asking the card takes some of its memory, so it is asked last
        keep(told, given.out)
        print("\n".join(printed(told)))
    finally:
        if not given.keep:
            shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
