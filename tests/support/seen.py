"""A page of the board in a browser, and all that it should not have done."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

TRAP = "<img src=x onerror=alert(1)></script><script>alert(2)</script>"


@dataclass
class Seen:
    """A page, and all that it should not have done."""

    page: Any
    base: str
    faults: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        self.page.goto(self.base + path)
        self.page.wait_for_load_state("load")

    def words(self, selector: str) -> list[str]:
        return [text.strip() for text in self.page.locator(selector).all_inner_texts()]


def assert_drawings_are_dark_where_the_screen_is(browser: Any, file: Path, drawn: str) -> None:
    """`drawn` is a part of each drawing: its first has another colour in the dark."""
    colours = set()
    for scheme in ("light", "dark"):
        context = browser.new_context(color_scheme=scheme)
        page = context.new_page()
        page.goto(f"file://{file}")
        colours.add(page.locator(f"svg.chart {drawn}").first.evaluate("one => getComputedStyle(one).fill"))
        context.close()
    assert len(colours) == 2


# What a page does with what it holds itself is the same wherever it came from.
from_disk = pytest.mark.parametrize("seen", ["disk"], indirect=True)
