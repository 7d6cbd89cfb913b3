"""The board's drawings as Vega-Lite specifications: scores with intervals, score against what it costs, curves.

vl-convert draws without a browser, with fonts that it brings along, and is allowed no address to load from. In a
page the colours become those of the style sheet, so that a drawing is dark where the page is.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import chain, product
from typing import Any, NamedTuple

import vl_convert
from markupsafe import Markup, escape

BLUE, ORANGE, TEAL, RANGE, INK, QUIET, LINE, PAPER = (
    "#0b57a4", "#a04000", "#00685a", "#9cc3e6", "#1b1f24", "#57606a", "#d5d9de", "#ffffff",
)  # fmt: skip
FONT = "Liberation Sans"  # comes with vl-convert, so that a drawing is the same on every machine
WIDTH, HEIGHT, ROW = 620, 320, 24
MOST_LABELS = 14
LETTER, LABEL = 7.0, 15  # what a label's letter and line take at most
HALO = 3  # of paper round a label, so that it can be read where it crosses a line
# Curves are told apart by their dashes and their label, not by colour alone.
DASHES: tuple[list[int], ...] = ([], [6, 3], [2, 3], [8, 3, 2, 3])


Spec = dict[str, Any]  # a drawing or a part of one, in Vega-Lite's words; the tests hold them to its schema


@dataclass(frozen=True)
class ChartPoint:
    """What is known of a variant: its score with the interval, and what it costs (or how many examples it saw)."""

    name: str
    mean: float
    low: float
    high: float
    cost: float


@dataclass(frozen=True)
class Plot:
    """A drawing to be made: `name` is its file's, `title` and `about` are for those who do not see it."""

    task: str
    name: str
    title: str
    about: str
    spec: Spec

    @cached_property
    def drawing(self) -> str:
        """As `svg` gives it; drawn once, however often it is shown."""
        return svg(self.spec, self.title, self.about)


class Label(NamedTuple):
    """A name beside a point, in pixels; `left`: to the left of it."""

    name: str
    x: float
    y: float
    left: bool


class Axes:
    """Where costs and means lie in a drawing, so that labels can be placed among them."""

    def __init__(self, points: Sequence[ChartPoint], left: float, right: float, log: bool = False) -> None:
        self.bottom, self.top = _room(points)
        self.left, self.right, self.log = left, right, log

    def x(self, title: str, **axis: Any) -> Spec:
        kind = "log" if self.log else "linear"
        scale = {"type": kind, "domain": [self.left, self.right], "nice": False}
        return _number("cost", title=title, scale=scale, axis={"grid": False, **axis})

    def y(self, field: str, title: str) -> Spec:
        scale = {"domain": [self.bottom, self.top], "nice": False, "zero": False}
        return _number(field, title=title, scale=scale)

    def place(self, cost: float, mean: float) -> tuple[float, float]:
        """In pixels, from the left and from the top."""
        share = (cost - self.left) / (self.right - self.left)
        if self.log:
            share = math.log(cost / self.left) / math.log(self.right / self.left)
        return WIDTH * share, HEIGHT * (self.top - mean) / (self.top - self.bottom)


def frontier(points: Sequence[ChartPoint], more_is_better: bool = True) -> set[str]:
    """Those for which no other is at least as good and as cheap, and better in one of the two."""
    sign = 1 if more_is_better else -1
    best = set()
    for point in points:
        beaten = False
        for other in points:
            gain, saved = other.mean - point.mean, sign * (other.cost - point.cost)
            beaten = beaten or (gain >= 0 and saved >= 0 and gain + saved > 0)
        if not beaten:
            best.add(point.name)
    return best


def tradeoff(points: Sequence[ChartPoint], score: str, cost: str, more_is_better: bool = True) -> Spec:
    """A point a variant, with its interval; those on the frontier are filled, and the first have their names."""
    best = frontier(points, more_is_better)
    axes = Axes(points, 0.0, max(point.cost for point in points) * 1.08 or 1.0)
    x = axes.x(cost, tickCount=8)
    bars = []
    for point in points:
        across, end = axes.place(point.cost, point.high)
        bars.append((across, end, axes.place(point.cost, point.low)[1]))
    foremost = sorted(points, key=lambda point: (point.name not in best, -point.mean, point.name))
    places = [(point.name, *axes.place(point.cost, point.mean)) for point in foremost[:MOST_LABELS]]
    rows = [asdict(point) | {"best": point.name in best} for point in points]
    whiskers = {"type": "rule", "color": RANGE, "strokeWidth": 3, "aria": True}
    dots = {"type": "point", "size": 75, "strokeWidth": 2, "stroke": BLUE, "opacity": 1, "aria": True}
    fill = {"condition": {"test": "datum.best", "value": BLUE}, "value": PAPER}
    intervals = _layer(rows, whiskers, x=x, y=axes.y("low", score), y2=HIGH, description=NAME)
    means = _layer(rows, dots, x=x, y=axes.y("mean", score), fill=fill, description=NAME)
    return _drawn([intervals, *_named(_labels(places, bars), places), means], HEIGHT)


