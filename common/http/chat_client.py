"""One client for every server that speaks the OpenAI protocol: OpenAI itself, vLLM, Ollama, llama.cpp.

    client = ChatClient("model 'm'", "http://localhost:8000/v1")
    completion = await client.post("/chat/completions", {"model": "m", "messages": [...]})
    completion.text or completion.problem

Sends again what failed with 408, 409, 429 or 5xx, timed out or lost its connection, after the server's Retry-After or
a growing wait with jitter. Whatever else happens becomes the completion's problem, in one line without the key.
"""

import asyncio
import os
import re
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Literal
from urllib.parse import urlsplit

from proctor.common.refusal import Refusal
from proctor.common.schema import nearest

OPENAI = "https://api.openai.com/v1"
GIVE_UP = 20  # after so many failures in a row nothing more is asked
LOOK_SECONDS = 5.0  # that the first look at a server may take
SHOWN = 300  # letters of what a server says that a problem repeats
MOST_TOKENS = 10**9  # of one request
LONGEST_TEXT = 500_000  # letters of a response: over 128,000 tokens; reading tens of millions takes minutes
NOT_OFFERED = (404, 405, 501)  # as servers answer where they have nothing
# What may stand between two letters of a key that a server repeats: white space, also as an error's words escape it.
# Without an end to it, a text of escapes alone would be walked through from each of its letters.
_BETWEEN = r"(?:\s|\\[nrt]|\\x..|\\u....){0,99}"
SECRET = 16  # a key this long is no word that a response could hold by chance

Trouble = Literal[
    "rate limited", "server error", "timed out", "connection broken", "refused", "unreadable", "not asked"
]
# What reading a body raises that is no completion; a RecursionError where it is nested without end.
_UNREADABLE = (LookupError, AttributeError, TypeError, ValueError, RecursionError)
_GONE: tuple[Trouble, ...] = ("rate limited", "server error", "timed out", "connection broken")
# How servers say that a prompt does not fit: OpenAI and vLLM ("maximum context length"), llama.cpp ("context size").
_TOO_LONG = re.compile(r"context.(length|size|window)", re.IGNORECASE)


@dataclass(frozen=True)
class Completion:
    """What came back. With a `problem` there is no text; `status` is the HTTP status of a refusal."""

    text: str | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    ended: str | None = None  # why the text ended, in the server's word: stop, length, ...
    refusal: str = ""
    seconds: float = 0.0
    problem: str = ""
    trouble: Trouble | None = None
    status: int | None = None
    too_long: bool = False  # the prompt does not fit the model's context
    logprobs: Mapping[str, Any] | None = None  # of the tokens, where they were asked for


def check_address(address: str) -> None:
    """A server's address as a YAML or an option gives it."""
    if not address.startswith(("http://", "https://")):
        raise Refusal("endpoint is no address; it begins with http:// or https://")
    if "@" in urlsplit(address).netloc:
        raise Refusal(
            "endpoint holds a name or a password, which results would show; name its variable in 'key:'"
        )


