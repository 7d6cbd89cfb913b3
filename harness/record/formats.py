"""Turns a run.json of an earlier format into one of format 2, which run_record.py describes. Knows only the JSON.

Format 1 had no field `format`: the task stood under `exam`, its name alone under `task`, and each cost at the top.
"""

from collections.abc import Mapping
from typing import Any

COSTS_OF_FORMAT_1 = (
    "wall_seconds", "load_seconds", "seconds_per_item", "tokens_per_second", "tokens_in", "tokens_out", "size_bytes",
    "peak_memory_bytes", "peak_gpu_bytes", "energy_joules", "reused",
)  # fmt: skip


class UnreadableRecord(ValueError):
    """Why a run.json cannot be used, in words."""


def from_format_1(old: Mapping[str, Any]) -> dict[str, Any]:
    """The same in format 2; raises UnreadableRecord where there is no task."""
    run = with_costs(old)
    exam = run.pop("exam", None)
    if not isinstance(exam, dict):
        raise UnreadableRecord("it does not tell the task")
    task = {"name": run.pop("task", ""), **exam}
    if "marked_by" in task:
        task["scored_by"] = task.pop("marked_by")
    kinds = run.pop("kinds", None)
    if isinstance(kinds, dict):
        task["kinds"] = kinds
    # The number of errors stood by itself as well; now it stands among the statuses alone.
    errors = run.pop("errors", None)
    if errors is not None and isinstance(run.get("statuses"), dict):
        run["statuses"] = {"error": errors, **run["statuses"]}
    # A training set could be a name and nothing else.
    if isinstance(run.get("overlap"), list):
        sets = []
        for entry in run["overlap"]:
            sets.append(entry if isinstance(entry, dict) else {"set": str(entry)})
        run["overlap"] = sets
    # These could be null where nothing was known; now they are left out.
    for name in ("overlap", "loss", "stages", "versions", "hardware", "statuses"):
        if run.get(name, ()) is None:
            del run[name]
    return run | {"task": task, "format": 2}


def with_costs(content: Mapping[str, Any]) -> dict[str, Any]:
    """With the costs under `costs`, where they are not yet: of a run.json, and of the measurements beside responses."""
    fields = dict(content)
    if "costs" in fields:
        return fields
    costs = {name: fields.pop(name) for name in COSTS_OF_FORMAT_1 if name in fields}
    return fields | {"costs": costs}
