"""A cell's label: all of run.json that is known before the run, and what a comparison must find equal."""

from collections.abc import Callable

from proctor.finetune.base import digest_of_file, resolve_base
from proctor.finetune.base_settings import base_settings
from proctor.finetune.build import Stage, gguf_of, parents_of
from proctor.finetune.gguf.header import read_header
from proctor.harness import record
from proctor.harness.plan.overlaps import overlap_of
from proctor.harness.plan.plan import CellPlan, Plan, VariantPlan
from proctor.harness.plan.training import ChatFile
from proctor.tasks import TASKS
from proctor.tasks.prompt_pack import STOCK, Pack

# Of a stock task, as `of_all_samples` found them.
SAID_BY_SCORES = ("kind", "scale", "scale_stated", "weighted")


def label(cell: CellPlan, each: VariantPlan, plan: Plan) -> record.RunRecord:
    task = plan.suite.task(cell.task)
    docs = plan.docs[cell.task]
    about = {
        "name": task.name,
        **plan.about_data[cell.task],
        "kind": task.kind,
        "headline": task.headline,
        "scale": task.scale,
        "framework": task.framework,
        "scored_by": "rules",
        "kinds": task.items_by_kind(docs),
    }
    if task.name in TASKS:
        about["place"] = list(TASKS).index(task.name)
    if grading := plan.gradings.get(cell.task):
        about |= grading.about(plan.suite)
    elif task.solved and plan.suite.solver:
        about["headline"] = f"{task.headline}, keys confirmed by {plan.suite.solver.name}"
    overlap = overlap_of(task, docs, each.data, each.variant.base, plan.store)
    stages = []
    for parent in parents_of(each.stages):  # what went into a merge was seen by what came out
        stages += [_stage(stage, parent.base) for stage in parent.stages]
        files = {source: ChatFile(path, digest_of_file(path)) for source, path in parent.data.items()}
        seen = overlap_of(task, docs, files, parent.base, plan.store)
        overlap += [one for one in seen if one not in overlap]
    stages += [_stage(stage, each.variant.base) for stage in each.stages]
    brought = {} if each.variant.engine in ("openai", "echo") else base_settings(each.variant.base)
    run = record.RunRecord(
        suite=plan.suite.name,
        variant=cell.variant,
        task=record.TaskRecord.model_validate(about),
        definition=cell.definition,
        resolved=record.VariantRecord.model_validate(
            each.variant.model_dump(mode="json") | {"digest": each.variant.digest}
        ),
        stages=tuple(stages),
        margin=plan.suite.margin.get(cell.task),
        overlap=tuple(record.OverlapRecord.model_validate(one) for one in overlap),
    )
    if plan.look:
        run = run.changed(planned=plan.look.planned.get(cell.task))
    if task.name not in TASKS:
        run = run.changed(without_examples=Pack.load(each.variant.prompt).lacks_examples(task))
    if brought:
        run = run.changed(base_settings=record.BaseRecord.model_validate(brought))
    gguf = _gguf(each, plan)
    if gguf:
        run = run.changed(gguf=gguf)
    decide = plan.suite.decide
    if decide and decide.primary == cell.task:
        run = run.changed(decide=record.DecideRecord(primary=decide.primary, guard=tuple(decide.guard)))
    return run


def _gguf(each: VariantPlan, plan: Plan) -> record.GgufRecord | None:
    if each.variant.engine != "llamacpp":
        return None
    file = gguf_of(each.variant.base, each.stages, plan.store / "artifacts")
    if file is None:
        return None
    header = read_header(file)
    return record.GgufRecord(
        parameters=header.parameters, tensor_bytes=header.tensor_bytes, cache_bytes=header.cache_bytes
    )


def _stage(stage: Stage, base: str) -> record.StageRecord:
    if stage.kind != "dequantize":
        return record.StageRecord(kind=stage.kind, digest=stage.digest)
    weights = read_header(resolve_base(base)).weight_type
    return record.StageRecord(kind=stage.kind, digest=stage.digest, weights=weights)


def relabel(plan: Plan, say: Callable[[str], None]) -> None:
    """A new margin, parent or remark changes no row: kept cells are told of it, and not made again."""
    for each in plan.variants:
        for cell in each.cells:
            kept = record.read(plan.results, cell.variant, cell.task) if cell.state == "keep" else None
            if kept is None:
                continue
            new = label(cell, each, plan)
            if plan.suite.task(cell.task).asks == STOCK:
                told = {name: getattr(kept.run.task, name) for name in SAID_BY_SCORES}
                new = new.changed(task=new.task.changed(**told))
            # How the engine was shared out is what it was when the rows were made.
            if kept.run.resolved.serving is not None:
                new = new.changed(resolved=new.resolved.changed(serving=kept.run.resolved.serving))
            if kept.run.decide and not new.decide:
                new = new.changed(decide=None)
            if kept.run.planned:
                # All items by a run that does not look before: figures are those of all items from now on.
                whole = plan.look is None and cell.items == kept.run.planned.items
                new = new.changed(planned=None if whole else kept.run.planned)
            updated = kept.run.changed(**record.fields_of(new))
            if updated.as_json() != kept.run.as_json():
                was, now = kept.run.margin, new.margin
                if was != now:
                    say(f"{cell.variant} x {cell.task}: its margin was {was}, and is {now} from now on")
                with record.lock(plan.results, cell.variant, cell.task):
                    record.write_run(kept.folder, updated)
