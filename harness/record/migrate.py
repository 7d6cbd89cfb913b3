"""Reads the run.json of every version of Proctor that wrote one.

Until format 2 a file told no format, the task stood under `exam` (its name alone under `task`), and what was measured
stood loose beside it.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from proctor.harness.record.run_record import FORMAT, CostRecord, Measurements, RunRecord


class UnreadableRecord(ValueError):
    """Why a run.json cannot be used, in words."""


def record_from(raw: object) -> RunRecord:
    """What a run.json of any version holds."""
    if not isinstance(raw, dict):
        raise UnreadableRecord("it holds no fields")
    found = raw.get("format", 1)
    if isinstance(found, int) and found > FORMAT:
        raise UnreadableRecord(f"a newer Proctor wrote it (format {found}); update Proctor to read it")
    try:
        if found != FORMAT:
            raw = _from_format_1(raw)
        return RunRecord.model_validate(raw)
    except ValidationError as refused:
        first = refused.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise UnreadableRecord(f"{where}: {first['msg']}".removeprefix(": ")) from None


def measurements_from(raw: Mapping[str, Any]) -> Measurements:
    """What was measured, as it is kept beside responses, by this version or an earlier one."""
    return Measurements.model_validate(raw if "costs" in raw else _with_costs(dict(raw)))


def _from_format_1(old: Mapping[str, Any]) -> dict[str, Any]:
    run = _with_costs(dict(old))
    exam = run.pop("exam", None)
    if not isinstance(exam, dict):
        raise UnreadableRecord("it does not tell the task")
    task = {"name": run.pop("task", ""), **exam}
    if "marked_by" in task:
        task["scored_by"] = task.pop("marked_by")
    kinds = run.pop("kinds", None)
    if isinstance(kinds, dict):
        task["kinds"] = kinds
    errors = run.pop("errors", None)  # they stand among the statuses
    if errors is not None and isinstance(run.get("statuses"), dict):
        run["statuses"] = {"error": errors, **run["statuses"]}
    if isinstance(run.get("overlap"), list):
        run["overlap"] = [one if isinstance(one, dict) else {"set": str(one)} for one in run["overlap"]]
    # Where nothing was known of one of these, a null could stand.
    for name in ("overlap", "loss", "stages", "versions", "hardware", "statuses"):
        if run.get(name, ()) is None:
            del run[name]
    return run | {"task": task, "format": FORMAT}


def _with_costs(run: dict[str, Any]) -> dict[str, Any]:
    costs = {name: run.pop(name) for name in CostRecord.model_fields if name in run}
    return run | {"costs": costs}
