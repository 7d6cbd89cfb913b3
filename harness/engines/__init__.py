"""Engines: loaded weights that answer prompts. ENGINES is the only index; adding one is a function and a line.

Every engine is a stock lm-eval `LM` that can also swap adapters, say how an answer ended, and be closed. Each opener
imports its library when it is called, so that this index costs nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from proctor.common.refusal import Refusal


@dataclass(frozen=True)
class Finish:
    """How one answer ended; None where the engine cannot know. An `error` means that there is no answer, and
    `too_long` that there never will be: the prompt does not fit the context.
    """

    tokens_in: int | None
    tokens_out: int | None
    truncated: bool
    seconds: float | None = None
    error: str = ""
    too_long: bool = False


class Engine(Protocol):
    """lm-eval's LM, and what Proctor asks of it besides."""

    batch_size: int
    finishes: Sequence[Finish]  # of the last generate_until, in the order of its requests
    context_length: int | None

    def generate_until(self, requests: list[Any], disable_tqdm: bool = False) -> list[str]: ...
    def apply_chat_template(
        self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True
    ) -> str: ...
    def prompt_length(self, prompt: str) -> int: ...
    def use(self, adapter: Path | None) -> None: ...
    def reseed(self, seed: int) -> None: ...
    def close(self) -> None: ...


@dataclass(frozen=True)
class Ask:
    """One request to an engine that streams: lm-eval's generation arguments, and a seed for when chance is wanted."""

    prompt: str
    options: Mapping[str, Any]
    seed: int = 0


@runtime_checkable
class Streams(Engine, Protocol):
    """An engine that begins with the first request while the next are still being written, and answers each when it
    is done: the place of the request, the text and the end. No answer is meant to hang on the others beside it.
    """

    def stream(self, asks: Iterable[Ask]) -> Iterator[tuple[int, str, Finish]]: ...


@runtime_checkable
class Reloads(Engine, Protocol):
    """An engine that takes other weights of the same shape without being opened anew."""

    def load(self, source: str) -> None: ...


class EngineDied(Refusal):
    """The engine is gone, and everything that is still to be asked with it."""


@dataclass(frozen=True)
class Weights:
    """What an engine is opened on. `source` is a folder, a hub id, a GGUF file, a model's name or a file of answers.

    `gpus`, `context` and `memory` are a variant's `serving`.
    """

    source: str
    quantization: str = "none"
    endpoint: str | None = None
    adapters: tuple[Path, ...] = ()
    gpus: int = 1
    context: int | None = None
    memory: float = 0.9
    key: str | None = None  # the environment variable with the endpoint's key


def _hf(weights: Weights) -> Engine:
    from proctor.harness.engines.hf import HFEngine

    return HFEngine.open(weights)


def _vllm(weights: Weights) -> Engine:
    from proctor.harness.engines.vllm import VLLMEngine

    return VLLMEngine.open(weights)


def _llamacpp(weights: Weights) -> Engine:
    from proctor.harness.engines.llamacpp import LlamaCppEngine

    return LlamaCppEngine.open(weights)


def _openai(weights: Weights) -> Engine:
    from proctor.harness.engines.endpoint import EndpointEngine

    return EndpointEngine(weights)


def _echo(weights: Weights) -> Engine:
    from proctor.harness.engines.echo import EchoEngine

    return EchoEngine(Path(weights.source))


ENGINES: Mapping[str, Callable[[Weights], Engine]] = {
    "hf": _hf,
    "vllm": _vllm,
    "llamacpp": _llamacpp,
    "openai": _openai,
    "echo": _echo,
}


LIBRARIES: Mapping[str, tuple[str, ...]] = {
    "hf": (
        "proctor.harness.engines.hf",
        "transformers.models.auto.modeling_auto",
        "transformers.generation.utils",
        "peft",
    ),
    "llamacpp": ("proctor.harness.engines.llamacpp",),
}


def load_libraries(name: str) -> None:
    """What an engine imports, so that whoever measures its memory from now on measures the weights alone."""
    for module in LIBRARIES.get(name, ()):
        import_module(module)


def refuse_unusable(name: str, variant: str = "") -> None:
    """Tells what is missing before any weights are built, where that can be known without loading them."""
    if name not in ENGINES:
        from proctor.harness.engines.stock import refuse_server

        refuse_server(name)
    if name in ("vllm", "vllm-vlm"):
        import torch

        if not torch.cuda.is_available():
            raise Refusal(
                f"engine {name!r}{variant and f' of variant {variant}'} needs a GPU",
                "torch sees none on this machine",
                "use engine hf or llamacpp here, or run the suite where a GPU is",
            )


def open_engine(name: str, weights: Weights) -> Engine:
    if name in ENGINES:
        return ENGINES[name](weights)
    from proctor.harness.engines.stock import StockEngine

    return StockEngine(name, weights)
