"""The HTTP client underneath common/http/chat_client.py: what goes out is listed, what comes in has an end.

    client = BoundedClient(timeout=120.0)

openai's own client sends more headers than were asked for (organisation, project and whatever OPENAI_CUSTOM_HEADERS
holds), follows redirects, and reads until a server stops.
"""

import asyncio
import json
import ssl
from functools import cache
from typing import Any

import httpx2

LARGEST = 32 * 2**20  # bytes of a reply; 8,192 tokens, each with log-probabilities of five, take about 4 MB
_SENT = (
    "accept", "authorization", "connection", "content-length", "content-type", "host", "transfer-encoding", "user-agent"
)  # fmt: skip


@cache
def _certificates() -> ssl.SSLContext:
    """Read once: it takes 30 ms, and a card of a judge opens several clients."""
    return httpx2.create_ssl_context()


class BoundedClient(httpx2.AsyncClient):
    """One try takes `timeout` seconds at most, however slowly the bytes come."""

    def __init__(self, timeout: float) -> None:
        super().__init__(timeout=timeout, follow_redirects=False, verify=_certificates())
        self._seconds = timeout

    async def send(self, request: httpx2.Request, **_: Any) -> httpx2.Response:
        """Whatever else is asked: nothing is streamed to the caller, and no redirect is followed."""
        headers = {name: value for name, value in request.headers.items() if name.lower() in _SENT}
        request.headers = httpx2.Headers({**headers, "accept-encoding": "identity"})
        try:
            async with asyncio.timeout(self._seconds):
                response = await super().send(request, stream=True, follow_redirects=False)
                try:
                    body = await _body(response)
                finally:
                    await response.aclose()
        except TimeoutError:
            raise httpx2.ReadTimeout("the reply did not end", request=request) from None
        return httpx2.Response(response.status_code, headers=response.headers, content=body, request=request)


async def _body(response: httpx2.Response) -> bytes:
    if response.is_redirect:
        place = response.headers.get("location", "elsewhere")
        return json.dumps(
            {"error": {"message": f"it sends requests on to {place}, which is not followed"}}
        ).encode()
    if response.headers.get("content-encoding", "identity") != "identity":
        raise httpx2.DecodingError(
            "the reply is compressed, which was not asked for", request=response.request
        )
    body = bytearray()
    async for part in response.aiter_raw():
        body += part
        if len(body) > LARGEST:
            raise httpx2.DecodingError(
                f"the reply is larger than {LARGEST:,} bytes", request=response.request
            )
    return bytes(body)
