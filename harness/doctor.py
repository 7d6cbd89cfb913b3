"""What this machine can run: looks, changes nothing, loads no model, and never prints a key.

[finding.remedy for finding in examine_machine() if not finding.usable]     # ['pip install vllm, in an ...', ...]
"""

import importlib.util
import os
import shutil
from dataclasses import dataclass
from typing import NamedTuple

from proctor.common.paths import project
from proctor.common.refusal import Refusal
from proctor.tasks import TASKS, Task

LEAST_MEMORY_GIB, LEAST_DISK_GIB = 4, 5  # what the demo wants
KEYS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "HF_TOKEN")


class UsedPackage(NamedTuple):
    """A package, what it is for, and how to get it where that is not `pip install` and its name."""

    name: str
    use: str
    remedy: str = ""


PACKAGES = (
    UsedPackage("transformers", "engine hf"),
    UsedPackage("llama_cpp", "engine llamacpp", "pip install llama-cpp-python (needs a C compiler)"),
    UsedPackage(
        "vllm", "engine vllm", "pip install vllm, in an environment of its own, on a machine with a GPU"
    ),
    UsedPackage("openai", "engine openai"),
    UsedPackage("trl", "training"),
    UsedPackage("bitsandbytes", "nf4 weights"),
    UsedPackage("gguf", "GGUF making"),
)


@dataclass(frozen=True)
class Finding:
    """Whether one thing can be used here, what was found of it, and if it cannot, the line that would change that."""

    what: str
    usable: bool
    found: str
    remedy: str = ""


def examine_machine() -> list[Finding]:
    """Hardware, packages, the data of every task and keys, in this order."""
    findings = [*_hardware(), *_packages()]
    for name, task in TASKS.items():
        findings.append(_fetched_data(task) if task.fetched else Finding(f"data {name}", True, "embedded"))
    for name in KEYS:
        remedy = f"export {name}=..., if you use a service that wants it"
        findings.append(_finding(f"key {name}", name in os.environ, "present", "absent", remedy))
    return findings


def _finding(what: str, usable: bool, if_usable: str, if_not: str, remedy: str) -> Finding:
    if usable:
        return Finding(what, True, if_usable)
    return Finding(what, False, if_not, remedy)


def _hardware() -> list[Finding]:
    import torch

    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    free = shutil.disk_usage(project()).free / 2**30
    gpus = []
    for number in range(torch.cuda.device_count()):
        about = torch.cuda.get_device_properties(number)
        gpus.append(f"{about.name}, {about.total_memory / 2**30:.0f} GiB")
    size, space = f"{memory:.0f} GiB", f"{free:.0f} GiB free"
    without_gpu = "install an NVIDIA driver and a CUDA build of torch; the demo needs none"
    return [
        Finding("processor", True, f"{os.cpu_count()} cores"),
        _finding("memory", memory >= LEAST_MEMORY_GIB, size, size, f"the demo wants {LEAST_MEMORY_GIB} GiB"),
        _finding("disk", free >= LEAST_DISK_GIB, space, space, f"free {LEAST_DISK_GIB} GiB"),
        _finding("GPU", bool(gpus), "; ".join(gpus), "none that torch can see", without_gpu),
    ]


def _packages() -> list[Finding]:
    import torch

    findings = [Finding("engine echo", True, "answers from a file")]
    for name, use, remedy in PACKAGES:
        installed = importlib.util.find_spec(name) is not None
        if installed and name == "vllm" and not torch.cuda.is_available():
            why = "needs a GPU, and torch sees none"
            findings.append(Finding(use, False, why, "run it on a machine with a GPU"))
            continue
        found, absent = f"{name} is installed", f"the package {name} is not installed"
        findings.append(_finding(use, installed, found, absent, remedy or f"pip install {name}"))
    return findings


def _fetched_data(task: Task) -> Finding:
    """Reads what a run would read, but downloads nothing."""
    import datasets

    what, place = f"data {task.name}", "PROCTOR_DATA"
    if not os.environ.get("PROCTOR_DATA"):
        place = "the cache of `datasets`"
        if not datasets.config.HF_HUB_OFFLINE:
            return Finding(what, True, "PROCTOR_DATA is not set: comes from the hub, if that can be reached")
    try:
        items = len(task.docs("test"))
        task.docs("train")  # for shots and training
    except Refusal as refusal:
        return Finding(what, False, refusal.found, refusal.remedy)
    return Finding(what, True, f"test items in {place}: {items:,}")
