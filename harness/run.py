"""The journey: a suite goes in, rows come out. Read it top to bottom.

Weights are built, an engine is opened once for all that share them, each variant is asked its missing tasks, and every
finished cell is on disk before the next one begins.
"""

import gc
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from itertools import combinations
from pathlib import Path

from proctor.common.files import ROOM, refuse_unwritable
from proctor.common.paths import inside
from proctor.common.progress import Reporter
from proctor.common.refusal import Refusal
from proctor.finetune.base import bytes_of
from proctor.finetune.build import is_kept
from proctor.harness import record
from proctor.harness.config.suite import Suite
from proctor.harness.engines import refuse_unusable
from proctor.harness.judging.grader import refuse_unopenable
from proctor.harness.plan.label import relabel
from proctor.harness.plan.notes import without_examples
from proctor.harness.plan.plan import CellPlan, Plan, Session, make_plan
from proctor.harness.record import running
from proctor.harness.session import Spread, run_session, score_waiting
from proctor.harness.weights import refuse_unserved
from proctor.judges.panel import AnySpec
from proctor.tasks.stock.lm_eval import of_group

APART = ", keep both with --results OTHER, or give the variant a new name"
LOOKS, LEAST_BLOCK = 16, 32  # an engine is opened anew for each look, and few items decide nothing
Names = tuple[str, str]
# The cells (variant and task) of these pairs of variants on which something is open; those of leaderboard/compare.
OpenCells = Callable[[Path, Sequence[Names], Sequence[str], record.DecideRecord | None], set[Names]]


