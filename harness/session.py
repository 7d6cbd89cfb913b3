"""A session: all that one opened engine is asked for. Responses are kept as they come, then scored, then written.

A session is a pure function of its spec and of what is on disk, so it can run here, in a process of its own or on
another machine.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from proctor.common.files import read_kept
from proctor.common.progress import Reporter
from proctor.common.refusal import Refusal
from proctor.harness import record
from proctor.harness.ask import scoring
from proctor.harness.ask.cell import AskedSample, CellRun
from proctor.harness.ask.lm_eval import ask_lm_eval, lm_eval_task
from proctor.harness.ask.responses import Advance, Journal
from proctor.harness.ask.scoring import Scorer
from proctor.harness.ask.second_reader import SecondReader
from proctor.harness.ask.solver import Solver
from proctor.harness.ask.stock import ask_stock, of_all_samples
from proctor.harness.ask.watched import Watched
from proctor.harness.engines.protocol import Engine
from proctor.harness.judging.grader import opened as grader_opened
from proctor.harness.plan.label import label
from proctor.harness.plan.plan import CellPlan, Plan, Session, VariantPlan
from proctor.harness.plan.training import learnt
from proctor.harness.weights import build_weights, opened, put_on
from proctor.judges.graders.grader import fingerprint
from proctor.judges.panel import Panel
from proctor.tasks import Task
from proctor.tasks.prompt_pack import STOCK

Waiting = list[tuple[VariantPlan, CellPlan]]  # cells whose responses are kept and which a model has to score
Spread = Callable[[Sequence[Session], Plan, Reporter], Waiting]  # those of harness/parallel.py
Ask = Callable[[Engine, CellRun, Advance], list[AskedSample]]


def run_session(session: Session, plan: Plan, reporter: Reporter) -> Waiting:
    """Builds the weights, opens the engine, asks for every missing cell, and writes those that rules score.

    Returns the cells that a model has to score: it is asked when all engines are closed.
    """
    waiting: Waiting = []
    built = {}
    for each in session.variants:
        watched = Watched(plan.results, each.variant.name)
        built[each.variant.name] = build_weights(each, plan.store, reporter, watched.build)
        watched.end()
    # All that can be made ready, while nobody waits for the engine.
    labels, asks = {}, {}
    for each, cell in session.missing():
        asks[cell.variant, cell.task] = _ask_of(plan.suite.task(cell.task), each.variant.prompt)
        labels[cell.variant, cell.task] = label(cell, each, plan)
    with opened(session, built, reporter) as (engine, costs):
        for each in session.variants:
            weights = built[each.variant.name]
            put_on(engine, weights)
            for cell in each.missing:
                with record.lock(plan.results, cell.variant, cell.task):
                    keep_damaged(cell, plan, reporter)
                    run, known = cell_run(cell, each, plan), labels[cell.variant, cell.task]
                    names = plan.results, cell.variant, cell.task
                    watched = Watched(*names, "", run.requests, known.task, run.journal)
                    run = replace(run, answered=watched.answered)
                    costs.begin()
                    with reporter.answering(f"{cell.variant} x {cell.task}", run.requests) as progress:
                        samples = asks[cell.variant, cell.task](engine, run, watched.also(progress))
                    measured = record.measurements_from(
                        costs.measured(samples, run.journal.asked, weights)
                        | learnt(each.stages, plan.store / "artifacts")
                    )
                    scoring.keep_responses(plan.responses_file(cell), samples, run.task.version, measured)
                    if plan.asks_a_model(cell):
                        waiting.append((each, cell))
                        watched.wait("there; a model scores them when the engines are closed")
                        continue
                    scorer = Scorer(run.judge, None, plan.store / "verdicts", second_reader(plan))
                    rows, _ = scoring.rows_of(
                        cell.variant, run.task, samples, scorer, lambda done, made: None
                    )
                    write(rows, known.measured(measured), plan, reporter)
                    watched.end()
    return waiting


def _ask_of(task: Task, prompt: str) -> Ask:
    """How tasks of this framework are asked, with all that the task needs loaded."""
    if task.asks == STOCK and task.framework == "lm_eval":
        return ask_stock
    if task.framework == "lm_eval":
        lm_eval_task(task, prompt)
        return ask_lm_eval
    from proctor.harness.ask.bridge import ask_inspect  # takes seconds to import

    return ask_inspect


def score_waiting(waiting: Waiting, plan: Plan, reporter: Reporter) -> None:
    """Scores kept responses and writes the rows. No engine is open but a local grader's; no variant is asked."""
    alike: dict[str, Waiting] = {}
    for each, cell in waiting:
        judge = plan.suite.judge_of(plan.suite.task(cell.task))
        asked = [spec and spec.identity for spec in plan.scored_by(cell.task)]
        alike.setdefault(fingerprint([judge, *asked]), []).append((each, cell))
    for cells in alike.values():
        _score_waiting(cells, plan, reporter)


