"""The journey: a suite goes in, rows come out. Read it top to bottom.

Weights are built, an engine is opened once for all that share them, each variant sits its missing exams, and every
finished cell is on disk before the next one begins.
"""

import platform
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from finetune.build import Built, build
from harness import record
from harness.answers import Journal
from harness.engines import Weights, open_engine
from harness.errors import UserError, refusals
from harness.plan import CellPlan, Plan, Sitting, VariantPlan, local, make_plan
from harness.progress import Reporter
from harness.runners import RUNNERS, Exam
from harness.suite import Suite
from tasks import TASKS

PACKAGES = (
    "torch",
    "transformers",
    "peft",
    "trl",
    "lm-eval",
    "inspect-ai",
    "bitsandbytes",
    "llama-cpp-python",
    "vllm",
)


def run_suite(
    name: str, results: Path, store: Path, reporter: Reporter, only: Sequence[str] = (), redo: bool = False
) -> Plan:
    suite = Suite.load(name)
    plan = make_plan(suite, results, store, only)
    refuse_unmatched(plan, redo)
    relabel(plan)
    for sitting in plan.sittings:
        sit(sitting, plan, reporter)
    return plan


def refuse_unmatched(plan: Plan, redo: bool) -> None:
    """Results of another definition, or damaged ones, are never mixed in and never overwritten unasked."""
    for cell in plan.cells:
        if cell.state in ("changed", "damaged") and not redo:
            found = "were made from an earlier definition" if cell.state == "changed" else "cannot be read"
            raise UserError(
                f"results of {cell.variant} x {cell.task} {found}",
                cell.why,
                "run with --redo to make them again"
                + (", or give the variant a new name" if cell.state == "changed" else ""),
                record.cell_folder(plan.results, cell.variant, cell.task),
            )


def sit(sitting: Sitting, plan: Plan, reporter: Reporter) -> None:
    """Everything that one opened engine is wanted for: answers first (kept as they come), then marks, then rows."""
    built = {each.variant.name: build_weights(each, plan.store, reporter) for each in sitting.variants}
    start = time.perf_counter()
    weights = weights_for(sitting, built)
    reporter.say(f"open {sitting.engine} on {Path(weights.source).name} for {', '.join(built)}")
    with closing(open_engine(sitting.engine, weights)) as engine:
        opened = {"load_seconds": round(time.perf_counter() - start, 3)}
        for each in sitting.variants:
            mine = built[each.variant.name]
            engine.use(mine.adapter if mine else None)
            for cell in each.missing:
                with record.lock(plan.results, cell.variant, cell.task):
                    keep_damaged(cell, plan, reporter)
                    exam, start = exam_of(cell, each, plan), time.perf_counter()
                    with reporter.answering(f"{cell.variant} x {cell.task}", exam.answers) as progress:
                        rows = RUNNERS[exam.task.framework](engine, exam, progress)
                    measured = opened | measure(rows, time.perf_counter() - start)
                    record.write(plan.results, rows, label(cell, each, plan) | measured)


def build_weights(plan: VariantPlan, store: Path, reporter: Reporter) -> Built | None:
    """Train, merge, quantise: only what is missing. None for an engine that has its weights elsewhere."""
    if plan.variant.engine in ("openai", "echo"):
        return None
    data = {source: file.path for source, file in plan.data.items()}
    with refusals(), reporter.building() as progress:
        return build(plan.variant.base, plan.stages, store / "artifacts", data, progress)


def weights_for(sitting: Sitting, built: dict[str, Built | None]) -> Weights:
    made = [one for one in built.values() if one]
    if not made:
        base = sitting.variants[0].variant.base
        return Weights(str(local(base)) if sitting.engine == "echo" else base, endpoint=sitting.endpoint)
    adapters = tuple(dict.fromkeys(one.adapter for one in made if one.adapter))
    return Weights(str(made[0].gguf or made[0].weights), sitting.quantization, sitting.endpoint, adapters)


def exam_of(cell: CellPlan, each: VariantPlan, plan: Plan) -> Exam:
    key = cell.answers_key
    return Exam(
        variant=each.variant,
        task=TASKS[cell.task],
        docs=TASKS[cell.task].docs("test", plan.suite.limit.get(cell.task)),
        judge=plan.suite.judge,
        journal=Journal(plan.store / "answers" / f"{cell.variant}-{cell.task}-{key[:16]}.jsonl"),
        logs=plan.store / "inspect" / f"{cell.variant}-{key[:16]}",
    )


def keep_damaged(cell: CellPlan, plan: Plan, reporter: Reporter) -> None:
    if cell.state == "damaged" and (damaged := record.read(plan.results, cell.variant, cell.task)):
        reporter.say(f"  kept the damaged files in {record.set_aside(damaged)}")


def relabel(plan: Plan) -> None:
    """A new margin, parent or remark changes no row: kept cells are told of it, and not made again."""
    for each in plan.variants:
        for cell in each.cells:
            kept = record.read(plan.results, cell.variant, cell.task) if cell.state == "keep" else None
            if kept and any(kept.run.get(name) != value for name, value in label(cell, each, plan).items()):
                with record.lock(plan.results, cell.variant, cell.task):
                    record.write_run(kept.folder, kept.run | label(cell, each, plan))


def label(cell: CellPlan, each: VariantPlan, plan: Plan) -> dict[str, Any]:
    """What was run and what a comparison must find equal: all of run.json that was known before the run."""
    task = TASKS[cell.task]
    return {
        "suite": plan.suite.name,
        "definition": cell.definition,
        "resolved": each.variant.model_dump(mode="json") | {"digest": each.variant.digest},
        "stages": [{"kind": stage.kind, "digest": stage.digest} for stage in each.stages],
        "exam": {
            "title": task.title,
            "kind": task.kind,
            "headline": task.headline,
            "scale": list(task.scale),
            "framework": task.framework,
            "marked_by": plan.suite.judge if task.marked_by == "judge" else "rules",
        },
        "margin": plan.suite.margin.get(cell.task),
    }


def measure(rows: list[record.Sample], seconds: float) -> dict[str, Any]:
    return {
        "wall_seconds": round(seconds, 3),
        "statuses": {status: sum(row.status == status for row in rows) for status in record.STATUSES},
        "errors": sum(row.status == "error" for row in rows),
        "tokens_in": sum(row.tokens_in or 0 for row in rows),
        "tokens_out": sum(row.tokens_out or 0 for row in rows),
        "versions": {name: version for name in PACKAGES if (version := installed(name))},
        "hardware": hardware(),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def installed(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def hardware() -> dict[str, Any]:
    import os
    import sys

    torch = sys.modules.get("torch")
    gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())] if torch else []
    return {
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "gpus": gpus,
        "python": platform.python_version(),
    }
