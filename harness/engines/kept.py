"""Responses as they are kept in files: a line each in a journal, or all of a cell in one file.

Both carry checksums (`common.files`); here stands what tells those of earlier versions, which had none, from damage.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from proctor.common.files import read_kept
from proctor.harness.engines.protocol import Response
from proctor.harness.record import measurements_from


@dataclass(frozen=True, kw_only=True)
class _KeptLine(Response):
    """A response in a journal."""

    key: str
    plan: str = ""


@dataclass(frozen=True, kw_only=True)
class _KeptAnswer(Response):
    """A response in the file of a cell."""

    id: str
    epoch: int
    prompt: str


_LINE, _ANSWERS = TypeAdapter(_KeptLine), TypeAdapter(list[_KeptAnswer])


def response_of(entry: Mapping[str, Any]) -> Response:
    """The response in a kept entry, which says more than that."""
    return Response(**{name: entry[name] for name in Response.__dataclass_fields__ if name in entry})


def is_line(entry: Mapping[str, Any]) -> bool:
    """Whether an earlier version wrote it into a journal."""
    if "finished" in entry:
        return isinstance(entry["finished"], str) and "of" not in entry
    return _fits(_LINE, entry)


def kept_answers(path: Path) -> dict[str, Any] | None:
    """The file of a cell's responses; None where there is none, or where it is not as it was written."""
    return read_kept(path, _are_answers)


def _are_answers(kept: Mapping[str, Any]) -> bool:
    try:
        measurements_from(kept["measured"])
        return isinstance(kept["task_version"], str) and _fits(_ANSWERS, kept["answers"])
    except (ValueError, KeyError, TypeError):
        return False


def _fits(kind: TypeAdapter[Any], value: object) -> bool:
    try:
        kind.validate_json(json.dumps(value), strict=True)
    except ValidationError:
        return False
    return True
