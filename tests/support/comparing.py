"""What `proctor compare A B` computes, for tests that want the figures alone."""

from collections.abc import Iterable
from pathlib import Path

from proctor.leaderboard.compare.comparison import Comparison, Settings
from proctor.leaderboard.compare.families import USUAL, compare_two
from proctor.leaderboard.compare.items import load_cells


def compare_variants(
    results: Path, a: str, b: str, tasks: Iterable[str] = (), settings: Settings = USUAL
) -> list[Comparison]:
    return compare_two(load_cells(results), results, a, b, tasks, settings)
