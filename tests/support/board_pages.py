"""A board as a reader meets it: its files, the words of its pages, its links, its rows; and text that means harm."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

HOSTILE = (
    "<script>alert('x')</script>",
    '"><img src=x onerror=alert(1)>',
    "</script><script>alert(2)</script> {{ 7 * 7 }} {% raw %} javascript:alert(3)",
    "turned \u202e round \u2066 and \u2028 split",
    "null \x00 and escape \x1b[31m",
    "x" * 100_000,
    r"\begin{table} | **bold** | $x$ & <!-- ]]>",
    "soft\u00ad hyphens, \u3164 fillers and \U000e0041\U000e0042 tags",
    r"*[1] \input{/etc/passwd} 100% -- --- ;=cmd|' /C calc'!A0 ; @SUM(A1)",
)


def files_of(board: Path) -> dict[str, bytes]:
    return {
        path.relative_to(board).as_posix(): path.read_bytes()
        for path in sorted(board.rglob("*"))
        if path.is_file()
    }


def text_of(board: Path, name: str) -> str:
    """A page's words without its tags."""
    page = (board / name).read_text(encoding="utf-8")
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


def data_of(board: Path, key: str) -> list[dict[str, Any]]:
    """What a browser would get of a cell's answers."""
    parts = sorted((board / "data" / key).glob("[0-9]*.js"), key=lambda path: int(path.stem))
    found = []
    for path in parts:
        text = path.read_text(encoding="ascii")
        assert text.startswith("proctor.part(")
        found += json.loads(text[text.index(",") + 1 : text.rindex(")")])
    return found


class Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.found += [value or "" for name, value in attrs if name in ("href", "src")]


def against(board: Path, baseline: str) -> dict[str, Any]:
    text = (board / "data" / "_against" / f"{baseline}.js").read_text(encoding="ascii")
    found: dict[str, Any] = json.loads(text[text.index(",") + 1 : text.rindex(")")])
    return found
