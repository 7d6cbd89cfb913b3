"""Files of rows that a user brings: JSON lines, or CSV. Files of our own are `common.files.LineFile`."""

import csv
import io
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


def csv_rows(text: str, where: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each row of a CSV with the number of its line, empty ones left out. Some spreadsheets part the columns by
    semicolons or tabs: by whatever the head has most of.
    """
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        names = list(map(str.strip, next(reader)))
        for name in names:
            if name and names.count(name) > 1:
                raise Refusal(f"two columns are called {name!r}", remedy="rename one of them", where=where)
        for cells in reader:
            if not "".join(cells).strip():
                continue
            if len(cells) != len(names):
                found = f"line {reader.line_num} has {len(cells)} fields, the head {len(names)}"
                raise Refusal(found, "a text with a comma in it stands in quotation marks", where=where)
            yield reader.line_num, dict(zip(names, map(str.strip, cells), strict=True))
    except csv.Error as broken:
        raise Refusal(f"line {reader.line_num} is no CSV: {broken}", where=where) from None


def _without_halves(row: Any) -> str:
    """JSON can hold half of a character, which is no text and cannot be kept as such."""
    return json.dumps(row, ensure_ascii=False).encode("utf-8", "surrogatepass").decode("utf-8", "replace")
