"""The page of a run on this machine alone, and the board behind it, which is built anew when a cell has ended.

server = open_watch(Path("results"), Path("board"), 8000, site.build)
server.serve_forever()
"""

import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

from proctor.common.files import read_fields
from proctor.common.http.local_server import LocalServer
from proctor.common.refusal import Refusal
from proctor.harness import record
from proctor.harness.record.running import read_suites
from proctor.leaderboard.board.folder import MANIFEST, board_files
from proctor.leaderboard.board.serve import BoardHandler

if TYPE_CHECKING:
    from proctor.leaderboard.watch.view import RunWatch

LOOK_SECONDS = 1.0  # between two looks at the folder, whoever asks
SHARE = 0.1  # of the time, at most, goes into building boards
PAGES = Path(__file__).parent.parent / "board" / "templates" / "watch"
Build = Callable[[Path, Path, str | None], Path]  # results, board, baseline
KINDS = {"/watch.css": "text/css", "/watch.js": "text/javascript"}


class WatchServer(LocalServer):
    """Looks at the results when it is asked, at most once a second; a thread of its own builds the board."""

    def __init__(self, results: Path, board: Path, port: int, build: Build) -> None:
        handler: Any = partial(WatchHandler, directory=str(board))
        super().__init__(port, handler)
        self._results, self._board, self._problem = results, board, ""
        self._lock, self._next, self._cells = threading.Lock(), 0.0, ""
        self._watch: RunWatch | None = None
        threading.Thread(target=self._keep_built, args=(build,), daemon=True).start()

    def cells(self) -> str:
        """The part of the page that changes."""
        from proctor.leaderboard.board.html import environment  # takes a second, after the address is known
        from proctor.leaderboard.watch.view import RunWatch

        with self._lock:
            if time.monotonic() > self._next:
                self._watch = self._watch or RunWatch(self._results)
                values = {"run": self._watch.view(), "problem": self._problem, "pages": self._pages()}
                self._cells = environment().get_template("watch/cells.html").render(**values)
                self._next = time.monotonic() + LOOK_SECONDS
            return self._cells

    def page(self) -> str:
        return (PAGES / "page.html").read_text("utf-8").replace("{{ cells }}", self.cells())

    def _pages(self) -> set[str]:
        manifest = read_fields(self._board / MANIFEST) or {}
        return set(manifest.get("files", {}))

    def _keep_built(self, build: Build) -> None:
        """The board's pages, when a cell has ended; seldom enough that the run does not feel it."""
        from proctor.leaderboard.watch.view import stamps_of

        built: dict[Path, tuple[int, int]] = {}
        while True:
            stamps, begin = stamps_of(self._results), time.monotonic()
            if stamps != built:
                self._problem = ""
                try:
                    build(self._results, self._board, baseline_of(self._results))
                except (Refusal, OSError) as why:
                    self._problem = str(why)
                built = stamps
            time.sleep(max(LOOK_SECONDS, (time.monotonic() - begin) / SHARE))


class WatchHandler(BoardHandler):
    """`/` is the page, `/cells` what changes in it, and `/board/` the board."""

    more_headers: ClassVar = BoardHandler.more_headers | {
        "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'",
        "Referrer-Policy": "no-referrer",
    }

    def do_GET(self) -> None:
        server, path = cast("WatchServer", self.server), self.path.partition("?")[0]
        if path == "/":
            self._send("text/html", server.page())
        elif path == "/cells":
            self._send("text/html", server.cells())
        elif path in KINDS:
            self._send(KINDS[path], (PAGES / path.strip("/")).read_text("utf-8"))
        else:
            super().do_GET()

    def translate_path(self, path: str) -> str:
        if not path.startswith("/board/"):
            return ""
        return super().translate_path(path.removeprefix("/board"))

    def _send(self, kind: str, text: str) -> None:
        content = text.encode("utf-8")
        self.send_response(200)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def open_watch(results: Path, board: Path, port: int, build: Build) -> WatchServer:
    """Ready to serve; port 0 takes any that is free. `build` makes the board of the results, as site.build does."""
    if not results.is_dir():
        raise Refusal(
            "there is no such folder of results", remedy="begin a run, or name another one", where=results
        )
    board_files(board)  # refuses a folder of other files
    return WatchServer(results, board, port, build)


def baseline_of(results: Path) -> str | None:
    """That of the suite that runs, as soon as it has results."""
    there = record.variants(results)
    return next((suite.baseline for suite in read_suites(results) if suite.baseline in there), None)
