"""An expert's suggestions for a rubric, shown beside it and left in a file, in which the user decides on each."""

from collections.abc import Sequence
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from proctor.common.terminal import Console
from proctor.judges.judge import Judge
from proctor.judges.people.expert import Suggestion
from proctor.judges.people.refine import read_suggestions, written
from proctor.judges.rubric import Dimension

_TITLES = {
    "keep": "leave {} as it is",
    "change": "change {}",
    "drop": "take {} out of the rubric",
    "add": "add {}",
}


def leave_to_decide(judge: Judge, suggestions: Sequence[Suggestion], path: Path) -> None:
    """Shows the suggestions, and writes them into `path` unless it holds these already, decided on or not."""
    console = Console(highlight=False)
    advised = {(each.dimension, each.why) for each in suggestions}
    if not path.exists() or not advised <= {(each.dimension, each.why) for each in read_suggestions(path)}:
        path.write_text(written(suggestions), encoding="utf-8")
    for suggestion in suggestions:
        title = _TITLES[suggestion.action].format(suggestion.dimension)
        console.print(f"\n{escape(title)}. {escape(suggestion.why)}")
        console.print(_side_by_side(judge, suggestion))


def _side_by_side(judge: Judge, suggestion: Suggestion) -> Table:
    """The present dimension and the suggested one, or the one that there is."""
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
    return table
