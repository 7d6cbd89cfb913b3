"""One variant: what it is made of, its scores with all figures beside them, and how to run it again."""

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

import yaml

from proctor.harness.record import RunRecord, VariantRecord
from proctor.leaderboard.board import plots
from proctor.leaderboard.board.pages import lineage
from proctor.leaderboard.compare.costs import machine
from proctor.leaderboard.compare.ranking import Ranking, RankingRow

FIRST = (
    "about", "base", "recipe", "examples", "merge", "merge_with", "quantization", "engine", "endpoint", "prompt",
    "parent",
)  # fmt: skip


def page(ranking: Ranking, row: RankingRow) -> dict[str, Any]:
    """The figures beside the headlines and the costs are handed to every page."""
    runs = [score.run for score in row.scores.values()]
    versions = set()
    for run in runs:
        versions |= {f"{package} {version}" for package, version in run.versions.items()}
    return {
        "row": row,
        "chain": lineage.chain(ranking, row.variant),
        "children": lineage.children(ranking, row.variant),
        "yaml": as_yaml(row.resolved),
        "run": runs[0],
        "imported": _sources(runs),
        "loss": next(filter(None, (plots.loss(row.variant, run) for run in runs)), None),
        "versions": sorted(versions),
        "machines": sorted({machine(run.hardware) for run in runs}),
    }


def _sources(runs: Sequence[RunRecord]) -> list[str]:
    sources = set()
    for run in runs:
        if run.origin:
            for name in run.origin.files or ["not told"]:
                sources.add(f"{run.origin.kind}: {PurePath(name).name}")
    return sorted(sources)


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
