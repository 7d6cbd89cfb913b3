"""What this machine can run: looks, changes nothing, loads no model, and never prints a key."""

import importlib.util
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from proctor.common.paths import project
from proctor.tasks import TASKS

KEYS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "HF_TOKEN")
# What each package is for, and how to get it where that is not `pip install` and its name.
PACKAGES = {
    "transformers": ("engine hf", ""),
    "llama_cpp": ("engine llamacpp", "pip install llama-cpp-python (needs a C compiler)"),
    "vllm": ("engine vllm", "pip install vllm, in an environment of its own, on a machine with a GPU"),
    "openai": ("engine openai", ""),
    "trl": ("training", ""),
    "bitsandbytes": ("nf4 weights", ""),
    "gguf": ("GGUF making", ""),
}


@dataclass(frozen=True)
class Finding:
    what: str
    usable: bool
    found: str
    remedy: str = ""


def examine_machine() -> list[Finding]:
    findings = [*_hardware(), *_packages(), _gsm8k()]
    findings += [
        Finding(f"data {name}", True, "embedded") for name, task in TASKS.items() if not task.fetched
    ]
    for name in KEYS:
        finding = Finding(f"key {name}", True, "present")
        if name not in os.environ:
            remedy = f"export {name}=..., if you use a service that wants it"
            finding = Finding(f"key {name}", False, "absent", remedy)
        findings.append(finding)
    return findings


def _hardware() -> list[Finding]:
    import torch

    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    free = shutil.disk_usage(project()).free / 2**30
    gpus = []
    for number in range(torch.cuda.device_count()):
        about = torch.cuda.get_device_properties(number)
        gpus.append(f"{about.name}, {about.total_memory / 2**30:.0f} GiB")
    without_gpu = "install an NVIDIA driver and a CUDA build of torch; the demo needs none"
    return [
        Finding("processor", True, f"{os.cpu_count()} cores"),
        _measured("memory", memory >= 4, f"{memory:.0f} GiB", "the demo wants 4 GiB"),
        _measured("disk", free >= 5, f"{free:.0f} GiB free", "free 5 GiB"),
        _measured("GPU", bool(gpus), "; ".join(gpus) or "none that torch can see", without_gpu),
    ]


def _measured(what: str, usable: bool, found: str, remedy: str) -> Finding:
    return Finding(what, usable, found, "" if usable else remedy)


def _packages() -> list[Finding]:
    import torch

    findings = [Finding("engine echo", True, "answers from a file")]
    for name, (what, remedy) in PACKAGES.items():
        finding = Finding(what, True, f"{name} is installed")
        if importlib.util.find_spec(name) is None:
            absent = f"the package {name} is not installed"
            finding = Finding(what, False, absent, remedy or f"pip install {name}")
        elif name == "vllm" and not torch.cuda.is_available():
            finding = Finding(
                what, False, "needs a GPU, and torch sees none", "run it on a machine with a GPU"
            )
        findings.append(finding)
    return findings


def _gsm8k() -> Finding:
    remedy = "export PROCTOR_DATA=FOLDER with gsm8k/{train,test}.jsonl, or let `datasets` download it"
    folder = os.environ.get("PROCTOR_DATA")
    if not folder:
        return Finding("data gsm8k", False, "PROCTOR_DATA is not set", remedy)
    if not all((Path(folder) / "gsm8k" / f"{split}.jsonl").is_file() for split in ("train", "test")):
        absent = f"PROCTOR_DATA is set to {folder}, but it has no gsm8k/train.jsonl and gsm8k/test.jsonl"
        return Finding("data gsm8k", False, absent, remedy)
    return Finding("data gsm8k", True, "JSONL files found")
