"""A cell's label: all of run.json that is known before the run, and what a comparison must find equal."""

from collections.abc import Callable
from typing import Any

from proctor.harness import record
from proctor.harness.plan.overlaps import overlap_of
from proctor.harness.plan.plan import CellPlan, Plan, VariantPlan
from proctor.tasks import TASKS


def label(cell: CellPlan, each: VariantPlan, plan: Plan) -> dict[str, Any]:
    task = TASKS[cell.task]
    docs = plan.docs[cell.task]
    return {
        "suite": plan.suite.name,
        "definition": cell.definition,
        "resolved": each.variant.model_dump(mode="json") | {"digest": each.variant.digest},
        "stages": [{"kind": stage.kind, "digest": stage.digest} for stage in each.stages],
        "exam": {
            **plan.about_data[cell.task],
            "place": list(TASKS).index(task.name),
            "kind": task.kind,
            "headline": task.headline,
            "scale": list(task.scale),
            "framework": task.framework,
            "marked_by": "rules",
            **(plan.grading.told(plan.suite) if task.scored_by == "judge" and plan.grading else {}),
        },
        "margin": plan.suite.margin.get(cell.task),
        "kinds": task.items_by_kind(docs),
        "overlap": overlap_of(cell.task, docs, each.data, each.variant.base, plan.store),
    }


def relabel(plan: Plan, say: Callable[[str], None]) -> None:
    """A new margin, parent or remark changes no row: kept cells are told of it, and not made again."""
    for each in plan.variants:
        for cell in each.cells:
            kept = record.read(plan.results, cell.variant, cell.task) if cell.state == "keep" else None
            if kept is None:
                continue
            new = label(cell, each, plan)
            # How the engine was shared out is what it was when the rows were made.
            new["resolved"]["serving"] = kept.run["resolved"].get("serving", new["resolved"]["serving"])
            if any(kept.run.get(name) != value for name, value in new.items()):
                was, now = kept.run.get("margin"), new["margin"]
                if was != now:
                    say(f"{cell.variant} x {cell.task}: its margin was {was}, and is {now} from now on")
                with record.lock(plan.results, cell.variant, cell.task):
                    record.write_run(kept.folder, kept.run | new)
