"""The pages of the committed board at the widths of a phone and a tablet: no page and no card of it is cut."""

from typing import Any

import pytest

from tests.support.boards import demo_board

FRAME = "it => it.parentNode.scrollWidth <= it.parentNode.clientWidth"


@pytest.mark.parametrize("width", [390, 800])
def test_no_page_is_wider_than_its_screen_and_no_card_is_cut(browser: Any, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900})
    board, cards = demo_board(), set()
    for path in sorted(board.rglob("*.html")):
        page.goto(f"file://{path}")
        page.wait_for_timeout(30)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        for table in page.locator("table.stack").all():
            assert table.evaluate(FRAME), path
            cards.add(path.relative_to(board).parts[0])
    assert cards == {"index.html", "fits.html", "lineage.html", "tasks", "variants"}
    page.close()


@pytest.mark.parametrize("width", [390, 800])
def test_every_figure_of_what_fits_says_what_it_is(browser: Any, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto(f"file://{demo_board()}/fits.html")
    labels = (
        page.locator("tbody tr")
        .first.locator("td:visible")
        .evaluate_all("all => all.map(it => it.dataset.label)")
    )
    assert labels == [
        "File, MB", "Cache, MB", "Smallest phone", "accuracy, %", "micro F1, %", "mean score, of 5",
    ]  # fmt: skip
    assert page.locator("tbody td.score .verdict:visible").count() > 0
    page.close()


def test_the_edge_of_what_is_cut_has_a_shade_in_the_head_too(browser: Any) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 900})
    page.goto(f"file://{demo_board()}/tradeoff.html")
    heads = page.locator("table.fit thead th:not(.key)")
    colours = heads.evaluate_all("all => all.map(it => getComputedStyle(it).backgroundColor)")
    assert len(colours) > 1
    assert [colour for colour in colours if "/ 0.06" not in colour] == []
    page.close()
