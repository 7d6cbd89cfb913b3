"""Plans and findings as tables for a terminal and as plain data for a script. Shows; decides nothing."""

from collections.abc import Iterator
from typing import Any

from rich.markup import escape  # square brackets in what is told are text, not colours
from rich.table import Table

from harness.doctor import Finding
from harness.plan import Plan


def plan_as_dict(plan: Plan) -> dict[str, Any]:
    return {
        "suite": plan.suite.name,
        "stages": [
            {"kind": stage.kind, "digest": stage.digest, "built": built} for stage, built in plan.stages()
        ],
        "sittings": [[each.variant.name for each in sitting.variants] for sitting in plan.sittings],
        "cells": [
            {"variant": c.variant, "task": c.task, "items": c.items, "state": c.state, "why": c.why}
            for c in plan.cells
        ],
    }


def plan_as_tables(plan: Plan) -> Iterator[Table | str]:
    stages = plan.stages()
    if stages:
        table = Table(title="stages", title_justify="left")
        for column in ("stage", "digest", "state"):
            table.add_column(column)
        for stage, built in stages:
            table.add_row(stage.kind, stage.digest[:16], "kept" if built else "to build")
        yield table
    table = Table(title="cells", title_justify="left")
    for column in ("variant", "task", "items", "state", "why"):
        table.add_column(column, justify="right" if column == "items" else "left", overflow="fold")
    for cell in plan.cells:
        table.add_row(cell.variant, cell.task, str(cell.items), cell.state, escape(cell.why))
    yield table
    fill = sum(cell.state != "keep" for cell in plan.cells)
    yield (
        f"{sum(not built for _, built in stages)} stages to build, {fill} cells to fill in {len(plan.sittings)} "
        f"sittings (each loads its weights once), {len(plan.cells) - fill} cells kept"
    )


def findings_as_table(findings: list[Finding]) -> Table:
    table = Table(title="this machine", title_justify="left")
    for column in ("what", "", "found", "to change that"):
        table.add_column(column, overflow="fold")
    for finding in findings:
        table.add_row(
            finding.what, "yes" if finding.usable else "no", escape(finding.found), escape(finding.remedy)
        )
    return table
