"""The chat in a real browser: each scene typed through, by keyboard, on a phone, in the dark, in two languages."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from proctor.judges.figures.preferences import read_preferences
from tests.support.chat_server import (
    PASTED,
    QUESTION,
    SOLUTION,
    SPOKEN,
    book,
    chatting,
    needs_gradio,
    needs_voice,
    silence,
)
from tests.support.command import ROOT

pytestmark = needs_gradio

PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("chat")
    book(made, "book", SOLUTION)
    book(made, "other", "3 + 5 = 9.\n#### 9")
    return made


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    with chatting(folder, "book", "--beside", "other", "--blind") as opened:
        yield opened


@pytest.fixture(scope="module")
def tiny_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The embedded model, with the scores that it got."""
    made = tmp_path_factory.mktemp("tiny")
    with chatting(made, "tiny", "--results", str(ROOT / "results" / "demo")) as opened:
        yield opened


@pytest.fixture(scope="module")
def desk(browser: Any, address: str) -> Iterator[Any]:
    """A page for several tests, each in a scene of its own: the page of Gradio takes seconds to open."""
    with opened(browser, address) as page:
        yield page


@contextmanager
def opened(browser: Any, address: str, path: str = "", **context: Any) -> Iterator[Any]:
    """A page without errors that asks nobody but the server."""
    made = browser.new_context(accept_downloads=True, **context)
    page = made.new_page()
    page.set_default_timeout(20_000)
    faults: list[str] = []
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda asked: None if _ours(asked.url, address) else faults.append(asked.url))
    page.goto(address + path)
    page.get_by_role("tab").first.wait_for()
    yield page
    assert faults == []
    made.close()


def _ours(url: str, address: str) -> bool:
    return url.startswith((address, "data:", "blob:"))


def scene(page: Any, name: str) -> Any:
    page.get_by_role("tab", name=name, exact=True).click()
    return page.get_by_role("tabpanel").locator("visible=true")


def test_a_problem_is_solved_by_both_blind_and_a_click_on_the_better_one_is_kept(
    desk: Any, folder: Path
) -> None:
    assert desk.get_by_role("heading", level=1).inner_text() == "Maths helper: Answer 1, Answer 2"
    assert "book" not in desk.locator(".prose.about").inner_text()
    assert "How often it is right is not known here." in desk.locator(".prose.about").inner_text()
    panel = scene(desk, "Solve a problem")
    panel.get_by_label("Your problem").fill(QUESTION)
    panel.get_by_role("button", name="Ask", exact=True).click()
    panel.get_by_text("✓ 3 + 5 = 8 (right)").wait_for()
    panel.get_by_text("✗ 3 + 5 = 9 (wrong)").wait_for()
    panel.get_by_text("5 of 5 more tries").nth(1).wait_for()
    assert "book" not in panel.inner_text()
    left = "book" if "8 (right)" in panel.locator(".answer").first.inner_text() else "other"
    panel.get_by_role("button", name="Left is better").click()
    panel.get_by_text(f"Left was {left}").wait_for()
    read = read_preferences(folder / "labels.csv", "label", labels=True)
    assert list(read.verdicts.values()) == ["a" if left == "book" else "b"]
    panel.get_by_role("button", name="What is sent").click()
    assert QUESTION in panel.get_by_label("What is sent to the model").input_value()


def text_at_rest(page: Any, answer: Any) -> str:
    """Its text once it has not grown for half a second; an answer that goes on becomes a table at its end."""
    before = None
    while (text := answer.inner_text()) != before:
        before = text
        page.wait_for_timeout(500)
    return str(text)


def test_the_page_says_who_answers_how_well_and_stop_ends_an_answer_while_it_grows(
    browser: Any, tiny_address: str
) -> None:
    expect = pytest.importorskip("playwright.sync_api").expect
    with opened(browser, tiny_address) as page:
        assert page.get_by_role("heading", level=1).inner_text() == "Maths helper: tiny"
        words = page.locator(".prose.about").inner_text()
        assert "small computer model and often wrong. Check every answer" in words
        assert "Solve a problem: 31.6 of 100 points in a test of 250 (suite demo;" in words
        assert "My plan: 2.00 of 5 points in a test of 24 (suite demo;" in words
        assert "My mistakes" not in words
        panel = scene(page, "My plan")
        choose_ratio(page, panel)
        panel.get_by_role("button", name="Ask", exact=True).click()
        answer, stop = panel.locator(".answer pre"), panel.get_by_role("button", name="Stop", exact=True)
        answer.wait_for()
        stop.click()
        expect(stop).to_be_disabled()
        assert text_at_rest(page, answer)
        assert panel.locator(".answer table").count() == 0
        whole = panel.locator(".answer").first
        stopped = whole.inner_text()
        panel.get_by_role("button", name="Ask", exact=True).click()
        expect(stop).to_be_enabled()
        expect(whole).not_to_have_text(stopped, use_inner_text=True)  # it grows anew: the engine is free


