"""Blind ratings by people: what is shown in which order, and what they said, kept in labels.csv at every click.

One plan against the rubric, or two plans side by side. The order is drawn for each rater; names never reach the page.
"""

import csv
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from threading import Lock
from typing import Any, Literal

from proctor.common.files import can_lock, csv_text, lock, write_text
from proctor.common.refusal import Refusal
from proctor.judges.figures.preferences import read_preferences
from proctor.judges.figures.ratings import read_ratings
from proctor.judges.judge import Judge

SCORE_COLUMNS = ("item_id", "rater", "dimension", "score", "cluster")
PAIR_COLUMNS = ("item_id", "order", "verdict", "rater", "plan_a", "plan_b", "cluster")
PLACES = ("left", "right", "tie")
Mode = Literal["scores", "pairs"]
# What a rater's order is drawn by. Scores were called marks once, and nobody's order may change.
_DRAWN_AS = {"scores": "marks", "pairs": "pairs"}


@dataclass(frozen=True)
class RatedPlan:
    """A plan to be rated. `source` is who wrote it (a variant), `pupil` whom it is for."""

    id: str
    profile: str
    text: str
    pupil: str
    source: str = ""


@dataclass(frozen=True)
class Shown:
    """What a rater sees at once: one plan or two, without their names. `order` says which of two stands left."""

    id: str
    profile: str
    texts: tuple[str, ...]
    pupil: str
    order: str = ""
    sources: tuple[str, str] = ("", "")


def shown(plans: Sequence[RatedPlan], mode: Mode, rater: str) -> list[Shown]:
    """All that is to be rated, in an order that is this rater's own and stays the same from one day to the next."""
    draw = random.Random(f"{rater} {_DRAWN_AS[mode]}")
    ordered = sorted(plans, key=lambda plan: plan.id)
    items = []
    if mode == "scores":
        for plan in ordered:
            items.append(Shown(plan.id, plan.profile, (plan.text,), plan.pupil))
    else:
        for a, b in combinations(ordered, 2):
            if a.pupil == b.pupil and a.text != b.text:
                items.append(_pair(a, b, draw))
        if not items:
            raise Refusal("no pupil has two different plans, so there is nothing to compare")
    draw.shuffle(items)
    return items


def _pair(a: RatedPlan, b: RatedPlan, draw: random.Random) -> Shown:
    order, texts = "ab", (a.text, b.text)
    if draw.choice(("ab", "ba")) == "ba":
        order, texts = "ba", (b.text, a.text)
    sources = (a.source or a.id, b.source or b.id)
    return Shown(f"{a.id} {b.id}", a.profile, texts, a.pupil, order, sources)


@contextmanager
def alone_at(labels: Path) -> Iterator[None]:
    """A file of labels is read and written whole, and two raters may have it open at once."""
    if not can_lock():
        yield
        return
    with lock(labels.with_name(f".{labels.name}.lock"), busy=lambda _: None):
        yield


class RatingSheet:
    """labels.csv of several raters, of which one writes here. Every change is on disk when `save` returns."""

    def __init__(self, path: Path, judge: Judge, items: Sequence[Shown], mode: Mode, rater: str) -> None:
        self.path, self.judge, self.items, self.mode, self.rater = path, judge, items, mode, rater
        # `_last`: what a row is for, besides its item and its rater.
        self.columns: tuple[str, ...] = SCORE_COLUMNS if mode == "scores" else PAIR_COLUMNS
        self._last = "dimension" if mode == "scores" else "order"
        if not path.resolve().parent.is_dir():
            raise Refusal(f"there is no folder for the labels; make it first ({path.resolve().parent})")
        self._lock = Lock()
        self._read()

    def _read(self) -> None:
        """The file as it is now: other raters' rows and rows of other plans stay."""
        rows: dict[tuple[str, ...], dict[str, str]] = {}
        if self.path.is_file() and self.path.read_bytes().strip():
            if self.mode == "scores":
                read_ratings(self.path, "label")
            else:
                read_preferences(self.path, "label", labels=True)
            with self.path.open(encoding="utf-8-sig", newline="") as lines:
                for row in csv.DictReader(lines):
                    kept = {column: row.get(column) or "" for column in self.columns}
                    rows[self._key(kept)] = kept
        self._rows = rows

    def _key(self, row: Mapping[str, str]) -> tuple[str, ...]:
        return row["item_id"], row["rater"], row[self._last]

    @property
    def questions(self) -> dict[str, Sequence[Any]]:
        """What is asked about every item, and the answers that there are."""
        if self.mode == "pairs":
            return {"choice": PLACES}
        return dict.fromkeys(self.judge.dimensions, self.judge.scale.levels)

    def ratings(self, at: int) -> dict[str, Any]:
        """What this rater said of an item so far: a score by dimension, or {'choice': place}."""
        item = self.items[at]
        said: dict[str, Any] = {}
        for question in self.questions:
            row = self._rows.get((item.id, self.rater, item.order or question))
            if row and self.mode == "scores":
                said[question] = int(float(row["score"]))
            elif row:
                said[question] = PLACES[(*item.order, "tie").index(row["verdict"])]  # ba: plan b stands left
        return said

    @property
    def done(self) -> int:
        return sum(len(self.ratings(at)) == len(self.questions) for at in range(len(self.items)))

    def save(self, at: object, question: str, answer: object) -> None:
        """An answer of None takes it back."""
        if type(at) is not int or at not in range(len(self.items)):
            raise Refusal(f"there is no item {at!r}")
        if question not in self.questions:
            raise Refusal(f"nobody asks about {question!r} here")
        if answer is not None and (type(answer) not in (int, str) or answer not in self.questions[question]):
            raise Refusal(f"{answer!r} is no answer here")
        item = self.items[at]
        row = {"item_id": item.id, "rater": self.rater, "cluster": item.pupil}
        if self.mode == "scores":
            row |= {"dimension": question, "score": str(answer)}
        else:
            verdict = dict(zip(PLACES, (*item.order, "tie"), strict=True)).get(str(answer), "")
            row |= {
                "order": item.order,
                "verdict": verdict,
                "plan_a": item.sources[0],
                "plan_b": item.sources[1],
            }
        with self._lock, alone_at(self.path):
            self._read()
            self._rows.pop(self._key(row), None)
            if answer is not None:
                self._rows[self._key(row)] = row
            self._write()

    def _write(self) -> None:
        write_text(self.path, csv_text(self.columns, dict(sorted(self._rows.items())).values()))

    def as_page(self) -> dict[str, Any]:
        """All that the page may know: no ids, no names, no sources."""
        levels = list(self.judge.scale.levels)
        dimensions = []
        for name in self.judge.dimensions:
            dimension = self.judge.rubric.dimensions[name]
            anchors = [dimension.anchors[level] for level in levels]
            dimensions.append({"name": name, "about": dimension.about, "anchors": anchors})
        items = []
        for at, item in enumerate(self.items):
            items.append({"profile": item.profile, "texts": item.texts, "said": self.ratings(at)})
        about = {"mode": self.mode, "subject": self.judge.subject}
        return {**about, "levels": levels, "dimensions": dimensions, "items": items}
