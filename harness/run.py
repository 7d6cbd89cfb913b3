"""The journey: a suite goes in, rows come out. Read it top to bottom.

Weights are built, an engine is opened once for all that share them, each variant sits its missing exams, and every
finished cell is on disk before the next one begins.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from proctor.common.progress import Reporter
from proctor.common.refusal import Refusal
from proctor.harness import record
from proctor.harness.ask import marking
from proctor.harness.ask.answers import Journal
from proctor.harness.ask.marking import Answered, Exam, Marker
from proctor.harness.ask.runners import RUNNERS, ready
from proctor.harness.ask.second_reader import SecondReader
from proctor.harness.config.suite import Suite
from proctor.harness.engines import refuse_unusable
from proctor.harness.judging.grader import opened as grader_opened
from proctor.harness.judging.grader import refuse_unopenable
from proctor.harness.plan.label import label, relabel
from proctor.harness.plan.plan import CellPlan, Plan, Sitting, VariantPlan, make_plan
from proctor.harness.plan.training import learnt
from proctor.harness.weights import build_weights, open_variant, opened, put_on
from proctor.tasks import TASKS

Waiting = list[tuple[VariantPlan, CellPlan]]  # cells whose answers are kept and which a model has to mark
Spread = Callable[[Sequence[Sitting], Plan, Reporter], Waiting]  # those of harness/parallel.py


def run_suite(
    name: str, results: Path, store: Path, reporter: Reporter, only: Sequence[str] = (), redo: bool = False,
    spread: Spread | None = None, here: bool = True,
) -> Plan:  # fmt: skip
    """`spread` sends the sittings elsewhere; `here`: whether the engines are opened on this machine."""
    suite = Suite.load(name)
    plan = make_plan(suite, results, store, only, redo)
    refuse_unmatched(plan, redo)
    relabel(plan, reporter.say)
    if any(plan.asks_a_model(cell) for cell in plan.cells if cell.state != "keep"):
        refuse_unopenable(plan.grading.spec if plan.grading else None, suite)
    if suite.extractor and any(TASKS[cell.task].numeric for cell in plan.cells if cell.state != "keep"):
        refuse_unopenable(suite.extractor.spec, suite)

    waiting, sittings = plan.split()
    for sitting in sittings:
        for each in sitting.variants:
            for cell in each.cells:
                with record.lock(results, cell.variant, cell.task):
                    pass  # a cell that another process is at is told of now, and not after hours of training
        if here:
            refuse_unusable(sitting.engine, sitting.variants[0].variant.name)
    if spread:
        waiting += spread(sittings, plan, reporter)
    else:
        for sitting in sittings:
            waiting += sit(sitting, plan, reporter)
    if waiting:
        mark_kept(waiting, plan, reporter)
    return plan


def refuse_unmatched(plan: Plan, redo: bool) -> None:
    """Results of another definition, or damaged ones, are never mixed in and never overwritten unasked."""
    for cell in plan.cells:
        if cell.state in ("changed", "damaged") and not redo:
            found = "were made from an earlier definition" if cell.state == "changed" else "cannot be read"
            what = "mark the kept answers" if plan.has_answers(cell) else "make them"
            raise Refusal(
                f"results of {cell.variant} x {cell.task} {found}",
                cell.why,
                f"run with --redo to {what} again"
                + (", or give the variant a new name" if cell.state == "changed" else ""),
                record.cell_folder(plan.results, cell.variant, cell.task),
            )


def silent_cells(plan: Plan) -> list[str]:
    """The cells that have no score at all, because every answer or verdict failed, with how many there were."""
    silent = []
    for cell in plan.cells:
        kept = record.read(plan.results, cell.variant, cell.task)
        if kept and not kept.problem and kept.run.errors == kept.run.rows:
            silent.append(f"{cell.variant} x {cell.task} ({kept.run.rows} of {kept.run.rows})")
    return silent


def sit(sitting: Sitting, plan: Plan, reporter: Reporter) -> Waiting:
    """Everything that one opened engine is wanted for: answers first (kept as they come), then marks, then rows.

    Returns the cells that a model has to mark: it is asked when all engines are closed.
    """
    waiting: Waiting = []
    built = {each.variant.name: build_weights(each, plan.store, reporter) for each in sitting.variants}
    labels = {}
    for each in sitting.variants:
        for cell in each.missing:
            ready(TASKS[cell.task], each.variant.prompt)
            labels[cell.variant, cell.task] = label(cell, each, plan)
    with opened(sitting, built, reporter) as (engine, costs):
        for each in sitting.variants:
            mine = built[each.variant.name]
            put_on(engine, mine)
            for cell in each.missing:
                with record.lock(plan.results, cell.variant, cell.task):
                    keep_damaged(cell, plan, reporter)
                    exam = exam_of(cell, each, plan)
                    costs.begin()
                    with reporter.answering(f"{cell.variant} x {cell.task}", exam.answers) as progress:
                        answered = RUNNERS[exam.task.framework](engine, exam, progress)
                    measured = record.measurements_from(
                        costs.told(answered, exam.journal.asked, mine)
                        | learnt(each.stages, plan.store / "artifacts")
                    )
                    marking.keep_answered(plan.answers_file(cell), answered, exam.task.version, measured)
                    if plan.asks_a_model(cell):
                        waiting.append((each, cell))
                    else:
                        marker = Marker(plan.suite.judge, None, plan.store / "verdicts", second_reader(plan))
                        rows, _ = marking.mark_answered(exam, answered, marker, lambda done, made: None)
                        write(rows, labels[cell.variant, cell.task].measured(measured), plan, reporter)
    return waiting


def mark_kept(waiting: Waiting, plan: Plan, reporter: Reporter) -> None:
    """Marks kept answers and writes the rows. No engine is open but a local grader's; nobody is examined."""
    spec = plan.grading.spec if plan.grading else None
    with grader_opened(
        spec, lambda variant: open_variant(variant, plan.store, reporter, "grader"), plan.suite, plan.store
    ) as grader:
        marker = Marker(plan.suite.judge, grader, plan.store / "verdicts", second_reader(plan))
        for each, cell in waiting:
            with record.lock(plan.results, cell.variant, cell.task):
                exam = exam_of(cell, each, plan)
                answered, measured = kept_answers(cell, exam, plan)
                keep_damaged(cell, plan, reporter)
                asks = plan.asks_a_model(cell)
                if asks:
                    reporter.say(f"  {cell.variant} x {cell.task}: {marker.estimate(exam, answered)}")
                with reporter.answering(
                    f"mark {cell.variant} x {cell.task}", len(answered), "marks"
                ) as progress:
                    rows, tally = marking.mark_answered(exam, answered, marker, progress)
                run = label(cell, each, plan).measured(measured)
                if tally and asks:
                    reporter.say(f"  {cell.variant} x {cell.task}: {tally}")
                    run = run.changed(verdicts=tally.as_dict())
                write(rows, run, plan, reporter)