def test_the_page_says_it_in_chinese(browser: Any, tiny_address: str) -> None:
    with opened(browser, tiny_address, "zh-hant") as page:
        assert page.get_by_role("heading", level=1).inner_text() == "數學小幫手：tiny"
        words = page.locator(".prose.about").inner_text()
        assert "常常會答錯" in words
        assert "解題：250 題的測驗，滿分 100 分，得 31.6 分" in words


def test_a_button_that_could_do_nothing_is_off(browser: Any, address: str) -> None:
    expect = pytest.importorskip("playwright.sync_api").expect
    with opened(browser, address) as page:
        boxes = {
            "Solve a problem": ("Your problem", QUESTION),
            "My mistakes": ("Your work", PASTED),
            "Free chat": ("Your message", "hello"),
        }
        for name, (label, text) in boxes.items():
            panel = scene(page, name)
            ask = panel.get_by_role("button", name="Ask", exact=True)
            others = [
                panel.get_by_role("button", name=other, exact=True)
                for other in ("Stop", "Try again", "Print", "Left is better", "Both alike", "Right is better")
            ]
            assert [button.is_disabled() for button in (ask, *others)] == [True] * 7, name
            panel.get_by_label(label).fill("   ")
            page.wait_for_timeout(150)
            assert ask.is_disabled()
            panel.get_by_label(label).fill(text)
            expect(ask).to_be_enabled()
            assert all(button.is_disabled() for button in others)
            ask.click()
            for button in others[1:]:
                expect(button).to_be_enabled(timeout=20_000)
            expect(others[0]).to_be_disabled()


def test_the_plan_says_what_is_missing_while_nothing_can_be_asked(browser: Any, address: str) -> None:
    expect = pytest.importorskip("playwright.sync_api").expect
    with opened(browser, address) as page:
        panel = scene(page, "My plan")
        ask, missing = (
            panel.get_by_role("button", name="Ask", exact=True),
            panel.get_by_text("then you can ask"),
        )
        expect(ask).to_be_disabled()
        expect(missing).to_be_visible()
        topics = panel.get_by_label("Weak topics (type to search)")
        topics.fill("Ratio")
        topics.press("Enter")
        expect(ask).to_be_enabled()
        expect(missing).to_be_hidden()
        topics.press("Backspace")
        expect(ask).to_be_disabled()
        expect(missing).to_be_visible()


def choose_ratio(page: Any, panel: Any) -> None:
    """The form of a plan: a name and a topic."""
    panel.get_by_label("Name").fill("Ada")
    panel.get_by_label("Weak topics (type to search)").fill("ratio")
    page.get_by_role("option", name="Ratio", exact=True).click()
    page.keyboard.press("Escape")


def test_a_plan_is_made_from_the_form_and_can_be_saved(desk: Any) -> None:
    panel = scene(desk, "My plan")
    choose_ratio(desk, panel)
    panel.get_by_role("button", name="Ask", exact=True).click()
    panel.get_by_text("hours in all: The plan takes 2 h of 8 h.").first.wait_for()
    assert "Week 3, 4 of 4 is missing" in panel.locator(".answer").first.inner_text()
    with desk.expect_download() as download:
        panel.get_by_role("link", name="plan-1.ics").or_(
            panel.locator("a[download*='plan-1.ics']")
        ).first.click()
    assert "BEGIN:VEVENT" in Path(download.value.path()).read_text(encoding="utf-8")


def test_mistakes_are_shown_with_what_is_right_and_what_is_weak(desk: Any) -> None:
    panel = scene(desk, "My mistakes")
    panel.get_by_label("Your work").fill(PASTED)
    panel.get_by_role("button", name="Ask", exact=True).click()
    cell = panel.get_by_role("cell", name="4 - 1 = 4").first
    cell.wait_for()
    table = panel.locator(".answer").first.inner_text()
    assert "235" in table
    assert "Regrouping (1)" in table
    assert "Week 2" in table


