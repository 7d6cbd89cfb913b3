"""The one file of a report in a browser: on a phone, and dark where its reader's screen is."""

from pathlib import Path
from typing import Any

import pytest

from proctor.leaderboard.report import formats, report
from tests.support.boards import DEMO
from tests.support.seen import assert_drawings_are_dark_where_the_screen_is


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(formats.render(report.make(DEMO, with_changed=True), "html"), encoding="utf-8")
    return path


@pytest.mark.parametrize("width", [390, 800, 1400])
def test_nothing_is_cut_and_no_letter_is_smaller_than_can_be_read(
    browser: Any, page_file: Path, width: int
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto(f"file://{page_file}")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for table in page.locator("table.stack:visible").all():
        assert table.evaluate("it => it.parentNode.scrollWidth <= it.parentNode.clientWidth")
    letters = "all => all.map(one => one.getBoundingClientRect().height)"
    assert min(page.locator("svg.chart text:visible").evaluate_all(letters)) >= 9
    page.close()


def test_its_drawings_are_dark_where_the_screen_is(browser: Any, page_file: Path) -> None:
    assert_drawings_are_dark_where_the_screen_is(browser, page_file, "text")
