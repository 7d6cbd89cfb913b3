"""The one way to the terminal. Names, titles, responses and errors come from files and servers: nothing in them may
move the cursor, set the window's title, or turn the direction of reading.

    echo("a title \x1b]0;gone\x07")        # a title \u001b]0;gone\u0007
"""

import re
import sys
from collections.abc import Iterable

import rich.console
from rich.segment import Segment

# Control characters but tab and line feed, halves of characters, and what ends a line or turns its direction.
_UNSHOWN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def shown(text: str) -> str:
    """With such characters written out, as JSON writes them: JSON stays JSON, of the same value."""
    return _UNSHOWN.sub(lambda character: f"\\u{ord(character[0]):04x}", text)


def echo(text: object, err: bool = False, nl: bool = True) -> None:
    """A line on standard output, or on standard error."""
    print(shown(str(text)), end="\n" if nl else "", file=sys.stderr if err else sys.stdout, flush=True)


class Console(rich.console.Console):
    """Rich's own, whose colours and bars reach the terminal, and nothing of the kind that stands in a text."""

    def render(
        self, renderable: rich.console.RenderableType, options: rich.console.ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=shown(segment.text))
