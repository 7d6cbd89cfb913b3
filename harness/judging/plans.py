"""Plans, pairs of plans and questions that exist already, from JSONL or kept cells, for a judge to score or compare.

Every row of plans says whom a plan is for: in words (`profile`), by the fields of a pupil (`profile` as an object), by
plain facts (`facts`), or by the name (`pupil`) of one of the task's pupils or of those in a file of profiles.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from proctor.common.json_lines import read_json_lines
from proctor.common.refusal import Refusal
from proctor.common.schema import nearest
from proctor.harness import record
from proctor.judges.prompt import question_text
from proctor.judges.rules.facts import checked_facts
from proctor.judges.verdict import Item, Pair
from proctor.tasks import TASKS, doc_hash
from proctor.tasks.questions.scoring import material
from proctor.tasks.study_plan.profile import as_doc, from_fields
from proctor.tasks.study_plan.scoring import facts

Facts = Mapping[str, Any]
Profile = str | Facts  # as a grader reads it
Whom = tuple[Profile, Facts | None]
_Thing = TypeVar("_Thing", Item, Pair)
_IDS = ("id", "item_id", "sample_id")
_TEXTS = ("plan", "text", "response", "answer")
PLAN = '{"id": ..., "profile": ..., "plan": ...}'
QUESTION = '{"id": ..., "passage": ..., "grade": ..., "stem": ..., "options": [...], "key": "B"}'


def read_plans(path: Path, profiles: Path | None = None) -> list[Item]:
    """One plan a line: an id, a profile, facts or a pupil, and the plan. `profiles`: pupils of the user's own."""
    own: dict[str, Whom] = {}
    if profiles:
        for where, row in _rows(profiles):
            own[_id(row, where)] = _own_pupil(row, where)
    items = []
    for where, row in _rows(path):
        profile, known = own.get(str(row.get("pupil"))) or _whom(row, where)
        items.append(Item(_id(row, where), profile, _text(row, _TEXTS, where), known))
    return _unlike(items, path)


def read_items(path: Path, subject: str, profiles: Path | None = None) -> list[Item]:
    """What a judge of this subject scores: plans, or questions."""
    if subject == "plan":
        return read_plans(path, profiles)
    if profiles:
        raise Refusal("--profiles beside a judge of questions", "questions are for no pupil", "leave it out")
    return read_questions(path)


def read_questions(path: Path) -> list[Item]:
    """One question a line: an id, `stem`, `options` and `key`, and what it is on: `passage` or `topic` with `grade` and
    so on, or in `source` the id of one of the task's passages or briefs.
    """
    task, items = TASKS["questions"], []
    docs = {str(doc["id"]): doc for doc in [*task.docs("test"), *task.docs("train")]}
    for where, row in _rows(path, QUESTION):
        source, options = row.get("source"), row.get("options")
        if source is not None and source not in docs:
            raise Refusal(
                f"no source {source!r} in the task", nearest(str(source), list(docs)),
                "give its `passage` or `topic` instead", where,
            )  # fmt: skip
        known = material(docs[str(source)] if source is not None else row)
        if not known.keys() & {"passage", "topic"}:
            raise Refusal(
                "no passage", "a question is on something", "give `passage`, `topic` or `source`", where
            )
        if not isinstance(options, list) or not all(isinstance(option, str) for option in options):
            raise Refusal(
                "no `options` with a list of texts", remedy=f"a row looks like {QUESTION}", where=where
            )
        key = str(row.get("key") or "")
        text = question_text(_text(row, ("stem",), where), options, key)
        items.append(Item(_id(row, where), known, text, {**row, "key": key}))
    return _unlike(items, path)


def read_pairs(path: Path) -> list[Pair]:
    """Two plans a line: an id, a profile or pupil, and the plans `a` and `b`."""
    pairs = []
    for where, row in _rows(path):
        profile, _ = _whom(row, where)
        pairs.append(Pair(_id(row, where), profile, _text(row, ("a",), where), _text(row, ("b",), where)))
    return _unlike(pairs, path)


def pairs_of_cells(results: Path, a: str, b: str) -> list[Pair]:
    """The plans of two variants for the same pupils."""
    plans, others = _plans_of(results, a), _plans_of(results, b)
    docs = {str(doc["id"]): doc for doc in TASKS["study_plan"].docs("test")}
    pairs = []
    for name, epoch in sorted(set(plans) & set(others)):
        (hash_, plan), (other_hash, other) = plans[name, epoch], others[name, epoch]
        doc = docs.get(name)
        if doc is None or not hash_ == other_hash == doc_hash(doc):
            raise Refusal(f"{name!r} was another pupil when one of the two answered", remedy="run both again")
        if plan or other:
            label = name if epoch == 1 else f"{name}/{epoch}"
            pairs.append(Pair(label, str(doc["profile"]), plan, other))
    if not pairs:
        raise Refusal(f"{a!r} and {b!r} have no pupil in common", remedy="run both on the same pupils")
    return pairs


