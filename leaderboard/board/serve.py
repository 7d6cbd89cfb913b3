"""The board over http on this machine alone. Knows a folder and a port."""

import http.server
from functools import partial
from pathlib import Path
from typing import Any

from proctor.common.refusal import Refusal

HOST = "127.0.0.1"  # nobody else on the network sees it


class Quiet(http.server.SimpleHTTPRequestHandler):
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
        return http.server.ThreadingHTTPServer((HOST, port), partial(Quiet, directory=str(board)))
    except OSError as taken:
        raise Refusal(f"port {port} cannot be had ({taken.strerror}); name another one with --port") from None
    except OverflowError:
        raise Refusal(f"port {port} is no port; they run from 0 to 65535") from None
