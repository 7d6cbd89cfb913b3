"""A folder of weights: its settings in JSON, and its tensors in safetensors.

shapes_of(Path("finetune/tiny"))["model.embed_tokens.weight"]    # (2048, 256)
"""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from proctor.common.json_lines import parse_json
from proctor.common.refusal import Refusal


def read_json(path: Path, optional: bool = False) -> dict[str, Any]:
    """An `optional` file that is not there holds nothing."""
    if optional and not path.is_file():
        return {}
    try:
        content: dict[str, Any] = parse_json(path.read_text(encoding="utf-8"))
    except ValueError as broken:
        raise Refusal(f"is no JSON: {broken}", "it is damaged", "fetch or make it again", path) from None
    if not isinstance(content, dict):
        raise Refusal("holds no fields", "it is damaged", "fetch or make it again", path)
    return content


def write_json(path: Path, content: Any, indent: int = 1) -> None:
    text = json.dumps(content, indent=indent, sort_keys=indent == 1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def config_of(folder: Path) -> dict[str, Any]:
    return read_json(folder / "config.json")


def tensors(folder: Path) -> Iterator[tuple[str, Any]]:
    """The name of every tensor with the file that holds it, which is open until the next one is asked for."""
    from safetensors import safe_open

    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, "pt") as file:
            for name in file.keys():  # noqa: SIM118 (it is no dict)
                yield name, file


def shapes_of(folder: Path) -> dict[str, tuple[int, ...]]:
    """The shape of every tensor, read from the files' headers alone."""
    return {name: tuple(file.get_slice(name).get_shape()) for name, file in tensors(folder)}


def parameters_of(folder: Path) -> int:
    return sum(map(math.prod, shapes_of(folder).values()))
