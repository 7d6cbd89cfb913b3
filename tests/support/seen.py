"""A page of the board in a browser, and all that it should not have done."""

from dataclasses import dataclass, field
from typing import Any

import pytest

# After a frame, in which scripts have had their turn.
FITS = (
    "new Promise(done => requestAnimationFrame(() => "
    "done(document.documentElement.scrollWidth <= innerWidth)))"
)
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


# What a page does with what it holds itself is the same wherever it came from.
from_disk = pytest.mark.parametrize("seen", ["disk"], indirect=True)
