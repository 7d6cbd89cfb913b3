"""The board over http on this machine alone. Knows a folder and a port."""

import http.server
import re
from functools import partial
from pathlib import Path
from typing import Any

from proctor.common.refusal import Refusal

HOST = "127.0.0.1"  # nobody else on the network sees it
LOCAL = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?", re.IGNORECASE)


class BoardHandler(http.server.SimpleHTTPRequestHandler):
    """Answers browsers that asked for this machine by its own name, and nobody else.

    Another site can make its name point here (DNS rebinding) and read the board in the browser of whoever visits it;
    the browser then sends that site's name.
    """

    def parse_request(self) -> bool:
        if not super().parse_request():
            return False
        names = self.headers.get_all("Host") or []
        if len(names) == 1 and LOCAL.fullmatch(names[0]):
            return True
        self.send_error(403, "ask for localhost")
        return False

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-cache")  # a board that was built again is seen at once
        super().end_headers()


def open_server(board: Path, port: int) -> http.server.ThreadingHTTPServer:
    """Ready to serve; port 0 takes any that is free."""
    if not (board / "index.html").is_file():
        raise Refusal(f"no board in {board}; build it first: proctor board build")
    try:
        return http.server.ThreadingHTTPServer((HOST, port), partial(BoardHandler, directory=str(board)))
    except OSError as taken:
        raise Refusal(f"port {port} cannot be had ({taken.strerror}); name another one with --port") from None
    except OverflowError:
        raise Refusal(f"port {port} is no port; they run from 0 to 65535") from None
