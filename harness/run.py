"""The journey: a suite goes in, rows come out. Read it top to bottom.

Weights are built, an engine is opened once for all that share them, each variant sits its missing exams, and every
finished cell is on disk before the next one begins.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from finetune.build import Built, build
from harness import marking, record
from harness.answers import Journal
from harness.engines import Engine, Reloads, Weights, load_libraries, open_engine
from harness.errors import UserError, refusals
from harness.judging.grader import opened, refuse_unopenable
from harness.marking import Answered, Exam, Marker
from harness.measuring import Cards, hardware, installed
from harness.memory import Memory
from harness.overlaps import overlap_of
from harness.plan import CellPlan, Plan, Sitting, VariantPlan, local, make_plan, weights_of
from harness.progress import Reporter
from harness.runners import RUNNERS, ready
from harness.second_reader import SecondReader
from harness.suite import Suite
from harness.training import learnt
from harness.variant import Variant
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


Waiting = list[tuple[VariantPlan, CellPlan]]  # cells whose answers are kept and which a model has to mark
Spread = Callable[[Sequence[Sitting], Plan, Reporter], Waiting]  # one_by_one, or those of harness/spread.py


def one_by_one(sittings: Sequence[Sitting], plan: Plan, reporter: Reporter) -> Waiting:
    return [cell for sitting in sittings for cell in sit(sitting, plan, reporter)]


def run_suite(
    name: str, results: Path, store: Path, reporter: Reporter, only: Sequence[str] = (), redo: bool = False,
    spread: Spread = one_by_one, here: bool = True,
) -> Plan:  # fmt: skip
    """`here`: whether the engines are opened on this machine."""
    suite = Suite.load(name)
    plan = make_plan(suite, results, store, only, here)
    refuse_unmatched(plan, redo)
    relabel(plan)
    if any(plan.asks_a_model(cell) for cell in plan.cells if cell.state != "keep"):
        refuse_unopenable(plan.grading.spec if plan.grading else None, suite)
    missing = [(each, cell) for each in plan.variants for cell in each.missing]
    answered = [(each, cell) for each, cell in missing if marking.has_answers(cell, plan.store)]
    asked = [marking.to_ask(sitting, plan.store) for sitting in plan.sittings]
    answered += spread([sitting for sitting in asked if sitting.variants], plan, reporter)
    if answered:
        mark_kept(answered, plan, reporter)
    return plan


def refuse_unmatched(plan: Plan, redo: bool) -> None:
    """Results of another definition, or damaged ones, are never mixed in and never overwritten unasked."""
    for cell in plan.cells:
        if cell.state in ("changed", "damaged") and not redo:
            found = "were made from an earlier definition" if cell.state == "changed" else "cannot be read"
            what = "mark the kept answers" if marking.has_answers(cell, plan.store) else "make them"
            raise UserError(
                f"results of {cell.variant} x {cell.task} {found}",
                cell.why,
                f"run with --redo to {what} again"
                + (", or give the variant a new name" if cell.state == "changed" else ""),
                record.cell_folder(plan.results, cell.variant, cell.task),
            )


def sit(sitting: Sitting, plan: Plan, reporter: Reporter) -> Waiting:
    """Everything that one opened engine is wanted for: answers first (kept as they come), then marks, then rows.

    Returns the cells that a model has to mark: it is asked when all engines are closed.
    """
    waiting: Waiting = []
    built = {each.variant.name: build_weights(each, plan.store, reporter) for each in sitting.variants}
    for each in sitting.variants:
        for cell in each.missing:
            ready(TASKS[cell.task], each.variant.prompt)
    start = time.perf_counter()
    weights = weights_for(sitting, built)
    load_libraries(sitting.engine)
    memory, cards = Memory(), Cards(weights.gpus if any(built.values()) else 0)
    reporter.say(f"open {sitting.engine} on {Path(weights.source).name} for {', '.join(built)}")
    with closing(open_engine(sitting.engine, weights)) as engine:
        loaded = {"load_seconds": round(time.perf_counter() - start, 3)}
        for each in sitting.variants:
            mine = built[each.variant.name]
            if mine and isinstance(engine, Reloads):
                engine.load(str(mine.weights))
            engine.use(mine.adapter if mine else None)
            for cell in each.missing:
                with record.lock(plan.results, cell.variant, cell.task):
                    keep_damaged(cell, plan, reporter)
                    exam, start = exam_of(cell, each, plan), time.perf_counter()
                    memory.restart()
                    cards.restart()
                    kept = len(exam.journal)
                    with reporter.answering(f"{cell.variant} x {cell.task}", exam.answers) as progress:
                        answered = RUNNERS[exam.task.framework](engine, exam, progress)
                    peak = memory.peak() if len(exam.journal) > kept else None  # nothing was asked: no figure
                    took = {} if kept else cards.told()  # of a cell that was asked here as a whole
                    measured = loaded | measure(answered, time.perf_counter() - start, kept) | took
                    measured |= weigh(mine, answered, peak) | learnt(each.stages, plan.store / "artifacts")
                    marking.keep_answered(
                        marking.answers_file(cell, plan.store), answered, exam.task.version, measured
                    )
                    if plan.asks_a_model(cell):
                        waiting.append((each, cell))
                    else:
                        marker = Marker(plan.suite.judge, None, plan.store / "verdicts", second_reader(plan))
                        rows, _ = marking.mark_answered(exam, answered, marker, lambda done, made: None)
                        record.write(
                            plan.results, rows, label(cell, each, plan) | measured | marking.counts(rows)
                        )
    return waiting


def mark_kept(waiting: Sequence[tuple[VariantPlan, CellPlan]], plan: Plan, reporter: Reporter) -> None:
    """Marks kept answers and writes the rows. No engine is open but a local grader's; nobody is examined."""
    spec = plan.grading.spec if plan.grading else None
    with opened(
        spec, lambda variant: open_variant(variant, plan.store, reporter), plan.suite, plan.store
    ) as grader:
        marker = Marker(plan.suite.judge, grader, plan.store / "verdicts", second_reader(plan))
        for each, cell in waiting:
            with record.lock(plan.results, cell.variant, cell.task):
                exam = exam_of(cell, each, plan)
                found = marking.read_answered(marking.answers_file(cell, plan.store), exam.docs)
                if found is None:
                    raise UserError(
                        "the kept answers vanished",
                        remedy="run again",
                        where=marking.answers_file(cell, plan.store),
                    )
                keep_damaged(cell, plan, reporter)
                answered, measured = found
                if plan.asks_a_model(cell):
                    reporter.say(f"  {cell.variant} x {cell.task}: {marker.estimate(exam, answered)}")
                with reporter.answering(
                    f"mark {cell.variant} x {cell.task}", len(answered), "marks"
                ) as progress:
                    rows, tally = marking.mark_answered(exam, answered, marker, progress)
                if tally and plan.asks_a_model(cell):
                    reporter.say(f"  {cell.variant} x {cell.task}: {tally}")
                    measured["verdicts"] = tally.as_dict()
                record.write(plan.results, rows, label(cell, each, plan) | measured | marking.counts(rows))


