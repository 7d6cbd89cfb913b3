"""Pages of HTML from the templates in templates/.

Text from outside is made harmless wherever it stands. Templates write figures by `f`, which is compare/formatting.py.

    Book(nav, ranked=ranked).page("tasks/concepts.html", "task.html", task={...})          # its path, its text
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

import jinja2
from markupsafe import Markup

from proctor.leaderboard.board import charts
from proctor.leaderboard.board.charts import Plot
from proctor.leaderboard.board.escape import visible
from proctor.leaderboard.compare import formatting

TEMPLATES = Path(__file__).parent / "templates"


@cache
def environment(harmless: Callable[[str], str] = visible) -> jinja2.Environment:
    """The templates, compiled once for all boards of a process."""

    def finalize(value: Any) -> Any:
        return value if hasattr(value, "__html__") else harmless(str(value))

    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.globals |= {"f": formatting, "drawn": _drawn}
    return made


class Book:
    """The pages of a board, each with its way back to the first page, the list of pages, and what all of them show."""

    def __init__(self, nav: list[tuple[str, str]], **shown_everywhere: Any) -> None:
        self.everywhere = {"nav": nav, **shown_everywhere}

    def page(self, path: str, template: str, **values: Any) -> tuple[str, str]:
        root = "../" * (len(PurePosixPath(path).parts) - 1)
        page = environment().get_template(template)
        return path, page.render(root=root, here=path, **self.everywhere, **values)


def _drawn(plot: Plot) -> Markup:
    return charts.inline(plot.drawing)
