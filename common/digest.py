"""One digest for one value, in this run and every other."""

import hashlib
import json
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
