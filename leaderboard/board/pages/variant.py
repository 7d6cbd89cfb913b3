"""One variant: what it is made of, its scores with all figures beside them, and how to run it again."""

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

import yaml

from proctor.harness.record import Definition, VariantRecord
from proctor.leaderboard.board import plots
from proctor.leaderboard.board.beside import NOTHING, Beside, format_figure
from proctor.leaderboard.board.pages import lineage
from proctor.leaderboard.board.shown import cell, task_head
from proctor.leaderboard.compare import measured
from proctor.leaderboard.compare.measured import machine
from proctor.leaderboard.compare.pairs import TaskPairs
from proctor.leaderboard.compare.tables import Ranking, RankingRow

FIRST = (
    "about",
    "base",
    "recipe",
    "examples",
    "merge",
    "merge_with",
    "quantization",
    "engine",
    "endpoint",
    "prompt",
    "parent",
)


def page(
    ranking: Ranking, row: RankingRow, pairs: Mapping[str, TaskPairs], beside: Mapping[str, Beside]
) -> dict[str, Any]:
    resolved = lineage.resolved_of(ranking, row.variant)
    runs = [score.run for score in row.scores.values()]
    chain = [(name, lineage.resolved_of(ranking, name)) for name in lineage.ancestors(ranking, row.variant)]
    versions = set()
    sources = set()
    for run in runs:
        versions |= {f"{name} {version}" for name, version in run.versions.items()}
        if run.origin:
            files = run.origin.files or ["not told"]
            sources |= {f"{run.origin.kind}: {PurePath(name).name}" for name in files}
    return {
        "name": row.variant,
        "about": row.about,
        "chain": [
            (name, lineage.step(before, after))
            for (name, after), before in zip(chain, [None, *(one for _, one in chain)], strict=False)
        ],
        "children": lineage.children(ranking, row.variant),
        "tasks": [
            _on_task(ranking, row, task, pairs[task], beside.get(task, NOTHING))
            for task in ranking.tasks
        ],
        "yaml": as_yaml(resolved),
        "digest": resolved.digest,
        "stages": runs[0].stages,
        "again": f"proctor run {runs[0].suite or 'SUITE'} --only {row.variant}",
        "suite_known": runs[0].suite is not None,
        "imported": sorted(sources),
        "loss": next((plot for run in runs if (plot := plots.loss(row.variant, run))), None),
        "versions": sorted(versions),
        "machines": sorted({machine(run.hardware) for run in runs}),
    }  # fmt: skip


def _on_task(
    ranking: Ranking, row: RankingRow, task: str, pairs: TaskPairs, beside: Beside
) -> dict[str, Any]:
    score = row.scores.get(task)
    return {
        "head": task_head(ranking, task),
        "shown": cell(ranking, row, task, pairs),
        "figures": [format_figure(one) for one in beside.figures],
        "costs": measured.listed(beside.costs),
        "lacks": score.run.lacks if score else (),
        "definition": _definition(score.run.definition) if score else [],
    }


def _definition(definition: Definition) -> list[tuple[str, str]]:
    fields = (
        ("dataset", definition.dataset), ("judge", definition.judge), ("prompt", definition.prompt),
        ("task version", definition.task_version),
    )  # fmt: skip
    return [(name, value[:16]) for name, value in fields if value]


def as_yaml(variant: VariantRecord) -> str:
    """The variant's file with every default written out; its name is the file's, so it stands outside."""
    fields = variant.as_json()
    told = {name: fields[name] for name in FIRST if fields.get(name) is not None}
    told |= {name: value for name, value in sorted(fields.items()) if name not in (*FIRST, "name", "digest")}
    if variant.sampling is not None:
        told["sampling"] = {name: value for name, value in variant.sampling.items() if value is not None}
    return yaml.safe_dump(told, sort_keys=False, allow_unicode=True, width=100)