def second_reader(plan: Plan) -> SecondReader | None:
    return SecondReader(plan.suite.extractor, plan.store / "verdicts") if plan.suite.extractor else None


def open_variant(variant: Variant, store: Path, reporter: Reporter) -> Engine:
    """A variant's own engine, for a grader that is one of ours."""
    stages, data, _ = weights_of(variant, store)
    alone = VariantPlan(variant, stages, data, ())
    made = build_weights(alone, store, reporter)
    sitting = Sitting(variant.engine, variant.quantization, variant.endpoint, (alone,), variant.serving)
    reporter.say(f"open {variant.engine} on {variant.name}, the grader")
    engine = open_engine(variant.engine, weights_for(sitting, {variant.name: made}))
    if made and isinstance(engine, Reloads):
        engine.load(str(made.weights))
    engine.use(made.adapter if made else None)
    return engine


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
    return Weights(
        str(made[0].gguf or made[0].weights),
        sitting.quantization,
        sitting.endpoint,
        adapters,
        **dict(sitting.serving),
    )


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


def measure(rows: Sequence[Answered], seconds: float, kept: int) -> dict[str, Any]:
    """`kept` answers were there before: then the time is not that of all items."""
    return {
        "wall_seconds": round(seconds, 3),
        **({} if kept or not rows else {"seconds_per_item": round(seconds / len(rows), 6)}),
        "tokens_in": sum(row.tokens_in or 0 for row in rows),
        "tokens_out": sum(row.tokens_out or 0 for row in rows),
        "versions": {name: version for name in PACKAGES if (version := installed(name))},
        "hardware": hardware(),
    }


def weigh(built: Built | None, rows: Sequence[Answered], peak: int | None) -> dict[str, Any]:
    """What weights that run here cost: bytes on disk, bytes of memory, and time. A server's are not ours to measure."""
    if built is None:
        return {}
    timed = [(row.tokens_out, row.seconds) for row in rows if row.tokens_out is not None and row.seconds]
    seconds = sum(seconds for _, seconds in timed)
    found = {
        "size_bytes": built.size_bytes,
        "tokens_per_second": round(sum(made for made, _ in timed) / seconds, 1) if seconds else None,
        "peak_memory_bytes": peak,
    }
    return {name: value for name, value in found.items() if value is not None}
