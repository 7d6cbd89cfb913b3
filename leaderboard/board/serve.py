"""The board over http on this machine alone. Knows a folder and a port."""

import http.server
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from proctor.common.http.local_server import LocalHandler, LocalServer
from proctor.common.refusal import Refusal
from proctor.leaderboard.board.folder import is_own_file


class BoardHandler(LocalHandler, http.server.SimpleHTTPRequestHandler):
    more_headers: ClassVar = {"Cache-Control": "no-cache"}  # a board that was built again is seen at once

    def translate_path(self, path: str) -> str:
        """The file that is asked for; nothing for what is none: a folder is not listed, and no link is followed."""
        asked = Path(super().translate_path(path))
        if asked == Path(self.directory):
            asked /= "index.html"
        return str(asked) if is_own_file(Path(self.directory), asked) else ""


def open_server(board: Path, port: int) -> LocalServer:
    """Ready to serve; port 0 takes any that is free."""
    if not (board / "index.html").is_file():
        raise Refusal(f"no board in {board}; build it first: proctor board build")
    handler: Any = partial(BoardHandler, directory=str(board))
    return LocalServer(port, handler)
