"""Files of JSON lines that a user brings: one object a line. Files of our own are `common.files.LineFile`."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from proctor.common.refusal import Refusal

HALF = re.compile(r"\\u[dD][89a-fA-F]")  # how JSON writes half of a pair of code units


def read_json_lines(path: Path, looks_like: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each object with the number of its line, empty lines left out; what is wrong with a line is refused.

    >>> list(read_json_lines(Path("texts.jsonl"), '{"text": ...}'))
    [(1, {'text': 'We add fractions.'}), (3, {'text': 'A circle.'})]
    """
    number = 1
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    row = json.loads(line, object_pairs_hook=_each_key_once)
                    if HALF.search(line):
                        row = json.loads(_without_halves(row))
                    if not isinstance(row, dict):
                        raise Refusal("is no JSON object", f"rows look like {looks_like}")
                    yield number, row
    except (FileNotFoundError, IsADirectoryError):
        raise Refusal("no such file", remedy="give the path of a JSONL file", where=path) from None
    except UnicodeDecodeError:
        raise Refusal("not UTF-8 text", remedy="save it as UTF-8", where=path) from None
    except json.JSONDecodeError as broken:
        raise Refusal(
            f"line {number} is no JSON: {broken.msg}", f"rows look like {looks_like}", where=path
        ) from None
    except Refusal as refused:
        raise Refusal(f"line {number} {refused}", where=path) from None
    except (ValueError, RecursionError):
        raise Refusal(
            f"line {number} holds a number or a nesting beyond what can be read", where=path
        ) from None


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Refusal(f"has {twice!r} twice", "which of the two counts nobody can know", "keep one")
    return fields


def _without_halves(row: Any) -> str:
    """JSON can hold half of a character, which is no text and cannot be kept as such."""
    return json.dumps(row, ensure_ascii=False).encode("utf-8", "surrogatepass").decode("utf-8", "replace")
