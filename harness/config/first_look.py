"""What `proctor try` runs: models by their addresses become variants, a file of items a task, and all of it a suite.

Runs nothing.
"""

import re
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from proctor.common.files import write_text
from proctor.common.paths import from_here, names, project
from proctor.common.refusal import Refusal
from proctor.common.schema import load_yaml, parse, yaml_of
from proctor.finetune.base import is_gguf, local_folder, resolve_base
from proctor.harness.config.variant import Variant
from proctor.tasks import TASKS
from proctor.tasks.own.guess import guess
from proctor.tasks.own.rows import read_rows
from proctor.tasks.own.task import OwnDefinition, OwnTaskFile

WRITTEN = "# Written by proctor try. Edit it under another name: the next try writes this file again.\n"


class FirstLook(NamedTuple):
    suite: Path
    model: str
    against: str | None
    task: str
    written: tuple[Path, ...]


def write_trial(
    model: str, against: str | None, task: str, limit: int, margin: float, data: str | None = None
) -> FirstLook:
    """A variant for each model that is not one yet, a task where there is `data` of the user's, and a suite of them.

    >>> write_trial("models/q4.gguf", "models/q8.gguf", "word_problems", 250, 0.02).model   # doctest: +SKIP
    'q4'
    """
    written: list[Path] = []
    for address in filter(None, (model, against)):
        if address not in names("variants"):
            _fields(address)  # a model that is not there leaves no files behind
    if data is not None:
        task = _task(data, written)
    name = _variant(model, written)
    other = None if against is None else _variant(against, written)
    if other == name:
        raise Refusal(f"{model} and {against} are one variant ({name})", remedy="name another model")
    variants = [name] if other is None else [other, name]
    called = "-and-".join(reversed(variants))
    if data is not None:
        called += f"-on-{task}"
    suite = project() / "suites" / f"try-{called}.yaml"
    fields = {
        "about": "A first look", "variants": variants, "tasks": [task], "limit": {task: limit},
        "baseline": variants[0], "margin": {task: margin},
    }  # fmt: skip
    _write(suite, fields)
    return FirstLook(suite, name, other, task, (*written, suite))


def _variant(address: str, written: list[Path]) -> str:
    """The variant that the address names, or one that is written for it."""
    if address in names("variants"):
        return address
    fields = _fields(address)
    parse({"name": "model", **fields}, Variant, f"proctor try {address}")
    last = re.split(r"[/:#\\]", address.rstrip("/"))[-1].removesuffix(".gguf")
    return _written("variants", address, last, fields, written)


def _task(data: str, written: list[Path]) -> str:
    """The task that is made of the user's items, its fields guessed as `proctor tasks new` guesses them."""
    data = from_here(data)
    fields = guess(read_rows(data), data)
    file = parse({"name": "task", **fields}, OwnTaskFile, f"proctor try --data {data}")
    OwnDefinition(file, project() / data).docs("test")  # rows that cannot be asked leave no file behind
    return _written("tasks", data, Path(data).stem, fields, written)


def _written(kind: str, address: str, called: str, fields: Mapping[str, Any], written: list[Path]) -> str:
    """The name of the file with these fields, which is written where there is none."""
    label = re.sub(r"[^a-z0-9._-]+", "-", called.lower()).strip("-._")
    if not label:
        raise Refusal(f"no name can be made of {address!r}", remedy="write its YAML by hand, and name that")
    name, number = label, 1
    path = project() / kind / f"{name}.yaml"
    while name in names(kind) or name in TASKS:
        if path.is_file() and load_yaml(path) == fields:
            return name
        number += 1
        name = f"{label}-{number}"
        path = project() / kind / f"{name}.yaml"
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
    base = from_here(address)
    if is_gguf(base):
        resolve_base(base)
        return {"base": base, "engine": "llamacpp"}
    local_folder(base)
    return {"base": base, "engine": _engine()}


def _engine() -> str:
    """vLLM where it is installed beside a GPU; else transformers."""
    if find_spec("vllm") is None:
        return "hf"
    import torch

    return "vllm" if torch.cuda.is_available() else "hf"


def _write(path: Path, fields: Mapping[str, Any]) -> None:
    if path.exists() and not path.read_text(encoding="utf-8").startswith(WRITTEN):
        raise Refusal("there is a file of your own", remedy="move it, or run its suite", where=path)
    write_text(path, WRITTEN + yaml_of(fields))
