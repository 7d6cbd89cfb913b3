"""A cell's label: all of run.json that is known before the run, and what a comparison must find equal.

Must not know answers, marks or engines.
"""

from typing import Any

from harness import record
from harness.overlaps import overlap_of
from harness.plan import CellPlan, Plan, VariantPlan
from tasks import TASKS


def label(cell: CellPlan, each: VariantPlan, plan: Plan) -> dict[str, Any]:
    task = TASKS[cell.task]
    return {
        "suite": plan.suite.name,
        "definition": cell.definition,
        "resolved": each.variant.model_dump(mode="json") | {"digest": each.variant.digest},
        "stages": [{"kind": stage.kind, "digest": stage.digest} for stage in each.stages],
        "exam": {
            "title": task.title,
            "place": list(TASKS).index(task.name),
            "kind": task.kind,
            "headline": task.headline,
            "scale": list(task.scale),
            "framework": task.framework,
            "marked_by": "rules",
            **(plan.grading.told(plan.suite) if task.marked_by == "judge" and plan.grading else {}),
        },
        "margin": plan.suite.margin.get(cell.task),
        "overlap": overlap_of(
            cell.task,
            task.docs("test", plan.suite.limit.get(cell.task)),
            each.data,
            each.variant.base,
            plan.store,
        ),
    }


def relabel(plan: Plan) -> None:
    """A new margin, parent or remark changes no row: kept cells are told of it, and not made again."""
    for each in plan.variants:
        for cell in each.cells:
            kept = record.read(plan.results, cell.variant, cell.task) if cell.state == "keep" else None
            if kept and any(kept.run.get(name) != value for name, value in label(cell, each, plan).items()):
                with record.lock(plan.results, cell.variant, cell.task):
                    record.write_run(kept.folder, kept.run | label(cell, each, plan))
