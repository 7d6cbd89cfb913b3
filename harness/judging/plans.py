"""Plans and pairs of plans that exist already, read from JSONL or from kept cells, for a judge to mark or compare.

Every row says whom a plan is for: in words (`profile`), by the fields of a pupil (`profile` as an object), by plain
facts (`facts`), or by the name (`pupil`) of one of the task's pupils or of those in a file of profiles.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from proctor.common.refusal import Refusal
from proctor.common.schema import nearest
from proctor.harness import record
from proctor.judges.pairwise import Pair
from proctor.judges.rules.checklist import checked_facts
from proctor.judges.verdict import Item
from proctor.tasks import TASKS, doc_hash
from proctor.tasks.study_plan.profile import as_doc, from_fields
from proctor.tasks.study_plan.scoring import facts

_Thing = TypeVar("_Thing", Item, Pair)
_IDS = ("id", "item_id", "sample_id")
_TEXTS = ("plan", "text", "response", "answer")


def read_plans(path: Path, profiles: Path | None = None) -> list[Item]:
    """One plan a line: an id, a profile, facts or a pupil, and the plan. `profiles`: pupils of the user's own."""
    pupils = {_id(row, where): (row, where) for where, row in _rows(profiles)} if profiles else {}
    items = []
    for where, row in _rows(path):
        own = pupils.get(str(row.get("pupil")))
        profile, known = _own_pupil(*own) if own else _pupil(row, where)
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
            raise Refusal(
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
            raise Refusal(
                f"{key[0]!r} was another pupil when one of the two answered", remedy="run both again"
            )
        if one["response"] or other["response"]:
            name = key[0] if key[1] == 1 else f"{key[0]}/{key[1]}"
            pairs.append(Pair(name, str(doc["profile"]), one["response"], other["response"]))
    if not pairs:
        raise Refusal(f"{a!r} and {b!r} have no pupil in common", remedy="run both on the same pupils")
    return pairs


def _own_pupil(row: Mapping[str, Any], where: str) -> tuple[str | Mapping[str, Any], Mapping[str, Any]]:
    """A line of a file of profiles: the fields of a pupil of the task, or plain facts beside an id."""
    fields = {name: value for name, value in row.items() if name not in _IDS}
    if "weak_topics" in row:
        return _from_fields(row, where)
    facts = _facts(fields, where)
    return facts, facts


def _facts(given: object, where: str) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise Refusal("`facts` are no object", remedy="docs/judges.md says what they hold", where=where)
    try:
        return checked_facts(given)
    except ValueError as wrong:
        raise Refusal(str(wrong), remedy="docs/judges.md says what facts hold", where=where) from None


def _from_fields(fields: Mapping[str, Any], where: str) -> tuple[str, dict[str, Any]]:
    try:
        doc = as_doc(from_fields(fields))
    except (KeyError, TypeError, ValueError) as wrong:
        said = f"no {wrong}" if isinstance(wrong, KeyError) else str(wrong)
        raise Refusal(f"the profile is no pupil of the task: {said}", where=where) from None
    return str(doc["profile"]), facts(doc)


def _pupil(row: Mapping[str, Any], where: str) -> tuple[str | Mapping[str, Any], Mapping[str, Any] | None]:
    """The profile as a grader reads it, and the facts that rules need, where they are known."""
    known = _facts(row["facts"], where) if row.get("facts") is not None else None
    if (name := row.get("pupil")) is not None:
        docs = {str(doc["id"]): doc for doc in TASKS["study_plan"].docs("test")}
        if name not in docs:
            raise Refusal(
                f"no pupil {name!r} in the task",
                nearest(str(name), list(docs)),
                "give `facts` or `profile`, or a file of pupils with --profiles",
                where,
            )
        return str(docs[name]["profile"]), known or facts(docs[name])
    profile = row.get("profile")
    if isinstance(profile, str) and profile.strip():
        return profile, known
    if isinstance(profile, dict) and "weak_topics" in profile:
        text, own = _from_fields(profile, where)
        return text, known or own
    if isinstance(profile, dict) and profile:
        return profile, known
    if known:
        return known, known
    raise Refusal(
        "no profile", "a plan is marked for somebody", "give `profile` in words or fields, `facts`, or `pupil`",
        where,
    )  # fmt: skip


def _rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    if not path.is_file():
        raise Refusal(f"no file {path}", remedy="give a JSONL file, one plan a line")
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except UnicodeDecodeError:
        raise Refusal("not UTF-8 text", remedy="save it as UTF-8", where=path) from None
    empty = True
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        if not isinstance(row, dict):
            raise Refusal("no JSON object", "every line is one", where=f"{path}, line {number}")
        empty = False
        yield f"{path}, line {number}", row
    if empty:
        raise Refusal("the file has no rows", where=path)


def _id(row: Mapping[str, Any], where: str) -> str:
    found = next((row[name] for name in _IDS if row.get(name) not in (None, "")), None)
    if found is None:
        raise Refusal(
            f"no {' or '.join(_IDS)}", "a verdict must say what it is about", "give every row one", where
        )
    return str(found)


def _text(row: Mapping[str, Any], names: tuple[str, ...], where: str) -> str:
    found = next((row[name] for name in names if name in row), None)
    if not isinstance(found, str):
        raise Refusal(
            f"no {' or '.join(names)} with text", remedy='an empty plan is written as ""', where=where
        )
    return found


def _unlike(things: list[_Thing], path: Path) -> list[_Thing]:
    counted = Counter(thing.id for thing in things)
    if twice := next((name for name, times in counted.items() if times > 1), None):
        raise Refusal(f"id {twice!r} stands twice", "verdicts could not be told apart", "rename one", path)
    return things
