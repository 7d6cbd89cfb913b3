"""The board's first page in a real browser: what is seen first, what is chosen, and how it is on a phone."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.boards import demo_board
from tests.support.seen import Seen, from_disk


@pytest.mark.parametrize(("width", "height"), [(1400, 900), (390, 844)])
def test_the_answer_and_its_picture_stand_in_the_first_screen(window: Any, width: int, height: int) -> None:
    window.set_viewport_size({"width": width, "height": height})
    window.goto(f"file://{demo_board()}/index.html")
    answer, picture = window.locator(".answer h2:visible"), window.locator("table.fall:visible")
    assert answer.inner_text().startswith("tiny-lora gains 12.8 points")
    assert answer.bounding_box()["y"] < 300
    box = picture.bounding_box()
    assert box["y"] + box["height"] < height
    if width > 1000:
        box = window.locator("#ranking-table tbody tr").first.bounding_box()
        assert box["y"] + box["height"] < height
        assert window.locator("#ranking-table").evaluate(
            "it => it.parentNode.scrollWidth <= it.parentNode.clientWidth"
        )


@from_disk
def test_one_task_is_looked_at_or_all(seen: Seen) -> None:
    seen.open("index.html")
    heads, sentences = "#ranking-table thead tr:last-child th:visible", ".answer h2:visible"
    first = seen.words(sentences)
    assert len(first) == 1
    assert len(seen.words(heads)) == 1 + 3 + 1 + 2 + 1
    seen.page.locator(".tasks label", has_text="Study plans").click()
    assert len(seen.words(sentences)) == 1
    assert seen.words(sentences) != first
    assert "task=study_plan" in seen.page.url
    assert seen.page.locator("th[aria-sort]").get_attribute("data-task") == "study_plan"
    seen.page.reload()
    assert seen.words(sentences) != first
    seen.page.get_by_text("All tasks", exact=True).click()
    assert len(seen.words(sentences)) == 3
    assert len(seen.words(heads)) == 1 + 3 * 3 + 1 + 2 + 1
    assert seen.page.locator(".pictures:visible").count() == 0


@from_disk
def test_ticked_rows_are_alone_in_every_chart_and_on_the_next_page(seen: Seen) -> None:
    seen.open("index.html#task=word_problems")
    marks = ".answer:not([hidden]) .pictures [data-variant]:visible"
    names = "all => [...new Set(all.map(one => one.dataset.variant))].sort()"
    assert len(seen.page.locator(marks).evaluate_all(names)) > 3
    for name in ("tiny", "tiny-q4"):
        seen.page.get_by_label(f"{name} alone in the charts", exact=True).check()
    assert seen.page.locator(marks).evaluate_all(names) == ["tiny", "tiny-q4"]
    assert seen.page.locator("#ranking-table tbody tr:visible").count() == 7, (
        "rows stay, so that more can be ticked"
    )
    seen.page.get_by_role("link", name="Trade-off").click()
    drawn = seen.page.locator("svg.chart [data-variant]:visible")
    drawn.first.wait_for()
    assert drawn.evaluate_all(names) == ["tiny", "tiny-q4"]
    seen.page.get_by_role("link", name="Show all").click()
    seen.page.locator("#alone").wait_for(state="hidden")
    assert len(drawn.evaluate_all(names)) > 3


@from_disk
def test_a_term_says_what_it_means_where_it_is_tapped_and_without_scripts_at_the_foot(
    seen: Seen, browser: Any
) -> None:
    seen.open("index.html#task=word_problems")
    before = seen.page.url
    seen.page.locator("td.difference a.verdict:visible").first.click()
    note = seen.page.locator("#note")
    note.wait_for()
    verdict = seen.page.locator("td.difference a.verdict:visible").first.inner_text()
    assert note.inner_text().startswith(verdict.split(" (")[0])
    assert seen.page.url == before
    seen.page.keyboard.press("Escape")
    assert not note.is_visible()
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(seen.base + "index.html")
    page.locator("td.difference a.verdict").first.click()
    assert "#word-" in page.url
    assert page.locator(f"dt#{page.url.partition('#')[2]}").is_visible()
    assert page.locator("code[data-copy]").count() == 0 or page.locator("code[data-copy]").first.is_visible()
    context.close()


def test_the_command_of_a_row_is_copied(browser: Any) -> None:
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(f"file://{demo_board()}/index.html")
    page.locator('tr[data-variant="tiny-q4"] button.copy').click()
    page.locator("#note", has_text="Copied: proctor run demo --only tiny-q4").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == "proctor run demo --only tiny-q4"
    context.close()


def test_on_a_phone_each_row_is_a_card_and_nothing_of_it_is_cut(window: Any, wide: Path) -> None:
    window.set_viewport_size({"width": 390, "height": 844})
    for path in (
        wide / "index.html",
        wide / "tasks" / "concepts.html",
        demo_board() / "variants" / "tiny-q4.html",
    ):
        window.goto(f"file://{path}")
        for table in window.locator("table.stack").all():
            frame = "it => it.parentNode.scrollWidth <= it.parentNode.clientWidth"
            assert table.evaluate(frame), path
            labels = (
                table.locator("tbody tr")
                .first.locator("td:visible")
                .evaluate_all(
                    "all => all.filter(one => one.textContent.trim()).map(one => one.dataset.label || '')"
                )
            )
            assert "" not in labels, path
