"""What becomes of an expert's suggestions: kept, edited or dropped one by one, and a new judge folder written."""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import ConfigDict

from proctor.common.refusal import Refusal
from proctor.common.schema import load_yaml, parse
from proctor.judges import judge as judges
from proctor.judges.judge import Judge
from proctor.judges.people.refine import Suggestion

Decision = Literal["undecided", "keep", "drop"]


class Decided(Suggestion):
    """A suggestion with what the user made of it. To edit it is to change its words and keep it."""

    model_config = ConfigDict(extra="forbid")

    decision: Decision = "undecided"


@dataclass(frozen=True)
class Refined:
    """A dimension of the new rubric, and where it came from."""

    name: str
    about: str
    anchors: dict[int, str]
    origin: str


def written(suggestions: Sequence[Suggestion]) -> str:
    """The suggestions as a file in which they are decided on."""
    head = (
        "# Each suggestion: set `decision` to keep or drop. To edit one, change its words here and keep it.\n"
        "# A suggestion that is dropped changes nothing: the dimension stays as it is, or is not added.\n"
    )
    rows = [{"decision": getattr(one, "decision", "undecided"), **_row(one)} for one in suggestions]
    return head + yaml.safe_dump(rows, sort_keys=False, allow_unicode=True, width=110)


def _row(one: Suggestion) -> dict[str, Any]:
    fields = one.model_dump()
    order = ("action", "dimension", "why", "about", "anchors")
    return {name: fields[name] for name in order if fields[name]}


def read_decisions(path: Path) -> list[Decided]:
    """Every suggestion decided on."""
    found = read_suggestions(path)
    if open_ := [one.dimension for one in found if one.decision == "undecided"]:
        raise Refusal(f"nothing is decided on {', '.join(open_)}; set decision to keep or drop ({path})")
    return found


def read_suggestions(path: Path) -> list[Decided]:
    """Suggestions as a file has them, decided on or not."""
    rows = load_yaml(path)
    if not isinstance(rows, list):
        raise Refusal("not a YAML list of suggestions", where=path)
    return [parse(row, Decided, f"suggestion {number}, {path}") for number, row in enumerate(rows, 1)]


def rubric_of(judge: Judge, given: Sequence[Suggestion], decided: Sequence[Decided]) -> list[Refined]:
    """The new dimensions in the old ones' order, added ones last. `given` is what the expert said."""
    said = {one.dimension: one for one in given}
    by_name = {one.dimension: one for one in decided}
    for one in decided:
        if one.dimension not in said and one.action != "add":
            raise Refusal(f"{one.action} {one.dimension!r}: nobody suggested that; to add your own, use add")
        if one.decision == "keep" and one.action in ("add", "change") and not one.whole(judge.scale.levels):
            raise Refusal(f"{one.dimension!r} needs `about` and a sentence for each level")
    found = []
    for name in judge.dimensions:
        present, mine = judge.rubric.dimensions[name], by_name.get(name)
        if mine is None or mine.decision == "drop" or mine.action == "keep":
            asked = mine is not None and mine.action != "keep"
            refused = f"; the suggestion to {mine.action} it was dropped" if mine and asked else ""
            origin = f"judge {judge.name}, as it was{refused}"
            found.append(Refined(name, present.about, dict(present.anchors), origin))
        elif mine.action == "change":
            theirs = said.get(name)
            by_expert = theirs is not None and theirs.action == "change"
            how = f"as the expert suggested{_edited(mine, theirs)}" if by_expert else "by the user"
            origin = f"judge {judge.name}, changed {how}"
            found.append(Refined(name, mine.about, dict(mine.anchors), origin))
    for new in decided:
        if new.action == "add" and new.decision == "keep":
            theirs = said.get(new.dimension)
            origin = f"added as the expert suggested{_edited(new, theirs)}" if theirs else "added by the user"
            found.append(Refined(new.dimension, new.about, dict(new.anchors), origin))
    if not found:
        raise Refusal("no dimension is left; keep at least one")
    return found


def _edited(one: Decided, said: Suggestion | None) -> str:
    if said is None:
        return ""
    same = (one.about.split(), one.anchors) == (said.about.split(), said.anchors)
    return "" if same else ", edited by the user"


def write_judge(
    folder: Path, judge: Judge, refined: Sequence[Refined], decided: Sequence[Decided],
    heard: Sequence[Mapping[str, Any]], who: str,
) -> Judge:  # fmt: skip
    """The new judge's folder, whole and checked or not at all."""
    if folder.exists():
        raise Refusal(f"there is a judge called {folder.name!r} already; choose another name ({folder})")
    part = folder.with_name(f".{folder.name}.part") / folder.name
    shutil.rmtree(part.parent, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        _put(part / "judge.yaml", _card(folder.name, judge, refined, who))
        rubric = {
            one.name: {"about": one.about, "anchors": dict(sorted(one.anchors.items()))} for one in refined
        }
        _put(part / "rubric.yaml", {"dimensions": rubric})
        (part / "prompt.txt").write_text(judge.prompt + "\n", encoding="utf-8")
        origin = {
            "judge": judge.name,
            "digest": judge.digest,
            "expert": who,
            "dimensions": {one.name: one.origin for one in refined},
            "suggestions": [one.model_dump() for one in decided],
        }
        _put(part / "origin.yaml", origin)
        lines = [json.dumps(one, ensure_ascii=False) for one in heard]
        (part / "expert.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
        made = judges.load(part)
        part.rename(folder)
    finally:
        shutil.rmtree(part.parent, ignore_errors=True)
    return made


def _card(name: str, judge: Judge, refined: Sequence[Refined], who: str) -> dict[str, Any]:
    limit = {} if judge.above_weakest is None else {"above_weakest": judge.above_weakest}
    return {
        "name": name,
        "kind": "rubric",
        "about": f"{judge.about.strip()} Refined from {judge.name!r} with suggestions of {who}; see origin.yaml.",
        "scale": judge.scale.model_dump(),
        "dimensions": [one.name for one in refined],
        **limit,
    }


def _put(path: Path, value: object) -> None:
    path.write_text(yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=110), encoding="utf-8")