def test_the_talk_answers_by_keyboard_alone_with_both_and_a_click_is_kept(desk: Any, folder: Path) -> None:
    panel = scene(desk, "Free chat")
    panel.get_by_label("Your message").focus()
    desk.keyboard.type("hello")
    desk.keyboard.press("Enter")
    panel.get_by_text("Good day!").nth(1).wait_for()
    desk.keyboard.type("Tom has 3 apples and")
    desk.keyboard.press("Enter")
    panel.get_by_text("3 + 5 = 9.").wait_for()
    answers = panel.locator(".answer")
    assert "book" not in panel.inner_text()
    left = "other" if "= 9" in answers.first.inner_text() else "book"
    for answer in answers.all():
        words = answer.inner_text()
        assert words.index("You: Tom has 3 apples") < words.index("You: hello") < words.index("Good day!")
    sent = panel.get_by_role("button", name="What is sent")
    sent.click()
    assert "hello" in panel.get_by_label("What is sent to the model").input_value()
    panel.get_by_role("button", name="Both alike").click()
    panel.get_by_text(f"Left was {left}").wait_for()
    read = read_preferences(folder / "labels.csv", "label", labels=True)
    assert "tie" in read.verdicts.values()
    panel.get_by_role("button", name="New talk").click()
    panel.get_by_text("Good day!").first.wait_for(state="detached")
    panel.get_by_label("Your message").fill("nobody answers this")
    desk.keyboard.press("Enter")
    panel.get_by_text("no answer came").nth(1).wait_for()
    box = panel.get_by_label("Your message")
    desk.wait_for_function("box => box.value === 'nobody answers this'", arg=box.element_handle())


def test_the_page_in_chinese_says_everything_in_chinese(browser: Any, address: str) -> None:
    with opened(browser, address, "zh-hant") as page:
        panel = scene(page, "解題")
        panel.get_by_label("你的題目").fill(QUESTION)
        panel.get_by_role("button", name="送出", exact=True).click()
        panel.get_by_text("✓ 3 + 5 = 8 (正確)").wait_for()
        panel.get_by_text("有 5 次得到相同的數字").nth(1).wait_for()
        assert "Ask" not in panel.inner_text()
        panel.get_by_label("你的題目").fill("沒有人回答")
        panel.get_by_role("button", name="送出", exact=True).click()
        panel.get_by_text("沒有得到回答").nth(1).wait_for()


@needs_voice
def test_a_spoken_problem_is_shown_for_correction_and_solved(
    browser: Any, address: str, tmp_path: Path
) -> None:
    with opened(browser, address) as page:
        panel = scene(page, "Solve a problem")
        panel.get_by_role("button", name="Speak instead of typing").click()
        panel.get_by_role("button", name="Upload file").click()
        panel.locator("input[type=file]").set_input_files(SPOKEN)
        panel.get_by_text("This was heard").wait_for(timeout=60_000)
        box = panel.get_by_label("Your problem")
        assert box.input_value() == QUESTION
        box.fill(QUESTION + " Show your working.")
        panel.get_by_role("button", name="Ask", exact=True).click()
        panel.get_by_text("✓ 3 + 5 = 8 (right)").wait_for()
        panel.locator("input[type=file]").set_input_files(silence(tmp_path / "silence.wav", 2))
        panel.get_by_text("no words can be heard").wait_for()
        assert box.input_value() == QUESTION + " Show your working."


SCENES = ("Solve a problem", "My plan", "My mistakes", "Free chat")
# In the dark, those whose answers hold all that has a colour of its own.
SEEN_BY_AXE = {"light": SCENES, "dark": ("Solve a problem", "My mistakes")}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_it_whole_and_axe_finds_nothing_serious(
    browser: Any, address: str, scheme: str
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
    with opened(browser, address, viewport=PHONE, color_scheme=scheme) as page:
        for name in SEEN_BY_AXE[scheme]:
            tab = page.get_by_role("tab", name=name, exact=True)
            if not tab.is_visible():
                page.locator(".overflow-menu > button").first.click()
                tab = page.get_by_role("button", name=name, exact=True).or_(tab).first
            tab.click()
            if name == "Solve a problem":
                page.get_by_label("Your problem").fill(QUESTION)
                page.get_by_role("button", name="Ask", exact=True).first.click()
                page.get_by_text("5 of 5 more tries").nth(1).wait_for()
                page.get_by_role("button", name="Speak instead of typing").first.click()
            if name == "My mistakes":
                page.get_by_label("Your work").fill(PASTED)
                page.get_by_role("button", name="Ask", exact=True).locator("visible=true").click()
                page.get_by_role("cell", name="4 - 1 = 4").nth(1).wait_for()
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= PHONE["width"], f"{name} is {width} wide"
            found = axe.Axe().run(page).response["violations"]
            serious = [
                (one["id"], [node["html"][:120] for node in one["nodes"]][:3])
                for one in found
                if one["impact"] in ("serious", "critical")
            ]
            assert serious == [], name
