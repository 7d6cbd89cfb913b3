"""JSON that was written elsewhere, parsed with bounds; and files of rows that a user brings: JSON lines, or CSV.

Files of our own that grow are `common.files.LineFile`.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from proctor.common.refusal import Refusal

DEEPEST = 100  # of lists and objects in each other: no step behind this one comes near Python's own bound
LARGEST = 2**29  # bytes of a whole file: in memory it takes ten times as much
HALF = re.compile(r"\\u[dD][89a-fA-F]")  # how JSON writes half of a pair of code units


def parse_json(text: str | bytes, pairs: Callable[[list[tuple[str, Any]]], Any] | None = None) -> Any:
    """What the text holds; a ValueError for all that is no JSON, or beyond what every later step can read.

    >>> parse_json('{"a": [1]}')
    {'a': [1]}
    >>> parse_json("[" * 101 + "]" * 101)
    Traceback (most recent call last):
    ValueError: it is nested more than 100 deep
    """
    too_deep = ValueError(f"it is nested more than {DEEPEST} deep")
    try:
        value = json.loads(text, object_pairs_hook=pairs)
    except RecursionError:
        raise too_deep from None
    level = [value]
    for _ in range(DEEPEST + 1):
        below: list[Any] = []
        for each in level:
            if isinstance(each, dict):
                below += each.values()
            elif isinstance(each, list):
                below += each
        level = below
        if not level:
            return value
    raise too_deep


def read_json(path: Path, what: str, remedy: str = "bring the folder as it was written") -> Any:
    """A whole file, which should be `what`: refused where it is missing, too large, cut or nested too deep."""
    why = f"it should be {what}"
    if not path.is_file():
        raise Refusal("no such file", why, remedy, path)
    if path.stat().st_size > LARGEST:
        raise Refusal(f"is larger than {LARGEST:,} bytes", why, remedy, path)
    try:
        text = path.read_text(encoding="utf-8-sig")
        value = parse_json(text)
    except ValueError:
        raise Refusal("is no JSON that can be read", why, remedy, path) from None
    if HALF.search(text):
        return json.loads(_without_halves(value))
    return value


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
                    row = parse_json(line, _each_key_once)
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
    except ValueError:
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
        names = list(map(str.strip, next(reader, ())))
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
