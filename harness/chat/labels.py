"""Clicks on two answers side by side, kept in the form of `proctor judge rate --pairs`: what `judge trust` reads.

Beside labels.csv stands labels.jsonl with the two texts of each pair under its id, as `judge pairs` reads them.
"""

from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from proctor.common.digest import digest
from proctor.common.files import write_json_lines
from proctor.common.json_lines import read_json_lines
from proctor.judges.judge import Judge
from proctor.judges.people.rate import RatingSheet, Shown, alone_at


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


class ClickedLabels:
    """A click is on disk when `keep` returns; another click on the same pair by the same visitor takes its place."""

    def __init__(self, path: Path) -> None:
        self.path, self._lock, self._judge = path, Lock(), Judge.load("pairwise")
        RatingSheet(path, self._judge, [], "pairs", "")  # refuses a file that holds something else

    def keep(self, pair: AnsweredPair, place: str, rater: str) -> None:
        item = Shown(pair.item_id, pair.question, pair.texts, pair.item_id, pair.order, pair.names)
        kept, texts = self.path.with_suffix(".jsonl"), list[dict[str, Any]]()
        with self._lock:
            RatingSheet(self.path, self._judge, [item], "pairs", rater).save(0, "choice", place)
            with alone_at(self.path):
                if kept.is_file():
                    looks_like = '{"id": ..., "profile": ..., "a": ..., "b": ...}'
                    texts += [entry for _, entry in read_json_lines(kept, looks_like)]
                if all(entry.get("id") != pair.item_id for entry in texts):
                    a, b = pair.texts
                    new = {"id": pair.item_id, "profile": pair.question, "a": a, "b": b}
                    write_json_lines(kept, [*texts, new])
