"""Asks at a terminal what becomes of an expert's suggestions, one by one: kept, edited or dropped.

What was decided is on disk after every answer, so that nobody decides twice. Knows suggestions; must not know who made
them or what is written in the end.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import typer
import yaml
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from proctor.common.refusal import Refusal
from proctor.common.schema import parse, parse_yaml
from proctor.judges.judge import Judge
from proctor.judges.people.refine import Suggestion
from proctor.judges.people.refined import Decided, read_suggestions, written
from proctor.judges.rubric import Dimension

_ANSWERS = {"k": "keep", "keep": "keep", "e": "edit", "edit": "edit", "d": "drop", "drop": "drop"}
_TITLES = {
    "keep": "leave {} as it is",
    "change": "change {}",
    "drop": "take {} out of the rubric",
    "add": "add {}",
}


def decide(judge: Judge, given: Sequence[Suggestion], path: Path) -> list[Decided] | None:
    """Every suggestion with what the user made of it; what `path` holds already is not asked again. None where there
    is nobody to ask: then `path` is there to be filled in.
    """
    console = Console(highlight=False)
    found = _before(given, path)
    if not found:
        found = [Decided(**one.model_dump()) for one in given]
        path.write_text(written(found), encoding="utf-8")
    if not sys.stdin.isatty():
        for one in given:
            _show(judge, one, console)
        return None
    for at, one in enumerate(given):
        place = f"{at + 1} of {len(given)}: "
        if found[at].decision != "undecided":
            console.print(escape(f"{place}{_titled(one)}: {found[at].decision}, as decided before ({path})"))
            continue
        _show(judge, one, console, place)
        found[at] = _asked(judge, one, console)
        path.write_text(written(found), encoding="utf-8")
    return found


def _before(given: Sequence[Suggestion], path: Path) -> list[Decided]:
    """The suggestions as the file has them, in our order and with the user's own last; none when it is about others."""
    there = {one.dimension: one for one in read_suggestions(path)} if path.exists() else {}
    if any(one.dimension not in there or there[one.dimension].why != one.why for one in given):
        return []
    return [there.pop(one.dimension) for one in given] + list(there.values())


def _asked(judge: Judge, one: Suggestion, console: Console) -> Decided:
    while True:
        said = typer.prompt("Keep this suggestion, edit it, or drop it? (k, e, d)", default="k")
        answer = _ANSWERS.get(said.strip().lower())
        if answer in ("keep", "drop"):
            return Decided(**one.model_dump(), decision="drop" if answer == "drop" else "keep")
        if answer == "edit" and (edited := _edited(judge, one, console)):
            return edited
        if answer is None:
            console.print(f"{escape(repr(said))} is none of keep, edit and drop.")


def _edited(judge: Judge, one: Suggestion, console: Console) -> Decided | None:
    """The suggestion in the user's words; None when the user leaves it as it was.

    A dimension that the expert would leave alone or take out is there to be edited as well: then it is changed.
    """
    present = judge.rubric.dimensions.get(one.dimension)
    words = one if one.anchors or present is None else present
    text = yaml.safe_dump(
        {"about": words.about, "anchors": dict(sorted(words.anchors.items()))},
        sort_keys=False, allow_unicode=True, width=110,
    )  # fmt: skip
    head = f"# {one.dimension}: what it is, and a sentence for each of {', '.join(map(str, judge.scale.levels))}.\n"
    new = head + text
    while True:
        try:
            new = click.edit(new, extension=".yaml") or ""
        except click.ClickException as failed:
            console.print(escape(f"{failed.message}; set EDITOR, or drop it and edit the file afterwards"))
            return None
        if not new.strip() or new == head + text:
            console.print("Nothing was changed.")
            return None
        try:
            return _checked(judge, one, new)
        except ValueError as refused:
            console.print(escape(str(refused)))
            if not typer.confirm("Edit it again?", default=True):
                return None


def _checked(judge: Judge, one: Suggestion, text: str) -> Decided:
    said = parse_yaml(text, "your edit")
    if not isinstance(said, dict) or set(said) != {"about", "anchors"}:
        raise Refusal("it needs `about` and `anchors`, and nothing else")
    fields: dict[str, Any] = {**one.model_dump(), **said, "decision": "keep"}
    if one.action in ("keep", "drop"):
        fields["action"] = "change"
    made = parse(fields, Decided, "your edit")
    if not made.whole(judge.scale.levels) or set(made.anchors) != set(judge.scale.levels):
        levels = ", ".join(map(str, judge.scale.levels))
        raise Refusal(f"it needs `about` and one sentence for each of {levels}")
    return made


def _show(judge: Judge, one: Suggestion, console: Console, place: str = "") -> None:
    """What is suggested and why; the present dimension and the suggested one side by side, or the one that there is."""
    console.print()
    console.print(escape(place + _titled(one) + (f". {one.why}" if one.why else "")))
    table = Table("level", show_lines=True)
    present = judge.rubric.dimensions.get(one.dimension)
    sides: list[tuple[str, Dimension | Suggestion]] = [("as it is", present)] if present else []
    if one.anchors:
        sides.append(("suggested", one))
    for name, _ in sides:
        table.add_column(name)
    table.add_row("", *(escape(side.about.strip()) for _, side in sides))
    for level in judge.scale.levels:
        table.add_row(str(level), *(escape(side.anchors.get(level, "").strip()) for _, side in sides))
    console.print(table)


def _titled(one: Suggestion) -> str:
    return _TITLES[one.action].format(one.dimension)
