"""Pages of ours on this machine: they answer a browser that asks for this machine by its name, and no page of others.

server = LocalServer(8000, Handler)     # Handler: a LocalHandler
print(server.address)                   # http://127.0.0.1:8000/
"""

import re
import sys
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

from proctor.common.refusal import Refusal

HOST = "127.0.0.1"  # nobody else on the network sees it
_LOCAL = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?", re.IGNORECASE)


def is_own(hosts: Sequence[str], origins: Sequence[str]) -> bool:
    """Another site can make its name point here (DNS rebinding), and then its browser sends that name as Host; or its
    page can send something here, and then the browser names the page as Origin.
    """
    if len(hosts) != 1 or not _LOCAL.fullmatch(hosts[0]):
        return False
    return all(origin.lower() == f"http://{hosts[0].lower()}" for origin in origins)


class LocalServer(ThreadingHTTPServer):
    """Bound, and not yet running. Port 0 takes any that is free."""

    daemon_threads = True

    def __init__(self, port: int, handler: "type[LocalHandler]") -> None:
        try:
            super().__init__((HOST, port), handler)
        except OSError as taken:
            raise Refusal(
                f"port {port} cannot be had ({taken.strerror}); name another one with --port"
            ) from None
        except OverflowError:
            raise Refusal(f"port {port} is no port; they run from 0 to 65535") from None

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that leaves a page before it has all of it is no fault."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.server_address[1]}/"


class LocalHandler(BaseHTTPRequestHandler):
    timeout = 60  # of a browser that says nothing
    more_headers: ClassVar[dict[str, str]] = {}

    def parse_request(self) -> bool:
        if not super().parse_request():
            return False
        if is_own(self.headers.get_all("host", []), self.headers.get_all("origin", [])):
            return True
        self.send_error(403, "for pages of this machine alone; ask for localhost")
        return False

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def end_headers(self) -> None:
        """`cross-origin-resource-policy` keeps others from showing what is ours in a page of theirs."""
        own = {"cross-origin-resource-policy": "same-origin", "x-content-type-options": "nosniff"}
        for name, value in (own | self.more_headers).items():
            self.send_header(name, value)
        super().end_headers()


class OwnPagesOnly:
    """The same for an application that speaks ASGI, as a middleware."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        hosts, origins = [], []
        for name, value in scope.get("headers", ()):
            if name == b"host":
                hosts.append(value.decode("latin-1"))
            elif name == b"origin":
                origins.append(value.decode("latin-1"))
        if scope["type"] == "lifespan" or is_own(hosts, origins):
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await send({"type": "http.response.start", "status": 403, "headers": []})
            await send({"type": "http.response.body", "body": b"for pages of this machine alone"})
