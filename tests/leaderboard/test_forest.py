"""The forest plot of `proctor compare`, in the terminal and as pictures."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.board_results import rows_of, write
from tests.support.boards import DEMO
from tests.support.comparing import run

WHERE = ("--results", str(DEMO))


def drawings(text: str) -> list[str]:
    return [line for line in text.splitlines() if "●" in line]


def test_each_difference_is_drawn_on_its_interval_beside_none() -> None:
    found = json.loads(run("compare", "--task", "word_problems", "--json", *WHERE))["comparisons"]
    text = run("compare", "--task", "word_problems", "--plot", *WHERE)
    block = text.partition("Word problems: difference in accuracy, points (95 % interval)")[2]
    drawn = drawings(block)
    assert len(drawn) == len(found)
    zeros = set()
    for line, pair in zip(drawn, found, strict=True):
        mean = line.index("●")
        assert line.find("├") < mean  # a narrow interval may lie under its mean
        assert line.find("┤") > mean or "┤" not in line
        zero = re.search("[│┼]", line)
        if zero:
            zeros.add(zero.start())
            assert (zero[0] == "┼") == (pair["low"] <= 0 <= pair["high"])
            assert (mean > zero.start()) == (pair["difference"] > 0)
        assert max(map(len, drawn)) <= 80
    assert len(zeros) == 1, "none stands in one column"


def test_without_it_nothing_is_drawn_and_json_stays_json() -> None:
    assert drawings(run("compare", "--task", "concepts", *WHERE)) == []
    assert json.loads(run("compare", "--task", "concepts", "--plot", "--json", *WHERE))["cells"]


@pytest.mark.parametrize("right", [0, 1])
def test_one_item_and_all_alike_are_drawn(tmp_path: Path, right: int) -> None:
    for name, score in (("a", 0.0), ("b", float(right))):
        write(tmp_path, [replace(row, score=score) for row in rows_of(name, "word_problems", 1)])
    assert len(drawings(run("compare", "a", "b", "--plot", "--results", tmp_path))) == 1


def test_pictures_are_written_one_a_task(tmp_path: Path) -> None:
    picture = tmp_path / "forest.png"
    two = ("compare", "tiny-lora", "tiny", *WHERE, "--png", str(picture))
    run(*two, "--task", "concepts")
    assert picture.read_bytes().startswith(b"\x89PNG")
    picture.unlink()
    run(*two)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "forest-concepts.png", "forest-over-all-tasks.png", "forest-study_plan.png", "forest-word_problems.png",
    ]  # fmt: skip


def test_a_picture_that_is_not_called_png_is_refused(tmp_path: Path) -> None:
    done = run("compare", "tiny-lora", "tiny", *WHERE, "--png", tmp_path / "forest.svg", code=2)
    assert "forest.png" in done
    assert list(tmp_path.iterdir()) == []
