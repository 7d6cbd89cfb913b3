"""What becomes of an expert's suggestions: kept, edited or dropped one by one, and a new judge folder written."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import yaml
from pydantic import ConfigDict

from proctor.common.files import as_json_lines
from proctor.common.refusal import Refusal
from proctor.common.schema import load_yaml, parse
from proctor.judges import judge as judges
from proctor.judges.judge import Judge
from proctor.judges.people.expert import Suggestion

Decision = Literal["undecided", "keep", "drop"]


class Decided(Suggestion):
    """A suggestion with what the user made of it. To edit it is to change its words and keep it."""

    model_config = ConfigDict(extra="forbid")

    decision: Decision = "undecided"


class Refined(NamedTuple):
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
    rows = []
    for suggestion in suggestions:
        words = suggestion.model_dump()
        decision = words.pop("decision", "undecided")
        rows.append({"decision": decision, **{name: said for name, said in words.items() if said}})
    return head + _as_yaml(rows)


def read_decisions(path: Path) -> list[Decided]:
    suggestions = read_suggestions(path)
    undecided = [suggestion.dimension for suggestion in suggestions if suggestion.decision == "undecided"]
    if undecided:
        raise Refusal(f"nothing is decided on {', '.join(undecided)}; set decision to keep or drop ({path})")
    return suggestions


def read_suggestions(path: Path) -> list[Decided]:
    """Suggestions as a file has them, decided on or not."""
    rows = load_yaml(path)
    if not isinstance(rows, list):
        raise Refusal("not a YAML list of suggestions", where=path)
    return [parse(row, Decided, f"suggestion {number}, {path}") for number, row in enumerate(rows, 1)]


def rubric_of(judge: Judge, suggestions: Sequence[Suggestion], decided: Sequence[Decided]) -> list[Refined]:
    """The new dimensions in the old ones' order, added ones last. `suggestions` is what the expert said."""
    by_expert = {suggestion.dimension: suggestion for suggestion in suggestions}
    by_name = {decision.dimension: decision for decision in decided}
    for decision in decided:
        name, action = decision.dimension, decision.action
        if name not in by_expert and action != "add":
            raise Refusal(f"{action} {name!r}: nobody suggested that; to add your own, use add")
        needs_text = decision.decision == "keep" and action in ("add", "change")
        if needs_text and not decision.whole(judge.scale.levels):
            raise Refusal(f"{name!r} needs `about` and a sentence for each level")
    rubric = []
    for name in judge.dimensions:
        refined = _kept(judge, name, by_name.get(name), by_expert.get(name))
        if refined:
            rubric.append(refined)
    for new in decided:
        if new.action == "add" and new.decision == "keep":
            origin = "added by the user"
            if new.dimension in by_expert:
                origin = f"added as the expert suggested{_edited(new, by_expert[new.dimension])}"
            rubric.append(Refined(new.dimension, new.about, dict(new.anchors), origin))
    if not rubric:
        raise Refusal("no dimension is left; keep at least one")
    return rubric


def _kept(judge: Judge, name: str, decided: Decided | None, suggested: Suggestion | None) -> Refined | None:
    """What becomes of a dimension that is there; None where it is taken out."""
    present = judge.rubric.dimensions[name]
    origin = f"judge {judge.name}, as it was"
    if decided is None or decided.action == "keep":
        return Refined(name, present.about, dict(present.anchors), origin)
    if decided.decision == "drop":
        origin += f"; the suggestion to {decided.action} it was dropped"
        return Refined(name, present.about, dict(present.anchors), origin)
    if decided.action != "change":
        return None
    origin = f"judge {judge.name}, changed by the user"
    if suggested is not None and suggested.action == "change":
        origin = f"judge {judge.name}, changed as the expert suggested{_edited(decided, suggested)}"
    return Refined(name, decided.about, dict(decided.anchors), origin)


def _edited(decided: Decided, suggested: Suggestion) -> str:
    if (decided.about.split(), decided.anchors) == (suggested.about.split(), suggested.anchors):
        return ""
    return ", edited by the user"


def write_judge(
    folder: Path, judge: Judge, refined: Sequence[Refined], decided: Sequence[Decided],
    heard: Sequence[Mapping[str, Any]], who: str,
) -> Judge:  # fmt: skip
    """The new judge's folder, whole and checked or not at all."""
    if folder.exists():
        raise Refusal(f"there is a judge called {folder.name!r} already; choose another name ({folder})")
    card: dict[str, Any] = {
        "name": folder.name,
        "kind": "rubric",
        "about": f"{judge.about.strip()} Refined from {judge.name!r} with suggestions of {who}; see origin.yaml.",
        "scale": judge.scale.model_dump(),
        "dimensions": [dimension.name for dimension in refined],
    }
    if judge.above_weakest is not None:
        card["above_weakest"] = judge.above_weakest
    rubric = {}
    for dimension in refined:
        anchors = dict(sorted(dimension.anchors.items()))
        rubric[dimension.name] = {"about": dimension.about, "anchors": anchors}
    origin = {
        "judge": judge.name,
        "digest": judge.digest,
        "expert": who,
        "dimensions": {dimension.name: dimension.origin for dimension in refined},
        "suggestions": [decision.model_dump() for decision in decided],
    }
    texts = {
        "judge.yaml": _as_yaml(card),
        "rubric.yaml": _as_yaml({"dimensions": rubric}),
        "prompt.txt": f"{judge.prompt}\n",
        "origin.yaml": _as_yaml(origin),
        "expert.jsonl": as_json_lines(heard),
    }
    part = folder.with_name(f".{folder.name}.part") / folder.name
    shutil.rmtree(part.parent, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        for name, text in texts.items():
            (part / name).write_text(text, encoding="utf-8")
        made = judges.load(part)
        part.rename(folder)
    finally:
        shutil.rmtree(part.parent, ignore_errors=True)
    return made


def _as_yaml(value: object) -> str:
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=110)
