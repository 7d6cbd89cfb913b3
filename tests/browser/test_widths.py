"""Pages at the widths of a phone, a tablet and a desk: of the committed board and of a report nothing is cut."""

from pathlib import Path
from typing import Any

import pytest

from proctor.leaderboard.report import formats, report
from tests.support.boards import DEMO, demo_board
from tests.support.seen import FITS

FRAME = "all => all.every(it => it.parentNode.scrollWidth <= it.parentNode.clientWidth)"


def at(window: Any, width: int) -> None:
    window.set_viewport_size({"width": width, "height": 900})


def test_no_page_is_wider_than_its_screen_and_no_card_is_cut(window: Any) -> None:
    board, cards = demo_board(), set()
    pages = [path.relative_to(board) for path in sorted(board.rglob("*.html"))]
    # All pages of answers are of one kind; those of one variant stand for them.
    for path in (path for path in pages if path.parts[0] != "samples" or path.parts[1] == "tiny-q4"):
        window.goto(f"file://{board / path}")
        tables = window.locator("table.stack")
        for width in (390, 800):
            at(window, width)
            assert window.evaluate(FITS), (path, width)
            assert tables.evaluate_all(FRAME), (path, width)
        if tables.count():
            cards.add(path.parts[0])
    assert cards == {"index.html", "fits.html", "lineage.html", "tasks", "variants"}


def test_every_figure_of_what_fits_says_what_it_is(window: Any) -> None:
    window.goto(f"file://{demo_board()}/fits.html")
    for width in (390, 800):
        at(window, width)
        cells = window.locator("tbody tr").first.locator("td:visible")
        assert cells.evaluate_all("all => all.map(it => it.dataset.label)") == [
            "File, MB", "Cache, MB", "Smallest phone", "accuracy, %", "micro F1, %", "mean score, of 5",
        ]  # fmt: skip
        assert window.locator("tbody td.score .verdict:visible").count() > 0


def test_the_edge_of_what_is_cut_has_a_shade_in_the_head_too(window: Any) -> None:
    at(window, 390)
    window.goto(f"file://{demo_board()}/tradeoff.html")
    heads = window.locator("table.fit thead th:not(.key)")
    colours = heads.evaluate_all("all => all.map(it => getComputedStyle(it).backgroundColor)")
    assert len(colours) > 1
    assert [colour for colour in colours if "/ 0.06" not in colour] == []


@pytest.fixture(scope="module")
def report_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(formats.render(report.make(DEMO, with_changed=True), "html"), encoding="utf-8")
    return path


def test_of_a_report_nothing_is_cut_no_letter_is_too_small_and_drawings_are_dark_where_the_screen_is(
    window: Any, report_file: Path
) -> None:
    window.goto(f"file://{report_file}")
    letters = window.locator("svg.chart text:visible")
    for width in (390, 800, 1400):
        at(window, width)
        assert window.evaluate(FITS), width
        assert window.locator("table.stack:visible").evaluate_all(FRAME), width
        heights = letters.evaluate_all("all => all.map(one => one.getBoundingClientRect().height)")
        assert min(heights) >= 9, width
    colours = set()
    for scheme in ("dark", "light"):
        window.emulate_media(color_scheme=scheme)
        colours.add(letters.first.evaluate("one => getComputedStyle(one).fill"))
    assert len(colours) == 2
