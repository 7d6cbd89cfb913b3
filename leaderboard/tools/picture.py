"""Makes docs/board.png: the first page of the board of results/smollm2/, as a browser shows it.

python -m proctor.leaderboard.tools.picture [RESULTS] [PICTURE]

Needs the playwright package and a Chromium, as tests/browser does.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
WIDTH, HEIGHT = 1400, 1180


def main() -> None:
    from playwright.sync_api import sync_playwright

    from proctor.leaderboard.board import site

    results = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "results" / "smollm2"
    picture = Path(sys.argv[2]) if len(sys.argv) > 2 else ROOT / "docs" / "board.png"
    named = ("chromium", "chromium-browser", "google-chrome")
    path = os.environ.get("PROCTOR_CHROMIUM") or next(
        (p for name in named if (p := shutil.which(name))), None
    )
    if path is None:
        sys.exit("no Chromium: install one, or set PROCTOR_CHROMIUM to its path")
    with tempfile.TemporaryDirectory() as place, sync_playwright() as running:
        index = site.build(results, Path(place) / "board")
        browser = running.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        page.goto(index.as_uri())
        page.wait_for_load_state("load")
        page.screenshot(path=picture)
        browser.close()
    print(picture)


if __name__ == "__main__":
    main()
