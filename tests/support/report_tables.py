"""What stands in a report, whatever its format."""

import csv
import io
from html.parser import HTMLParser

from markdown_it import MarkdownIt


def rows_in(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def cells_in(markdown: str) -> list[list[str]]:
    """The cells of the tables, as a renderer of Markdown reads them."""
    rows: list[list[str]] = []
    inside = False
    for token in MarkdownIt("commonmark", {"html": True}).enable("table").parse(markdown):
        if token.type in ("tr_open", "tr_close"):
            inside = token.type == "tr_open"
            rows += [[]] if inside else []
        elif token.type == "inline" and inside:
            rows[-1].append("".join(child.content for child in token.children or ()))
    return rows


class Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert not [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.text += data
