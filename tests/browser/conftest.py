"""One Chromium for the pages of a test file: PROCTOR_CHROMIUM, or one on the PATH; without one these tests skip."""

import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from proctor.leaderboard.board import site
from tests.support.board_results import rich_results, rows_of, wide_results, write
from tests.support.once import made_once
from tests.support.seen import TRAP, Seen

OFFLINE = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
)  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="the browser tests need: pip install playwright"
    )
    path = os.environ.get("PROCTOR_CHROMIUM")
    for name in ("chromium", "chromium-browser", "google-chrome"):
        path = path or shutil.which(name)
    if path is None:
        pytest.skip("no Chromium: install one, or set PROCTOR_CHROMIUM to its path")
    with playwright.sync_playwright() as running:
        opened = running.chromium.launch(executable_path=path, args=list(OFFLINE))
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def board() -> Path:
    return made_once("served-board", _build_served) / "some" / "path"


def _build_served(place: Path) -> None:
    results = rich_results(place / "results")
    rows = rows_of("tiny-trap", "word_problems", n=60, ability=1)
    rows[0] = replace(rows[0], response=TRAP, explanation=TRAP, prompt=TRAP, answer=TRAP, target=TRAP)
    rows[1] = replace(rows[1], response="needle " + "x" * 100_000)
    write(results, rows, parent="tiny", about=TRAP)
    site.build(results, place / "some" / "path", "tiny")


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def served(board: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(board.parent.parent)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/some/path/"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def window(browser: Any) -> Any:
    """A page for one test after another: each new context is a new process of Chromium."""
    page = browser.new_page()
    page.set_default_timeout(10_000)
    return page


@pytest.fixture(params=["disk", "http"])
def seen(request: pytest.FixtureRequest, window: Any, board: Path, served: str) -> Iterator[Seen]:
    window.set_viewport_size({"width": 1280, "height": 900})
    one = Seen(window, f"file://{board}/" if request.param == "disk" else served)
    heard = {
        "console": lambda message: one.faults.append(message.text) if message.type == "error" else None,
        "pageerror": lambda error: one.faults.append(str(error)),
        "dialog": lambda dialog: (one.faults.append(f"dialog {dialog.message}"), dialog.dismiss()),
        "request": lambda asked: (
            None if asked.url.startswith((one.base, "data:")) else one.faults.append(f"asked for {asked.url}")
        ),
    }
    for event, hear in heard.items():
        window.on(event, hear)
    yield one
    for event, hear in heard.items():
        window.remove_listener(event, hear)
    window.goto("about:blank")  # a page that is opened anew must not be one where only the hash changes
    assert one.faults == []


@pytest.fixture(scope="module")
def wide() -> Path:
    return made_once("wide-board", _build_wide) / "board"


def _build_wide(place: Path) -> None:
    sizes = {"word_problems": 60, "concepts": 40}
    site.build(wide_results(place / "results", 15, sizes), place / "board")
