"""A grader: the model that a judge asks. Its settings as they stand in a YAML file, what is asked and what comes back.

It never holds a key: only the name of the environment variable that does.
"""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol, Self

from pydantic import Field, model_validator

from proctor.common.http.chat_client import GIVE_UP, check_address
from proctor.common.refusal import Refusal
from proctor.common.schema import Frozen
from proctor.judges.verdict import ParsedReply, Reason


class Price(Frozen):
    """Money for a million tokens, in any one currency."""

    input: float = Field(ge=0, description="for a million tokens read")
    output: float = Field(ge=0, description="for a million tokens written")
    currency: str = Field(default="USD", description="any")

    def of(self, tokens_in: int | None, tokens_out: int | None) -> float | None:
        if tokens_in is None or tokens_out is None:
            return None
        return (tokens_in * self.input + tokens_out * self.output) / 1e6


class GraderSpec(Frozen):
    """`through` says who carries the question: 'openai' any server that speaks the OpenAI chat protocol, 'inspect'
    one of Inspect's providers ('anthropic/...', 'google/...'), 'engine' a variant of ours, opened here.

    The first block decides what the grader says and is part of every verdict's key; the second does not.
    """

    model: str = Field(min_length=1, description="its name at the server or provider; a variant of ours")
    through: Literal["openai", "inspect", "engine"] = Field(
        default="openai", description="who carries the question"
    )
    endpoint: str | None = Field(default=None, description="the server's address, up to and with /v1")
    temperature: float | None = Field(default=0.0, ge=0, description="null: not sent")
    max_tokens: int | None = Field(default=1024, gt=0, description="null: not sent")
    seed: int | None = Field(default=0, description="null: not sent")
    schema_: Literal["auto", "never"] = Field(
        default="auto", alias="schema", description="ask for a JSON schema"
    )
    extra: dict[str, Any] = Field(default={}, description="more fields for the request's body")
    weights: str = Field(default="", description="what a local engine loads; filled in, not written by hand")

    concurrency: int = Field(default=16, gt=0, description="requests at once")
    timeout: float = Field(default=120.0, gt=0, description="seconds that a request may take")
    patience: float = Field(
        default=300.0, gt=0, description="seconds that a verdict may take, waits included"
    )
    retries: int = Field(default=5, ge=0, description="times that a failed request is sent again")
    attempts: int = Field(default=3, gt=0, description="times that a verdict nobody can read is asked for")
    give_up: int = Field(
        default=GIVE_UP, gt=0, description="after so many failures in a row nothing more is asked"
    )
    key: str | None = Field(
        default=None,
        description="the environment variable with the key; OPENAI_API_KEY for OpenAI's own address",
    )
    price: Price | None = Field(default=None, description="to tell what a run costs")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.endpoint:
            check_address(self.endpoint)
        if self.through == "engine" and self.endpoint:
            raise Refusal("a grader through 'engine' is a variant of ours and has no endpoint; leave it out")
        if self.through == "inspect" and self.endpoint:
            raise Refusal(
                "a grader through 'inspect' has no endpoint; its provider would send your key for another service "
                "there; take through: openai, or the provider's own variable for its address"
            )
        if self.through == "engine" and self.max_tokens is None:
            raise Refusal("a grader through 'engine' needs max_tokens; an answer could go on for ever")
        if self.through != "openai" and self.extra:
            raise Refusal("`extra` goes into the body of an OpenAI request; use it with through: openai")
        if self.through != "openai" and self.key:
            raise Refusal(
                "`key` is for through: openai; Inspect's providers know the names of their own keys"
            )
        return self

    @property
    def name(self) -> str:
        """As it is shown: who scored."""
        return self.model

    @property
    def identity(self) -> dict[str, Any]:
        """All that decides what this grader says."""
        decides = {"model", "through", "endpoint", "temperature", "max_tokens", "seed", "schema_", "extra"}
        if self.weights:
            decides.add("weights")
        return self.model_dump(mode="json", by_alias=True, include=decides)


@dataclass(frozen=True)
class Question:
    """One thing to ask: under what key its reply is kept, turns of a chat, the JSON schema of the reply ({}: none), how
    the reply is read, which time this is, and the tag that the reply has to carry.
    """

    key: str
    turns: tuple[tuple[str, str], ...]  # (role, text)
    schema: dict[str, Any]
    read: Callable[[str], ParsedReply]
    repeat: int = 0
    attempt: int = 0
    tag: str = ""

    def seed(self, first: int | None) -> int | None:
        """The seed of this repeat and attempt, where the grader has one."""
        if first is None:
            return None
        return first + 1000 * self.repeat + self.attempt

    @property
    def messages(self) -> list[dict[str, str]]:
        return [{"role": role, "content": text} for role, text in self.turns]

    @property
    def letters(self) -> int:
        return sum(len(text) for _, text in self.turns)


@dataclass(frozen=True)
class Reply:
    """What came back. With a `problem`, nothing did that could be a verdict."""

    text: str = ""
    tokens_in: int | None = None
    tokens_out: int | None = None
    problem: str = ""
    reason: Reason = ""

    def cut_off(self, spec: GraderSpec) -> "Reply":
        """The same where the grader had no room for more."""
        limit = "at the model's own limit"
        if spec.max_tokens:
            limit = f"at {spec.max_tokens} tokens"
        return replace(self, problem=f"the verdict was cut off {limit}", reason="cut off")


Done = Callable[[int, Reply], None]


class Grader(Protocol):
    """Answers questions. `resumes` when it keeps replies itself, so that nobody else should."""

    @property
    def spec(self) -> GraderSpec: ...
    @property
    def resumes(self) -> bool: ...
    async def answer(self, questions: Sequence[Question], done: Done) -> None:
        """Calls `done(index, reply)` once for every question, as replies come. Refuses before the first one where a
        server cannot be reached; raises for nothing else that the grader or the network does.
        """

    async def aclose(self) -> None: ...


async def side_by_side(
    questions: Sequence[Question], most: int, ask: Callable[[Question], Awaitable[Reply]], done: Done,
    apart: float = 0.0,
) -> None:  # fmt: skip
    """Asks `most` questions at a time; their first requests go out `apart` seconds after each other."""
    waiting = iter(enumerate(questions))

    async def work(place: int) -> None:
        await asyncio.sleep(place * apart)
        for index, question in waiting:
            done(index, await ask(question))

    await asyncio.gather(*map(work, range(min(most, len(questions)))))


def fingerprint(value: object) -> str:
    """Equal for equal plain values, in this run and every other."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