def curves(series: Sequence[tuple[str, Sequence[ChartPoint]]], score: str, examples: str) -> Spec:
    """Score against training examples: a line a series, told apart by its dashes and the name at its end."""
    points = list(chain.from_iterable(of_series for _, of_series in series))
    sizes = sorted({point.cost for point in points})
    first, last = sizes[0], sizes[-1]
    # With room for names on the right.
    if first > 0 and last >= 8 * first:
        step = (last / first) ** 0.05
        axes = Axes(points, first / step, last * step**5, log=True)
    else:
        spread = last - first or abs(last) or 1.0
        axes = Axes(points, max(0.0, first - 0.05 * spread), last + 0.25 * spread)
    x = axes.x(examples, labelExpr="format(datum.value, ',')", values=sizes, labelOverlap=True)
    mean, low = axes.y("mean", score), axes.y("low", score)
    layers, ends = [], []
    for at, (name, of_series) in enumerate(series):
        ordered = sorted(of_series, key=lambda point: point.cost)
        rows = list(map(asdict, ordered))
        look = {"color": (BLUE, ORANGE, TEAL)[at % 3], "xOffset": 4 * (at - (len(series) - 1) / 2)}
        line = {"type": "line", "strokeDash": DASHES[at % len(DASHES)], "strokeWidth": 2}
        layers += [
            _layer(rows, {"type": "rule", "strokeWidth": 2, "opacity": 0.45, **look}, x=x, y=low, y2=HIGH),
            _layer(rows, line | look, x=x, y=mean),
            _layer(rows, {"type": "point", "size": 60, "filled": True, "opacity": 1, **look}, x=x, y=mean),
        ]
        ends.append((name, *axes.place(ordered[-1].cost, ordered[-1].mean)))
    return _drawn([*layers, *_named(_labels(ends), ())], HEIGHT)


def loss(steps: Sequence[tuple[float, float]]) -> Spec:
    rows = [{"step": step, "loss": value} for step, value in steps]
    x = _number("step", title="training step", axis={"grid": False})
    y = _number("loss", title="training loss, nats per token", scale={"zero": False})
    return _drawn([_layer(rows, {"type": "line", "color": BLUE, "strokeWidth": 2}, x=x, y=y)], 200)


def scores(
    points: Sequence[ChartPoint], score: str, line_at: float | None = None, rows_are: str = "variant"
) -> Spec:
    """One row a variant, in this order: the mean on its interval; and a line across all, such as at no difference."""
    rows, shown = list(map(asdict, points)), [*points]
    room = min(260.0, LETTER * max(len(point.name) for point in points))  # also for the page's wider letters
    if line_at is not None:
        shown.append(ChartPoint("", line_at, line_at, line_at, 0.0))
    scale = {"domain": [*_room(shown)], "nice": False, "zero": False}
    x = {"title": score, "scale": scale, "axis": {"tickCount": 8}}
    axis = {"labelLimit": 260, "minExtent": room, "ticks": False, "domain": False}
    y = NAME | {"title": rows_are, "sort": None, "axis": axis}
    whiskers = {"type": "rule", "color": RANGE, "strokeWidth": 8}
    dots = {"type": "point", "size": 75, "filled": True, "color": BLUE, "opacity": 1}
    layers = [_layer(rows, whiskers, y=y, x=_number("low", **x), x2=HIGH)]
    if line_at is not None:
        rule = {"type": "rule", "color": QUIET, "strokeDash": [4, 3]}
        layers.append(_layer([{"at": line_at}], rule, x=_number("at", title=score, scale=scale)))
    layers.append(_layer(rows, dots, y=y, x=_number("mean", **x)))
    return _drawn(layers, ROW * max(2, len(points)))


HIGH: Spec = {"field": "high"}  # where a line from `low` ends
NAME: Spec = {"field": "name", "type": "nominal"}


def _number(field: str, **about: Any) -> Spec:
    return {"field": field, "type": "quantitative", **about}


def _layer(rows: Sequence[Mapping[str, Any]], mark: Spec, **encoding: Spec) -> Spec:
    return {"data": {"values": rows}, "mark": mark, "encoding": encoding}


def _room(points: Sequence[ChartPoint]) -> tuple[float, float]:
    """The part of the scale that is needed, with a little air."""
    lowest, highest = min(point.low for point in points), max(point.high for point in points)
    pad = (highest - lowest) * 0.06 or 0.05 * (abs(highest) or 1.0)
    return lowest - pad, highest + pad


