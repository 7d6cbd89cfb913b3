"""Asks at a terminal what becomes of an expert's suggestions, one by one: kept, edited or dropped.

What was decided is on disk after every answer, so that nobody decides twice.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import click
import typer
import yaml
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from proctor.common.refusal import Refusal
from proctor.common.schema import parse, parse_yaml
from proctor.judges.judge import Judge
from proctor.judges.people.expert import Suggestion
from proctor.judges.people.refine import Decided, read_suggestions, written
from proctor.judges.rubric import Dimension

_ANSWERS = {"k": "keep", "keep": "keep", "e": "edit", "edit": "edit", "d": "drop", "drop": "drop"}
_TITLES = {
    "keep": "leave {} as it is",
    "change": "change {}",
    "drop": "take {} out of the rubric",
    "add": "add {}",
}


def decide(judge: Judge, suggestions: Sequence[Suggestion], path: Path) -> list[Decided] | None:
    """Every suggestion with what the user made of it; what `path` holds already is not asked again. None where there
    is nobody to ask: then `path` is there to be filled in.
    """
    console = Console(highlight=False)
    decided = _before(suggestions, path)
    if not decided:
        decided = [Decided(**suggestion.model_dump()) for suggestion in suggestions]
        path.write_text(written(decided), encoding="utf-8")
    if not sys.stdin.isatty():
        for suggestion in suggestions:
            _show(judge, suggestion, console)
        return None
    for index, suggestion in enumerate(suggestions):
        place = f"{index + 1} of {len(suggestions)}: "
        before = decided[index].decision
        if before != "undecided":
            console.print(escape(f"{place}{_titled(suggestion)}: {before}, as decided before ({path})"))
            continue
        _show(judge, suggestion, console, place)
        decided[index] = _asked(judge, suggestion, console)
        path.write_text(written(decided), encoding="utf-8")
    return decided


def _before(suggestions: Sequence[Suggestion], path: Path) -> list[Decided]:
    """The suggestions as the file has them, in our order and with the user's own last; none when it is about others."""
    if not path.exists():
        return []
    there = {decided.dimension: decided for decided in read_suggestions(path)}
    before = []
    for suggestion in suggestions:
        decided = there.pop(suggestion.dimension, None)
        if decided is None or decided.why != suggestion.why:
            return []
        before.append(decided)
    return before + list(there.values())


def _asked(judge: Judge, suggestion: Suggestion, console: Console) -> Decided:
    while True:
        typed = typer.prompt("Keep this suggestion, edit it, or drop it? (k, e, d)", default="k")
        answer = _ANSWERS.get(typed.strip().lower())
        if answer in ("keep", "drop"):
            return parse(suggestion.model_dump() | {"decision": answer}, Decided, "your answer")
        if answer is None:
            console.print(f"{escape(repr(typed))} is none of keep, edit and drop.")
            continue
        edited = _edited(judge, suggestion, console)
        if edited:
            return edited


def _edited(judge: Judge, suggestion: Suggestion, console: Console) -> Decided | None:
    """The suggestion in the user's words; None when the user leaves it as it was.

    A dimension that the expert would leave alone or take out is there to be edited as well: then it is changed.
    """
    present = judge.rubric.dimensions.get(suggestion.dimension)
    words: Dimension | Suggestion = suggestion
    if present is not None and not suggestion.anchors:
        words = present
    text = yaml.safe_dump(
        {"about": words.about, "anchors": dict(sorted(words.anchors.items()))},
        sort_keys=False, allow_unicode=True, width=110,
    )  # fmt: skip
    levels = ", ".join(map(str, judge.scale.levels))
    head = f"# {suggestion.dimension}: what it is, and a sentence for each of {levels}.\n"
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
            return _checked(judge, suggestion, new)
        except ValueError as refused:
            console.print(escape(str(refused)))
            if not typer.confirm("Edit it again?", default=True):
                return None


def _checked(judge: Judge, suggestion: Suggestion, text: str) -> Decided:
    fields = parse_yaml(text, "your edit")
    if not isinstance(fields, dict) or set(fields) != {"about", "anchors"}:
        raise Refusal("it needs `about` and `anchors`, and nothing else")
    fields = {**suggestion.model_dump(), **fields, "decision": "keep"}
    if suggestion.action in ("keep", "drop"):
        fields["action"] = "change"
    made = parse(fields, Decided, "your edit")
    if not made.whole(judge.scale.levels) or set(made.anchors) != set(judge.scale.levels):
        levels = ", ".join(map(str, judge.scale.levels))
        raise Refusal(f"it needs `about` and one sentence for each of {levels}")
    return made


def _show(judge: Judge, suggestion: Suggestion, console: Console, place: str = "") -> None:
    """What is suggested and why; the present dimension and the suggested one side by side, or the one that there is."""
    console.print()
    title = place + _titled(suggestion)
    if suggestion.why:
        title += f". {suggestion.why}"
    console.print(escape(title))
    sides: dict[str, Dimension | Suggestion] = {}
    present = judge.rubric.dimensions.get(suggestion.dimension)
    if present:
        sides["as it is"] = present
    if suggestion.anchors:
        sides["suggested"] = suggestion
    table = Table("level", *sides, show_lines=True)
    table.add_row("", *(escape(side.about.strip()) for side in sides.values()))
    for level in judge.scale.levels:
        table.add_row(str(level), *(escape(side.anchors.get(level, "").strip()) for side in sides.values()))
    console.print(table)


def _titled(suggestion: Suggestion) -> str:
    return _TITLES[suggestion.action].format(suggestion.dimension)
