"""What `proctor try` runs: models by their addresses become variants, and one or two of them a suite. Runs nothing."""

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from proctor.common.files import write_text
from proctor.common.paths import from_here, names, project
from proctor.common.refusal import Refusal
from proctor.common.schema import parse
from proctor.finetune.base import is_gguf
from proctor.harness.config.variant import Variant

WRITTEN = "# Written by proctor try. Edit it under another name: the next try writes this file again.\n"


class FirstLook(NamedTuple):
    suite: Path
    model: str
    against: str | None
    written: tuple[Path, ...]


def write_trial(model: str, against: str | None, task: str, limit: int, margin: float) -> FirstLook:
    """A variant for each model that is not one yet, and a suite of them, in the project.

    >>> write_trial("models/q4.gguf", "models/q8.gguf", "word_problems", 250, 0.02).model   # doctest: +SKIP
    'q4'
    """
    written: list[Path] = []
    name = _variant(model, written)
    other = None if against is None else _variant(against, written)
    if other == name:
        raise Refusal(f"{model} and {against} are one variant ({name})", remedy="name another model")
    variants = [name] if other is None else [other, name]
    suite = project() / "suites" / f"try-{'-and-'.join(reversed(variants))}.yaml"
    fields = {
        "about": "A first look", "variants": variants, "tasks": [task], "limit": {task: limit},
        "baseline": variants[0], "margin": {task: margin},
    }  # fmt: skip
    _write(suite, fields)
    return FirstLook(suite, name, other, (*written, suite))


def _variant(address: str, written: list[Path]) -> str:
    """The variant that the address names, or one that is written for it."""
    if address in names("variants"):
        return address
    fields = _fields(address)
    last = re.split(r"[/:#\\]", address.rstrip("/"))[-1].removesuffix(".gguf")
    label = re.sub(r"[^a-z0-9._-]+", "-", last.lower()).strip("-._")
    if not label:
        raise Refusal(f"no name can be made of {address!r}", remedy="write a variant's YAML for it")
    name, number = label, 1
    path = project() / "variants" / f"{name}.yaml"
    while name in names("variants"):
        if path.is_file() and yaml.safe_load(path.read_text(encoding="utf-8")) == fields:
            return name
        number += 1
        name = f"{label}-{number}"
        path = project() / "variants" / f"{name}.yaml"
    parse({"name": name, **fields}, Variant, f"proctor try {address}")
    _write(path, fields)
    written.append(path)
    return name


def _fields(address: str) -> dict[str, Any]:
    if address.startswith(("http://", "https://")):
        endpoint, _, model = address.partition("#")
        if not model:
            raise Refusal(
                "the address does not say which model", remedy=f"give {endpoint}#MODEL", where=endpoint
            )
        return {"base": model, "engine": "openai", "endpoint": endpoint}
    if is_gguf(address):
        return {"base": from_here(address), "engine": "llamacpp"}
    return {"base": from_here(address), "engine": _engine()}


def _engine() -> str:
    """vLLM where it is installed beside a GPU; else transformers."""
    if find_spec("vllm") is None:
        return "hf"
    import torch

    return "vllm" if torch.cuda.is_available() else "hf"


def _write(path: Path, fields: dict[str, Any]) -> None:
    if path.exists() and not path.read_text(encoding="utf-8").startswith(WRITTEN):
        raise Refusal("there is a file of your own", remedy="move it, or run its suite", where=path)
    write_text(path, WRITTEN + yaml.safe_dump(fields, sort_keys=False, allow_unicode=True))
