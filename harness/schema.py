"""Reads one YAML file into a frozen schema, with every mistake told in one line. Knows no schema itself."""

import difflib
import hashlib
import json
import re
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from harness.errors import UserError

SAFE_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


Schema = TypeVar("Schema", bound=BaseModel)


def check_name(name: str, what: str, where: Path | None = None) -> str:
    """Names become paths, so only names that are safe as paths are names."""
    if not SAFE_NAME.fullmatch(name):
        raise UserError(
            f"{what} {name!r} is no safe name",
            "names become folders, so they match [a-z0-9][a-z0-9._-]*",
            f"call it {suggest_name(name)!r}" if suggest_name(name) else "choose another name",
            where,
        )
    return name


def suggest_name(name: str) -> str:
    return re.sub(r"[^a-z0-9._-]+", "-", name.lower()).strip("-._")


def read_yaml(path: Path, schema: type[Schema]) -> Schema:
    try:
        text = path.read_text(encoding="utf-8-sig")  # some editors begin a file with a mark
        _refuse_twice(yaml.compose(text), path)
        raw = yaml.safe_load(text)
    except UnicodeDecodeError:
        raise UserError("not UTF-8 text", remedy="save it as UTF-8", where=path) from None
    except (
        yaml.YAMLError,
        ValueError,
        RecursionError,
    ) as broken:  # a date that there is not; too deep a nesting
        raise UserError("not readable as YAML: " + " ".join(str(broken).split()), where=path) from None
    if not isinstance(raw, dict):
        raise UserError(
            "is empty" if raw is None else f"holds {type(raw).__name__}, not fields",
            "a YAML file here is a list of 'field: value'",
            where=path,
        )
    if (
        "name" in schema.model_fields
    ):  # a thing is called as its file is, so that a name cannot say two things
        if "name" in raw:
            raise UserError(
                "unknown field 'name'",
                f"this one is called {path.stem!r}, as its file is",
                "leave it out",
                path,
            )
        raw = {"name": path.stem, **raw}
    return parse(raw, schema, path)


def _refuse_twice(node: yaml.Node | None, path: Path) -> None:
    """PyYAML takes the last of two equal keys and says nothing: the other value would be lost."""
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if isinstance(key, yaml.ScalarNode) and (before := seen.setdefault(key.value, line)) != line:
                raise UserError(
                    f"{key.value!r} stands twice, in lines {before} and {line}",
                    "only one of them would count",
                    "leave one out",
                    path,
                )
            _refuse_twice(value, path)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _refuse_twice(value, path)


def parse(raw: dict[str, Any], schema: type[Schema], where: Path | str) -> Schema:
    try:
        return schema.model_validate(raw)
    except ValidationError as refused:
        raise UserError(_first_mistake(refused, schema), where=where) from None


def _first_mistake(refused: ValidationError, schema: type[BaseModel]) -> str:
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


def digest(value: Any) -> str:
    """sha256 of the canonical JSON: equal for equal content, whatever the order of the fields."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