def run_suite(
    suite: str | Suite, results: Path, store: Path, reporter: Reporter, only: Sequence[str] = (), redo: bool = False,
    spread: Spread | None = None, here: bool = True, look: record.Look | None = None,
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
        if look is None:
            for note in without_examples(plan):
                reporter.say(note)
        waiting, sessions = plan.split()
        # Where all responses are kept, what a model says of them may be kept as well, and its server is not needed.
        refuse_absent_models(plan, [cell for _, cell in waiting], look=False)
        refuse_unready(sessions, plan, here)
        cells = [(cell.variant, cell.task) for cell in plan.cells]
        wanting = [(cell.variant, cell.task) for cell in plan.cells if cell.state != "keep"]
        running.begin(results, suite.name, suite.baseline, cells, wanting)
        missing = len(waiting) + sum(len(each.cells) for session in sessions for each in session.variants)
        # Cells that are asked elsewhere are counted there.
        with nullcontext() if spread else reporter.run(missing):
            if spread:
                waiting += spread(sessions, plan, reporter)
                sessions = []
            for number, session in enumerate(sessions):
                if number:
                    gc.collect()  # an engine's weights lie in cycles, and the next one would move into them uncounted
                waiting += run_session(session, plan, reporter)
            if waiting:
                score_waiting(waiting, plan, reporter)
        keep_groups(plan)
        running.end(results, suite.name)
        return plan


def run_until_decided(
    suite: Suite, results: Path, store: Path, reporter: Reporter, open_cells: OpenCells, only: Sequence[str] = (),
    redo: bool = False, spread: Spread | None = None, here: bool = True,
) -> Plan:  # fmt: skip
    """Items come in blocks of one drawn order, and who is in no open pair any more is asked no further.

    After each block every pair that the suite asks for is looked at, by figures that hold at any number of looks
    (common/stats/looks.py). What was asked is kept: the same run goes on from there, and a plain run to all items.
    Returns the plan of all items; how far each cell went is in the results.
    """
    whole = make_plan(suite, results, store, only, redo)
    refuse_unmatched(whole, redo)
    for note in without_examples(whole):
        reporter.say(note)
    there, still, planned = {}, set(), {}
    for cell in whole.cells:
        planned[cell.task] = record.PlannedRecord(items=cell.items, dataset=str(cell.definition.dataset))
        if cell.state != "keep":
            still.add((cell.variant, cell.task))
            there[cell.variant, cell.task] = _items_there(cell, results)
    decide = None
    if suite.decide:
        decide = record.DecideRecord(primary=suite.decide.primary, guard=tuple(suite.decide.guard))
    # Where all items are one block there is one look, and its figures are those of all items.
    looked_at = {task: all_of for task, all_of in planned.items() if _block(all_of.items) < all_of.items}
    number = 0
    while still:
        number += 1
        limits = {task: min(all_of.items, number * _block(all_of.items)) for task, all_of in planned.items()}
        cells = {(variant, task) for variant, task in still if there[variant, task] <= limits[task]}
        if cells:
            names = [each.variant.name for each in whole.variants if each.variant.name in dict(cells)]
            part, look = suite.model_copy(update={"limit": limits}), record.Look(frozenset(cells), looked_at)
            run_suite(part, results, store, reporter, names, redo, spread, here, look)
            still &= open_cells(results, pairs_of(suite), suite.tasks, decide)
        still = {(variant, task) for variant, task in still if limits[task] < planned[task].items}
        reporter.say(f"look {number}: {len(still)} of {len(there)} cells are asked on")
    return whole


def pairs_of(suite: Suite) -> list[Names]:
    """Each variant against its parent, and those without a parent against each other."""
    pairs, alone = [], []
    for variant in suite.variants:
        if variant.parent:
            pairs.append((variant.name, variant.parent))
        else:
            alone.append(variant.name)
    return [*pairs, *combinations(alone, 2)]


def _items_there(cell: CellPlan, results: Path) -> int:
    kept = record.read(results, cell.variant, cell.task)
    if kept is None or kept.problem or cell.state != "fill":
        return 0
    return kept.run.definition.items or 0


def _block(items: int) -> int:
    return min(items, max(LEAST_BLOCK, items // LOOKS))


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
    """A cell that another process is at, an engine that cannot run here, a server that is not there, a disk without
    room: now, and not after hours of training.
    """
    if sessions:
        refuse_unwritable(plan.results, plan.store, room=ROOM + bytes_to_build(sessions, plan.store))
    cells: list[CellPlan] = []
    for session in sessions:
        for each in session.variants:
            cells += each.cells
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
            refuse_unserved(session.first)
    refuse_absent_models(plan, cells, look=True)


def bytes_to_build(sessions: Sequence[Session], store: Path) -> int:
    """About what the missing stages write: each of them as much as its base has."""
    wanted: dict[str, int] = {}
    for session in sessions:
        for each in session.variants:
            missing = [stage.name for stage in each.stages if not is_kept(store / "artifacts", stage)]
            if missing:
                wanted |= dict.fromkeys(missing, bytes_of(each.variant.base))
    return sum(wanted.values())


def refuse_absent_models(plan: Plan, cells: Iterable[CellPlan], look: bool) -> None:
    """A grader, solver or second reader without its key is refused before anything is built or asked, and with a `look`
    at its server also where that is not there.
    """
    specs: dict[str, AnySpec] = {}
    for cell in cells:
        asked: list[AnySpec | None] = [*plan.scored_by(cell.task)]
        if plan.suite.extractor and plan.suite.task(cell.task).numeric:
            asked.append(plan.suite.extractor.spec)
        for spec in asked:
            if spec:
                specs[spec.model_dump_json()] = spec
    for spec in specs.values():
        refuse_unopenable(spec, plan.suite, look)


def refuse_unmatched(plan: Plan, redo: bool) -> None:
    """Results of another definition, or damaged ones, are never mixed in and never overwritten unasked."""
    for cell in plan.cells:
        if cell.state not in ("changed", "damaged") or redo:
            continue
        problem, otherwise = "cannot be read", ""
        if cell.state == "changed":
            problem, otherwise = "were made from an earlier definition", APART
            kept = record.read(plan.results, cell.variant, cell.task)
            if kept and kept.run.suite not in (None, plan.suite.name):
                problem = f"were made by the suite {kept.run.suite}, which defines them otherwise"
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
