"""Plans and findings as tables for a terminal and as plain data for a script. Shows; decides nothing."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from rich.markup import escape  # square brackets in what is told are text, not colours
from rich.table import Table

from proctor.finetune.build import Stage, with_parents
from proctor.harness.doctor import Finding
from proctor.harness.plan.plan import Plan

if TYPE_CHECKING:
    from proctor.harness.plan.estimates import Foreseen


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
        f"{_counted(sum(not built for _, built in stages), 'stage')} to build",
        f"{_counted(fill, 'cell')} to fill",
        f"{_counted(len(plan.split()[1]), 'session')} (each loads its weights once)",
        f"{_counted(len(plan.cells) - fill, 'cell')} kept",
    ]
    if answered:
        parts.insert(2, f"{answered} of them only to be scored")
    yield ", ".join(parts)


def _kind(stage: Stage) -> str:
    if stage.merging is not None:
        spec = stage.merging.spec
        weights = ", ".join(f"{weight:g}" for weight in spec.used_weights)
        own_base = ["its own base"] if spec.own_base_is_parent else []
        return f"{stage.kind} {spec.method} {weights} of {', '.join([*spec.models, *own_base])}"
    return f"{stage.kind} {stage.type}" if stage.type else stage.kind


def _served(stage: Stage, plan: Plan) -> list[str]:
    """The variants that need a stage."""
    digest = stage.digest
    return [
        each.variant.name
        for each in plan.variants
        if digest in {one.digest for one in with_parents(each.stages)}
    ]


def _counted(n: int, word: str) -> str:
    return f"{n:,} {word}" if n == 1 else f"{n:,} {word}s"


def foreseen_as_tables(foreseen: "list[Foreseen]") -> Iterator[Table | str]:
    """Each training with what it would take; the sums at the end are of what is not kept."""
    if not foreseen:
        yield "nothing is trained"
        return
    numbers = ("steps", "tokens", "time", "memory")
    table = _table("training, estimated", ("recipe", "for", *numbers), numbers)
    too_long: list[str] = []
    seconds, device = 0.0, ""
    for training in foreseen:
        figures, estimate = ["kept"], training.estimate
        if estimate is not None:
            memory = f"{estimate.memory_bytes / 1e9:.1f} GB"
            figures = [f"{estimate.steps:,}", f"{estimate.tokens:,}", _duration(estimate.seconds), memory]
            seconds, device = seconds + estimate.seconds, estimate.device
            if estimate.left_out_too_long:
                left_out = f"{estimate.left_out_too_long:,} chats are longer than max_length and left out"
                too_long.append(f"{training.recipe}: {left_out}")
        table.add_row(training.recipe, "\n".join(training.variants), *figures)
    yield table
    yield from too_long
    if not device:
        yield "nothing was run, and nothing is left to train"
        return
    yield (
        f"nothing was run; training would take about {_duration(seconds)} on this {device}, within a factor of two"
    )


def _duration(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 6000:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


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
