"""One variant: what it is made of, its scores with all figures beside them, and how to run it again."""

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

import yaml

from proctor.harness.record import Definition, RunRecord, VariantRecord
from proctor.leaderboard.board import lineage, plots
from proctor.leaderboard.board.shown import FigureShown, cell_shown, costs_shown, task_head
from proctor.leaderboard.compare import measured
from proctor.leaderboard.compare.ranking import Ranking, RankingRow

FIRST = (
    "about", "base", "recipe", "examples", "merge", "merge_with", "quantization", "engine", "endpoint", "prompt",
    "parent",
)  # fmt: skip


def page(
    ranking: Ranking,
    row: RankingRow,
    figures: Mapping[str, Mapping[str, Sequence[FigureShown]]],
    costs: Mapping[str, Mapping[str, Mapping[str, float]]],
) -> dict[str, Any]:
    """`figures` and `costs` by task and variant."""
    runs = [score.run for score in row.scores.values()]
    tasks = []
    for task in ranking.tasks:
        own_figures, own_costs = figures[task].get(row.variant, ()), costs[task].get(row.variant, {})
        tasks.append(_on_task(ranking, row, task, own_figures, own_costs))
    versions = set()
    for run in runs:
        for package, version in run.versions.items():
            versions.add(f"{package} {version}")
    drawings = filter(None, (plots.loss(row.variant, run) for run in runs))
    return {
        "name": row.variant,
        "about": row.resolved.about,
        "chain": lineage.chain(ranking, row.variant),
        "children": lineage.children(ranking, row.variant),
        "tasks": tasks,
        "yaml": as_yaml(row.resolved),
        "digest": row.resolved.digest,
        "stages": runs[0].stages,
        "base": runs[0].base_settings,
        "again": f"proctor run {runs[0].suite or 'SUITE'} --only {row.variant}",
        "suite_known": runs[0].suite is not None,
        "imported": _sources(runs),
        "loss": next(drawings, None),
        "versions": sorted(versions),
        "machines": sorted({measured.machine(run.hardware) for run in runs}),
    }


def _sources(runs: Sequence[RunRecord]) -> list[str]:
    """The files that imported results came from."""
    sources = set()
    for run in runs:
        if run.origin:
            for name in run.origin.files or ["not told"]:
                sources.add(f"{run.origin.kind}: {PurePath(name).name}")
    return sorted(sources)


def _on_task(
    ranking: Ranking, row: RankingRow, task: str, figures: Sequence[FigureShown], costs: Mapping[str, float]
) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "head": task_head(ranking, task),
        "shown": cell_shown(ranking, row, task),
        "figures": figures,
        "costs": costs_shown(costs),
        "lacks": (),
        "definition": [],
    }
    if task in row.scores:
        run = row.scores[task].run
        facts |= {"lacks": run.lacks, "definition": _definition(run.definition)}
    return facts


def _definition(definition: Definition) -> list[tuple[str, str]]:
    fields = (
        ("dataset", definition.dataset), ("judge", definition.judge), ("prompt", definition.prompt),
        ("task version", definition.task_version),
    )  # fmt: skip
    return [(name, value[:16]) for name, value in fields if value]


def as_yaml(variant: VariantRecord) -> str:
    """The variant's file with every default written out; its name is the file's, so it stands outside."""
    fields = variant.as_json()
    shown = {}
    for name in (*FIRST, *sorted(set(fields) - {*FIRST, "name", "digest"})):
        if name not in FIRST or fields.get(name) is not None:
            shown[name] = fields[name]
    if variant.sampling is not None:
        shown["sampling"] = {name: value for name, value in variant.sampling.items() if value is not None}
    return yaml.safe_dump(shown, sort_keys=False, allow_unicode=True, width=100)