def _score_waiting(waiting: Waiting, plan: Plan, reporter: Reporter) -> None:
    """Cells that are scored by the same judge and the same model."""
    first = waiting[0][1].task
    judge, (spec, solver) = plan.suite.judge_of(plan.suite.task(first)), plan.scored_by(first)
    open_model = partial(grader_opened, suite=plan.suite, store=plan.store, reporter=reporter)
    with open_model(spec) as grader, open_model(solver) as solving:
        scorer = Scorer(judge, grader, plan.store / "verdicts", second_reader(plan))
        for each, cell in waiting:
            name = f"{cell.variant} x {cell.task}"
            if solving and not isinstance(solving, Panel):
                scorer = replace(scorer, solver=Solver(solving, scorer.cache, reporter, name))
            with record.lock(plan.results, cell.variant, cell.task):
                run = cell_run(cell, each, plan)
                kept = scoring.read_responses(plan.responses_file(cell), run.docs)
                if kept is None:
                    where = plan.responses_file(cell)
                    raise Refusal("the kept responses vanished", remedy="run again", where=where)
                samples, measured = kept
                keep_damaged(cell, plan, reporter)
                wanted = len(samples)
                if spec:
                    reporter.say(f"  {name}: {scorer.estimate(run, samples)}")
                    wanted = len(scorer.items(run.task, samples))
                line: AbstractContextManager[Advance] = reporter.answering(f"score {name}", wanted, "scores")
                if not spec:  # the solver has a line of its own
                    line = nullcontext(lambda done, made: None)
                watched = Watched(plan.results, cell.variant, cell.task, "scored", wanted)
                with line as progress:
                    advance = watched.also(progress)
                    rows, tally = scoring.rows_of(cell.variant, run.task, samples, scorer, advance)
                known = label(cell, each, plan).measured(measured)
                if tally and spec:
                    reporter.say(f"  {name}: {tally}")
                    known = known.changed(verdicts=tally.as_dict())
                if scorer.solver:
                    known = known.changed(solver=scorer.solver.trusted(run.docs))
                write(rows, known, plan, reporter)
                watched.end()


def write(rows: Sequence[record.Sample], run: record.RunRecord, plan: Plan, reporter: Reporter) -> None:
    failed = Counter(row.explanation for row in rows if row.status == "error")
    for why, times in failed.most_common(1):
        cell = f"{rows[0].variant} x {rows[0].task}"
        reporter.say(f"  {cell}: {failed.total()} of {len(rows)} failed, {times} of them with: {why}")
    task = plan.suite.task(run.task.name)
    if task.asks == STOCK:
        run = run.changed(**of_all_samples(task, plan.docs[task.name], rows, run.task))
    counts = scoring.counts([row.status for row in rows], [row.truncated for row in rows])
    finished = datetime.now(UTC).isoformat(timespec="seconds")
    record.write(plan.results, list(rows), run.changed(**counts, finished=finished))
    reporter.cell(run.variant, run.task.name, rows=len(rows), **counts)


def cell_run(cell: CellPlan, each: VariantPlan, plan: Plan) -> CellRun:
    task = plan.suite.task(cell.task)
    return CellRun(
        variant=each.variant,
        task=task,
        docs=plan.docs[cell.task],
        judge=plan.suite.judge_of(task),
        journal=Journal(plan.store / "responses" / f"{cell.task}-{cell.weights[:16]}.jsonl"),
        logs=plan.store / "inspect" / f"{cell.variant}-{cell.responses_key[:16]}",
    )


def second_reader(plan: Plan) -> SecondReader | None:
    return SecondReader(plan.suite.extractor, plan.store / "verdicts") if plan.suite.extractor else None


def keep_damaged(cell: CellPlan, plan: Plan, reporter: Reporter) -> None:
    kept = plan.responses_file(cell)
    if kept.exists() and read_kept(kept) is None:
        aside = kept.replace(kept.with_suffix(".damaged"))
        reporter.say(f"  kept the damaged responses in {aside}; what the journal has is not asked again")
    if cell.state != "damaged":
        return
    damaged = record.read(plan.results, cell.variant, cell.task)
    if damaged and damaged.problem:
        reporter.say(f"  kept the damaged files in {record.set_aside(damaged)}")