class ChatClient:
    def __init__(
        self,
        who: str,
        address: str | None,
        key: str | None = None,
        *,
        timeout: float = 120.0,
        patience: float | None = None,
        retries: int = 4,
        concurrency: int = 16,
        give_up: int = GIVE_UP,
    ) -> None:
        """`who` is asked, as errors name it; `key` is the environment variable with the key. `timeout` is for one try,
        `patience` for all of a request, waits included.
        """
        self._who = who
        self._address = address or OPENAI
        # No key goes to an address that it was not named for.
        self._key_name, self._key = key or "", ""
        if not key and self._address.rstrip("/") == OPENAI:
            self._key_name = "OPENAI_API_KEY"
        if self._key_name:
            self._key = os.environ.get(self._key_name, "").strip()
        if self._key_name and not self._key:
            raise Refusal(
                f"{who} needs a key in the environment variable {self._key_name}", "there is none",
                "set it, or name another one with `key:`",
            )  # fmt: skip
        self._spaced_key = re.compile(_BETWEEN.join(map(re.escape, self._key)))
        self._timeout = timeout
        self._patience = patience
        self._retries = retries
        self._concurrency = concurrency
        self._give_up = give_up
        self._client: Any = None
        self._stopped, self._in_a_row = "", 0  # why nothing more is asked; how many failed before
        self._looked = False

    def open(self) -> None:
        """In the running event loop; the first request does it too."""
        if self._client is not None:
            return
        from openai import AsyncOpenAI

        from proctor.common.http.bounded_http import BoundedClient

        # A local server wants no key, but the client wants some text.
        self._client = AsyncOpenAI(
            base_url=self._address,
            api_key=self._key or "none",
            timeout=self._timeout,
            max_retries=self._retries,
            http_client=BoundedClient(self._timeout),
        )
        self._gate = asyncio.Semaphore(self._concurrency)
        self._stopped, self._in_a_row = "", 0

    async def aclose(self) -> None:
        if self._client is not None:
            await self._client.close()
        self._client = None

    async def refuse_unreachable(self, model: str) -> None:
        """Once, before the first question: looks at the server's list of models, which costs no token.

        Refuses where nobody answers, the key is not taken, the model is not there, or nothing is where it should be.
        Who is too busy passes. The model may have another name than in the list, and a server may have no list: then
        one token is asked for.
        """
        if self._looked:
            return
        self._looked = True
        self.open()
        names, missing = list[str](), ""
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                for path in ("/models", "/chat/completions", "/completions"):
                    reply, missing = await self._look(path, model, names)
                    names = names or _names(reply)
                    if model in names or (path != "/models" and not missing):
                        return
        except TimeoutError:
            return
        if not names:
            raise Refusal(
                f"{self._who}: the server at {self._address} has neither /models nor completions", missing,
                "correct the address, which ends in /v1 for most servers, or the model's name",
            )  # fmt: skip

    async def _look(self, path: str, model: str, names: list[str]) -> tuple[Any, str]:
        """The reply to one request, sent once; else what the server says where it has no such path."""
        from httpx2 import DecodingError, ReadTimeout, Timeout
        from openai import APIConnectionError, APIStatusError, OpenAIError

        once = self._client.with_options(max_retries=0, timeout=Timeout(None, connect=LOOK_SECONDS / 2))
        try:
            if path == "/models":
                return await once.get(path, cast_to=object), ""
            asked = {"model": model, "messages": [{"role": "user", "content": "1"}], "max_tokens": 1}
            return await once.post(path, cast_to=object, body=asked), ""
        except APIConnectionError as broken:
            # Too long a list is an answer too. Without a list, only more tries tell whether a server is gone for good.
            answered = isinstance(broken.__cause__, ReadTimeout | DecodingError)
            if (names or path == "/models") and not answered:
                raise Refusal(
                    f"{self._who} cannot be reached at {self._address}", self._scrubbed(broken.__cause__ or broken),
                    "start its server, or correct the address",
                ) from None  # fmt: skip
        except APIStatusError as refused:
            why = self._scrubbed(refused)
            self._refuse_status(refused.status_code, why, model, names)
            if refused.status_code in NOT_OFFERED:
                return None, why
        except (OpenAIError, *_UNREADABLE):
            pass
        return None, ""

    def _refuse_status(self, status: int, why: str, model: str, names: list[str]) -> None:
        what, remedy = "to answer without a key", "name its variable with `key:`"
        if self._key:
            what, remedy = "the key", f"put a valid one into {self._key_name}"
        if status == 401:
            raise Refusal(f"{self._who}: the server at {self._address} refuses {what}", why, remedy)
        # And not for the want of chat, or of more than one token.
        if names and status in (400, 404) and model in why and "max_tokens" not in why:
            there = self._scrubbed(nearest(model, names[:1000]))
            raise Refusal(f"{self._who}: the server at {self._address} has no model {model!r}", there)

    async def post(self, path: str, body: Mapping[str, Any]) -> Completion:
        """One request to /chat/completions or /completions, however many others are on their way."""
        self.open()
        async with self._gate:
            if self._stopped:
                return Completion(problem=self._stopped, trouble="not asked")
            start = time.perf_counter()
            try:
                async with asyncio.timeout(self._patience):
                    completion = await self._try(path, body)
            except TimeoutError:
                problem = f"no reply within {self._patience:g} s, waits included"
                completion = Completion(problem=problem, trouble="timed out")
        self._count_failures(completion)
        return replace(completion, seconds=round(time.perf_counter() - start, 6))

    def _count_failures(self, completion: Completion) -> None:
        """A server that is gone is not waited for a thousand times."""
        self._in_a_row += 1
        if completion.trouble not in _GONE:
            self._in_a_row = 0
        if self._in_a_row >= self._give_up and not self._stopped:
            before = f"the {self._give_up} requests before failed, the last one with"
            self._stopped = f"not asked: {before}: {completion.problem}"

    async def _try(self, path: str, body: Mapping[str, Any]) -> Completion:
        from openai import APIConnectionError, APIStatusError, APITimeoutError, OpenAIError

        tries = "one try"
        if self._retries:
            tries = f"up to {self._retries + 1} tries"
        try:
            # The client's own create() walks through every body and builds a model of every reply, for a third of the
            # time that a request takes of the processor.
            reply = await self._client.post(path, cast_to=object, body=dict(body))
            return self._read(path, reply)
        except APITimeoutError:
            problem = f"no answer within {self._timeout:g} s ({tries})"
            return Completion(problem=problem, trouble="timed out")
        except APIConnectionError as broken:
            why = self._scrubbed(broken.__cause__ or broken)
            return Completion(problem=f"the connection broke ({tries}): {why}", trouble="connection broken")
        except APIStatusError as refused:
            return self._refused(refused.status_code, refused, tries)
        except (OpenAIError, *_UNREADABLE) as unreadable:
            kind = path.strip("/").removesuffix("s").replace("/", " ")
            problem = f"the server's reply is no {kind}: {self._scrubbed(unreadable)}"
            return Completion(problem=problem, trouble="unreadable")

    def _read(self, path: str, reply: Any) -> Completion:
        choice, usage = reply["choices"][0], reply.get("usage") or {}
        if path == "/chat/completions":
            message = choice["message"]
        else:
            message = {"content": choice["text"]}
        text = message.get("content")
        if text is not None:
            if not isinstance(text, str):
                raise TypeError("the message is no text")
            if len(text) > LONGEST_TEXT:
                raise ValueError(f"its text has {len(text):,} letters, and {LONGEST_TEXT:,} are the most")
            if not text.isascii():  # half a character, which JSON can carry, could be neither kept nor shown
                text = text.encode(errors="replace").decode()
            if len(self._key) >= SECRET:
                text = self._spaced_key.sub("***", text)
        ended = choice.get("finish_reason")
        if not isinstance(ended, str):
            ended = None
        elif ended != "length":
            ended = self._scrubbed(ended)
        return Completion(
            text,
            _count(usage, "prompt_tokens"),
            _count(usage, "completion_tokens"),
            ended,
            self._scrubbed(message.get("refusal") or ""),
            logprobs=choice.get("logprobs"),
        )

    def _refused(self, status: int, refused: Exception, tries: str) -> Completion:
        why = self._scrubbed(refused)
        if status == 429:
            return Completion(
                problem=f"429, too many requests ({tries}): {why}", trouble="rate limited", status=429
            )
        # Some servers say with a 500 that they do not know a form of reply: that is no sign that they are gone.
        if status >= 500 and "response_format" not in str(refused):
            problem = f"{status} from the server ({tries}): {why}"
            return Completion(problem=problem, trouble="server error", status=status)
        if status == 401:  # it will not change its mind for the next request
            name = self._key_name or "none was given"
            self._stopped = f"not asked: the server refuses the key ({name})"
        too_long = status in (400, 413) and bool(_TOO_LONG.search(str(refused)))
        problem = f"{status}, the server refused: {why}"
        return Completion(problem=problem, trouble="refused", status=status, too_long=too_long)

    def _scrubbed(self, words: object) -> str:
        """What a server says of itself, or an error does, in one line and without the key, whoever repeated it."""
        text = " ".join(str(words).split())
        if not text and isinstance(words, BaseException):
            text = type(words).__name__
        if self._key:
            text = self._spaced_key.sub("***", text)
        return text[:SHOWN]


def refuse_unreachable(who: str, address: str | None, key: str | None, model: str) -> None:
    """The look of ChatClient for those who ask later; also where an event loop is running."""

    async def look() -> None:
        client = ChatClient(who, address, key)
        try:
            await client.refuse_unreachable(model)
        finally:
            await client.aclose()

    with ThreadPoolExecutor(1) as beside:
        beside.submit(asyncio.run, look()).result()


def _names(models: Any) -> list[str]:
    """Of a list as /models gives it; of anything else none."""
    try:
        names = [entry["id"] for entry in models["data"]]
    except _UNREADABLE:
        return []
    return names if all(isinstance(name, str) for name in names) else []


def _count(usage: Mapping[str, Any], name: str) -> int | None:
    """Tokens, where the server gives a number that can be one; a count of -40 or 10**30 would end in every sum."""
    count = usage.get(name)
    if not isinstance(count, int) or isinstance(count, bool) or not 0 <= count <= MOST_TOKENS:
        return None
    return count
