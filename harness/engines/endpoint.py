"""The `openai` engine: any server that speaks the OpenAI protocol, asked with the `openai` client.

Turns go to /chat/completions. Plain text goes to /completions as it is: put into a turn it would come to the model in
the server's chat template, which is what a pack of plain text is there to leave out. lm-eval's own class turns an
answer that it cannot read into "", which would be marked as the model's failure. Here a request that failed stays a
failed request.
"""

import asyncio
import json
import os
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from lm_eval.api.model import LM

from proctor.common.refusal import Refusal
from proctor.harness.engines import Ask, Finish, Weights
from proctor.judges.graders.outage import Outage

OPENAI = "https://api.openai.com/v1"
CONCURRENCY = 16
TIMEOUT_SECONDS = 120.0
RETRIES = 4
_NOT_OFFERED = (404, 405, 501)
# How servers say that a prompt does not fit: OpenAI and vLLM ("maximum context length"), llama.cpp ("context size").
_TOO_LONG = re.compile(r"context.(length|size|window)", re.IGNORECASE)


class EndpointEngine(LM):  # type: ignore[misc]
    batch_size = 64
    context_length = None
    finishes: Sequence[Finish] = ()

    def __init__(self, weights: Weights) -> None:
        super().__init__()
        self._model = weights.source
        self._url = weights.endpoint
        # No key goes to an address that it was not named for. A local server wants none; the client wants some text.
        name = weights.key or ("OPENAI_API_KEY" if self._url in (None, OPENAI) else "")
        self._key = os.environ.get(name, "none") if name else "none"

    def generate_until(self, requests: list[Any], disable_tqdm: bool = False) -> list[str]:
        """lm-eval's way in."""
        asks = [Ask(request.args[0], request.args[1]) for request in requests]
        found = {place: (text, finish) for place, text, finish in self.stream(asks)}
        self.finishes = [found[place][1] for place in range(len(asks))]
        return [found[place][0] for place in range(len(asks))]

    def stream(self, asks: Iterable[Ask]) -> Iterator[tuple[int, str, Finish]]:
        """Each answer as it comes, so that a kill or a failed request costs no other."""
        from openai import AsyncOpenAI

        left, running = enumerate(asks), set[asyncio.Task[tuple[int, str, Finish]]]()
        outage = Outage()
        with asyncio.Runner() as runner:
            # Retries and Retry-After are the client's.
            client = AsyncOpenAI(
                base_url=self._url, api_key=self._key, timeout=TIMEOUT_SECONDS, max_retries=RETRIES
            )
            try:
                while True:
                    for place, ask in islice(left, CONCURRENCY - len(running)):
                        running.add(runner.get_loop().create_task(self._one(client, place, ask, outage)))
                    if not running:
                        return
                    done, running = runner.run(_first_of(running))
                    for ended in done:
                        yield ended.result()
            finally:
                for task in running:
                    task.cancel()
                runner.run(client.close())

    async def _one(self, client: Any, place: int, ask: Ask, outage: Outage) -> tuple[int, str, Finish]:
        if outage.reason:
            return place, "", Finish(None, None, False, error=outage.reason)
        return place, *await self._answer(client, ask, outage)

    async def _answer(self, client: Any, ask: Ask, outage: Outage) -> tuple[str, Finish]:
        from openai import OpenAIError

        turns = _turns(ask.prompt)
        start = time.perf_counter()
        try:
            if turns is None:
                reply = await client.completions.create(prompt=ask.prompt, **self._wanted(ask))
            else:
                reply = await client.chat.completions.create(messages=turns, **self._wanted(ask))
            choice = reply.choices[0]
            text = choice.text if turns is None else choice.message.content
        except OpenAIError as failed:
            return "", _failure(failed, turns is None, outage)
        except (IndexError, AttributeError, TypeError, ValueError) as unreadable:
            kind = "completion" if turns is None else "chat completion"
            outage.count("", gone=False)
            return "", Finish(None, None, False, error=f"the server's reply is no {kind}: {unreadable}"[:500])
        outage.count("", gone=False)
        seconds = time.perf_counter() - start
        if text is None and choice.finish_reason != "length":
            return "", Finish(
                None, None, False, seconds, error=f"the server gave no text ({choice.finish_reason})"
            )
        usage = reply.usage
        # Where a model thinks until its tokens are used up, a server says so with no text at all.
        # Half a character, which JSON can carry, could be neither kept nor shown.
        return (text or "").encode(errors="replace").decode(), Finish(
            usage.prompt_tokens if usage else None,
            usage.completion_tokens if usage else None,
            choice.finish_reason == "length",
            seconds,
        )

    def _wanted(self, ask: Ask) -> dict[str, Any]:
        options = ask.options
        wanted = {
            "model": self._model,
            "max_tokens": options["max_gen_toks"],
            "temperature": options["temperature"],
            "stop": options["until"][:4] or None,
        }
        if "top_p" in options:
            wanted["top_p"] = options["top_p"]
        if options["temperature"]:
            wanted["seed"] = (
                ask.seed % 2**31
            )  # its own: with one for all, the epochs of a prompt would be equal
        return wanted

    def apply_chat_template(
        self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True
    ) -> str:
        """The server has the template; what travels is the turns."""
        return json.dumps(chat_history, ensure_ascii=False)

    def prompt_length(self, prompt: str) -> int:
        return len(prompt)

    def use(self, adapter: Path | None) -> None:
        if adapter is not None:
            raise Refusal("an endpoint serves its own weights; it takes no adapter from here")

    def reseed(self, seed: int) -> None:
        """Nothing to do: every request brings a seed of its own."""

    def close(self) -> None:
        pass

    def loglikelihood(self, requests: list[Any]) -> Any:
        raise NotImplementedError("a chat endpoint gives no likelihoods")

    def loglikelihood_rolling(self, requests: list[Any]) -> Any:
        raise NotImplementedError("a chat endpoint gives no likelihoods")


def _failure(failed: Exception, plain: bool, outage: Outage) -> Finish:
    """What a request that the server or the line failed ends as; `plain` for one that went to /completions."""
    from openai import APIConnectionError

    said = f"{type(failed).__name__}: {failed}"
    status = getattr(failed, "status_code", None)
    gone = isinstance(failed, APIConnectionError) or status == 429 or (status or 0) >= 500
    outage.count(said[:300], gone)
    if plain and status in _NOT_OFFERED:
        said = f"plain text needs the server's /completions: if it has none, take chat turns ({said})"
    too_long = status in (400, 413) and bool(_TOO_LONG.search(said))
    return Finish(None, None, False, error=said[:500], too_long=too_long)


async def _first_of(running: set[Any]) -> tuple[set[Any], set[Any]]:
    return await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)


def _turns(prompt: str) -> list[dict[str, str]] | None:
    """The turns that `apply_chat_template` wrote down; None for plain text."""
    try:
        found = json.loads(prompt) if prompt.startswith("[{") else None
    except ValueError:
        return None
    written = isinstance(found, list) and all(isinstance(turn, dict) and "role" in turn for turn in found)
    return found if written else None
