"""Plans and pairs of plans that exist already, read from JSONL or from kept cells, for a judge to mark or compare.

Every row says whom a plan is for: in words (`profile`), by the fields of a pupil (`profile` as an object), or by the
name of one of the exam's pupils (`pupil`). Knows the study-plan exam and its rows; must not know judges' insides.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from harness import record
from harness.errors import UserError
from harness.schema import nearest
from judges.marking import Item
from judges.pairwise import Pair
from tasks import TASKS, doc_hash
from tasks.study_plan.marking import facts
from tasks.study_plan.profile import as_doc, from_fields

_Thing = TypeVar("_Thing", Item, Pair)
_IDS = ("id", "item_id", "sample_id")
_TEXTS = ("plan", "text", "response", "answer")


def read_plans(path: Path) -> list[Item]:
    """One plan a line: an id, a profile or pupil, and the plan."""
    items = []
    for where, row in _rows(path):
        profile, known = _pupil(row, where)
        items.append(Item(_id(row, where), profile, _text(row, _TEXTS, where), known))
    return _unlike(items, path)


def read_pairs(path: Path) -> list[Pair]:
    """Two plans a line: an id, a profile or pupil, and the plans `a` and `b`."""
    pairs = []
    for where, row in _rows(path):
        profile, _ = _pupil(row, where)
        pairs.append(Pair(_id(row, where), profile, _text(row, ("a",), where), _text(row, ("b",), where)))
    return _unlike(pairs, path)


def pairs_of_cells(results: Path, a: str, b: str) -> list[Pair]:
    """The plans of two variants for the same pupils."""
    columns = ["sample_id", "epoch", "doc_hash", "response"]
    found: list[dict[tuple[str, int], dict[str, Any]]] = []
    for variant in (a, b):
        cell = record.read(results, variant, "study_plan")
        if cell is None or cell.problem:
            there = [one.variant for one in record.cells(results) if one.task == "study_plan"]
            raise UserError(
                f"no study plans of {variant!r}",
                cell.problem if cell else nearest(variant, there),
                "run it first",
            )
        rows = [
            {str(name): value for name, value in row.items()} for row in cell.rows(columns).to_dict("records")
        ]
        found.append({(str(row["sample_id"]), int(row["epoch"])): row for row in rows})
    docs = {str(doc["id"]): doc for doc in TASKS["study_plan"].docs("test")}
    pairs = []
    for key in sorted(set(found[0]) & set(found[1])):
        one, other = found[0][key], found[1][key]
        doc = docs.get(key[0])
        if doc is None or not one["doc_hash"] == other["doc_hash"] == doc_hash(doc):
            raise UserError(
                f"{key[0]!r} was another pupil when one of the two answered", remedy="run both again"
            )
        if one["response"] or other["response"]:
            name = key[0] if key[1] == 1 else f"{key[0]}/{key[1]}"
            pairs.append(Pair(name, str(doc["profile"]), one["response"], other["response"]))
    if not pairs:
        raise UserError(f"{a!r} and {b!r} have no pupil in common", remedy="run both on the same pupils")
    return pairs


def _pupil(row: Mapping[str, Any], where: str) -> tuple[str | Mapping[str, Any], Mapping[str, Any] | None]:
    """The profile as a grader reads it, and the facts that rules need, where they are known."""
    known = row.get("facts")
    if known is not None and not isinstance(known, dict):
        raise UserError(
            "`facts` are no object", remedy="see judges/checklist.py for what they may hold", where=where
        )
    if (name := row.get("pupil")) is not None:
        docs = {str(doc["id"]): doc for doc in TASKS["study_plan"].docs("test")}
        if name not in docs:
            raise UserError(f"no pupil {name!r} in the exam", nearest(str(name), list(docs)), where=where)
        return str(docs[name]["profile"]), known or facts(docs[name])
    profile = row.get("profile")
    if isinstance(profile, str) and profile.strip():
        return profile, known
    if isinstance(profile, dict) and profile:
        if "weak_topics" not in profile:
            return profile, known
        try:
            doc = as_doc(from_fields(profile))
        except (KeyError, TypeError, ValueError) as wrong:
            said = f"no {wrong}" if isinstance(wrong, KeyError) else str(wrong)
            raise UserError(f"the profile is no pupil of the exam: {said}", where=where) from None
        return str(doc["profile"]), known or facts(doc)
    raise UserError(
        "no profile", "a plan is marked for somebody", "give `profile` in words or fields, or `pupil`", where
    )


def _rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    if not path.is_file():
        raise UserError(f"no file {path}", remedy="give a JSONL file, one plan a line")
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except UnicodeDecodeError:
        raise UserError("not UTF-8 text", remedy="save it as UTF-8", where=path) from None
    empty = True
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        if not isinstance(row, dict):
            raise UserError("no JSON object", "every line is one", where=f"{path}, line {number}")
        empty = False
        yield f"{path}, line {number}", row
    if empty:
        raise UserError("the file has no rows", where=path)


def _id(row: Mapping[str, Any], where: str) -> str:
    found = next((row[name] for name in _IDS if row.get(name) not in (None, "")), None)
    if found is None:
        raise UserError(
            f"no {' or '.join(_IDS)}", "a verdict must say what it is about", "give every row one", where
        )
    return str(found)


def _text(row: Mapping[str, Any], names: tuple[str, ...], where: str) -> str:
    found = next((row[name] for name in names if name in row), None)
    if not isinstance(found, str):
        raise UserError(
            f"no {' or '.join(names)} with text", remedy='an empty plan is written as ""', where=where
        )
    return found


def _unlike(things: list[_Thing], path: Path) -> list[_Thing]:
    counted = Counter(thing.id for thing in things)
    if twice := next((name for name, times in counted.items() if times > 1), None):
        raise UserError(f"id {twice!r} stands twice", "verdicts could not be told apart", "rename one", path)
    return things
