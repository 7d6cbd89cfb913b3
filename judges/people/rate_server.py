"""The page for ratings, served to this machine alone.

It answers only requests that name this machine as their host and carry the page's own token, so that no other page in
the same browser can read plans or rate.
"""

import json
import secrets
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from proctor.judges.people.rate import RatingSheet

PAGE = Path(__file__).with_name("rate_page.html")
_LONGEST = 10_000
_HEADERS = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "connect-src 'self'; frame-ancestors 'none'; form-action 'none'",
}


class RatingServer(ThreadingHTTPServer):
    """A server that is bound and not yet running."""

    daemon_threads = True

    def __init__(self, sheet: RatingSheet, port: int = 0) -> None:
        """Port 0 takes a free one."""
        super().__init__(("127.0.0.1", port), _Handler)
        self.sheet = sheet
        self.token = secrets.token_hex(
            16
        )  # the page sends it with everything, so that no other page can rate


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: RatingServer

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        if not self._ours():
            self._answer(403, "text/plain", "not for this host")
        elif self.path.split("?")[0] == "/":
            page = PAGE.read_text(encoding="utf-8").replace("{{token}}", self.server.token)
            self._answer(200, "text/html", page)
        elif self.path == "/items" and self._knows():
            self._json(200, self.server.sheet.as_page())
        else:
            self._answer(404, "text/plain", "there is no such page")

    def do_POST(self) -> None:
        sheet, size = self.server.sheet, self.headers.get("content-length", "")
        if not self._ours() or not self._knows():
            self.close_connection = True
            self._answer(403, "text/plain", "not from this page")
            return
        if not size.isdigit() or int(size) > _LONGEST or self.path != "/save":
            self.close_connection = True
            self._answer(400, "text/plain", "not a rating")
            return
        try:
            said = json.loads(self.rfile.read(int(size)))
            if sheet.mode == "pairs":
                sheet.save(said["item"], "choice", said["choice"])
            else:
                sheet.save(said["item"], said["dimension"], said["score"])
        except (ValueError, KeyError, TypeError, RecursionError) as refused:
            self._json(400, {"refused": str(refused)})
        except OSError as failed:
            self._json(500, {"refused": f"could not be written: {failed.strerror}"})
        else:
            self._json(200, {"done": sheet.done, "of": len(sheet.items)})

    def _ours(self) -> bool:
        port = self.server.server_address[1]
        return self.headers.get("host", "") in (f"127.0.0.1:{port}", f"localhost:{port}")

    def _knows(self) -> bool:
        return self.headers.get("x-proctor", "") == self.server.token

    def _json(self, status: int, value: object) -> None:
        self._answer(status, "application/json", json.dumps(value, ensure_ascii=False))

    def _answer(self, status: int, kind: str, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("content-type", f"{kind}; charset=utf-8")
        self.send_header("content-length", str(len(body)))
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
