"""The journey: a suite goes in, rows come out. Read it top to bottom.

Weights are built, an engine is opened once for all that share them, each variant is asked its missing tasks, and every
finished cell is on disk before the next one begins.
"""

from collections.abc import Sequence
from pathlib import Path

from proctor.common.paths import inside
from proctor.common.progress import Reporter
from proctor.common.refusal import Refusal
from proctor.harness import record
from proctor.harness.config.suite import Suite
from proctor.harness.engines import refuse_unusable
from proctor.harness.judging.grader import refuse_unopenable
from proctor.harness.plan.label import relabel
from proctor.harness.plan.plan import Look, Plan, Session, make_plan
from proctor.harness.session import Spread, run_session, score_waiting
from proctor.tasks.stock.lm_eval import of_group


def run_suite(
    suite: str | Suite, results: Path, store: Path, reporter: Reporter, only: Sequence[str] = (), redo: bool = False,
    spread: Spread | None = None, here: bool = True, look: Look | None = None,
) -> Plan:  # fmt: skip
    """`spread` sends the sessions elsewhere; `here`: whether the engines are opened on this machine; `look`: the cells
    of one look of a run until decided.
    """
    if isinstance(suite, str):
        suite = Suite.load(suite)
    with inside(suite.project):
        plan = make_plan(suite, results, store, only, redo, look)
        refuse_unmatched(plan, redo)
        relabel(plan, reporter.say)
        refuse_absent_models(plan)
        waiting, sessions = plan.split()
        refuse_unready(sessions, plan, here)
        if spread:
            waiting += spread(sessions, plan, reporter)
        else:
            for session in sessions:
                waiting += run_session(session, plan, reporter)
        if waiting:
            score_waiting(waiting, plan, reporter)
        keep_groups(plan)
        return plan


def keep_groups(plan: Plan) -> None:
    """Of each stock group that the suite names, lm-eval's own aggregate, where all its tasks are answered."""
    for spec, names in plan.suite.groups.items():
        for each in plan.variants:
            read = [record.read(plan.results, each.variant.name, name) for name in names]
            cells = [cell for cell in read if cell and not cell.problem and cell.run.aggregates]
            if len(cells) < len(names):
                continue
            figures = {}
            for run in (cell.run for cell in cells):
                figures[run.task.title] = {**run.aggregates, "sample_len": run.definition.items or 0}
            rows = {cell.task: cell.run.samples_sha256 for cell in cells}
            group = record.GroupRecord(name=spec, tasks=rows, figures=of_group(spec, figures))
            first = cells[0]
            if group.figures and group not in first.run.groups:
                others = [other for other in first.run.groups if other.name != spec]
                with record.lock(plan.results, first.variant, first.task):
                    record.write_run(first.folder, first.run.changed(groups=(*others, group)))


def refuse_unready(sessions: Sequence[Session], plan: Plan, here: bool) -> None:
    """A cell that another process is at, and an engine that cannot run here: now, and not after hours of training."""
    for session in sessions:
        for each in session.variants:
            for cell in each.cells:
                with record.lock(plan.results, cell.variant, cell.task):
                    pass
            asks = [plan.suite.task(cell.task) for cell in each.cells]
            if session.first.engine == "echo" and any(task.likelihoods for task in asks):
                raise Refusal(
                    f"engine 'echo' of variant {each.variant.name} gives no log-likelihoods",
                    f"{next(task.name for task in asks if task.likelihoods)} asks them",
                )
        if here:
            refuse_unusable(session.first.engine, session.first.name)


def refuse_absent_models(plan: Plan) -> None:
    """A grader or second reader without its key is refused before anything is built."""
    missing = [cell for cell in plan.cells if cell.state != "keep"]
    for cell in missing:
        if plan.asks_a_model(cell):
            refuse_unopenable(plan.scored_by(cell.task), plan.suite)
    if plan.suite.extractor and any(plan.suite.task(cell.task).numeric for cell in missing):
        refuse_unopenable(plan.suite.extractor.spec, plan.suite)


def refuse_unmatched(plan: Plan, redo: bool) -> None:
    """Results of another definition, or damaged ones, are never mixed in and never overwritten unasked."""
    for cell in plan.cells:
        if cell.state not in ("changed", "damaged") or redo:
            continue
        problem, otherwise = "cannot be read", ""
        if cell.state == "changed":
            problem, otherwise = "were made from an earlier definition", ", or give the variant a new name"
        what = "score the kept responses" if plan.has_responses(cell) else "make them"
        raise Refusal(
            f"results of {cell.variant} x {cell.task} {problem}", cell.why,
            f"run with --redo to {what} again{otherwise}", record.cell_folder(plan.results, cell.variant, cell.task),
        )  # fmt: skip


def silent_cells(plan: Plan) -> list[str]:
    """The cells that have no score at all, because every request or verdict failed, with how many there were."""
    silent = []
    for cell in plan.cells:
        kept = record.read(plan.results, cell.variant, cell.task)
        if kept and not kept.problem and kept.run.errors == kept.run.rows:
            silent.append(f"{cell.variant} x {cell.task} ({kept.run.rows} of {kept.run.rows})")
    return silent
