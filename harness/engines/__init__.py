"""Engines: loaded weights that answer prompts. ENGINES is the only index; adding one is a function and a line.

Every engine is a stock lm-eval `LM` that can also swap adapters, say how an answer ended, and be closed. Each opener
imports its library when it is called, so that this index costs nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from harness.errors import UserError


@dataclass(frozen=True)
class Finish:
    """How one answer ended; None where the engine cannot know. An `error` means that there is no answer."""

    tokens_in: int | None
    tokens_out: int | None
    truncated: bool
    seconds: float | None = None
    error: str = ""


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
class Weights:
    """What an engine is opened on. `source` is a folder, a hub id, a GGUF file, a model's name or a file of answers."""

    source: str
    quantization: str = "none"
    endpoint: str | None = None
    adapters: tuple[Path, ...] = ()


def _hf(weights: Weights) -> Engine:
    from harness.engines.hf import HFEngine

    return HFEngine.open(weights)


def _llamacpp(weights: Weights) -> Engine:
    from harness.engines.llamacpp import LlamaCppEngine

    return LlamaCppEngine.open(weights)


def _openai(weights: Weights) -> Engine:
    from harness.engines.endpoint import EndpointEngine

    return EndpointEngine(weights)


def _echo(weights: Weights) -> Engine:
    from harness.engines.echo import EchoEngine

    return EchoEngine(Path(weights.source))


ENGINES: Mapping[str, Callable[[Weights], Engine]] = {
    "hf": _hf,
    "llamacpp": _llamacpp,
    "openai": _openai,
    "echo": _echo,
}


def refuse_unusable(name: str) -> None:
    """Tells what is missing before any weights are built, where that can be known without loading them."""
    if name in ("vllm", "vllm-vlm"):
        import torch

        if not torch.cuda.is_available():
            raise UserError(
                f"engine {name!r} needs a GPU",
                "torch sees none on this machine",
                "use engine hf or llamacpp here, or run the suite where a GPU is",
            )


def open_engine(name: str, weights: Weights) -> Engine:
    if name in ENGINES:
        return ENGINES[name](weights)
    from harness.engines.stock import StockEngine

    return StockEngine(name, weights)
