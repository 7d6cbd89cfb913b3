"""What every engine takes and gives: requests in, responses out. Loads no library of models: all may import it."""

from codecs import getincrementaldecoder
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self

from proctor.common.digest import digest
from proctor.common.refusal import Refusal


@dataclass(frozen=True)
class Options:
    """How a response is to be sampled. `until` are stop strings besides the model's own end of turn.

    `max_tokens` of 0 and a `temperature` of None are for servers: the field is then not sent.
    """

    max_tokens: int
    until: tuple[str, ...] = ()
    temperature: float | None = 0.0
    top_p: float | None = None
    seed: int = 0
    logprobs: bool = False  # each token's log-probability is wanted too

    @classmethod
    def from_lm_eval(cls, arguments: Mapping[str, Any]) -> Self:
        temperature = 0.0
        if arguments.get("do_sample", True):
            temperature = max(0.0, float(arguments.get("temperature", 0.0)))
        until = arguments.get("until") or ()
        if isinstance(until, str):
            until = (until,)
        return cls(int(arguments["max_gen_toks"]), tuple(until), temperature, arguments.get("top_p"))

    def as_lm_eval(self) -> dict[str, object]:
        """lm-eval's generation arguments for the same."""
        arguments: dict[str, object] = {"until": list(self.until), "max_gen_toks": self.max_tokens}
        if not self.temperature:
            return arguments | {"do_sample": False, "temperature": 0.0}
        if self.top_p is not None:
            arguments["top_p"] = self.top_p
        return arguments | {"do_sample": True, "temperature": self.temperature}


Asks = Literal["generate_until", "loglikelihood", "loglikelihood_rolling"]  # lm-eval's names


@dataclass(frozen=True)
class Request:
    """`prompt` is the text as the engine reads it, chat template and all. Epochs of one prompt differ by number.

    Where a log-likelihood is asked, it is that of the `continuation` behind the prompt, or of the prompt itself
    (rolling). `cut`: a prompt that is too long may be cut from the left, as lm-eval's backends do.
    """

    prompt: str
    options: Options
    epoch: int = 1
    asks: Asks = "generate_until"
    continuation: str = ""
    cut: bool = False

    @cached_property
    def key(self) -> str:
        other = [] if self.asks == "generate_until" else [self.asks, self.continuation]
        options = dict(vars(self.options))
        if not options["logprobs"]:  # what was asked before there were any keeps its key
            del options["logprobs"]
        return digest([self.prompt, options, self.epoch, *other])

    @property
    def seed(self) -> int:
        """Its own: with one seed for all, the epochs of a prompt would be equal."""
        return int(self.key[:8], 16)


def as_instances(requests: Sequence[Request]) -> list[Any]:
    """What lm-eval's own classes are asked."""
    from lm_eval.api.instance import Instance

    instances = []
    for index, request in enumerate(requests):
        arguments: tuple[Any, ...] = (request.prompt, request.continuation)
        if request.asks == "generate_until":
            arguments = (request.prompt, request.options.as_lm_eval())
        elif request.asks == "loglikelihood_rolling":
            arguments = (request.prompt,)
        instances.append(Instance(request.asks, {}, arguments, index))
    return instances


@dataclass(frozen=True)
class Response:
    """What came back; None where the engine cannot know. With an `error` nothing did, and there is nothing to score.
    A prompt that is `too_long` for the context would fail at every try. `logprobs` has for each token the place in the
    text where it ends, and its log-probability as the model had it, at temperature 1.
    """

    text: str
    tokens_in: int | None = None
    tokens_out: int | None = None
    truncated: bool = False
    seconds: float | None = None
    error: str = ""
    too_long: bool = False
    logprobs: Sequence[tuple[int, float]] | None = None


def response_of(entry: Mapping[str, Any]) -> Response:
    """The response in a kept entry, which says more than that."""
    return Response(**{name: entry[name] for name in Response.__dataclass_fields__ if name in entry})


def token_ends(pieces: Iterable[bytes]) -> list[int]:
    """Where each token ends in the text, in letters. A letter that takes several tokens ends with the last of them.

    >>> token_ends([b"caf", b"\xc3", b"\xa9"])
    [3, 3, 4]
    """
    decoder, ends, end = getincrementaldecoder("utf-8")("replace"), [], 0
    for piece in pieces:
        end += len(decoder.decode(piece))
        ends.append(end)
    return ends


Chat = list[dict[str, str]]
Indexed = tuple[int, Response]  # the index of a request, and its response


class Engine:
    """What Proctor asks of an engine, which is an lm-eval `LM` too: inherit from both, and say here what is special.

    `answer` is asked with planned batches: requests with the same options.
    """

    batch_size = 64
    context_length: int | None = None
    tell_tokens: Callable[[int], None] | None = None  # told of tokens while a batch is being answered

    def answer(self, requests: Sequence[Request]) -> Sequence[Response]:
        raise NotImplementedError

    def apply_chat_template(self, chat_history: Chat, add_generation_prompt: bool = True) -> str:
        raise NotImplementedError

    def prompt_length(self, prompt: str) -> int:
        raise NotImplementedError

    def generate_until(self, requests: list[Any], disable_tqdm: bool = False) -> list[str]:
        """lm-eval's own way in."""
        asked = [Request(each.args[0], Options.from_lm_eval(each.args[1])) for each in requests]
        return [response.text for response in self.answer(asked)]

    def loglikelihood(self, requests: list[Any], disable_tqdm: bool = False) -> list[Any]:
        raise Refusal("this engine gives no log-likelihoods")

    def loglikelihood_rolling(self, requests: list[Any], disable_tqdm: bool = False) -> list[Any]:
        raise Refusal("this engine gives no log-likelihoods")

    def likelihood_batches(self, requests: Sequence[Request]) -> list[list[Request]]:
        """In their own order: what shares a prompt stays together."""
        size = 4 * self.batch_size
        return [list(requests[at : at + size]) for at in range(0, len(requests), size)]

    def write(self, request: Request, watch: Callable[[str], bool]) -> Response:
        """One response; an engine that can, shows it to `watch` while it grows, which ends it by saying True."""
        return self.answer([request])[0]

    def use(self, adapter: Path | None) -> None:
        if adapter is not None:
            raise Refusal("this engine takes no adapter", remedy="merge it into the weights: 'merge: true'")

    def load(self, source: str) -> None:
        """Other weights of the same shape, where an engine takes them without being opened anew."""

    def reseed(self, seed: int) -> None:
        pass

    def close(self) -> None:
        pass


class StreamingEngine(Engine):
    """Begins with the first request while the next are still being written, and answers each when it is done: the
    index of the request and its response. No response depends on the others beside it.
    """

    def stream(self, requests: Iterable[Request]) -> Iterator[Indexed]:
        raise NotImplementedError

    def answer(self, requests: Sequence[Request]) -> Sequence[Response]:
        responses = dict(self.stream(requests))
        return [responses[index] for index in range(len(requests))]


class EngineDied(Refusal):
    """The engine is gone, and everything that is still to be asked with it."""


@dataclass(frozen=True)
class Weights:
    """What an engine is opened on. `source` is a folder, a hub id, a GGUF file, a model's name or a file of responses.

    `gpus`, `context` and `memory` are a variant's `serving`; `extra` are fields for the body of a server's request.
    """

    source: str
    quantization: str = "none"
    endpoint: str | None = None
    adapters: tuple[Path, ...] = ()
    gpus: int = 1
    context: int | None = None
    memory: float = 0.9
    key: str | None = None  # the environment variable with the endpoint's key
    extra: Mapping[str, Any] | None = None
