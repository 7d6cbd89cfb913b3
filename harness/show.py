"""Plans and findings as tables for a terminal and as plain data for a script. Shows; decides nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rich.markup import escape  # square brackets in what is told are text, not colours
from rich.table import Table

from proctor.common import counted, duration
from proctor.common.refusal import located
from proctor.finetune.build import Parent, Stage, build, is_kept, parents_of, with_parents
from proctor.finetune.train.estimate import TrainingEstimate, estimate_training
from proctor.harness.doctor import Finding
from proctor.harness.plan.notes import without_examples
from proctor.harness.plan.plan import Plan

# Kept cells foretell it worse than within a factor of two.
UNKNOWN = "how long answering takes is not estimated"


def plan_as_dict(plan: Plan) -> dict[str, Any]:
    stages, sessions, cells = [], [], []
    for stage, built in plan.stages():
        served = _served(stage, plan)
        stages.append({"kind": stage.kind, "digest": stage.digest, "variants": served, "built": built})
    for session in plan.sessions:
        sessions.append([each.variant.name for each in session.variants])
    for cell in plan.cells:
        about = {name: getattr(cell, name) for name in ("variant", "task", "items", "state", "why")}
        if cell.state != "keep":
            about["answered"] = plan.has_responses(cell)
        cells.append(about)
    return {"suite": plan.suite.name, "stages": stages, "sittings": sessions, "cells": cells}


def plan_as_tables(plan: Plan) -> Iterator[Table | str]:
    stages = plan.stages()
    if stages:
        table = _table("stages", ("stage", "for", "state"))
        for stage, built in stages:
            table.add_row(_kind(stage), ", ".join(_served(stage, plan)), "kept" if built else "to build")
        yield table
    table = _table("cells", ("variant", "task", "items", "state", "why"), ("items",))
    fill = answered = 0
    for cell in plan.cells:
        why = escape(cell.why)
        if cell.state != "keep":
            fill += 1
            if plan.has_responses(cell):
                answered += 1
                why += "; its responses are kept, and are only to be scored"
        table.add_row(cell.variant, cell.task, str(cell.items), cell.state, why)
    yield table
    parts = [
        f"{counted(sum(not built for _, built in stages), 'stage')} to build",
        f"{counted(fill, 'cell')} to fill",
        f"{counted(len(plan.split()[1]), 'session')} (each loads its weights once)",
        f"{counted(len(plan.cells) - fill, 'cell')} kept",
    ]
    if answered:
        parts.insert(2, f"{answered} of them only to be scored")
    yield ", ".join(parts)
    yield from without_examples(plan)


def _kind(stage: Stage) -> str:
    if stage.merging is not None:
        spec = stage.merging.spec
        weights = ", ".join(f"{weight:g}" for weight in spec.used_weights)
        own_base = ["its own base"] if spec.own_base_is_parent else []
        return f"{stage.kind} {spec.method} {weights} of {', '.join([*spec.models, *own_base])}"
    return f"{stage.kind} {stage.type}" if stage.type else stage.kind


def _served(stage: Stage, plan: Plan) -> list[str]:
    served = []
    for each in plan.variants:
        if stage.digest in {other.digest for other in with_parents(each.stages)}:
            served.append(each.variant.name)
    return served


@dataclass(frozen=True)
class Foreseen:
    """One stage. It is trained once for all its `variants`. No estimate where it is kept from before."""

    variants: list[str]
    recipe: str
    estimate: TrainingEstimate | None


def foresee(plan: Plan) -> list[Foreseen]:
    rows: dict[str, Foreseen] = {}
    for each in plan.variants:
        data = {source: file.path for source, file in each.data.items()}
        own = Parent(str(each.variant.recipe), each.variant.base, each.stages, data)
        name = each.variant.name
        for trained in (*parents_of(each.stages), own):
            for stage in trained.stages:
                if stage.recipe is None:
                    continue
                if stage.digest not in rows:
                    rows[stage.digest] = Foreseen([], trained.name, _estimate(stage, trained, name, plan))
                if name not in rows[stage.digest].variants:
                    rows[stage.digest].variants.append(name)
    return list(rows.values())


def _estimate(stage: Stage, trained: Parent, variant: str, plan: Plan) -> TrainingEstimate | None:
    if stage.recipe is None or is_kept(plan.store / "artifacts", stage):
        return None
    with located(f"variant {variant}"):
        return estimate_training(_base_of(trained, plan), stage.recipe, trained.data)


def _base_of(trained: Parent, plan: Plan) -> str:
    """Whose layers and tokens are counted: of a GGUF file those that its run will train, made here if they must be."""
    first = trained.stages[0]
    if first.kind != "dequantize":
        return trained.base
    built = build(trained.base, [first], plan.store / "artifacts", {}, lambda *progress: None)
    return str(built.weights)


def foreseen_as_tables(foreseen: list[Foreseen]) -> Iterator[Table | str]:
    """Each training with what it would take; the sum at the end is of what is not kept."""
    if not foreseen:
        yield f"nothing was run, and nothing is to be trained; {UNKNOWN}"
        return
    numbers = ("steps", "tokens", "time", "memory")
    table = _table("training, estimated", ("recipe", "for", *numbers), numbers)
    notes: list[str] = []
    for training in foreseen:
        figures, estimate = ["kept"], training.estimate
        if estimate is not None:
            memory = f"{estimate.memory_bytes / 1e9:.1f} GB"
            figures = [f"{estimate.steps:,}", f"{estimate.tokens:,}", duration(estimate.seconds), memory]
            if estimate.left_out_too_long:
                left_out = f"{estimate.left_out_too_long:,} chats are longer than max_length and left out"
                notes.append(f"{training.recipe}: {left_out}")
        table.add_row(training.recipe, "\n".join(training.variants), *figures)
    yield table
    yield from notes
    estimates = [training.estimate for training in foreseen if training.estimate]
    if not estimates:
        yield f"nothing was run, and nothing is left to train; {UNKNOWN}"
        return
    whole = duration(sum(estimate.seconds for estimate in estimates))
    where = f"on this {estimates[0].device}, within a factor of two"
    yield f"nothing was run; training would take about {whole} {where}; {UNKNOWN}"


def findings_as_table(findings: list[Finding]) -> Table:
    table = _table("this machine", ("what", "", "found", "to change that"))
    for finding in findings:
        usable = "yes" if finding.usable else "no"
        table.add_row(finding.what, usable, escape(finding.found), escape(finding.remedy))
    return table


def overlaps_as_table(tasks: list[dict[str, Any]]) -> Table:
    """Each task against each training set: the share of its items with a run of 8, 10 and 13 words in it."""
    title = "test items that stand in training sets, by shared runs of words"
    numbers = ("8 words", "10 words", "13 words")
    table = _table(title, ("task", "items", "version", "training set", *numbers), ("items", *numbers))
    for task in tasks:
        about = (task["exam"], str(task["items"]), task["version"])
        for counts in task["sets"]:
            training_set = counts["set"]
            if counts.get("recipes"):
                training_set += f": {', '.join(counts['recipes'])}"
            shares = [f"{100 * counts[f'share_{n}']:.1f} %" for n in (8, 10, 13)]
            table.add_row(*about, training_set, *shares)
            about = ("", "", "")
        table.add_section()
    return table


def _table(title: str, columns: Sequence[str], numbers: Sequence[str] = ()) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, justify="right" if column in numbers else "left", overflow="fold")
    return table
