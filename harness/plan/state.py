"""What is to be done with a cell: what there is of it, held against what is wanted."""

from collections.abc import Sequence
from typing import Any, Literal

from proctor.harness import record
from proctor.tasks import dataset_hash
from proctor.tasks.draw import TaskItems

SHOWN = 16  # letters of either end of a value that changed
State = Literal["fill", "keep", "changed", "damaged"]


def state_of(
    cell: record.Cell | None, wanted: record.Definition, items: TaskItems, redo: bool
) -> tuple[State, str]:
    if cell is None:
        return "fill", "not there yet"
    if cell.problem:
        return "damaged", cell.problem
    earlier, definition = cell.run.definition.as_json(), wanted.as_json()
    changed = [name for name in definition if earlier.get(name) != definition[name]]
    if changed and _only_more(earlier, definition, changed, items):
        return "fill", f"{cell.run.rows} of {len(items.asked) * wanted.epochs} answers are there"
    if changed:
        differences = [_difference(name, earlier.get(name), definition[name]) for name in changed]
        return "changed", "; ".join(differences)
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
    return f"{name} was {_short(str(was))}, is {_short(str(now))}"


def _short(text: str) -> str:
    """Both ends of what is long: two addresses may be equal for thirty letters, and differ in the last."""
    if len(text) <= 2 * SHOWN:
        return text
    return f"{text[:SHOWN]}…{text[-SHOWN:]}"