def write(rows: list[record.Sample], run: record.RunRecord, plan: Plan, reporter: Reporter) -> None:
    failed = Counter(row.explanation for row in rows if row.status == "error")
    for why, times in failed.most_common(1):
        cell = f"{rows[0].variant} x {rows[0].task}"
        reporter.say(f"  {cell}: {failed.total()} of {len(rows)} failed, {times} thus: {why}")
    record.write(plan.results, rows, run.changed(**marking.counts(rows)))


def exam_of(cell: CellPlan, each: VariantPlan, plan: Plan) -> Exam:
    return Exam(
        variant=each.variant,
        task=TASKS[cell.task],
        docs=plan.docs[cell.task],
        judge=plan.suite.judge,
        journal=Journal(plan.store / "responses" / f"{cell.task}-{cell.weights[:16]}.jsonl"),
        logs=plan.store / "inspect" / f"{cell.variant}-{cell.answers_key[:16]}",
    )


def kept_answers(cell: CellPlan, exam: Exam, plan: Plan) -> tuple[list[Answered], record.Measurements]:
    found = marking.read_answered(plan.answers_file(cell), exam.docs)
    if found is None:
        raise Refusal("the kept answers vanished", remedy="run again", where=plan.answers_file(cell))
    return found


def second_reader(plan: Plan) -> SecondReader | None:
    return SecondReader(plan.suite.extractor, plan.store / "verdicts") if plan.suite.extractor else None


def keep_damaged(cell: CellPlan, plan: Plan, reporter: Reporter) -> None:
    found = record.read(plan.results, cell.variant, cell.task) if cell.state == "damaged" else None
    if found and found.problem:
        reporter.say(f"  kept the damaged files in {record.set_aside(found)}")
