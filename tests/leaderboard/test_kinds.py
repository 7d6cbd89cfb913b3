"""Scores by kind of item: worked out by hand, read from run.json, and shown on the exam's page."""

from pathlib import Path

from proctor.leaderboard.board import site
from proctor.leaderboard.board.groups import groups_of
from proctor.leaderboard.compare.items import load_cells
from proctor.tasks import TASKS
from tests.support.board_pages import text_of
from tests.support.board_results import change, rows_of, write


def test_a_kind_has_the_mean_of_its_own_items_the_hardest_first(tmp_path: Path) -> None:
    write(
        tmp_path, rows_of("a", "word_problems", 8, ability=2)
    )  # of every four items the first two are right
    grades = {"4": ["item-000", "item-001", "item-002"], "7": ["item-003", "item-004", "not-asked"]}
    change(tmp_path, "a", "word_problems", kinds={"grade": grades, "the_same_for_all": {"x": ["item-000"]}})
    (kind, rows), (words, _) = groups_of({"a": load_cells(tmp_path)["a", "word_problems"]})
    assert (kind, words) == ("grade", "group")
    assert [(row.name, row.size, row.means) for row in rows] == [("7", 2, (0.5,)), ("4", 3, (2 / 3,))]


def test_counts_of_a_kind_are_summed_before_they_become_f1(tmp_path: Path) -> None:
    write(tmp_path, rows_of("a", "concepts", 4, ability=2))  # tp 2, fp 0, fn 1 and tp 1, fp 1, fn 1
    change(
        tmp_path, "a", "concepts", kinds={"kind": {"one": ["item-000", "item-002"], "other": ["item-001"]}}
    )
    (_, rows), _ = groups_of({"a": load_cells(tmp_path)["a", "concepts"]})
    assert {row.name: round(row.mean, 6) for row in rows} == {"one": round(6 / 9, 6), "other": 0.8}


def test_the_exams_page_shows_them(tmp_path: Path) -> None:
    write(tmp_path / "results", rows_of("a", "study_plan", 4))
    kinds = {"language_level": {"simple": ["item-000", "item-001"], "plain": ["item-002", "item-003"]}}
    change(tmp_path / "results", "a", "study_plan", kinds=kinds)
    page = text_of(site.build(tmp_path / "results", tmp_path / "out").parent, "tasks/study_plan.html")
    assert "Language level Items a plain 2 2.50 simple 2 4.25" in page


def test_cells_without_kinds_have_none(tmp_path: Path) -> None:
    write(tmp_path, rows_of("a", "study_plan", 4))
    assert [kind for kind, _ in groups_of({"a": load_cells(tmp_path)["a", "study_plan"]})] == ["group"]


def test_each_exam_of_ours_tells_the_kinds_of_all_its_items() -> None:
    for name, kinds in (
        ("word_problems", ["kind"]),
        ("concepts", ["kind", "band"]),
        ("study_plan", ["grade", "language_level"]),
    ):
        docs = TASKS[name].docs("test")
        told = TASKS[name].items_by_kind(docs)
        assert list(told) == kinds
        for values in told.values():
            assert sorted(item for items in values.values() for item in items) == sorted(
                doc["id"] for doc in docs
            )
            assert 2 <= len(values) <= 60
