"""The board in a real browser: every page, from disk and over http under a sub-path, and all it can do."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from proctor.leaderboard.board import site
from tests.support.board_results import change, rows_of, write
from tests.support.seen import TRAP, Seen, assert_drawings_are_dark_where_the_screen_is, from_disk


def test_every_page_opens_without_a_fault(seen: Seen, board: Path) -> None:
    for page in sorted(board.rglob("*.html")):
        seen.open(page.relative_to(board).as_posix())
        assert seen.page.locator("h1").count() == 1
        seen.page.wait_for_timeout(50)
        assert seen.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page


@from_disk
def test_no_page_is_wider_than_a_phone(seen: Seen, board: Path) -> None:
    seen.page.set_viewport_size({"width": 360, "height": 800})
    for path in (
        "index.html",
        "lineage.html",
        "flips.html",
        "tradeoff.html",
        "curves.html",
        "judges/checklist.html",
        "variants/tiny-100.html",
        "tasks/concepts.html",
        "samples/tiny-trap/word_problems.html",
    ):
        seen.open(path)
        seen.page.wait_for_timeout(100)
        assert seen.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


@from_disk
def test_the_ranking_sorts_by_any_column_and_says_so(seen: Seen) -> None:
    seen.open("index.html#task=all")
    names = "#ranking-table tbody th a"
    by_score = seen.words(names)
    seen.page.get_by_role("button", name="Variant").click()
    assert seen.words(names) == sorted(by_score)
    assert seen.page.locator("th[aria-sort]").get_attribute("aria-sort") == "ascending"
    seen.page.get_by_role("button", name="Variant").press("Enter")
    assert seen.words(names) == sorted(by_score, reverse=True)
    seen.page.get_by_role("button", name="mean score").click()
    assert set(seen.words(names)[:2]) == {"tiny", "tiny-lora"}  # the others have no score: always last


@from_disk
def test_the_ranking_is_filtered_by_words(seen: Seen) -> None:
    seen.open("index.html#task=all")
    seen.page.get_by_text("Filter the rows").click()
    seen.page.get_by_label("Filter").fill("q4_k_m")
    assert seen.words("#ranking-table tbody tr:not([hidden]) th a") == ["tiny-q4"]
    assert "1 of 7 variants" in seen.words("output")


def test_answers_are_filtered_by_status_through_the_link_on_the_ranking(seen: Seen) -> None:
    seen.open("index.html#task=all")
    seen.page.locator('a[href="samples/tiny-lora/word_problems.html#status=unparsed"]').click()
    seen.page.locator("#count", has_text="1 of 12").wait_for()
    assert seen.page.locator("article h2").inner_text().startswith("item-002")


def test_answers_are_searched_and_shown_in_parts(seen: Seen) -> None:
    seen.open("samples/tiny-trap/word_problems.html")
    seen.page.locator("article").nth(19).wait_for()
    assert seen.page.locator("article").count() == 20
    seen.page.get_by_role("button", name="Show more").click()
    seen.page.locator("article").nth(39).wait_for()
    seen.page.get_by_label("Search").fill("needle")
    seen.page.locator("#count", has_text="1 of 60").wait_for()
    assert len(seen.page.locator("article pre").last.inner_text()) > 100_000
    seen.page.get_by_label("Search").fill("nowhere to be found")
    seen.page.locator("#count", has_text="no answer fits").wait_for()


def test_hostile_answers_are_seen_as_text(seen: Seen) -> None:
    seen.open("samples/tiny-trap/word_problems.html#find=onerror")
    seen.page.locator("article").first.wait_for()
    assert TRAP in seen.page.locator("article pre").last.inner_text()
    seen.open("flips.html#task=word_problems&a=tiny-trap&b=tiny&show=same")
    seen.page.locator("article").first.wait_for()
    assert TRAP.split()[0] in seen.page.locator("article").first.inner_text()
    assert seen.page.locator("article img, article script").count() == 0


def test_flips_show_what_one_got_right_and_the_other_wrong(seen: Seen) -> None:
    seen.open("flips.html#task=word_problems&a=tiny-lora&b=tiny&show=a")
    seen.page.locator("article").first.wait_for()
    sides = seen.words("article:first-of-type .side")
    assert "tiny-lora" in sides[0]
    assert "right" in sides[0]
    assert "wrong" in sides[1]
    assert seen.page.locator("article:first-of-type mark").first.inner_text() in ("tiny-lora", "tiny")
    before = seen.page.locator("#count").inner_text()
    seen.page.get_by_role("button", name="Swap").click()
    seen.page.wait_for_function("text => document.getElementById('count').textContent !== text", arg=before)
    assert "a=tiny&b=tiny-lora" in seen.page.url


def test_flips_open_with_the_side_that_has_more_of_them_and_say_when_there_are_none(seen: Seen) -> None:
    seen.open("flips.html#task=word_problems&a=tiny&b=tiny-lora")
    seen.page.locator("article").first.wait_for()
    assert seen.page.get_by_label("Show").input_value() == "b"
    assert "wrong" in seen.words("article:first-of-type .side")[0]
    seen.page.get_by_label("Show").select_option("a")
    seen.page.get_by_text("No answer of this kind.").wait_for()
    assert "show=a" in seen.page.url


@from_disk
def test_the_figures_of_the_drawings_sort(seen: Seen) -> None:
    seen.open("tradeoff.html")
    table = seen.page.locator("table", has_text="Size of the weights").last
    table.get_by_role("button", name="Size of the weights").click()
    sizes = table.locator("tbody tr td:nth-child(5)").evaluate_all(
        "all => all.map(one => Number(one.dataset.sort))"
    )
    assert len(sizes) > 2
    assert sizes == sorted(sizes, reverse=True)


@from_disk
def test_the_keyboard_reaches_the_table_and_its_sorting(seen: Seen) -> None:
    seen.open("index.html#find=tiny")
    seen.page.keyboard.press("Tab")
    assert seen.page.evaluate("document.activeElement.textContent") == "Skip to content"
    focused = set()
    for _ in range(90):
        seen.page.keyboard.press("Tab")
        focused.add(
            seen.page.evaluate("(one => one.id || one.className || one.tagName)(document.activeElement)")
        )
    assert {"find", "scroll", "BUTTON"} <= focused


@from_disk
def test_every_column_of_the_ranking_sorts(seen: Seen) -> None:
    seen.open("index.html#task=all")
    heads = seen.page.locator("#ranking-table thead tr:last-child th button")
    assert (
        heads.count() == 1 + 3 * 3 + 1 + 2
    )  # score, difference, speed of each task; size; of what variants are, only what tells them apart
    for at in range(heads.count()):
        heads.nth(at).click()
        head = seen.page.locator("#ranking-table thead tr:last-child th").nth(at)
        assert head.get_attribute("aria-sort") in ("ascending", "descending")
        cells = seen.page.locator(f"#ranking-table tbody tr > :nth-child({at + 1})")
        values = [value for value in cells.evaluate_all("all => all.map(one => one.dataset.sort)") if value]
        if head.get_attribute("data-kind") != "text":
            values = [float(value) for value in values]
        ordered = sorted(values, reverse=head.get_attribute("aria-sort") == "descending")
        assert values == ordered, head.inner_text()


@from_disk
def test_rows_are_filtered_by_base_stage_quantisation_and_prompt(seen: Seen) -> None:
    seen.open("index.html#task=all")
    seen.page.get_by_text("Filter the rows").click()
    rows = "#ranking-table tbody tr:not([hidden]) th a"
    seen.page.get_by_label("Stage").select_option("quantised")
    assert seen.words(rows) == ["tiny-q4"]
    seen.page.get_by_label("Stage").select_option("base")
    assert sorted(seen.words(rows)) == ["tiny", "tiny-trap"]
    assert "stage=base" in seen.page.url
    seen.page.reload()
    assert sorted(seen.words(rows)) == ["tiny", "tiny-trap"]
    seen.page.get_by_label("Quantisation").select_option("q4_k_m")
    assert seen.words(rows) == []
    assert "0 of 7 variants" in seen.words("output")


def test_the_baseline_is_chosen_in_the_page_and_all_differences_follow(seen: Seen) -> None:
    seen.open("index.html#task=all")
    seen.page.get_by_text("Filter the rows").click()
    lora = 'tr[data-variant="tiny-lora"] td.difference[data-task="word_problems"]'
    before = seen.page.locator(lora).inner_text()
    assert "to tiny," in before
    seen.page.get_by_label("Differences to").select_option("tiny-q4")
    seen.page.locator(lora, has_text="to tiny-q4").wait_for()
    assert "p = " in seen.page.locator(lora).inner_text() or "p <" in seen.page.locator(lora).inner_text()
    own = seen.page.locator('tr[data-variant="tiny-q4"] td.difference[data-task="word_problems"]')
    assert own.inner_text() == "baseline"
    other = seen.page.locator('tr[data-variant="tiny"] td.difference[data-task="concepts"]')
    assert other.inner_text() == "tiny-q4 has no results here"
    assert seen.page.locator("#to").inner_text() == "tiny-q4"
    assert "baseline=tiny-q4" in seen.page.url
    href = seen.page.locator(f"{lora} a:not(.term)").get_attribute("href")
    assert href.endswith("flips.html#task=word_problems&a=tiny-lora&b=tiny-q4")
    seen.page.reload()
    seen.page.locator(lora, has_text="to tiny-q4").wait_for()
    seen.page.get_by_label("Differences to").select_option("")
    seen.page.locator(lora, has_text="to tiny,").wait_for()
    assert seen.page.locator(lora).inner_text() == before


@from_disk
def test_drawings_are_dark_where_the_screen_is_and_named(seen: Seen, browser: Any, board: Path) -> None:
    assert_drawings_are_dark_where_the_screen_is(browser, board / "curves.html", "rect")
    seen.open("curves.html")
    assert seen.page.locator("svg.chart title").first.text_content().startswith("Word problems")


def test_any_pair_of_many_variants_can_be_read(browser: Any, wide: Path) -> None:
    page = browser.new_page()
    page.set_default_timeout(10_000)
    page.goto(f"file://{wide}/tasks/word_problems.html")
    told = page.locator("#told", has_text="over all pairs")
    told.wait_for()
    page.locator("#compact tbody tr").nth(9).locator("td").nth(3).click()
    higher, lower = page.locator("#pair select").evaluate_all("all => all.map(one => one.value).reverse()")
    page.locator("#told", has_text=f"{lower} minus {higher}: ").wait_for()
    shown = page.locator("#compact tbody tr").nth(9).locator("td").nth(3).inner_text().split()[0]
    assert f"{shown} points" in told.inner_text()
    page.get_by_label("against").select_option(lower)
    page.locator("#told", has_text="Choose two different variants.").wait_for()
    page.close()


def test_the_first_view_is_light_and_soon_there(browser: Any, wide: Path) -> None:
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url))
    page.goto(f"file://{wide}/index.html")
    ready = page.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd")
    size = sum(Path(url.removeprefix("file://")).stat().st_size for url in asked if url.startswith("file:"))
    assert size < 1_000_000
    assert ready < 5_000  # under a second on a quiet machine; here others may be at work
    page.close()


def odd_results(place: Path) -> Iterator[tuple[str, Path]]:
    """One variant; all alike; a cell missing and one without a score; imported cells alone."""
    write(place / "one", rows_of("alone", "word_problems"))
    for name in ("a", "b", "c"):
        write(place / "ties", rows_of(name, "word_problems"))
        write(place / "imported", rows_of(name, "word_problems"))
        change(place / "imported", name, "word_problems", hardware={}, versions={}, margin=None, stages=[],
               origin={"kind": "lm-eval", "files": ["x.json"], "lacks": ["prompt"]})  # fmt: skip
        write(place / "missing", rows_of(name, "concepts" if name == "a" else "word_problems"), parent="a")
    failed = [replace(row, status="error", score=None, metrics={}) for row in rows_of("c", "study_plan")]
    write(place / "missing", failed, parent="a")
    for results in sorted(path for path in place.iterdir() if path.is_dir()):
        yield results.name, site.build(results, place / "boards" / results.name).parent


def test_odd_results_make_pages_without_a_fault_that_fit_a_phone(browser: Any, tmp_path: Path) -> None:
    page = browser.new_page(viewport={"width": 360, "height": 800})
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    for name, board in list(odd_results(tmp_path)):
        for path in sorted(board.rglob("*.html")):
            page.goto(f"file://{path}")
            page.wait_for_timeout(30)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (name, path.name)
            assert not {"None", "nan", "undefined"} & set(page.locator("main").inner_text().split()), path
    assert faults == []
    page.close()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_axe_finds_nothing_serious(browser: Any, board: Path, wide: Path, scheme: str, width: int) -> None:
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright",
        reason="the accessibility test needs: pip install axe-playwright-python",
    )
    size = {"width": width, "height": 900}
    context = browser.new_context(viewport=size, color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    one_of_each = (
        "index", "lineage", "tradeoff", "flips", "curves", "judges/checklist", "tasks/study_plan",
        "variants/tiny-100", "samples/tiny-lora/word_problems",
    )  # fmt: skip
    for path in [*(board / f"{name}.html" for name in one_of_each), wide / "tasks" / "concepts.html"]:
        page.goto(f"file://{path}")
        page.wait_for_timeout(50)
        found = [
            (one["id"], one["nodes"][0]["html"][:200])
            for one in axe.Axe().run(page).response["violations"]
            if one["impact"] in ("serious", "critical")
        ]
        assert found == [], path
    context.close()
