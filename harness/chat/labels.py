"""Clicks on two answers side by side, kept in the form of `proctor judge rate --pairs`: what `judge trust` reads.

Beside labels.csv stands labels.jsonl with the two texts of each pair under its id, as `judge pairs` reads them.
"""

import csv
import random
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from proctor.common.digest import digest
from proctor.common.files import csv_text, write_json_lines, write_text
from proctor.common.json_lines import read_json_lines
from proctor.common.refusal import Refusal
from proctor.judges.figures.preferences import ORDERS, read_preferences
from proctor.judges.people.rate import PAIR_COLUMNS, PLACES, alone_at


@dataclass(frozen=True)
class AnsweredPair:
    """Two variants' answers to one question; `order` says which of the two stands left."""

    question: str
    names: tuple[str, str]
    texts: tuple[str, str]
    order: str

    @property
    def item_id(self) -> str:
        return f"chat-{digest([self.question, *self.texts])[:12]}"


def drawn_order() -> str:
    return random.choice(ORDERS)


class ClickedLabels:
    """A click is on disk when `keep` returns; another click on the same pair by the same visitor takes its place."""

    def __init__(self, path: Path) -> None:
        if not path.resolve().parent.is_dir():
            raise Refusal(f"there is no folder for the labels; make it first ({path.resolve().parent})")
        self.path, self._lock = path, Lock()
        if path.is_file() and path.read_bytes().strip():
            read_preferences(path, "label", labels=True)

    def keep(self, pair: AnsweredPair, place: str, rater: str) -> None:
        if place not in PLACES:
            raise Refusal(f"{place!r} is no choice here")
        verdict = dict(zip(PLACES, (*pair.order, "tie"), strict=True))[place]
        row = {
            "item_id": pair.item_id, "order": pair.order, "verdict": verdict, "rater": rater,
            "plan_a": pair.names[0], "plan_b": pair.names[1], "cluster": pair.item_id,
        }  # fmt: skip
        with self._lock, alone_at(self.path):
            rows = []
            for old in self._rows():
                if any(old.get(name) != row[name] for name in ("item_id", "order", "rater")):
                    rows.append(old)
            write_text(self.path, csv_text(PAIR_COLUMNS, [*rows, row]))
            kept, texts = self.path.with_suffix(".jsonl"), list[dict[str, Any]]()
            if kept.is_file():
                looks_like = '{"id": ..., "profile": ..., "a": ..., "b": ...}'
                for _, entry in read_json_lines(kept, looks_like):
                    texts.append(entry)
            if all(entry.get("id") != pair.item_id for entry in texts):
                a, b = pair.texts
                new = {"id": pair.item_id, "profile": pair.question, "a": a, "b": b}
                write_json_lines(kept, [*texts, new])

    def _rows(self) -> list[dict[str, str]]:
        if not self.path.is_file():
            return []
        with self.path.open(encoding="utf-8-sig", newline="") as lines:
            return list(csv.DictReader(lines))
