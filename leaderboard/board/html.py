"""Pages of HTML from the templates in templates/.

Text from outside is made harmless wherever it stands.

    Book(nav).page("tasks/concepts.html", "task.html", task={...})          # its path, its text
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

import jinja2
from markupsafe import Markup

from proctor.leaderboard.board import charts
from proctor.leaderboard.board.escape import visible
from proctor.leaderboard.board.plots import Plot

TEMPLATES = Path(__file__).parent / "templates"


@cache
def environment(harmless: Callable[[str], str] = visible) -> jinja2.Environment:
    """The templates, compiled once for all boards of a process."""

    def finalize(value: Any) -> Any:
        if isinstance(value, str) and not hasattr(value, "__html__"):
            return harmless(value)
        return value

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


class Book:
    """The pages of a board, each with its way back to the first page, and the list of pages."""

    def __init__(self, nav: list[tuple[str, str]]) -> None:
        self.nav = nav
        self.templates = environment()
        self.templates.globals["drawn"] = _drawn

    def page(self, path: str, template: str, **values: Any) -> tuple[str, str]:
        root = "../" * (len(PurePosixPath(path).parts) - 1)
        page = self.templates.get_template(template)
        return path, page.render(root=root, here=path, nav=self.nav, **values)


def _drawn(plot: Plot) -> Markup:
    return charts.inline(plot.spec, plot.title, plot.about)
