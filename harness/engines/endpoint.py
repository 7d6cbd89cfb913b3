"""The `openai` engine: any server that speaks the OpenAI protocol, asked with the one client in common/chat.py.

Turns go to /chat/completions. Plain text goes to /completions as it is: put into a turn it would come to the model in
the server's chat template, which is what a pack of plain text is there to leave out. lm-eval's own class turns a
reply that it cannot read into "", which would be scored as the model's failure. Here a request that failed stays a
failed request.
"""

import asyncio
import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from lm_eval.api.model import LM

from proctor.common.chat import ChatClient, Completion
from proctor.common.refusal import Refusal
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
TIMEOUT_SECONDS = 120.0
RETRIES = 4
_NOT_OFFERED = (404, 405, 501)


class EndpointEngine(StreamingEngine, LM):  # type: ignore[misc]
    context_length = None

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
                    done, running = runner.run(_first_of(running))
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

    def use(self, adapter: Path | None) -> None:
        if adapter is not None:
            raise Refusal("an endpoint serves its own weights; it takes no adapter from here")

    def close(self) -> None:
        pass

    def loglikelihood(self, requests: list[Any]) -> Any:
        raise NotImplementedError("a chat endpoint gives no likelihoods")

    def loglikelihood_rolling(self, requests: list[Any]) -> Any:
        raise NotImplementedError("a chat endpoint gives no likelihoods")


def _as_response(completion: Completion, plain: bool) -> Response:
    """`plain` for what went to /completions."""
    if completion.problem:
        error = completion.problem
        if plain and completion.status in _NOT_OFFERED:
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
        logprobs=_logprobs(completion),
    )


def _logprobs(completion: Completion) -> list[tuple[int, float]] | None:
    if not completion.logprobs:
        return None
    ends = token_ends(piece for piece, _ in completion.logprobs)
    return list(zip(ends, (logprob for _, logprob in completion.logprobs), strict=True))


async def _first_of(running: set[Any]) -> tuple[set[Any], set[Any]]:
    return await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)


def _turns(prompt: str) -> list[dict[str, str]] | None:
    """The turns that `apply_chat_template` wrote down; None for plain text."""
    try:
        turns = json.loads(prompt) if prompt.startswith("[{") else None
    except ValueError:
        return None
    if isinstance(turns, list) and all(isinstance(turn, dict) and "role" in turn for turn in turns):
        return turns
    return None
