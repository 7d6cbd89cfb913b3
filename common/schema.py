"""Reads one YAML file into a frozen schema, with every mistake told in one line. Knows no schema itself."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from proctor.common import yaml_file
from proctor.common.refusal import Refusal
from proctor.common.yaml_file import first_mistake, nearest

__all__ = ["SAFE_NAME", "Frozen", "check_name", "digest", "nearest", "parse", "read_yaml", "suggest_name"]

SAFE_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


Schema = TypeVar("Schema", bound=BaseModel)


def check_name(name: str, what: str, where: Path | str | None = None) -> str:
    """Names become paths, so only names that are safe as paths are names."""
    if not SAFE_NAME.fullmatch(name):
        raise Refusal(
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
        raw = yaml_file.read(path)
    except ValueError as refused:
        raise Refusal(str(refused)) from None
    if not isinstance(raw, dict):
        raise Refusal(
            "is empty" if raw is None else f"holds {type(raw).__name__}, not fields",
            "a YAML file here is a list of 'field: value'",
            where=path,
        )
    if (
        "name" in schema.model_fields
    ):  # a thing is called as its file is, so that a name cannot say two things
        if "name" in raw:
            raise Refusal(
                "unknown field 'name'",
                f"this one is called {path.stem!r}, as its file is",
                "leave it out",
                path,
            )
        raw = {"name": path.stem, **raw}
    return parse(raw, schema, path)


def parse(raw: dict[str, Any], schema: type[Schema], where: Path | str) -> Schema:
    try:
        return schema.model_validate(raw)
    except ValidationError as refused:
        raise Refusal(first_mistake(refused, schema), where=where) from None


def digest(value: Any) -> str:
    """sha256 of the canonical JSON: equal for equal content, whatever the order of the fields."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
