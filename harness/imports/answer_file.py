"""A file of responses against a task: which item each row answers, and which rows and items are left over.

What is unknown, repeated, missing or empty is counted and named, and left out only when that was asked for.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from proctor.common.refusal import Refusal
from proctor.common.schema import nearest
from proctor.tasks import Task

LOOKS_LIKE = '{"sample_id": ..., "response": ...}'
NAMED = 5  # of a kind are told by name; the number of all is told too
# Fields of a row that have a column of their own; any other is kept beside, as JSON.
OWN = ("response", "question", "epoch", "prompt", "tokens_in", "tokens_out", "seconds", "truncated")
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Given:
    """One row of the file, matched to its item. Without a response, its request had failed."""

    line: int
    doc: Row
    epoch: int
    response: str | None
    row: Row

    @property
    def extra(self) -> dict[str, Any]:
        """What has no column: other fields, and another's sample_id."""
        extra = {name: value for name, value in self.row.items() if name not in OWN}
        if extra.get("sample_id") == self.doc["id"]:
            del extra["sample_id"]
        return extra


@dataclass
class Matched:
    """The file against the task. All but `answers` is what was left over, named by sample or by line."""

    answers: list[Given] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    given_twice: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)

    def counted(self) -> dict[str, dict[str, Any]]:
        counts = {}
        for kind in ("unknown", "given_twice", "missing", "empty"):
            names = getattr(self, kind)
            counts[kind] = {"n": len(names), "named": names[:NAMED]}
        return counts


class _Items:
    """The items of a task, by id and by their own text."""

    def __init__(self, task: Task, docs: Sequence[Row]) -> None:
        self.wording = task.asks
        self.by_id = {str(doc["id"]): doc for doc in docs}
        self._by_text = {_folded(str(doc[self.wording])): doc for doc in docs}

    def text_in(self, row: Row) -> Any:
        return row.get("question", row.get(self.wording))

    def answered_by(self, row: Row, line: int) -> Row | None:
        """A `sample_id` of ours decides; another's ids may stand beside the question's text."""
        text, by_name, by_words = self.text_in(row), None, None
        if text is None and row.get("sample_id") is None:
            raise Refusal(
                f"line {line} has neither 'sample_id' nor 'question'", "nothing says which item it answers"
            )
        if row.get("sample_id") is not None:
            by_name = self.by_id.get(str(row["sample_id"]))
        if isinstance(text, str):
            by_words = self._by_text.get(_folded(text))
        if by_name and text is not None and by_words is not by_name:
            raise Refusal(
                f"line {line} has the sample_id of one item and the text of another ({row['sample_id']!r})",
                "either could be meant", "leave one of them out, or mend it",
            )  # fmt: skip
        return by_name or by_words

    def shown(self, row: Row) -> str:
        text = _folded(str(row.get("sample_id") or self.text_in(row)))
        if len(text) > 60:
            return text[:57] + "..."
        return text


def match(task: Task, docs: Sequence[Row], rows: Iterable[tuple[int, Row]], epochs: bool) -> Matched:
    """Each row, which comes with the number of its line, with its item, by `sample_id` or by the item's own text."""
    items, matched, seen = _Items(task, docs), Matched(), set[tuple[str, int]]()
    counts: dict[str, int] = {}
    for line, row in rows:
        response = _response(row, line)
        doc = items.answered_by(row, line)
        if doc is None:
            matched.unknown.append(f"line {line} ({items.shown(row)})")
            continue
        name, epoch = str(doc["id"]), 1
        counts[name] = counts.get(name, 0) + 1
        if "epoch" in row:
            epoch = _epoch(row, line)
        elif epochs:
            epoch = counts[name]
        if (name, epoch) in seen:
            label = name if epoch == 1 else f"{name}, epoch {epoch}"
            matched.given_twice.append(f"line {line} ({label})")
            continue
        seen.add((name, epoch))
        if response is not None and not response.strip():
            matched.empty.append(f"{name} (line {line})")
        matched.answers.append(Given(line, doc, epoch, response, row))
    matched.missing = [name for name in items.by_id if name not in counts]
    matched.answers.sort(key=lambda answer: (str(answer.doc["id"]), answer.epoch))
    return matched


def _epoch(row: Row, line: int) -> int:
    epoch = row["epoch"]
    if not isinstance(epoch, int) or isinstance(epoch, bool) or epoch < 1:
        raise Refusal(f"line {line}: epoch is {epoch!r}", "epochs are counted from 1")
    return epoch


def _response(row: Row, line: int) -> str | None:
    if "response" not in row:
        raise Refusal(
            f"line {line} has no 'response'", nearest("response", list(row)),
            "put the model's text there; null where the request failed",
        )  # fmt: skip
    response = row["response"]
    if response is not None and not isinstance(response, str):
        raise Refusal(
            f"line {line}: response is {type(response).__name__}, not text", "it is marked as the model wrote it",
            "put it in quotes; null where the request failed",
        )  # fmt: skip
    return response


def _folded(text: str) -> str:
    return " ".join(text.split())


def refuse_left_over(matched: Matched, partial: bool, epochs: bool) -> None:
    """Fewer than all, or rows that cannot count, are accepted only when that was said."""
    if not matched.answers:
        raise Refusal("not one row answers an item of this task" + _named(matched.unknown, "; such as"))
    if partial:
        return
    remedy = "give each row its 'epoch'"
    if not epochs:
        remedy += ", or --epochs to count them in their order"
    wrong = [
        (matched.unknown, "rows answer no item of this task", "--partial leaves them out"),
        (
            matched.given_twice, "rows answer an item that was answered before",
            f"{remedy}; --partial keeps the first",
        ),
        (matched.missing, "items have no answer", "--partial marks those that are there"),
    ]  # fmt: skip
    for names, problem, remedy in wrong:
        if names:
            raise Refusal(f"{len(names)} {problem}{_named(names, ':')}", remedy=remedy)


def _named(names: Sequence[str], before: str) -> str:
    if not names:
        return ""
    listed = f"{before} {', '.join(names[:NAMED])}"
    if len(names) > NAMED:
        listed += f" and {len(names) - NAMED} more"
    return listed
