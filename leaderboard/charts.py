"""Score against speed as points, ticks and labels in the units of a drawing. The template draws it.

Knows numbers and names; must not know results or pages.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import floor, log10

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 64, 24, 16, 52
MOST_LABELS = 14
LETTER, LINE = 7.2, 15  # what a label's letter and line take at most


@dataclass(frozen=True)
class Measured:
    """What is known of a variant: its score with the interval, and how fast it answers."""

    name: str
    mean: float
    low: float
    high: float
    speed: float


@dataclass(frozen=True)
class Point:
    name: str
    x: str
    y: str
    low: str
    high: str
    frontier: bool
    label_x: str
    label_y: str
    anchor: str  # empty: no room for a label, the table names it


@dataclass(frozen=True)
class Tick:
    at: str
    words: str


@dataclass(frozen=True)
class Chart:
    points: tuple[Point, ...]
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]


def frontier(found: Sequence[Measured]) -> set[str]:
    """Those for which no other is at least as good and as fast, and better in one of the two."""
    return {
        one.name
        for one in found
        if not any(
            (other.mean >= one.mean and other.speed >= one.speed)
            and (other.mean > one.mean or other.speed > one.speed)
            for other in found
        )
    }


def tradeoff(
    found: Sequence[Measured], score_words: Callable[[float], str], speed_words: Callable[[float], str]
) -> Chart:
    """Speed from 0 to the right, score upwards over the part of its scale that is needed."""
    fastest = max(one.speed for one in found) * 1.08
    lowest, highest = min(one.low for one in found), max(one.high for one in found)
    pad = (highest - lowest) * 0.06 or 0.05 * (abs(highest) or 1.0)
    bottom, top = lowest - pad, highest + pad

    def x(speed: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * speed / fastest

    def y(score: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (top - score) / (top - bottom)

    best = frontier(found)
    foremost = sorted(found, key=lambda one: (one.name not in best, -one.mean, one.name))[:MOST_LABELS]
    labels = _labels([(one.name, x(one.speed), y(one.mean)) for one in foremost])
    points = []
    for one in found:
        middle, low, high = (_at(y(value)) for value in (one.mean, one.low, one.high))
        points.append(
            Point(
                one.name,
                _at(x(one.speed)),
                middle,
                low,
                high,
                one.name in best,
                *labels.get(one.name, ("", "", "")),
            )
        )
    return Chart(
        tuple(points),
        tuple(Tick(_at(x(value)), speed_words(value)) for value in ticks(0.0, fastest)),
        tuple(Tick(_at(y(value)), score_words(value)) for value in ticks(bottom, top)),
    )


def _labels(places: Sequence[tuple[str, float, float]]) -> dict[str, tuple[str, str, str]]:
    """A label stands beside its point, or as far below as it takes not to cover another label."""
    taken: list[tuple[float, float, float]] = []
    found = {}
    for name, x, y in sorted(places, key=lambda place: (place[2], place[1], place[0])):
        wide = LETTER * len(name)
        leftwards = x + 10 + wide > WIDTH
        start = x - 10 - wide if leftwards else x + 10
        at = y + 4
        while any(
            abs(at - other) < LINE and start < end and begin < start + wide for begin, end, other in taken
        ):
            at += 3
        taken.append((start, start + wide, at))
        found[name] = (_at(x - 10 if leftwards else x + 10), _at(at), "end" if leftwards else "start")
    return found


def ticks(low: float, high: float) -> list[float]:
    """Four to eight round numbers between the two."""
    rough = (high - low) / 5
    power = 10.0 ** floor(log10(rough))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough)
    first = -floor(-low / step)
    return [step * i for i in range(first, floor(high / step) + 1)]


def _at(value: float) -> str:
    return f"{value:.1f}"
