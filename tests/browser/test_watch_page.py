"""The page of a run in a real browser: seen to fill, a finished cell appears by itself, and text of a model is text."""

import os
import re
import signal
import time
from pathlib import Path
from typing import Any

from tests.support.command import Running

TRAP = "<img src=x onerror=alert(1)><script>alert(2)</script>"


def address(running: Running) -> str:
    until = time.monotonic() + 120
    while time.monotonic() < until and running.poll() is None:
        printed = re.search(r"watch it: (http://127\.0\.0\.1:\d+/)", running.stdout)
        if printed:
            return printed[1]
        time.sleep(0.1)
    raise AssertionError(f"no address: {running.stdout}{running.stderr}")


def test_a_run_is_watched_until_its_board_is_there(browser: Any, home: Any, tmp_path: Path) -> None:
    home.echo("slow", lambda doc: f"{TRAP} It is {doc['answer']}", "word_problems", delay=0.6)
    home.echo("other", lambda doc: f"It is {doc['answer']}", "word_problems", delay=0.1)
    variants = ["slow", "other"]
    suite = home.suite(
        variants=variants, tasks=["word_problems"], baseline="slow", limit={"word_problems": 96}
    )
    words = ["run", str(suite), *home.where(), "--out", str(home.board), "--watch"]
    context = browser.new_context(viewport={"width": 390, "height": 800})
    page = context.new_page()
    running = Running(words, tmp_path, PYTHONUNBUFFERED="1")
    try:
        place = address(running)
        page.set_default_timeout(120_000)
        faults: list[str] = []
        page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("dialog", lambda dialog: (faults.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda asked: None if asked.url.startswith(place) else faults.append(asked.url))
        page.goto(place)
        page.locator("article .tag", has_text="provisional").wait_for()
        assert "0 of 2 cells done" in page.locator("h1").inner_text()
        assert TRAP in page.locator("article pre").first.inner_text()
        assert page.locator("article img, main script").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        page.locator("tr.done", has_text="slow").wait_for()  # by itself: nobody has loaded the page again
        assert "100.0 %" in page.locator("tr.done", has_text="slow").inner_text()
        page.get_by_role("heading", name="2 of 2 cells done").wait_for()
        assert page.locator(".tag").count() == 0
        page.locator("a[href='board/samples/other/word_problems.html']").wait_for()  # the board has it now
        page.get_by_role("link", name="The board of what is done").click()
        page.locator("th", has_text="other").first.wait_for()
        assert faults == []
        context.close()
        until = time.monotonic() + 60
        while "Ctrl+C ends it" not in running.stdout and time.monotonic() < until:
            time.sleep(0.1)
        assert running.poll() is None  # the board is served on
        os.kill(running.pid, signal.SIGINT)
        assert running.wait(30) == 0, running.stderr
        assert "Traceback" not in running.stderr
    finally:
        running.kill()
