"""The page for ratings, served to this machine alone.

Requests also carry the page's own token, so that no other page in the same browser can read plans or rate.
"""

import json
import re
import secrets
from pathlib import Path
from typing import ClassVar

from proctor.common.http.local_server import LocalHandler, LocalServer
from proctor.common.json_lines import parse_json
from proctor.judges.people.rate import RatingSheet

PAGE = Path(__file__).with_name("rate_page.html")
_LONGEST = 10_000
_HEADERS = {
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "connect-src 'self'; frame-ancestors 'none'; form-action 'none'",
}


class RatingServer(LocalServer):
    def __init__(self, sheet: RatingSheet, port: int = 0) -> None:
        super().__init__(port, _Handler)
        self.sheet = sheet
        self.token = secrets.token_hex(16)


class _Handler(LocalHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = (
        2**16
    )  # head and body go out together: apart, each answer but the first would wait 40 ms for a nod
    server: RatingServer
    more_headers: ClassVar = _HEADERS

    def do_GET(self) -> None:
        if self.path.split("?")[0] == "/":
            page = PAGE.read_text(encoding="utf-8").replace("{{token}}", self.server.token)
            self._answer(200, "text/html", page)
        elif self.path == "/items" and self._knows():
            self._json(200, self.server.sheet.as_page())
        else:
            self._answer(404, "text/plain", "there is no such page")

    def do_POST(self) -> None:
        sheet, size = self.server.sheet, self.headers.get("content-length", "")
        if not self._knows():
            self.close_connection = True
            self._answer(403, "text/plain", "not from this page")
            return
        if not re.fullmatch("[0-9]{1,6}", size) or int(size) > _LONGEST or self.path != "/save":
            self.close_connection = True
            self._answer(400, "text/plain", "not a rating")
            return
        try:
            said = parse_json(self.rfile.read(int(size)))
            if sheet.mode == "pairs":
                sheet.save(said["item"], "choice", said["choice"])
            else:
                sheet.save(said["item"], said["dimension"], said["score"])
        except (ValueError, KeyError, TypeError) as refused:
            self._json(400, {"refused": str(refused)})
        except OSError as failed:
            self._json(500, {"refused": f"could not be written: {failed.strerror}"})
        else:
            self._json(200, {"done": sheet.done, "of": len(sheet.items)})

    def _knows(self) -> bool:
        return self.headers.get("x-proctor", "") == self.server.token

    def _json(self, status: int, value: object) -> None:
        self._answer(status, "application/json", json.dumps(value, ensure_ascii=False))

    def _answer(self, status: int, kind: str, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("content-type", f"{kind}; charset=utf-8")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
