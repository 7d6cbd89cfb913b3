"""Reads a judge's YAML files. A key that stands twice is refused: PyYAML would take the last one and say nothing.

Knows no schema.
"""

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml


class _Once(yaml.SafeLoader):
    """The safe loader, which takes every key of a mapping once."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        lines: dict[str, int] = {}
        for key, _ in node.value:
            line = key.start_mark.line + 1
            if isinstance(key, yaml.ScalarNode) and lines.setdefault(key.value, line) != line:
                raise ValueError(
                    f"{key.value!r} stands twice, in lines {lines[key.value]} and {line}; leave one out"
                )
        return super().construct_mapping(node, deep)


def parsed(text: str, where: Path | str) -> Any:
    """What the text holds; one line where it is no YAML."""
    try:
        return yaml.load(text, _Once)
    except yaml.YAMLError as broken:
        mark = getattr(broken, "problem_mark", None)
        line = f" in line {mark.line + 1}" if mark else ""
        raise ValueError(
            f"not readable as YAML{line}: {getattr(broken, 'problem', broken)} ({where})"
        ) from None
    except ValueError as refused:  # also a date that there is not
        raise ValueError(f"{refused} ({where})") from None


def read(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ValueError(f"not UTF-8 text; save it as UTF-8 ({path})") from None
    return parsed(text, path)
