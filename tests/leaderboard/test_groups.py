"""Scores by group, worked out by hand."""

from dataclasses import replace
from pathlib import Path

import pytest

from proctor.leaderboard.board.groups import groups_of
from proctor.leaderboard.compare.items import load_cells
from tests.support.board_results import rows_of, write


def test_a_group_has_the_mean_of_its_own_items(tmp_path: Path) -> None:
    rows = [
        replace(row, cluster="easy" if i % 2 else "hard", score=float(i % 2))
        for i, row in enumerate(rows_of("a", "word_problems"))
    ]
    write(tmp_path, rows)
    cells = {"a": load_cells(tmp_path)["a", "word_problems"]}
    ((words, found),) = groups_of(cells)
    assert words == "group"
    assert [(row.name, row.size, row.means) for row in found] == [("hard", 6, (0.0,)), ("easy", 6, (1.0,))]


def test_counts_are_summed_before_they_become_f1(tmp_path: Path) -> None:
    few, many = {"tp": 1.0, "fp": 0.0, "fn": 0.0}, {"tp": 1.0, "fp": 3.0, "fn": 3.0}
    rows = [
        replace(row, cluster=f"doc-{i // 6}", metrics=many if i % 2 else few)
        for i, row in enumerate(rows_of("a", "concepts"))
    ]
    write(tmp_path, rows)
    ((_, found),) = groups_of({"a": load_cells(tmp_path)["a", "concepts"]})
    assert found[0].mean == pytest.approx(2 * 6 / (2 * 6 + 9 + 9))  # the mean of both F1 would be 0.625


def test_items_that_stand_alone_make_no_groups(tmp_path: Path) -> None:
    write(tmp_path, [replace(row, cluster=row.sample_id) for row in rows_of("a", "word_problems")])
    assert list(groups_of({"a": load_cells(tmp_path)["a", "word_problems"]})) == []


def test_a_variant_without_a_score_in_a_group_has_none_there(tmp_path: Path) -> None:
    rows = rows_of("a", "word_problems")
    write(tmp_path, rows)
    write(
        tmp_path,
        [replace(row, variant="b", score=None if row.cluster == "group-0" else row.score) for row in rows],
    )
    cells = {name: load_cells(tmp_path)[name, "word_problems"] for name in ("a", "b")}
    ((_, rows),) = groups_of(cells)
    found = {row.name: row.means for row in rows}
    assert found["group-0"][0] is not None
    assert found["group-0"][1] is None
