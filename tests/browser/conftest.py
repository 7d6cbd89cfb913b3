"""One Chromium for the pages of a test file: PROCTOR_CHROMIUM, or one on the PATH; without one these tests skip."""

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

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
