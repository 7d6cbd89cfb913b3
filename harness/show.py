"""Plans and findings as tables for a terminal and as plain data for a script. Shows; decides nothing."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rich.markup import escape  # square brackets in what is told are text, not colours
from rich.table import Table

from proctor.finetune.build import Stage, with_parents
from proctor.harness.doctor import Finding
from proctor.harness.plan.plan import Plan

if TYPE_CHECKING:
    from proctor.harness.plan.estimates import Foreseen


def plan_as_dict(plan: Plan) -> dict[str, Any]:
    return {
        "suite": plan.suite.name,
        "stages": [
            {"kind": stage.kind, "digest": stage.digest, "variants": _served(stage, plan), "built": built}
            for stage, built in plan.stages()
        ],
        "sittings": [[each.variant.name for each in session.variants] for session in plan.sessions],
        "cells": [
            {"variant": c.variant, "task": c.task, "items": c.items, "state": c.state, "why": c.why}
            | ({} if c.state == "keep" else {"answered": plan.has_responses(c)})
            for c in plan.cells
        ],
    }


def plan_as_tables(plan: Plan) -> Iterator[Table | str]:
    stages = plan.stages()
    if stages:
        table = Table(title="stages", title_justify="left")
        for column in ("stage", "for", "state"):
            table.add_column(column, overflow="fold")
        for stage, built in stages:
            table.add_row(_kind(stage), ", ".join(_served(stage, plan)), "kept" if built else "to build")
        yield table
    table = Table(title="cells", title_justify="left")
    for column in ("variant", "task", "items", "state", "why"):
        table.add_column(column, justify="right" if column == "items" else "left", overflow="fold")
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
    table = Table(title="training, estimated", title_justify="left")
    for column in ("recipe", "for", "steps", "tokens", "time", "memory"):
        table.add_column(column, justify="left" if column in ("recipe", "for") else "right", overflow="fold")
    for one in foreseen:
        figures = ["kept"]
        if (told := one.estimate) is not None:
            memory = f"{told.memory_bytes / 1e9:.1f} GB"
            figures = [f"{told.steps:,}", f"{told.tokens:,}", _duration(told.seconds), memory]
        table.add_row(one.recipe, "\n".join(one.variants), *figures)
    yield table
    for one in foreseen:
        if one.estimate and one.estimate.left_out_too_long:
            yield f"{one.recipe}: {one.estimate.left_out_too_long:,} chats are longer than max_length and left out"
    if missing := [one.estimate for one in foreseen if one.estimate]:
        seconds, where = _duration(sum(told.seconds for told in missing)), missing[0].device
        yield f"nothing was run; training would take about {seconds} on this {where}, within a factor of two"
    else:
        yield "nothing was run, and nothing is left to train"


def _duration(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def findings_as_table(findings: list[Finding]) -> Table:
    table = Table(title="this machine", title_justify="left")
    for column in ("what", "", "found", "to change that"):
        table.add_column(column, overflow="fold")
    for finding in findings:
        table.add_row(
            finding.what, "yes" if finding.usable else "no", escape(finding.found), escape(finding.remedy)
        )
    return table


def overlaps_as_table(tasks: list[dict[str, Any]]) -> Table:
    """Each task against each training set: the share of its items with a run of 8, 10 and 13 words in it."""
    table = Table(
        title="test items that stand in training sets, by shared runs of words", title_justify="left"
    )
    for column in ("task", "items", "version", "training set", "8 words", "10 words", "13 words"):
        table.add_column(
            column,
            justify="left" if column in ("task", "version", "training set") else "right",
            overflow="fold",
        )
    for task in tasks:
        for at, found in enumerate(task["sets"]):
            about = ("", "", "") if at else (task["exam"], str(task["items"]), task["version"])
            where = ", ".join(found.get("recipes", ()))
            shares = (f"{100 * found[f'share_{n}']:.1f} %" for n in (8, 10, 13))
            table.add_row(*about, found["set"] + (f": {where}" if where else ""), *shares)
        table.add_section()
    return table
