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
def board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("served")
    results = rich_results(place / "results")
    rows = rows_of("tiny-trap", "word_problems", n=60, ability=1)
    rows[0] = replace(rows[0], response=TRAP, explanation=TRAP, prompt=TRAP, answer=TRAP, target=TRAP)
    rows[1] = replace(rows[1], response="needle " + "x" * 100_000)
    write(results, rows, parent="tiny", about=TRAP)
    return site.build(results, place / "some" / "path", "tiny").parent


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


@pytest.fixture(params=["disk", "http"])
def seen(request: pytest.FixtureRequest, browser: Any, board: Path, served: str) -> Iterator[Seen]:
    base = f"file://{board}/" if request.param == "disk" else served
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(10_000)
    one = Seen(page, base)
    page.on("console", lambda message: one.faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: one.faults.append(str(error)))
    page.on("dialog", lambda dialog: (one.faults.append(f"dialog {dialog.message}"), dialog.dismiss()))
    page.on(
        "request",
        lambda asked: (
            None if asked.url.startswith((base, "data:")) else one.faults.append(f"asked for {asked.url}")
        ),
    )
    yield one
    assert one.faults == []
    context.close()


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("wide")
    sizes = {"word_problems": 60, "concepts": 40}
    return site.build(wide_results(place / "results", 15, sizes), place / "board").parent
