"""What this machine can run: looks, changes nothing, loads no model, and never prints a key."""

import importlib.util
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from proctor.common.paths import project
from proctor.tasks import TASKS

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
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    free = shutil.disk_usage(project()).free / 2**30
    import torch

    gpus = [
        f"{torch.cuda.get_device_name(i)}, {torch.cuda.get_device_properties(i).total_memory / 2**30:.0f} GiB"
        for i in range(torch.cuda.device_count())
    ]
    return [
        Finding("processor", True, f"{os.cpu_count()} cores"),
        Finding("memory", memory >= 4, f"{memory:.0f} GiB", "" if memory >= 4 else "the demo wants 4 GiB"),
        Finding("disk", free >= 5, f"{free:.0f} GiB free", "" if free >= 5 else "free 5 GiB"),
        Finding(
            "GPU",
            bool(gpus),
            "; ".join(gpus) or "none that torch can see",
            "" if gpus else "install an NVIDIA driver and a CUDA build of torch; the demo needs none",
        ),
    ]


def _engines() -> list[Finding]:
    import torch

    def package(what: str, name: str, remedy: str = "", needs_gpu: bool = False) -> Finding:
        if importlib.util.find_spec(name) is None:
            return Finding(
                what, False, f"the package {name} is not installed", remedy or f"pip install {name}"
            )
        if needs_gpu and not torch.cuda.is_available():
            return Finding(what, False, "needs a GPU, and torch sees none", "run it on a machine with a GPU")
        return Finding(what, True, f"{name} is installed")

    return [
        package("engine hf", "transformers"),
        package("engine llamacpp", "llama_cpp", "pip install llama-cpp-python (needs a C compiler)"),
        package(
            "engine vllm",
            "vllm",
            "pip install vllm, in an environment of its own, on a machine with a GPU",
            needs_gpu=True,
        ),
        package("engine openai", "openai"),
        Finding("engine echo", True, "answers from a file"),
        package("training", "trl"),
        package("nf4 weights", "bitsandbytes"),
        package("GGUF making", "gguf"),
    ]


def _data() -> list[Finding]:
    given = os.environ.get("PROCTOR_DATA")
    files = [Path(given) / "gsm8k" / f"{split}.jsonl" for split in ("train", "test")] if given else []
    here = bool(files) and all(path.is_file() for path in files)
    absent = f"PROCTOR_DATA is set to {given}, but it has no gsm8k/train.jsonl and gsm8k/test.jsonl"
    return [
        Finding(
            "data gsm8k",
            here,
            "JSONL files found" if here else absent if given else "PROCTOR_DATA is not set",
            ""
            if here
            else "export PROCTOR_DATA=FOLDER with gsm8k/{train,test}.jsonl, or let `datasets` download it",
        ),
        *(Finding(f"data {name}", True, "embedded") for name, task in TASKS.items() if not task.fetched),
    ]


def _keys() -> list[Finding]:
    return [
        Finding(
            f"key {name}",
            name in os.environ,
            "present" if name in os.environ else "absent",
            "" if name in os.environ else f"export {name}=..., if you use a service that wants it",
        )
        for name in KEYS
    ]
