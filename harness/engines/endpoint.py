"""The `openai` engine: any server that speaks the OpenAI protocol, asked with the one client in common/http/.

Turns go to /chat/completions. Plain text goes to /completions as it is: put into a turn it would come to the model in
the server's chat template, which is what a pack of plain text is there to leave out. lm-eval's own class turns a
reply that it cannot read into "", which would be scored as the model's failure. Here a request that failed stays a
failed request.
"""

import asyncio
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from lm_eval.api.model import LM

from proctor.common.http.chat_client import NOT_OFFERED, ChatClient, Completion
from proctor.common.json_lines import parse_json
from proctor.harness.engines.protocol import (
    Chat,
    Indexed,
    Request,
    Response,
    StreamingEngine,
    Weights,
    token_ends,
)

CONCURRENCY = 16
PLAIN_LOGPROBS = ("tokens", "token_logprobs")  # of /completions
TIMEOUT_SECONDS = 120.0
RETRIES = 4


class EndpointEngine(StreamingEngine, LM):  # type: ignore[misc]
    def __init__(self, weights: Weights) -> None:
        super().__init__()
        self._model = weights.source
        self._extra = dict(weights.extra or {})
        self._client = ChatClient(
            f"model {weights.source!r}", weights.endpoint, weights.key, timeout=TIMEOUT_SECONDS, retries=RETRIES,
            concurrency=CONCURRENCY,
        )  # fmt: skip

    def stream(self, requests: Iterable[Request]) -> Iterator[Indexed]:
        """Each response as it comes, so that a kill or a failed request costs no other."""
        left, running = enumerate(requests), set[asyncio.Task[Indexed]]()
        with asyncio.Runner() as runner:
            try:
                while True:
                    for index, request in islice(left, CONCURRENCY - len(running)):
                        running.add(runner.get_loop().create_task(self._ask(index, request)))
                    if not running:
                        return
                    done, running = runner.run(asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED))
                    for ended in done:
                        yield ended.result()
            finally:
                for task in running:
                    task.cancel()
                runner.run(self._client.aclose())

    async def _ask(self, index: int, request: Request) -> Indexed:
        turns = _turns(request.prompt)
        body = self._body(request)
        if turns is None:
            completion = await self._client.post("/completions", body | {"prompt": request.prompt})
        else:
            completion = await self._client.post("/chat/completions", body | {"messages": turns})
        return index, _as_response(completion, plain=turns is None)

    def _body(self, request: Request) -> dict[str, Any]:
        """What is not set is not sent: reasoning models refuse some fields, whatever they hold."""
        options = request.options
        body: dict[str, Any] = {"model": self._model}
        if options.max_tokens:
            body["max_tokens"] = options.max_tokens
        if options.temperature is not None:
            body["temperature"] = options.temperature
        if options.until:
            body["stop"] = list(options.until[:4])
        if options.temperature and options.top_p is not None:
            body["top_p"] = options.top_p
        if options.logprobs:  # chat asks whether, plain text how many besides the chosen one
            body["logprobs"] = 0 if _turns(request.prompt) is None else True
        if options.temperature:
            body["seed"] = request.seed % 2**31
        return body | self._extra

    def apply_chat_template(self, chat_history: Chat, add_generation_prompt: bool = True) -> str:
        """The server has the template; what travels is the turns."""
        return json.dumps(chat_history, ensure_ascii=False)

    def prompt_length(self, prompt: str) -> int:
        return len(prompt)

    def loglikelihood(self, requests: list[Any], disable_tqdm: bool = False) -> list[tuple[float, bool]]:
        """By /completions, which says how likely each token of a prompt was, where the server can."""
        return self._echoed([(request.args[0], request.args[1]) for request in requests])

    def loglikelihood_rolling(self, requests: list[Any], disable_tqdm: bool = False) -> list[float]:
        """The first token has no likelihood here: nothing stands before it."""
        return [total for total, _ in self._echoed([("", request.args[0]) for request in requests])]

    def _echoed(self, texts: list[tuple[str, str]]) -> list[tuple[float, bool]]:
        async def ask(prompt: str, continuation: str) -> Completion:
            body = {"model": self._model, "prompt": prompt + continuation, "max_tokens": 1, "temperature": 0}
            return await self._client.post("/completions", body | {"echo": True, "logprobs": 1} | self._extra)

        async def ask_all() -> list[Completion]:
            try:
                return list(await asyncio.gather(*(ask(*text) for text in texts)))
            finally:
                await self._client.aclose()

        completions = asyncio.run(ask_all())
        return [_likelihood(*text, completion) for text, completion in zip(texts, completions, strict=True)]


