"""One digest for one value, in this run and every other."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def digest(value: Any) -> str:
    """sha256 of the canonical JSON: equal for equal content, whatever the order of the fields.

    >>> digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    True
    """
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def sha256_of(path: Path) -> str:
    """Of a file's bytes, as they are now."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


CHECK = "check"


def sealed(fields: Mapping[str, Any], name: str = "") -> dict[str, Any]:
    """With a checksum of the content and of the name that it is kept under."""
    return {**fields, CHECK: _checksum(fields, name)}


def is_whole(fields: Any, name: str = "") -> bool:
    """Whether fields are as `sealed` made them; takes the checksum out.

    >>> is_whole(sealed({"text": "18"})), is_whole(sealed({"text": "18"}) | {"text": "19"})
    (True, False)
    """
    return isinstance(fields, dict) and fields.pop(CHECK, None) == _checksum(fields, name)


def _checksum(fields: Mapping[str, Any], name: str) -> str:
    # In ASCII: a model's words may hold half a character.
    return hashlib.sha256((name + json.dumps(fields, sort_keys=True)).encode()).hexdigest()[:32]
