"""Reads a YAML file, and tells every mistake in it in one line. Knows no schema itself.

A key that stands twice is refused: PyYAML would take the last one and say nothing.
"""

import difflib
import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from proctor.common.refusal import Refusal

Schema = TypeVar("Schema", bound=BaseModel)


class _Once(yaml.SafeLoader):
    """The safe loader, which takes every key of a mapping once."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        lines: dict[str, int] = {}
        for key, _ in node.value:
            line = key.start_mark.line + 1
            if isinstance(key, yaml.ScalarNode) and lines.setdefault(key.value, line) != line:
                raise Refusal(
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
        raise Refusal(f"not readable as YAML{line}: {getattr(broken, 'problem', broken)} ({where})") from None
    except (ValueError, RecursionError) as refused:  # also a date that there is not, and too deep a nesting
        raise Refusal(f"not readable as YAML: {refused} ({where})") from None


def read(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8-sig")  # some editors begin a file with a mark
    except UnicodeDecodeError:
        raise Refusal(f"not UTF-8 text; save it as UTF-8 ({path})") from None
    return parsed(text, path)


def checked(path: Path, schema: type[Schema]) -> Schema:
    raw = read(path)
    if not isinstance(raw, dict):
        found = "is empty" if raw is None else f"holds {type(raw).__name__}"
        raise Refusal(f"{found}; fields are wanted, 'name: value' on each line ({path})")
    try:
        return schema.model_validate(raw)
    except ValidationError as refused:
        raise Refusal(f"{first_mistake(refused, schema)} ({path})") from None


def first_mistake(refused: ValidationError, schema: type[BaseModel]) -> str:
    # A field under a wrong name is missing under its own: the name is what has to be mended.
    mistakes = sorted(refused.errors(), key=lambda one: one["type"] != "extra_forbidden")
    first = mistakes[0]
    field = ".".join(str(part) for part in first["loc"])
    more = f" (and {len(mistakes) - 1} more)" if len(mistakes) > 1 else ""
    if first["type"] == "extra_forbidden":
        known = _fields_at(schema, first["loc"][:-1])
        return f"unknown field {field!r}; {nearest(str(first['loc'][-1]), known)}{more}"
    if first["type"] == "missing":
        return f"field {field!r} is missing; add '{field}: ...'{more}"
    if first["type"] == "literal_error":
        allowed = re.findall(r"'([^']*)'", str(first["ctx"]["expected"]))
        return f"{field}: {first['input']!r} is not a possible value; {nearest(str(first['input']), allowed)}{more}"
    message = first["msg"].removeprefix("Value error, ")
    shown = "" if first["type"] == "value_error" else f" (found {first['input']!r})"
    return f"{field + ': ' if field else ''}{message}{shown}{more}"


def _fields_at(schema: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    """The field names one could have meant at this place of the file."""
    here: Any = schema
    for part in loc:
        if isinstance(part, int):  # an element of a list
            here = next(iter(get_args(here)), None)
            continue
        field = (
            here.model_fields.get(str(part))
            if isinstance(here, type) and issubclass(here, BaseModel)
            else None
        )
        here = field.annotation if field else None
    return list(here.model_fields) if isinstance(here, type) and issubclass(here, BaseModel) else []


def nearest(wrong: str, right: list[str] | tuple[str, ...]) -> str:
    """`did you mean 'x'?`, or all the names there are."""
    near = difflib.get_close_matches(wrong, right, n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}?" if near else f"possible: {', '.join(right) or 'none'}"
