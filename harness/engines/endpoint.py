"""The `openai` engine: any server that speaks the OpenAI chat protocol, asked with the `openai` client.

lm-eval's own class turns an answer that it cannot read into "", which would be marked as the model's failure. Here a
request that failed stays a failed request.
"""

import asyncio
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lm_eval.api.model import LM

from harness.engines import Finish, Weights
from harness.errors import UserError

CONCURRENCY = 16
TIMEOUT_SECONDS = 120.0
RETRIES = 4


class EndpointEngine(LM):  # type: ignore[misc]
    batch_size = 64
    context_length = None
    finishes: Sequence[Finish] = ()

    def __init__(self, weights: Weights) -> None:
        super().__init__()
        self._model = weights.source
        self._url = weights.endpoint
        self._seed: int | None = None

    def generate_until(self, requests: list[Any], disable_tqdm: bool = False) -> list[str]:
        answers = asyncio.run(self._all([request.args for request in requests]))
        self.finishes = [finish for _, finish in answers]
        return [text for text, _ in answers]

    async def _all(self, asked: list[tuple[str, dict[str, Any]]]) -> list[tuple[str, Finish]]:
        from openai import AsyncOpenAI

        # A local server wants no key, but the client wants some text. Retries and Retry-After are the client's.
        key = os.environ.get("OPENAI_API_KEY", "none")
        gate = asyncio.Semaphore(CONCURRENCY)
        async with AsyncOpenAI(
            base_url=self._url, api_key=key, timeout=TIMEOUT_SECONDS, max_retries=RETRIES
        ) as client:

            async def one(prompt: str, options: dict[str, Any]) -> tuple[str, Finish]:
                async with gate:
                    return await self._one(client, json.loads(prompt), options)

            return await asyncio.gather(*(one(prompt, options) for prompt, options in asked))

    async def _one(
        self, client: Any, messages: list[dict[str, str]], options: dict[str, Any]
    ) -> tuple[str, Finish]:
        from openai import OpenAIError

        extra = {"top_p": options["top_p"]} if "top_p" in options else {}
        if self._seed is not None:
            extra["seed"] = self._seed
        start = time.perf_counter()
        try:
            reply = await client.chat.completions.create(
                model=self._model,
                messages=messages,
                max_tokens=options["max_gen_toks"],
                temperature=options["temperature"],
                stop=options["until"][:4] or None,
                **extra,
            )
            choice = reply.choices[0]
            text = choice.message.content
        except OpenAIError as failed:
            return "", Finish(None, None, False, error=f"{type(failed).__name__}: {failed}"[:500])
        except (IndexError, AttributeError, TypeError, ValueError) as unreadable:
            return "", Finish(
                None, None, False, error=f"the server's reply is no chat completion: {unreadable}"[:500]
            )
        seconds = time.perf_counter() - start
        if text is None:
            return "", Finish(
                None, None, False, seconds, error=f"the server gave no text ({choice.finish_reason})"
            )
        usage = reply.usage
        return text, Finish(
            usage.prompt_tokens if usage else None,
            usage.completion_tokens if usage else None,
            choice.finish_reason == "length",
            seconds,
        )

    def apply_chat_template(
        self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True
    ) -> str:
        """The server has the template; what travels is the turns."""
        return json.dumps(chat_history, ensure_ascii=False)

    def prompt_length(self, prompt: str) -> int:
        return len(prompt)

    def use(self, adapter: Path | None) -> None:
        if adapter is not None:
            raise UserError("an endpoint serves its own weights; it takes no adapter from here")

    def reseed(self, seed: int) -> None:
        self._seed = seed % 2**31

    def close(self) -> None:
        pass

    def loglikelihood(self, requests: list[Any]) -> Any:
        raise NotImplementedError("a chat endpoint gives no likelihoods")

    def loglikelihood_rolling(self, requests: list[Any]) -> Any:
        raise NotImplementedError("a chat endpoint gives no likelihoods")