def _as_response(completion: Completion, plain: bool) -> Response:
    """`plain` for what went to /completions."""
    if completion.problem:
        error = completion.problem
        if plain and completion.status in NOT_OFFERED:
            error = f"plain text needs the server's /completions: if it has none, take chat turns ({error})"
        return Response("", error=error, too_long=completion.too_long)
    # Where a model thinks until its tokens are used up, a server says so with no text at all.
    if completion.text is None and completion.ended != "length":
        why = completion.refusal or completion.ended
        return Response("", seconds=completion.seconds, error=f"the server gave no text ({why})")
    return Response(
        completion.text or "",
        completion.tokens_in,
        completion.tokens_out,
        completion.ended == "length",
        completion.seconds,
        logprobs=_logprobs(completion.logprobs),
    )


def _logprobs(told: Mapping[str, Any] | None) -> list[tuple[int, float]] | None:
    """Of /chat/completions or of /completions. Servers leave them out or write them otherwise: then there are none."""
    pieces: list[bytes] = []
    values: list[float] = []
    try:
        for one in (told or {}).get("content") or ():
            # A number in the place of the bytes would make so many of them.
            pieces.append(bytes(list(one.get("bytes") or one["token"].encode())))
            values.append(float(one["logprob"]))
        for token, value in zip(*((told or {}).get(name) or () for name in PLAIN_LOGPROBS), strict=True):
            pieces.append(token.encode())
            values.append(float(value))
    except (TypeError, ValueError, LookupError, AttributeError, OverflowError):
        return None
    if not all(map(math.isfinite, values)):
        return None
    return list(zip(token_ends(pieces), values, strict=True)) or None


def _likelihood(prompt: str, continuation: str, completion: Completion) -> tuple[float, bool]:
    """Of the tokens that begin in the continuation; the one that the server wrote itself comes behind it."""
    if completion.problem:
        raise RuntimeError(completion.problem)
    told, begin, end = completion.logprobs or {}, len(prompt), len(prompt) + len(continuation)
    starts, likely, best = (told.get(name) for name in ("text_offset", "token_logprobs", "top_logprobs"))
    total, greedy, counted = 0.0, True, 0
    try:
        if not starts or not likely or not best or not len(starts) == len(likely) == len(best):
            raise RuntimeError(
                "the server gives no likelihoods of a prompt: it needs /completions with echo and logprobs"
            )
        for start, value, top in zip(starts, likely, best, strict=True):
            if begin <= start < end and value is not None:
                total, counted = total + float(value), counted + 1
                greedy = greedy and value >= max(top.values(), default=value)
    except (TypeError, ValueError, AttributeError, OverflowError):
        total = math.nan
    if not math.isfinite(total):
        raise RuntimeError("the server's likelihoods are no numbers")
    if not counted:
        raise RuntimeError("no token of the server's begins where the text does whose likelihood is asked")
    return total, greedy


def _turns(prompt: str) -> list[dict[str, str]] | None:
    """The turns that `apply_chat_template` wrote down; None for plain text."""
    try:
        turns = parse_json(prompt) if prompt.startswith("[{") else None
    except ValueError:
        return None
    if isinstance(turns, list) and all(isinstance(turn, dict) and "role" in turn for turn in turns):
        return turns
    return None
