"""Whether what is on disk of a cell is what a suite wants of it, and if not, why."""

from collections.abc import Sequence
from typing import Any, Literal

from proctor.harness import record
from proctor.tasks import dataset_hash
from proctor.tasks.draw import TaskItems

State = Literal["fill", "keep", "changed", "damaged"]


def state_of(
    cell: record.Cell | None, wanted: record.Definition, items: TaskItems, redo: bool
) -> tuple[State, str]:
    if cell is None:
        return "fill", "not there yet"
    if cell.problem:
        return "damaged", cell.problem
    earlier, definition = cell.run.definition.as_json(), wanted.as_json()
    if changed := [name for name in definition if earlier.get(name) != definition[name]]:
        if _only_more(earlier, definition, changed, items):
            return "fill", f"{cell.run.rows} of {len(items.asked) * wanted.epochs} answers are there"
        return "changed", "; ".join(
            _difference(name, earlier.get(name), definition[name]) for name in changed
        )
    errors, too_long, rows = cell.run.errors, cell.run.too_long, cell.run.rows
    if errors > too_long or (too_long and redo):
        return "fill", f"{errors} of {rows} answers failed the last time"
    if too_long:
        return "keep", f"made as defined; {too_long} of {rows} prompts do not fit the context"
    return "keep", "made as defined"


def _only_more(
    earlier: dict[str, Any], now: dict[str, Any], changed: Sequence[str], items: TaskItems
) -> bool:
    """Whether all that was asked is asked now too: items of the same draw, or epochs, were added."""
    if not set(changed) <= {"dataset", "items", "draw", "sampling"}:
        return False
    same_sampling = earlier["sampling"] | {"epochs": 0} == now["sampling"] | {"epochs": 0}
    fewer = earlier["items"] <= now["items"] and earlier["sampling"]["epochs"] <= now["sampling"]["epochs"]
    drawn = dataset_hash(items.drawn(earlier["items"]))
    return bool(same_sampling and fewer and earlier["dataset"] == drawn)


def _difference(name: str, was: Any, now: Any) -> str:
    if isinstance(was, dict) and isinstance(now, dict):
        inner = next(key for key in {**was, **now} if was.get(key) != now.get(key))
        return _difference(f"{name}.{inner}", was.get(inner), now.get(inner))
    before, after = str(was), str(now)
    # Long values are shown from where they begin to differ: two addresses may be equal for thirty letters.
    same = 0
    if max(len(before), len(after)) > 24:
        same = next((at for at, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), 0)
    return f"{name} was {_short(before, same)}, is {_short(after, same)}"


def _short(text: str, same: int) -> str:
    start = max(0, same - 4)
    cut = text[start : start + 24]
    return ("…" if start else "") + cut + ("…" if start + 24 < len(text) else "")
