"""A file of responses against a task: which item each row answers, and which rows and items are left over.

What is unknown, given twice, missing or empty is counted and named, and left out only when that was asked for.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from proctor.common.refusal import Refusal
from proctor.common.schema import nearest
from proctor.tasks import Task

NAMED = 5  # of a kind are told by name; the number of all is told too
# Fields of a row that have a column of their own; any other is kept beside, as JSON.
OWN = ("response", "question", "epoch", "prompt", "tokens_in", "tokens_out", "seconds", "truncated")


@dataclass(frozen=True)
class Given:
    """One row of the file, matched to its item. Without a response, its request had failed."""

    line: int
    doc: Mapping[str, Any]
    epoch: int
    response: str | None
    row: Mapping[str, Any]

    @property
    def extra(self) -> dict[str, Any]:
        """What has no column: other fields, and another's sample_id."""
        return {
            name: value
            for name, value in self.row.items()
            if name not in OWN and not (name == "sample_id" and value == self.doc["id"])
        }


@dataclass
class Matched:
    """The file against the task. All but `answers` is what was left over, named by sample or by line."""

    answers: list[Given] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    given_twice: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)

    def counted(self) -> dict[str, dict[str, Any]]:
        kinds = {
            "unknown": self.unknown,
            "given_twice": self.given_twice,
            "missing": self.missing,
            "empty": self.empty,
        }
        return {name: {"n": len(found), "named": found[:NAMED]} for name, found in kinds.items()}


def read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (FileNotFoundError, IsADirectoryError):
        raise Refusal("no such file of answers", remedy="give the path of a JSONL file", where=path) from None


def match(task: Task, docs: Sequence[Mapping[str, Any]], data: bytes, path: Path, epochs: bool) -> Matched:
    """Each row with its item, by `sample_id` or by the item's own text."""
    by_id = {str(doc["id"]): doc for doc in docs}
    wording = task.asks
    by_text = {_folded(str(doc[wording])): doc for doc in docs}
    found, seen = Matched(), set[tuple[str, int]]()
    counted: dict[str, int] = {}
    for line, row in _rows(data, path):
        doc = _item(row, line, by_id, by_text, wording, path)
        if doc is None:
            found.unknown.append(f"line {line} ({_shown(row, wording)})")
            continue
        name = str(doc["id"])
        counted[name] = counted.get(name, 0) + 1
        epoch = _epoch(row, line, path) if "epoch" in row else counted[name] if epochs else 1
        if (name, epoch) in seen:
            found.given_twice.append(f"line {line} ({name}{f', epoch {epoch}' if epoch > 1 else ''})")
            continue
        seen.add((name, epoch))
        response = _response(row, line, path)
        if response is not None and not response.strip():
            found.empty.append(f"{name} (line {line})")
        found.answers.append(Given(line, doc, epoch, response, row))
    found.missing = [name for name in by_id if name not in counted]
    order = {name: at for at, name in enumerate(sorted(by_id))}
    found.answers.sort(key=lambda given: (order[str(given.doc["id"])], given.epoch))
    return found


def _rows(data: bytes, path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refusal("not UTF-8 text", remedy="save it as UTF-8", where=path) from None
    for line, written in enumerate(text.split("\n"), 1):
        if not written.strip():
            continue
        try:
            row = json.loads(written)
        except ValueError:
            raise Refusal(
                f"line {line} is no JSON", "an answer is one JSON object a line", where=path
            ) from None
        if not isinstance(row, dict):
            raise Refusal(
                f"line {line} is no object", 'rows look like {"sample_id": ..., "response": ...}', where=path
            )
        if "response" not in row:
            raise Refusal(
                f"line {line} has no 'response'", nearest("response", list(row)),
                "put the model's text there; null where the request failed", path,
            )  # fmt: skip
        yield line, row


def _item(
    row: Mapping[str, Any],
    line: int,
    by_id: Mapping[str, Any],
    by_text: Mapping[str, Any],
    wording: str,
    path: Path,
) -> Mapping[str, Any] | None:
    """A `sample_id` of ours decides; another's ids may stand beside the question's text."""
    asked = row.get("question", row.get(wording))
    if asked is None and row.get("sample_id") is None:
        raise Refusal(
            f"line {line} has neither 'sample_id' nor 'question'",
            "nothing says which item it answers",
            where=path,
        )
    by_name = by_id.get(str(row["sample_id"])) if row.get("sample_id") is not None else None
    by_words = by_text.get(_folded(asked)) if isinstance(asked, str) else None
    if by_name and asked is not None and by_words is not by_name:
        raise Refusal(
            f"line {line} has the sample_id of one item and the text of another ({row['sample_id']!r})",
            "either could be meant", "leave one of them out, or mend it", path,
        )  # fmt: skip
    return by_name or by_words


def _epoch(row: Mapping[str, Any], line: int, path: Path) -> int:
    epoch = row["epoch"]
    if not isinstance(epoch, int) or isinstance(epoch, bool) or epoch < 1:
        raise Refusal(f"line {line}: epoch is {epoch!r}", "epochs are counted from 1", where=path)
    return epoch


def _response(row: Mapping[str, Any], line: int, path: Path) -> str | None:
    response = row["response"]
    if response is not None and not isinstance(response, str):
        raise Refusal(
            f"line {line}: response is {type(response).__name__}, not text", "it is marked as the model wrote it",
            "put it in quotes; null where the request failed", path,
        )  # fmt: skip
    if response is None or response.isascii():
        return response
    # JSON can hold half of a pair of code units, which is no text and can't be kept as such.
    return response.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def _folded(text: str) -> str:
    return " ".join(text.split())


def _shown(row: Mapping[str, Any], wording: str) -> str:
    text = _folded(str(row.get("sample_id") or row.get("question", row.get(wording))))
    return text if len(text) <= 60 else text[:57] + "..."


def refuse_left_over(matched: Matched, path: Path, partial: bool, epochs: bool) -> None:
    """Fewer than all, or rows that cannot count, are accepted only when that was said."""
    if not matched.answers:
        raise Refusal(
            "not one row answers an item of this task" + _named(matched.unknown, "; such as"), where=path
        )
    if partial:
        return
    wrong = [
        (matched.unknown, "rows answer no item of this task", "--partial leaves them out"),
        (
            matched.given_twice, "rows answer an item that was answered before",
            "give each row its 'epoch'" + ("" if epochs else ", or --epochs to count them in their order")
            + "; --partial keeps the first",
        ),
        (matched.missing, "items have no answer", "--partial marks those that are there"),
    ]  # fmt: skip
    for found, what, remedy in wrong:
        if found:
            raise Refusal(f"{len(found)} {what}{_named(found, ':')}", remedy=remedy, where=path)


def _named(found: Sequence[str], before: str) -> str:
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    return f"{before} {', '.join(found[:NAMED])}{more}" if found else ""
