"""A chart's specification becomes a drawing: SVG and PNG files for a report, SVG inside a page of the board.

vl-convert draws without a browser, with fonts that it brings along, and is allowed no address to load from. In a
page the colours become those of the style sheet, so that a drawing is dark where the page is. Knows no results.
"""

import re
from typing import Any

from markupsafe import Markup, escape

from proctor.leaderboard.board import charts
from proctor.leaderboard.board.plots import Plot

# What stands in a drawing, and the style sheet's name for it.
COLOURS = {
    charts.BLUE: "blue", charts.ORANGE: "orange", charts.TEAL: "teal", charts.RANGE: "range", charts.INK: "ink",
    charts.QUIET: "quiet", charts.LINE: "line", charts.PAPER: "paper",
}  # fmt: skip
HALO = f'stroke="{charts.PAPER}" stroke-width="{charts.HALO}"'
PAINT = re.compile(r'(fill|stroke)="(#[0-9a-f]{6})"')
NEEDLESS = re.compile(r' (?:role="graphics-[a-z]+"|aria-roledescription="[^"]*"|xmlns(?::xlink)?="[^"]*")')
SIZE = re.compile(r' width="([0-9.]+)" height="([0-9.]+)"')


def svg(chart: dict[str, Any], title: str, about: str = "") -> str:
    """A file of its own, with its title and description inside."""
    import vl_convert

    drawn = str(vl_convert.vegalite_to_svg(chart, allowed_base_urls=[]))
    drawn = drawn.replace(HALO, f'{HALO} paint-order="stroke"')  # else the halo would cover its letters
    head = f"<title>{escape(title)}</title>" + (f"<desc>{escape(about)}</desc>" if about else "")
    end = drawn.index(">") + 1
    return f'{drawn[: end - 1]} role="img">{head}{drawn[end:]}\n'


def png(chart: dict[str, Any]) -> bytes:
    import vl_convert

    return bytes(vl_convert.svg_to_png(svg(chart, ""), scale=2))


def of(plot: Plot) -> Markup:
    return inline(plot.spec, plot.title, plot.about)


def inline(chart: dict[str, Any], title: str, about: str = "") -> Markup:
    """For a page: the page's colours and letters, as wide as there is room."""
    drawn = NEEDLESS.sub("", PAINT.sub(_paint, svg(chart, title, about)))
    drawn = drawn.replace(f'font-family="{charts.FONT}"', 'font-family="inherit"')
    return Markup(SIZE.sub(r' class="chart" width="\1"', drawn.replace(' class="marks"', ""), count=1))


def _paint(found: re.Match[str]) -> str:
    name = COLOURS.get(found[2])
    return f'{found[1]}="var(--{name})"' if name else found[0]
