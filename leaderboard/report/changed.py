"""Which answers changed between two variants: the items on which their scores differ, losses first.

changed = changed_answers(cells["tiny-q4", "concepts"], cells["tiny", "concepts"])
changed[0].item, changed[0].before.answer, changed[0].after.answer
"""

from collections.abc import Sequence
from dataclasses import dataclass

from proctor.harness.record import Cell, TaskRecord
from proctor.leaderboard.compare import formatting
from proctor.leaderboard.compare.comparison import Comparison
from proctor.leaderboard.compare.items import shared_items


@dataclass
class ItemAnswers:
    """All epochs of one item. A response from which nothing was extracted stands for itself."""

    prompt: str
    target: str
    answers: list[str]
    scores: list[float]

    @property
    def score(self) -> float:
        return sum(self.scores) / len(self.scores)

    @property
    def answer(self) -> str:
        return " / ".join(dict.fromkeys(self.answers))


@dataclass(frozen=True)
class ChangedAnswer:
    item: str
    before: ItemAnswers
    after: ItemAnswers

    @property
    def gain(self) -> float:
        return self.after.score - self.before.score


@dataclass(frozen=True)
class ChangedAnswers:
    """Of one pair on one task; `before` is the answer of the variant that the other one is compared with."""

    pair: Comparison
    about: TaskRecord
    answers: Sequence[ChangedAnswer]

    @property
    def title(self) -> str:
        lost = sum(answer.gain < 0 for answer in self.answers)
        gained = len(self.answers) - lost
        return f"{self.about.title}, {self.pair.a} against {self.pair.b}: {lost} lost, {gained} gained"

    def rows(self) -> list[list[str]]:
        """Item, target, and of both variants the answer and its score."""
        rows = []
        for answer in self.answers:
            row = [answer.item, answer.after.target]
            for side in (answer.before, answer.after):
                row += [side.answer, formatting.response_score(side.score, self.about)]
            rows.append(row)
        return rows

    @property
    def head(self) -> list[str]:
        return ["Item", "Target", self.pair.b, "its score", self.pair.a, "its score"]


def changed_answers(after: Cell, before: Cell) -> list[ChangedAnswer]:
    now, then = _answers_by_item(after), _answers_by_item(before)
    changed = []
    for item in shared_items(after, before).ids:
        if now[item].score != then[item].score:
            changed.append(ChangedAnswer(item, then[item], now[item]))
    return sorted(changed, key=lambda answer: (answer.gain, answer.item))


def _answers_by_item(cell: Cell) -> dict[str, ItemAnswers]:
    items: dict[str, ItemAnswers] = {}
    rows = cell.rows()
    for row in rows[rows["score"].notna()].to_dict("records"):
        item = items.setdefault(row["sample_id"], ItemAnswers(row["prompt"], row["target"], [], []))
        item.answers.append(row["answer"] or row["response"])
        item.scores.append(row["score"])
    return items