def study_plans_of(results: Path, variant: str) -> record.Cell:
    """The cell, whole; else it is refused with the nearest name."""
    cell = record.read(results, variant, "study_plan")
    if cell is None or cell.problem:
        there = [other.variant for other in record.cells(results) if other.task == "study_plan"]
        why = cell.problem if cell else nearest(variant, there)
        raise Refusal(f"no study plans of {variant!r}", why, "run it first", results)
    return cell


def _plans_of(results: Path, variant: str) -> dict[tuple[str, int], tuple[str, str]]:
    """By pupil and epoch: the digest of the pupil that the plan is for, and the plan."""
    plans = {}
    rows = study_plans_of(results, variant).rows(["sample_id", "epoch", "doc_hash", "response"])
    for row in rows.to_dict("records"):
        plans[str(row["sample_id"]), int(row["epoch"])] = (row["doc_hash"], row["response"])
    return plans


def _own_pupil(row: Facts, where: str) -> Whom:
    """A line of a file of profiles: the fields of a pupil of the task, or plain facts beside an id."""
    if "weak_topics" in row:
        return _from_fields(row, where)
    facts = _facts({name: value for name, value in row.items() if name not in _IDS}, where)
    return facts, facts


def _facts(fields: object, where: str) -> dict[str, Any]:
    try:
        if not isinstance(fields, dict):
            raise Refusal("`facts` are no object")
        return checked_facts(fields)
    except ValueError as wrong:
        raise Refusal(str(wrong), remedy="docs/judges.md says what facts hold", where=where) from None


def _from_fields(fields: Facts, where: str) -> tuple[str, dict[str, Any]]:
    try:
        doc = as_doc(from_fields(fields))
    except KeyError as missing:
        raise Refusal(f"the profile is no pupil of the task: no {missing}", where=where) from None
    except ValidationError as invalid:
        first = invalid.errors()[0]
        why = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise Refusal(f"the profile is no pupil of the task: {why}", where=where) from None
    except (TypeError, ValueError, OverflowError) as wrong:
        raise Refusal(f"the profile is no pupil of the task: {wrong}", where=where) from None
    return str(doc["profile"]), facts(doc)


@cache
def _pupils() -> dict[str, Any]:
    return {str(doc["id"]): doc for doc in TASKS["study_plan"].docs("test")}


def _whom(row: Facts, where: str) -> Whom:
    """The profile as a grader reads it, and the facts that rules need, where they are known."""
    known = None
    if row.get("facts") is not None:
        known = _facts(row["facts"], where)
    name, profile = row.get("pupil"), row.get("profile")
    if name is not None:
        docs = _pupils()
        if str(name) not in docs:
            raise Refusal(
                f"no pupil {name!r} in the task", nearest(str(name), list(docs)),
                "give `facts` or `profile`, or a file of pupils with --profiles", where,
            )  # fmt: skip
        return str(docs[str(name)]["profile"]), known or facts(docs[str(name)])
    if isinstance(profile, dict) and "weak_topics" in profile:
        text, own = _from_fields(profile, where)
        return text, known or own
    if profile and (isinstance(profile, dict) or (isinstance(profile, str) and profile.strip())):
        return profile, known
    if known:
        return known, known
    raise Refusal(
        "no profile", "a plan is scored for somebody", "give `profile` in words or fields, `facts`, or `pupil`",
        where,
    )  # fmt: skip


def _rows(path: Path, looks_like: str = PLAN) -> Iterator[tuple[str, dict[str, Any]]]:
    number = 0
    for number, row in read_json_lines(path, looks_like):
        yield f"{path}, line {number}", row
    if not number:
        raise Refusal("the file has no rows", where=path)


def _id(row: Mapping[str, Any], where: str) -> str:
    for name in _IDS:
        if row.get(name) not in (None, ""):
            return str(row[name])
    missing = f"no {' or '.join(_IDS)}"
    raise Refusal(missing, "a verdict must say what it is about", "give every row one", where)


def _text(row: Mapping[str, Any], names: tuple[str, ...], where: str) -> str:
    for name in names:
        if isinstance(row.get(name), str):
            return str(row[name])
    missing = f"no {' or '.join(names)} with text"
    raise Refusal(missing, remedy='an empty plan is written as ""', where=where)


def _unlike(things: list[_Thing], path: Path) -> list[_Thing]:
    ids = set()
    for thing in things:
        if thing.id in ids:
            raise Refusal(
                f"id {thing.id!r} stands twice", "verdicts could not be told apart", "rename one", path
            )
        ids.add(thing.id)
    return things
