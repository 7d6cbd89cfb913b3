"""Until decided: items come in blocks of one drawn order, and who is in no open pair any more is asked no further.

    run_until_decided(Suite.load("demo"), results, store, reporter, open_cells)

After each block every pair that the suite asks for is looked at, by figures that hold at any number of looks
(common/stats/looks.py). What was asked is kept: the same run goes on from there, and a plain run to all items.
"""

from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path

from proctor.common.progress import Reporter
from proctor.harness import record
from proctor.harness.config.suite import Suite
from proctor.harness.plan.plan import CellPlan, Look, Plan, make_plan
from proctor.harness.run import refuse_unmatched, run_suite
from proctor.harness.session import Spread

LOOKS, LEAST_BLOCK = 16, 32  # an engine is opened anew for each look, and few items decide nothing
Names = tuple[str, str]
# The cells (variant and task) of these pairs of variants on which something is open; those of leaderboard/compare.
OpenCells = Callable[[Path, Sequence[Names], Sequence[str], record.DecideRecord | None], set[Names]]


def run_until_decided(
    suite: Suite, results: Path, store: Path, reporter: Reporter, open_cells: OpenCells, only: Sequence[str] = (),
    redo: bool = False, spread: Spread | None = None, here: bool = True,
) -> Plan:  # fmt: skip
    """The plan of all items; how far each cell went is in the results."""
    whole = make_plan(suite, results, store, only, redo)
    refuse_unmatched(whole, redo)
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
            part, look = suite.model_copy(update={"limit": limits}), Look(frozenset(cells), looked_at)
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
