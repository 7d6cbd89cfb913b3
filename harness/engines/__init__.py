"""Engines: loaded weights that answer prompts. ENGINES is the only index; adding one is a function and a line.

Every engine is an `Engine` (protocol.py) and an lm-eval `LM`. Each opener imports its library when it is called, so
that this index costs nothing. Engines know prompts and weights; they must not know tasks, scores or rows.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path

from proctor.common.refusal import Refusal
from proctor.harness.engines.protocol import Engine, Weights


def _hf(weights: Weights) -> Engine:
    from proctor.harness.engines.hf import HFEngine

    return HFEngine.open(weights)


def _vllm(weights: Weights) -> Engine:
    from proctor.harness.engines.vllm import VLLMEngine

    return VLLMEngine.open(weights)


def _llamacpp(weights: Weights) -> Engine:
    from proctor.harness.engines.llamacpp import LlamaCppEngine

    return LlamaCppEngine(Path(weights.source))


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


OWN_PROCESSES = ("vllm",)  # engines that work in processes of their own


def load_libraries(name: str) -> None:
    """What an engine imports, so that whoever measures its memory from now on measures the weights alone."""
    if name in ("hf", "llamacpp"):
        import_module(f"proctor.harness.engines.{name}")


def refuse_unusable(name: str, variant: str) -> None:
    """Says what is missing before any weights are built, where that can be known without loading them."""
    if name == "vllm":
        import torch

        if not torch.cuda.is_available():
            raise Refusal(
                f"engine {name!r} of variant {variant} needs a GPU", "torch sees none on this machine",
                "use engine hf or llamacpp here, or run the suite where a GPU is",
            )  # fmt: skip


def open_engine(name: str, weights: Weights) -> Engine:
    return ENGINES[name](weights)