def _named(labels: Sequence[Label], points: Sequence[tuple[str, float, float]]) -> list[Spec]:
    """The names where they were placed, each with a line to its point where it stands some lines off it."""
    # Pixels as they are, whatever the other layers' scales.
    x, y = _number("x", scale=None, axis=None), _number("y", scale=None, axis=None)
    own = {name: at for name, _, at in points}
    leaders, layers = [], []
    for label in labels:
        if abs(own.get(label.name, label.y) - label.y) > 1:
            end = label.x - 8 if label.left else label.x + 8
            leaders.append(
                {"name": label.name, "x": label.x, "y": own[label.name], "end_x": end, "end_y": label.y}
            )
    if leaders:
        line = {"type": "rule", "color": QUIET, "strokeWidth": 1, "aria": True}
        ends = {"x2": {"field": "end_x"}, "y2": {"field": "end_y"}}
        layers.append(_layer(leaders, line, x=x, y=y, **ends, description=NAME))
    for left, align, away in ((False, "left", 10), (True, "right", -10)):
        rows = [label._asdict() for label in labels if label.left is left]
        text = {
            "type": "text", "align": align, "dx": away, "baseline": "middle", "color": INK, "fontSize": 12,
            "stroke": PAPER, "strokeWidth": HALO, "aria": True,
        }  # fmt: skip
        if rows:
            layers.append(_layer(rows, text, x=x, y=y, text=NAME, description=NAME))
    return layers


Bar = tuple[float, float, float]  # where an interval stands, its upper and its lower end


def _labels(places: Sequence[tuple[str, float, float]], bars: Sequence[Bar] = ()) -> list[Label]:
    """A label stands beside its point, or some lines off it, so as not to cover another; else the table names it.

    It crosses an interval where it must, and never covers the end of one.
    """
    points = [(x - 7, x + 7, y) for _, x, y in places]
    taken: list[Bar] = []
    labels = []
    for name, x, y in places:
        wide = LETTER * len(name)
        others = [point for point in points if point != (x - 7, x + 7, y)] + taken
        for across, lines, left in product((False, True), (0, 1, -1, 2, -2, 3, -3), (False, True)):
            start = x - 10 - wide if left else x + 10
            at = y + lines * LABEL
            inside = start >= 0 and start + wide <= WIDTH and 0 <= at <= HEIGHT
            if inside and _free(start, start + wide, at, others, bars, across):
                taken.append((start, start + wide, at))
                labels.append(Label(name, x, at, left))
                break
    return labels


def _free(
    start: float, stop: float, at: float, others: Sequence[Bar], bars: Sequence[Bar], across: bool
) -> bool:
    for begin, end, other in others:
        if abs(at - other) < LABEL and start < end and begin < stop:
            return False
    upper, lower = at - LABEL / 2, at + LABEL / 2
    for x, top, end in bars:
        crossed = start < x < stop and top < lower and end > upper
        if crossed and not (across and top < upper and end > lower):
            return False
    return True


def _drawn(layers: Sequence[Spec], height: int) -> Spec:
    words = {"labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal", "labelColor": QUIET}
    lines = {"gridColor": LINE, "domainColor": LINE, "tickColor": LINE}
    axis = {**words, **lines, "titleColor": QUIET, "titlePadding": 10}
    config = {"font": FONT, "aria": False, "view": {"stroke": None}, "axis": axis}
    size = {"width": WIDTH, "height": height, "padding": 8}
    return {"layer": layers, **size, "background": PAPER, "config": config}


# What stands in a drawing, and the style sheet's name for it.
COLOURS = {
    BLUE: "blue", ORANGE: "orange", TEAL: "teal", RANGE: "range", INK: "ink",
    QUIET: "quiet", LINE: "line", PAPER: "paper",
}  # fmt: skip
HALO_STROKE = f'stroke="{PAPER}" stroke-width="{HALO}"'
PAINT = re.compile(r'(fill|stroke)="(#[0-9a-f]{6})"')
NEEDLESS = re.compile(r' (?:role="graphics-[a-z]+"|aria-roledescription="[^"]*"|xmlns(?::xlink)?="[^"]*")')
SIZE = re.compile(r' width="([0-9.]+)" height="([0-9.]+)"')


def svg(chart: Spec, title: str, about: str = "") -> str:
    """A file of its own, with its title and description inside."""
    drawn = str(vl_convert.vegalite_to_svg(chart, allowed_base_urls=[]))
    # Else the halo would cover its letters.
    drawn = drawn.replace(HALO_STROKE, f'{HALO_STROKE} paint-order="stroke"')
    head = f"<title>{escape(title)}</title>"
    if about:
        head += f"<desc>{escape(about)}</desc>"
    end = drawn.index(">") + 1
    return f'{drawn[: end - 1]} role="img">{head}{drawn[end:]}\n'


def png(drawn: str) -> bytes:
    """Of what `svg` drew."""
    return bytes(vl_convert.svg_to_png(drawn, scale=2))


def inline(drawn: str) -> Markup:
    """What `svg` drew, for a page: its colours and letters, as wide as there is room; each mark knows whose it is."""
    drawn = NEEDLESS.sub("", PAINT.sub(_paint, drawn))
    drawn = drawn.replace(' aria-label="', ' data-variant="')
    drawn = drawn.replace(f'font-family="{FONT}"', 'font-family="inherit"')
    return Markup(SIZE.sub(r' class="chart" width="\1"', drawn.replace(' class="marks"', ""), count=1))


def _paint(colour: re.Match[str]) -> str:
    name = COLOURS.get(colour[2])
    return colour[0] if name is None else f'{colour[1]}="var(--{name})"'
