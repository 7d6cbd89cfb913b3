"""What this machine can run: looks, changes nothing, loads no model, and never prints a key."""

import importlib.util
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from proctor.common.paths import project

KEYS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "HF_TOKEN")


@dataclass(frozen=True)
class Finding:
    what: str
    usable: bool
    found: str
    remedy: str = ""


def examine_machine() -> list[Finding]:
    return [*_hardware(), *_engines(), *_data(), *_keys()]


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
        _finding("memory", memory >= 4, f"{memory:.0f} GiB", "the demo wants 4 GiB"),
        _finding("disk", free >= 5, f"{free:.0f} GiB free", "free 5 GiB"),
        _finding("GPU", bool(gpus), "; ".join(gpus) or "none that torch can see", without_gpu),
    ]


def _finding(what: str, usable: bool, found: str, remedy: str) -> Finding:
    """The remedy is for where it is not usable."""
    if usable:
        return Finding(what, True, found)
    return Finding(what, False, found, remedy)


def _engines() -> list[Finding]:
    import torch

    vllm = _package(
        "engine vllm", "vllm", "pip install vllm, in an environment of its own, on a machine with a GPU"
    )
    if vllm.usable and not torch.cuda.is_available():
        vllm = Finding(
            "engine vllm", False, "needs a GPU, and torch sees none", "run it on a machine with a GPU"
        )
    return [
        _package("engine hf", "transformers"),
        _package("engine llamacpp", "llama_cpp", "pip install llama-cpp-python (needs a C compiler)"),
        vllm,
        _package("engine openai", "openai"),
        Finding("engine echo", True, "answers from a file"),
        _package("training", "trl"),
        _package("nf4 weights", "bitsandbytes"),
        _package("GGUF making", "gguf"),
    ]


def _package(what: str, name: str, remedy: str = "") -> Finding:
    if importlib.util.find_spec(name) is None:
        return Finding(what, False, f"the package {name} is not installed", remedy or f"pip install {name}")
    return Finding(what, True, f"{name} is installed")


def _data() -> list[Finding]:
    gsm8k = Finding("data gsm8k", True, "JSONL files found")
    remedy = "export PROCTOR_DATA=FOLDER with gsm8k/{train,test}.jsonl, or let `datasets` download it"
    folder = os.environ.get("PROCTOR_DATA")
    if not folder:
        gsm8k = Finding("data gsm8k", False, "PROCTOR_DATA is not set", remedy)
    elif not all((Path(folder) / "gsm8k" / f"{split}.jsonl").is_file() for split in ("train", "test")):
        absent = f"PROCTOR_DATA is set to {folder}, but it has no gsm8k/train.jsonl and gsm8k/test.jsonl"
        gsm8k = Finding("data gsm8k", False, absent, remedy)
    embedded = [
        Finding(f"data {name}", True, "embedded")
        for name in ("word_problems", "concepts", "study_plan", "questions")
    ]
    return [gsm8k, *embedded]


def _keys() -> list[Finding]:
    findings = []
    for name in KEYS:
        finding = Finding(f"key {name}", True, "present")
        if name not in os.environ:
            finding = Finding(
                f"key {name}", False, "absent", f"export {name}=..., if you use a service that wants it"
            )
        findings.append(finding)
    return findings
